"""The report of a study, opened from the disk by a browser without a network."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Literal
from urllib.parse import quote

import pytest
from made_up_everything import write_everything
from made_up_studies import SIGNATURE
from playwright.sync_api import Browser, Page, expect

from dashboard.report.assembling import study_report
from gradsim_core import Reading, Rule

CHARTS = 7


class Opened:
    """A report in a browser: its page, what it asked for, and what it complained of."""

    def __init__(self, browser: Browser, file: Path,
                 colour_scheme: Literal["light", "dark"] = "light") -> None:
        self.context = browser.new_context(offline=True, color_scheme=colour_scheme,
                                           viewport={"width": 1280, "height": 900})
        self.asked: list[str] = []
        self.refused: list[str | None] = []
        self.complaints: list[str] = []
        self.context.on("request", lambda request: self.asked.append(request.url))
        self.context.on("requestfailed", lambda request: self.refused.append(request.failure))
        self.page: Page = self.context.new_page()
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("console", lambda said: self.complaints.append(said.text)
                     if said.type == "error" else None)
        self.page.on("dialog", lambda dialog: self.complaints.append(dialog.message))
        self.page.goto(file.as_uri())
        expect(self.page.locator(".chart .main-svg").first).to_be_visible()
        expect(self.page.locator(".chart.js-plotly-plot")).to_have_count(CHARTS)


@pytest.fixture(scope="module", params=["usual", "hostile"])
def file(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A written report, of usual names and of names that would run or leave."""
    folder = tmp_path_factory.mktemp(request.param)
    store = write_everything(folder / "cache", hostile=request.param == "hostile")
    path = folder / "report.html"
    path.write_text(study_report(store, SIGNATURE, Reading(), Rule()), encoding="utf-8")
    return path


@pytest.fixture
def opened(browser: Browser, file: Path) -> Iterator[Opened]:
    """The report, opened in the light."""
    found = Opened(browser, file)
    yield found
    found.context.close()


def test_it_opens_without_asking_for_anything(opened: Opened, file: Path) -> None:
    opened.page.wait_for_timeout(500)
    assert opened.asked == [file.as_uri()]
    assert opened.complaints == []
    for at in range(CHARTS):
        box = opened.page.locator(".chart").nth(at).locator(".main-svg").first.bounding_box()
        assert box
        assert box["width"] > 600


def test_names_neither_run_nor_load_nor_link(opened: Opened) -> None:
    assert opened.page.locator("img, iframe, object, embed, form, link").count() == 0
    links = opened.page.locator("a").evaluate_all("all => all.map(a => a.getAttribute('href'))")
    assert len(links) > 5
    assert all((one or "#").startswith(("#", "data:application/json")) for one in links)
    assert opened.page.locator("svg a").count() == 0


def test_a_script_that_slipped_in_would_not_run(browser: Browser, file: Path,
                                               tmp_path: Path) -> None:
    written = file.read_text(encoding="utf-8")
    other = tmp_path / "other.html"
    other.write_text(written.replace(
        "</main>", "<script>alert(1)</script><img src='http://out.example/x.png' "
        "onerror='alert(2)'></main>"), encoding="utf-8")
    found = Opened(browser, other)
    found.page.wait_for_timeout(300)
    assert found.refused == ["csp"], "the picture was not even looked for"
    assert all("Content Security Policy" in one for one in found.complaints), found.complaints
    assert len(found.complaints) >= 2
    found.context.close()


def test_tables_open_by_keyboard_and_the_decision_can_be_saved(opened: Opened) -> None:
    summary = opened.page.locator("#similarity summary").first
    summary.focus()
    opened.page.keyboard.press("Enter")
    expect(opened.page.locator("#similarity details table").first).to_be_visible()
    with opened.page.expect_download() as saved:
        opened.page.get_by_text("Save the decision as JSON").click()
    assert saved.value.suggested_filename == f"gradsim-{SIGNATURE[:8]}-groups.json"
    assert '"$schema"' in saved.value.path().read_text(encoding="utf-8")


def test_it_is_dark_where_the_reader_is(browser: Browser, file: Path) -> None:
    colours = {}
    for scheme in ("light", "dark"):
        found = Opened(browser, file, scheme)
        colours[scheme] = found.page.evaluate(
            "[getComputedStyle(document.body).backgroundColor, "
            "getComputedStyle(document.querySelector('figure')).backgroundColor]")
        found.context.close()
    assert colours == {"light": ["rgb(255, 255, 255)"] * 2,
                       "dark": ["rgb(20, 23, 29)", "rgb(255, 255, 255)"]}


def test_on_paper_everything_is_unfolded(opened: Opened) -> None:
    opened.page.emulate_media(media="print")
    opened.page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    opened.page.wait_for_timeout(500)
    assert opened.page.locator("details:not([open])").count() == 0
    box = opened.page.locator(".chart .main-svg").first.bounding_box()
    assert box
    assert box["width"] == pytest.approx(980 * 0.69, abs=5), "a page of paper holds it"
    opened.page.evaluate("window.dispatchEvent(new Event('afterprint'))")
    assert opened.page.locator("details:not([open])").count() > 5


def test_study_page_gives_the_report_of_what_the_address_shows(
        start_server: Callable[[Path], AbstractContextManager[Any]], open_page: Callable[..., Page],
        tmp_path: Path) -> None:
    write_everything(tmp_path / "cache", preset="builtin")
    edit = quote('["rename","deu","my <own> group"]')
    with start_server(tmp_path / "cache") as server:
        page = open_page(f"{server.url}/study?k=3&edits={edit}")
        button = page.get_by_role("button", name="Report of this study")
        expect(button).to_be_visible(timeout=60_000)
        with page.expect_download(timeout=60_000) as saved:
            button.click()
        written = saved.value.path().read_text(encoding="utf-8")
        page.close()
    assert saved.value.suggested_filename == f"gradsim-{SIGNATURE[:8]}-report.html"
    assert "my &lt;own&gt; group" in written
    assert "3 groups by hand" in written
