"""A window that is half a screen: everything can still be read, and reached with keys."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

import pytest
from browser_server import settled
from made_up_studies import SIGNATURE, write_study
from playwright.sync_api import Page

from dashboard.figures.frame import LEAST_PX

WIDTH = 800
CUT = "all => all.filter(one => one.scrollWidth > one.clientWidth + 1).map(one => one.innerText)"


@pytest.fixture
def opened(kept: tuple[ExitStack, dict[str, Any]], start_server: Callable[..., Any],
           tmp_path_factory: pytest.TempPathFactory, open_page: Callable[..., Page],
           ) -> Callable[[str], Page]:
    stack, started = kept
    if "url" not in started:
        cache = tmp_path_factory.mktemp("narrow") / "cache"
        write_study(cache, name="Own")
        started["url"] = stack.enter_context(start_server(cache)).url

    def open_one(path: str) -> Page:
        page = open_page(f"{started['url']}/{path}?study={SIGNATURE[:8]}&guide=0", width=WIDTH)
        settled(page)
        return page
    return open_one


@pytest.mark.parametrize("path", ["study", "training"])
def test_no_number_is_cut_off(opened: Callable[[str], Page], path: str) -> None:
    metrics = opened(path).get_by_test_id("stMetricValue").locator("div")
    metrics.first.wait_for(timeout=60_000)
    assert metrics.count() >= 4
    assert metrics.evaluate_all(CUT) == []


def test_what_is_written_beside_a_switch_has_room(opened: Callable[[str], Page]) -> None:
    written = opened("training").get_by_text("By transfer measured on test: no method.")
    box = written.bounding_box()
    assert box is not None
    assert box["width"] > 120


def test_a_chart_scrolls_with_keys_instead_of_being_squeezed(
        opened: Callable[[str], Page]) -> None:
    page = opened("similarity")
    chart = page.get_by_test_id("chart").first
    assert chart.evaluate("one => one.querySelector('.main-svg').clientWidth") == LEAST_PX
    assert chart.evaluate("one => one.clientWidth") < LEAST_PX
    chart.focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_function(
        "document.querySelector('[data-testid=chart]').scrollLeft > 0", timeout=5_000)
    page.set_viewport_size({"width": 1440, "height": 900})
    page.wait_for_function(
        "!document.querySelector('[data-testid=chart]').hasAttribute('tabindex')", timeout=5_000)


def test_every_choice_of_where_data_come_from_is_seen(opened: Callable[[str], Page]) -> None:
    page = opened("study")
    page.get_by_role("radio", name="New study").click()
    page.set_viewport_size({"width": 1000, "height": 900})
    sources = page.get_by_role("radiogroup").filter(has_text="Hugging Face hub")
    sources.wait_for(timeout=60_000)
    assert sources.evaluate_all(CUT) == []
