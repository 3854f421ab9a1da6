"""Groups in a real browser: edited, undone, saved, opened, exported, verified, brought back."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from made_up_studies import HOSTILE, SIGNATURE, made_up_series, write_study
from playwright.sync_api import Page, expect

from dashboard.figures.k_curve import k_token

Open = Callable[..., Page]
SCRIPT = Path(sys.executable).with_name("gradsim")
N_CHANGES = 20
POINT_AT = """(token) => {
    const chart = [...document.querySelectorAll('.js-plotly-plot')]
        .find(one => (one.layout.title?.text ?? '').startsWith('What each number'));
    chart.scrollIntoView({block: 'center'});
    const at = chart.data.findIndex(one => [].concat(one.customdata ?? []).includes(token));
    const n = [].concat(chart.data[at].customdata).indexOf(token);
    const box = chart.getBoundingClientRect(), {xaxis, yaxis, _size} = chart._fullLayout;
    return {x: box.x + _size.l + xaxis.d2p(chart._fullData[at].x[n]),
            y: box.y + _size.t + yaxis.d2p(chart._fullData[at].y[n])};
}"""


@pytest.fixture
def dashboard(kept: tuple[ExitStack, dict[str, Any]], start_server: Callable[..., Any],
              tmp_path_factory: pytest.TempPathFactory) -> Any:
    """One server for this file, over a cache with one study of eight languages."""
    stack, started = kept
    if "server" not in started:
        cache = tmp_path_factory.mktemp("groups") / "cache"
        write_study(cache, series=made_up_series([0, 0, 0, 0, 1, 1, 1, 2]), targets=("tir",))
        started["server"] = stack.enter_context(start_server(cache))
    return started["server"]


def settle(page: Page) -> None:
    """Wait until the page has been drawn."""
    page.wait_for_timeout(250)
    expect(page.locator("[data-testid=stApp][data-test-script-state=notRunning]")).to_be_visible(
        timeout=60_000)


def opened(open_page: Open, url: str) -> Page:
    page = open_page(url)
    expect(page.get_by_role("heading", name="Saved groupings")).to_be_visible(timeout=60_000)
    settle(page)
    return page


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()
    settle(page)


def cards(page: Page) -> list[str]:
    """The titles of the cards and their languages."""
    held = page.locator("[data-testid=stMarkdownContainer]").filter(
        has_text=re.compile(r"· \d+ language|\([a-z]{3}\) ·"))
    return [text for text in held.all_inner_texts() if text.strip()]


def becoming(page: Page, wanted: list[str]) -> list[str]:
    """The cards once they are as wanted, or as they are after a while."""
    for _ in range(50):
        settle(page)
        if cards(page) == wanted:
            break
    return cards(page)


def n_changes(page: Page, wanted: int) -> int:
    """Changes in the address once they are as many as wanted, or as they are after a while."""
    for _ in range(20):
        if len(re.findall("[?&]edits=", page.url)) == wanted:
            break
        settle(page)
    settle(page)
    return len(re.findall("[?&]edits=", page.url))


def exported(page: Page) -> str:
    with page.expect_download() as download:
        page.get_by_role("button", name="Decision as JSON", exact=True).click()
    return Path(download.value.path()).read_text(encoding="utf-8")


def verified(text: str, folder: Path, cache: Path) -> subprocess.CompletedProcess[str]:
    (folder / "groups.json").write_text(text, encoding="utf-8")
    return subprocess.run([SCRIPT, "verify", folder / "groups.json"], capture_output=True,
                          text=True, check=False, env={**os.environ, "GRADSIM_CACHE": str(cache)})


def bring(page: Page, file: Path) -> None:
    page.get_by_role("tab", name="Bring a file").click()
    page.locator("[data-testid=stFileUploaderDropzoneInput]").set_input_files(file)
    settle(page)


def test_groups_are_edited_saved_and_come_back_byte_for_byte(
        dashboard: Any, open_page: Open, tmp_path: Path) -> None:
    url = f"{dashboard.url}/groups?study={SIGNATURE[:8]}&k=3&guide=0"
    page = opened(open_page, url)
    seen = [cards(page)]
    page.get_by_text("Change the groups by hand").click()
    for at in range(1, N_CHANGES + 1):
        if at % 4 == 0:
            page.get_by_role("textbox", name="New name").fill(f"North & <{at}>")
            press(page, "Rename")
        else:
            split = page.get_by_role("button", name="Split in two")
            press(page, "Split in two" if at % 4 < 3 and split.is_enabled() else "Merge")
        assert n_changes(page, at) == at
        seen.append(cards(page))
    assert seen[-1] != seen[0]

    page.locator("h1, h2").first.click()
    for before in reversed(seen[:-1]):
        page.keyboard.press("Control+z")
        assert becoming(page, before) == before
    expect(page.get_by_role("button", name="Undo")).to_be_disabled()
    for after in seen[1:]:
        page.keyboard.press("Control+Shift+z")
        assert becoming(page, after) == after
    expect(page.get_by_role("button", name="Redo")).to_be_disabled()

    page.get_by_role("button", name="Save as").click()
    page.get_by_role("textbox", name="Name", exact=True).fill("Mine & <b>yours</b>")
    press(page, "Save")
    page.reload()
    assert becoming(page, seen[-1]) == seen[-1], page.url
    text = exported(page)
    assert json.loads(text)["rule"]["strategy"] == "hand"

    page = opened(open_page, url)
    assert cards(page) == seen[0]
    press(page, "Open it")
    expect(page.get_by_text("a saved grouping, is shown")).to_be_visible()
    assert cards(page) == seen[-1]
    assert exported(page) == text
    told = verified(text, tmp_path, dashboard.cache)
    assert (told.returncode, told.stdout) == (0, "")
    assert "holds" in told.stderr

    page = opened(open_page, url)
    bring(page, tmp_path / "groups.json")
    expect(page.get_by_text("made by hand, with every language")).to_be_visible()
    press(page, "Open these groups")
    assert cards(page) == seen[-1]
    assert exported(page) == text


def test_a_changed_file_is_told_before_it_is_opened(dashboard: Any, open_page: Open,
                                                    tmp_path: Path) -> None:
    page = opened(open_page, f"{dashboard.url}/groups?study={SIGNATURE[:8]}&k=2&guide=0")
    decision = json.loads(exported(page))
    decision["result"]["objective"] = 7.5
    text = json.dumps(decision)
    assert verified(text, tmp_path, dashboard.cache).returncode == 1
    bring(page, tmp_path / "groups.json")
    expect(page.get_by_text("result.objective: the file says 7.5")).to_be_visible()
    press(page, "Open these groups")
    expect(page.get_by_text("Made by hand.")).to_be_visible()
    assert verified(exported(page), tmp_path, dashboard.cache).returncode == 0


def test_edited_groups_are_trained_in_two_clicks(dashboard: Any, open_page: Open) -> None:
    page = opened(open_page, f"{dashboard.url}/groups?study={SIGNATURE[:8]}&k=2&guide=0"
                             "&edits=%5B%22new%22%2C%5B%22deu%22%5D%5D")
    press(page, "Train these groups")
    expect(page.get_by_role("heading", name="Hand-made groups, K = 3")).to_be_visible(
        timeout=30_000)
    expect(page.get_by_role("button", name="Train and compare")).to_be_enabled()


def take(page: Page, k: int) -> None:
    """Click the point of a number of groups on the curve."""
    expect(page.locator(".js-plotly-plot .gtitle", has_text="What each number")).to_be_attached(
        timeout=30_000)
    settle(page)
    place = page.evaluate(POINT_AT, k_token(k))
    page.mouse.move(place["x"], place["y"])
    page.mouse.click(place["x"], place["y"])
    page.wait_for_url(f"**k={k}**")
    settle(page)


def test_a_click_on_the_curve_takes_its_number_of_groups(dashboard: Any, open_page: Open) -> None:
    url = f"{dashboard.url}/groups?study={SIGNATURE[:8]}&guide=0"
    wanted = {k: cards(opened(open_page, f"{url}&k={k}")) for k in (2, 4)}
    assert [len(wanted[k]) for k in (2, 4)] == [4, 8], "a title and its languages each"
    page = opened(open_page, url)
    field = page.get_by_role("combobox", name=re.compile("Groups \\(K\\)"))
    for k in (4, 2):
        take(page, k)
        assert becoming(page, wanted[k]) == wanted[k]
        expect(field).to_have_value(f"{k}")
    field.scroll_into_view_if_needed()
    settle(page)  # a list that opens while the page is drawn, or scrolled, closes again
    field.click()
    page.get_by_role("option", name="4", exact=True).click()
    page.wait_for_url("**k=4**")
    assert becoming(page, wanted[4]) == wanted[4]
    take(page, 2)
    assert becoming(page, wanted[2]) == wanted[2], "the point that was clicked before"


def test_hostile_names_of_groups_are_text(dashboard: Any, open_page: Open) -> None:
    page = open_page("about:blank")
    page.on("dialog", lambda dialog: pytest.fail(f"a script ran: {dialog.message}"))
    edits = "".join(f"&edits={quote(json.dumps(edit), safe='')}" for edit in (
        ["rename", "deu", HOSTILE[0]], ["new", ["swe"]], ["rename", "swe", HOSTILE[1]]))
    page.goto(f"{dashboard.url}/groups?study={SIGNATURE[:8]}&k=2&guide=0{edits}")
    expect(page.get_by_role("heading", name="Saved groupings")).to_be_visible(timeout=60_000)
    settle(page)
    assert any("out.example" in text for text in cards(page))
    for live in ("a[href*='//out.example']", "img[src*='out.example']", ".js-plotly-plot a",
                 "[data-testid=stException]"):
        assert page.locator(live).count() == 0, live


def test_edited_groups_survive_a_move_of_the_cut(dashboard: Any, open_page: Open) -> None:
    page = opened(open_page, f"{dashboard.url}/groups?study={SIGNATURE[:8]}&k=3&guide=0&folds=cut"
                             "&edits=%5B%22new%22%2C%5B%22deu%22%5D%5D")
    before = cards(page)
    page.get_by_role("slider", name="Similarity at which the tree is cut").press("ArrowRight")
    expect(page.get_by_text("Your edited groups are kept: 1 change to 3 groups")).to_be_visible()
    assert n_changes(page, 0) == 0
    page.reload()
    settle(page)
    press(page, "Take them up again")
    assert becoming(page, before) == before
    assert n_changes(page, 1) == 1
