"""Low-rank adapters: what trains, that its gradients are right, and studies with them."""

from __future__ import annotations

import sys
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from adapter_cases import IDS, KINDS, load, names_by_block, saved_base
from adapter_cases import base as base  # noqa: PLC0414 - a fixture
from engine_cases import made_corpus, made_encoded
from joint_cases import made_prepared, trial

from gradsim_core.encoder import adapters as adapters_module
from gradsim_core.encoder.models import load_masked_lm
from gradsim_core.errors import ModelError
from gradsim_core.storage.store import Store
from gradsim_core.study import Study
from gradsim_core.training import joint as joint_module
from gradsim_core.training.adaptation import apply_adapted
from gradsim_core.training.batches import collate, mean_loss
from gradsim_core.training.steps import start_training, train_step

# fresh adapters

@pytest.mark.parametrize("kind", KINDS)
def test_fresh_adapters_and_the_head_train_and_nothing_else(kind, tmp_path):
    folder = saved_base(tmp_path, kind)
    plain, encoder = load(folder), load(folder, lora_rank=2)
    names = names_by_block(encoder)
    assert list(names) == ["layer.0", "layer.1", "layer.2", "head"]
    for i in range(3):
        assert all(".lora_A." in name or ".lora_B." in name for name in names[f"layer.{i}"])
        assert len(names[f"layer.{i}"]) >= 8
    assert names["head"] == names_by_block(plain)["head"]
    trained = {name for block in names.values() for name in block}
    assert trained == {name for name, parameter in encoder.model.named_parameters()
                       if parameter.requires_grad}
    assert encoder.n_weights > 4 * encoder.n_parameters > 0
    assert encoder.first_position == plain.first_position
    for one in (plain, encoder):
        one.model.eval()
    ids = {"input_ids": IDS, "attention_mask": torch.ones_like(IDS)}
    with torch.no_grad():  # B starts at zero
        torch.testing.assert_close(encoder.model(**ids).logits, plain.model(**ids).logits)


@pytest.mark.parametrize("kind", KINDS)
def test_fresh_adapters_by_module(kind, tmp_path):
    names = names_by_block(load(saved_base(tmp_path, kind), lora_rank=2, block_detail="module"))
    assert list(names) == [*(f"layer.{i}.{module}" for i in range(3)
                             for module in ("attention", "feed_forward")), "head"]


def test_fresh_adapters_come_from_their_seed(base):
    first, again, other = (load(base, seed, lora_rank=4) for seed in (0, 0, 1))
    assert all(torch.equal(a, b) for a, b in zip(first.parameters, again.parameters, strict=True))
    assert not torch.equal(first.blocks["layer.0"][0], other.blocks["layer.0"][0])


@pytest.mark.parametrize(("model", "rank"), [("tiny-bytes", 96), ("tiny-bytes", 500)])
def test_a_rank_that_is_not_low_is_refused(model, rank):
    with pytest.raises(ModelError, match=rf"lora_rank is {rank}, .* has 96 .*below 96"):
        load(model, lora_rank=rank)


def test_layers_without_a_linear_map_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(adapters_module, "nn", SimpleNamespace(Linear=torch.nn.Bilinear))
    with pytest.raises(ModelError, match=r"'bert' hold no linear map.*Leave out lora_rank"):
        load("tiny-bytes", lora_rank=2)


def test_without_peft_it_is_said_how_to_get_it(monkeypatch, base):
    monkeypatch.setitem(sys.modules, "peft", None)
    with pytest.raises(ModelError, match="pip install peft"):
        load("tiny-bytes", lora_rank=2)
    load(base)  # whole encoders need none


# gradients, against those of the whole matrices

