"""Equal budget with real training: the rows that are drawn, and every score against a slow twin."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from experiment_cases import METRIC, by_name, carried_out, plan_of, quiet
from joint_cases import ONE, made_prepared, small_encoder

from gradsim_core.storage.store import Store
from gradsim_core.training import joint, mixed
from gradsim_core.training import trial as trial_module
from gradsim_core.trials import study_budget, trial_of

REAL = ("gradient", "monolingual", "all_languages", "random", "oracle")


@pytest.fixture(scope="module")
def real(tmp_path_factory) -> dict[str, Any]:
    """A whole experiment with real training, the rows it drew by trial, and its study."""
    drawn: Counter = Counter()
    rows: dict[tuple, list[list[int]]] = {}
    now: list[Any] = [None]
    real_rows_at, real_run = mixed.rows_at, trial_module.run_trial

    def rows_at(n_rows, step, size, seed, code, half):
        found = real_rows_at(n_rows, step, size, seed, code, half)
        drawn[now[0], code] += len(found)
        rows.setdefault((now[0], code), []).append(found.tolist())
        return found

    def run(prepared, texts, store, trial, *more):
        now[0] = trial
        return real_run(prepared, texts, store, trial, *more)

    with pytest.MonkeyPatch.context() as patch:
        for module in (joint, trial_module):
            patch.setattr(module, "load_encoder", small_encoder)
        patch.setattr(mixed, "rows_at", rows_at)
        patch.setattr(trial_module, "run_trial", run)
        store, prepared = Store(tmp_path_factory.mktemp("real")), made_prepared(steps=8)
        joint.run_joint_trial(prepared, store, quiet, 1)
        plan = plan_of(*REAL, draws=3, rule={"k": 2})
        content = carried_out(prepared, store, plan)
    return {"store": store, "prepared": prepared, "content": content, "drawn": drawn, "rows": rows}


def test_every_language_gives_the_same_number_of_its_own_examples(real: dict[str, Any]) -> None:
    drawn, budget = real["drawn"], real["content"]["budget"]
    assert budget["examples"] == 32
    trials = {trial for trial, _ in drawn}
    assert len(trials) >= 10
    for trial in trials:
        assert {code: n for (one, code), n in drawn.items() if one == trial} == dict.fromkeys(
            trial.languages, budget["examples"])
    for strategy in real["content"]["strategies"]:
        assert strategy["cost"]["examples"] == budget["examples"] * 4, "the same total"


def test_a_language_gives_the_same_rows_in_any_company(real: dict[str, Any]) -> None:
    by_seed: dict[tuple[str, int], list[Any]] = {}
    for (trial, code), drawn in real["rows"].items():
        by_seed.setdefault((code, trial.seed), []).append(drawn)
    assert len(by_seed) == 8
    for several in by_seed.values():
        assert len(several) >= 3
        assert all(one == several[0] for one in several)
    assert by_seed["deu", 0][0] != by_seed["deu", 1][0]


def test_scores_are_those_of_trials_trained_one_by_one(real: dict[str, Any], tmp_path: Path,
                                                       monkeypatch) -> None:
    """The slow twin: for every cell of the table a model of its own, trained for it alone."""
    monkeypatch.setattr(trial_module, "load_encoder", small_encoder)
    content, prepared = real["content"], real["prepared"]
    budget = study_budget(prepared.study)
    texts = trial_module.study_texts(prepared)
    compared = 0
    for strategy in content["strategies"]:
        if strategy["name"] == "random":
            continue
        for row, seed in zip(strategy["scores"], content["seeds"], strict=True):
            for score, language in zip(row, content["languages"], strict=True):
                (group,) = [one for one in strategy["groups"] if language["code"] in one]
                if len(group) == 4 and seed == 0:
                    twin = real["store"].read_json(ONE, "scores/joint.json")
                elif language["code"] in ("deu", "spa"):
                    fresh = Store(tmp_path / f"{compared}")
                    twin = trial_module.run_trial(prepared, texts, fresh, trial_of(
                        group, seed, budget), quiet, 1)
                else:
                    continue  # two languages show it, and time is dear
                assert score == twin["scores"]["test"][language["code"]][METRIC]
                compared += 1
    assert compared >= 16


def test_the_mean_of_random_groupings_is_that_of_their_trials(real: dict[str, Any]) -> None:
    content, store = real["content"], real["store"]
    budget = study_budget(real["prepared"].study)
    codes = [one["code"] for one in content["languages"]]
    tables = []
    for drawn in content["random"]["groupings"]:
        group_of = {code: group for group in drawn for code in group}
        tables.append([[store.read_json(ONE, trial_of(group_of[code], seed, budget).entry)[
            "scores"]["test"][code][METRIC] for code in codes] for seed in content["seeds"]])
    np.testing.assert_allclose(by_name(content)["random"]["scores"], np.mean(tables, axis=0))
    np.testing.assert_allclose(content["random"]["means"], np.mean(tables, axis=(1, 2)))
