"""A real browser before the real command: `gradsim dashboard`, in the system's Chromium.

Conventions
-----------
A missing browser fails with what to install; it never skips. Chromium resolves no name but this
machine's, so nothing can leave; every attempt is recorded in ``outbound``, and a page that made one
fails its test. Each server has a cache folder of its own and is gone, with all it started, at the
end. The server's log is shown with a failed test.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

import psutil
import pytest
from playwright.sync_api import Browser, Page, sync_playwright

ROOT = Path(__file__).resolve().parents[2]
NAMES = ("chromium", "chromium-browser", "google-chrome")
FLAGS = ("--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync",
         "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1")
START_TIMEOUT_S = 90


@dataclass(frozen=True)
class Server:
    """One running dashboard: its address, its cache folder and its log."""

    url: str
    cache: Path
    log: Path
    pid: int


@pytest.fixture(scope="module")
def kept() -> Iterator[tuple[contextlib.ExitStack, dict[str, Any]]]:
    """What the tests of one file share, closed after the last of them."""
    with contextlib.ExitStack() as stack:
        yield stack, {}


@pytest.fixture(scope="session")
def chromium() -> str:
    """Path of a Chromium that is installed here."""
    given = os.environ.get("CHROMIUM")
    path = next(filter(None, map(shutil.which, [given] if given else NAMES)), None)
    if path is None:
        pytest.fail(f"No browser found ({given or ', '.join(NAMES)}). Install one: sudo apt-get "
                    "install -y chromium; or set CHROMIUM to its path.", pytrace=False)
    return path


@pytest.fixture(scope="session")
def browser(chromium: str) -> Iterator[Browser]:
    """One headless Chromium for the whole session."""
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=chromium, args=list(FLAGS))
        yield started
        started.close()


@pytest.fixture
def outbound() -> list[str]:
    """Addresses outside this machine that the test's pages asked for."""
    return []


@pytest.fixture
def open_page(browser: Browser, outbound: list[str]) -> Iterator[Callable[..., Page]]:
    """Function ``open_page(url, colour_scheme="light", width=1280, height=900)`` -> Page."""
    contexts = []

    def record(url: str) -> None:
        parts = urlsplit(url)
        local = parts.hostname in ("127.0.0.1", "localhost")
        if parts.scheme not in ("data", "blob", "about") and not local:
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


@contextlib.contextmanager
def running_server(cache: Path) -> Iterator[Server]:
    """Run `gradsim dashboard` on a free port until the block ends."""
    command = Path(sys.executable).with_name("gradsim")
    if not command.exists():
        pytest.fail(f"{command} is missing. Install it: pip install -e .", pytrace=False)
    port, log = _free_port(), cache.with_name(f"{cache.name}-server.log")
    arguments = [command, "dashboard", "--port", port, "--cache", cache, "--no-browser"]
    with log.open("wb") as sink:
        process = subprocess.Popen([str(part) for part in arguments], cwd=ROOT, stdout=sink,
                                   stderr=subprocess.STDOUT, start_new_session=True)
    try:
        url = f"http://127.0.0.1:{port}"
        _wait_until_healthy(process, url, log)
        yield Server(url, cache, log, process.pid)
    finally:
        _end(process, cache)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _wait_until_healthy(process: subprocess.Popen, url: str, log: Path) -> None:
    end = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < end:
        if process.poll() is not None:
            pytest.fail(f"the dashboard ended with {process.returncode}:\n{_tail(log)}",
                        pytrace=False)
        with contextlib.suppress(OSError), \
                urllib.request.urlopen(f"{url}/_stcore/health", timeout=2) as answer:
            if answer.status == 200:
                return
        time.sleep(0.1)
    pytest.fail(f"no answer within {START_TIMEOUT_S} s:\n{_tail(log)}", pytrace=False)


def _end(process: subprocess.Popen, cache: Path) -> None:
    """End the server's group, then the supervisor of its runs, then the runs themselves."""
    started = _started(process.pid, cache)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)
    try:
        process.wait(timeout=5)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    for left in sorted(started | _started(process.pid, cache), key=_starts_others, reverse=True):
        with contextlib.suppress(psutil.NoSuchProcess):
            left.kill()


def _starts_others(process: psutil.Process) -> bool:
    with contextlib.suppress(psutil.Error):
        return "supervise" in process.cmdline()
    return False


def _started(server: int, cache: Path) -> set[psutil.Process]:
    """The server, processes that name its cache folder, which no other has, and their children."""
    roots = [process for process in psutil.process_iter(["cmdline"]) if process.pid == server
             or any(str(cache) in part for part in process.info["cmdline"] or ())]
    found = set(roots)
    for root in roots:
        with contextlib.suppress(psutil.NoSuchProcess):
            found |= set(root.children(recursive=True))
    return found


def _tail(log: Path, size: int = 4000) -> str:
    return log.read_text(encoding="utf-8", errors="replace")[-size:] if log.exists() else ""


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
        item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show the server's log with a failed test."""
    report = yield
    started = getattr(item, "funcargs", {}).get("server")
    if report.failed and started is not None:
        report.sections.append(("dashboard log (end)", _tail(started.log)))
    return report
