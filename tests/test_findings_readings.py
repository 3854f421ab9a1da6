"""Readings: which there are, what choosing among them is worth, and each choice by itself."""

from __future__ import annotations

import json
from contextlib import suppress

import numpy as np
import pytest
from experiment_cases import finished_study, results_of
from finding_cases import scores_of
from made_up_studies import EUROPEAN, made_up_series

from gradsim_core.findings.plans import ReadingsPlan
from gradsim_core.findings.report import finding_report, summary_rows
from gradsim_core.findings.siblings import adam_sibling, sibling_signature, staying_newest
from gradsim_core.findings.transfer.choosing import choice_by_halves, effects, stack_values
from gradsim_core.findings.transfer.reading_stack import (
    FACTORS,
    all_readings,
    block_choices,
    snapshot_choices,
)
from gradsim_core.findings.transfer.readings import compared_readings
from gradsim_core.prepared import study_record
from gradsim_core.similarities.gram import similarity
from gradsim_core.statistics.correlating import statistic_value
from gradsim_core.statistics.pairs import ADJUSTMENTS, STATISTICS
from gradsim_core.storage.store import Store

SERIES = made_up_series([0, 1] * 4)
CODES = SERIES.languages


def noise(*shape: int, seed: int = 0) -> np.ndarray:
    found = np.random.default_rng(seed).normal(size=shape)
    found[..., range(shape[-1]), range(shape[-1])] = np.nan
    return found


# which readings there are

def test_every_combination_is_read_once_as_gram_reads_it() -> None:
    readings, stack = all_readings({"none": SERIES, "adam": SERIES}, CODES)
    n_blocks, n_snapshots = len(block_choices(SERIES.blocks)), 3
    assert len(readings) == len(set(readings)) == 2 * 2 * 4 * n_blocks * n_snapshots
    assert stack.shape == (len(readings), 8, 8)
    one = next(at for at, one in enumerate(readings)
               if (one.reading, one.correction, one.blocks, one.snapshot)
               == ("mean_cosine", "centred", "higher", "half"))
    expected = similarity(SERIES, "higher", "mean_cosine", "centred", 1).matrix
    off = ~np.eye(8, dtype=bool)
    assert stack[one][off] == pytest.approx(expected[off])
    assert np.isnan(np.diagonal(stack, axis1=1, axis2=2)).all()
    assert readings[one].step == 60


def test_languages_are_put_in_the_order_asked_and_missing_ones_are_missing() -> None:
    _, stack = all_readings({"none": SERIES}, ("ita", "xyz", "deu"))
    assert stack[0][0, 2] == pytest.approx(similarity(SERIES).matrix[3, 0])
    assert np.isnan(stack[:, 1]).all()


def test_blocks_that_are_the_same_are_read_once() -> None:
    assert block_choices(("embeddings", "layer.0", "head")) == [
        "layers", "encoder", "embeddings", "head", "all"]
    assert block_choices(("encoder_block", "head")) == ["layers", "head", "all"]
    assert snapshot_choices((5,)) == {"last": 0}
    assert snapshot_choices((1, 2, 3, 4, 5, 6, 7, 8)) == {"last": 7, "half": 3, "quarter": 1}


# the statistic of many at once

@pytest.mark.parametrize("statistic", STATISTICS)
@pytest.mark.parametrize("adjust", ADJUSTMENTS)
def test_many_values_are_those_of_each(statistic: str, adjust: str) -> None:
    stack, transfer = noise(5, 7, 7), noise(7, 7, seed=1)
    stack[1] = np.round(stack[1])  # ties
    stack[2, 3] = np.nan
    stack[3] = np.where(np.eye(7, dtype=bool), np.nan, 1.0)
    transfer[0, 2:] = np.nan
    found = stack_values(stack, transfer, statistic, adjust)
    expected = [statistic_value(one, transfer, statistic, adjust) for one in stack]
    assert found == pytest.approx(expected, nan_ok=True)
    assert np.isnan(found[3])


# choosing

def test_a_choice_among_noise_is_worth_nothing_where_it_was_not_made() -> None:
    transfer, stack = noise(16, 16), noise(200, 16, 16, seed=1)
    found = choice_by_halves(stack, transfer, {"first": 0}, halvings=60)
    assert found is not None
    assert len(found.chosen) == len(found.scored) == 120
    assert found.looked.mean() > 0.3, "the best of many flatters itself"
    assert abs(found.scored.mean()) < 0.1
    assert abs(found.fixed["first"].mean()) < 0.1


def test_a_reading_that_is_good_everywhere_is_chosen_and_holds() -> None:
    transfer = noise(10, 10)
    stack = np.stack([noise(10, 10, seed=1), transfer + 0.1 * noise(10, 10, seed=2)])
    found = choice_by_halves(stack, transfer, {"noise": 0, "good": 1}, halvings=20)
    assert found is not None
    assert set(found.chosen) == {1}
    assert found.scored == pytest.approx(found.fixed["good"])
    assert found.scored.mean() > 0.8 > found.fixed["noise"].mean() + 0.3
    assert choice_by_halves(stack, transfer, {}, halvings=20, seed=1) is not None
    again = choice_by_halves(stack, transfer, {"noise": 0}, halvings=20)
    assert again is not None
    assert np.array_equal(again.scored, found.scored)


