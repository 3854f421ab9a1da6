"""Measures against transfer: the content, by hand; its order, its gaps and its controls."""

from __future__ import annotations

import json

import numpy as np
import pytest
from finding_cases import (
    CODES,
    by_name,
    measure_of,
    ranked,
    record_of,
    scores_of,
    transfer_of,
)
from scipy.stats import kendalltau, pearsonr, spearmanr

from gradsim_core.errors import GradSimError
from gradsim_core.findings.plans import MeasuresPlan
from gradsim_core.findings.transfer.measures import control_names, ranked_measures
from gradsim_core.findings.transfer.transfer_table import check_enough, needed_trials
from gradsim_core.measures import Measure

TRANSFER = transfer_of()
OFF = ~np.eye(len(CODES), dtype=bool)
NOISE = np.random.default_rng(1).normal(size=TRANSFER.shape)


def test_a_measure_that_is_the_transfer_is_perfect() -> None:
    content = ranked([measure_of("gradient", TRANSFER), measure_of("family", NOISE),
                      measure_of("imported.minus", -TRANSFER)], TRANSFER)
    found = by_name(content)
    assert [one["name"] for one in content["measures"]] == ["gradient", "family", "imported.minus"]
    assert found["gradient"]["mean"] == pytest.approx(
        {"spearman": 1, "kendall": 1, "ndcg3": 1, "regret1": 0})
    assert found["gradient"]["target_spearman"]["value"] == pytest.approx(1)
    assert found["imported.minus"]["target_spearman"]["value"] == pytest.approx(-1)
    assert found["gradient"]["behind_first"] is None
    assert found["imported.minus"]["behind_first"]["value"] == pytest.approx(2)
    assert content["$schema"] == "gradsim.measures/1"
    json.dumps(content, allow_nan=False)


def test_the_numbers_are_scipys() -> None:
    measure, n = measure_of("family", 0.5 * TRANSFER + 0.1 * NOISE), len(CODES)
    (found,) = ranked([measure], TRANSFER)["measures"]
    for at, target in enumerate(found["per_target"]):
        near, gained = (np.delete(table[:, at], at) for table in (measure.values, TRANSFER))
        assert (target["code"], target["n"]) == (CODES[at], n - 1)
        assert target["spearman"] == pytest.approx(spearmanr(near, gained).statistic)
        assert target["kendall"] == pytest.approx(kendalltau(near, gained).statistic)
        assert target["regret1"] == pytest.approx(gained.max() - gained[near.argmax()])
    mean = np.mean([target["spearman"] for target in found["per_target"]])
    assert found["mean"]["spearman"] == pytest.approx(mean)
    assert found["target_spearman"]["value"] == pytest.approx(mean)
    columns = [np.where(OFF, table, np.nan) for table in (measure.values, TRANSFER)]
    near, gained = ((table - np.nanmean(table, axis=0))[OFF] for table in columns)
    assert found["pooled"]["pearson"]["value"] == pytest.approx(pearsonr(near, gained).statistic)
    assert found["target_spearman"]["p"] == found["target_spearman"]["p_corrected"], "one measure"


def test_p_is_corrected_for_the_number_of_measures() -> None:
    draw = np.random.default_rng(3)
    several = [measure_of(f"imported.{at}", draw.normal(size=TRANSFER.shape)) for at in range(12)]
    one = measure_of("family", 0.5 * TRANSFER + 0.1 * NOISE)
    alone = by_name(ranked([one], TRANSFER))["family"]["target_spearman"]
    among = by_name(ranked([one, *several], TRANSFER))["family"]["target_spearman"]
    assert among["value"] == alone["value"]
    assert among["p"] == alone["p"]
    assert among["p_corrected"] > among["p"]


def test_what_is_undefined_stands_last_and_is_null() -> None:
    flat, few = np.ones_like(TRANSFER), np.where(TRANSFER > 1, TRANSFER, np.nan)
    sparse = np.full_like(TRANSFER, np.nan)
    sparse[:4, 0] = TRANSFER[:4, 0]  # perfect, on three pairs
    content = ranked([measure_of("imported.flat", flat), measure_of("imported.few", few),
                      measure_of("imported.sparse", sparse),
                      measure_of("family", NOISE)], TRANSFER)
    names = [one["name"] for one in content["measures"]]
    assert names[:2] == ["family", "imported.sparse"], "three pairs lead nothing"
    found = by_name(content)
    assert found["imported.sparse"]["target_spearman"]["value"] == pytest.approx(1)
    for name in ("imported.flat", "imported.few"):
        assert found[name]["target_spearman"]["value"] is None
        assert found[name]["behind_first"] is None
    assert found["imported.few"]["coverage"] == 0
    assert found["imported.few"]["values"][0] == [None] * len(CODES)
    json.dumps(content, allow_nan=False)


def test_nothing_can_be_said_where_nothing_varies() -> None:
    content = ranked([measure_of("family", np.ones_like(TRANSFER))], TRANSFER)
    assert "Nothing can be said" in content["verdict"]
    assert content["measures"][0]["behind_first"] is None


