"""The whole task by keyboard alone: blocks, languages, groups, their file, and the way to train.

Nothing is clicked and nothing is focused by a script. Where a key is pressed, the focus can be
seen: the picture of the place differs from the same place without it.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from browser_server import settled
from made_up_worlds import SMALL, write_world
from playwright.sync_api import Page, expect

Open = Callable[..., Page]
MOST_STOPS = 120
NAME = """() => {
    const at = document.activeElement;
    const by = (at.getAttribute('aria-labelledby') || '').split(' ').map(
        one => document.getElementById(one)?.textContent || '').join(' ').trim();
    const label = at.labels?.length ? at.labels[0].textContent : '';
    return (at.getAttribute('aria-label') || by || label || at.textContent || '').trim();
}"""
PLACE = """() => {
    let at = document.activeElement;
    while (at.parentElement && (at.getBoundingClientRect().width < 12
                                || at.getBoundingClientRect().height < 12)) at = at.parentElement;
    at.scrollIntoView({block: 'center'});
    const box = at.getBoundingClientRect();
    return {x: Math.max(0, box.x - 8), y: Math.max(0, box.y - 8),
            width: box.width + 16, height: box.height + 16};
}"""
STYLE = """*, *::before, *::after {transition: none !important; animation: none !important;
caret-color: transparent !important}"""


@pytest.fixture
def dashboard(kept: tuple[ExitStack, dict[str, Any]], start_server: Callable[..., Any],
              tmp_path_factory: pytest.TempPathFactory) -> Any:
    """One server for this file, over a study of twelve languages."""
    stack, started = kept
    if "server" not in started:
        cache = tmp_path_factory.mktemp("keyboard") / "cache"
        write_world(cache)
        started["server"] = stack.enter_context(start_server(cache))
    return started["server"]


def go_to(page: Page, name: str, key: str = "Tab") -> None:
    """Press Tab until the focus stands on what is called so."""
    settled(page)
    passed = []
    for _ in range(MOST_STOPS):
        page.keyboard.press(key)
        passed.append(page.evaluate(NAME))
        if passed[-1].startswith(name):
            return
    pytest.fail(f"{key} does not lead to {name!r}, but to {list(dict.fromkeys(passed))}")


def focus_is_seen(page: Page) -> bool:
    """Whether the place with the focus looks otherwise without it; the focus stays."""
    place = page.evaluate(PLACE)
    page.wait_for_timeout(150)
    focused = page.screenshot(clip=place)
    page.evaluate("() => { window.__at = document.activeElement; window.__at.blur(); }")
    page.wait_for_timeout(150)
    without = page.screenshot(clip=place)
    page.evaluate("() => window.__at.focus()")
    return focused != without


def test_the_whole_task_without_a_mouse(dashboard: Any, open_page: Open) -> None:
    page = open_page(f"{dashboard.url}/?study={SMALL[:8]}&guide=0")
    settled(page)
    page.add_style_tag(content=STYLE)
    # blocks
    go_to(page, "Layers")
    go_to(page, "Layers")  # the page's link comes first, then the blocks
    assert focus_is_seen(page)
    for _ in range(2):
        page.keyboard.press("ArrowRight")
    page.keyboard.press("Space")
    page.wait_for_url("**blocks=lower**")
    go_to(page, "From … to — end")
    assert focus_is_seen(page)
    page.keyboard.press("ArrowRight")
    page.wait_for_url("**blocks=layer.0**")
    # languages
    go_to(page, "Marked languages")
    assert focus_is_seen(page)
    page.keyboard.type("hau")
    page.keyboard.press("Enter")
    page.wait_for_url("**chosen=hau**")
    page.keyboard.press("Escape")
    # groups
    go_to(page, "Groups", "Shift+Tab")
    assert focus_is_seen(page)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Groups", exact=True)).to_be_visible(timeout=60_000)
    go_to(page, "Groups (K)")
    assert focus_is_seen(page)
    page.keyboard.type("3")
    page.keyboard.press("Enter")
    page.wait_for_url("**k=3**")
    go_to(page, "Decision as JSON")
    assert focus_is_seen(page)
    with page.expect_download() as download:
        page.keyboard.press("Enter")
    decision = json.loads(Path(download.value.path()).read_text(encoding="utf-8"))
    assert len(decision["groups"]) == 3
    go_to(page, "Train these groups", "Shift+Tab")
    assert focus_is_seen(page)
    page.keyboard.press("Enter")
    page.wait_for_url("**/training?**planning=1**")
    go_to(page, "Train and compare")
    assert focus_is_seen(page)
