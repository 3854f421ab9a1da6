"""Runs from the command line: how each of their ends is told."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path

import pytest
from cli_cases import Gradsim

from gradsim_core import joint
from gradsim_core.cli.printing import progress_shown
from gradsim_core.errors import RunError
from gradsim_core.results import GRAMS, SCORES
from gradsim_core.runs import run_lock
from gradsim_core.store import Store

TINY = ("run", "--steps", 2, "--snapshots", 1, "--batch-size", 2, "--languages", "deu,nld",
        "--rows", 8)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "cache")


@pytest.fixture
def gradsim(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
            store: Store) -> Gradsim:
    monkeypatch.setenv("GRADSIM_CACHE", str(store.root))
    return Gradsim(monkeypatch, capsys)


def last_event(store: Store) -> tuple[str, str]:
    (name,) = store.signatures()
    event = store.events(name)[-1]
    return event["kind"], event.get("message", "")


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
    assert last_event(store)[0] == kind
    (name,) = store.signatures()
    with run_lock(store, name):  # it has been let go
        pass


def test_a_fault_of_ours_is_told_and_not_hidden(gradsim: Gradsim, store: Store,
                                                monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object) -> None:
        raise ZeroDivisionError("a fault")

    monkeypatch.setattr(joint, "run_joint_trial", fails)
    with pytest.raises(ZeroDivisionError):
        gradsim(*TINY)
    assert last_event(store) == ("failed", "ZeroDivisionError: a fault")


def test_a_run_under_way_is_not_run_twice(gradsim: Gradsim, store: Store,
                                          monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(joint, "run_joint_trial", lambda *_: pytest.fail("it was run"))
    with pytest.raises(BaseException, match="it was run"):  # so the name of the study is known
        gradsim(*TINY)
    (name,) = store.signatures()
    with run_lock(store, name):
        answer = gradsim(*TINY)
    assert answer.code == 1
    assert f"{name}: already under way" in answer.err


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
