"""The equal-budget experiment: who is trained with whom, and which score is reported."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from experiment_cases import (
    Trainer,
    by_name,
    carried_out,
    finished_study,
    likeness,
    plan_of,
    quiet,
    results_of,
    stand_in,
)
from joint_cases import ONE

from gradsim_core.errors import GradSimError, GroupingError, StoreError, StudyError
from gradsim_core.experiments.experiment import Experiment
from gradsim_core.experiments.plans import Plan
from gradsim_core.experiments.record import (
    list_experiments,
    load_experiment,
    load_plan,
    save_plan,
)
from gradsim_core.experiments.runs import estimate_experiment
from gradsim_core.storage.store import Store
from gradsim_core.training import trial as trial_module
from gradsim_core.trials import trial_of

CLUSTERS = [0, 1, 0, 1]  # deu, spa, nld, ita
NEAR = {frozenset(("deu", "nld")): 0.2, frozenset(("ita", "spa")): 0.1}
PAIRS = [["deu", "nld"], ["ita", "spa"]]
ALL = ("gradient", "monolingual", "all_languages", "family", "random", "hand", "oracle")


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "cache")


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


# which score is reported

def test_every_language_is_scored_by_the_model_that_serves_it(store: Store, monkeypatch) -> None:
    """Test scores by hand: 0.4 alone, more by each near language, 0.01 a seed."""
    prepared = finished_study(store, CLUSTERS, joint=0.3)
    stand_in(monkeypatch, likeness(NEAR))
    content = carried_out(prepared, store, plan_of("gradient", "monolingual", "hand", groups=[
        ["deu"], ["ita", "nld", "spa"]]))
    assert [one["code"] for one in content["languages"]] == ["deu", "spa", "nld", "ita"]
    found = by_name(content)
    for name, row in {"gradient": [.6, .5, .6, .5], "monolingual": [.4] * 4,
                      "hand": [.4, .5, .4, .5]}.items():
        np.testing.assert_allclose(found[name]["scores"], [row, np.add(row, 0.01)])
        assert found[name]["mean"] == pytest.approx(np.mean(row) + 0.005)
    gain = found["gradient"]["gains"]["monolingual"]
    assert (gain["mean"], gain["wins"], gain["of"]) == (pytest.approx(0.15), 4, 4)
    assert content["dev"]["gradient"] == pytest.approx(0.556)
    assert found["gradient"]["cost"] == {"models": 2, "examples": 80, "minutes": round(46 / 60, 3)}


def test_overlapping_groups_work_to_the_end(store: Store, monkeypatch) -> None:
    prepared = finished_study(store, [0] * 5)
    seen: dict[tuple[str, ...], float] = {}
    stand_in(monkeypatch, lambda trial, split, code: seen.setdefault(
        trial.languages, 0.01 * (len(seen) + 1)))
    plan = plan_of("gradient", "random", rule={"strategy": "overlapping", "k": 4})
    content = carried_out(prepared, store, plan)
    groups = by_name(content)["gradient"]["groups"]
    assert sum(map(len, groups)) > 5, "no language is in two groups: nothing is shown"
    (candidate,) = Experiment(prepared, store, plan, quiet, workers=1).candidates()["gradient"]
    expected = [seen[candidate.group_of(one["code"])] for one in content["languages"]]
    assert by_name(content)["gradient"]["scores"][0] == expected
    assert by_name(content)["gradient"]["cost"]["examples"] == 20 * sum(map(len, groups))


def disagreeing(trial, split: str, code: str) -> float:
    """Dev says three groups, test says one."""
    size = len(trial.languages)
    return 0.9 - 0.1 * size if split == "dev" else 0.1 * size


def test_k_is_chosen_on_dev(store: Store, monkeypatch) -> None:
    prepared = finished_study(store, CLUSTERS, joint=0.3)
    trainer = stand_in(monkeypatch, disagreeing)
    plan = plan_of("gradient", "monolingual", rule={"k_min": 1, "k_max": 3}, seeds=3)
    content = carried_out(prepared, store, plan)
    best = by_name(content)["gradient"]["groups"]
    assert len(best) == 3
    (lost,) = [pair for pair in PAIRS if pair not in best]
    assert [one.seed for one in trainer.trained if list(one.languages) == lost] == [0]
    assert ("deu", "ita", "nld", "spa") not in trainer.groups, "with the first seed: the joint run"
    drawn = carried_out(prepared, store, plan.model_copy(update={
        "strategies": ("gradient", "random")}))["random"]["groupings"]
    assert [len(groups) for groups in drawn] == [3] * 4
    test_only = stand_in(monkeypatch, lambda trial, split, code: disagreeing(trial, "test", code))
    other = Store(store.root.with_name("other"))
    content = carried_out(finished_study(other, CLUSTERS, joint=0.9), other, plan)
    assert len(by_name(content)["gradient"]["groups"]) == 1, "dev that says otherwise decides so"
    assert test_only.trained


def test_no_k_can_be_chosen_without_dev_rows(store: Store, monkeypatch) -> None:
    codes = ("deu", "spa", "nld", "ita")
    prepared = finished_study(store, CLUSTERS, empty={(code, "dev") for code in codes})
    trainer = stand_in(monkeypatch, likeness(NEAR))
    with pytest.raises(StudyError, match="--k"):
        carried_out(prepared, store, plan_of(rule={"k_min": 1, "k_max": 3}))
    assert trainer.trained == []
    assert carried_out(prepared, store, plan_of())["dev"] == {}


def test_the_oracle_looks_at_test_and_says_so(store: Store, monkeypatch) -> None:
    """Gradients pair deu with nld; on test deu and ita help each other, on dev nobody does."""
    def score(trial, split: str, code: str) -> float:
        pairs = ({"deu", "ita"}, {"nld", "spa"})
        near = any({code, *trial.languages} == pair for pair in pairs)
        return 0.5 + 0.3 * (near and split == "test")

    prepared, _ = finished_study(store, CLUSTERS), stand_in(monkeypatch, score)
    content = carried_out(prepared, store, plan_of("gradient", "oracle"))
    found = by_name(content)
    assert found["gradient"]["groups"] == PAIRS
    assert found["oracle"]["groups"] == [["deu", "ita"], ["nld", "spa"]]
    assert {name: one["uses_test_scores"] for name, one in found.items()} == {
        "gradient": False, "oracle": True}


def test_the_oracle_asks_who_helps_a_language_and_not_whom_it_helps(store: Store,
                                                                    monkeypatch) -> None:
    """To deu and nld each other's models are better than spa's."""
    helps = {("nld", "deu"): .95, ("spa", "deu"): .85, ("deu", "spa"): .9, ("nld", "spa"): .9,
             ("deu", "nld"): .2, ("spa", "nld"): .0}
    prepared = finished_study(store, [0, 0, 1])
    stand_in(monkeypatch, lambda trial, split, code: helps.get((trial.languages[0], code), 0.5))
    content = carried_out(prepared, store, plan_of("gradient", "oracle", rule={"k": 2}))
    assert by_name(content)["gradient"]["groups"] == [["deu", "spa"], ["nld"]]
    assert by_name(content)["oracle"]["groups"] == [["deu", "nld"], ["spa"]]


def test_the_rank_among_random_groupings(store: Store, monkeypatch) -> None:
    prepared, _ = finished_study(store, CLUSTERS), stand_in(monkeypatch, likeness(NEAR))
    content = carried_out(prepared, store, plan_of("gradient", "random", draws=9))
    same = sum(drawn == PAIRS for drawn in content["random"]["groupings"])
    assert 0 < same < 9
    assert content["random"]["p"]["gradient"] == pytest.approx((1 + same) / 10)
    assert content["random"]["percentile"]["gradient"] == pytest.approx((9 - same / 2) / 9)
    np.testing.assert_allclose(
        content["random"]["means"],
        [0.555 if drawn == PAIRS else 0.405 for drawn in content["random"]["groupings"]])


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


def test_progress_counts_all_stages_and_what_is_there(store: Store, monkeypatch) -> None:
    """It never falls back, so that a run that goes on is seen to get further."""
    plan = plan_of("gradient", "random", "oracle", rule={"k_min": 2, "k_max": 3})
    prepared, trainer = finished_study(store, CLUSTERS), stand_in(monkeypatch, likeness(NEAR))
    shares: list[list[float]] = []

    def observe(event: dict[str, Any]) -> None:
        if event["kind"] == "progress":
            shares[-1].append(event["step"] / event["steps"])
            assert event["eta_s"] >= 0

    for dies_at in (4, 9, None):
        trainer.dies_at = dies_at
        shares.append([])
        try:
            carried_out(prepared, store, plan, observe)
        except KeyboardInterrupt:
            assert dies_at
    assert all(one and one == sorted(one) for one in shares)
    assert shares[1][0] > shares[0][-1]
    assert shares[2][0] > shares[1][-1]
    assert max(shares[0]) < 0.5
    assert max(shares[2]) <= 1.0


def test_progress_ends_where_all_was_known(store: Store, monkeypatch) -> None:
    prepared, _ = finished_study(store, CLUSTERS), stand_in(monkeypatch, likeness(NEAR))
    events: list[dict[str, Any]] = []
    carried_out(prepared, store, plan_of("gradient", "random"), events.append)
    last = [event for event in events if event["kind"] == "progress"][-1]
    assert (last["step"], last["eta_s"]) == (last["steps"], 0.0)


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


# estimates

@pytest.mark.parametrize("rule", [{"k": 2}, {"k_min": 1, "k_max": 3}])
def test_after_an_experiment_nothing_is_left_to_train(store: Store, monkeypatch,
                                                      rule: dict[str, int]) -> None:
    prepared, trainer = finished_study(store, CLUSTERS), stand_in(monkeypatch, disagreeing)
    plan = plan_of(*ALL, rule=rule, groups=PAIRS)
    before = estimate_experiment(store, ONE, plan, workers=2)
    assert before["models"] > 0
    assert before["workers"] == 2
    carried_out(prepared, store, plan)
    after = estimate_experiment(store, ONE, plan, workers=2)
    assert (after["models"], after["examples"], after["seconds"]) == (0, 0, 0.0)
    assert after["cached"] == len(trainer.trained) + 1, "and the joint run"


def test_an_estimate_counts_what_will_be_trained(store: Store, monkeypatch) -> None:
    """Nothing depends on results here, so the numbers are exact; so are the seconds in the end."""
    prepared, trainer = finished_study(store, CLUSTERS), stand_in(monkeypatch, likeness(NEAR))
    plan = plan_of("gradient", "all_languages", "random", draws=6)
    found = estimate_experiment(store, ONE, plan, workers=1)
    assert found["cached"] == 1
    carried_out(prepared, store, plan)
    assert found["models"] == len(trainer.trained)
    assert found["examples"] == sum(20 * len(one.languages) for one in trainer.trained)
    more = estimate_experiment(store, ONE, plan_of("gradient", seeds=3), workers=1)
    assert (more["models"], more["cached"], more["examples"]) == (2, 4, 80)
    assert more["seconds"] == 80 * 0.5 + 2 * 3.0, "as the trials that are there took"
    assert estimate_experiment(store, ONE, plan_of("gradient", seeds=3), workers=2)["seconds"] \
        == more["seconds"] / 2
    assert results_of(store).facts["train_seconds"] == 40.0
