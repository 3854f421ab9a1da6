"""Layers taken apart: every parameter of a layer in one of its modules, told by name and kind."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import transformers
from engine_cases import SMALL, made_corpus, made_encoded, made_encoder
from reference_gradients import ref_cosines, ref_step_gradients
from test_models import ARCHITECTURES, made_network
from torch import nn

from gradsim_core.encoder.blocks import parameter_blocks
from gradsim_core.encoder.models import byte_tokenizer, encoder_of, load_encoder
from gradsim_core.errors import ModelError
from gradsim_core.similarities.block_ranges import MODULES, block_place
from gradsim_core.study import Study
from gradsim_core.training.steps import start_training, train_step

MORE = {
    "deberta": {"relative_attention": True, "pos_att_type": ["p2c", "c2p"]},
    "roberta-prelayernorm": {}, "data2vec-text": {}, "ernie": {}, "roformer": {}, "luke": {
        "entity_emb_size": 16}, "big_bird": {"attention_type": "original_full"},
    "longformer": {"attention_window": [4] * 3}, "convbert": {"embedding_size": 32},
    "squeezebert": {"embedding_size": 32}, "mobilebert": {
        "embedding_size": 16, "true_hidden_size": 16, "intra_bottleneck_size": 16},
    "ibert": {}, "xmod": {}, "nystromformer": {}, "eurobert": {"num_key_value_heads": 2}}
LAYER_1 = {
    "bert": {"attention": {"attention.self.query", "attention.self.key", "attention.self.value",
                           "attention.output.dense"},
             "feed_forward": {"intermediate.dense", "output.dense"},
             "norms": {"attention.output.LayerNorm", "output.LayerNorm"}},
    "distilbert": {"attention": {"attention.q_lin", "attention.k_lin", "attention.v_lin",
                                 "attention.out_lin"},
                   "feed_forward": {"ffn.lin1", "ffn.lin2"},
                   "norms": {"sa_layer_norm", "output_layer_norm"}},
    "modernbert": {"attention": {"attn.Wqkv", "attn.Wo"}, "feed_forward": {"mlp.Wi", "mlp.Wo"},
                   "norms": {"attn_norm", "mlp_norm"}},
    "deberta-v2": {"attention": {"attention.self.query_proj", "attention.self.key_proj",
                                 "attention.self.value_proj", "attention.output.dense",
                                 "attention.self.pos_key_proj", "attention.self.pos_query_proj"},
                   "feed_forward": {"intermediate.dense", "output.dense"},
                   "norms": {"attention.output.LayerNorm", "output.LayerNorm"}},
    "mpnet": {"attention": {"attention.attn.q", "attention.attn.k", "attention.attn.v",
                            "attention.attn.o"},
              "feed_forward": {"intermediate.dense", "output.dense"},
              "norms": {"attention.LayerNorm", "output.LayerNorm"}},
    "gpt2": {"attention": {"attn.c_attn", "attn.c_proj"}, "feed_forward": {"mlp.c_fc",
                                                                          "mlp.c_proj"},
             "norms": {"ln_1", "ln_2"}}}
LAYER_1 |= dict.fromkeys(("roberta", "xlm-roberta", "electra", "camembert"), LAYER_1["bert"])


def network_of(kind: str):
    if kind in ARCHITECTURES:
        return made_network(kind)
    torch.manual_seed(0)
    return transformers.AutoModelForSequenceClassification.from_config(
        transformers.CONFIG_MAPPING[kind](**{**SMALL, **MORE[kind]}))


@pytest.mark.parametrize("kind", [*ARCHITECTURES, *MORE])
def test_the_modules_of_a_layer_are_its_block_parameter_for_parameter(kind):
    network = network_of(kind)
    layers, modules = (parameter_blocks(network, detail) for detail in ("layer", "module"))
    expected = ["embeddings", *(f"layer.{i}.{module}" for i in range(3) for module in MODULES),
                "head"]
    assert list(modules) == expected
    found = dict[str, list[int]]()
    for block, parameters in modules.items():
        found.setdefault(block_place(block), []).extend(map(id, parameters))
    assert {block: sorted(ids) for block, ids in found.items()} == {
        block: sorted(map(id, parameters)) for block, parameters in layers.items()}
    assert all(parameter.ndim == 1 for block, parameters in modules.items()
               if block.endswith(".norms") for parameter in parameters)
    for module in ("attention", "feed_forward"):
        assert any(parameter.ndim > 1 for parameter in modules[f"layer.1.{module}"])


@pytest.mark.parametrize("kind", LAYER_1)
def test_the_modules_are_what_the_architecture_calls_so(kind):
    network = made_network(kind)
    name_of = {id(parameter): name for name, parameter in network.named_parameters()}
    blocks = parameter_blocks(network, "module")
    found = {module: {name_of[id(parameter)].split(".1.", 1)[1].rpartition(".")[0]
                      for parameter in blocks[f"layer.1.{module}"]} for module in MODULES}
    assert found == LAYER_1[kind]


@pytest.mark.parametrize(("kind", "part"), [
    ("xlm-roberta-xl", "encoder.LayerNorm.weight"), ("modernbert", "final_norm.weight"),
    ("megatron-bert", "encoder.ln.weight")])
def test_a_norm_behind_the_last_layer_is_among_its_norms(kind, part):
    network = made_network(kind)
    norms = [id(parameter) for parameter in parameter_blocks(network, "module")["layer.2.norms"]]
    own = [parameter for name, parameter in network.named_parameters() if name.endswith(part)]
    assert [id(parameter) in norms for parameter in own] == [True]


def test_a_frozen_module_is_no_block():
    network = made_network("bert")
    for name, parameter in network.named_parameters():
        parameter.requires_grad = not (".layer.1." in name and "LayerNorm" in name)
    assert [block for block in parameter_blocks(network, "module") if ".1." in block] == [
        "layer.1.attention", "layer.1.feed_forward"]


@pytest.mark.parametrize(("kind", "culprit"), [
    ("bert", "encoder.layer.1.mixer.weight"), ("canine", "projection.conv.weight"),
    ("doge", "layers.0.input_residual")])
def test_what_is_no_module_that_is_known_is_an_error_that_names_it(kind, culprit):
    torch.manual_seed(0)
    network = transformers.AutoModelForSequenceClassification.from_config(
        transformers.CONFIG_MAPPING[kind](**SMALL))
    if kind == "bert":
        network.bert.encoder.layer[1].mixer = nn.Conv1d(3, 3, 1)
    assert len(parameter_blocks(network)) == 5
    with pytest.raises(ModelError) as caught:
        parameter_blocks(network, "module")
    assert culprit in str(caught.value)
    assert repr(kind) in str(caught.value)
    assert "block_detail to layer" in str(caught.value)


@pytest.mark.parametrize("kind", ["albert", "t5"])
def test_layers_that_cannot_be_told_have_no_modules_either(kind):
    small = {**SMALL, "embedding_size": 16} if kind == "albert" else SMALL
    network = transformers.AutoModelForSequenceClassification.from_config(
        transformers.CONFIG_MAPPING[kind](**small))
    with pytest.raises(ModelError, match=f"layers of '{kind}' cannot be told"):
        encoder_of(network, byte_tokenizer(), 64, "module")


def test_a_study_says_whether_layers_are_taken_apart():
    for detail, n_blocks in (("layer", 6), ("module", 14)):
        study = Study(block_detail=detail)
        encoder = load_encoder("tiny-bytes", None, "sequence", ("a", "b"), 0, 64,
                               **study.encoder_settings)
        assert len(encoder.blocks) == n_blocks
    assert Study().settings() == Study(block_detail="layer").settings()
    assert Study(block_detail="module").settings()["block_detail"] == "module"


@pytest.mark.parametrize("mode", ["exact", "sketch"])
def test_the_engines_grams_by_module_are_those_of_the_slow_twin_and_add_up(mode):
    corpus = made_corpus()
    study = Study(steps=2, snapshots=1, batch_size=8, gradients=mode, sketch_size=2**17,
                  learning_rate=0.01, seed=3)
    grams = {}
    for detail in ("layer", "module"):
        encoder = made_encoder("bert")
        encoder = encoder_of(encoder.model, encoder.tokenizer, 128, detail)
        encoded = made_encoded(corpus, encoder)
        expected = ref_step_gradients(encoder, encoded, tuple(corpus.languages), 0, 8, 3)
        training = start_training(encoder, tuple(corpus.languages), study)
        train_step(training, encoded, study, True)
        found = training.tap.grams(training.tap.sums)
        assert len(found) == len(expected) == len(encoder.blocks)
        for gram, rows in zip(found, expected, strict=True):
            np.testing.assert_allclose(gram / np.sqrt(np.outer(np.diag(gram), np.diag(gram))),
                                       ref_cosines(rows), atol=1e-5)
        exact = [rows @ rows.T for rows in expected]  # float64
        for kind, parts in (("engine", found), ("twin", exact)):
            for name, gram in zip(encoder.blocks, parts, strict=True):
                grams.setdefault((kind, detail, block_place(name)), []).append(gram)
    for kind, tolerance in (("engine", 1e-6), ("twin", 1e-13)):
        for place in ("embeddings", "layer.0", "layer.1", "layer.2", "head"):
            whole, = grams[kind, "layer", place]
            scale = np.abs(np.diag(whole)).max()
            np.testing.assert_allclose(np.sum(grams[kind, "module", place], axis=0) / scale,
                                       whole / scale, rtol=0, atol=tolerance)
