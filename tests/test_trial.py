"""One trial: its training against the joint run's, its scores, stopping early, going on."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from engine_cases import made_corpus, made_encoder
from joint_cases import ONE, Cut, made_prepared, small_encoder

from gradsim_core.encoder.encoding import encode_split
from gradsim_core.errors import RunError, StudyError
from gradsim_core.storage.store import Store
from gradsim_core.training import trial as trial_module
from gradsim_core.training.batches import collate, mean_loss, rows_at
from gradsim_core.training.mixed import micro_batches, pool_of, step_rows
from gradsim_core.training.optimization import adamw, schedule
from gradsim_core.training.steps import start_training, train_step
from gradsim_core.training.trial import run_trial, study_texts
from gradsim_core.trials import Budget, load_trial, study_budget, trial_of

SOME = ("deu", "ita")


@pytest.fixture(autouse=True)
def _small_model(monkeypatch):
    monkeypatch.setattr(trial_module, "load_encoder", small_encoder)


def without_dropout(*asked):
    encoder = small_encoder(*asked)
    for module in encoder.model.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = 0.0
    encoder.model.config.attention_probs_dropout_prob = 0.0
    for module in encoder.model.modules():
        if isinstance(getattr(module, "dropout_prob", None), float):
            module.dropout_prob = 0.0
    return encoder


def trained(prepared, store, languages=SOME, seed=0, observe=lambda event: None, every_s=60.0,
            **budget):
    trial = trial_of(languages, seed, study_budget(prepared.study, **budget))
    return trial, run_trial(prepared, study_texts(prepared), store, trial, observe, 1, every_s)


@pytest.mark.parametrize("task", ["sequence", "token"])
@pytest.mark.parametrize("packed", [True, False])
def test_mixed_batches_train_as_the_joint_run_does(task, packed):
    """The same weights after five steps as with one micro-batch a language and half."""
    corpus, study = made_corpus(task), made_prepared(task).study
    models = [made_encoder("bert", task, seed=3) for _ in range(2)]
    encoded = {code: encode_split(corpus.split(code, "train"), task, corpus.labels,
                                  models[0].tokenizer, 64) for code in SOME}
    joint = start_training(models[0], SOME, study)
    optimizer, pool = adamw(models[1], study), pool_of(encoded, SOME)
    for step in range(5):
        train_step(joint, encoded, study, packed)
        trial_module._backward(models[1], pool, study, step, packed)
        trial_module.update(models[1], optimizer, study, step)
    for one, other in zip(models[0].parameters, models[1].parameters, strict=True):
        torch.testing.assert_close(one, other, rtol=0, atol=2e-4)
    start = made_encoder("bert", task, seed=3).parameters
    moved = max(float((a - b).abs().max().detach())
                for a, b in zip(models[0].parameters, start, strict=True))
    assert moved > 1e-2, "nothing was trained, so nothing was compared"


@pytest.mark.parametrize("task", ["sequence", "token"])
def test_the_mixed_loss_is_the_mean_over_halves(task, monkeypatch):
    corpus, encoder = made_corpus(task), made_encoder("bert", task)
    encoded = {code: encode_split(corpus.split(code, "train"), task, corpus.labels,
                                  encoder.tokenizer, 64) for code in SOME}
    monkeypatch.setattr("gradsim_core.training.mixed.BATCH_TOKENS", 40)
    pool = pool_of(encoded, SOME)
    encoder.model.eval()
    rows, weights = step_rows(pool, 2, 8, seed=1)
    batches = list(micro_batches(encoder, pool, rows, weights, packed=False))
    assert len(batches) > 3, "one micro-batch would show nothing"
    found = sum(float(trial_module.weighted_loss(encoder, *batch).detach()) for batch in batches)
    halves = [mean_loss(encoder, collate(encoder, encoded[code], rows_at(
        len(encoded[code]), 2, 4, 1, code, half), False)) for code in SOME for half in (0, 1)]
    assert found == pytest.approx(float(sum(halves).detach()) / 4, rel=1e-5)


def test_every_row_of_a_step_is_in_one_micro_batch():
    corpus, encoder = made_corpus(), made_encoder()
    encoded = {code: encode_split(corpus.split(code, "train"), "sequence", corpus.labels,
                                  encoder.tokenizer, 64) for code in SOME}
    pool = pool_of(encoded, SOME)
    rows, weights = step_rows(pool, 0, 8, seed=0)
    assert weights.sum() == pytest.approx(1)
    lengths = pool.rows.lengths_of(rows)
    assert (np.diff(lengths) >= 0).all()
    n_tokens = sum(int(batch.tokens.sum()) for batch, _ in micro_batches(
        encoder, pool, rows, weights, packed=False))
    assert n_tokens == lengths.sum()


def test_a_trial_scores_every_language_and_is_kept(tmp_path):
    prepared, store = made_prepared(), Store(tmp_path)
    trial, found = trained(prepared, store)
    assert set(found["scores"]["test"]) == set(prepared.corpus.languages)
    assert found["facts"]["examples"] == 6 * 4 * 2
    record = {"signature": ONE, "study": prepared.study.model_dump(mode="json"),
              "sources": list(prepared.sources)}
    assert load_trial(store, record, trial) == found
    assert load_trial(store, record, trial_of(SOME, 1, trial.budget)) is None


def test_trials_differ_by_seed_and_languages_and_by_nothing_else(tmp_path):
    prepared = made_prepared()

    def losses(place, **asked):
        found = []
        trained(prepared, Store(tmp_path / place), observe=lambda event: found.append(
            event["loss"]), **asked)
        return found

    assert losses("a") == losses("b")
    assert losses("a", seed=1) != losses("b")
    assert losses("a", languages=("deu",)) != losses("b")


def test_order_and_repeats_of_languages_name_the_same_trial():
    budget = Budget(steps=3, batch_size=4)
    assert trial_of(("ita", "deu", "deu"), 0, budget).entry == trial_of(SOME, 0, budget).entry


@pytest.mark.parametrize("patience", [0, 3])
def test_a_cut_trial_goes_on_to_the_same_scores(tmp_path, patience):
    prepared = made_prepared(steps=24)
    whole, cut = Store(tmp_path / "whole"), Store(tmp_path / "cut")
    _, expected = trained(prepared, whole, patience=patience)

    def stop(event):
        if event["step"] == 5:
            raise Cut

    with pytest.raises(Cut):
        trained(prepared, cut, observe=stop, every_s=0.0, patience=patience)
    name = trial_of(SOME, 0, study_budget(prepared.study, patience=patience)).checkpoint
    arrays, facts = cut.read_tensors(ONE, name)
    assert facts["seconds"] > 0
    cut.write_tensors(ONE, name, arrays, {**facts, "seconds": 1_000.0})
    steps = []
    trial, found = trained(prepared, cut, observe=lambda event: steps.append(event["step"]),
                           patience=patience)
    assert steps[0] == 5, "it began anew"
    assert found["scores"] == expected["scores"]
    assert found["facts"]["seconds"] >= found["facts"]["train_seconds"] > 1_000, "of both runs"
    assert not cut.exists(ONE, trial.checkpoint)


def test_stopping_early_takes_the_best_weights(tmp_path, monkeypatch):
    """Dev scores that rise twice and then fall: it stops two looks after the best one."""
    prepared = made_prepared(steps=40)
    real, looks = trial_module.evaluate, []
    dev = iter([.2, .5, .4, .3, .9])
    weights = []

    def watched(encoder, corpus, texts, packed):
        if "test" in texts:
            weights.append([p.detach().clone() for p in encoder.parameters])
            return real(encoder, corpus, texts, packed)
        looks.append([p.detach().clone() for p in encoder.parameters])
        score = next(dev)
        return {"scores": {"dev": {code: {corpus.metric: score} for code in texts["dev"]}}}

    monkeypatch.setattr(trial_module, "evaluate", watched)
    _, found = trained(prepared, Store(tmp_path), patience=2)
    assert len(looks) == 4
    assert found["facts"]["steps"] == 8
    for best, scored in zip(looks[1], weights[0], strict=True):
        torch.testing.assert_close(best, scored, rtol=0, atol=0)


def test_a_trial_that_diverges_says_so(tmp_path, monkeypatch):
    prepared = made_prepared()
    real = trial_module.weighted_loss
    monkeypatch.setattr(trial_module, "weighted_loss", lambda *given: real(*given) * float("nan"))
    with pytest.raises(RunError, match=r"deu, ita .*step 1"):
        trained(prepared, Store(tmp_path))


def test_languages_without_training_rows_are_named(tmp_path):
    with pytest.raises(StudyError, match="xyz"):
        trained(made_prepared(), Store(tmp_path), ("deu", "xyz"))


def test_without_dropout_the_trial_of_all_languages_is_the_joint_run(tmp_path, monkeypatch):
    """Scores of the joint run stand for this trial: here both are computed and compared."""
    from gradsim_core.training import joint

    monkeypatch.setattr(joint, "load_encoder", without_dropout)
    monkeypatch.setattr(trial_module, "load_encoder", without_dropout)
    prepared, store = made_prepared(steps=20), Store(tmp_path)
    joint.run_joint_trial(prepared, store, lambda event: None, 1)
    trial = trial_of(prepared.sources, prepared.study.seed, study_budget(prepared.study))
    record = {"signature": ONE, "study": prepared.study.model_dump(mode="json"),
              "sources": list(prepared.sources)}
    stands_for = load_trial(store, record, trial)
    assert stands_for is not None
    found = run_trial(prepared, study_texts(prepared), store, trial, lambda event: None, 1)
    assert found["scores"] == stands_for["scores"]
    assert schedule(0, prepared.study) > 0
