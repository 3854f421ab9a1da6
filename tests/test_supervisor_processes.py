"""The supervisor and processes: ids given again, marks, clocks, and what a run had started."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import psutil
from run_cases import (
    COUNT,
    ONE,
    act_command,
    attempts,
    ended,
    killed,
    living,
    processes_of,
    running,
    start,
    until,
    written,
)
from run_cases import store as store  # noqa: PLC0414 - a fixture

from gradsim_core.runs import cancel_run, ensure_supervisor, find_run
from gradsim_core.runs.attending import MARK
from gradsim_core.runs.table import RunTable
from gradsim_core.storage.store import Store


def test_a_process_that_only_has_the_id_is_left_alone(store: Store) -> None:
    """A row of before the last restart, whose id now belongs to a stranger."""
    stranger = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"],
                                start_new_session=True)
    try:
        born = psutil.Process(stranger.pid).create_time()
        act = act_command(store, COUNT + "tell(4)")
        run = written(store, supervised=True, state="running", pid=stranger.pid,
                      create_time=born - 100, argv=tuple(act), folder=str(Path.cwd()), attempt=1)
        alone = written(store, state="running", key="x", pid=stranger.pid, create_time=born - 100)
        assert find_run(store, run.id).state == "interrupted"
        assert cancel_run(store, alone.id, grace_s=0).state == "cancelled"
        ensure_supervisor(store)
        done = ended(store, run)
        assert (done.state, done.attempt, attempts(store)) == ("done", 2, 1)
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


def test_a_clock_that_is_set_makes_no_run_dead(store: Store) -> None:
    """Births move with the clock; the run's own mark does not."""
    run = start(store, COUNT + 'tell(1)\nwait_for("go")')
    seen = running(store, run)
    assert RunTable(store.root).change(run.id, {}, create_time=(seen.create_time or 0) - 3600)
    time.sleep(1.0)
    assert (find_run(store, run.id).state, attempts(store)) == ("running", 1)
    (store.root / "go").touch()
    assert ended(store, run).attempt == 1


def test_no_second_process_for_a_run_whose_supervisor_could_not_write_it_down(
        store: Store) -> None:
    """The row says queued, but its process lives: the supervisor was killed between the two."""
    act = act_command(store, COUNT + 'wait_for("go")', attend=False)
    run = written(store, supervised=True, argv=tuple(act), folder=str(Path.cwd()))
    process = subprocess.Popen(act, env={**os.environ, MARK: run.id}, start_new_session=True)
    until(lambda: attempts(store) == 1)
    ensure_supervisor(store)
    until(lambda: find_run(store, run.id).pid == process.pid)
    time.sleep(1.0)
    assert attempts(store) == 1
    (store.root / "go").touch()
    process.wait(timeout=30)
    assert ended(store, run).state == "done"
    assert attempts(store) == 2  # how the first one ended only its parent could know


def test_a_process_that_comes_too_late_does_not_begin(store: Store) -> None:
    """Two processes were started for one run: only the first to come gets it."""
    run = written(store, supervised=True)
    act = act_command(store, COUNT + 'wait_for("go")')
    first = subprocess.Popen(act, env={**os.environ, MARK: run.id})
    until(lambda: attempts(store) == 1)
    second = subprocess.run(act, env={**os.environ, MARK: run.id}, capture_output=True, text=True,
                            check=False)
    assert "already under way" in second.stderr
    assert attempts(store) == 1
    (store.root / "go").touch()
    first.wait(timeout=30)
    assert find_run(store, run.id).state == "done"
    late = subprocess.run(act, env={**os.environ, MARK: run.id}, capture_output=True, text=True,
                          check=False)
    assert "is done, so it does not start" in late.stderr


def test_what_a_killed_run_had_started_is_ended_first(store: Store) -> None:
    act = COUNT + """
if attempt == 1:
    worker = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)",
                               str(store.root)], start_new_session=True)
    tell(1, message=str(worker.pid))
wait_for("go")
"""
    run = start(store, act)
    seen = running(store, run)
    worker = psutil.Process(int(seen.message))
    killed(seen)
    until(lambda: attempts(store) == 2)
    assert not worker.is_running() or worker.status() == psutil.STATUS_ZOMBIE
    (store.root / "go").touch()
    assert ended(store, run).state == "done"


def test_what_a_killed_run_had_started_may_tidy_up(store: Store) -> None:
    """One helper cleans up when it is asked to end; another does not heed, and is killed."""
    act = COUNT + """
if attempt == 1:
    for name, trap in (("one", "touch tidied; exit"), ("other", "")):
        script = f"trap '{trap}' TERM; touch {name}; while :; do sleep 0.1; done"
        subprocess.Popen(["sh", "-c", script, str(store.root)], cwd=store.root)
        wait_for(name)
    tell(1)
wait_for("go")
"""
    run = start(store, act)
    seen = running(store, run)
    killed(seen)
    until(lambda: attempts(store) == 2)
    assert (store.root / "tidied").exists()
    assert not [one for one in processes_of(store) if "sh" in one.cmdline()]
    (store.root / "go").touch()
    assert ended(store, run).state == "done"


def test_a_supervised_run_that_starts_another_keeps_its_row(store: Store) -> None:
    """The mark is inherited; a run of another key opens a row of its own."""
    inner = act_command(store, "pass", key="inner")
    run = ended(store, start(store, f"subprocess.run({inner!r}, check=True)"))
    assert run.state == "done"
    (found,) = RunTable(store.root).rows(key="inner")
    assert (found.state, found.supervised, found.signature) == ("done", False, ONE)


def test_without_its_table_a_run_is_ended_and_its_supervisor_too(store: Store) -> None:
    """Somebody has removed the cache folder: nobody could see the run, or stop it."""
    seen = running(store, start(store, 'tell(1)\nwait_for("go")'))
    shutil.rmtree(store.root)
    until(lambda: not living(seen) and not processes_of(store))
