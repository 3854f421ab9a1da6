"""Processes that are ended when whoever began them is killed, and only then, and no others."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress

import psutil
import pytest
from run_cases import until

from gradsim_core.backends import watching
from gradsim_core.backends.watching import watch, watched
from gradsim_core.runs.processes import birth

SLEEP = [sys.executable, "-c", "import time; time.sleep(600)"]
DRIVER = """
import subprocess, sys, time
from gradsim_core.backends.watching import watched
sleep, begun = [sys.executable, "-c", "import time; time.sleep(600)"], []
def start():
    begun.append(subprocess.Popen(sleep, start_new_session=True).pid)
    if len(begun) == 2 and sys.argv[1] == "begins":
        print(*begun, flush=True)
        time.sleep(600)
start()
with watched(start):
    start()
    print(*begun, flush=True)
    if sys.argv[1] == "stays":
        time.sleep(600)
"""


@pytest.fixture
def started() -> Iterator[list[int]]:
    """Ids of processes that are ended after the test."""
    pids: list[int] = []
    yield pids
    for pid in pids:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue


def lives(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def driver(what: str, started: list[int], n: int = 3) -> tuple[subprocess.Popen, list[int]]:
    """A process that starts up to three others: before it watches, watched, and afterwards."""
    process = subprocess.Popen([sys.executable, "-c", DRIVER, what], stdout=subprocess.PIPE,
                               text=True)
    assert process.stdout is not None
    pids = [int(one) for one in process.stdout.readline().split()]
    started += [*pids, process.pid]
    assert len(pids) == n
    return process, pids


def test_what_a_killed_process_began_under_watch_is_ended(started: list[int]) -> None:
    process, (before, begun, later) = driver("stays", started)
    watcher = [one for one in psutil.Process(process.pid).children()
               if "watching" in " ".join(one.cmdline())]
    assert len(watcher) == 1
    assert all(map(lives, (before, begun, later)))
    process.kill()
    process.wait()
    until(lambda: not lives(begun))
    assert lives(before)
    assert lives(later)
    until(lambda: not lives(watcher[0].pid)), "and nobody watches any more"


def test_what_outlives_the_block_is_left(started: list[int]) -> None:
    process, pids = driver("ends", started)
    process.wait()
    time.sleep(watching._OWN_END_S + 1)  # longer than a watcher would wait
    assert all(map(lives, pids))


def test_what_is_begun_when_the_process_is_killed_is_ended_too(started: list[int]) -> None:
    """The moment at which it had told nobody yet what it had begun."""
    process, (before, begun) = driver("begins", started, 2)
    process.kill()
    process.wait()
    until(lambda: not lives(begun))
    assert lives(before)


def test_a_process_that_has_another_birth_is_another(started: list[int],
                                                     monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "_OWN_END_S", 0.0)
    one = subprocess.Popen(SLEEP)
    started.append(one.pid)
    born = birth(one.pid)
    assert born is not None
    watch([f"{one.pid} {born - 1000!r}\n"], "nobody")
    assert lives(one.pid)
    watch([f"{one.pid} {born!r}\n"], "nobody")
    assert one.wait(timeout=10) < 0


def test_only_those_with_the_mark_are_ended(started: list[int],
                                            monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "_OWN_END_S", 0.0)
    ours, others = (subprocess.Popen(SLEEP, env={**os.environ, watching.MARK: mark})
                    for mark in ("ours", "others"))
    started += [ours.pid, others.pid]
    watch([], "ours")
    assert ours.wait(timeout=10) < 0
    assert lives(others.pid)
    assert watching.MARK not in os.environ


def test_the_watcher_goes_with_an_error(started: list[int]) -> None:
    with pytest.raises(ValueError, match="no start"), watched(lambda: int("no start")):
        pass
    for one in psutil.Process().children():
        with suppress(psutil.NoSuchProcess):  # what other tests have left may be gone, or a zombie
            assert "watching" not in " ".join(one.cmdline())
