"""Model folders that are right, wrong or hostile."""

import json
import pickle
import shutil
import time
from pathlib import Path

import pytest
import torch
import transformers
from engine_cases import LABELS, SMALL
from safetensors.torch import load_file, save_file
from tokenizers import pre_tokenizers
from torch import nn

from gradsim_core.encoder.models import byte_tokenizer, load_encoder
from gradsim_core.errors import ModelError
from gradsim_core.fingerprints import model_fingerprint

BLOCKS = ["embeddings", "layer.0", "layer.1", "layer.2", "head"]


def load(model, task="sequence", seed=0, max_length=64, labels=LABELS):
    return load_encoder(str(model), None, task, labels, seed, max_length)


def state(encoder):
    return encoder.model.state_dict()


def assert_refused(caught, *culprits):
    message = str(caught.value)
    assert [culprit for culprit in culprits if culprit not in message] == []
    assert len(message) <= 400


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


# tokenizers of words


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
