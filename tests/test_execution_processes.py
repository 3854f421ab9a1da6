"""Trials over real processes: the same scores, whoever dies; and nobody left behind."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from itertools import combinations
from pathlib import Path
from typing import Any

import execution_cases
import psutil
import pytest
from engine_cases import made_split
from experiment_cases import quiet
from run_cases import until
from store_cases import store as store  # noqa: PLC0414 - a fixture

from gradsim_core.errors import RunError, StudyError
from gradsim_core.execution import WorkerDied, local, run_trials, train_task
from gradsim_core.prepared import Prepared, prepare, study_record
from gradsim_core.storage.store import Store
from gradsim_core.study_text import study_from
from gradsim_core.trials import Budget, load_trial, trial_of

BUDGET = Budget(steps=4, batch_size=4)
CODES = ("deu", "nld", "spa")


def loky_workers() -> list[psutil.Process]:
    """The children of this process that are workers; what has ended has no command line."""
    found = []
    for process in psutil.Process().children(recursive=True):
        with suppress(psutil.Error):
            if "popen_loky" in " ".join(process.cmdline()):
                found.append(process)
    return found


@pytest.fixture(scope="module", autouse=True)
def _no_workers_left() -> Iterator[None]:
    yield
    from joblib.externals.loky import get_reusable_executor

    get_reusable_executor(reuse=True).shutdown(wait=True, kill_workers=True)
    until(lambda: not loky_workers())


def test_answers_come_with_their_numbers() -> None:
    assert sorted(local(execution_cases.double, [(i,) for i in range(5)], 2, 1)) == [
        (i, 2 * i) for i in range(5)]


def test_a_task_that_takes_its_process_with_it_is_told() -> None:
    with pytest.raises(WorkerDied):
        list(local(execution_cases.die_at, [(i, 1) for i in range(3)], 2, 1))
    assert len(list(local(execution_cases.die_at, [(i, 9) for i in range(3)], 2, 1))) == 3


def test_an_error_in_a_worker_reaches_the_caller_and_ends_the_others(tmp_path: Path) -> None:
    with pytest.raises(StudyError, match=r"^Number 2 is too much\. Take 1\.$"):
        list(local(execution_cases.refuse, [(i, str(tmp_path)) for i in range(4)], 2, 1))
    workers = {int(path.name) for path in tmp_path.iterdir()}
    assert workers
    until(lambda: not any(psutil.pid_exists(pid) for pid in workers))
    assert loky_workers() == []


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_workers_end_with_their_parent(tmp_path: Path, number: signal.Signals) -> None:
    """Busy or idle, however the parent ends, and silently; the signal reaches the parent alone."""
    with (tmp_path / "log").open("wb") as log:
        parent = subprocess.Popen([sys.executable, execution_cases.__file__, str(tmp_path)],
                                  stdin=subprocess.DEVNULL, stderr=log, start_new_session=True)
    family: list[psutil.Process] = []
    try:
        until((tmp_path / "busy").exists)
        family = psutil.Process(parent.pid).children(recursive=True)
        assert sum("popen_loky" in " ".join(one.cmdline()) for one in family) == 2
        parent.send_signal(number)
        parent.wait(30)
        until(lambda: not any(one.is_running() and one.status() != psutil.STATUS_ZOMBIE
                              for one in family))
        assert "leaked" not in (tmp_path / "log").read_text()
    finally:
        for one in (parent, *family):
            with suppress(psutil.Error):
                one.kill()
        parent.wait()


@pytest.fixture(scope="module")
def files(tmp_path_factory) -> Path:
    """A small study's data as files."""
    folder = tmp_path_factory.mktemp("data")
    for code in CODES:
        (folder / code).mkdir()
        for seed, (name, n_rows) in enumerate({"train": 12, "dev": 6, "test": 6}.items()):
            rows = made_split(code, n_rows, "sequence", seed)
            lines = map("\t".join, zip(rows.texts, rows.labels, strict=True))
            (folder / code / f"{name}.tsv").write_text("\n".join(["text\tlabel", *lines, ""]))
    return folder


def from_files(files: Path) -> Prepared:
    return prepare(study_from({"data": str(files), "task": "sequence", "steps": 4, "batch_size": 4,
                               "snapshots": 2, "max_length": 32}))


def test_two_workers_of_which_one_is_killed_score_as_one_process(files: Path, store: Store,
                                                                 tmp_path: Path) -> None:
    prepared = from_files(files)
    trials = [trial_of(group, 1, BUDGET) for group in (*combinations(CODES, 1),
                                                       *combinations(CODES, 2))]
    killed: list[int] = []
    events: list[dict[str, Any]] = []

    def observe(event: dict[str, Any]) -> None:
        events.append(event)
        if event["kind"] == "progress" and not killed:
            worker = loky_workers()[0]
            killed.append(worker.pid)
            worker.kill()

    run_trials(prepared, store, trials, observe, workers=2, threads=1)
    assert killed
    assert [event for event in events if event["kind"] == "note"]
    alone = Store(tmp_path / "alone")
    run_trials(prepared, alone, trials, quiet, workers=1, threads=1)
    record = study_record(prepared)
    for trial in trials:
        one, other = (load_trial(place, record, trial) for place in (store, alone))
        assert one is not None
        assert other is not None
        assert one["scores"] == other["scores"]
        assert len(one["scores"]["test"]) == 3
    assert sorted(store.names(prepared.signature, "trials")) == sorted(
        trial.entry.removeprefix("trials/").removesuffix(".json") for trial in trials)


def test_data_that_changed_meanwhile_are_refused(files: Path, store: Store) -> None:
    prepared = from_files(files)
    file = files / "deu" / "train.tsv"
    before = file.read_text()
    file.write_text(before.replace("\ta", "\tb"))
    try:
        with pytest.raises(RunError, match=f"{prepared.signature} are no longer what they were"):
            train_task(prepared.study.model_dump_json(), prepared.signature, str(store.root),
                       trial_of(("deu",), 0, BUDGET), 1)
    finally:
        file.write_text(before)
    assert not store.signatures()
