"""Score tables: arithmetic a reader can check, tables from trials, and the majority baseline."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from data_cases import write
from hypothesis import given
from hypothesis import strategies as st
from made_up_studies import SIGNATURE, made_up_series, write_study

from gradsim_core.data.corpus import Corpus, Split
from gradsim_core.errors import DataError, StoreError, StudyError
from gradsim_core.languages.resolving import resolve
from gradsim_core.prepared import RECORD, prepare, study_record
from gradsim_core.scores.majority import load_majority, majority_baseline
from gradsim_core.scores.tables import (
    Scores,
    gains_over_all_languages,
    gains_over_majority,
    gains_over_monolingual,
    mean_scores,
    seed_agreement,
    selection,
    square,
)
from gradsim_core.scores.trained import (
    all_languages_scores,
    load_record,
    pair_gains,
    transfer_scores,
)
from gradsim_core.storage.store import Store
from gradsim_core.study import Study
from gradsim_core.training.metrics import sequence_scores
from gradsim_core.trials import Budget, trial_of

NAN = float("nan")


def table(values: Any, sources: str = "deu nld", targets: str = "deu nld",
          metric: str = "accuracy") -> Scores:
    values = np.array(values, dtype=float)
    return Scores(tuple(sources.split()), tuple(targets.split()), metric, "test",
                  tuple(range(len(values))), values, "made up")


# arithmetic

TWO_SEEDS = table([[[0.8, 0.6], [0.5, 0.9]], [[0.6, NAN], [0.7, 0.7]]])


def test_mean_takes_the_seeds_there_are() -> None:
    np.testing.assert_allclose(mean_scores(TWO_SEEDS), [[0.7, 0.6], [0.6, 0.8]])
    assert np.isnan(mean_scores(table([[[NAN, 1], [1, 1]]]))[0, 0])


def test_gains_are_of_the_same_target_and_seed() -> None:
    found = gains_over_monolingual(TWO_SEEDS)
    np.testing.assert_allclose(found.values, [[[0, -0.3], [-0.3, 0]], [[0, NAN], [0.1, 0]]],
                               atol=1e-12)
    assert found.gain_over == "monolingual"
    together = np.array([[0.7, 0.7], [0.5, 0.5]])
    np.testing.assert_allclose(gains_over_all_languages(TWO_SEEDS, together).values,
                               [[[0.1, -0.1], [-0.2, 0.2]], [[0.1, NAN], [0.2, 0.2]]], atol=1e-12)
    baseline = {"deu": {"accuracy": 0.5}}
    np.testing.assert_allclose(gains_over_majority(TWO_SEEDS, baseline).values,
                               [[[0.3, NAN], [0.0, NAN]], [[0.1, NAN], [0.2, NAN]]], atol=1e-12)


def test_a_target_that_is_never_a_source_has_no_gain_over_itself() -> None:
    found = gains_over_monolingual(table([[[0.5, 0.4]]], "deu", "deu tir"))
    assert found.values[0, 0, 0] == 0
    assert np.isnan(found.values[0, 0, 1])


def test_gains_refuse_what_would_mix_up() -> None:
    gains = gains_over_monolingual(TWO_SEEDS)
    with pytest.raises(DataError, match="gains over monolingual already"):
        gains_over_monolingual(gains)
    with pytest.raises(DataError, match=r"shape \(2,\), not .* = \(2, 2\)"):
        gains_over_all_languages(TWO_SEEDS, np.zeros(2))
    with pytest.raises(DataError, match="not known in 'accuracy', only in macro_f1"):
        gains_over_majority(TWO_SEEDS, {"deu": {"macro_f1": 0.5}})


def test_selection_and_square() -> None:
    wide = table([[[1, 2, 3], [4, 5, 6]]], "deu nld", "tir nld deu")
    assert square(wide).targets == square(wide).sources == ("nld", "deu")
    assert square(wide).values.tolist() == [[[5, 6], [2, 3]]]
    assert selection(wide, ["nld"], ["deu", "tir"]).values.tolist() == [[[6, 4]]]
    with pytest.raises(DataError, match="no source 'tir'; it has deu, nld"):
        selection(wide, ["tir"], ["deu"])


def test_tables_check_their_shape_and_are_not_written_to() -> None:
    with pytest.raises(DataError, match=r"1 seeds, 2 sources and 1 targets .* shape \(1, 2, 2\)"):
        Scores(("a", "b"), ("a",), "", "", (0,), np.zeros((1, 2, 2)), "")
    with pytest.raises(DataError, match="'a' twice"):
        Scores(("a", "a"), ("a",), "", "", (0,), np.zeros((1, 2, 1)), "")
    with pytest.raises(ValueError, match="read-only"):
        TWO_SEEDS.values[0, 0, 0] = 1


# agreement of seeds

def test_agreement_of_two_seeds_is_their_correlation() -> None:
    rng = np.random.default_rng(0)
    values = rng.random((2, 5, 5))
    off = ~np.eye(5, dtype=bool)
    r = np.corrcoef(values[0][off], values[1][off])[0, 1]
    found = seed_agreement(table(values, "a b c d e", "a b c d e"))
    assert found.correlation == pytest.approx(r)
    assert found.reliability == pytest.approx(2 * r / (1 + r))
    assert (found.n_splits, found.n_cells) == (1, 20)


@pytest.mark.parametrize(("n_seeds", "n_splits"), [(3, 3), (4, 3), (5, 15), (12, 126)])
def test_every_halving_counts_once(n_seeds: int, n_splits: int) -> None:
    values = np.random.default_rng(1).random((n_seeds, 4, 4))
    assert seed_agreement(table(values, "a b c d", "a b c d")).n_splits == n_splits


def test_reliability_is_that_of_the_mean_over_seeds() -> None:
    """Known signal, known noise: reliability is the share of the signal in the mean's variance."""
    rng, n = np.random.default_rng(2), 120
    signal = rng.normal(size=(n, n))
    codes = " ".join(f"l{i}" for i in range(n))
    for n_seeds, noise in ((2, 1.0), (5, 2.0)):
        values = signal + noise * rng.normal(size=(n_seeds, n, n))
        expected = 1 / (1 + noise**2 / n_seeds)
        found = seed_agreement(table(values, codes, codes))
        assert found.reliability == pytest.approx(expected, abs=0.02)


