"""The equal-budget experiment: who is trained with whom and how often, and what is kept."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from experiment_cases import (
    ALL,
    CLUSTERS,
    NEAR,
    PAIRS,
    Trainer,
    by_name,
    carried_out,
    finished_study,
    likeness,
    plan_of,
    quiet,
    stand_in,
)
from joint_cases import ONE
from store_cases import store as store  # noqa: PLC0414 - a fixture

from gradsim_core.errors import GradSimError, GroupingError, StoreError, StudyError
from gradsim_core.experiments.experiment import Experiment
from gradsim_core.experiments.plans import Plan
from gradsim_core.experiments.record import list_experiments, load_experiment, load_plan, save_plan
from gradsim_core.storage.store import Store
from gradsim_core.training import trial as trial_module
from gradsim_core.trials import trial_of

# who is trained, and how often

def test_what_strategies_share_is_trained_once(store: Store, monkeypatch) -> None:
    prepared, trainer = finished_study(store, CLUSTERS), stand_in(monkeypatch, likeness(NEAR))
    plan = plan_of(*ALL, groups=[["deu", "nld"], ["ita", "spa"]], draws=8)
    content = carried_out(prepared, store, plan)
    assert by_name(content)["gradient"]["groups"] == by_name(content)["hand"]["groups"] == PAIRS
    counts = Counter(trainer.trained)
    assert set(counts.values()) == {1}
    groups = {tuple(group) for one in content["strategies"] for group in one["groups"] or ()}
    groups |= {tuple(group) for drawn in content["random"]["groupings"] for group in drawn}
    joint_group = tuple(sorted(prepared.sources))
    assert set(counts) == {trial_of(group, seed, Experiment(
        prepared, store, plan, quiet).budget) for group in groups for seed in (0, 1)} - {
            trial_of(joint_group, 0, trainer.trained[0].budget)}, "the joint run stands for one"
    again = carried_out(prepared, store, plan)
    assert len(trainer.trained) == len(counts), "a second time nothing is trained"
    assert again == content


def test_the_joint_run_scores_for_all_languages(store: Store, monkeypatch) -> None:
    prepared = finished_study(store, CLUSTERS, joint=0.31)
    stand_in(monkeypatch, lambda trial, split, code: 0.7)
    content = carried_out(prepared, store, plan_of("all_languages"))
    assert by_name(content)["all_languages"]["scores"] == [[0.31] * 4, [0.7] * 4]


@pytest.mark.parametrize("change", [{"steps": 7}, {"batch_size": 8}, {"patience": 2}])
def test_another_budget_means_other_trials(store: Store, monkeypatch,
                                           change: dict[str, int]) -> None:
    prepared, trainer = finished_study(store, CLUSTERS), stand_in(monkeypatch, likeness(NEAR))
    carried_out(prepared, store, plan_of("all_languages", "monolingual"))
    first = list(trainer.trained)
    carried_out(prepared, store, plan_of("all_languages", "monolingual", **change))
    assert len(first) == 9, "the joint run stands for all languages with the first seed"
    assert len(trainer.trained) - len(first) == 10, "and stands for nothing at another budget"
    assert not {one.entry for one in first} & {one.entry for one in trainer.trained[9:]}


def test_more_seeds_train_only_the_new_ones(store: Store, monkeypatch) -> None:
    prepared, trainer = finished_study(store, CLUSTERS), stand_in(monkeypatch, likeness(NEAR))
    carried_out(prepared, store, plan_of())
    carried_out(prepared, store, plan_of(seeds=4))
    assert [one.seed for one in trainer.trained].count(0) == 2
    assert sorted(one.seed for one in trainer.trained[4:]) == [2, 2, 3, 3]


def test_an_experiment_that_is_cut_off_goes_on(store: Store, tmp_path: Path, monkeypatch) -> None:
    plan = plan_of(*ALL[:5])
    prepared, trainer = finished_study(store, CLUSTERS), stand_in(monkeypatch, likeness(NEAR))
    trainer.dies_at = 6
    with pytest.raises(KeyboardInterrupt):
        carried_out(prepared, store, plan)
    assert load_experiment(store, ONE, plan.id) is None
    assert load_plan(store, ONE, plan.id) == plan, "it is kept from the start"
    trainer.dies_at = None
    content = carried_out(prepared, store, plan)
    assert max(Counter(trainer.trained).values()) == 1
    whole = Store(tmp_path / "whole")
    assert content == carried_out(finished_study(whole, CLUSTERS), whole, plan)


# who takes part

def test_who_is_left_out_and_why(store: Store, monkeypatch) -> None:
    prepared = finished_study(store, [0, 1, 0, 1, 0], empty={("spa", "test")},
                              invalid={"swe": "its gradient was not finite"}, targets=("fin",))
    trainer = stand_in(monkeypatch, likeness(NEAR))
    content = carried_out(prepared, store, plan_of("gradient", "monolingual", "oracle"))
    assert [one["code"] for one in content["languages"]] == ["deu", "nld", "ita"]
    assert {one["code"]: one["reason"] for one in content["left_out"]} == {
        "spa": "it has no test rows", "swe": "its gradient was not finite",
        "fin": "it has no training rows"}
    assert ("ita", "spa") in trainer.groups, "it helps others all the same"
    assert all("swe" not in group for group in trainer.groups)


def test_without_test_rows_there_is_nothing_to_report(store: Store, monkeypatch) -> None:
    codes = ("deu", "spa", "nld", "ita")
    prepared = finished_study(store, CLUSTERS, empty={(code, "test") for code in codes})
    trainer = stand_in(monkeypatch, likeness(NEAR))
    with pytest.raises(StudyError, match="test rows"):
        carried_out(prepared, store, plan_of())
    assert trainer.trained == []


@pytest.mark.parametrize("plan", [
    plan_of("gradient", "hand", rule={"k_min": 1, "k_max": 2}),
    plan_of("gradient", "table", rule={"k_min": 1, "k_max": 2}),
    plan_of("gradient", rule={"k": 5}), plan_of("gradient", rule={"k_min": 2})])
def test_what_cannot_be_grouped_is_told_before_anything_is_trained(
        store: Store, monkeypatch, plan: Plan) -> None:
    prepared, trainer = finished_study(store, CLUSTERS), stand_in(monkeypatch, likeness(NEAR))
    with pytest.raises(GroupingError):
        carried_out(prepared, store, plan)
    assert trainer.trained == []


# what is kept

def test_what_is_written_is_what_is_returned(store: Store, monkeypatch) -> None:
    prepared, _ = finished_study(store, CLUSTERS), stand_in(monkeypatch, likeness(NEAR))
    plan, events = plan_of("gradient", "random"), []
    content = carried_out(prepared, store, plan, events.append)
    assert load_experiment(store, ONE, plan.id) == content
    assert list_experiments(store, ONE) == [plan.id]
    assert Plan.model_validate(content["plan"]) == plan
    assert events[-1] == {"kind": "done", "message": content["verdict"]}
    assert load_experiment(store, ONE, "0" * 16) is None


def test_a_plan_that_is_damaged_or_another_is_refused(store: Store) -> None:
    save_plan(store, ONE, plan_of())
    assert load_plan(store, ONE, plan_of().id) == plan_of()
    for name, content in {"a" * 16: {"strategies": ["best"]}, "b" * 16: {"unknown": 1},
                          "c" * 16: plan_of().model_dump(mode="json")}.items():
        store.write_json(ONE, f"plans/{name}.json", content)
        with pytest.raises(StoreError, match=name):
            load_plan(store, ONE, name)
    for name in ("d" * 16, "../../etc/passwd", "x" * 500):
        with pytest.raises(StoreError) as caught:
            load_plan(store, ONE, name)
        assert len(str(caught.value)) <= 400


def test_a_trial_that_vanishes_is_named(store: Store, monkeypatch) -> None:
    class Forgetful(Trainer):
        def __call__(self, *asked: Any) -> dict[str, Any]:
            content = super().__call__(*asked)
            asked[2].remove(ONE, asked[3].entry)
            return content

    prepared = finished_study(store, CLUSTERS)
    monkeypatch.setattr(trial_module, "run_trial", Forgetful(likeness(NEAR)))
    monkeypatch.setattr(trial_module, "study_texts", lambda prepared: None)
    with pytest.raises(GradSimError, match="deu, nld"):
        carried_out(prepared, store, plan_of())
