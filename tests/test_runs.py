"""Runs: started once, seen from outside, whoever started them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest
from run_cases import ONE, start, state, until

from gradsim_core import runs
from gradsim_core.errors import RunError
from gradsim_core.runs import (
    RunState,
    cancel_run,
    load_run,
    log_tail,
    record_run,
    run_command,
    run_lock,
    run_state,
    start_run,
)
from gradsim_core.store import Store

ROOT = Path(__file__).parents[1]

@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """An empty store, whose run is ended after the test."""
    store = Store(tmp_path)
    yield store
    run = load_run(store, ONE)
    if run and run.pid != os.getpid():
        cancel_run(store, ONE, grace_s=0)


def test_nothing_there_is_absent(store: Store) -> None:
    assert run_state(store, ONE) == RunState("absent")
    assert log_tail(store, ONE) == ""
    assert load_run(store, ONE) is None
    assert cancel_run(store, ONE) == RunState("absent")


def test_running_then_done(store: Store) -> None:
    run = start(store, """
tell("progress", step=1, steps=4, eta_s=30, message="training")
wait_for("go")
finish()
wait_for("end")
""")
    until(lambda: run_state(store, ONE).progress > 0)
    seen = run_state(store, ONE)
    assert seen == RunState("running", 0.25, "training", 30.0, run.started, run.pid)
    (store.root / "go").touch()
    until(lambda: state(store) != "running")  # done as soon as it says so
    assert run_state(store, ONE) == RunState("done", 1.0, "finished", None, run.started, run.pid)
    (store.root / "end").touch()
    until(lambda: state(store) == "done" and not psutil.pid_exists(run.pid))


def test_how_it_is_started(store: Store) -> None:
    before = psutil.Process().nice()
    run = start(store, """
print(os.environ["OMP_WAIT_POLICY"], os.getsid(0) == os.getpid(), sys.stdin.read() == "")
print(sys.argv[1:], file=sys.stderr)
tell("progress", step=1, steps=1)
wait_for("end")
""", extra_args=("--threads", "1"))
    until(lambda: run_state(store, ONE).progress == 1)
    assert log_tail(store, ONE).splitlines() == ["passive True True", "['--threads', '1']"]
    assert psutil.Process(run.pid).nice() == min(19, before + 5)
    assert store.path(ONE, "study.yaml").read_text() == "steps: 3\n"
    assert run == load_run(store, ONE)
    assert run.attempt == 1
    assert run.argv[-2:] == ("--threads", "1")


def test_the_command_is_our_own(store: Store) -> None:
    assert run_command(store, ONE) == [
        sys.executable, "-m", "gradsim_core", "run", str(store.root / ONE / "study.yaml"),
        "--cache", str(store.root)]


def test_second_start_is_refused(store: Store) -> None:
    run = start(store, 'wait_for("end")')
    with pytest.raises(RunError, match=rf"already under way \(pid {run.pid} since 20"):
        start(store, "finish()")
    assert load_run(store, ONE) == run


def test_of_four_starts_at_once_one_succeeds(store: Store) -> None:
    def one(_: int) -> int | str:
        try:
            return start(store, 'wait_for("end")').pid
        except RunError as error:
            return str(error)

    with ThreadPoolExecutor(4) as threads:
        answers = list(threads.map(one, range(4)))
    run = load_run(store, ONE)
    assert run
    assert [answer for answer in answers if isinstance(answer, int)] == [run.pid]
    refusals = [answer for answer in answers if isinstance(answer, str)]
    assert all(f"already under way (pid {run.pid} since" in refusal for refusal in refusals)
    assert run.attempt == 1


def test_killed_run_is_interrupted_at_once(store: Store) -> None:
    run = start(store, 'tell("progress", step=2, steps=4)\nwait_for("end")')
    until(lambda: run_state(store, ONE).progress == 0.5)
    os.kill(run.pid, 9)
    until(lambda: psutil.Process(run.pid).status() == psutil.STATUS_ZOMBIE)
    seen = run_state(store, ONE)
    assert (seen.state, seen.progress) == ("interrupted", 0.5)
    assert not psutil.pid_exists(run.pid)  # and no zombie is left behind
    again = start(store, 'wait_for("end")')
    assert again.attempt == 2
    assert (state(store), run_state(store, ONE).progress) == ("running", 0.0)


def test_failure_that_it_tells(store: Store) -> None:
    start(store, 'tell("failed", message="afr/train.tsv:3: two columns")\nsys.exit(1)')
    until(lambda: state(store) != "running")
    assert run_state(store, ONE).state == "failed"
    assert run_state(store, ONE).error == "afr/train.tsv:3: two columns"


def test_failure_that_it_cannot_tell(store: Store) -> None:
    start(store, 'print("step 1")\nraise SystemExit("the model is missing")')
    until(lambda: state(store) != "running")
    assert run_state(store, ONE).state == "failed"
    assert run_state(store, ONE).error == "exit code 1: the model is missing"


def test_command_that_is_not_there(store: Store) -> None:
    with pytest.raises(RunError, match=r"/no/such/python cannot be started \(No such file"):
        start_run(store, "", ONE, argv=["/no/such/python"])
    assert state(store) == "failed"


def test_removed_result_is_absent(store: Store) -> None:
    start(store, "finish()")
    until(lambda: state(store) == "done")
    store.remove(ONE, runs.RESULT)
    assert state(store) == "absent"


def test_this_process_records_itself(store: Store) -> None:
    run = record_run(store, ONE)
    assert (run.pid, run.attempt) == (os.getpid(), 1)
    assert state(store) == "running"
    assert record_run(store, ONE) == run
    with pytest.raises(RunError, match=f"pid {os.getpid()}"):
        start(store, "finish()")
    store.append_event(ONE, {"kind": "failed", "message": "no"})
    assert state(store) == "failed"  # though the process lives
    assert record_run(store, ONE).attempt == 2
    assert state(store) == "running"


RECORD = """
import sys
from gradsim_core.runs import record_run, run_lock
from gradsim_core.store import Store
store = Store(sys.argv[1])
with run_lock(store, "{one}"):
    print(record_run(store, "{one}").pid, flush=True)
    sys.stdin.readline()
