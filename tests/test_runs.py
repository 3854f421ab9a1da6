"""Runs: queued once, started by the supervisor, seen from outside, whoever asked for them."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
from run_cases import ONE, act_command, end_all, ended, start, until, written
from run_cases import store as store  # noqa: PLC0414 - a fixture
from store_cases import let_go

from gradsim_core.errors import RunError
from gradsim_core.runs import (
    ensure_supervisor,
    find_run,
    list_runs,
    resume_run,
    run_log,
    study_run,
    study_state,
    submit_run,
    submit_study,
)
from gradsim_core.storage.store import Store

ROOT = Path(__file__).parents[1]
WAIT = 'wait_for("go")'


def test_nothing_there(store: Store) -> None:
    assert list_runs(store) == []
    assert study_run(store, ONE) is None
    assert study_state(None, False) == "absent"
    ensure_supervisor(store)
    with pytest.raises(RunError, match=r"No run begins with 'ab'. Runs here: none"):
        find_run(store, "ab")
    assert not store.root.exists()


def test_queued_then_running_then_done(store: Store) -> None:
    run = start(store, 'tell(1)\nwait_for("go")')
    assert (run.state, run.live, run.kind, run.signature) == ("queued", True, "study", ONE)
    assert study_state(run, True) == "queued"  # a finished study, computed again
    until(lambda: find_run(store, run.id).progress > 0)
    seen = find_run(store, run.id[:6])
    assert (seen.state, seen.progress) == ("running", 0.25)
    assert (seen.message, seen.eta_s) == ("training", 30)
    assert psutil.Process(seen.pid).is_running()
    assert study_run(store, ONE) == seen
    (store.root / "go").touch()
    done = ended(store, run)
    assert (done.state, done.progress, done.eta_s, done.attempt) == ("done", 1.0, None, 1)
    assert done.created <= (done.started or "") <= (done.ended or "")
    assert study_state(done, True) == "done"
    assert study_state(done, False) == "absent"  # its result was removed
    assert list_runs(store, live=True) == []
    assert list_runs(store, kind="train") == []
    assert list_runs(store, signature=ONE) == [done]


def test_how_it_is_started(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    run = start(store, """
print(os.environ["OMP_WAIT_POLICY"], os.environ["GRADSIM_RUN"], os.getcwd())
print(os.getsid(0) == os.getpid(), sys.stdin.read() == "", os.nice(0) >= 5)
print("to stderr", file=sys.stderr)
""")
    assert ended(store, run).state == "done"
    assert run_log(store, run.id).splitlines() == [
        f"passive {run.id} {tmp_path}", "True True True", "to stderr"]
    assert Path(run.log) == store.root / ".runs" / f"{run.id}.log"


def test_a_study_is_submitted_with_its_file(store: Store) -> None:
    run = submit_study(store, ONE, "steps: 3\nrows: 9\n", "Mine")
    file = store.path(ONE, "study.yaml")
    assert run.argv == (sys.executable, "-m", "gradsim_core", "run", str(file), "--cache",
                        str(store.root))
    assert (run.title, file.read_text()) == ("Mine", "steps: 3\nrows: 9\n")
    failed = ended(store, run)  # it fails before it attends its run: 8 snapshots of 3 steps
    assert failed.state == "failed"
    assert failed.error.startswith(f"{file}: study: snapshots (8) cannot exceed steps (3).")


def test_a_key_has_one_live_run(store: Store) -> None:
    run = start(store, WAIT)
    with pytest.raises(RunError, match=f"already under way .run {run.id}, queued since 20"):
        start(store, WAIT)
    until(lambda: find_run(store, run.id).pid)
    with pytest.raises(RunError, match=rf"run {run.id}, pid \d+ since 20.*gradsim runs cancel"):
        start(store, WAIT)
    other = start(store, "pass", key="another")
    assert [one.id for one in list_runs(store)] == [other.id, run.id]
    (store.root / "go").touch()
    assert ended(store, run).state == "done"
    assert start(store, "pass").id != run.id  # the key is free again


SUBMIT = """
import sys
from gradsim_core.errors import RunError
from gradsim_core.runs import submit_run
from gradsim_core.storage.store import Store
print("ready", flush=True); sys.stdin.readline()
try:
    print(submit_run(Store(sys.argv[1]), "one", "train", [sys.executable, "-c", ""], key="k").id)
except RunError as error:
    print(error)
