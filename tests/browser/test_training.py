"""The training page in a real browser: two clicks to the start, and the verdict by itself."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from browser_server import settled, standing_run
from made_up_experiments import made_up_experiment, write_experiment
from made_up_studies import SIGNATURE, write_study
from playwright.sync_api import Page, expect

from gradsim_core import Plan, Store, experiment_key, report_csv, report_markdown

Open = Callable[..., Page]
OTHER = "ee00000000000000"
COLUMNS = """all => all.map(one => {
    const grid = one.querySelector('.dvn-scroller');
    return [[...one.querySelectorAll('canvas th')].map(head => head.textContent).join(' '),
            grid.scrollWidth <= grid.clientWidth
            && one.getBoundingClientRect().right <= innerWidth];
})"""
"""Of each table the headings of its columns, and whether all of them are seen at once."""
CHARTS = ".js-plotly-plot .main-svg"


@pytest.fixture
def dashboard(kept: tuple[ExitStack, dict[str, Any]], start_server: Callable[..., Any],
              tmp_path_factory: pytest.TempPathFactory) -> Any:
    """One server for this file, over studies with and without experiments."""
    stack, started = kept
    if "server" not in started:
        cache = tmp_path_factory.mktemp("training") / "cache"
        write_study(cache, signature=OTHER, name="Without")
        write_experiment(write_study(cache, name="With"), made_up_experiment())
        started["server"] = stack.enter_context(start_server(cache))
    return started["server"]


def test_one_click_on_groups_shows_what_training_them_takes(dashboard: Any,
                                                            open_page: Open) -> None:
    page = open_page(f"{dashboard.url}/groups?study={OTHER[:8]}&k=3&correction=centred")
    page.get_by_role("button", name="Train these groups").click(timeout=60_000)
    start = page.get_by_role("button", name="Train and compare")
    expect(start).to_be_visible(timeout=60_000)
    expect(page.get_by_role("heading", name="Gradient groups, K = 3")).to_be_visible()
    expect(page.get_by_text("Models to train")).to_be_visible()
    for part in ("/training?", "k=3", "correction=centred"):
        assert part in page.url
    before = page.get_by_test_id("stMetricValue").all_text_contents()
    page.get_by_text("Random groups", exact=True).click()
    page.wait_for_url("**without=random**")
    page.reload()
    expect(start).to_be_visible(timeout=60_000)
    assert page.get_by_test_id("stMetricValue").all_text_contents() != before
    page.get_by_role("button", name="Change the groups").click()
    expect(page.get_by_text("Keep together")).to_be_visible(timeout=60_000)
    assert "k=3" in page.url


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_result_shows_verdict_charts_and_files(dashboard: Any, open_page: Open,
                                               scheme: str) -> None:
    content = made_up_experiment()
    page = open_page(f"{dashboard.url}/training?study={SIGNATURE[:8]}", colour_scheme=scheme)
    expect(page.locator("h3", has_text="Gradient groups score")).to_be_visible(timeout=60_000)
    expect(page.locator(CHARTS).first).to_be_visible(timeout=60_000)
    page.get_by_text("Gain over one model for all", exact=True).click()
    page.wait_for_url("**gains=1**")
    expect(page.locator(".js-plotly-plot .gtitle").first).to_contain_text("Gain over")
    settled(page)  # a file's link is another after each change of the page
    files = {"Report as Markdown": report_markdown(content), "Scores as CSV": report_csv(content),
             "Everything as JSON": None}
    for label, expected in files.items():
        with page.expect_download() as download:
            page.get_by_role("button", name=label).click()
        text = Path(download.value.path()).read_bytes().decode("utf-8")
        assert text == expected if expected else json.loads(text) == content
        assert content["id"][:8] in download.value.suggested_filename


@pytest.mark.parametrize("width", [1000, 1440])
def test_cost_is_seen_without_scrolling_sideways(dashboard: Any, open_page: Open,
                                                 width: int) -> None:
    page = open_page(f"{dashboard.url}/training?study={SIGNATURE[:8]}", width=width)
    settled(page)
    tables = page.get_by_test_id("stDataFrame").filter(has=page.locator("canvas th"))
    page.get_by_role("heading", name="Groups", exact=True).scroll_into_view_if_needed()
    expect(page.locator("canvas th", has_text="Minutes")).to_be_attached(timeout=30_000)
    seen = dict(tables.evaluate_all(COLUMNS))
    assert seen["Strategy Models Examples Minutes"] is True, seen
    assert width < 1440 or all(seen.values()), "no table of results scrolls sideways either"


def test_verdict_appears_by_itself_when_the_run_has_ended(dashboard: Any,
                                                          open_page: Open) -> None:
    store, plan = Store(dashboard.cache), Plan.model_validate({"seeds": 4})
    key, over = experiment_key(OTHER, plan), dashboard.cache.with_name("over")
    standing_run(store, OTHER, "experiment", key, over)
    page = open_page(f"{dashboard.url}/training?study={OTHER[:8]}")
    expect(page.get_by_text("75%", exact=True)).to_be_visible(timeout=60_000)
    expect(page.get_by_role("button", name="Cancel the run")).to_be_visible()
    write_experiment(store, made_up_experiment(plan=plan, signature=OTHER))
    over.touch()
    expect(page.locator("h3", has_text="Gradient groups score")).to_be_visible(timeout=60_000)
    expect(page.get_by_role("button", name="Cancel the run")).to_have_count(0)
