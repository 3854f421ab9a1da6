"""The real command before a real browser: where it listens, how it is started, how it ends.

Conventions
-----------
Chromium resolves no name but this machine's, so nothing can leave. Each server has a cache folder
of its own and is gone, with all it started, at the end.
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
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import psutil
from playwright.sync_api import Page, expect

from dashboard.figures.heatmap_sides import clade_token
from gradsim_core import Store, submit_run

ROOT = Path(__file__).resolve().parents[1]
NAMES = ("chromium", "chromium-browser", "google-chrome")
FLAGS = ("--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync",
         "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1")
START_TIMEOUT_S = 90
IDLE = "[data-testid=stApp][data-test-script-state=notRunning]"
"""Found while the server builds no part of the page."""
UNDRAWN = "[data-testid=stSkeleton], [data-testid=stBidiComponentRegular]:not(:has(.main-svg))"
"""Found while something has its place on the page, and is not drawn yet."""
HEADING = "[data-testid=stMain] :is(h1, h2)"
"""Found once the server has begun to build the page."""

MERGES = """clade => {
    const chart = document.querySelector('.js-plotly-plot');
    chart.scrollIntoView({block: 'start'});
    document.querySelector('[data-testid=stMain]').scrollBy(0, -120);
    const frame = chart.getBoundingClientRect(), found = [];
    for (const trace of chart._fullData) {
        const x = chart._fullLayout[trace.xaxis?.replace('x', 'xaxis')];
        const y = chart._fullLayout[trace.yaxis?.replace('y', 'yaxis')];
        (trace.customdata || []).forEach((own, at) => {
            if (String(Array.isArray(own) ? own[0] : own).startsWith(clade)) found.push([
                frame.left + x._offset + x.l2p(trace.x[at]),
                frame.top + y._offset + y.l2p(trace.y[at])]);
        });
    }
    return found;
}"""


class CannotRun(Exception):
    """There is no browser, or the server did not start."""


@dataclass(frozen=True)
class Server:
    """One running dashboard: its address, its cache folder and its log."""

    url: str
    cache: Path
    log: Path
    pid: int


def chromium_path() -> str:
    """Path of a Chromium that is installed here."""
    given = os.environ.get("CHROMIUM")
    path = next(filter(None, map(shutil.which, [given] if given else NAMES)), None)
    if path is None:
        raise CannotRun(f"No browser found ({given or ', '.join(NAMES)}). Install one: sudo "
                        "apt-get install -y chromium; or set CHROMIUM to its path.")
    return path


def settled(page: Page, timeout_s: float = 90) -> None:
    """Wait until the page stands: the server is done, and every chart on it is drawn."""
    idle = page.locator(IDLE)
    expect(page.locator(HEADING).first).to_be_attached(timeout=1000 * timeout_s)
    for _ in range(3):  # a page that has just been built may ask for itself once more
        expect(idle).to_be_attached(timeout=1000 * timeout_s)
        expect(page.locator(UNDRAWN)).to_have_count(0, timeout=1000 * timeout_s)
        page.wait_for_timeout(150)


STANDING = """
import time
from pathlib import Path
from gradsim_core.runs import attend_run
from gradsim_core.storage.store import Store
with attend_run(Store({root!r}), {signature!r}, {kind!r}, key={key!r}) as observe:
    observe(dict(kind="progress", step=90, steps=120, eta_s=21))
    while not Path({over!r}).exists():
        time.sleep(0.05)
"""


def standing_run(store: Store, signature: str, kind: str, key: str, over: Path) -> None:
    """Submit a run that has done three quarters, and stands there until the file `over` is made."""
    code = STANDING.format(root=str(store.root), signature=signature, kind=kind, key=key,
                           over=str(over))
    submit_run(store, signature, kind, [sys.executable, "-c", code], key=key, title="Own")


def page_paths(page: Page) -> dict[str, str]:
    """Name of every page -> its path, as the sidebar links them."""
    links = page.locator("[data-testid=stSidebar] [data-testid=stPageLink] a")
    links.first.wait_for(timeout=60_000)
    return {link.inner_text().strip(): urlsplit(link.get_attribute("href") or "").path.strip("/")
            for link in links.all()}


def merge_points(page: Page) -> list[tuple[float, float]]:
    """Where the merges of the first chart's tree stand on the screen, the lowest merge first."""
    return [(x, y) for x, y in page.evaluate(MERGES, clade_token(0).removesuffix("0"))]


@contextlib.contextmanager
def running_server(cache: Path) -> Iterator[Server]:
    """Run `gradsim dashboard` on a free port until the block ends."""
    command = Path(sys.executable).with_name("gradsim")
    if not command.exists():
        raise CannotRun(f"{command} is missing. Install it: pip install -e .")
    port = free_port()
    arguments = [command, "dashboard", "--port", port, "--cache", cache, "--no-browser"]
    with running_command([str(part) for part in arguments], port, cache) as server:
        yield server


@contextlib.contextmanager
def running_command(command: Sequence[str], port: int, cache: Path,
                    timeout_s: float = START_TIMEOUT_S) -> Iterator[Server]:
    """Run a command that serves the dashboard at a port until the block ends."""
    log = cache.with_name(f"{cache.name}-server.log")
    with log.open("wb") as sink:
        process = subprocess.Popen(command, cwd=ROOT, stdout=sink, stderr=subprocess.STDOUT,
                                   start_new_session=True)
    try:
        url = f"http://127.0.0.1:{port}"
        _wait_until_healthy(process, url, log, timeout_s)
        yield Server(url, cache, log, process.pid)
    finally:
        _end(process, cache)


def free_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def tail(log: Path, size: int = 4000) -> str:
    """The end of a log."""
    return log.read_text(encoding="utf-8", errors="replace")[-size:] if log.exists() else ""


def _wait_until_healthy(process: subprocess.Popen, url: str, log: Path, timeout_s: float) -> None:
    end = time.monotonic() + timeout_s
    while time.monotonic() < end:
        if process.poll() is not None:
            raise CannotRun(f"the dashboard ended with {process.returncode}:\n{tail(log)}")
        with contextlib.suppress(OSError), \
                urllib.request.urlopen(f"{url}/_stcore/health", timeout=2) as answer:
            if answer.status == 200:
                return
        time.sleep(0.1)
    raise CannotRun(f"no answer within {timeout_s} s:\n{tail(log)}")


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