def test_agreement_is_undefined_where_there_is_nothing_to_compare() -> None:
    for values in (np.ones((1, 3, 3)), np.ones((2, 3, 3)), np.full((3, 3, 3), NAN)):
        found = seed_agreement(table(values, "a b c", "a b c"))
        assert np.isnan([found.correlation, found.reliability]).all()


# tables from trials

BUDGET = Budget(steps=10, batch_size=4)


def trial_study(root: Path, missing: tuple[tuple[str, ...], ...] = ()) -> tuple[Store, dict]:
    """Sources deu, nld and swe, target tir; a trial's score tells what it was trained on."""
    store = write_study(root, series=made_up_series([0, 0, 1], codes=("deu", "nld", "swe")),
                        targets=("tir",))
    groups = [("deu",), ("nld",), ("swe",), ("deu", "nld"), ("deu", "swe"), ("nld", "swe"),
              ("deu", "nld", "swe")]
    for seed in (0, 1):
        for group in groups:
            if group in missing:
                continue
            scores = {code: {"accuracy": accuracy(group, code, seed), "weighted_f1": 0.5}
                      for code in ("deu", "nld", "swe", "tir")}
            store.write_json(SIGNATURE, trial_of(group, seed, BUDGET).entry, {
                "metric": "weighted_f1", "scores": {"test": scores, "dev": {}},
                "facts": {"seconds": 1.0, "examples": 40, "steps": 10}})
    return store, load_record(store, SIGNATURE)


def accuracy(group: tuple[str, ...], target: str, seed: int) -> float:
    """A half if the target was trained on, a tenth a language trained on, a hundredth a seed."""
    return 0.5 * (target in group) + 0.1 * len(group) + 0.01 * seed + 0.001 * ord(group[0][0])


def test_transfer_is_what_each_language_alone_gives(tmp_path: Path) -> None:
    store, record = trial_study(tmp_path, missing=(("nld",),))
    found = transfer_scores(store, record, BUDGET, (0, 1), metric="accuracy")
    assert (found.sources, found.targets) == (("deu", "nld", "swe"), ("deu", "nld", "swe", "tir"))
    assert np.isnan(found.values[:, 1]).all()
    assert found.missing == 8
    for k, i, source in ((0, 0, "deu"), (1, 2, "swe")):
        for j, target in enumerate(found.targets):
            assert found.values[k, i, j] == accuracy((source,), target, k)
    assert SIGNATURE in found.origin
    assert "10 steps of 4 rows" in found.origin
    assert (transfer_scores(store, record, BUDGET, (0,)).values[0, 0] == 0.5).all()
    assert transfer_scores(store, record, BUDGET, (7,)).missing == 12
    assert transfer_scores(store, record, BUDGET, ()).values.shape == (0, 3, 4)


def test_pairs_are_gains_of_the_target_from_the_source(tmp_path: Path) -> None:
    store, record = trial_study(tmp_path, missing=(("nld", "swe"),))
    found = pair_gains(store, record, BUDGET, (0, 1), metric="accuracy")
    assert found.gain_over == "monolingual"
    assert found.sources == found.targets == ("deu", "nld", "swe")
    assert np.diagonal(found.values, axis1=1, axis2=2).tolist() == [[0, 0, 0]] * 2
    for seed in (0, 1):
        assert found.values[seed, 0, 1] == (  # nld, trained with deu
            accuracy(("deu", "nld"), "nld", seed) - accuracy(("nld",), "nld", seed))
        assert found.values[seed, 1, 0] == (
            accuracy(("deu", "nld"), "deu", seed) - accuracy(("deu",), "deu", seed))
    assert np.isnan(found.values[:, 1, 2]).all()
    assert np.isnan(found.values[:, 2, 1]).all()


