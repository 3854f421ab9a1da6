"""Groups of models that know no more than the most frequent label: the verdict owns up."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from experiment_cases import (
    METRIC,
    carried_out,
    chosen_prepared,
    finished_study,
    plan_of,
    stand_in,
)
from made_up_experiments import made_up_experiment
from made_up_studies import EUROPEAN

from dashboard.words.experiments import facts_line
from gradsim_core import Plan, Store, majority_baseline, report_markdown
from gradsim_core.experiments.record import with_caution

PREPARED = chosen_prepared(EUROPEAN)
LEAST = float(np.mean([one[METRIC] for one in majority_baseline(PREPARED.corpus).values()]))


def content_scoring(mean: float) -> dict:
    content = made_up_experiment(plan=Plan.model_validate({"draws": 2, "seeds": 2}))
    for one in content["strategies"]:
        one["mean"] = mean - 0.01
    content["strategies"][-1]["mean"] = mean
    return content


def test_no_verdict_without_learning() -> None:
    before = content_scoring(LEAST + 0.04)
    found = with_caution(before, PREPARED)
    assert found["majority"] == {"mean": pytest.approx(LEAST), "learned": False}
    assert found["verdict"].startswith(
        f"Nothing is said of groups yet: the best strategy scores {100 * (LEAST + 0.04):.1f}% "
        f"where the most frequent label gives {100 * LEAST:.1f}%.")
    assert found["verdict"].endswith(f"Without that the verdict would be: {before['verdict']}")
    assert "not learned the task" in report_markdown(found)


def test_one_strategy_that_learned_is_enough() -> None:
    before = content_scoring(LEAST + 0.06)
    found = with_caution(before, PREPARED)
    assert found["majority"]["learned"]
    assert found["verdict"] == before["verdict"]
    said = f"the most frequent label alone scores {100 * LEAST:.1f}%"
    assert said in facts_line(found)
    assert said not in facts_line(before), "an experiment of before knows no baseline"
    assert "scores 100.0%" not in report_markdown(found)


def test_a_language_without_a_baseline_leaves_the_verdict_alone() -> None:
    content = content_scoring(0.0)
    content["languages"][0] = {"code": "xxx", "name": "Unknown"}
    assert with_caution(content, PREPARED) is content


@pytest.mark.parametrize(("score", "learned"), [(LEAST, False), (LEAST + 0.2, True)])
def test_experiments_are_checked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, score: float,
                                 learned: bool) -> None:
    store = Store(tmp_path)
    prepared = finished_study(store, [0, 1, 0, 1], joint=LEAST)
    stand_in(monkeypatch, lambda trial, split, code: score)
    content = carried_out(prepared, store, plan_of("gradient", "all_languages"))
    assert content["majority"]["learned"] is learned
    assert content["verdict"].startswith("Nothing is said of groups yet") is not learned
