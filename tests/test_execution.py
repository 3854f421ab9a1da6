"""Trials over processes: the same scores, whoever dies; and nobody left behind."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from itertools import combinations
from pathlib import Path
from typing import Any

import execution_cases
import psutil
import pytest
from engine_cases import made_split
from experiment_cases import Trainer, finished_study, likeness, quiet, stand_in
from run_cases import until

from gradsim_core import execution
from gradsim_core.errors import RunError, StudyError
from gradsim_core.execution import WorkerDied, local, run_trials, train_task, workers_that_fit
from gradsim_core.prepared import Prepared, prepare, study_record
from gradsim_core.storage.store import Store
from gradsim_core.study_text import study_from
from gradsim_core.training import adaptation
from gradsim_core.trials import Budget, Trial, load_trial, trial_of

BUDGET = Budget(steps=5, batch_size=4)
CODES = ("deu", "nld", "spa")


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "cache")


@pytest.fixture
def made_up(store: Store, monkeypatch) -> tuple[Prepared, Trainer]:
    return finished_study(store, [0, 1, 0, 1]), stand_in(monkeypatch, likeness({}))


def trials_of(n: int) -> list[Trial]:
    codes = ("deu", "ita", "nld", "spa")
    groups = [*combinations(codes, 1), *combinations(codes, 2)]
    return [trial_of(group, 0, BUDGET) for group in groups[:n]]


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


# who is trained

def test_each_trial_is_trained_once_and_not_again(made_up, store: Store) -> None:
    prepared, trainer = made_up
    run_trials(prepared, store, trials_of(3) * 2, quiet, workers=1)
    assert sorted(trainer.groups) == [("deu",), ("ita",), ("nld",)]
    events: list[dict[str, Any]] = []
    run_trials(prepared, store, trials_of(3), events.append, workers=1)
    assert (len(trainer.trained), events) == (3, [])


def test_the_largest_come_first(made_up, store: Store) -> None:
    prepared, trainer = made_up
    run_trials(prepared, store, trials_of(6), quiet, workers=1)
    assert [len(group) for group in trainer.groups] == [2, 2, 1, 1, 1, 1]


def test_progress_counts_examples(made_up, store: Store) -> None:
    prepared, _ = made_up
    events: list[dict[str, Any]] = []
    run_trials(prepared, store, trials_of(1), quiet, workers=1)
    run_trials(prepared, store, trials_of(5), events.append, beside=trials_of(6)[4:], workers=1)
    assert events[0] == {"kind": "stage", "message": "Training 4 models, 1 at a time"}
    steps = [(event["step"], event["steps"]) for event in events[1:]]
    assert steps == [(60, 160), (80, 160), (100, 160), (120, 160)], "20 were there, 40 come later"


def test_adaptation_comes_first_and_is_no_progress_of_the_trials(made_up, store: Store,
                                                                 monkeypatch) -> None:
    prepared, trainer = made_up
    asked: list[Any] = []

    def adapted(_prepared, _store, steps, batch_size, observe, _threads) -> None:
        asked.append((steps, batch_size, len(trainer.trained)))
        observe({"kind": "progress", "step": steps, "steps": steps, "loss": 2.0, "eta_s": 0.0})

    monkeypatch.setattr(adaptation, "adapted_weights", adapted)
    budget = BUDGET.model_copy(update={"adaptation_steps": 7})
    trials = [trial_of((code,), 0, budget) for code in ("deu", "nld")]
    run_trials(prepared, store, trials[:1], quiet, workers=1)
    events: list[dict[str, Any]] = []
    run_trials(prepared, store, trials, events.append, workers=1)
    assert asked == [(7, 4, 0), (7, 4, 1)]
    progress = [event for event in events if event["kind"] == "progress"]
    assert [event["step"] / event["steps"] for event in progress] == [0.5, 1.0]
    assert "step 7 of 7" in progress[0]["message"]


def test_a_share_of_the_cores_depends_on_the_workers_asked_for(made_up, store: Store,
                                                               monkeypatch) -> None:
    """So the last of many trials is summed up in the order that it would be in the middle."""
    prepared, trainer = made_up
    monkeypatch.setattr(execution, "_cores", lambda: 8)
    run_trials(prepared, store, trials_of(1), quiet, workers=2)
    large = replace(prepared, study=prepared.study.model_copy(update={"model": "large"}))
    run_trials(large, store, trials_of(2), quiet, workers=2)
    run_trials(large, store, trials_of(4), quiet, workers=1)
    run_trials(large, store, trials_of(5), quiet, workers=1, threads=3)
    assert trainer.threads == [1, 4, 8, 8, 3]


def test_an_unknown_backend_is_named(made_up, store: Store) -> None:
    prepared, _ = made_up
    with pytest.raises(RunError, match=r"Backend 'cluster' is not known\. Use one of: local"):
        run_trials(prepared, store, trials_of(1), quiet, backend="cluster")


def test_workers_fit_into_memory_and_cores(made_up, monkeypatch) -> None:
    prepared, _ = made_up
    for n_cores, gigabytes, n_workers in ((4, 100, 4), (4, 3, 2), (4, 0.1, 1), (1, 100, 1)):
        monkeypatch.setattr(execution, "_cores", lambda n_cores=n_cores: n_cores)
        monkeypatch.setattr(psutil, "virtual_memory", lambda gigabytes=gigabytes: type(
            "Memory", (), {"available": int(gigabytes * 1e9)}))
        assert workers_that_fit(prepared.study) == n_workers


# workers that die, as a backend tells it

def backend_that_dies(trainer: Trainer, prepared: Prepared, each: int, told: int,
                      asked: list[list[Trial]]) -> Any:
    """A backend that dies after `each` trials are trained, of which it tells `told`."""
    def backend(_function, tasks, _workers, threads) -> Iterator[tuple[int, Any]]:
        asked.append([task[3] for task in tasks])
        for number, task in list(enumerate(tasks))[:each]:
            trainer(prepared, None, Store(task[2]), task[3], None, threads)
            if number < told:
                yield number, None
        if len(tasks) > told:
            raise WorkerDied

    return backend


def test_workers_may_die_as_often_as_trials_end(made_up, store: Store, monkeypatch) -> None:
    prepared, trainer = made_up
    asked: list[list[Trial]] = []
    events: list[dict[str, Any]] = []
    monkeypatch.setitem(execution.BACKENDS, "frail", backend_that_dies(
        trainer, prepared, 1, 1, asked))
    run_trials(prepared, store, trials_of(6), events.append, workers=2, backend="frail")
    assert [len(one) for one in asked] == [6, 5, 4, 3, 2, 1], "who ended is not asked again"
    assert sum(event["kind"] == "note" for event in events) == 5
    assert events[-1]["step"] == events[-1]["steps"]


def test_a_trial_whose_end_was_not_told_is_not_trained_again(made_up, store: Store,
                                                             monkeypatch) -> None:
    prepared, trainer = made_up
    asked: list[list[Trial]] = []
    monkeypatch.setitem(execution.BACKENDS, "frail", backend_that_dies(
        trainer, prepared, 2, 1, asked))
    events: list[dict[str, Any]] = []
    run_trials(prepared, store, trials_of(4), events.append, workers=2, backend="frail")
    assert [len(one) for one in asked] == [4, 2]
    assert len(trainer.trained) == 4
    assert events[-1]["step"] == events[-1]["steps"]


def test_workers_that_keep_dying_end_it_in_plain_words(made_up, store: Store,
                                                       monkeypatch) -> None:
    prepared, trainer = made_up
    asked: list[list[Trial]] = []
    monkeypatch.setitem(execution.BACKENDS, "frail", backend_that_dies(
        trainer, prepared, 0, 0, asked))
    with pytest.raises(RunError, match=r"keep dying \(3 trials are left\).*fewer workers"):
        run_trials(prepared, store, trials_of(3), quiet, workers=2, backend="frail")
    assert len(asked) == 3


# real processes

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
    """Busy or idle, however the parent ends; the signal reaches the parent alone."""
    parent = subprocess.Popen([sys.executable, execution_cases.__file__, str(tmp_path)],
                              stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                              start_new_session=True)
    family: list[psutil.Process] = []
    try:
        until((tmp_path / "busy").exists)
        family = psutil.Process(parent.pid).children(recursive=True)
        assert sum("popen_loky" in " ".join(one.cmdline()) for one in family) == 2
        parent.send_signal(number)
        parent.wait(30)
        until(lambda: not any(one.is_running() and one.status() != psutil.STATUS_ZOMBIE
                              for one in family))
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
    prepared, budget = from_files(files), Budget(steps=4, batch_size=4)
    trials = [trial_of(group, 1, budget) for group in (*combinations(CODES, 1),
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
