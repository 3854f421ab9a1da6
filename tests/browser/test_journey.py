"""The whole way, as a reader goes it: `make run` on an empty cache, to groups that were tried.

The built-in study is really computed, and a small comparison really trained: this takes minutes.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from browser_server import Server, free_port, merge_points, page_paths, running_command, settled
from playwright.sync_api import Page, expect

Open = Callable[..., Page]
COMPUTED_MS, START_TIMEOUT_S = 400_000, 400
BROKEN = "This part of the page failed"
HEATMAP = """() => {
    const chart = document.querySelector('.js-plotly-plot');
    const map = chart._fullData.find(one => one.type === 'heatmap');
    return {title: chart._fullLayout.title.text,
            cells: Array.from(map.z, row => Array.from(row, value => value.toFixed(4)))};
}"""

@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """What `make run` shows over an empty cache folder."""
    cache, port = tmp_path_factory.mktemp("journey") / "cache", free_port()
    command = ["make", "run", f"PORT={port}", f"CACHE={cache}"]
    with running_command(command, port, cache, START_TIMEOUT_S) as started:
        yield started


def drawn(page: Page) -> dict[str, Any]:
    """Title and cells of the first heatmap, once the page stands."""
    expect(page.locator(".js-plotly-plot .main-svg").first).to_be_visible(timeout=60_000)
    settled(page)
    return page.evaluate(HEATMAP)


def turned(page: Page, name: str) -> None:
    """Turn to a page by its link."""
    link = page.get_by_test_id("stSidebar").get_by_role("link", name=name, exact=True)
    if "chosen=" in page.url:  # the sidebar is built after the address is written
        expect(link).to_have_attribute("href", re.compile("chosen="), timeout=60_000)
    link.click()
    expect(page.get_by_role("heading", name=name, exact=True)).to_be_visible(timeout=60_000)
    settled(page)


def computed(page: Page) -> dict[str, Any]:
    """Wait for the built-in study, which begins by itself or by its button; its heatmap."""
    begin = page.get_by_role("button", name="Run the built-in study")
    coming = page.get_by_role("button", name="Cancel the run")
    expect(begin.or_(coming).first).to_be_visible(timeout=60_000)
    if begin.is_visible():
        begin.click()
    expect(page.locator(".js-plotly-plot .main-svg").first).to_be_visible(timeout=COMPUTED_MS)
    expect(coming).to_have_count(0, timeout=COMPUTED_MS)
    return drawn(page)


def branch_marked(page: Page) -> int:
    """Click on the lowest merge of the tree; how many languages the address marks then."""
    merges = merge_points(page)
    assert len(merges) == 11
    page.mouse.click(*merges[0])
    page.wait_for_url("**chosen=**")
    settled(page)
    return page.url.count("chosen=")


def grouped(page: Page, path: Path) -> list[dict[str, Any]]:
    """Three groups, with what is marked made a group of its own by hand, kept in a file."""
    page.get_by_role("combobox", name="Groups (K)").click()
    page.get_by_role("option", name="3", exact=True).click()
    page.wait_for_url("**k=3**")
    settled(page)
    page.locator("summary", has_text="Change the groups by hand").click()
    page.get_by_role("button", name="Make them a group").click()
    page.wait_for_url("**edits=**")
    settled(page)
    with page.expect_download() as download:
        page.get_by_role("button", name="Decision as JSON").click()
    path.write_bytes(Path(download.value.path()).read_bytes())
    return json.loads(path.read_text(encoding="utf-8"))["groups"]


def trained(page: Page) -> None:
    """Train the groups on the page against one model for all, once, and wait for the verdict."""
    page.get_by_role("button", name="Train these groups").click()
    page.wait_for_url("**planning=1**")
    settled(page)
    for title in ("Gradient groups", "One model a language", "Family groups", "Random groups"):
        page.get_by_test_id("stMain").get_by_text(title, exact=True).click()
        settled(page)
    seeds = page.get_by_role("spinbutton", name="Seeds")
    seeds.fill("1")
    seeds.press("Enter")
    page.wait_for_url("**seeds=1**")
    settled(page)
    page.get_by_role("button", name="Train and compare").click()
    expect(page.locator("h3", has_text="score").first).to_be_visible(timeout=COMPUTED_MS)
    settled(page)


def test_from_an_empty_cache_to_groups_that_were_tried(
        server: Server, open_page: Open, tmp_path: Path, requests: list[str],
        outbound: list[str]) -> None:
    page = open_page(server.url)
    whole = computed(page)
    assert len(whole["cells"]) == 12
    marked = branch_marked(page)
    assert marked >= 2

    turned(page, "Layers")
    assert "beside" in drawn(page)["title"]
    assert page.url.count("chosen=") == marked

    turned(page, "Groups")
    groups = grouped(page, tmp_path / "groups.json")
    assert sum(len(group["languages"]) for group in groups) == 12
    assert any(len(group["languages"]) == marked for group in groups)
    gradsim = Path(sys.executable).with_name("gradsim")
    told = subprocess.run([gradsim, "verify", tmp_path / "groups.json", "--cache", server.cache],
                          capture_output=True, text=True, check=False)
    assert told.returncode == 0, told.stdout + told.stderr

    trained(page)
    turned(page, "Correlation")
    expect(page.get_by_text(BROKEN)).to_have_count(0)

    turned(page, "Similarity")
    seen, address = drawn(page), page.url
    again = open_page(address)
    assert drawn(again) == seen, "the address gives the same picture in another browser"
    assert seen["cells"] == whole["cells"]
    for path in page_paths(again).values():
        again.goto(f"{server.url}/{path}?{urlsplit(address).query}")
        settled(again)
        expect(again.get_by_text(BROKEN)).to_have_count(0)
    sys.stdout.write(f"{len(requests)} requests, {len(outbound)} of them to the outside\n")
    assert requests
    assert outbound == []
