"""Maps in a real browser: drawn without asking anyone, picked from, and UMAP comes by itself."""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

import psutil
import pytest
from made_up_studies import SIGNATURE, made_up_series, write_study
from playwright.sync_api import Page, expect

Open = Callable[..., Page]
AT = f"similarity?study={SIGNATURE[:8]}"
MAP = ".js-plotly-plot:has(.gtitle:has-text('{}'))"
WAITING = "UMAP is being prepared; it appears by itself."
MARK_AT = """(title) => {
    const chart = [...document.querySelectorAll('.js-plotly-plot')]
        .find(one => (one.layout.title?.text ?? '').startsWith(title));
    const at = chart.data.findIndex(one => [].concat(one.customdata ?? []).includes('swe'));
    const n = [].concat(chart.data[at].customdata).indexOf('swe');
    const box = chart.getBoundingClientRect(), {xaxis, yaxis, _size} = chart._fullLayout;
    return {x: box.x + _size.l + xaxis.d2p(chart._fullData[at].x[n]),
            y: box.y + _size.t + yaxis.d2p(chart._fullData[at].y[n])};
}"""

BOXES = """titles => titles.map(title => [...document.querySelectorAll('.js-plotly-plot')]
    .find(one => one.querySelector('.gtitle')?.textContent.includes(title))
    .getBoundingClientRect().toJSON())"""


@pytest.fixture
def dashboard(kept: tuple[ExitStack, dict[str, Any]], start_server: Callable[..., Any],
              tmp_path_factory: pytest.TempPathFactory) -> Any:
    """One server for this file, over one small study."""
    stack, started = kept
    if "server" not in started:
        cache = tmp_path_factory.mktemp("maps") / "cache"
        write_study(cache, name="Own", series=made_up_series([0, 1] * 4))
        started["server"] = stack.enter_context(start_server(cache))
    return started["server"]


def chart(page: Page, title: str) -> Any:
    found = page.locator(MAP.format(title))
    expect(found).to_be_visible(timeout=60_000)
    return found


def workers(server: Any) -> list[psutil.Process]:
    return [one for one in psutil.Process(server.pid).children(recursive=True)
            if any("umap_worker" in part for part in one.cmdline())]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_world_is_drawn_with_its_languages(dashboard: Any, open_page: Open,
                                               scheme: str) -> None:
    page = open_page(f"{dashboard.url}/{AT}&arrangement=mds", colour_scheme=scheme, height=2400)
    world = chart(page, "Where 8 languages")
    land = world.locator("image")
    expect(land).to_have_attribute("href", re.compile("^data:image/svg"))
    expect(land).to_be_visible()
    expect(world.locator("text", has_text="Swedish").first).to_be_visible()
    expect(chart(page, "by MDS").locator("text", has_text="Swedish").first).to_be_visible()
    left, right = page.evaluate(BOXES, ["Where 8 languages", "by MDS"])  # both at one moment
    assert left["x"] + left["width"] <= right["x"]
    assert abs(left["y"] - right["y"]) < 2
    units = page.evaluate("""() => {
        const chart = [...document.querySelectorAll('.js-plotly-plot')]
            .find(one => (one.layout.title?.text ?? '').startsWith('Where'));
        return [chart._fullLayout.xaxis._m, -chart._fullLayout.yaxis._m]; }""")
    assert units[0] == pytest.approx(units[1], rel=1e-6)  # nothing is stretched
    assert workers(dashboard) == []


@pytest.mark.parametrize("title", ["Where", "Map of"])
def test_a_click_on_a_map_marks_the_language(dashboard: Any, open_page: Open, title: str) -> None:
    page = open_page(f"{dashboard.url}/{AT}&arrangement=mds", height=2400)
    chart(page, title)
    place = page.evaluate(MARK_AT, title)
    page.mouse.move(place["x"], place["y"])
    page.mouse.click(place["x"], place["y"])
    page.wait_for_url("**chosen=swe**")
    expect(page.locator(".js-plotly-plot tspan[style*='bold']", has_text="Swedish")).to_have_count(
        2, timeout=60_000)  # on both maps
    expect(page.locator(".js-plotly-plot").first.locator(".shapelayer path")).to_have_count(3)


def test_umap_comes_by_itself_and_is_gone_with_the_server(
        start_server: Callable[..., Any], open_page: Open,
        tmp_path_factory: pytest.TempPathFactory) -> None:
    cache = tmp_path_factory.mktemp("umap") / "cache"
    write_study(cache, name="Own", series=made_up_series([0, 1] * 4))
    with start_server(cache) as server:
        page = open_page(f"{server.url}/{AT}", height=2400)
        chart(page, "by MDS")
        expect(page.get_by_text(WAITING)).to_be_visible(timeout=60_000)
        (worker,) = workers(server)
        chart_of_umap = page.locator(MAP.format("by UMAP"))
        expect(chart_of_umap).to_be_visible(timeout=240_000)
        expect(page.get_by_text(WAITING)).to_have_count(0)
        os.kill(server.pid, signal.SIGKILL)
        assert psutil.wait_procs([worker], timeout=20)[1] == []