def test_halves_of_few_languages_choose_nothing() -> None:
    assert choice_by_halves(noise(3, 7, 7), noise(7, 7), {}) is None
    assert choice_by_halves(np.ones((3, 8, 8)), noise(8, 8), {}) is None, "nothing varies"


def test_effects_compare_with_everything_else_equal() -> None:
    transfer = noise(8, 8)
    good, bad = transfer + 0.2 * noise(8, 8, seed=1), noise(8, 8, seed=2)
    stack = np.stack([bad, good, bad, good, good])
    levels = [{"a": "x", "b": "p"}, {"a": "y", "b": "p"}, {"a": "x", "b": "q"},
              {"a": "y", "b": "q"}, {"a": "y", "b": "r"}]  # r has no partner in x
    values = stack_values(stack, transfer)
    found = {(one.factor, one.level): one for one in effects(
        levels, {"a": "x", "b": "p"}, stack, transfer)}
    assert found["a", "y"].difference == pytest.approx(values[1] - values[0])
    assert found["a", "y"].n == 2
    interval = found["a", "y"].interval
    assert interval is not None
    assert interval[0] < found["a", "y"].difference < interval[1]
    assert found["b", "q"].difference == pytest.approx(0)
    assert found["b", "r"].n == 1
    assert np.isnan(found["a", "x"].difference)
    assert found["a", "y"].mean == pytest.approx(values[[1, 3, 4]].mean())


# the content

@pytest.fixture
def content(tmp_path) -> dict:
    store = Store(tmp_path)
    finished_study(store, [0, 1] * 4)
    results = results_of(store)
    near = similarity(SERIES, "layer.1", correction="centred").matrix
    table = scores_of(np.stack([near + 0.05 * noise(8, 8, seed=at) for at in range(3)]) / 4 + 0.5,
                      EUROPEAN)
    return compared_readings(results, {"none": results.series}, table,
                             ReadingsPlan(permutations=199, halvings=20))


def test_the_content_ranks_readings_and_tells_the_fixed_ones(content: dict) -> None:
    json.dumps(content, allow_nan=False)
    values = [one["target_spearman"]["value"] for one in content["readings"]]
    assert values == sorted(values, reverse=True)
    assert values[0] > 0.8
    assert {one["name"] for one in content["fixed"]} == {"default", "plain"}
    for one in content["fixed"]:
        twin = content["readings"][one["rank"] - 1]
        assert [twin[factor] for factor in FACTORS] == [one[factor] for factor in FACTORS]
        assert twin["target_spearman"] == one["target_spearman"]
    assert content["factors"]["preconditioner"] == ["none"]
    assert content["choice"]["scored"]["mean"] > 0.5
    assert sum(content["choice"]["levels"]["correction"].values()) == pytest.approx(1)
    assert len(content["readings"]) + len(content["undefined"]) == 2 * 4 * len(
        content["factors"]["blocks"]) * 3


def test_readings_with_few_pairs_take_no_part(tmp_path) -> None:
    store = Store(tmp_path)
    finished_study(store, [0, 1] * 4)
    results = results_of(store)
    noisy = made_up_series([0, 1] * 4, noise=dict.fromkeys(range(8), 60.0))
    table = scores_of(noise(8, 8, seed=5) / 9 + 0.5, EUROPEAN)
    content = compared_readings(results, {"none": noisy}, table,
                                ReadingsPlan(permutations=99, halvings=10))
    assert content["undefined"]
    assert {one["correction"] for one in content["undefined"]} == {"noise_corrected"}
    assert all(one["coverage"] < 0.5 for one in content["undefined"])
    report = finding_report("readings", content)["report.md"]
    assert "## Undefined" in report


def test_the_report_is_whole(content: dict) -> None:
    files = finding_report("readings", content)
    assert set(files) == {"report.md", "table.csv", "choices.csv", "choice.svg", "choices.svg",
                          "finding.json"}
    assert json.loads(files["finding.json"]) == content
    for name in ("choice.svg", "choices.svg"):
        assert f"]({name})" in files["report.md"]
    assert len(files["table.csv"].splitlines()) == 1 + len(content["readings"]) + len(
        content["undefined"])
    assert summary_rows("readings", content)[-1]["reading"].startswith("Plain")


# the sibling study

def test_the_sibling_differs_in_the_preconditioner_alone(tmp_path) -> None:
    prepared = finished_study(Store(tmp_path), [0, 1])
    other = adam_sibling(prepared)
    assert other.study.preconditioner == "adam"
    assert other.study.model_copy(update={"preconditioner": "none", "name": prepared.study.name}
                                  ) == prepared.study
    assert other.signature != prepared.signature
    assert other.signature == sibling_signature(prepared.study, study_record(prepared))
    assert adam_sibling(other).study.preconditioner == "none"


@pytest.mark.parametrize("fails", [False, True])
def test_the_study_asked_about_stays_the_newest(tmp_path, fails: bool) -> None:
    """A sibling that an experiment computes is not what the next command means."""
    store, one, sibling = Store(tmp_path), "a" * 16, "f" * 16
    store.write_text(one, "study.yaml", "name: The study\n")
    with suppress(ValueError), staying_newest(store, one):
        store.write_json(sibling, "study.json", {})
        assert store.signatures() == [sibling, one]
        if fails:
            raise ValueError
    assert store.signatures() == [one, sibling]
    assert store.path(one, "study.yaml").read_text() == "name: The study\n"
    with staying_newest(store, "b" * 16):
        pass  # without the file nothing is written
    assert store.signatures() == [one, sibling]
