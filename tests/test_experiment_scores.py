"""The equal-budget experiment: which score is reported, and by which scores a choice is made."""

from __future__ import annotations

import numpy as np
import pytest
from experiment_cases import (
    CLUSTERS,
    NEAR,
    PAIRS,
    by_name,
    carried_out,
    disagreeing,
    finished_study,
    likeness,
    plan_of,
    quiet,
    stand_in,
)
from store_cases import store as store  # noqa: PLC0414 - a fixture

from gradsim_core.errors import StudyError
from gradsim_core.experiments.experiment import Experiment
from gradsim_core.storage.store import Store


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
