"""Cancelling a run: asked first, then killed; with all it started, and nobody else."""

from __future__ import annotations

import subprocess
import sys
import time

import psutil
import pytest
from run_cases import ONE, ended, living, start, supervisors_of, until, written
from run_cases import store as store  # noqa: PLC0414 - a fixture

from gradsim_core.errors import RunError
from gradsim_core.runs import cancel_run, find_run, resume_run
from gradsim_core.runs.processes import end_family
from gradsim_core.storage.store import Store


def gone(process: psutil.Process) -> bool:
    return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE


def test_cancel_asks_first(store: Store) -> None:
    """The run and its helper are told to stop; what it says then does not make it failed."""
    run = start(store, """
def end(*_):
    (store.root / "asked").touch()
    raise RuntimeError("told to stop")
signal.signal(signal.SIGTERM, end)
helper = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
tell(2, message=str(helper.pid))
wait_for("end")
""")
    until(lambda: find_run(store, run.id).progress == 0.5)
    seen = find_run(store, run.id)
    helper = psutil.Process(int(seen.message))
    begin = time.monotonic()
    cancelled = cancel_run(store, run.id, grace_s=20)
    assert (cancelled.state, cancelled.error, cancelled.progress) == ("cancelled", "", 0.5)
    assert time.monotonic() - begin < 15
    assert (store.root / "asked").exists()
    assert not living(seen)
    assert gone(helper)
    time.sleep(0.8)  # the supervisor does not start it again
    assert find_run(store, run.id).state == "cancelled"


def test_cancel_kills_after_the_grace(store: Store) -> None:
    """A stubborn run with a stubborn helper in a session of its own."""
    run = start(store, """
signal.signal(signal.SIGTERM, signal.SIG_IGN)
helper = subprocess.Popen([sys.executable, "-c", "import signal, time; "
    "signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(60)"], start_new_session=True)
time.sleep(0.5)
tell(2, message=str(helper.pid))
wait_for("end")
""")
    until(lambda: find_run(store, run.id).progress == 0.5)
    seen = find_run(store, run.id)
    helper = psutil.Process(int(seen.message))
    begin = time.monotonic()
    assert cancel_run(store, run.id, grace_s=0.5).state == "cancelled"
    assert time.monotonic() - begin >= 0.5
    assert not living(seen)
    assert gone(helper)


def test_a_queued_run_is_cancelled_and_never_starts(store: Store) -> None:
    first = start(store, 'wait_for("go")')
    second = start(store, '(store.root / "started").touch()', key="other")
    until(lambda: find_run(store, first.id).state == "running")
    cancelled = cancel_run(store, second.id)
    assert (cancelled.state, cancelled.started) == ("cancelled", None)
    (store.root / "go").touch()
    assert ended(store, first).state == "done"
    assert not (store.root / "started").exists()
    resume_run(store, second.id)
    assert ended(store, second).state == "done"
    assert (store.root / "started").exists()


def test_a_cancelled_run_goes_on_when_resumed(store: Store) -> None:
    run = start(store, """
part = store.root / "part"
tell(2 if part.exists() else 1)
part.touch()
wait_for("go")
""")
    until(lambda: find_run(store, run.id).progress == 0.25)
    assert cancel_run(store, run.id, grace_s=5).state == "cancelled"
    resume_run(store, run.id)
    until(lambda: find_run(store, run.id).progress == 0.5)
    (store.root / "go").touch()
    done = ended(store, run)
    assert (done.state, done.attempt) == ("done", 2)


@pytest.mark.parametrize("state", ["done", "failed", "cancelled", "interrupted"])
def test_what_is_not_live_is_left_as_it_is(store: Store, state: str) -> None:
    run = written(store, state=state, error="as it was")
    assert cancel_run(store, run.id, grace_s=0) == run


def test_cancelled_without_a_supervisor_or_after_its_death(store: Store) -> None:
    run = start(store, 'tell(1)\nwait_for("go")')
    until(lambda: find_run(store, run.id).progress > 0)
    seen = find_run(store, run.id)
    for supervisor in supervisors_of(store):
        supervisor.kill()
        supervisor.wait()
    assert cancel_run(store, run.id, grace_s=5).state == "cancelled"
    assert not living(seen)


def test_the_stranger_and_the_run_itself(store: Store) -> None:
    stranger = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"],
                                start_new_session=True)
    try:
        born = psutil.Process(stranger.pid).create_time()
        alike = written(store, state="running", pid=stranger.pid, create_time=born - 100)
        assert find_run(store, alike.id).state == "interrupted"
        assert cancel_run(store, alike.id, grace_s=0).state == "cancelled"
        assert stranger.poll() is None
        own = written(store, state="running", pid=stranger.pid, create_time=born)
        assert cancel_run(store, own.id, grace_s=0).state == "cancelled"  # that one is ours
        assert stranger.wait(5) < 0
    finally:
        stranger.kill()
        stranger.wait()


def test_run_outside_a_session_of_its_own_is_cancelled_alone(store: Store) -> None:
    """As from a terminal: the group holds others (here: this test), so only the run is ended."""
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    run = written(store, state="running", pid=child.pid,
                  create_time=psutil.Process(child.pid).create_time())
    assert cancel_run(store, run.id, grace_s=5).state == "cancelled"
    assert child.wait(5) == -15


@pytest.mark.parametrize(("answer", "words"), [
    (PermissionError(), "belongs to another user"), (False, "does not end")])
def test_what_cannot_be_ended_is_said(store: Store, monkeypatch: pytest.MonkeyPatch,
                                      answer: object, words: str) -> None:
    def refuses(*_: object) -> object:
        if isinstance(answer, Exception):
            raise answer
        return answer

    me = psutil.Process()
    run = written(store, state="running", pid=me.pid, create_time=me.create_time())
    monkeypatch.setattr("gradsim_core.runs.steering.end_family", refuses)
    with pytest.raises(RunError, match=words) as error:
        cancel_run(store, run.id)
    assert run.id in str(error.value)
    assert (find_run(store, run.id).state, find_run(store, run.id).cancelling) == ("running", False)
    assert end_family is not refuses
    assert run.signature == ONE
