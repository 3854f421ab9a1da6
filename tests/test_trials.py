"""Trials by name: what makes two of them one, and where their scores are found."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import pytest
from experiment_cases import METRIC, chosen_prepared, finished_study
from joint_cases import ONE

from gradsim_core.errors import StudyError
from gradsim_core.prepared import study_record
from gradsim_core.results import GRAMS, SCORES
from gradsim_core.storage.store import Store
from gradsim_core.trials import (
    Budget,
    Trial,
    is_joint,
    is_trained,
    load_trial,
    study_budget,
    trial_of,
)

CODES = ("deu", "nld", "spa")
BUDGET = Budget(steps=5, batch_size=4)


def test_every_part_of_a_trial_names_another_entry() -> None:
    budgets = [BUDGET, *(BUDGET.model_copy(update=change) for change in (
        {"steps": 6}, {"batch_size": 6}, {"patience": 1}, {"adaptation_steps": 1}))]
    trials = [trial_of(codes, seed, budget) for codes, seed, budget in product(
        (("deu",), ("deu", "nld"), CODES), (0, 1, 11), budgets)]
    assert len({trial.entry for trial in trials}) == len(trials) == 45
    assert len({trial.checkpoint for trial in trials}) == 45


def test_codes_that_run_together_are_not_mixed_up() -> None:
    assert trial_of(("ab", "c"), 0, BUDGET).entry != trial_of(("a", "bc"), 0, BUDGET).entry


def test_a_trial_is_the_same_in_any_order() -> None:
    assert trial_of(("spa", "deu", "spa"), 0, BUDGET) == Trial(("deu", "spa"), 0, BUDGET)


def test_a_trial_of_nothing_is_refused() -> None:
    with pytest.raises(StudyError, match="at least one language"):
        trial_of((), 0, BUDGET)


def test_the_studys_budget_and_what_changes_it() -> None:
    study = chosen_prepared(CODES).study
    assert study_budget(study) == BUDGET
    assert study_budget(study, steps=None, patience=3) == Budget(steps=5, batch_size=4, patience=3)
    assert BUDGET.examples == 20


def test_only_the_run_itself_is_the_joint_trial() -> None:
    study = chosen_prepared(CODES, seed=3).study
    assert is_joint(trial_of(CODES, 3, BUDGET), study, ("spa", "deu", "nld"))
    for other in (trial_of(CODES[:2], 3, BUDGET), trial_of(CODES, 0, BUDGET),
                  trial_of(CODES, 3, Budget(steps=6, batch_size=4)),
                  trial_of(CODES, 3, Budget(steps=5, batch_size=4, patience=1))):
        assert not is_joint(other, study, CODES)


def test_the_joint_run_stands_for_the_trial_of_all(tmp_path: Path) -> None:
    store = Store(tmp_path)
    prepared = finished_study(store, [0, 1, 0], joint=0.31)
    record, joint = study_record(prepared), trial_of(prepared.sources, 0, BUDGET)
    assert is_trained(store, record, joint)
    found = load_trial(store, record, joint)
    assert found is not None
    assert found["scores"]["test"]["deu"] == {METRIC: 0.31}
    assert found["facts"] == {"seconds": 40.0, "steps": 5, "examples": 60}
    for missing in (SCORES, GRAMS):
        finished_study(store, [0, 1, 0])
        store.remove(ONE, missing)
        assert load_trial(store, record, joint) is None


def test_a_trial_that_is_not_there_and_one_that_is(tmp_path: Path) -> None:
    store = Store(tmp_path)
    prepared = finished_study(store, [0, 1, 0])
    record, trial = study_record(prepared), trial_of(("deu",), 1, BUDGET)
    assert not is_trained(store, record, trial)
    assert load_trial(store, record, trial) is None
    store.write_json(ONE, trial.entry, {"metric": METRIC, "scores": {}, "facts": {}})
    assert is_trained(store, record, trial)
    assert load_trial(store, record, trial) == {"metric": METRIC, "scores": {}, "facts": {}}


def test_a_damaged_trial_counts_as_not_trained(tmp_path: Path) -> None:
    store = Store(tmp_path)
    prepared = finished_study(store, [0, 1, 0])
    trial = trial_of(("deu",), 1, BUDGET)
    store.write_json(ONE, trial.entry, {"metric": METRIC, "scores": {}, "facts": {}})
    path = store.path(ONE, trial.entry)
    path.write_bytes(path.read_bytes().replace(b"metric", b"mytric"))
    assert load_trial(store, study_record(prepared), trial) is None
    assert not store.exists(ONE, trial.entry)
