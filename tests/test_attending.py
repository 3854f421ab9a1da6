"""Attending a run within this process: what its row says, at every end it may come to."""

from __future__ import annotations

import logging
import os
import sqlite3
import sys
import time

import psutil
import pytest
from run_cases import ONE, living, written
from run_cases import store as store  # noqa: PLC0414 - a fixture

from gradsim_core.errors import DataError, RunError
from gradsim_core.runs import attending, cancel_run, find_run, list_runs
from gradsim_core.runs.attending import MARK, attend_run
from gradsim_core.runs.table import RunTable
from gradsim_core.storage.store import Store


def test_a_run_from_its_begin_to_its_end(store: Store) -> None:
    with attend_run(store, ONE, "train", title="Two groups") as observe:
        (run,) = list_runs(store)
        assert (run.state, run.kind, run.title, run.key) == (
            "running", "train", "Two groups", f"{ONE}/train")
        assert (run.pid, run.supervised, run.attempt, run.log) == (os.getpid(), False, 1, "")
        assert run.argv == (sys.executable, *sys.orig_argv[1:])
        assert run.folder == os.getcwd()
        assert living(run)
        observe({"kind": "stage", "message": "Reading"})
        assert find_run(store, run.id).message == "Reading"
        observe({"kind": "progress", "step": 1, "steps": 4, "eta_s": 9.5})
        observe({"kind": "snapshot", "message": "Half"})
        seen = find_run(store, run.id)
        assert (seen.progress, seen.message, seen.eta_s, seen.furthest) == (0.25, "Half", 9.5, 0.25)
        observe({"kind": "progress", "step": 0, "steps": 4})
        observe({"kind": "stage", "message": "Again"})
        seen = find_run(store, run.id)
        assert (seen.progress, seen.furthest, seen.eta_s) == (0.0, 0.25, None)
    done = find_run(store, run.id)
    assert (done.state, done.progress, done.pid, done.error) == ("done", 1.0, None, "")
    assert done.ended


