"""Groups by measures in the comparison at equal budget: who is grouped by what, and refusals."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from experiment_cases import finished_study, plan_of, quiet, results_of, stand_in

from gradsim_core.errors import GroupingError, StudyError
from gradsim_core.experiments.candidates import gradient_options, known_candidates
from gradsim_core.experiments.experiment import expected_groups
from gradsim_core.experiments.plans import PlanSettings, strategy_title
from gradsim_core.experiments.record import run_experiment
from gradsim_core.experiments.report import report_markdown
from gradsim_core.experiments.runs import estimate_experiment
from gradsim_core.measures import Measure
from gradsim_core.measuring.measured import load_measures
from gradsim_core.results import Results
from gradsim_core.storage.store import Store

CLUSTERS = [0, 1, 0, 1, 0, 1]
CODES = ("deu", "spa", "nld", "ita", "swe", "por")
HALVES = (("deu", "ita", "spa"), ("nld", "por", "swe"))


@pytest.fixture
def results(tmp_path: Path) -> Results:
    finished_study(Store(tmp_path), CLUSTERS)
    return results_of(Store(tmp_path))


def measure(name: str, values: np.ndarray, **more: bool) -> Measure:
    return Measure(name, "A measure", CODES, values, "made up", **more)


def near(groups: tuple[tuple[str, ...], ...]) -> np.ndarray:
    return np.array([[float(any(a in g and b in g for g in groups)) for b in CODES]
                     for a in CODES])


def test_a_measure_groups_by_its_values(results: Results) -> None:
    found = known_candidates(results, plan_of("all_languages", "lexical.ngrams", rule={"k": 2}),
                             None, {"lexical.ngrams": measure("lexical.ngrams", near(HALVES))})
    assert found["all_languages"][0].groups == (tuple(sorted(CODES)),)
    plan = plan_of("lexical.ngrams", rule={"k": 2})
    found = known_candidates(results, plan, None, {
        "lexical.ngrams": measure("lexical.ngrams", near(HALVES))})
    assert found["lexical.ngrams"][0].groups == HALVES
    assert found["lexical.ngrams"][0].how == "A measure, K = 2"


def test_a_measures_groups_keep_to_the_links_as_the_gradients_do(results: Results) -> None:
    plan = plan_of("lexical.ngrams", rule={"k": 2, "must_link": [("German", "nld")],
                                           "cannot_link": [("deu", "ita")]})
    found = known_candidates(results, plan, None, {
        "lexical.ngrams": measure("lexical.ngrams", near(HALVES))})
    (groups,) = (one.groups for one in found["lexical.ngrams"])
    together = {code: group for group in groups for code in group}
    assert "nld" in together["deu"]
    assert "ita" not in together["deu"]


def test_a_directed_measure_counts_what_the_source_brings_to_the_target(results: Results) -> None:
    values = np.zeros((6, 6))
    for source, target in (("spa", "deu"), ("deu", "spa"), ("nld", "ita"), ("ita", "nld"),
                           ("swe", "por"), ("por", "swe")):
        values[CODES.index(source), CODES.index(target)] = 1.0
    values[CODES.index("deu"), :] += 5.0  # a source that all like says nothing about groups
    found = known_candidates(results, plan_of("topic", rule={"k": 3}), None,
                             {"topic": measure("topic", values)})
    assert found["topic"][0].groups == (("deu", "spa"), ("ita", "nld"), ("por", "swe"))


def test_measures_stands_for_each_that_can_group(results: Results) -> None:
    bare = near(HALVES)
    bare[0] = bare[:, 0] = np.nan
    given = {"gradient": measure("gradient", near(HALVES)),
             "family": measure("family", near(HALVES)),
             "geographic": measure("geographic", near(HALVES)),
             "topic": measure("topic", bare),
             "distribution.size": measure("distribution.size", near(HALVES), directed=True),
             "imported.mine": measure("imported.mine", near(HALVES))}
    found = known_candidates(results, plan_of("all_languages", "geographic", "measures",
                                              rule={"k": 2}), None, given)
    assert list(found) == ["all_languages", "geographic", "imported.mine"]


def test_a_measure_without_values_for_a_language_is_refused_by_name(results: Results) -> None:
    bare = near(HALVES)
    bare[0] = bare[:, 0] = np.nan
    plan = plan_of("topic", rule={"k": 2})
    with pytest.raises(GroupingError, match=r"topic has no value for deu"):
        known_candidates(results, plan, None, {"topic": measure("topic", bare)})
    with pytest.raises(GroupingError, match=r"no measure 'topic'.*gradsim measures"):
        known_candidates(results, plan, None, {})


def test_missing_pairs_are_told(results: Results) -> None:
    holed = near(HALVES)
    holed[0, 2] = holed[2, 0] = np.nan
    found = known_candidates(results, plan_of("topic", rule={"k": 2}), None,
                             {"topic": measure("topic", holed)})
    assert found["topic"][0].how == "A measure, 7% of pairs missing, K = 2"


def test_titles_are_readable() -> None:
    assert strategy_title("lexical.ngrams") == "Groups by character trigrams"
    assert strategy_title("imported.xlmr") == "Groups by imported.xlmr"
    assert strategy_title("family") == "Family groups"


@pytest.mark.parametrize("name", ["lexical.nothing", "measures,gradient"])
def test_what_is_no_measure_or_cannot_lead_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match=r"lexical\.nothing|measures only compares"):
        PlanSettings(strategies=name)  # type: ignore[arg-type]


def test_an_experiment_over_measures_computes_them_and_trains_their_groups(
        monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    store = Store(tmp_path)
    prepared = finished_study(store, CLUSTERS)
    plan = plan_of("gradient", "measures", rule={"k": 2}, seeds=1)
    trainer = stand_in(monkeypatch, lambda trial, split, code: 0.5 + 0.01 * len(trial.languages))
    content = run_experiment(prepared, store, plan, quiet, workers=1)
    names = [one["name"] for one in content["strategies"]]
    assert names[0] == "gradient"
    assert "geographic" in names
    assert not {"measures", "gradient.x", "family", "distribution.size"} & set(names)
    assert {tuple(g) for one in content["strategies"] for g in one["groups"]} == set(
        trainer.groups)
    assert "Groups by distance on the map" in report_markdown(content)
    assert load_measures(store, prepared.signature)["geographic"].coverage == 1
    estimate = estimate_experiment(store, prepared.signature, plan)
    assert (estimate["models"], estimate["cached"]) == (0, len(set(trainer.trained)))


def test_strategies_stand_in_the_order_of_the_plan(monkeypatch: pytest.MonkeyPatch,
                                                    tmp_path: Path) -> None:
    store = Store(tmp_path)
    prepared = finished_study(store, CLUSTERS)
    stand_in(monkeypatch, lambda trial, split, code: 0.5 + 0.01 * len(trial.languages))
    plan = plan_of("gradient", "oracle", "geographic", "monolingual", rule={"k": 2}, seeds=1)
    content = run_experiment(prepared, store, plan, quiet, workers=1)
    assert [one["name"] for one in content["strategies"]] == list(plan.strategies)


def test_an_estimate_counts_measures_that_are_not_there_yet(results: Results) -> None:
    plan = plan_of("gradient", "geographic", rule={"k": 2}, seeds=1)
    options = gradient_options(results, plan)
    with_stand_in = expected_groups(results, plan, options, {})
    alone = expected_groups(results, plan_of("gradient", rule={"k": 2}, seeds=1), options, {})
    assert len(with_stand_in) == len(alone) + 2
    with pytest.raises(StudyError, match="gradsim measures"):
        expected_groups(results, plan_of("geographic", "gradient", rule={"k": 2}), [], {})
