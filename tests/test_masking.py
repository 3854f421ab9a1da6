"""Hidden words: which tokens are hidden, what stands in their place, and their loss."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from adaptation_cases import masked_network, prepared_with
from engine_cases import LABELS, SHAPES, made_corpus
from torch.nn import functional

from gradsim_core.encoder.encoding import IGNORE, encode_split
from gradsim_core.encoder.models import byte_tokenizer, encoder_of, load_masked_lm
from gradsim_core.encoder.packing import FIRST_POSITION
from gradsim_core.training import adaptation
from gradsim_core.training.adaptation import hidden_loss, step_rows
from gradsim_core.training.batches import collate, rows_at
from gradsim_core.training.masking import Vocabulary, hidden_rows, vocabulary_of
from gradsim_core.training.mixed import pool_of

WORDS = Vocabulary(mask=3, special=np.arange(4), ordinary=np.arange(4, 100))
MODEL_TYPES = {
    **{name: (kind().model_type, more) for name, (kind, more) in SHAPES.items()},
    "roberta": ("roberta", {}), "mpnet": ("mpnet", {}), "modernbert": ("modernbert", {}),
    "rembert": ("rembert", {}), "camembert": ("camembert", {}), "xlm-roberta-xl":
    ("xlm-roberta-xl", {})}


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
