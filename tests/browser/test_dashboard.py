"""The dashboard in a real browser, run by the real command, on studies whose Grams are known."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from made_up_studies import SIGNATURE, made_up_series, write_study
from playwright.sync_api import Page, expect

from dashboard.figures.palette import DARK, LIGHT
from gradsim_core import (
    Reading,
    Rule,
    Store,
    cancel_run,
    decide,
    decision_json,
    load_results,
    study_from,
    study_yaml,
    submit_run,
)

Open = Callable[..., Page]
COMING = "cc00000000000000"
RUN = """
import time
from gradsim_core.runs import attend_run
from gradsim_core.storage.store import Store
with attend_run(Store({root!r}), {signature!r}, "study") as observe:
    observe(dict(kind="progress", step=90, steps=120, eta_s=21))
    time.sleep(90)
"""
CHART = ".js-plotly-plot .main-svg"
CELLS = """() => {
    const chart = document.querySelector('.js-plotly-plot');
    return Array.from(chart._fullData[0].z, row => Array.from(row, value => value.toFixed(4)));
}"""


@pytest.fixture
def dashboard(kept: tuple[ExitStack, dict[str, Any]], start_server: Callable[..., Any],
              tmp_path_factory: pytest.TempPathFactory) -> Any:
    """One server for this file, over a cache with one study."""
    stack, started = kept
    if "server" not in started:
        cache = tmp_path_factory.mktemp("known") / "cache"
        write_study(cache, series=made_up_series([0, 1] * 4, noise={2: 9.0}))
        started["server"] = stack.enter_context(start_server(cache))
    return started["server"]


def cells(page: Page) -> list[list[str]]:
    expect(page.locator(CHART).first).to_be_visible(timeout=60_000)
    expect(page.locator("[data-testid=stApp][data-test-script-state=notRunning]")).to_be_visible(
        timeout=30_000)
    return page.evaluate(CELLS)


def settled(page: Page, before: list[list[str]]) -> list[list[str]]:
    """The cells once they are no longer what they were."""
    for _ in range(100):
        if (now := cells(page)) != before:
            return now
        page.wait_for_timeout(100)
    return before


def test_view_is_in_the_address_and_outlives_a_reload(dashboard: Any, open_page: Open) -> None:
    page = open_page(dashboard.url)
    first = cells(page)
    assert len(first) == 8
    assert [first[i][i] for i in range(8)] == ["NaN"] * 8
    expect(page.get_by_text("Pairs within a branch average")).to_be_visible()
    end = page.get_by_role("slider", name="end")
    for _ in range(3):
        end.press("ArrowLeft")
        page.wait_for_timeout(300)
    lowest = settled(page, first)
    assert lowest != first
    page.wait_for_url(lambda url: re.search("blocks=layer.0(&|$)", url) is not None)
    page.get_by_role("radio", name="Centred").click()
    centred = settled(page, lowest)
    assert centred != lowest
    page.wait_for_url("**correction=centred**")
    page.reload()
    assert cells(page) == centred
    page.get_by_role("link", name="Groups").click()
    expect(page.get_by_text("Keep together")).to_be_visible(timeout=30_000)
    assert "correction=centred" in page.url
    page.go_back()
    expect(page.get_by_role("heading", name="Nearest languages")).to_be_visible(timeout=30_000)
    assert cells(page) == centred


def test_folds_stay_as_the_reader_left_them(dashboard: Any, open_page: Open) -> None:
    page = open_page(f"{dashboard.url}/groups?study={SIGNATURE[:8]}&strategy=agglomerative")
    cut, script = "Similarity at which the tree is cut", "Trains one model for each group"
    expect(page.get_by_text(cut)).to_be_visible(timeout=60_000)
    page.get_by_text("Copy as Python", exact=True).click()
    expect(page.get_by_text(script)).to_be_visible(timeout=30_000)
    page.wait_for_url("**folds=script**")
    page.get_by_text("Cut the tree at a height").click()
    page.wait_for_url("**folds=-cut**")
    page.reload()
    expect(page.get_by_text(script)).to_be_visible(timeout=60_000)
    expect(page.get_by_text(cut)).to_be_hidden()
    page.get_by_text("Copy as Python", exact=True).click()
    expect(page.get_by_text(script)).to_be_hidden()
    page.wait_for_url(lambda url: "folds=script" not in url)


@pytest.mark.parametrize(("scheme", "colour"), [("light", LIGHT.page), ("dark", DARK.page)])
def test_chart_has_the_colour_of_its_page(dashboard: Any, open_page: Open, scheme: str,
                                          colour: str) -> None:
    page = open_page(dashboard.url, colour_scheme=scheme)
    cells(page)
    found = page.evaluate("getComputedStyle(document.querySelector('.stApp')).backgroundColor")
    red, green, blue = (int(colour[i:i + 2], 16) for i in (1, 3, 5))
    assert found == f"rgb({red}, {green}, {blue})"
    assert page.evaluate(
        "document.querySelector('.js-plotly-plot')._fullLayout.paper_bgcolor") == colour


def test_exported_decision_is_the_engines_byte_for_byte(dashboard: Any, open_page: Open) -> None:
    page = open_page(f"{dashboard.url}/groups?study={SIGNATURE[:8]}&k=2&correction=centred"
                     "&together=deu&together=nld")
    cells(page)
    with page.expect_download() as download:
        page.get_by_role("button", name="Decision as JSON").click()
    text = Path(download.value.path()).read_text(encoding="utf-8")
    rule = Rule.model_validate({"k": 2, "must_link": [("deu", "nld")]})
    loaded = load_results(Store(dashboard.cache), SIGNATURE)
    assert text == decision_json(decide(loaded, Reading(correction="centred"), rule))
    assert len(json.loads(text)["groups"]) == 2
    assert download.value.suggested_filename == f"gradsim-{SIGNATURE[:8]}-groups.json"



def test_heatmap_appears_by_itself_when_a_run_has_come_so_far(dashboard: Any,
                                                              open_page: Open) -> None:
    store = Store(dashboard.cache)
    store.write_text(COMING, "study.yaml", study_yaml(study_from({"name": "Coming"})))
    code = RUN.format(root=str(dashboard.cache), signature=COMING)
    run = submit_run(store, COMING, "study", [sys.executable, "-c", code])
    try:
        page = open_page(f"{dashboard.url}/?study={COMING[:8]}")
        expect(page.get_by_role("button", name="Cancel the run")).to_be_visible(timeout=60_000)
        expect(page.get_by_text("75%", exact=True)).to_be_visible(timeout=60_000)
        write_study(dashboard.cache, signature=COMING, name="Coming")
        assert len(cells(page)) == 8
        expect(page.get_by_role("button", name="Cancel the run")).to_have_count(0)
    finally:
        cancel_run(store, run.id, grace_s=2)
