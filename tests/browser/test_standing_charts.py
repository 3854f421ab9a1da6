"""Charts that are changed where they stand: what is kept, what is clicked, what can go wrong."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import numpy as np
import plotly.graph_objects as go
import pytest
from browser_server import merge_points, settled
from made_up_studies import SIGNATURE, made_up_series, write_study
from playwright.sync_api import Page, expect

import dashboard.browser

Open = Callable[..., Page]
SCRIPT = Path(dashboard.browser.__file__).with_name("chart.js").read_text(encoding="utf-8")
FIRST = ".js-plotly-plot"
RANGE = f"document.querySelector('{FIRST}')._fullLayout.xaxis.range"
SIMILARITY = f"similarity?study={SIGNATURE[:8]}&correction=raw&arrangement=mds&guide=0"


@pytest.fixture
def served(kept: tuple[ExitStack, dict[str, Any]], start_server: Callable[..., Any],
           tmp_path_factory: pytest.TempPathFactory) -> Any:
    """One server for this file, over one small study."""
    stack, started = kept
    if "server" not in started:
        cache = tmp_path_factory.mktemp("charts") / "cache"
        write_study(cache, name="Own", series=made_up_series([0, 1] * 4))
        started["server"] = stack.enter_context(start_server(cache))
    return started["server"]


def calling(page: Page, body: str, *given: Any) -> Any:
    """What a function makes of values, with the script's own functions at hand as ``it``."""
    return page.evaluate(f"""async ([script, given]) => {{
        const file = new Blob([script], {{type: "text/javascript"}});
        const it = await import(URL.createObjectURL(file));
        return (({body}))(...given); }}""", [SCRIPT, list(given)])


def zoomed(page: Page) -> list[float]:
    """What the horizontal axis shows, once the reader has zoomed in."""
    before = page.evaluate(RANGE)
    page.locator(FIRST).first.hover()
    page.locator(FIRST).first.locator("[data-title='Zoom in']").click()
    page.wait_for_function(f"before => String({RANGE}) !== before", arg=",".join(
        map(str, before)))
    return page.evaluate(RANGE)


def marked(page: Page) -> list[str]:
    return parse_qs(urlsplit(page.url).query).get("chosen", [])


# what a new figure has in common with the old one

@pytest.mark.parametrize(("old", "new", "kept"), [
    ({"x": [1, 2], "y": [3]}, {"x": [1, 2], "y": [4]}, {"x": True, "y": False}),
    ({"x": [1, 2]}, {"x": [1, 2, 3]}, {"x": False}),
    ({"x": [1, 2, 3]}, {"x": [1, 2]}, {"x": False}),
    ({"x": [[1], [2]]}, {"x": [[1], [2]]}, {"x": True}),
    ({"x": {"a": [1], "b": 2}}, {"x": {"a": [1], "b": 2}}, {"x": True}),
    ({"x": {"a": [1], "b": 2}}, {"x": {"a": [1]}}, {"x": False}),
    ({"x": {"a": [1]}}, {"x": {"a": [1], "b": None}}, {"x": False}),
    ({"x": []}, {"x": {}}, {"x": False}), ({"x": {}}, {"x": []}, {"x": False}),
    ({"x": None}, {"x": [0]}, {"x": False}), ({"x": [None]}, {"x": [None]}, {"x": True}),
    ({"x": "a"}, {"x": ["a"]}, {"x": False})])
def test_what_is_the_same_is_the_very_same(open_page: Open, old: dict[str, Any],
                                           new: dict[str, Any], kept: dict[str, bool]) -> None:
    page = open_page("about:blank")
    found = calling(page, """(old, value) => {
        const first = it.shared(undefined, old), second = it.shared(first, value);
        return [second, Object.fromEntries(Object.keys(value).map(
            key => [key, first[key] === second[key]]))]; }""", old, new)
    assert found == [new, kept]


def test_a_change_deep_inside_leaves_all_around_it(open_page: Open) -> None:
    old = {"data": [{"z": [1]}, {"z": [2]}], "layout": {"shapes": [{"x0": 1}], "title": {"t": 1}}}
    new = json.loads(json.dumps(old))
    new["layout"]["shapes"][0]["x0"] = 7
    assert calling(open_page("about:blank"), """(old, value) => {
        const first = it.shared(undefined, old), second = it.shared(first, value);
        return [second, first.data === second.data, first.layout === second.layout,
                first.layout.title === second.layout.title]; }""", old, new) == [
        new, True, False, True]


@pytest.mark.parametrize("array", [
    np.arange(6, dtype=np.float32).reshape(2, 3) / 7, np.array([1.5, np.nan, -2.0]),
    np.arange(4, dtype=np.int8), np.arange(5, dtype=np.uint16), np.arange(3, dtype=np.int32)])
def test_arrays_come_as_they_went(open_page: Open, array: np.ndarray) -> None:
    made = go.Figure(go.Heatmap(z=array) if array.ndim == 2 else go.Scatter(y=array))
    (trace,) = json.loads(made.to_json())["data"]
    packed = trace["z" if array.ndim == 2 else "y"]
    found, same, other = calling(open_page("about:blank"), """packed => {
        const list = one => Array.from(one, row => row.length === undefined ? row : list(row));
        const first = it.shared(undefined, packed);
        return [list(first), it.shared(first, {...packed}) === first,
                it.shared(first, {dtype: "f8", bdata: btoa("12345678")}) === first]; }""",
                                packed)
    np.testing.assert_array_equal(np.array(found, dtype=array.dtype), array)
    assert (same, other) == (True, False)


