"""Runs that play an act instead of computing, for the tests of runs."""

from __future__ import annotations

import os
import signal
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from gradsim_core.runs import STUDY, find_run, submit_run
from gradsim_core.runs.attending import run_key
from gradsim_core.runs.table import Run, RunTable
from gradsim_core.storage.store import Store

ONE = "0123456789abcdef"

PLAY = """
import os, signal, subprocess, sys, time
from gradsim_core.runs import attend_run
from gradsim_core.storage.store import Store
store = Store({root!r})
def wait_for(name):
    while not (store.root / name).exists():
        time.sleep(0.01)
def tell(step, steps=4, message="training"):
    observe(dict(kind="progress", step=step, steps=steps, eta_s=30, message=message))
"""

ATTEND = """
with attend_run(store, {signature!r}, "study", key={key!r}) as observe:
"""

# Each attempt writes its number to a file, and is told by others what to do.
COUNT = """
count = store.root / "attempts"
with open(count, "a") as file:
    file.write("x")
attempt = len(count.read_text())
"""


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """An empty store, whose supervisor and runs are ended after the test."""
    store = Store(tmp_path / "cache")
    yield store
    end_all(store)


def end_all(store: Store) -> None:
    """Kill the supervisors of a store, then whatever else names its folder."""
    for supervisors in (True, False):
        for process in processes_of(store):
            with suppress(psutil.Error):
                if not supervisors or "supervise" in process.cmdline():
                    process.kill()
                    process.wait(5)


def processes_of(store: Store) -> list[psutil.Process]:
    """The living processes whose command names the store's folder, other than this one."""
    found = []
    for process in psutil.process_iter(["cmdline", "status"]):
        named = any(str(store.root) in part for part in process.info["cmdline"] or ())
        if named and process.pid != os.getpid() and process.info["status"] != "zombie":
            found.append(process)
    return found


def supervisors_of(store: Store) -> list[psutil.Process]:
    """The living supervisors of a store."""
    return [process for process in processes_of(store) if "supervise" in process.cmdline()]


def act_command(store: Store, act: str, key: str | None = None, attend: bool = True) -> list[str]:
    """The command of a process that plays the act, as an attended run or as any other."""
    key = run_key(ONE, STUDY) if key is None else key
    code = PLAY.format(root=str(store.root))
    if attend:
        act = ATTEND.format(signature=ONE, key=key) + textwrap.indent(act.strip("\n"), "    ")
    return [sys.executable, "-c", f"{code}\n{act}"]


def start(store: Store, act: str, key: str | None = None, attend: bool = True) -> Run:
    """Queue a run that plays the act instead of computing."""
    return submit_run(store, ONE, STUDY, act_command(store, act, key, attend), key=key)


def written(store: Store, **values: object) -> Run:
    """A row as some process may have left it."""
    row = {"id": "", "signature": ONE, "kind": STUDY, "key": run_key(ONE, STUDY), "title": "",
           "argv": ("gone",), "folder": "/", "supervised": False, **values}
    return RunTable(store.root).insert(Run(**row))  # type: ignore[arg-type]


def until(condition: Callable[[], object], within_s: float = 30.0) -> None:
    """Wait until it holds, and fail where it never does."""
    deadline = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < deadline, "it did not come about in time"
        time.sleep(0.02)


def ended(store: Store, run: Run) -> Run:
    """The run once it has ended."""
    until(lambda: not find_run(store, run.id).coming)
    return find_run(store, run.id)


def living(run: Run) -> bool:
    """Whether the process that was the run's still is there."""
    with suppress(psutil.Error):
        return run.pid is not None and psutil.Process(run.pid).status() != psutil.STATUS_ZOMBIE
    return False


def attempts(store: Store) -> int:
    """How many processes have begun a run that counts them."""
    file = store.root / "attempts"
    return len(file.read_text()) if file.exists() else 0


def running(store: Store, run: Run) -> Run:
    """The run once it runs and has said something."""
    until(lambda: find_run(store, run.id).progress > 0 and find_run(store, run.id).pid)
    return find_run(store, run.id)


def killed(run: Run) -> None:
    """Kill the process of a run."""
    assert run.pid
    os.kill(run.pid, signal.SIGKILL)
