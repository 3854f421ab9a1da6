"""No page has a serious or critical finding of axe-core, in light and in dark.

axe is put into the page from its package, so that nothing is fetched. Boxes that fold are opened
before, so that what they hold is looked at too.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import axe_playwright_python
import pytest
from browser_server import page_paths, settled
from made_up_worlds import SMALL, write_world
from playwright.sync_api import Page, expect

Open = Callable[..., Page]
AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text(encoding="utf-8")
RUN = """() => axe.run(document, {resultTypes: ['violations']}).then(found => found.violations
    .filter(one => ['serious', 'critical'].includes(one.impact))
    .flatMap(one => one.nodes.map(node => [one.id, node.target.join(' '),
        (node.any[0] || node.all[0] || node.none[0] || {message: ''}).message,
        node.html.slice(0, 200)])))"""
UNFOLD = """() => {
    const closed = document.querySelectorAll(
        '[data-testid=stExpander] details:not([open]) > summary');
    closed.forEach(one => one.click());
    return closed.length;
}"""
VIEWS = ("training?planning=1", "correlation?correlating=plan", "correlation?correlating=import",
         "study?health=1", "study?studying=new", "study?studying=beside", "?naming=own&film=1")
"""What pages show besides what they show first."""
NOT_OURS: dict[str, tuple[str, str]] = {}
"""Name -> (rule, part of the element), for what Streamlit draws and offers no way to mend."""


@pytest.fixture
def dashboard(kept: tuple[ExitStack, dict[str, Any]], start_server: Callable[..., Any],
              tmp_path_factory: pytest.TempPathFactory) -> Any:
    """One server for this file, over a study with everything that pages can show."""
    stack, started = kept
    if "server" not in started:
        cache = tmp_path_factory.mktemp("accessible") / "cache"
        write_world(cache)
        started["server"] = stack.enter_context(start_server(cache))
    return started["server"]


def unfold(page: Page) -> None:
    """Open every box that folds."""
    for _ in range(3):  # one may lie in another
        if not page.evaluate(UNFOLD):
            return
        settled(page)


def findings(page: Page, where: str) -> list[str]:
    """What axe finds on the page as it stands, one line each."""
    if not page.evaluate("Boolean(window.axe)"):
        page.evaluate(AXE)
    return [f"{where}: {rule}: {target}: {message}: {html}"
            for rule, target, message, html in page.evaluate(RUN)
            if not any(rule == name and part in html for name, part in NOT_OURS.values())]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_pages_have_no_serious_finding(dashboard: Any, open_page: Open, scheme: str) -> None:
    page = open_page(f"{dashboard.url}/?study={SMALL[:8]}", colour_scheme=scheme)
    found = []
    for view in (*page_paths(page).values(), *VIEWS):
        joint = "&" if "?" in view else "?"
        page.goto(f"{dashboard.url}/{view}{joint}study={SMALL[:8]}")
        settled(page)
        unfold(page)
        found += findings(page, f"{view or 'start'} {scheme}")
    assert not found, "\n".join(found)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_what_opens_over_a_page_has_no_serious_finding(dashboard: Any, open_page: Open,
                                                       scheme: str) -> None:
    page = open_page(f"{dashboard.url}/?study={SMALL[:8]}", colour_scheme=scheme)
    settled(page)
    found = []
    for name in ("Computed", "Show", "What do the words mean?"):
        box = page.locator("[data-testid=stPopoverBody], [role=dialog]").first
        for _ in range(5):  # a page that is being built may close what was opened
            page.get_by_role("button", name=name).first.click()
            page.wait_for_timeout(2000)
            settled(page)
            if box.is_visible():
                break
        expect(box).to_be_visible()
        found += findings(page, f"{name} {scheme}")
        page.keyboard.press("Escape")
        expect(box).to_have_count(0, timeout=30_000)
    assert not found, "\n".join(found)


def test_axe_sees_what_is_wrong(dashboard: Any, open_page: Open) -> None:
    page = open_page(f"{dashboard.url}/?study={SMALL[:8]}")
    settled(page)
    page.evaluate("document.querySelector('[data-testid=stMain]')"
                  ".insertAdjacentHTML('beforeend', '<img src=\"data:,\"><button></button>')")
    assert {line.split(": ")[1] for line in findings(page, "")} >= {"image-alt", "button-name"}
