import numpy as np
import pytest
import torch
from engine_cases import made_corpus, made_encoded, made_encoder
from reference_gradients import ref_cosines, ref_step_gradients

from gradsim_core.gradients.faults import faulty_rows
from gradsim_core.gradients.tap import Tap, is_exact
from gradsim_core.study import Study
from gradsim_core.training.steps import start_training, train_step

STEPS = 3


def trained(shape, task, packed, mode="exact", sketch_size=16_381, spoil=None, unused=False):
    """Train a few steps; returns the Grams of the sums and the reference's rows."""
    corpus = made_corpus(task)
    encoder = made_encoder(shape, task)
    if unused:
        encoder.blocks["layer.1"].append(torch.nn.Parameter(torch.ones(7)))
        encoder.model.register_parameter("unused", encoder.blocks["layer.1"][-1])
    encoded = made_encoded(corpus, encoder)
    study = Study(steps=STEPS, snapshots=1, batch_size=8, gradients=mode,
                  sketch_size=sketch_size, learning_rate=0.01, seed=3)
    training = start_training(encoder, tuple(corpus.languages), study)
    if spoil:
        spoil(training, encoded)
    expected = None
    step_grams = []
    for step in range(STEPS):
        rows = ref_step_gradients(encoder, encoded, training.languages, step, 8, 3)
        expected = rows if expected is None else [
            a + b for a, b in zip(expected, rows, strict=True)]
        _, grams = train_step(training, encoded, study, packed)
        step_grams.append((grams, rows))
    return training.tap.grams(training.tap.sums), expected, step_grams, training


def cosines_of_gram(gram):
    length = np.sqrt(np.diag(gram))
    with np.errstate(invalid="ignore", divide="ignore"):
        return gram / length[:, None] / length[None, :]


@pytest.mark.parametrize("task", ["sequence", "token"])
@pytest.mark.parametrize(("shape", "packed"), [
    ("bert", True), ("bert", False), ("xlm-roberta", True), ("xlm-roberta", False),
    ("distilbert", False), ("deberta-v2", False), ("electra", False)])
def test_exact_cosines_equal_float64_one_row_at_a_time(shape, task, packed):
    grams, expected, step_grams, _ = trained(shape, task, packed)
    assert len(grams) == len(expected) == 5
    for gram, rows in zip(grams, expected, strict=True):
        np.testing.assert_allclose(cosines_of_gram(gram), ref_cosines(rows), atol=1e-5)
    for of_step, rows_of_step in step_grams:
        for gram, rows in zip(of_step, rows_of_step, strict=True):
            np.testing.assert_allclose(cosines_of_gram(gram), ref_cosines(rows), atol=1e-5)


def test_unused_parameters_change_nothing():
    with_unused, *_ = trained("bert", "sequence", True, unused=True)
    without, *_ = trained("bert", "sequence", True)
    for a, b in zip(with_unused, without, strict=True):
        np.testing.assert_allclose(cosines_of_gram(a), cosines_of_gram(b), atol=1e-5)


@pytest.mark.parametrize(("shape", "packed"), [("bert", True), ("distilbert", False)])
def test_large_sketch_is_exact(shape, packed):
    sketched, expected, _, training = trained(shape, "sequence", packed, "sketch", 2**20)
    assert not training.tap.exact
    for gram, rows in zip(sketched, expected, strict=True):
        np.testing.assert_allclose(cosines_of_gram(gram), ref_cosines(rows), atol=1e-5)


def test_sketch_is_close_and_not_exact():
    sketched, expected, _, training = trained("bert", "sequence", True, "sketch", 1021)
    assert training.tap.sums.shape[1] <= 5 * 1021
    errors = np.concatenate([(cosines_of_gram(gram) - ref_cosines(rows)).ravel()
                             for gram, rows in zip(sketched, expected, strict=True)])
    assert 1e-6 < np.sqrt(np.mean(errors**2)) < 0.05