def test_plotly_writes_into_a_copy_that_shares_the_lists(open_page: Open) -> None:
    assert calling(open_page("about:blank"), """() => {
        const kept = {data: [{x: [1, 2], marker: {size: 3}}], layout: {xaxis: {range: [0, 1]}}};
        const copy = it.copied(kept);
        copy.layout.xaxis.range = [5, 6];
        copy.data[0].marker.size = 9;
        return [kept, copy.data[0].x === kept.data[0].x, copy.data !== kept.data]; }""") == [
        {"data": [{"x": [1, 2], "marker": {"size": 3}}], "layout": {"xaxis": {"range": [0, 1]}}},
        True, True]


# charts on pages

def test_a_click_marks_without_drawing_the_picture_anew(served: Any, open_page: Open) -> None:
    page = open_page(f"{served.url}/{SIMILARITY}")
    settled(page)
    zoom = zoomed(page)
    page.evaluate("""first => {
        const chart = document.querySelector(first);
        window.cells = chart.querySelector('.hm image');
        window.changes = 0;
        new MutationObserver(all => { window.changes += all.length; }).observe(
            chart.querySelector('.cartesianlayer'), {subtree: true, childList: true}); }""", FIRST)
    merges = merge_points(page)
    left, width = page.evaluate(f"""() => {{
        const chart = document.querySelector('{FIRST}'), axis = chart._fullLayout.xaxis;
        return [chart.getBoundingClientRect().left + axis._offset, axis._length]; }}""")
    page.mouse.click(*next(one for one in merges if left + 9 < one[0] < left + width - 9))
    page.wait_for_url("**chosen=**")
    settled(page)
    assert page.evaluate("[window.cells.isConnected, window.changes]") == [True, 0]
    assert page.evaluate(RANGE) == zoom
    assert page.locator(f"{FIRST} >> nth=0 >> .shapelayer path").count() > 0
    assert len(marked(page)) > 1


def test_a_second_click_takes_the_marks_back(served: Any, open_page: Open) -> None:
    page = open_page(f"{served.url}/{SIMILARITY}")
    settled(page)
    page.mouse.click(*min(merge_points(page)))
    page.wait_for_url("**chosen=**")
    settled(page)
    page.mouse.click(*min(merge_points(page)))
    page.wait_for_function("!location.search.includes('chosen=')")
    settled(page)
    assert page.locator(f"{FIRST} >> nth=0 >> .shapelayer path").count() == 0


def test_other_blocks_keep_the_zoom_and_bring_their_numbers(served: Any, open_page: Open) -> None:
    page = open_page(f"{served.url}/{SIMILARITY}")
    settled(page)
    state = f"""() => {{ const chart = document.querySelector('{FIRST}');
        return [chart._fullLayout.xaxis.range,
                Array.from(chart._fullData[0].z[0]).slice(1)]; }}"""
    zoom = zoomed(page)
    _, before = page.evaluate(state)
    page.get_by_role("slider", name="end").focus()
    page.keyboard.press("ArrowLeft")
    page.wait_for_url("**blocks=**")
    settled(page)
    kept, after = page.evaluate(state)
    assert kept == zoom
    assert after != before


def test_a_chart_has_the_width_of_its_place(served: Any, open_page: Open) -> None:
    page = open_page(f"{served.url}/{SIMILARITY}", width=1500)
    settled(page)
    wide = page.locator(FIRST).first.bounding_box()["width"]
    page.set_viewport_size({"width": 1200, "height": 900})
    page.wait_for_function("""first => { const chart = document.querySelector(first);
        return chart._fullLayout.width === chart.parentElement.clientWidth; }""", arg=FIRST)
    assert page.locator(FIRST).first.bounding_box()["width"] < wide - 250


def test_a_chart_fills_the_screen_and_returns(served: Any, open_page: Open) -> None:
    page = open_page(f"{served.url}/{SIMILARITY}")
    settled(page)
    height = page.evaluate(f"document.querySelector('{FIRST}')._fullLayout.height")
    chart = page.get_by_test_id("chart").first
    chart.hover()
    button = chart.locator("[data-title=Fullscreen]")
    button.click()
    page.wait_for_function("""first => document.fullscreenElement?.contains(
        document.querySelector(first)) && document.querySelector(first)._fullLayout.height
        === innerHeight""", arg=FIRST)
    button.click()
    page.wait_for_function("""([first, height]) => !document.fullscreenElement
        && document.querySelector(first)._fullLayout.height === height""", arg=[FIRST, height])


@pytest.mark.parametrize("address", [SIMILARITY, f"study?study={SIGNATURE[:8]}"])
def test_the_library_comes_once_and_charts_need_not_ask(served: Any, open_page: Open,
                                                        requests: list[str], address: str) -> None:
    page = open_page(f"{served.url}/{address}")
    settled(page)
    expect(page.locator("head link[rel=preload][href$='plotly.min.js']")).to_have_count(1)
    assert len([one for one in requests if one.endswith("plotly.min.js")]) == 1
    expect(page.locator(".st-key-ahead")).to_be_hidden()


def test_a_chart_that_cannot_be_drawn_says_so_and_is_tried_again(served: Any,
                                                                 open_page: Open) -> None:
    page = open_page("about:blank")
    page.route("**/plotly.min.js", lambda route: route.abort())
    page.goto(f"{served.url}/{SIMILARITY}")
    said = page.get_by_text("This chart could not be drawn (the drawing library did not come)")
    expect(said.first).to_be_visible(timeout=60_000)
    expect(page.get_by_text("The matrix as a table")).to_be_visible()
    page.unroute("**/plotly.min.js")
    page.get_by_role("slider", name="end").focus()
    page.keyboard.press("ArrowLeft")
    expect(page.locator(FIRST).first.locator(".hm image").first).to_be_visible(timeout=60_000)
    expect(page.get_by_test_id("chart").first).not_to_contain_text("could not be drawn")
