"""How many numbers a sketch gets for an error, and what it says of its own."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
import torch
from engine_cases import made_corpus, made_encoded, made_encoder
from joint_cases import ONE, made_prepared, small_encoder, trial

from gradsim_core.errors import StudyError
from gradsim_core.gradients.folding import fold_rows, fold_signs
from gradsim_core.gradients.sketch_error import fold_error, sketch_errors
from gradsim_core.gradients.sketch_size import (
    EXCESS,
    MOST,
    error_bound,
    n_cosines,
    size_for_error,
    sketch_sentence,
    sketch_size_of,
)
from gradsim_core.results import load_results
from gradsim_core.storage.store import Store
from gradsim_core.study import Study
from gradsim_core.training import joint as joint_module
from gradsim_core.training.steps import start_training, train_step


def test_a_size_is_the_smallest_prime_that_keeps_the_bound() -> None:
    cosines = n_cosines(12, 8, 8)
    assert cosines == 24 * 23 // 2 * 8 * 8
    for error in (0.2, 0.05, 0.01):
        size = size_for_error(error, cosines)
        assert error_bound(size, cosines) <= error
        assert all(size % divisor for divisor in range(2, math.isqrt(size) + 1))
        smaller = [n for n in range(size - 400, size) if n > 66 and error_bound(n, cosines) <= error
                   and all(n % divisor for divisor in range(2, math.isqrt(n) + 1))]
        assert not smaller
    assert size_for_error(0.02, n_cosines(1000, 8, 8)) > size_for_error(0.02, cosines)


def test_the_setting_decides_and_is_left_out() -> None:
    assert sketch_size_of(Study(sketch_size=500), 12, 8) == 500
    size = sketch_size_of(Study(sketch_size=500, sketch_error=0.05), 12, 8)
    assert 15_000 < size < 45_000
    with pytest.raises(StudyError, match=r"sketch_error 0\.0001 asks for"):
        sketch_size_of(Study(sketch_error=0.0001), 12, 8)
    assert size_for_error(error_bound(MOST, 1) * 1.01, 1) < MOST


def cosines_of(rows: torch.Tensor) -> np.ndarray:
    gram = (rows.double() @ rows.double().T).numpy()
    length = np.sqrt(np.diagonal(gram))
    return (gram / length[:, None] / length)[np.triu_indices(len(gram), 1)]


@pytest.mark.parametrize("common", [0.0, 1.0, 3.0])
def test_random_rows_err_as_the_formula_and_the_estimate_say(common: float) -> None:
    """Rows that share a part have a cosine of common² / (1 + common²), and smaller errors."""
    generator = torch.Generator().manual_seed(1)
    rows = torch.randn((40, 60_000), generator=generator) + common * torch.randn(
        60_000, generator=generator)
    exact, size = cosines_of(rows), 499
    true = np.array([cosines_of(fold_rows(rows, fold_signs(60_000, size, seed), size)) - exact
                     for seed in range(12)])
    folded = fold_rows(rows, fold_signs(60_000, size, 99), size)
    typical, largest = fold_error(folded)
    rms = np.sqrt(np.mean(true**2))
    expected = (1 - (common**2 / (1 + common**2))**2) / math.sqrt(size)
    assert rms == pytest.approx(expected, rel=0.15)
    assert typical == pytest.approx(rms, rel=0.25)
    assert np.mean(np.abs(true).max(axis=1) > largest) <= 0.1  # 19 of 20 are within it
    assert largest < 1.5 * np.abs(true).max()
    bound = error_bound(size, true.shape[1]) / EXCESS  # of random rows, which these are
    assert np.mean(np.abs(true).max(axis=1) > bound) < 0.2
    assert common or np.abs(true).max() > bound / 2.5  # not just wide


@pytest.mark.parametrize("size", [127, 509])
def test_estimates_are_those_of_real_gradients(size: int) -> None:
    """Against exact gradients of the same run, over several draws of the signs, by block."""
    errors, told = {}, {}
    for seed in range(4):
        grams = {}
        for mode in ("exact", "sketch"):
            corpus, encoder = made_corpus(), made_encoder()
            encoded = made_encoded(corpus, encoder)
            study = Study(steps=2, snapshots=1, batch_size=8, gradients=mode, sketch_size=size,
                          learning_rate=1e-3, seed=seed)
            training = start_training(encoder, tuple(corpus.languages), study)
            for _ in range(2):
                train_step(training, encoded, study, True)
            grams[mode] = training.tap.grams(training.tap.sums)
            found = sketch_errors(training)
            assert (found is None) is (mode == "exact")
        for name, exact, sketched in zip(encoder.blocks, *grams.values(), strict=True):
            upper = np.triu_indices(len(exact), 1)
            of_both = [(one / np.sqrt(np.outer(np.diag(one), np.diag(one))))[upper]
                       for one in (exact, sketched)]
            errors.setdefault(name, []).append(of_both[1] - of_both[0])
            told.setdefault(name, []).append(found[name])
    within: list[bool] = []
    for name, of_block in errors.items():
        rms = np.sqrt(np.mean(np.square(of_block)))
        typical = np.sqrt(np.mean([one["typical"]**2 for one in told[name]]))
        assert rms < 1.2 * typical, name  # with one error in so many draws, that much is chance
        within.extend(np.abs(one).max() <= now["largest"]
                      for one, now in zip(of_block, told[name], strict=True))
        if name.startswith("layer"):
            assert typical < 8 * rms, name  # of such small layers, rows have little in common
    assert np.mean(within) >= 0.95


def test_rows_that_resemble_each_other_are_told() -> None:
    """Rows of an outer product with a pattern that has a mean: no random rows, a large error."""
    generator = torch.Generator().manual_seed(3)
    size, pattern = 499, 1.0 + 0.5 * torch.randn(48, generator=generator)
    outer = torch.randn((16, 1000), generator=generator)
    rows = (outer[:, :, None] * pattern).reshape(16, -1)
    exact = cosines_of(rows)
    true = np.array([cosines_of(fold_rows(rows, fold_signs(48_000, size, seed), size)) - exact
                     for seed in range(20)])
    rms, random = np.sqrt(np.mean(true**2)), 1 / math.sqrt(size)
    told = np.mean([fold_error(fold_rows(rows, fold_signs(48_000, size, seed), size))[0]
                    for seed in range(20)])
    assert rms > 2 * random
    assert 0.6 * rms < told < 2.5 * rms


def test_a_block_that_is_kept_whole_has_no_error() -> None:
    corpus, encoder = made_corpus(), made_encoder()
    study = Study(steps=1, snapshots=1, batch_size=4, gradients="sketch", sketch_size=1021)
    training = start_training(encoder, tuple(corpus.languages), study)
    train_step(training, made_encoded(corpus, encoder), study, True)
    encoder.blocks["head"] = encoder.blocks["head"][:1]  # fewer numbers than columns
    found = sketch_errors(training)
    assert found is not None
    assert [name for name, one in found.items() if not one["largest"]] in ([], ["head"])


def test_rows_without_length_are_left_out() -> None:
    rows = torch.randn((5, 101))
    rows[2] = 0
    assert fold_error(rows) == pytest.approx(fold_error(rows[[0, 1, 3, 4]]))
    assert fold_error(rows[:1]) == (0.0, 0.0)


def test_rows_left_out_make_the_largest_larger() -> None:
    """Three times as many random rows have a larger largest error, of which a third was seen."""
    generator = torch.Generator().manual_seed(4)
    rows = torch.randn((420, 101), generator=generator)
    some, every = fold_error(rows[::3]), fold_error(rows)
    assert every[0] == pytest.approx(some[0])
    assert every[1] == pytest.approx(some[1] * math.sqrt(math.log(420) / math.log(140)))


def test_a_run_tells_its_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(joint_module, "load_encoder", small_encoder)
    store = Store(tmp_path)
    trial(made_prepared(gradients="sketch", sketch_error=0.3), store)
    facts = load_results(store, ONE).facts
    assert facts["sketch_size"] == size_for_error(0.3, n_cosines(4, 4, 3))
    assert set(facts["sketch_error"]) == set(load_results(store, ONE).series.blocks)
    largest = max(one["largest"] for one in facts["sketch_error"].values())
    assert 0.01 < largest < 0.3
    said = sketch_sentence(facts)
    assert said is not None
    assert f"{facts['sketch_size']:,} numbers a block" in said
    assert f"{largest:.3f}" in said


def test_the_sentence_of_whole_gradients_and_of_older_runs() -> None:
    assert sketch_sentence({"mode": "exact"}) is None
    assert sketch_sentence({"mode": "sketch", "sketch_size": 16_381}) == (
        "16,381 numbers a block stand for its gradient.")
    assert sketch_sentence({"mode": "sketch", "sketch_size": 9, "sketch_error": {
        "head": {"typical": 0.0, "largest": 0.0}}}) == (
        "9 numbers a block stand for its gradient, all of it.")
