"""The layers page in a real browser: two heatmaps on one order, and the experiments on layers."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from browser_server import settled
from made_up_findings import made_up_lower_or_higher, made_up_topic_or_language, write_finding
from made_up_studies import SIGNATURE, made_up_series, write_study
from playwright.sync_api import Locator, Page, expect

Open = Callable[..., Page]
OTHER = "ee00000000000000"
CHARTS = ".js-plotly-plot .main-svg"
PANELS = """() => {
    const chart = document.querySelector('.js-plotly-plot');
    const maps = chart.data.filter(one => one.type === 'heatmap' && one.coloraxis);
    return maps.map(one => ({
        axis: one.xaxis, scale: one.coloraxis,
        order: chart._fullLayout[one.xaxis === 'x' ? 'xaxis' : 'xaxis2'].ticktext,
        width: chart._fullLayout[one.xaxis === 'x' ? 'xaxis' : 'xaxis2']._length}));
}"""


@pytest.fixture
def dashboard(kept: tuple[ExitStack, dict[str, Any]], start_server: Callable[..., Any],
              tmp_path_factory: pytest.TempPathFactory) -> Any:
    """One server for this file, over studies with and without findings."""
    stack, started = kept
    if "server" not in started:
        cache = tmp_path_factory.mktemp("layers") / "cache"
        write_study(cache, signature=OTHER, name="Without")
        store = write_study(cache, name="With", series=made_up_series([0, 1] * 4, noise={2: 9.0}))
        write_finding(store, made_up_lower_or_higher())
        write_finding(store, made_up_topic_or_language())
        started["server"] = stack.enter_context(start_server(cache))
    return started["server"]


def ready(page: Page) -> None:
    expect(page.locator(CHARTS).first).to_be_visible(timeout=60_000)
    expect(page.locator("[data-testid=stApp][data-test-script-state=notRunning]")).to_be_visible(
        timeout=60_000)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_two_heatmaps_stand_side_by_side_on_one_order(dashboard: Any, open_page: Open,
                                                      scheme: str) -> None:
    page = open_page(f"{dashboard.url}/layers?study={SIGNATURE[:8]}", colour_scheme=scheme)
    ready(page)
    drawn = page.wait_for_function(f"() => {{ const found = ({PANELS})(); "
                                   "return found.length === 2 && found; }", timeout=60_000)
    left, right = drawn.json_value()
    assert (left["axis"], right["axis"]) == ("x", "x2")
    assert left["order"] == right["order"]
    assert left["scale"] == right["scale"]
    assert left["width"] == pytest.approx(right["width"], abs=1)
    assert left["width"] > 150
    page.get_by_role("combobox", name="To").click()
    page.get_by_role("option", name="layer 3").click()
    page.wait_for_url("**right=layer.3**")
    expect(page.locator(".gtitle").first).to_contain_text("Lower layers beside layer 3")
    page.reload()
    expect(page.locator(".gtitle").first).to_contain_text("beside layer 3", timeout=60_000)


def test_findings_have_verdict_chart_and_files(dashboard: Any, open_page: Open) -> None:
    page = open_page(f"{dashboard.url}/layers?study={SIGNATURE[:8]}", height=3000)
    ready(page)
    content = made_up_lower_or_higher()
    expect(page.get_by_text(content["verdict"])).to_be_visible(timeout=60_000)
    expect(page.locator(".gtitle", has_text="What explains the similarity")).to_be_visible()
    expect(page.locator(".gtitle", has_text="Topic or language")).to_be_visible()
    own = ".st-key-lower-or-higher"  # the other finding has such buttons, too
    with page.expect_download() as download:
        page.locator(f"{own}-zip button").click()
    assert content["id"][:8] in download.value.suggested_filename
    files = zipfile.ZipFile(io.BytesIO(Path(download.value.path()).read_bytes()))
    assert {"report.md", "table.csv", "blocks.svg", "finding.json"} <= set(files.namelist())
    assert content["verdict"] in files.read("report.md").decode()
    with page.expect_download() as download:
        page.locator(f"{own}-json button").click()
    assert json.loads(Path(download.value.path()).read_bytes()) == content


TREES = ".js-plotly-plot:has(.gtitle:has-text('Two trees'))"
FILM = ".js-plotly-plot:has(.gtitle:has-text('Similarity over training'))"


def chart_of(page: Page, selector: str) -> Locator:
    found = page.locator(selector).first
    expect(found.locator(".main-svg").first).to_be_visible(timeout=60_000)
    found.scroll_into_view_if_needed()
    return found


def point_of(chart: Locator, token: str) -> tuple[float, float]:
    """Where on the page the point stands that bears a token."""
    return chart.evaluate("""(chart, token) => {
        const at = chart.calcdata.find(one => one[0].trace.mode === 'markers'
            && [].concat(one[0].trace.customdata || []).includes(token));
        const trace = at[0].trace, row = trace.customdata.indexOf(token);
        const layout = chart._fullLayout, box = chart.getBoundingClientRect();
        const axis = name => layout[name.replace(/^(.)/, '$1axis')];
        const x = axis(trace.xaxis), y = axis(trace.yaxis);
        return [box.x + x._offset + x.c2p(trace.x[row]), box.y + y._offset + y.c2p(trace.y[row])];
    }""", token)


def test_click_on_a_branch_marks_it_in_both_trees(dashboard: Any, open_page: Open) -> None:
    page = open_page(f"{dashboard.url}/layers?study={SIGNATURE[:8]}&left=embeddings&right=head",
                     height=3600)
    ready(page)
    expect(page.get_by_text("before untangling").first).to_be_visible(timeout=60_000)
    trees = chart_of(page, TREES)
    page.mouse.click(*point_of(trees, "first 0"))
    page.wait_for_url("**chosen=**", timeout=30_000)
    ready(page)
    expect(trees.locator(".ytick, text", has_text="marked").first).to_be_visible(timeout=30_000)
    marked = page.evaluate("() => new URLSearchParams(location.search).getAll('chosen')")
    assert len(marked) == 2, "the first merge joins two languages"
    bands = page.locator(".js-plotly-plot").first.evaluate(
        "chart => chart.layout.shapes.filter(one => one.fillcolor).map(one => one.y1 - one.y0)")
    assert sum(bands) == 2, "marked in the heatmaps too"


CELL = """chart => {
    const box = chart.getBoundingClientRect(), layout = chart._fullLayout;
    return [box.x + layout.xaxis2._offset + layout.xaxis2.c2p(3),
            box.y + layout.yaxis2._offset + layout.yaxis2.c2p(1)];
}"""


def test_hover_names_both_languages_without_a_text_a_cell(dashboard: Any,
                                                          open_page: Open) -> None:
    page = open_page(f"{dashboard.url}/layers?study={SIGNATURE[:8]}")
    ready(page)
    chart = chart_of(page, ".js-plotly-plot")
    settled(page)  # what is drawn later moves what stands already
    names = chart.evaluate("chart => chart._fullLayout.xaxis2.ticktext")
    hover = chart.locator(".hovertext")
    for at in range(20):  # a chart that moves or is drawn takes no notice of the mouse
        x, y = chart.evaluate(CELL)
        page.mouse.move(x + at % 2, y, steps=4)
        page.wait_for_timeout(500)
        if hover.count():
            break
    expect(hover).to_contain_text(f"{names[1]} – {names[3]}", timeout=10_000)
    expect(hover).to_contain_text("Higher layers")


def test_film_plays_in_the_browser_alone(dashboard: Any, open_page: Open) -> None:
    page = open_page(f"{dashboard.url}/layers?study={SIGNATURE[:8]}&film=1", height=5200)
    ready(page)
    film = chart_of(page, FILM)
    corner = "chart => chart._fullData[0].z[0][1]"
    page.wait_for_function("chart => chart._transitionData && chart._transitionData._frames.length"
                           " === 4", arg=film.element_handle(), timeout=30_000)
    last = film.evaluate(corner)
    sent: list[str] = []
    page.on("websocket", lambda _: sent.append("socket"))
    film.get_by_text("Play").click()
    page.wait_for_function("([chart, last]) => chart._fullData[0].z[0][1] !== last",
                           arg=[film.element_handle(), last], timeout=10_000)
    page.wait_for_function("([chart, last]) => chart._fullData[0].z[0][1] === last",
                           arg=[film.element_handle(), last], timeout=20_000)
    expect(page.locator("[data-testid=stApp][data-test-script-state=notRunning]")).to_be_visible()
    assert sent == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_curve_and_cut_stand_on_the_groups_page(dashboard: Any, open_page: Open,
                                                scheme: str) -> None:
    page = open_page(f"{dashboard.url}/groups?study={SIGNATURE[:8]}&strategy=agglomerative&k=3",
                     colour_scheme=scheme, height=3600)
    ready(page)
    curve = chart_of(page, ".js-plotly-plot:has(.gtitle:has-text('number of groups is worth'))")
    expect(curve.locator(".scatterlayer .point")).to_have_count(9)  # eight K, and the star
    cut = chart_of(page, ".js-plotly-plot:has(.gtitle:has-text('3 groups by a cut'))")
    expect(cut.get_by_text("3 groups", exact=False).first).to_be_visible()
    page.get_by_role("slider", name="Similarity at which the tree is cut").press("ArrowRight")
    page.wait_for_url("**k=4**", timeout=30_000)
    expect(page.locator(".gtitle", has_text="4 groups by a cut")).to_be_visible(timeout=30_000)


def test_what_was_not_run_offers_to_begin(dashboard: Any, open_page: Open) -> None:
    page = open_page(f"{dashboard.url}/layers?study={OTHER[:8]}", height=3000)
    ready(page)
    expect(page.get_by_role("button", name="Find out")).to_have_count(2, timeout=60_000)
    page.get_by_role("button", name="Find out").first.click()
    expect(page.get_by_text("Lower or higher layers?")).to_be_visible(timeout=60_000)
    told = page.get_by_text("The verdict and the chart appear here by themselves.").or_(
        page.get_by_text("The last experiment failed."))
    expect(told.first).to_be_visible(timeout=60_000)
