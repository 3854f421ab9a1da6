"""Runs from the command line: how each of their ends is told."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Iterator

import pytest
from cli_cases import Gradsim
from run_cases import ONE, end_all, ended, start, until, written
from store_cases import store as store  # noqa: PLC0414 - a fixture

from gradsim_core.cli.printing import progress_shown
from gradsim_core.errors import RunError
from gradsim_core.prepared import prepare
from gradsim_core.results import GRAMS, SCORES
from gradsim_core.runs import STUDY, attend_run, find_run, list_runs, resume_run, submit_study
from gradsim_core.storage.store import Store
from gradsim_core.study_text import study_from, study_yaml
from gradsim_core.training import joint

TINY = ("run", "--steps", 2, "--snapshots", 1, "--batch-size", 2, "--languages", "deu,nld",
        "--rows", 8)


@pytest.fixture
def gradsim(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
            store: Store) -> Gradsim:
    monkeypatch.setenv("GRADSIM_CACHE", str(store.root))
    return Gradsim(monkeypatch, capsys)


def last_run(store: Store) -> tuple[str, str]:
    run = list_runs(store)[0]
    return run.state, run.error


@pytest.mark.parametrize(("error", "code", "kind", "words"), [
    (KeyboardInterrupt(), 1, "cancelled", "The same command goes on"),
    (RunError("Step 3: the gradients of deu explode. Lower learning_rate."), 1, "failed",
     "Step 3: the gradients of deu explode"),
    (MemoryError(), 1, "failed", "Not enough memory. Lower batch_size"),
    (RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried"), 1, "failed",
     "Not enough memory"),
])
def test_an_end_before_its_time_is_told(gradsim: Gradsim, store: Store, error: BaseException,
                                        monkeypatch: pytest.MonkeyPatch, code: int, kind: str,
                                        words: str) -> None:
    def ends(*_: object) -> None:
        raise error

    monkeypatch.setattr(joint, "run_joint_trial", ends)
    answer = gradsim(*TINY)
    assert (answer.code, answer.out) == (code, "")
    assert words in answer.err
    assert "Traceback" not in answer.err
    assert last_run(store)[0] == kind
    with attend_run(store, list_runs(store)[0].signature, STUDY):  # it has been let go
        pass


def test_a_fault_of_ours_is_told_and_not_hidden(gradsim: Gradsim, store: Store,
                                                monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object) -> None:
        raise ZeroDivisionError("a fault")

    monkeypatch.setattr(joint, "run_joint_trial", fails)
    with pytest.raises(ZeroDivisionError):
        gradsim(*TINY)
    assert last_run(store) == ("failed", "ZeroDivisionError: a fault")


def test_a_run_under_way_is_not_run_twice(gradsim: Gradsim, store: Store,
                                          monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(joint, "run_joint_trial", lambda *_: pytest.fail("it was run"))
    with pytest.raises(BaseException, match="it was run"):  # so the name of the study is known
        gradsim(*TINY)
    (name,) = store.signatures()
    with attend_run(store, name, STUDY):
        answer = gradsim(*TINY)
    assert answer.code == 1
    assert f"{name}/study: already under way" in answer.err


def test_what_is_missing_is_computed_again(gradsim: Gradsim, store: Store) -> None:
    first = json.loads(gradsim(*TINY, "--json").out)
    name = first["signature"]
    assert json.loads(gradsim(*TINY, "--json").out)["reused"] is True
    arrays = store.read_tensors(name, GRAMS)
    store.remove(name, SCORES)
    again = json.loads(gradsim(*TINY, "--json").out)
    assert (again["reused"], again["scores"]) == (False, first["scores"])
    file = store.path(name, GRAMS)
    file.write_bytes(file.read_bytes()[:-1])
    assert json.loads(gradsim(*TINY, "--json").out)["reused"] is False
    after = store.read_tensors(name, GRAMS)
    assert arrays is not None
    assert after is not None
    assert all((arrays[0][key] == after[0][key]).all() for key in ("sums", "steps"))


def test_studies_are_shown_where_the_history_of_runs_is_damaged(
        gradsim: Gradsim, store: Store, caplog: pytest.LogCaptureFixture) -> None:
    name = json.loads(gradsim(*TINY, "--json").out)["signature"]
    (store.root / "runs.sqlite").write_text("damaged")
    answers = [gradsim("list", "--json"), gradsim("show", "--json")]
    assert [answer.code for answer in answers] == [0, 0], answers
    (row,), shown = (json.loads(answer.out) for answer in answers)
    assert (row["signature"], row["state"], row["progress"]) == (name, "done", 1.0)
    assert (shown["state"], shown["run"]) == ("done", None)
    told = [record.message for record in caplog.records if "Move it away" in record.message]
    assert len(told) == len(answers), "each says once what is damaged, and what to do"


class Terminal(io.StringIO):
    """What says that it is a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize("stream", [Terminal(), io.StringIO()])
