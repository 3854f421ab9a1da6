"""Cancelling a run: asked first, then killed; with all it started, and nobody else."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path

import psutil
import pytest
from run_cases import ONE, start, state, until

from gradsim_core.runs import Run, cancel_run, load_run, run_state
from gradsim_core.store import Store


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """An empty store, whose run is ended after the test."""
    store = Store(tmp_path)
    yield store
    run = load_run(store, ONE)
    if run:
        cancel_run(store, ONE, grace_s=0)


def test_cancel_asks_first(store: Store) -> None:
    run = start(store, """
def end(*_):
    tell("failed", message="told to stop")
    sys.exit(0)
signal.signal(signal.SIGTERM, end)
helper = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
tell("stage", message=str(helper.pid))
wait_for("end")
""")
    until(lambda: run_state(store, ONE).message != "starting")
    helper = psutil.Process(int(run_state(store, ONE).message))
    begin = time.monotonic()
    assert cancel_run(store, ONE, grace_s=20).state == "cancelled"
    assert time.monotonic() - begin < 10
    assert not psutil.pid_exists(run.pid)
    assert not helper.is_running() or helper.status() == psutil.STATUS_ZOMBIE
    kinds = [event["kind"] for event in store.events(ONE)]
    assert kinds == ["started", "stage", "cancelled", "failed"]  # asked once, and it could answer


def test_cancel_kills_after_the_grace(store: Store) -> None:
    run = start(store, """
signal.signal(signal.SIGTERM, signal.SIG_IGN)
tell("progress", step=1, steps=2)
wait_for("end")
""")
    until(lambda: run_state(store, ONE).progress == 0.5)
    begin = time.monotonic()
    assert cancel_run(store, ONE, grace_s=0.3).state == "cancelled"
    assert 0.3 <= time.monotonic() - begin < 5
    assert not psutil.pid_exists(run.pid)
    assert run_state(store, ONE).progress == 0.5


def test_another_process_with_the_same_id_is_left_alone(store: Store) -> None:
    stranger = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"],
                                start_new_session=True)
    try:
        born = psutil.Process(stranger.pid).create_time()
        run = Run(ONE, stranger.pid, born - 100, "2026-01-01T00:00:00+00:00", 1, ("gone",))
        store.write_json(ONE, "run.json", asdict(run))
        assert state(store) == "interrupted"
        assert cancel_run(store, ONE, grace_s=0).state == "interrupted"
        assert stranger.poll() is None
        store.write_json(ONE, "run.json", asdict(replace(run, create_time=born)))
        assert cancel_run(store, ONE, grace_s=0).state == "cancelled"  # that one is ours
        assert stranger.wait(5) < 0
    finally:
        stranger.kill()
        stranger.wait()


def test_run_outside_a_session_of_its_own_is_cancelled_alone(store: Store) -> None:
    """As from a terminal: the group holds others (here: this test), so only the run is ended."""
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    run = Run(ONE, child.pid, psutil.Process(child.pid).create_time(), "then", 1, ())
    store.write_json(ONE, "run.json", asdict(run))
    assert cancel_run(store, ONE, grace_s=5).state == "cancelled"
    assert child.wait(5) == -15
