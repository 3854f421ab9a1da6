"""The supervisor: kills of it and of its runs, crash loops, and how it ends."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from run_cases import (
    COUNT,
    attempts,
    ended,
    killed,
    living,
    processes_of,
    running,
    start,
    supervisors_of,
    until,
)
from run_cases import store as store  # noqa: PLC0414 - a fixture

from gradsim_core.runs import ensure_supervisor, find_run, list_runs, resume_run
from gradsim_core.runs.supervisor import MOST_FRUITLESS, supervise
from gradsim_core.storage.store import Store


def test_a_killed_run_is_started_again(store: Store) -> None:
    run = start(store, COUNT + 'tell(attempt)\nwait_for("go")')
    killed(running(store, run))
    until(lambda: find_run(store, run.id).progress == 0.5)
    seen = find_run(store, run.id)
    assert (seen.state, seen.attempt, attempts(store)) == ("running", 2, 2)
    (store.root / "go").touch()
    assert ended(store, run).state == "done"


def test_a_killed_run_is_interrupted_for_a_reader_without_supervisor(store: Store) -> None:
    run = start(store, 'tell(2)\nwait_for("go")')
    seen = running(store, run)
    for supervisor in supervisors_of(store):
        supervisor.kill()
        supervisor.wait()
    killed(seen)
    until(lambda: not living(seen))
    now = find_run(store, run.id)
    assert (now.state, now.live, now.coming, now.progress) == ("interrupted", False, True, 0.5)
    assert list_runs(store, live=True) == []
    ensure_supervisor(store)  # whoever looks at it by a page or a command
    until(lambda: find_run(store, run.id).state == "running")
    assert find_run(store, run.id).attempt == 2


def test_a_crash_loop_ends_in_plain_words(store: Store) -> None:
    act = COUNT + "tell(2)\nos.kill(os.getpid(), 9)"
    run = ended(store, start(store, act))
    assert run.state == "failed"
    assert attempts(store) == 1 + MOST_FRUITLESS  # the first one got further than nothing
    assert "killed 3 times in a row without getting further" in run.error
    assert f"gradsim runs resume {run.id}" in run.error
    assert len(run.error) <= 400
    resume_run(store, run.id)  # and it may be tried again as often
    assert ended(store, run).state == "failed"
    assert attempts(store) == 1 + 2 * MOST_FRUITLESS


def test_many_kills_with_progress_in_between_are_survived(store: Store) -> None:
    """Every second attempt gets further, and eight are killed."""
    act = COUNT + """
tell(attempt // 2, 5)
if attempt <= 8:
    time.sleep(0.6)
    os.kill(os.getpid(), 9)
"""
    run = ended(store, start(store, act))
    assert (run.state, run.attempt, attempts(store)) == ("done", 9, 9)


def test_a_killed_supervisor_leaves_its_runs_to_the_next(store: Store) -> None:
    run = start(store, COUNT + 'tell(1)\nwait_for("on")\ntell(3)\nwait_for("go")')
    waiting = start(store, "pass", key="other")
    before = running(store, run)
    (supervisor,) = supervisors_of(store)
    supervisor.kill()
    supervisor.wait()
    assert find_run(store, run.id).pid == before.pid  # it goes on by itself
    (store.root / "on").touch()
    until(lambda: find_run(store, run.id).progress == 0.75)
    ensure_supervisor(store)
    until(lambda: supervisors_of(store))
    time.sleep(1.5)  # time enough for a second start, if there were one
    assert (find_run(store, run.id).pid, attempts(store)) == (before.pid, 1)
    assert find_run(store, waiting.id).state == "queued"
    killed(before)  # the next supervisor, which is not its parent, sees that too
    until(lambda: attempts(store) == 2)
    (store.root / "go").touch()
    assert ended(store, run).attempt == 2
    assert ended(store, waiting).state == "done"


def test_what_ended_while_nobody_watched_is_taken_as_it_said(store: Store) -> None:
    run = start(store, COUNT + 'tell(1)\nwait_for("go")')
    before = running(store, run)
    for supervisor in supervisors_of(store):
        supervisor.kill()
        supervisor.wait()
    (store.root / "go").touch()
    until(lambda: find_run(store, run.id).state == "done")
    until(lambda: not living(before))
    start(store, "pass", key="other")  # which starts a supervisor
    until(lambda: list_runs(store)[0].state == "done")
    assert (find_run(store, run.id).state, attempts(store)) == ("done", 1)


def test_there_is_one_supervisor_and_it_ends_by_itself(store: Store) -> None:
    run = start(store, 'wait_for("go")')
    until(lambda: find_run(store, run.id).state == "running")
    (first,) = supervisors_of(store)
    supervise(store.root)  # returns: another one holds the lock
    command = [sys.executable, "-m", "gradsim_core", "supervise", "--cache", str(store.root)]
    assert subprocess.run(command, check=False, timeout=60).returncode == 0
    assert supervisors_of(store) == [first]
    assert first.nice() >= 5
    assert os.getsid(first.pid) == first.pid
    (store.root / "go").touch()
    first.wait(timeout=30)
    assert find_run(store, run.id).state == "done"
    assert processes_of(store) == []


@pytest.mark.parametrize("value", ["", "none", "-3", "0"])
def test_a_wrong_number_of_runs_at_once_is_one(store: Store, value: str,
                                               monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRADSIM_RUNS_AT_ONCE", value)
    first, second = (start(store, 'wait_for("go")', key=name) for name in ("one", "other"))
    until(lambda: find_run(store, first.id).state == "running")
    time.sleep(1.0)  # time enough for the second one, if there were room for it
    assert find_run(store, second.id).state == "queued"
    (store.root / "go").touch()
    assert ended(store, first).state == ended(store, second).state == "done"


def test_killed_runs_and_supervisors_end_with_the_same_result() -> None:
    """A few kills of the real command; by hand with more: python tests/kill_runs.py."""
    script = Path(__file__).parent / "kill_runs.py"
    done = subprocess.run([sys.executable, str(script), "--kills", "1", "--supervisor-kills", "2"],
                          capture_output=True, text=True, check=False, timeout=600)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 failed, 0 different, 0 torn, 0 strays, 0 double, 0 orphans" in done.stdout