def test_sketch_is_linear_and_unbiased():
    """Over many sign draws, sketched inner products average to the exact one."""
    encoder = made_encoder()
    generator = torch.Generator().manual_seed(0)
    estimates, exact = [], 0.0
    gradients = [[torch.randn(p.shape, generator=generator) for p in encoder.parameters]
                 for _ in range(2)]
    gradients[1] = [a + b for a, b in zip(*gradients, strict=True)]
    exact = sum(float((a * b).sum()) for a, b in zip(*gradients, strict=True))
    for seed in range(64):
        tap = Tap(encoder, 1, exact=False, sketch_size=257, seed=seed)
        tap.begin_step()
        for row in (0, 1):
            tap.begin(row)
            sum((parameter * gradient).sum() for parameter, gradient in zip(
                encoder.parameters, gradients[row], strict=True)).backward()
            tap.end(row)
        estimates.append(tap.grams(tap.step).sum(axis=0)[0, 1])
    standard_error = np.std(estimates) / np.sqrt(len(estimates))
    assert abs(np.mean(estimates) - exact) < 4 * standard_error
    assert standard_error > 0


@pytest.mark.parametrize("mode", ["exact", "sketch"])
def test_both_modes_train_alike_and_follow_the_mean_gradient(mode):
    """The step taken is AdamW's on the mean of the languages' gradients."""
    *_, training = trained("bert", "sequence", True, mode, 2**20)
    corpus = made_corpus("sequence")
    encoder = made_encoder("bert", "sequence")
    encoded = made_encoded(corpus, encoder)
    study = Study(steps=STEPS, snapshots=1, batch_size=8, learning_rate=0.01, seed=3)
    plain = start_training(encoder, tuple(corpus.languages), study)
    for step in range(STEPS):
        rows = ref_step_gradients(encoder, encoded, plain.languages, step, 8, 3)
        flat = torch.from_numpy(np.concatenate([block.mean(axis=0) for block in rows]))
        start = 0
        for parameter in encoder.parameters:
            parameter.grad = flat[start:start + parameter.numel()].view_as(parameter).float()
            start += parameter.numel()
        torch.nn.utils.clip_grad_norm_(encoder.parameters, 1.0)
        for group in plain.optimizer.param_groups:
            group["lr"] = training_rate(study, step)
        plain.optimizer.step()
    for ours, theirs in zip(training.encoder.parameters, encoder.parameters, strict=True):
        assert float((ours - theirs).detach().abs().max()) < 2e-3  # AdamW's sign at |g| ~ 0
    moved = torch.cat([(p - q).detach().flatten() for p, q in zip(
        encoder.parameters, made_encoder("bert", "sequence").parameters, strict=True)])
    apart = torch.cat([(p - q).detach().flatten() for p, q in zip(
        encoder.parameters, training.encoder.parameters, strict=True)])
    assert apart.norm() < 0.01 * moved.norm()


def training_rate(study, step):
    """Linear warm-up over a tenth of the steps (one here), then linear decay."""
    return study.learning_rate * (1.0 - step / study.steps if step else 1.0)


@pytest.mark.parametrize("mode", ["exact", "sketch"])
def test_a_language_with_broken_gradients_is_named_and_the_rest_goes_on(mode, monkeypatch):
    from gradsim_core.training import steps as engine

    real = engine.mean_loss
    broken_rows = set()

    def spoil(training, encoded):
        broken_rows.update(id(row) for row in encoded["nld"].ids)

    def collate(encoder, encoded, rows, packed):
        batch = real_collate(encoder, encoded, rows, packed)
        if id(encoded.ids[rows[0]]) in broken_rows:
            object.__setattr__(batch, "broken", True)
        return batch

    def loss_of(encoder, batch):
        value = real(encoder, batch)
        return value * float("inf") if getattr(batch, "broken", False) else value

    real_collate = engine.collate
    monkeypatch.setattr(engine, "collate", collate)
    monkeypatch.setattr(engine, "mean_loss", loss_of)
    grams, _, _, training = trained("bert", "sequence", True, mode, 2**20, spoil)
    assert list(training.invalid) == ["nld"]
    assert "step 1" in training.invalid["nld"]
    row = training.languages.index("nld") * 2
    assert not grams[:, row:row + 2].any()
    assert np.isfinite(grams).all()
    others = [i for i in range(8) if i not in (row, row + 1)]
    for gram in grams:
        assert np.isfinite(cosines_of_gram(gram[np.ix_(others, others)])).all()


def test_faulty_rows_names_what_is_not_finite_or_explodes():
    grams = np.stack([np.diag([1.0, 1.0, np.nan, 1.0, 1e10, 0.0])])
    assert faulty_rows(grams) == [2, 4]


def test_auto_is_exact_up_to_one_gibibyte():
    assert is_exact("auto", 12, 532_000)
    assert not is_exact("auto", 12, 22_700_000)
    assert is_exact("exact", 10_000, 10**9)
    assert not is_exact("sketch", 1, 1)