def test_all_languages(tmp_path: Path) -> None:
    store, record = trial_study(tmp_path)
    found = all_languages_scores(store, record, BUDGET, (0, 1, 2), metric="accuracy")
    group = ("deu", "nld", "swe")
    expected = [[accuracy(group, code, seed) for code in (*group, "tir")] for seed in (0, 1)]
    np.testing.assert_allclose(found, [*expected, [NAN] * 4])
    assert all_languages_scores(store, record, BUDGET, (0,), targets=["tir"]).shape == (1, 1)


def test_unknown_split_metric_and_study_are_named(tmp_path: Path) -> None:
    store, record = trial_study(tmp_path)
    with pytest.raises(StudyError, match=r"Split 'train' is not known.*dev, test"):
        transfer_scores(store, record, BUDGET, (0,), split="train")
    with pytest.raises(StudyError, match=r"'bleu' is not known.*accuracy, weighted_f1"):
        pair_gains(store, record, BUDGET, (0,), metric="bleu")
    with pytest.raises(StoreError, match=r"'feed' is not in the cache.*gradsim list"):
        load_record(store, "feed")


# majority baseline

def corpus(task: str, rows: Mapping[str, tuple[list, list]], labels: tuple[str, ...],
           metric: str = "accuracy") -> Corpus:
    """Code -> labels of training rows, labels of test rows."""
    return Corpus(task, metric, labels, {code: resolve(code) for code in rows}, {  # type: ignore
        code: {"train": Split(tuple(train), tuple(train)), "test": Split(tuple(test), tuple(test))}
        for code, (train, test) in rows.items()}, "made up")


def test_majority_of_sequences() -> None:
    found = majority_baseline(corpus("sequence", {
        "deu": (["b", "b", "a"], ["b", "a", "a", "a"]),
        "nld": (["c", "a"], ["a", "c"]),          # as many of each: the first in order
        "tir": ([], ["a", "b"]),                  # pooled: a three times, b twice, c once
        "swe": (["a"], [])}, ("a", "b", "c")))
    assert set(found) == {"deu", "nld", "tir"}
    assert found["deu"]["accuracy"] == 0.25
    assert found["deu"] == sequence_scores(["b", "a", "a", "a"], ["b"] * 4)
    assert found["nld"]["accuracy"] == 0.5
    assert found["tir"] == sequence_scores(["a", "b"], ["a", "a"])


def test_majority_of_words_finds_no_entity() -> None:
    rows = {"hau": ([("O", "O", "B-PER")], [("B-PER", "O"), ("O",)])}
    found = majority_baseline(corpus("token", rows, ("B-PER", "O"), "entity_f1"))
    assert found["hau"] == {"accuracy": pytest.approx(2 / 3), "entity_f1": 0.0}
    assert set(majority_baseline(corpus("token", rows, ("B-PER", "O")))["hau"]) == {"accuracy"}


def test_majority_of_a_study_is_kept_and_checked(tmp_path: Path) -> None:
    for code in ("deu", "nld"):
        for split, labels in (("train", "xxy"), ("dev", "xy"), ("test", "yyyx")):
            write(tmp_path / "data" / code / f"{split}.tsv", "text\tlabel\n" + "".join(
                f"{code} {split} {i}\t{label}\n" for i, label in enumerate(labels)))
    prepared = prepare(Study(data=str(tmp_path / "data"), task="sequence"))
    store = Store(tmp_path / "cache")
    store.write_json(prepared.signature, RECORD, study_record(prepared))
    assert load_majority(store, prepared.signature)["deu"]["accuracy"] == 0.25
    write(tmp_path / "data" / "deu" / "train.tsv", "text\tlabel\nother\ty\nrows\tx\n")
    assert load_majority(store, prepared.signature, "dev")["deu"]["accuracy"] == 0.5  # kept
    store.remove(prepared.signature, "scores/majority.json")
    with pytest.raises(DataError, match="the data are not those"):
        load_majority(store, prepared.signature)
    assert json.loads(json.dumps(majority_baseline(prepared.corpus)))  # plain numbers


@given(st.lists(st.sampled_from("abc"), min_size=1, max_size=20),
       st.lists(st.sampled_from("abc"), min_size=1, max_size=20))
def test_majority_accuracy_is_a_count(train: list[str], test: list[str]) -> None:
    label = sorted("abc", key=lambda one: (-train.count(one), one))[0]
    found = majority_baseline(corpus("sequence", {"deu": (train, test)}, ("a", "b", "c")))
    assert found["deu"]["accuracy"] == pytest.approx(test.count(label) / len(test))
