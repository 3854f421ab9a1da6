"""What a run keeps of its increments, and gradients as Adam scales them."""

import numpy as np
import pytest
import torch
from engine_cases import made_corpus, made_encoded, made_encoder
from reference_gradients import ref_step_gradients

from gradsim_core.errors import StudyError
from gradsim_core.gradients.folding import fold_rows, fold_signs
from gradsim_core.gradients.increments import FEWEST, MOST, increment_steps
from gradsim_core.study import Study
from gradsim_core.training.steps import start_training, train_step

STEPS = 4


def trained(mode="exact", preconditioner="none", **settings):
    """Train a few steps; returns the training, and the reference's gradients of every step."""
    corpus, encoder = made_corpus("sequence"), made_encoder("bert", "sequence")
    encoded = made_encoded(corpus, encoder)
    study = Study(steps=STEPS, snapshots=2, batch_size=8, gradients=mode, learning_rate=0.01,
                  seed=3, preconditioner=preconditioner, **settings)
    training = start_training(encoder, tuple(corpus.languages), study)
    rows, scales = [], []
    for step in range(STEPS):
        rows.append(ref_step_gradients(encoder, encoded, training.languages, step, 8, 3))
        train_step(training, encoded, study, True)
        scales.append(adam_scale(training, step + 1))
    return training, rows, scales


def adam_scale(training, step):
    """1 / (sqrt(v) + eps) of every block, in one row."""
    blocks = []
    for block in training.encoder.blocks.values():
        moments = [training.optimizer.state[p]["exp_avg_sq"].double().reshape(-1).numpy()
                   for p in block]
        blocks.append(1 / (np.sqrt(np.concatenate(moments) / (1 - 0.999**step)) + 1e-8))
    return blocks


def pairs(n):
    return [(a, b) for a in range(n) for b in range(a, n)]


@pytest.mark.parametrize("mode", ["exact", "sketch"])
def test_cross_grams_are_inner_products_of_increments(mode):
    training, rows, _ = trained(mode, sketch_size=2**20)
    grams = training.increments.grams()
    assert training.increments.steps == (1, 2, 3, 4)
    assert len(grams) == len(pairs(4))
    for found, (a, b) in zip(grams, pairs(4), strict=True):
        for block, gram in enumerate(found):
            expected = rows[a][block] @ rows[b][block].T
            scale = np.sqrt(np.outer((rows[a][block]**2).sum(1), (rows[b][block]**2).sum(1)))
            width = rows[a][block].shape[1]
            tolerance = 1e-4 if width <= 4093 else 0.15  # a fold estimates the longer ones
            np.testing.assert_allclose(gram / scale, expected / scale, atol=tolerance)


def test_all_increments_together_are_the_sums():
    training, *_ = trained()
    total = sum(gram.astype(float) + (gram.transpose(0, 2, 1) if a != b else 0)
                for gram, (a, b) in zip(training.increments.grams(), pairs(4), strict=True))
    own = training.tap.grams(training.tap.sums)
    narrow = [i for i, part in enumerate(training.tap.block_slices)
              if part.stop - part.start <= 4093]
    assert narrow
    for block in narrow:
        np.testing.assert_allclose(total[block], own[block], rtol=1e-3, atol=1e-6)


def test_preconditioned_gradients_are_what_adam_sees():
    training, rows, scales = trained(preconditioner="adam")
    for block, part in enumerate(training.tap.block_slices):
        expected = sum(rows[step][block] * scales[step][block] for step in range(STEPS))
        found = training.tap.sums[:, part].double().numpy()
        cosines = (found * expected).sum(1) / np.sqrt((found**2).sum(1) * (expected**2).sum(1))
        assert cosines == pytest.approx(np.ones(len(found)), abs=1e-3)


def test_preconditioning_changes_what_is_compared_and_not_the_training():
    plain, *_ = trained()
    scaled, *_ = trained(preconditioner="adam")
    for a, b in zip(plain.encoder.parameters, scaled.encoder.parameters, strict=True):
        assert torch.equal(a, b)
    assert not torch.allclose(plain.tap.sums, scaled.tap.sums)


def test_a_sketch_cannot_be_preconditioned():
    with pytest.raises(StudyError, match="exact"):
        trained("sketch", "adam")


@pytest.mark.parametrize(("width", "size"), [(3, 5), (5, 5), (12, 5), (10, 5)])
def test_a_fold_adds_rows_with_their_signs(width, size):
    rows = torch.arange(2.0 * width).reshape(2, width)
    signs = fold_signs(width, size, seed=1)
    expected = torch.zeros(2, min(width, size))
    for column in range(width):
        expected[:, column % size] += signs[column // size] * rows[:, column]
    assert torch.equal(fold_rows(rows, signs, size), expected)


@pytest.mark.parametrize(("steps", "snapshots", "n_languages", "widths", "expected"), [
    (72, 8, 12, [10**5] * 6, tuple(round(72 * (i + 1) / 16) for i in range(16))),
    (10, 8, 12, [100], (1, 2, 4, 5, 6, 8, 9, 10)),
    (6, 3, 4, [100], (1, 2, 3, 4, 5, 6)),
    (3, 3, 4, [100], ()),
    (72, 8, 1000, [10**6] * 26, ())])
def test_increments_hold_the_snapshots_and_fit(steps, snapshots, n_languages, widths, expected):
    assert increment_steps(steps, snapshots, n_languages, widths) == expected


@pytest.mark.parametrize("n_languages", [2, 12, 50, 100, 200, 400])
def test_there_are_never_too_few_or_too_many(n_languages):
    found = increment_steps(1000, 8, n_languages, [10**6] * 14)
    assert len(found) == 0 or FEWEST <= len(found) <= MOST
    assert not found or found[-1] == 1000
