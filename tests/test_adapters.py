"""Low-rank adapters: what trains, that its gradients are right, and what is refused."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import peft
import pytest
import torch
import transformers
from engine_cases import LABELS, SMALL, made_corpus, made_encoded
from joint_cases import made_prepared, trial
from safetensors.torch import load_file, save_file

from gradsim_core.encoder import adapters as adapters_module
from gradsim_core.encoder.models import byte_tokenizer, load_encoder, load_masked_lm, load_tokenizer
from gradsim_core.errors import ModelError
from gradsim_core.fingerprints import model_fingerprint
from gradsim_core.storage.store import Store
from gradsim_core.study import Study
from gradsim_core.training import joint as joint_module
from gradsim_core.training.adaptation import apply_adapted
from gradsim_core.training.batches import collate, mean_loss
from gradsim_core.training.steps import start_training, train_step

KINDS = {"xlm-roberta": {}, "bert": {}, "modernbert": {}, "electra": {"embedding_size": 16},
         "distilbert": {"dim": 32, "n_layers": 3, "n_heads": 2, "hidden_dim": 48},
         "deberta-v2": {}, "gpt2": {}}


def saved_base(folder: Path, kind: str = "xlm-roberta") -> Path:
    """A folder as save_pretrained leaves it: a small random encoder and a byte tokenizer."""
    torch.manual_seed(5)
    config = transformers.CONFIG_MAPPING[kind](**{**SMALL, **KINDS[kind]})
    transformers.AutoModel.from_config(config).save_pretrained(folder)
    byte_tokenizer().save_pretrained(folder)
    return folder


def saved_adapter(folder: Path, base: Path, *, bare: bool = False, seed: int = 1,
                  **settings) -> tuple[Path, torch.nn.Module]:
    """An adapter with random weights, made with PEFT itself, and the model that it stands in."""
    torch.manual_seed(seed)
    if bare:
        network, task = transformers.AutoModel.from_pretrained(base), None
    else:
        network = transformers.AutoModelForSequenceClassification.from_pretrained(
            base, num_labels=3)
        task = "SEQ_CLS"
    settings = {"r": 4, "lora_alpha": 6, "target_modules": ["query", "value", "output.dense"],
                "task_type": task, **settings}
    wrapped = peft.get_peft_model(network, peft.LoraConfig(**settings))
    for parameter in wrapped.parameters():
        if parameter.requires_grad:
            torch.nn.init.normal_(parameter, std=0.1)
    wrapped.save_pretrained(folder)
    return folder, wrapped.eval()


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    return saved_base(tmp_path_factory.mktemp("base"))


@pytest.fixture
def adapter(base, tmp_path):
    return saved_adapter(tmp_path / "adapter", base)[0]


def load(model, seed=0, task="sequence", **more):
    return load_encoder(str(model), None, task, LABELS, seed, 64, **more)


def names_by_block(encoder):
    name_of = {id(parameter): name for name, parameter in encoder.model.named_parameters()}
    return {block: [name_of[id(parameter)] for parameter in parameters]
            for block, parameters in encoder.blocks.items()}


def states(model, ids):
    with torch.no_grad():
        return model(input_ids=ids, attention_mask=torch.ones_like(ids)).last_hidden_state


def changed(path: Path, **settings):
    found = json.loads(path.read_text())
    path.write_text(json.dumps({**found, **settings}))


IDS = torch.arange(4, 24).reshape(2, 10)


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


# saved adapters


@pytest.mark.parametrize("settings", [
    {}, {"bare": True}, {"use_dora": True}, {"use_rslora": True}, {"bias": "lora_only"},
    {"rank_pattern": {"value": 2}, "alpha_pattern": {"roberta.encoder.layer.1.output.dense": 32}},
    {"target_modules": r"roberta\.encoder\.layer\.[02].*query"},
    {"target_modules": ["query"], "layers_to_transform": [1]},
    {"modules_to_save": ["classifier", "word_embeddings"]}])
def test_a_saved_adapter_comes_back_as_peft_has_it(base, tmp_path, settings):
    folder, wrapped = saved_adapter(tmp_path, base, **settings)
    encoder = load(folder)
    encoder.model.eval()
    inner = wrapped.base_model.model
    inner = inner if settings.get("bare") else inner.roberta
    torch.testing.assert_close(states(encoder.model.base_model, IDS), states(inner, IDS))
    assert not torch.allclose(states(load(base).model.eval().base_model, IDS), states(inner, IDS))
    names = names_by_block(encoder)
    assert ("embeddings" in names) == ("word_embeddings" in str(settings))
    assert all("base_layer.weight" not in name for block in names.values() for name in block)
    assert names["head"]
    again = load(folder, seed=0)
    assert all(torch.equal(a, b) for a, b in zip(encoder.blocks["head"], again.blocks["head"],
                                                 strict=True))


def test_the_head_is_fresh_whatever_the_adapter_brings(adapter):
    first, other = load(adapter), load(adapter, seed=1)
    assert not torch.equal(first.blocks["head"][0], other.blocks["head"][0])
    assert torch.equal(first.blocks["layer.0"][0], other.blocks["layer.0"][0])
    for task in ("sequence", "token"):
        assert len(load_tokenizer(str(adapter), None, task)) == 260
        load(adapter, task=task)


def test_a_fingerprint_follows_the_content_of_adapter_and_model(base, adapter, tmp_path):
    before = model_fingerprint(str(adapter))
    assert before != model_fingerprint(str(base))
    shutil.copytree(base, adapter / "its-model")
    changed(adapter / "adapter_config.json", base_model_name_or_path="its-model")
    assert model_fingerprint(str(adapter)) == before
    weights = load_file(adapter / "its-model" / "model.safetensors")
    weights["encoder.layer.1.output.dense.weight"][0, 0] += 1e-3
    save_file(weights, adapter / "its-model" / "model.safetensors", metadata={"format": "pt"})
    assert model_fingerprint(str(adapter)) != before
    changed(adapter / "adapter_config.json", base_model_name_or_path=str(base))
    assert model_fingerprint(str(adapter)) == before
    changed(adapter / "adapter_config.json", lora_alpha=7)
    assert model_fingerprint(str(adapter)) != before
    changed(adapter / "adapter_config.json", lora_alpha=6)
    weights = load_file(adapter / "adapter_model.safetensors")
    next(iter(weights.values())).view(-1)[0] += 1e-3
    save_file(weights, adapter / "adapter_model.safetensors")
    assert model_fingerprint(str(adapter)) != before


def as_pickle(folder):
    torch.save(load_file(folder / "adapter_model.safetensors"), folder / "adapter_model.bin")
    (folder / "adapter_model.safetensors").unlink()


def with_settings(**settings):
    return lambda folder: changed(folder / "adapter_config.json", **settings)


def with_renamed_weights(folder):
    path = folder / "adapter_model.safetensors"
    save_file({name.replace("layer.1.", "layer.9."): value
               for name, value in load_file(path).items()}, path)


def with_fewer_weights(folder):
    path = folder / "adapter_model.safetensors"
    weights = load_file(path)
    weights.pop(next(name for name in weights if "lora_B" in name))
    save_file(weights, path)


def with_wide_weights(folder):
    path = folder / "adapter_model.safetensors"
    save_file({name: torch.cat([value, value], 1) if "lora_A" in name else value
               for name, value in load_file(path).items()}, path)


def with_other_base(folder):
    saved_base(folder / "other", "distilbert")
    changed(folder / "adapter_config.json", base_model_name_or_path="other")


def with_adapter_as_base(folder):
    shutil.copytree(folder, folder / "again")
    changed(folder / "adapter_config.json", base_model_name_or_path="again")


@pytest.mark.parametrize(("spoil", "culprits"), [
    (as_pickle, ["adapter_model.safetensors", "run code", "save_pretrained"]),
    (with_settings(base_model_name_or_path=None), ["does not name", "base_model_name_or_path"]),
    (with_settings(base_model_name_or_path="/nowhere/base"), ["/nowhere/base", "does not exist"]),
    (with_adapter_as_base, ["an adapter itself", "Merge"]),
    (with_settings(peft_type="IA3"), ["IA3", "only LoRA"]),
    (with_settings(megatron_config={"x": 1}), ["megatron_config", "not known"]),
    (with_settings(layer_replication=[[0, 2]]), ["layer_replication"]),
    (with_settings(init_lora_weights="pissa_niter_4"), ["pissa_niter_4"]),
    (with_renamed_weights, ["xlm-roberta", "layer.9."]),
    (with_fewer_weights, ["do not fit", "lora_B"]),
    (with_wide_weights, ["do not fit", "lora_A"]),
    (with_other_base, ["do not fit", "distilbert"]),
    (lambda folder: (folder / "adapter_model.safetensors").write_bytes(b"x" * 99),
     ["adapter_model.safetensors cannot be read"]),
    (lambda folder: (folder / "adapter_config.json").write_text("{broken"),
     ["adapter_config.json cannot be read"]),
    (lambda folder: (folder / "adapter_config.json").write_text("[1]"), ["holds no settings"])])
def test_a_wrong_adapter_is_refused_with_its_reason(adapter, spoil, culprits):
    spoil(adapter)
    with pytest.raises(ModelError) as caught:
        load(adapter)
    message = str(caught.value)
    assert [culprit for culprit in (adapter.name, *culprits) if culprit not in message] == []
    assert len(message) <= 400


def test_a_saved_adapter_takes_no_others_and_is_not_adapted_as_a_whole(adapter):
    with pytest.raises(ModelError, match=r"saved adapter.*Leave out lora_rank"):
        load(adapter, lora_rank=2)
    with pytest.raises(ModelError, match=r"saved adapter.*adaptation_steps to 0"):
        load_masked_lm(str(adapter), None, "sequence", 0, 64)
