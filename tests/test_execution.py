"""Trials over processes, as a backend tells it: who is trained, and who is not trained again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import combinations
from typing import Any

import psutil
import pytest
from experiment_cases import Trainer, finished_study, likeness, quiet, stand_in
from store_cases import store as store  # noqa: PLC0414 - a fixture

from gradsim_core import execution
from gradsim_core.backends import capacity
from gradsim_core.errors import RunError
from gradsim_core.execution import WorkerDied, run_trials, workers_that_fit
from gradsim_core.prepared import Prepared
from gradsim_core.storage.store import Store
from gradsim_core.training import adaptation
from gradsim_core.trials import Budget, Trial, trial_of

BUDGET = Budget(steps=5, batch_size=4)


@pytest.fixture
def made_up(store: Store, monkeypatch) -> tuple[Prepared, Trainer]:
    return finished_study(store, [0, 1, 0, 1]), stand_in(monkeypatch, likeness({}))


def trials_of(n: int) -> list[Trial]:
    codes = ("deu", "ita", "nld", "spa")
    groups = [*combinations(codes, 1), *combinations(codes, 2)]
    return [trial_of(group, 0, BUDGET) for group in groups[:n]]


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
    monkeypatch.setattr(capacity, "_cores", lambda: 8)
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
        monkeypatch.setattr(capacity, "_cores", lambda n_cores=n_cores: n_cores)
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
