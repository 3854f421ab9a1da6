"""Decisions: made from a similarity by a rule, written, and read back."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from decision_cases import results as results  # noqa: PLC0414 - a fixture
from decision_cases import store as store  # noqa: PLC0414 - a fixture
from made_up_studies import EUROPEAN, SIGNATURE, made_up_series, write_study

from gradsim_core.decisions.decision import (
    Reading,
    Rule,
    decide,
    decision_json,
    make_grouping,
    placed_languages,
    read_similarity,
)
from gradsim_core.decisions.verification import check_decision, load_decision
from gradsim_core.errors import GroupingError, StudyError
from gradsim_core.results import Results, load_results
from gradsim_core.storage.store import Store

TWO = ({"deu", "nld", "swe", "dan"}, {"spa", "ita", "por", "fra"})
"""The clusters of the made-up study."""


def decided(results: Results, reading: dict[str, Any] | None = None, **rule: Any) -> dict[str, Any]:
    return decide(results, Reading(**{"correction": "raw", **(reading or {})}), Rule(**rule))


def groups_of(decision: dict[str, Any]) -> list[set[str]]:
    return [{one["code"] for one in group["languages"]} for group in decision["groups"]]


# making

def test_the_clusters_are_found_and_proved(results: Results) -> None:
    decision = decided(results, k=2)
    assert sorted(map(sorted, groups_of(decision))) == sorted(map(sorted, TWO))
    assert decision["result"]["proved"] is True
    assert decision["result"]["gap"] == 0
    assert decision["result"]["k"] == 2


def test_the_objective_is_the_sum_of_mean_similarities(results: Results) -> None:
    found = read_similarity(results, Reading(correction="raw"))
    decision = decided(results, k=2)
    expected = 0.0
    for group in groups_of(decision):
        for one in group:
            others = [found.matrix[found.languages.index(one), found.languages.index(other)]
                      for other in group if other != one]
            expected += sum(others) / len(others)
    assert decision["result"]["objective"] == pytest.approx(expected)


def test_languages_that_are_not_grouped_are_named(tmp_path: Path) -> None:
    series = made_up_series([0, 1] * 4, invalid={"fra": "its gradient was not finite at step 3"})
    store = write_study(tmp_path, series=series, targets=("tir", "gaz"))
    decision = decided(load_results(store, SIGNATURE), k=2)
    assert decision["not_grouped"] == [
        {"code": "fra", "reason": "its gradient was not finite at step 3"},
        {"code": "tir", "reason": "it has no training rows: a target only"},
        {"code": "gaz", "reason": "it has no training rows: a target only"}]
    assert set.union(*groups_of(decision)) == set(EUROPEAN) - {"fra"}


def test_undefined_similarity_is_said_so(tmp_path: Path) -> None:
    series = made_up_series([0, 1] * 4)
    series.sums[..., 0, 1] = series.sums[..., 1, 0] = -1.0  # the halves of deu disagree
    store = write_study(tmp_path, series=series)
    results = load_results(store, SIGNATURE)
    decision = decided(results, {"correction": "noise_corrected"}, k=2)
    assert [one["code"] for one in decision["not_grouped"]] == ["deu"]
    assert "halves do not agree" in decision["not_grouped"][0]["reason"]
    assert decided(results, k=2)["not_grouped"] == []  # raw has it


def test_two_languages_are_needed(tmp_path: Path) -> None:
    series = made_up_series([0, 1] * 4, invalid=dict.fromkeys(EUROPEAN[1:], "exploded"))
    results = load_results(write_study(tmp_path, series=series), SIGNATURE)
    with pytest.raises(GroupingError, match="Only 1 of 8 languages"):
        decided(results)


@pytest.mark.parametrize("spelling", ["nld", "nl", "Dutch", "dutc1256"])
def test_links_take_any_spelling(results: Results, spelling: str) -> None:
    together = decided(results, k=2, must_link=(("German", spelling),),
                       cannot_link=(("de", "sv"),))
    at = {code: i for i, group in enumerate(groups_of(together)) for code in group}
    assert at["deu"] == at["nld"] != at["swe"]


@pytest.mark.parametrize(("rule", "words"), [
    ({"must_link": (("deu", "tur"),)}, "'tur' of a link is not among those grouped: deu, "),
    ({"cannot_link": (("deu", "tir"),)}, "'tir' of a link"),  # in the study, but a target
    ({"must_link": (("deu", "German"),)}, "German with itself"),
    ({"must_link": (("deu", "nld"),), "cannot_link": (("nl", "de"),)}, "Dutch and German"),
    ({"k": 9}, "1 and 8|9"),
    ({"k": 2, "k_min": 1, "k_max": 3}, "Give k, or both k_min and k_max"),
    ({"k_min": 2}, r"k_max=None"),
    ({"k_min": 3, "k_max": 2}, "3"),
    ({"smallest": 5, "largest": 4}, "largest group .4. is below the smallest .5."),
    ({"strategy": "magic"}, "Strategy 'magic' is not known. Use one of: agglomerative"),
])
def test_rules_that_cannot_be_met(results: Results, rule: dict[str, Any], words: str) -> None:
    with pytest.raises(GroupingError, match=words) as caught:
        decided(results, **rule)
    assert len(str(caught.value)) <= 400


@pytest.mark.parametrize(("reading", "culprit"), [
    ({"blocks": "layer.9"}, "layer.9"), ({"reading": "cosine"}, "cosine"),
    ({"correction": "none"}, "none"), ({"snapshot": 4}, "Snapshot 4"),
    ({"snapshot": -5}, "Snapshot -5")])
def test_readings_that_are_not_there(results: Results, reading: dict[str, Any],
                                     culprit: str) -> None:
    with pytest.raises(StudyError, match=culprit):
        decided(results, reading)


def test_overlapping_groups_say_whom_they_serve(results: Results) -> None:
    decision = decided(results, strategy="overlapping", k=3)
    served = [code for group in decision["groups"] for code in group["serves"]]
    assert sorted(served) == sorted(EUROPEAN)  # each by one group
    for group, codes in zip(decision["groups"], groups_of(decision), strict=True):
        assert set(group["serves"]) <= codes


@pytest.mark.parametrize("strategy", ["exact", "overlapping", "agglomerative", "spectral",
                                      "k_means", "local_search", "family", "random",
                                      "monolingual", "all_languages"])
def test_every_strategy_can_be_verified(store: Store, results: Results, strategy: str) -> None:
    counted = strategy not in ("family", "monolingual", "all_languages")
    decision = decided(results, strategy=strategy, k=3 if counted else None, seed=5)
    text = decision_json(decision)
    assert text == decision_json(decided(results, strategy=strategy, k=3 if counted else None,
                                         seed=5))
    assert check_decision(json.loads(text), store) == []


def test_placed_languages_are_those_with_a_diagonal(results: Results) -> None:
    found = read_similarity(results, Reading())
    found.matrix[2, 2] = np.nan
    assert placed_languages(found) == [0, 1, 3, 4, 5, 6, 7]
    assert {i for group in make_grouping(results, found, Rule(k=2)).groups for i in group} == \
        set(range(7))  # indexes count the placed ones


@pytest.mark.parametrize(("preset", "correction"), [
    ("builtin", "all_but_top"), ("afrisenti", "raw"), (None, "all_but_top")])
def test_a_correction_left_out_is_the_one_of_the_data(results: Results, preset: str | None,
                                                      correction: str) -> None:
    results.record["study"]["preset"] = preset  # none: the built-in data
    decision = decide(results, Reading(), Rule(k=2))
    assert decision["similarity"]["correction"] == correction


# written and read back

@pytest.mark.parametrize("correction", ["raw", "noise_corrected", "centred", None])
def test_round_trip_holds(store: Store, results: Results, tmp_path: Path,
                          correction: str | None) -> None:
    reading = {"correction": correction, "blocks": "lower", "snapshot": 2}
    file = tmp_path / "decision.json"
    file.write_text(decision_json(decided(results, reading, k_min=2, k_max=4, smallest=2,
                                          must_link=(("de", "nl"),))))
    decision = load_decision(file)
    assert decision["similarity"]["step"] == 90
    assert decision["rule"]["must_link"] == [["de", "nl"]]
    assert check_decision(decision, store) == []


def test_json_has_no_nan_even_where_numbers_are_missing(tmp_path: Path) -> None:
    series = made_up_series([0, 1] * 4, invalid={"deu": "exploded"})
    series.sums[..., 2:4, :] = series.sums[..., :, 2:4] = 0.0  # no gradient at all: 0/0
    results = load_results(write_study(tmp_path, series=series), SIGNATURE)
    text = decision_json(decided(results, k=2))

    def refuse(name: str) -> None:
        raise AssertionError(name)

    decision = json.loads(text, parse_constant=refuse)
    assert {one["code"] for one in decision["not_grouped"]} == {"deu", "spa"}


def test_it_holds_what_a_reader_needs(results: Results) -> None:
    decision = decided(results, k=2)
    assert list(decision) == ["$schema", "study", "versions", "similarity", "rule", "result",
                              "groups", "not_grouped", "alternatives"]
    assert decision["$schema"] == "urn:gradsim:decision:1"
    assert set(decision["study"]["data_fingerprints"]) == {*EUROPEAN, "tir"}
    assert decision["study"]["study"]["steps"] == 120
    assert decision["versions"]["gradsim"]
    for group in decision["groups"]:
        for one in group["languages"]:
            assert one["name"][0].isupper()
            assert -1 <= one["reliability"] <= 1
