"""The Correlation page in a real browser: charts, address, files and an upload."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from browser_server import standing_run
from made_up_correlations import made_up_measures
from made_up_findings import write_finding
from made_up_studies import EUROPEAN, SIGNATURE, write_study
from playwright.sync_api import Page, expect

from gradsim_core import (
    REPORTS,
    MeasuresPlan,
    Store,
    finding_key,
    imported_names,
    load_imported,
)

Open = Callable[..., Page]
OTHER = "ee00000000000000"
TITLE = ".js-plotly-plot .gtitle"


@pytest.fixture
def dashboard(kept: tuple[ExitStack, dict[str, Any]], start_server: Callable[..., Any],
              tmp_path_factory: pytest.TempPathFactory) -> Any:
    """One server for this file, over studies with and without a correlation."""
    stack, started = kept
    if "server" not in started:
        cache = tmp_path_factory.mktemp("correlation") / "cache"
        write_study(cache, signature=OTHER, name="Without")
        write_finding(write_study(cache, name="With"), made_up_measures())
        started["server"] = stack.enter_context(start_server(cache))
    return started["server"]


def settled(page: Page) -> None:
    """Wait until the page is drawn: while it is, an open box may be closed once."""
    expect(page.locator("[data-testid=stApp][data-test-script-state=notRunning]")).to_be_visible(
        timeout=30_000)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_charts_stand_and_the_view_outlives_a_reload(dashboard: Any, open_page: Open,
                                                     scheme: str) -> None:
    content = made_up_measures()
    page = open_page(f"{dashboard.url}/correlation?study={SIGNATURE[:8]}", colour_scheme=scheme)
    expect(page.locator("h3", has_text="predict transfer best")).to_be_visible(timeout=60_000)
    expect(page.locator(TITLE)).to_have_count(3, timeout=60_000)
    page.get_by_text("Each target's mean taken out", exact=True).click()
    page.wait_for_url("**within=1**")
    settled(page)
    page.get_by_role("combobox", name="Measure").fill("Family")
    page.get_by_role("combobox", name="Measure").press("Enter")
    page.wait_for_url("**measure=family**")
    expect(page.locator(TITLE).nth(1)).to_have_text("Family tree against transfer: With")
    page.reload()
    expect(page.locator(TITLE).nth(1)).to_have_text("Family tree against transfer: With",
                                                    timeout=60_000)
    expect(page.locator(".js-plotly-plot .ytitle").first).to_contain_text("away from the target")
    page.locator(".nsewdrag[data-subplot=xy]").nth(1).scroll_into_view_if_needed()
    points = page.locator(".js-plotly-plot").nth(1).locator(".scatterlayer .point")
    assert points.count() == len(EUROPEAN) * 7 - 1
    points.first.hover(force=True)
    expect(page.locator(".hoverlayer text").first).to_contain_text("→")
    for label in ("Report with figures (ZIP)", "Measures as CSV", "Everything as JSON"):
        with page.expect_download() as download:
            page.get_by_role("button", name=label).click()
        raw = Path(download.value.path()).read_bytes()
        assert content["id"][:8] in download.value.suggested_filename
        if label.endswith("JSON"):
            assert json.loads(raw) == content
        elif label.endswith("CSV"):
            assert raw.decode() == REPORTS["measures"](content)["table.csv"]
        else:
            with zipfile.ZipFile(io.BytesIO(raw)) as archive:
                assert {*REPORTS["measures"](content), "finding.json"} == set(archive.namelist())


def test_own_scores_are_uploaded_understood_and_kept(dashboard: Any, open_page: Open,
                                                     tmp_path: Path) -> None:
    path = tmp_path / "Mine & yours.csv"
    rows = "".join(f"{source};61,5;{at}0;NA;55\n" for at, source in
                   enumerate(("German", "spa", "nld", "it"), 1))
    path.write_text(f"trained on;deu;spa;nld;ita\n{rows.replace('40', '400')}")
    page = open_page(f"{dashboard.url}/correlation?study={OTHER[:8]}&correlating=import")
    chooser = page.locator("input[type=file]")
    expect(chooser).to_be_attached(timeout=60_000)
    chooser.set_input_files(path)
    expect(page.get_by_text("The first rows of Mine & yours.csv")).to_be_visible(timeout=60_000)
    page.get_by_role("radio", name="percent").click()
    expect(page.get_by_text("Mine & yours.csv:5: '400' (it → spa) is above 100")).to_be_visible(
        timeout=30_000)
    path.write_text(f"trained on;deu;spa;nld;ita\n{rows}")
    page.get_by_role("button", name="Remove Mine & yours.csv").click()
    expect(page.get_by_text("The first rows of")).to_have_count(0, timeout=30_000)
    settled(page)
    with page.expect_file_chooser() as asked:
        page.get_by_role("button", name="Upload", exact=True).click()
    asked.value.set_files(path)
    page.get_by_role("radio", name="percent").click(timeout=30_000)
    expect(page.get_by_text("A wide table, 4 sources x 4 targets.")).to_be_visible(timeout=30_000)
    page.get_by_role("button", name="Keep with the study").click()
    expect(page.get_by_role("button", name="Correlate")).to_be_visible(timeout=60_000)
    for part in ("against=Mine-yours", "correlating=plan"):
        assert part in page.url
    expect(page.get_by_text("Imported: Mine-yours")).to_be_visible()
    assert imported_names(Store(dashboard.cache), OTHER) == ["Mine-yours"]
    kept = load_imported(Store(dashboard.cache), OTHER, "Mine-yours")
    assert kept.values[0, 0, 0] == pytest.approx(0.615)
    assert kept.sources == ("deu", "spa", "nld", "ita")


def test_verdict_appears_by_itself_when_the_run_has_ended(dashboard: Any,
                                                          open_page: Open) -> None:
    store, plan = Store(dashboard.cache), MeasuresPlan(seeds=4)
    key, over = finding_key(OTHER, "measures", plan), dashboard.cache.with_name("over")
    standing_run(store, OTHER, "measures", key, over)
    page = open_page(f"{dashboard.url}/correlation?study={OTHER[:8]}")
    expect(page.get_by_text("75%", exact=True)).to_be_visible(timeout=60_000)
    expect(page.get_by_text("Correlation: running")).to_be_visible()
    page.reload()
    expect(page.get_by_role("button", name="Cancel the run")).to_be_visible(timeout=60_000)
    write_finding(store, made_up_measures(signature=OTHER, identity=plan.id))
    over.touch()
    expect(page.locator("h3", has_text="predict transfer best")).to_be_visible(timeout=60_000)
    expect(page.get_by_role("button", name="Cancel the run")).to_have_count(0)