def test_progress_is_written_now_and_then_and_its_end_at_once(
        store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    writes: list[dict] = []
    change = RunTable.change
    monkeypatch.setattr(RunTable, "change", lambda self, *args, **values: (
        writes.append(values), change(self, *args, **values))[1])
    with attend_run(store, ONE, "train") as observe:
        for step in range(1, 1001):
            observe({"kind": "progress", "step": step, "steps": 1000})
        assert list_runs(store)[0].progress == 1.0
        assert len(writes) < 100


def test_what_was_held_back_comes_with_the_heartbeat(store: Store,
                                                     monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attending, "HEARTBEAT_S", 0.05)
    monkeypatch.setattr(attending, "_WRITE_EVERY_S", 1000.0)
    with attend_run(store, ONE, "train") as observe:
        observe({"kind": "progress", "step": 1, "steps": 4})
        observe({"kind": "progress", "step": 2, "steps": 4})
        deadline = time.monotonic() + 20
        while list_runs(store)[0].progress != 0.5:
            assert time.monotonic() < deadline
            time.sleep(0.02)
        first = list_runs(store)[0].heartbeat or ""
        while (list_runs(store)[0].heartbeat or "") <= first:
            assert time.monotonic() < deadline
            time.sleep(0.1)


@pytest.mark.parametrize(("error", "raised", "state", "words"), [
    (DataError("afr.tsv:3: two columns"), DataError, "failed", "afr.tsv:3: two columns"),
    (KeyboardInterrupt(), KeyboardInterrupt, "cancelled", ""),
    (MemoryError(), RunError, "failed", "Not enough memory. Lower batch_size"),
    (RuntimeError("DefaultCPUAllocator: can't allocate memory"), RunError, "failed", "Not enough"),
    (ZeroDivisionError("a fault"), ZeroDivisionError, "failed", "ZeroDivisionError: a fault"),
    (ValueError("x" * 9000), ValueError, "failed", "ValueError: xxx"),
    (SystemExit(3), SystemExit, "interrupted", ""),
])
def test_every_end_is_told(store: Store, error: BaseException, raised: type[BaseException],
                           state: str, words: str) -> None:
    with pytest.raises(raised), attend_run(store, ONE, "train"):
        raise error
    (run,) = list_runs(store)
    assert run.state == state
    assert run.error.startswith(words)
    assert bool(run.error) == (state == "failed")
    assert len(run.error) <= 400
    with attend_run(store, ONE, "train"):  # its key is free
        pass


def test_the_key_is_held_while_it_runs(store: Store) -> None:
    with attend_run(store, ONE, "train"):
        (run,) = list_runs(store)
        with pytest.raises(RunError, match=f"{ONE}/train: already under way .run {run.id}"), \
                attend_run(store, ONE, "train"):
            pytest.fail("two at once")
        with attend_run(store, ONE, "train", key="another"), attend_run(store, ONE, "transfer"):
            pass
    assert [run.state for run in list_runs(store)] == ["done"] * 3


def test_a_dead_holder_gives_its_key_up(store: Store) -> None:
    dead = written(store, state="running", pid=os.getpid(), key="k",
                   create_time=psutil.Process().create_time() - 500)
    asked = written(store, state="running", pid=None, key="asked", cancelling=True)
    for key in ("k", "asked"):
        with attend_run(store, ONE, "train", key=key):
            pass
    assert find_run(store, dead.id).state == "interrupted"
    assert find_run(store, asked.id).state == "cancelled"
    written(store, state="queued", supervised=True, key="q")
    with pytest.raises(RunError, match="queued since"), attend_run(store, ONE, "train", key="q"):
        pytest.fail("it was queued")


def test_a_supervised_process_takes_its_row_over(store: Store,
                                                 monkeypatch: pytest.MonkeyPatch) -> None:
    run = written(store, supervised=True, key="k", attempt=2, furthest=0.5, progress=0.5)
    monkeypatch.setenv(MARK, run.id)
    with attend_run(store, ONE, "train", key="k") as observe:
        seen = find_run(store, run.id)
        assert (seen.state, seen.pid, seen.progress, seen.attempt) == (
            "running", os.getpid(), 0.5, 2)
        observe({"kind": "progress", "step": 1, "steps": 10})
    assert [one.id for one in list_runs(store)] == [run.id]
    assert (find_run(store, run.id).state, find_run(store, run.id).furthest) == ("done", 0.5)


def test_a_run_cancelled_before_its_process_came_does_not_begin(
        store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    run = written(store, supervised=True, key="k")
    cancel_run(store, run.id)
    monkeypatch.setenv(MARK, run.id)
    with pytest.raises(RunError, match=f"Run {run.id} is cancelled, so it does not start"), \
            attend_run(store, ONE, "train", key="k"):
        pytest.fail("it began")


def test_a_table_that_fails_ends_no_computation(store: Store, caplog: pytest.LogCaptureFixture,
                                                monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise RunError("the disk is full")

    with caplog.at_level(logging.WARNING), attend_run(store, ONE, "train") as observe:
        monkeypatch.setattr(RunTable, "change", full)
        observe({"kind": "stage", "message": "Training"})
    assert "the disk is full" in caplog.text


HOSTILE = ("<script>alert(1)</script>", "'); DROP TABLE runs; --", "\x1b]0;t\x07\x00\r\n",
           "caf\udce9 \ud800", "x" * 10_000, "**bold** [x](javascript:1)", "\u202egnp.exe")


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_texts_are_kept_as_text(store: Store, text: str) -> None:
    shown = text.encode(errors="replace").decode()

    def compute() -> None:
        with attend_run(store, ONE, "train", key=text, title=text) as observe:
            observe({"kind": "stage", "message": text, "steps": [text], "step": 1, "eta_s": text})
            assert list_runs(store)[0].message == shown[:400]
            raise DataError(text)

    with pytest.raises(DataError):
        compute()
    (run,) = list_runs(store)
    assert run.state == "failed"
    assert run.error == shown[:len(run.error)] != ""
    assert run.key == shown
    with pytest.raises(RunError) as error:
        find_run(store, text)
    assert len(str(error.value)) <= 400
    assert sqlite3.connect(store.root / "runs.sqlite").execute(
        "SELECT count(*) FROM runs").fetchone() == (1,)
