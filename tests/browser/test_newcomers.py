"""A language that joins a finished study, in a real browser: from its file to its place."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from data_cases import write
from engine_cases import made_split
from joining_cases import finished, prepared
from joint_cases import ONE
from playwright.sync_api import Page, expect

from gradsim_core.study_text import study_yaml


def test_a_file_becomes_a_place_among_the_groups(open_page: Callable[..., Page],
                                                 start_server: Callable, tmp_path: Path) -> None:
    store = finished(tmp_path / "cache")
    store.write_text(ONE, "study.yaml", study_yaml(prepared().study))
    split = made_split("ita", 200, "sequence")
    file = write(tmp_path / "italian.tsv", "text\tlabel\n" + "".join(
        f"{text}\t{label}\n" for text, label in zip(split.texts, split.labels, strict=True)))
    with start_server(tmp_path / "cache") as server:
        page = open_page(f"{server.url}/groups?study={ONE[:8]}&correction=raw&guide=0", height=2400)
        page.get_by_text("Add a language").click()
        page.get_by_label("Language", exact=True).fill("Italian")
        page.get_by_test_id("stForm").locator("input[type=file]").set_input_files(file)
        expect(page.get_by_text("italian.tsv")).to_be_visible()
        page.get_by_role("button", name="Add it").click()
        expect(page.get_by_text("Italian is being added")).to_be_visible(timeout=60_000)
        field = page.get_by_label("Language", exact=True)
        expect(field).to_have_count(1)  # for a moment the emptied form stands beside the old one
        expect(field).to_have_value("")
        expect(page.get_by_text("italian.tsv")).to_have_count(0)
        expect(page.get_by_text("Italian would enter")).to_be_visible(timeout=180_000)  # by itself
        chart = page.locator(".js-plotly-plot:has(.gtitle:has-text('With Italian'))")
        expect(chart.get_by_text("Italian (joined later)").first).to_be_visible(timeout=60_000)
        expect(page.get_by_text("the model was not trained on it")).to_be_visible()
        (entry,) = (tmp_path / "cache" / ONE).glob("joined/ita-*.safetensors")
        assert entry.stat().st_size > 0
