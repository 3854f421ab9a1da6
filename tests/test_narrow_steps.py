"""Sums in sketch mode where memory has no room for a second matrix of a step."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from engine_cases import made_corpus, made_encoded, made_encoder
from joint_cases import made_prepared, small_encoder, trial
from result_cases import bytes_of

from gradsim_core.gradients import tap as module
from gradsim_core.gradients.folding import step_size
from gradsim_core.storage.store import Store
from gradsim_core.study import Study
from gradsim_core.training import joint as joint_module
from gradsim_core.training.steps import Training, start_training, train_step

STEPS = 3


def narrowed(monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    monkeypatch.setattr(module, "step_size", lambda *arguments: size)


def trained(spoil: dict[int, set[str]] | None = None) -> tuple[Training, list[np.ndarray]]:
    """Train without dropout; spoil: step -> languages whose gradients explode there."""
    corpus, encoder = made_corpus("sequence"), made_encoder()
    encoded = made_encoded(corpus, encoder)
    study = Study(steps=STEPS, snapshots=1, batch_size=8, gradients="sketch", sketch_size=509,
                  learning_rate=0.01, seed=3)
    training = start_training(encoder, tuple(corpus.languages), study)
    grams = []
    tap, added = training.tap, [0.0]
    begin_row, end_row = tap.begin, tap.end

    def begin(row: int) -> None:
        code = training.languages[row // 2]
        added[0] = 1e9 if row % 2 and code in (spoil or {}).get(training.step, ()) else 0.0
        begin_row(row)

    def end(row: int) -> bool:
        tap._incoming.folded.add_(added[0])
        return end_row(row)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tap, "begin", begin)
        patch.setattr(tap, "end", end)
        for _ in range(STEPS):
            _, found = train_step(training, encoded, study, True)
            assert found is not None
            grams.append(found)
    return training, grams


def test_sums_are_those_of_wide_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    narrowed(monkeypatch, 2**20)
    wide, grams = trained()
    narrowed(monkeypatch, 101)
    narrow, folded = trained()
    assert (wide.tap.narrow, narrow.tap.narrow) == (False, True)
    assert narrow.tap.step.shape[1] < wide.tap.step.shape[1] / 4
    np.testing.assert_allclose(narrow.tap.sums, wide.tap.sums, rtol=1e-6, atol=1e-9)
    cosines = [gram / np.sqrt(np.einsum("bi,bj->bij", *2 * [np.diagonal(gram, 0, 1, 2)]))
               for gram in (grams[-1], folded[-1])]
    error = np.abs(cosines[0] - cosines[1])
    assert 1e-6 < error.max() < 0.5
    assert error.mean() < 0.1  # 1 / sqrt(101)


@pytest.mark.parametrize("step", [0, 1])
def test_a_step_that_is_repeated_counts_once(monkeypatch: pytest.MonkeyPatch, step: int) -> None:
    narrowed(monkeypatch, 2**20)
    wide, _ = trained({step: {"nld"}})
    narrowed(monkeypatch, 101)
    narrow, _ = trained({step: {"nld"}})
    assert list(narrow.invalid) == list(wide.invalid) == ["nld"]
    of_nld = 2 * narrow.languages.index("nld")
    others = [row for row in range(8) if row // 2 != of_nld // 2]
    np.testing.assert_allclose(narrow.tap.sums[others], wide.tap.sums[others],
                               rtol=1e-5, atol=1e-8)
    assert np.isfinite(narrow.tap.sums.numpy()).all()


def test_a_run_cut_off_goes_on_to_the_same_bytes(tmp_path: Path,
                                                 monkeypatch: pytest.MonkeyPatch) -> None:
    narrowed(monkeypatch, 33)
    monkeypatch.setattr(joint_module, "load_encoder", small_encoder)
    whole, cut = Store(tmp_path / "whole"), Store(tmp_path / "cut")
    prepared: Any = made_prepared(gradients="sketch", sketch_size=64)
    trial(prepared, whole)
    trial(prepared, cut, 3)
    trial(prepared, cut)
    assert bytes_of(cut) == bytes_of(whole)


def test_steps_take_half_a_gradient_at_most() -> None:
    for n_languages, n_blocks, n_parameters in [(12, 8, 22_700_000), (100, 8, 22_700_000),
                                                (1000, 14, 92_000_000)]:
        size = step_size(16_381, n_languages, n_blocks, n_parameters)
        assert 2 * n_languages * n_blocks * size <= n_parameters / 2 * 1.01
    assert step_size(16_381, 12, 8, 22_700_000) == 16_381
    assert step_size(16_381, 10_000, 8, 1_000) == 64


def test_grams_of_very_many_rows_are_short(monkeypatch: pytest.MonkeyPatch) -> None:
    training, _ = trained()
    long = training.tap.grams(training.tap.sums)
    monkeypatch.setattr(module, "_LONG_BYTES", long.nbytes - 1)
    short = training.tap.grams(training.tap.sums)
    assert (long.dtype, short.dtype) == (np.float64, np.float32)
    np.testing.assert_allclose(short, long, rtol=1e-6)
