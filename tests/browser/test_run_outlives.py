"""A run outlives the browser that started it and the server, and is found again."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
from made_up_studies import SIGNATURE, write_study
from playwright.sync_api import Page, expect

from gradsim_core import Store, find_run, submit_run

RUN = """
import sys, time
from gradsim_core.runs import attend_run
from gradsim_core.storage.store import Store
store = Store({root!r})
with attend_run(store, {signature!r}, "study") as observe:
    if not (store.root / "mended").exists():
        sys.exit(0)
    for step in range(1, 2001):
        observe(dict(kind="progress", step=step, steps=2000, message="learning"))
        if (store.root / "go").exists():
            break
        time.sleep(0.1)
"""


def until(condition: Callable[[], Any], within_s: float = 60.0) -> None:
    deadline = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < deadline, "it did not come about in time"
        time.sleep(0.05)


def test_browser_closed_and_server_killed_in_mid_run(
        tmp_path: Path, open_page: Callable[..., Page], start_server: Callable[..., Any]) -> None:
    cache = tmp_path / "cache"
    store = write_study(cache)
    for name in ("grams.safetensors", "scores/joint.json"):
        store.remove(SIGNATURE, name)
    code = RUN.format(root=str(cache), signature=SIGNATURE)
    run = submit_run(store, SIGNATURE, "study", [sys.executable, "-c", code])
    until(lambda: not find_run(store, run.id).coming)  # interrupted: nothing is mended yet
    (cache / "mended").touch()
    with start_server(cache) as server:
        page = open_page(f"{server.url}/study?study={SIGNATURE[:8]}")
        page.get_by_role("button", name="Go on with it").click(timeout=60_000)
        expect(page.get_by_role("button", name="Cancel the run")).to_be_visible(timeout=60_000)
        until(lambda: find_run(store, run.id).progress > 0)
        before = find_run(store, run.id)
        page.context.close()
        os.killpg(server.pid, signal.SIGKILL)
        until(lambda: psutil.Process(server.pid).status() == psutil.STATUS_ZOMBIE)
        until(lambda: find_run(store, run.id).progress > before.progress)
        with start_server(cache) as again:
            page = open_page(f"{again.url}/study?study={SIGNATURE[:8]}")
            expect(page.get_by_role("button", name="Cancel the run")).to_be_visible(timeout=60_000)
            seen = find_run(store, run.id)
            assert (seen.state, seen.pid, seen.attempt) == ("running", before.pid, before.attempt)
            page.get_by_text("Log", exact=True).click()
            expect(page.get_by_text("Nothing printed yet.")).to_be_visible(timeout=30_000)
            (cache / "go").touch()
            expect(page.get_by_role("button", name="Cancel the run")).to_have_count(
                0, timeout=60_000)
            assert find_run(Store(cache), run.id).state == "done"
