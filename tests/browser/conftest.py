"""A real browser before the real command: `gradsim dashboard`, in the system's Chromium.

Conventions
-----------
A missing browser fails with what to install; it never skips. Every address that a page asks for
is recorded in ``requests``, and those outside this machine in ``outbound``: a page that made one
fails its test. The server's log is shown with a failed test.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

import pytest
from browser_server import FLAGS, CannotRun, Server, chromium_path, running_server, tail
from playwright.sync_api import Browser, Page, sync_playwright


@pytest.fixture(scope="module")
def kept() -> Iterator[tuple[contextlib.ExitStack, dict[str, Any]]]:
    """What the tests of one file share, closed after the last of them."""
    with contextlib.ExitStack() as stack:
        yield stack, {}


@pytest.fixture(scope="session")
def chromium() -> str:
    """Path of a Chromium that is installed here."""
    try:
        return chromium_path()
    except CannotRun as error:
        pytest.fail(str(error), pytrace=False)


@pytest.fixture(scope="session")
def browser(chromium: str) -> Iterator[Browser]:
    """One headless Chromium for the whole session."""
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=chromium, args=list(FLAGS))
        yield started
        started.close()


@pytest.fixture
def requests() -> list[str]:
    """Addresses that the test's pages asked for, sockets among them; none of data in the page."""
    return []


@pytest.fixture
def outbound() -> list[str]:
    """Addresses outside this machine that the test's pages asked for."""
    return []


@pytest.fixture
def open_page(browser: Browser, outbound: list[str],
              requests: list[str]) -> Iterator[Callable[..., Page]]:
    """Function ``open_page(url, colour_scheme="light", width=1280, height=900)`` -> Page."""
    contexts = []

    def record(url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("data", "blob", "about"):
            requests.append(url)
            if parts.hostname not in ("127.0.0.1", "localhost"):
                outbound.append(url)

    def open_one(url: str, colour_scheme: Literal["light", "dark"] = "light",
                 width: int = 1280, height: int = 900) -> Page:
        context = browser.new_context(color_scheme=colour_scheme, accept_downloads=True,
                                      viewport={"width": width, "height": height})
        contexts.append(context)
        context.on("request", lambda request: record(request.url))
        context.on("page", lambda page: page.on("websocket", lambda ws: record(ws.url)))
        page = context.new_page()
        page.goto(url)
        return page

    yield open_one
    for context in contexts:
        context.close()
    assert outbound == [], "a page asked for something outside this machine"


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The dashboard with a cache folder that was empty at its start, for the whole session."""
    with running_server(tmp_path_factory.mktemp("dashboard") / "cache") as started:
        yield started


@pytest.fixture
def start_server() -> Callable[[Path], contextlib.AbstractContextManager[Server]]:
    """Function ``with start_server(cache) as server``, for a test that needs its own."""
    return running_server


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
        item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show the server's log with a failed test."""
    report = yield
    arguments = getattr(item, "funcargs", {})
    started = arguments.get("server") or arguments.get("dashboard")
    if report.failed and isinstance(started, Server):
        report.sections.append(("dashboard log (end)", tail(started.log)))
    return report