@pytest.mark.parametrize("packed", [True, False])
@pytest.mark.parametrize("task", ["sequence", "token"])
def test_gradients_are_what_the_whole_matrices_gradients_give(base, task, packed):
    """W' = W + B A has the gradient G; then A has Bᵀ G, and B has G Aᵀ."""
    corpus = made_corpus(task)
    adapted, plain = (load(base, task=task, lora_rank=rank) for rank in (3, None))
    torch.manual_seed(1)
    maps = {name: module for name, module in adapted.model.named_modules()
            if hasattr(module, "lora_A")}
    assert len(maps) == 18
    expected = {}
    with torch.no_grad():
        for name, module in maps.items():
            torch.nn.init.normal_(module.lora_B["default"].weight, std=0.1)
            plain.model.get_submodule(name).weight += (
                module.lora_B["default"].weight @ module.lora_A["default"].weight)
    encoded = made_encoded(corpus, adapted)["deu"]
    rows = np.arange(5)
    for encoder in (adapted, plain):
        encoder.model.eval()
        mean_loss(encoder, collate(encoder, encoded, rows, packed)).backward()
    for name, module in maps.items():
        whole = plain.model.get_submodule(name).weight.grad
        a, b = module.lora_A["default"].weight, module.lora_B["default"].weight
        expected[name] = (b.T @ whole, whole @ a.T)
        for found, wanted in zip((a.grad, b.grad), expected[name], strict=True):
            torch.testing.assert_close(found, wanted, rtol=1e-4, atol=1e-6)
    for mine, other in zip(adapted.blocks["head"], plain.blocks["head"], strict=True):
        torch.testing.assert_close(mine.grad, other.grad, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("mode", ["exact", "sketch"])
@pytest.mark.parametrize("settings", [
    {}, {"recompute": True}, {"micro_rows": 2}, {"precision": "bfloat16"}])
def test_a_step_leaves_the_frozen_encoder_as_it_was(base, mode, settings):
    corpus, encoder = made_corpus(), load(base, lora_rank=3)
    encoded = made_encoded(corpus, encoder)
    before = {name: value.clone() for name, value in encoder.model.state_dict().items()}
    study = Study(steps=2, snapshots=1, batch_size=8, gradients=mode, learning_rate=0.01,
                  lora_rank=3, **settings)
    training = start_training(encoder, tuple(corpus.languages), study)
    for _ in range(2):
        train_step(training, encoded, study, True)
    grams = training.tap.grams(training.tap.sums)
    assert grams.shape == (4, 8, 8)
    assert (np.diagonal(grams, axis1=1, axis2=2) > 0).all()
    trained = {name for block in names_by_block(encoder).values() for name in block}
    moved = {name for name, value in encoder.model.state_dict().items()
             if not torch.equal(value, before[name])}
    assert moved <= trained
    assert len(moved) > 30


# studies

def sums_of(store: Store) -> np.ndarray:
    return store.read_tensors("0123456789abcdef", "grams.safetensors")[0]["sums"]


@pytest.mark.parametrize("settings", [
    {"lora_rank": 2, "gradients": "sketch"}, {"block_detail": "module"}])
def test_a_run_that_is_cut_off_goes_on_to_the_same_sums(tmp_path, settings, monkeypatch):
    clock = iter(range(10**9))  # progress is told after every step
    monkeypatch.setattr(joint_module, "time", SimpleNamespace(monotonic=lambda: float(next(clock))))
    prepared = made_prepared(**settings)
    whole, cut = Store(tmp_path / "whole"), Store(tmp_path / "cut")
    trial(prepared, whole)
    trial(prepared, cut, cut_at=4)
    assert cut.read_tensors("0123456789abcdef", "checkpoint.safetensors") is not None
    events = trial(prepared, cut)
    assert any("resumed after step" in event.get("message", "") for event in events)
    np.testing.assert_array_equal(sums_of(cut), sums_of(whole))


def test_adapters_have_a_learning_rate_and_a_signature_of_their_own():
    assert Study(model="a/b", lora_rank=8).peak_learning_rate == 2e-4
    assert Study(model="a/b").peak_learning_rate == 2e-5
    assert Study(lora_rank=8).peak_learning_rate == 1e-3
    assert Study(model="a/b", lora_rank=8, learning_rate=0.1).peak_learning_rate == 0.1
    assert "lora_rank" not in Study().settings()
    assert Study(lora_rank=8).settings()["lora_rank"] == 8


def test_weights_adapted_to_text_go_under_fresh_adapters():
    encoder = load("tiny-bytes", lora_rank=2)
    start = load_masked_lm("tiny-bytes", None, "sequence", 3, 64)
    weights = {name: tensor for name, tensor in start.model.base_model.state_dict().items()
               if "pool" not in name}
    apply_adapted(encoder, weights)
    layer = encoder.model.bert.encoder.layer[1].attention.self.query
    assert torch.equal(layer.base_layer.weight,
                       weights["encoder.layer.1.attention.self.query.weight"])
    assert not layer.lora_B["default"].weight.any()
