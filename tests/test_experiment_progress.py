"""The equal-budget experiment: estimates of what it will take, and progress on the way."""

from __future__ import annotations

from typing import Any

import pytest
from experiment_cases import (
    ALL,
    CLUSTERS,
    NEAR,
    PAIRS,
    carried_out,
    disagreeing,
    finished_study,
    likeness,
    plan_of,
    results_of,
    stand_in,
)
from joint_cases import ONE
from store_cases import store as store  # noqa: PLC0414 - a fixture

from gradsim_core.experiments.runs import estimate_experiment
from gradsim_core.storage.store import Store


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
