"""The supervisor: kills of it and of its children, crash loops, and ids that are given again."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
from run_cases import (
    ONE,
    act_command,
    ended,
    living,
    processes_of,
    start,
    supervisors_of,
    until,
    written,
)
from run_cases import store as store  # noqa: PLC0414 - a fixture

from gradsim_core.runs import cancel_run, ensure_supervisor, find_run, list_runs, resume_run
from gradsim_core.runs.attending import MARK
from gradsim_core.runs.supervisor import MOST_FRUITLESS, supervise
from gradsim_core.runs.table import Run, RunTable
from gradsim_core.storage.store import Store

# Each attempt writes its number to a file, and is told by others what to do.
COUNT = """
count = store.root / "attempts"
with open(count, "a") as file:
    file.write("x")
attempt = len(count.read_text())
"""


def attempts(store: Store) -> int:
    """How many processes have begun the run."""
    file = store.root / "attempts"
    return len(file.read_text()) if file.exists() else 0


def running(store: Store, run: Run) -> Run:
    """The run once it runs and has said something."""
    until(lambda: find_run(store, run.id).progress > 0 and find_run(store, run.id).pid)
    return find_run(store, run.id)


def killed(run: Run) -> None:
    assert run.pid
    os.kill(run.pid, signal.SIGKILL)


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


@pytest.mark.parametrize("value", ["", "none", "-3", "0"])
def test_a_wrong_number_of_runs_at_once_is_one(store: Store, value: str,
                                               monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRADSIM_RUNS_AT_ONCE", value)
    assert ended(store, start(store, "pass")).state == "done"


def test_killed_runs_and_supervisors_end_with_the_same_result() -> None:
    """A few kills of the real command; by hand with more: python tests/kill_runs.py."""
    script = Path(__file__).parent / "kill_runs.py"
    done = subprocess.run([sys.executable, str(script), "--kills", "1", "--supervisor-kills", "2"],
                          capture_output=True, text=True, check=False, timeout=600)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 failed, 0 different, 0 torn, 0 strays, 0 double, 0 orphans" in done.stdout