"""


def test_of_five_submitters_at_once_one_wins(store: Store) -> None:
    writers = [subprocess.Popen([sys.executable, "-c", SUBMIT, str(store.root)], text=True,
                                stdin=subprocess.PIPE, stdout=subprocess.PIPE)
               for _ in range(5)]
    let_go(writers)
    answers = [writer.communicate(timeout=60)[0].strip() for writer in writers]
    (run,) = list_runs(store)
    assert answers.count(run.id) == 1
    assert sum("already under way" in answer for answer in answers) == 4


def test_runs_wait_for_their_turn(store: Store) -> None:
    """One at once; the one that was queued first comes first."""
    note = 'open(store.root / "order", "a").write("{}\\n")'
    runs = [start(store, f"{note.format(name)}\n{'wait_for(chr(103) + chr(111))' * first}",
                  key=name)
            for name, first in (("a", True), ("b", False), ("c", False))]
    until(lambda: find_run(store, runs[0].id).state == "running")
    assert [find_run(store, run.id).state for run in runs] == ["running", "queued", "queued"]
    (store.root / "go").touch()
    assert [ended(store, run).state for run in runs] == ["done"] * 3
    assert (store.root / "order").read_text().split() == ["a", "b", "c"]


def test_several_at_once_where_asked(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRADSIM_RUNS_AT_ONCE", "2")
    runs = [start(store, WAIT, key=name) for name in "abc"]
    until(lambda: [find_run(store, run.id).state for run in runs] ==
          ["running", "running", "queued"])
    (store.root / "go").touch()
    assert [ended(store, run).state for run in runs] == ["done"] * 3


@pytest.mark.parametrize(("act", "error"), [
    ("from gradsim_core.errors import DataError\nraise DataError('afr.tsv:3: two columns')",
     "afr.tsv:3: two columns"),
    ("1 / 0", "ZeroDivisionError: division by zero"),
    ("raise MemoryError", "Not enough memory. Lower batch_size"),
])
def test_a_failure_that_it_tells(store: Store, act: str, error: str) -> None:
    run = ended(store, start(store, act))
    assert run.state == "failed"
    assert error in run.error


@pytest.mark.parametrize(("act", "error"), [
    ('print("step 1")\nraise SystemExit("the model is missing")',
     "exit code 1: the model is missing"),
    ("os._exit(3)", "exit code 3: it printed nothing")])
def test_a_failure_that_it_cannot_tell(store: Store, act: str, error: str) -> None:
    run = ended(store, start(store, act, attend=False))
    assert (run.state, run.error) == ("failed", error)


def test_a_command_that_says_nothing_and_ends_well_is_done(store: Store) -> None:
    assert ended(store, start(store, "pass", attend=False)).state == "done"


@pytest.mark.parametrize(("argv", "folder", "words"), [
    (["/no/such/python"], "/", r"/no/such/python cannot be started in / \(No such file"),
    ([sys.executable], "/no/such/folder", r"in /no/such/folder \(No such file"),
    ([], "/", "nothing cannot be started")])
def test_what_cannot_be_started_is_said(store: Store, argv: list[str], folder: str,
                                        words: str) -> None:
    run = written(store, supervised=True, argv=tuple(argv), folder=folder)
    ensure_supervisor(store)
    failed = ended(store, run)
    assert failed.state == "failed"
    assert re.search(words, failed.error)


def test_resumed_after_a_failure(store: Store) -> None:
    run = start(store, """
if not (store.root / "mended").exists():
    raise SystemExit("broken")
""", attend=False)
    assert ended(store, run).state == "failed"
    (store.root / "mended").touch()
    again = resume_run(store, run.id)
    assert (again.id, again.state, again.error) == (run.id, "queued", "")
    with pytest.raises(RunError, match="already under way"):
        resume_run(store, run.id)
    done = ended(store, run)
    assert (done.state, done.attempt) == ("done", 2)
    with pytest.raises(RunError, match="is done: there is nothing left to resume"):
        resume_run(store, run.id)


def test_resume_waits_for_its_key(store: Store) -> None:
    first = ended(store, start(store, 'raise SystemExit("no")', attend=False))
    second = start(store, WAIT)
    with pytest.raises(RunError, match=f"already under way .run {second.id}"):
        resume_run(store, first.id)
    assert find_run(store, first.id).state == "failed"


def test_the_log_is_read_from_its_end(store: Store) -> None:
    run = written(store, state="done", supervised=True)
    assert run_log(store, run.id) == ""
    Path(run.log).parent.mkdir(exist_ok=True)
    Path(run.log).write_bytes(b"".join(b"line %d\n" % i for i in range(30_000)) + b"10%\r20%\xff")
    assert run_log(store, run.id, lines=3) == "line 29999\n10%\n20%\ufffd"
    assert len(run_log(store, run.id, lines=10**6)) <= 65_536
    assert run_log(store, run.id, lines=0) == ""
    assert run_log(store, written(store, state="failed").id) == ""  # it was in a terminal


def test_a_run_attended_in_a_terminal(store: Store) -> None:
    """It is seen and refused like any other, and interrupted, not restarted, when killed."""
    process = subprocess.Popen(act_command(store, 'tell(2)\nwait_for("go")'))
    until(lambda: list_runs(store) and list_runs(store)[0].progress == 0.5)
    (run,) = list_runs(store, live=True)
    assert (run.state, run.pid, run.supervised, run.attempt) == ("running", process.pid, False, 1)
    with pytest.raises(RunError, match=f"already under way .run {run.id}, pid {process.pid}"):
        start(store, WAIT)
    second = subprocess.run(act_command(store, "pass"), capture_output=True, text=True,
                            check=False)
    assert "already under way" in second.stderr
    process.send_signal(signal.SIGKILL)
    process.wait()
    seen = find_run(store, run.id)
    assert (seen.state, seen.progress, seen.live, seen.coming) == ("interrupted", 0.5, False, False)
    assert list_runs(store, live=True) == []
    next_one = start(store, "pass")  # the key is free, though nobody has tidied up
    assert ended(store, next_one).state == "done"
    assert find_run(store, run.id).state == "interrupted"
    assert resume_run(store, run.id).argv[1:] == tuple(act_command(store, "")[1:2]) + run.argv[2:]
    (store.root / "go").touch()
    again = ended(store, run)  # by its own command, now supervised
    assert (again.state, again.attempt, again.supervised) == ("done", 2, True)


def test_rows_are_plain(store: Store) -> None:
    run = written(store, title="x", argv=("a", "b c"))
    end_all(store)
    assert json.loads(json.dumps(run.argv)) == ["a", "b c"]
    assert run.pid is None
    assert os.path.isfile(store.root / "runs.sqlite")
    assert submit_run(store, ONE, "train", ["x"], key="other").title == ""