def test_progress_is_a_bar_for_people_and_a_few_lines_in_a_log(
        monkeypatch: pytest.MonkeyPatch, stream: io.StringIO) -> None:
    monkeypatch.setattr(sys, "stderr", stream)
    with progress_shown("0123", 100) as show:
        show({"kind": "stage", "message": "Training [red]"})
        for step in range(1, 101):
            show({"kind": "progress", "step": step, "steps": 100, "loss": 1.5, "eta_s": 30.0})
        show({"kind": "done", "step": 100, "steps": 100})
    text = stream.getvalue()
    assert "Training [red]" in text
    if stream.isatty():
        assert "100/100" in text
        assert "%|" in text
    else:  # at most a line in ten seconds, each of its own
        assert text == "Training [red]\nStep 1 of 100, loss 1.5, about 30 s left\n"


# gradsim runs

@pytest.fixture
def own_runs(store: Store) -> Iterator[Store]:
    """The store, whose supervisor and runs are ended after the test."""
    yield store
    end_all(store)


def test_runs_are_listed_shown_cancelled_and_resumed(gradsim: Gradsim, own_runs: Store) -> None:
    store = own_runs
    run = start(store, 'print("hello \\x1b[31m")\ntell(1)\nwait_for("go")')
    until(lambda: find_run(store, run.id).progress == 0.25)
    other = written(store, state="failed", key="x", title="[red]x[/]\x1b", error="no [b]room")
    answer = gradsim("runs")
    assert answer.code == 0, answer.err
    lines = [line for line in answer.out.splitlines() if line[:1] == "│"]
    assert [run.id in lines[1], other.id in lines[0]] == [True, True]  # newest first
    assert "25%" in lines[1]
    assert "30 s" in lines[1]
    assert r"[red]x[/]\x1b" in lines[0]
    assert [one["id"] for one in json.loads(gradsim("runs", "--json").out)] == [other.id, run.id]
    (live,) = json.loads(gradsim("runs", "--live", "--json").out)
    assert (live["id"], live["state"], live["argv"][0]) == (run.id, "running", sys.executable)

    shown = gradsim("runs", "show", run.id[:7])
    assert f"Run {run.id} (study , study {ONE}) is running, 25% done: training" in shown.err
    assert json.loads(gradsim("runs", "show", run.id, "--json").out)["progress"] == 0.25
    assert "no [b]room" in gradsim("runs", "show", other.id).err
    assert gradsim("runs", "log", run.id).out == "hello \\x1b[31m\n"
    assert json.loads(gradsim("runs", "log", run.id, "--json").out)["lines"] == [
        "hello \x1b[31m"]
    assert "was started in a terminal" in gradsim("runs", "log", other.id).err

    answer = gradsim("runs", "cancel", run.id, "--grace", 5)
    assert (answer.code, answer.out) == (0, "")
    assert f"Run {run.id} is cancelled. Go on with: gradsim runs resume" in answer.err
    assert "was not live: it is cancelled" in gradsim("runs", "cancel", run.id).err
    assert json.loads(gradsim("runs", "cancel", run.id, "--json").out)["state"] == "cancelled"
    assert f"Run {run.id} is queued again" in gradsim("runs", "resume", run.id).err
    assert gradsim("runs", "resume", run.id).code == 1
    (store.root / "go").touch()
    assert ended(store, run).state == "done"
    assert gradsim("runs", "--live").err.startswith("No live runs in")


def test_runs_that_are_not_there(gradsim: Gradsim, store: Store) -> None:
    answer = gradsim("runs")
    assert (answer.code, answer.out) == (0, "")
    assert "No runs in" in answer.err
    for command in ("show", "log", "cancel", "resume"):
        answer = gradsim("runs", command, "abc")
        assert answer.code == 2
        assert "No run begins with 'abc'" in answer.err
    assert not store.root.exists()


def test_an_option_before_the_command_is_not_passed_over(gradsim: Gradsim, store: Store) -> None:
    answer = gradsim("runs", "--cache", store.root, "show", "abc")
    assert answer.code == 2
    assert "Options stand after the command: gradsim runs show" in answer.err


def test_a_study_in_the_background_ends_like_one_in_front(gradsim: Gradsim,
                                                          own_runs: Store) -> None:
    """The real command, queued; cancelled on its way, resumed, and then reused."""
    store = own_runs
    study = study_from({"steps": 30, "snapshots": 1, "batch_size": 2, "languages": ["deu", "nld"],
                        "rows": 8})
    name = prepare(study).signature
    run = submit_study(store, name, study_yaml(study), "Tiny")
    until(lambda: "Loading" in find_run(store, run.id).message, within_s=120)
    assert gradsim("runs", "cancel", run.id).code == 0
    assert not store.exists(name, SCORES)
    resume_run(store, run.id)
    until(lambda: not find_run(store, run.id).coming, within_s=240)
    done = find_run(store, run.id)
    assert (done.state, done.attempt, done.title) == ("done", 2, "Tiny")
    assert store.exists(name, SCORES)
    again = submit_study(store, name, study_yaml(study))  # it finds all there, and says nothing
    until(lambda: not find_run(store, again.id).coming, within_s=120)
    assert find_run(store, again.id).state == "done"
    assert "is finished already" in gradsim("runs", "log", again.id).out
    assert "Tiny" in gradsim("runs").out