def test_layers_are_corrected_and_the_best_is_named() -> None:
    stack = np.stack([NOISE, TRANSFER, np.ones_like(NOISE)])
    measure = measure_of("gradient", TRANSFER, layers=("low", "mid", "top"), by_layer=stack,
                         halves=np.stack([TRANSFER, TRANSFER + 0.01 * NOISE]))
    (found,) = ranked([measure], TRANSFER)["measures"]
    assert [layer["layer"] for layer in found["layers"]] == ["low", "mid", "top"]
    assert found["best_layer"] == "mid"
    assert found["layers"][1]["value"] == pytest.approx(1)
    assert found["layers"][2]["value"] is None
    assert found["layers"][1]["p_corrected"] >= found["layers"][1]["p"]


def test_the_ceiling_is_of_halves_and_seeds() -> None:
    seeds = np.stack([TRANSFER + 0.05 * np.random.default_rng(at).normal(size=TRANSFER.shape)
                      for at in range(4)])
    halves = np.stack([TRANSFER, TRANSFER])
    content = ranked_measures(record_of(), scores_of(seeds), {
        "gradient": measure_of("gradient", TRANSFER, halves=halves),
        "family": measure_of("family", TRANSFER)}, MeasuresPlan(permutations=199))
    found = by_name(content)
    top = found["gradient"]["ceiling"]
    assert top["similarity"] == pytest.approx(1)
    assert 0.3 < top["transfer"] < 1
    assert top["value"] == pytest.approx(np.sqrt(top["transfer"]))
    assert top["share"] == pytest.approx(
        found["gradient"]["target_spearman"]["value"] / top["value"])
    assert found["family"]["ceiling"]["similarity"] is None
    one_seed = by_name(ranked([measure_of("family", NOISE)], TRANSFER))["family"]["ceiling"]
    assert one_seed == {"similarity": None, "transfer": None, "value": None, "share": None}


# controls

def known(*names: str) -> dict[str, Measure]:
    return {name: measure_of(name, NOISE) for name in names}


def test_no_measure_is_its_own_control() -> None:
    there = known("gradient", "distribution.size", "distribution.labels", "lexical.ngrams",
                  "lexical.words", "typology.featural", "typology.genetic", "family", "geographic")
    assert control_names("gradient", there) == (
        "distribution.size", "lexical.ngrams", "typology.featural", "typology.genetic")
    assert control_names("lexical.words", there) == (
        "distribution.size", "typology.featural", "typology.genetic")
    assert control_names("typology.genetic", there) == ("distribution.size", "lexical.ngrams")


def test_family_and_distance_stand_in_for_typology() -> None:
    there = known("gradient", "distribution.size", "lexical.ngrams", "family", "geographic")
    assert control_names("gradient", there) == (
        "distribution.size", "lexical.ngrams", "family", "geographic")
    assert control_names("family", there) == ("distribution.size", "lexical.ngrams", "geographic")
    empty = measure_of("typology.featural", np.full_like(NOISE, np.nan))
    assert "family" in control_names("gradient", {**there, "typology.featural": empty})


def test_controls_that_are_not_asked_for_are_not_ranked() -> None:
    content = ranked([measure_of("gradient", TRANSFER), measure_of("family", NOISE),
                      measure_of("geographic", NOISE.T)], TRANSFER, plan={"measures": "gradient"})
    (found,) = content["measures"]
    assert found["name"] == "gradient"
    assert found["incremental"]["controls"] == ["family", "geographic"]
    assert found["incremental"]["gain"] > 0
    assert "by genealogy, distance on the map alone" in " ".join(content["method"])


# the languages

def test_languages_without_scores_are_left_out_with_the_reason() -> None:
    record = record_of(targets=("fin",), untested=("swe",))
    codes = tuple(code for code in CODES if code != "swe")
    at = [CODES.index(code) for code in codes]
    content = ranked_measures(record, scores_of(TRANSFER[np.ix_(at, at)], codes),
                              {"family": measure_of("family", NOISE)}, MeasuresPlan())
    assert [one["code"] for one in content["languages"]] == list(codes)
    assert {one["code"]: one["reason"] for one in content["left_out"]} == {
        "swe": "it has no test rows", "fin": "it has no training rows"}
    assert np.array(content["measures"][0]["values"], dtype=float)[0, 1] == NOISE[0, 1]


@pytest.mark.parametrize(("codes", "settings", "words"), [
    (CODES[:3], {}, "has 3 languages with training rows and test rows"),
    (CODES, {"pairs": True, "gain": "majority"}, "--pairs are gains"),
    (CODES, {"pairs": True, "imported": "x"}, "have no pairs")])
def test_what_cannot_be_ranked_is_refused_before_training(codes, settings, words: str) -> None:
    with pytest.raises(GradSimError, match=words):
        check_enough(record_of(codes), MeasuresPlan(**settings))


def test_the_trials_are_those_of_a_transfer_sweep() -> None:
    record = record_of(CODES[:4])
    assert len(needed_trials(record, MeasuresPlan(seeds=2))) == 4 * 2
    assert len(needed_trials(record, MeasuresPlan(seeds=2, pairs=True))) == (4 + 6) * 2
    assert needed_trials(record, MeasuresPlan(imported="x")) == []
    (trial, *_) = needed_trials(record, MeasuresPlan(steps=9))
    assert (trial.languages, trial.seed, trial.budget.steps) == (("deu",), 0, 9)
