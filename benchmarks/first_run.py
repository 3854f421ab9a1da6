"""Measure a new user's first minutes: ``python -m benchmarks.first_run``.

By the real commands, in a fresh clone without ``.venv`` and with an empty cache: ``make run``, the
first heatmap of the built-in study, the next step of the tour, the groups as a file. Seconds since
``make run``; what has to be fetched from a package index depends on the network.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from browser_server import FLAGS, ROOT, chromium_path, free_port, running_command, settled

_INSTALL_S, _COMPUTE_MS = 1200, 600_000


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        clone, cache, port = Path(folder) / "clone", Path(folder) / "cache", free_port()
        subprocess.run(["git", "clone", "--quiet", str(ROOT), str(clone)], check=True)
        command = ["make", "-C", str(clone), "run", f"PORT={port}", f"CACHE={cache}"]
        browser = playwright.chromium.launch(executable_path=chromium_path(), args=list(FLAGS))
        began = time.monotonic()
        with running_command(command, port, cache, _INSTALL_S) as server:
            _say(began, "installed, and serving")
            _walk(browser.new_context(accept_downloads=True).new_page(), server.url, began)
        browser.close()


def _walk(page: Page, url: str, began: float) -> None:
    page.goto(url)
    page.locator(".js-plotly-plot .main-svg").first.wait_for(timeout=_COMPUTE_MS)
    _say(began, "first heatmap of the built-in study")
    settled(page)
    page.get_by_role("button", name="Next: choose groups").click()
    groups = page.get_by_role("button", name="Decision as JSON")
    groups.wait_for(timeout=60_000)
    with page.expect_download() as download:
        groups.click()
    decision = json.loads(Path(download.value.path()).read_text(encoding="utf-8"))
    _say(began, f"{len(decision['groups'])} groups in a file")


def _say(began: float, what: str) -> None:
    print(f"{time.monotonic() - began:6.0f} s  {what}", flush=True)


if __name__ == "__main__":
    main()
