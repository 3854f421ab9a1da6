"""How a pass is computed: pieces, activations computed twice, bfloat16, the device."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from engine_cases import made_corpus, made_encoded, made_encoder
from joint_cases import ONE, made_prepared, small_encoder, trial

from gradsim_core.devices import VARIABLE, ask_for_device, asked_device, with_device
from gradsim_core.encoder.encoding import IGNORE
from gradsim_core.errors import ModelError, RunError
from gradsim_core.results import load_results
from gradsim_core.storage.store import Store
from gradsim_core.study import Study
from gradsim_core.training import joint as joint_module
from gradsim_core.training import trial as trial_module
from gradsim_core.training.batches import collate, weighted_loss
from gradsim_core.training.passes import chosen_device, on_device, pieces, place
from gradsim_core.training.steps import half_backward, start_training, train_step
from gradsim_core.trials import Budget, trial_of

CPU = torch.device("cpu")
needs_cuda = pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device here")


def study_of(**settings: Any) -> Study:
    return Study(**{"steps": 2, "snapshots": 1, "batch_size": 8, "learning_rate": 0.01,  # type: ignore[arg-type]
                    "seed": 3, "gradients": "exact", **settings})


def trained(task: str = "sequence", shape: str = "bert", dropout: float = 0.0,
            device: torch.device = CPU, **settings: Any) -> tuple[np.ndarray, torch.Tensor]:
    """Grams of the sums after two steps, and all weights in one row."""
    corpus, encoder = made_corpus(task), made_encoder(shape, task)
    for module in encoder.model.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = dropout
    study = study_of(**settings)
    place(encoder, device, study.recompute)
    encoded = made_encoded(corpus, encoder)
    training = start_training(encoder, tuple(corpus.languages), study)
    for _ in range(2):
        train_step(training, encoded, study, encoder.first_position is not None)
    return training.tap.grams(training.tap.sums), torch.cat(
        [one.detach().cpu().flatten() for one in encoder.parameters])


def cosines(grams: np.ndarray) -> np.ndarray:
    length = np.sqrt(np.diagonal(grams, axis1=1, axis2=2))
    return grams / length[:, :, None] / length[:, None, :]


# pieces of a half batch

@pytest.mark.parametrize("task", ["sequence", "token"])
@pytest.mark.parametrize("mode", ["exact", "sketch"])
@pytest.mark.parametrize("micro_rows", [1, 3])
def test_pieces_add_up_to_the_half(task: str, mode: str, micro_rows: int) -> None:
    whole, weights = trained(task, gradients=mode, sketch_size=509)
    grams, others = trained(task, gradients=mode, sketch_size=509, micro_rows=micro_rows)
    np.testing.assert_allclose(cosines(grams), cosines(whole), atol=2e-5)
    np.testing.assert_allclose(grams, whole, rtol=1e-3, atol=1e-6 * whole.max())
    assert not torch.equal(weights, others)  # computed another way, and so rounded otherwise


def test_tokens_weigh_alike_wherever_they_stand() -> None:
    """A row of one labelled word counts a twentieth of one of twenty."""
    corpus, encoder = made_corpus("token"), made_encoder(task="token")
    encoded = made_encoded(corpus, encoder)["deu"]
    counts = [np.count_nonzero(row != IGNORE) for row in encoded.labels]
    rows = np.array([int(np.argmin(counts)), int(np.argmax(counts))])
    assert counts[rows[0]] < counts[rows[1]]
    found = pieces(encoded, rows, 1)
    assert [weight for _, weight in found] == pytest.approx(
        [counts[row] / sum(counts[row] for row in rows) for row in rows])
    losses = {most: half_backward(encoder, encoded, rows, study_of(micro_rows=most), True)
              for most in (None, 1)}
    assert losses[1] == pytest.approx(losses[None], rel=1e-5)


def test_pieces_hold_every_row_once() -> None:
    corpus, encoder = made_corpus(), made_encoder()
    encoded = made_encoded(corpus, encoder)["deu"]
    rows = np.arange(7)
    found = pieces(encoded, rows, 3)
    assert [list(part) for part, _ in found] == [[0, 1, 2], [3, 4, 5], [6]]
    assert sum(weight for _, weight in found) == pytest.approx(1)
    assert [weight for _, weight in pieces(encoded, rows, None)] == [1.0]
    assert len(pieces(encoded, rows, 7)) == 1


# activations computed twice

@pytest.mark.parametrize("shape", ["bert", "xlm-roberta", "distilbert", "deberta-v2", "electra"])
@pytest.mark.parametrize("mode", ["exact", "sketch"])
def test_activations_computed_twice_change_nothing(shape: str, mode: str) -> None:
    """With dropout: the second pass draws what the first one drew."""
    settings = {"shape": shape, "dropout": 0.3, "gradients": mode, "sketch_size": 509}
    grams, weights = trained(**settings)
    again, others = trained(**settings, recompute=True)
    np.testing.assert_array_equal(again, grams)
    assert torch.equal(others, weights)
    without, _ = trained(**{**settings, "dropout": 0.0})
    assert not np.allclose(without, grams)  # dropout was on


def test_activations_are_computed_twice() -> None:
    corpus, calls = made_corpus(), {}
    for recompute in (False, True):
        encoder = made_encoder()
        place(encoder, CPU, recompute)
        encoded, seen = made_encoded(corpus, encoder)["deu"], []
        layer = encoder.model.base_model.encoder.layer[0].intermediate
        layer.register_forward_hook(lambda *_, seen=seen: seen.append(1))
        encoder.model.train()
        half_backward(encoder, encoded, np.arange(4), study_of(), True)
        calls[recompute] = len(seen)
    assert calls == {False: 1, True: 2}


def test_a_model_that_cannot_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    encoder = made_encoder()
    monkeypatch.setattr(type(encoder.model), "supports_gradient_checkpointing", False)
    with pytest.raises(ModelError, match="Set recompute to false"):
        place(encoder, CPU, recompute=True)
    place(encoder, CPU, recompute=False)


# bfloat16

@pytest.mark.parametrize("task", ["sequence", "token"])
@pytest.mark.parametrize("mode", ["exact", "sketch"])
def test_bfloat16_is_close_and_kept_in_float32(task: str, mode: str) -> None:
    settings = {"gradients": mode, "sketch_size": 2**20}
    grams, weights = trained(task, **settings)
    short, others = trained(task, **settings, precision="bfloat16")
    assert (short.dtype, others.dtype) == (np.float64, torch.float32)
    error = np.abs(cosines(short) - cosines(grams))
    assert 1e-6 < error.max() < 0.05  # bfloat16 has 8 bits
    assert torch.equal(others.bfloat16().float(), others) is False
    assert float((others - weights).norm() / weights.norm()) < 0.05


def test_gradients_and_sums_are_float32(monkeypatch: pytest.MonkeyPatch) -> None:
    corpus, encoder = made_corpus(), made_encoder()
    study = study_of(precision="bfloat16", gradients="sketch", sketch_size=101)
    training = start_training(encoder, tuple(corpus.languages), study)
    train_step(training, made_encoded(corpus, encoder), study, True)
    tensors = [training.tap.sums, training.tap.step, *encoder.parameters,
               *(one.grad for one in encoder.parameters if one.grad is not None),
               *(state["exp_avg_sq"] for state in training.optimizer.state.values())]
    assert {one.dtype for one in tensors} == {torch.float32}


# the device

def test_auto_is_cuda_where_there_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    for there, expected in ((False, "cpu"), (True, "cuda")):
        monkeypatch.setattr(torch.cuda, "is_available", lambda there=there: there)
        assert chosen_device().type == chosen_device("auto").type == expected
        assert chosen_device("cpu").type == "cpu"
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(RunError, match="no CUDA device"):
        chosen_device("cuda")


def test_a_device_is_asked_for_by_name_and_handed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "auto")
    command = ["python", "-m", "gradsim_core", "run"]
    assert with_device(command) == command
    ask_for_device("cpu")
    assert os.environ[VARIABLE] == asked_device() == "cpu"
    ask_for_device(None)
    assert asked_device() == "cpu"
    assert with_device(command) == [*command, "--device", "cpu"]
    assert with_device(["sleep", "1"]) == ["sleep", "1"]
    with pytest.raises(RunError, match="'gpu' is not known"):
        ask_for_device("gpu")
    monkeypatch.setenv(VARIABLE, "tpu")
    with pytest.raises(RunError, match=f"{VARIABLE}.*'tpu'"):
        asked_device()


def test_facts_name_device_and_precision(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(joint_module, "load_encoder", small_encoder)
    monkeypatch.setenv(VARIABLE, "cpu")
    store = Store(tmp_path)
    trial(made_prepared(precision="bfloat16", recompute=True, micro_rows=1), store)
    facts = load_results(store, ONE).facts
    assert (facts["device"], facts["precision"]) == ("cpu", "bfloat16")


def test_every_tensor_of_a_step_is_made_on_the_encoders_device(
        monkeypatch: pytest.MonkeyPatch) -> None:
    """On the meta device: whatever met a tensor of the CPU would raise."""
    # a word table needs numbers
    monkeypatch.setattr("gradsim_core.gradients.incoming.word_table", lambda encoder: None)
    corpus, encoder = made_corpus(), made_encoder()
    encoded = made_encoded(corpus, encoder)
    place(encoder, torch.device("meta"), recompute=False)
    training = start_training(encoder, tuple(corpus.languages), study_of(gradients="sketch",
                                                                         sketch_size=101))
    assert {training.tap.sums.device.type, training.tap.step.device.type} == {"meta"}
    tap, meta = training.tap, torch.device("meta")
    batch = on_device(collate(encoder, encoded["deu"], np.arange(3), False), meta)
    assert {one.device.type for one in (batch.labels, batch.tokens, *batch.inputs.values())} == {
        "meta"}
    del batch.inputs["attention_mask"]  # which transformers looks into, and meta has no numbers
    tap.begin_step()
    tap.begin(0)
    encoder.model.train()
    weighted_loss(encoder, batch, np.ones(3)).backward()
    folded = tap._incoming.folded
    tap.step[0] = folded
    tap.add_step()
    tap.end_step(1)
    assert folded.device.type == "meta"
    assert {one.grad.device.type for one in encoder.parameters if one.grad is not None} == {"meta"}


@needs_cuda
@pytest.mark.parametrize("mode", ["exact", "sketch"])
@pytest.mark.parametrize("task", ["sequence", "token"])
def test_cuda_and_cpu_agree(mode: str, task: str) -> None:
    settings = {"gradients": mode, "sketch_size": 509}
    grams, weights = trained(task, **settings)
    others, theirs = trained(task, device=torch.device("cuda"), **settings)
    np.testing.assert_allclose(cosines(others), cosines(grams), atol=1e-4)
    assert float((theirs - weights).norm() / weights.norm()) < 1e-3


# trials

@pytest.mark.parametrize("settings", [
    {"micro_rows": 1}, {"micro_rows": 3}, {"recompute": True}, {"precision": "bfloat16"}])
def test_trials_are_computed_the_same_ways(tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
                                           settings: dict[str, Any]) -> None:
    monkeypatch.setattr(trial_module, "load_encoder", lambda *_, **__: made_encoder())
    seen: dict[bool, np.ndarray] = {}
    for changed in (False, True):
        made = made_prepared(**(settings if changed else {}))
        kept = []
        monkeypatch.setattr(trial_module, "evaluate", lambda encoder, *_, kept=kept: kept.append(
            torch.cat([one.detach().flatten() for one in encoder.parameters]).numpy().copy())
            or {"metric": "weighted_f1", "scores": {"dev": {}, "test": {}}})
        before = torch.get_num_threads()
        trial_module.run_trial(made, trial_module.study_texts(made), Store(tmp_path / str(changed)),
                               trial_of(("deu", "nld"), 0, Budget(steps=3, batch_size=4)),
                               lambda event: None, threads=1)
        torch.set_num_threads(before)
        seen[changed] = kept[-1]
    apart = np.linalg.norm(seen[True] - seen[False]) / np.linalg.norm(seen[False])
    assert apart < (0.1 if "precision" in settings else 1e-2)
    assert ("recompute" in settings) == (apart == 0)
