"""Lower or higher layers: measures and languages that cannot be used, and what is said of them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from lower_or_higher_cases import (
    CODES,
    FALLING,
    FAMILY,
    MEASURES,
    PLAN,
    RISING,
    alike,
    measure,
    results,
)
from made_up_studies import BLOCKS, SIGNATURE

from gradsim_core import GradSimError, Store, load_results
from gradsim_core.findings.layers.lower_or_higher import lower_or_higher
from gradsim_core.findings.layers.lower_or_higher_report import report_files, summary_rows
from gradsim_core.findings.layers.predictors import usable_predictors


def test_measures_that_say_nothing_are_named_with_their_reason() -> None:
    n = len(CODES)
    rare = np.full((n, n), np.nan)
    rare[0, 1] = rare[1, 0] = 0.5
    rare[0, 2] = rare[2, 0] = 0.1
    odd = np.ones((n, n))
    odd[0, :] = odd[:, 0] = 0.2
    given = {"constant": measure("constant", np.full((n, n), 0.3)), "rare": measure("rare", rare),
             "odd": measure("odd", odd), **MEASURES}
    wanted = {"linguistic": ["family", "odd", "absent"], "task": ["constant", "rare", "lost"]}
    found = usable_predictors(given, wanted, CODES, absent={"absent": "Install the extra."})
    assert found.unused == {
        "odd": "it sets single languages apart from all others, but no pair from another",
        "absent": "Install the extra.",
        "constant": "it is the same for all pairs of languages",
        "rare": "it is known for only 2 of 66 pairs of languages",
        "lost": "it is not available for this study"}
    assert {side: list(names) for side, names in found.sides.items()} == {
        "linguistic": ["family"], "task": []}
    assert found.codes == CODES, "a measure that is left out costs no language"
    as_it_is = usable_predictors(given, wanted, CODES, centred=False)
    assert list(as_it_is.sides["linguistic"]) == ["family", "odd"]


def test_a_language_that_a_measure_does_not_know_is_left_out_and_named() -> None:
    values = alike(FAMILY)
    values[3, :] = values[:, 3] = np.nan
    found = usable_predictors({**MEASURES, "family": measure("family", values)},
                              {"linguistic": ["family"], "task": ["distribution.labels"]}, CODES)
    assert found.unknown == {"ita": "family"}
    assert found.codes == tuple(code for code in CODES if code != "ita")
    assert all(np.isfinite(table).sum() == 11 * 10 for names in found.sides.values()
               for table in names.values())


def test_of_a_directed_measure_both_ways_count() -> None:
    rng = np.random.default_rng(0)
    values = rng.normal(size=(len(CODES),) * 2)
    found = usable_predictors({"size": measure("size", values, directed=True)},
                              {"task": ["size"]}, CODES, centred=False)
    assert found.sides["task"]["size"][0, 1] == pytest.approx((values[0, 1] + values[1, 0]) / 2)


def test_a_measure_whose_halves_disagree_is_called_noise(tmp_path: Path) -> None:
    draw, n = np.random.default_rng(0), len(CODES)
    noise = draw.normal(size=(2, n, n))
    halves = (noise + noise.transpose(0, 2, 1)) / 2
    noisy = replace(measure("distribution.labels", halves.mean(axis=0)), halves=halves)
    content = lower_or_higher(results(tmp_path, family=FALLING, labels=RISING), {
        **MEASURES, "distribution.labels": noisy}, PLAN)
    off = ~np.eye(n, dtype=bool)
    assert content["measures"] == {
        "family": {"low": 0.0, "high": 1.0, "halves": None},
        "distribution.labels": {
            "low": pytest.approx(np.nanmin(noisy.values)),
            "high": pytest.approx(np.nanmax(noisy.values)),
            "halves": pytest.approx(np.corrcoef(halves[0][off], halves[1][off])[0, 1])}}
    (said,) = [one for one in content["method"] if one.startswith("What the measures say")]
    assert "Family 0 to 1; " in said
    assert said.count("mostly noise") == 1
    steady = replace(noisy, halves=np.stack([halves[0]] * 2))
    again = lower_or_higher(load_results(Store(tmp_path), SIGNATURE), {
        **MEASURES, "distribution.labels": steady}, PLAN)
    assert not any("mostly noise" in one for one in again["method"])


@pytest.mark.parametrize(("left", "words"), [
    (("family",), "Nothing can be compared: no measure of the task can be used (Label prior: "
                  "labels are balanced). Measures of the languages explain"),
    (("distribution.labels",), "Nothing can be compared: no measure of the languages can be used "
                               "(Genealogy: it is not available for this study)."),
    ((), "Nothing can be compared: no measure of the languages and none of the task can be used")])
def test_an_empty_side_is_told_instead_of_a_comparison(tmp_path: Path, left: tuple[str, ...],
                                                       words: str) -> None:
    content = lower_or_higher(results(tmp_path, family=FALLING, labels=RISING),
                              {name: MEASURES[name] for name in left}, PLAN,
                              {"distribution.labels": "labels are balanced"})
    assert content["verdict"].startswith(words)
    assert content["trend"]["slope"] is content["trend"]["p"] is None
    assert [one["block"] for one in content["blocks"]] == list(BLOCKS)
    assert (content["blocks"][0]["task"]["share"] is None) == ("distribution.labels" not in left)
    assert "No clear trend" not in content["verdict"]
    assert len(summary_rows(content)) == len(BLOCKS), "the command prints a table all the same"
    assert "report.md" in report_files(content)


def test_languages_without_a_similarity_are_left_out_and_named(tmp_path: Path) -> None:
    found = results(tmp_path, family=FALLING, labels=RISING, invalid={"fra": "its loss was NaN"})
    content = lower_or_higher(found, MEASURES, PLAN)
    assert content["left_out"] == [{"code": "fra", "name": "French", "reason": "its loss was NaN"}]
    assert content["n_pairs"] == 55
    assert "11 languages, 55 pairs." in content["method"]


def test_too_few_languages_are_told(tmp_path: Path) -> None:
    gone = dict.fromkeys(CODES[4:], "bad")
    with pytest.raises(GradSimError, match=r"Only 4 languages .* at least 5"):
        lower_or_higher(results(tmp_path, family=FALLING, labels=RISING, invalid=gone), MEASURES,
                        PLAN)


def test_one_block_has_no_depth(tmp_path: Path) -> None:
    content = lower_or_higher(results(tmp_path, family=(0.3,), labels=(0.1,),
                                      blocks=("embeddings",)), MEASURES, PLAN)
    assert content["verdict"].startswith("There is no depth to follow")
    assert content["blocks"][0]["linguistic"]["share"] > 0.5


@pytest.mark.parametrize(("weights", "words"), [
    ((0.0,) * 6, "Nothing can be explained: in no block of the encoder"),
    ((0.0, 0.0, 0.1, 0.0, 0.0, 0.1), "There is no depth to follow: one block alone tells pairs"),
    ((0.0, 0.1, 0.1, 0.1, 0.1, 0.1), "No clear trend over depth: in layer.0 linguistic measures"),
    ((0.1, 0.1, 0.1, 0.1, 0.0, 0.1), "No clear trend over depth: in embeddings linguistic measu")])
def test_blocks_in_which_all_pairs_are_equally_alike_are_told(
        tmp_path: Path, weights: tuple[float, ...], words: str) -> None:
    """As where languages share no words, and their gradients of the embeddings nothing at all."""
    found = results(tmp_path, family=weights, labels=weights, noise=0.0)
    content = lower_or_higher(found, MEASURES, PLAN)
    assert content["verdict"].startswith(words)
    none = dict.fromkeys(("share", "r2", "interval", "p"))
    assert [one["linguistic"] == none for one in content["blocks"]] == [
        weight == 0.0 for weight in weights]
    without = lower_or_higher(found, {"family": MEASURES["family"]}, PLAN)
    assert without["verdict"].startswith("Nothing can be compared: no measure of the task")
