"""Saved adapters: they come back as peft has them, or are refused with a reason."""

from __future__ import annotations

import shutil

import pytest
import torch
from adapter_cases import IDS, changed, load, names_by_block, saved_adapter, saved_base, states
from adapter_cases import base as base  # noqa: PLC0414 - a fixture
from safetensors.torch import load_file, save_file

from gradsim_core.encoder.models import load_masked_lm, load_tokenizer
from gradsim_core.errors import ModelError
from gradsim_core.fingerprints import model_fingerprint


@pytest.fixture
def adapter(base, tmp_path):
    return saved_adapter(tmp_path / "adapter", base)[0]


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