"""


def test_child_keeps_the_record_of_its_parent(store: Store) -> None:
    code = RECORD.format(one=ONE).replace("sys.stdin.readline()", "import time; time.sleep(60)")
    code = f"import sys\nsys.path.insert(0, {str(ROOT)!r})\n{code}"
    run = start_run(store, "", ONE, argv=[sys.executable, "-c", code, str(store.root)])
    until(lambda: log_tail(store, ONE) == str(run.pid))
    assert load_run(store, ONE) == run
    assert [event["kind"] for event in store.events(ONE)] == ["started"]


def test_lock_is_held_by_one_and_falls_with_it(store: Store) -> None:
    holder = subprocess.Popen([sys.executable, "-c", RECORD.format(one=ONE), str(store.root)],
                              cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert holder.stdout
    assert int(holder.stdout.readline()) == holder.pid
    begin = time.monotonic()
    with pytest.raises(RunError, match=rf"already under way \(pid {holder.pid} since 20"), \
            run_lock(store, ONE):
        pass
    assert time.monotonic() - begin < 1
    with run_lock(store, "other-study"):
        pass
    holder.kill()
    holder.communicate()
    with run_lock(store, ONE):
        assert state(store) == "interrupted"
        with pytest.raises(RunError, match=r"already under way \(another process\)"), \
                run_lock(store, ONE):
            pass
    with run_lock(store, ONE):
        pass


def test_log_tail_is_the_last_lines(store: Store) -> None:
    log = store.folder(ONE) / "log.txt"
    log.write_bytes(b"".join(b"line %d\n" % i for i in range(30_000)) + b"10%\r20%\xff")
    assert log_tail(store, ONE, lines=3) == "line 29999\n10%\n20%\ufffd"
    assert len(log_tail(store, ONE, lines=10**6)) <= 65_536
    assert log_tail(store, ONE, lines=0) == ""


def test_record_is_plain_json(store: Store) -> None:
    record_run(store, ONE)
    record = json.loads(store.path(ONE, "run.json").read_text())["content"]
    assert record["pid"] == os.getpid()
    assert record["create_time"] == pytest.approx(psutil.Process().create_time(), abs=0.1)
