"""Equal batches in disjoint halves, and packed rows that give what padded rows give."""

import numpy as np
import pytest
import torch
from engine_cases import made_encoder
from torch.nn import functional

from gradsim_core.encoder.encoding import IGNORE, Encoded
from gradsim_core.training.batches import collate, mean_loss, rows_at

MIXED = [2, 60, 3, 17, 2, 59, 31, 8, 9, 8, 44, 5, 5, 21, 60, 12, 2]  # two grids of 8 and one more
LENGTHS = {"mixed": MIXED, "equal": [11] * 9, "one": [23], "two": [60, 2], "shortest": [2, 2, 2]}


def made_rows(lengths, task, seed=0):
    """Random ids and labels; of a token row about a third carries no loss."""
    rng = np.random.default_rng(seed)
    ids = tuple(rng.integers(4, 260, n).astype(np.int32) for n in lengths)
    if task == "sequence":
        return Encoded(ids, tuple(np.asarray(label) for label in rng.integers(0, 3, len(ids))))
    labels = tuple(np.where(rng.random(n) < 0.3, IGNORE, rng.integers(0, 3, n)) for n in lengths)
    return Encoded(ids, labels)


def loss_and_gradients(encoder, encoded, packed):
    rows = range(len(encoded))
    encoder.model.zero_grad()
    loss = mean_loss(encoder, collate(encoder, encoded, rows, packed))
    loss.backward()
    return loss.item(), [None if p.grad is None else p.grad.clone() for p in encoder.parameters]


# the slow twin: one row at a time through the bare model


def ref_mean_loss(encoder, encoded):
    total, count = 0.0, 0
    for ids, labels in zip(encoded.ids, encoded.labels, strict=True):
        logits = encoder.model(input_ids=torch.tensor(ids[None].astype(np.int64))).logits
        for scores, label in zip(logits.reshape(-1, 3), np.atleast_1d(labels), strict=True):
            if label != IGNORE:
                total += functional.cross_entropy(scores, torch.tensor(int(label))).item()
                count += 1
    return total / count


@pytest.mark.parametrize("lengths", LENGTHS)
@pytest.mark.parametrize("task", ["sequence", "token"])
@pytest.mark.parametrize("shape", ["bert", "xlm-roberta", "electra"])
def test_packed_padded_and_one_by_one_give_the_same_loss_and_gradients(shape, task, lengths):
    encoder = made_encoder(shape, task)
    assert encoder.first_position is not None
    encoded = made_rows(LENGTHS[lengths], task)
    packed, packed_gradients = loss_and_gradients(encoder, encoded, packed=True)
    padded, padded_gradients = loss_and_gradients(encoder, encoded, packed=False)
    assert packed == pytest.approx(padded, rel=1e-5)
    assert packed == pytest.approx(ref_mean_loss(encoder, encoded), rel=1e-5)
    assert any(gradient is not None and gradient.abs().max() > 1e-3
               for gradient in packed_gradients)
    for a, b in zip(packed_gradients, padded_gradients, strict=True):
        assert (a is None) == (b is None)
        if a is not None:
            torch.testing.assert_close(a, b, rtol=1e-3, atol=1e-6)


def test_the_order_of_rows_changes_nothing_but_their_place():
    encoder = made_encoder("bert")
    encoded = made_rows(MIXED, "sequence")
    order = np.random.default_rng(0).permutation(len(MIXED))
    losses = [mean_loss(encoder, collate(encoder, encoded, rows, True)).item()
              for rows in (range(len(MIXED)), order)]
    assert losses[0] == pytest.approx(losses[1], rel=1e-5)


def test_a_packed_batch_holds_no_padding():
    encoder = made_encoder("xlm-roberta")
    batch = collate(encoder, made_rows([3, 5, 2], "sequence"), [2, 0, 1], packed=True)
    assert batch.inputs["input_ids"].shape == (1, 10)
    assert batch.inputs["position_ids"].tolist() == [[1, 2, 1, 2, 3, 1, 2, 3, 4, 5]]
    assert batch.inputs["attention_mask"].sum(-1).flatten().tolist() == [2, 3, 5]
    assert batch.first is not None
    assert batch.first.tolist() == [0, 2, 5]


def test_a_padded_batch_masks_its_padding():
    encoder = made_encoder("bert", "token")
    encoded = made_rows([3, 5], "token")
    batch = collate(encoder, encoded, [0, 1], packed=False)
    assert batch.inputs["attention_mask"].tolist() == [[1, 1, 1, 0, 0], [1] * 5]
    assert batch.inputs["input_ids"][0, 3:].tolist() == [0, 0]
    assert batch.labels[0, 3:].tolist() == [IGNORE] * 2
    assert batch.first is None


@pytest.mark.parametrize("packed", [True, False])
def test_a_batch_without_a_labelled_token_has_no_loss(packed):
    encoded = made_rows([4, 6], "token")
    empty = Encoded(encoded.ids, tuple(np.full_like(row, IGNORE) for row in encoded.labels))
    loss, gradients = loss_and_gradients(made_encoder("bert", "token"), empty, packed)
    assert loss == 0
    assert all(gradient is None or not gradient.any() for gradient in gradients)


# which rows a step draws


@pytest.mark.parametrize("n_rows", [2, 3, 10, 11, 101])
@pytest.mark.parametrize("size", [1, 4, 16])
def test_halves_are_equally_large_disjoint_and_cover_all_rows(n_rows, size):
    drawn: list[set] = [set(), set()]
    for step in range(2 * n_rows // size + 2):
        for half in (0, 1):
            rows = rows_at(n_rows, step, size, 7, "deu", half)
            assert rows.shape == (size,)
            drawn[half].update(rows.tolist())
    assert not drawn[0] & drawn[1]
    assert drawn[0] | drawn[1] == set(range(n_rows))
    assert len(drawn[0]) - len(drawn[1]) == n_rows % 2


@pytest.mark.parametrize("half", [0, 1])
def test_every_lap_passes_every_row_of_the_half_once_in_a_new_order(half):
    n_rows, size = 31, 5
    half_size = (n_rows + 1) // 2 if half == 0 else n_rows // 2
    walk = np.concatenate([rows_at(n_rows, step, size, 0, "deu", half) for step in range(30)])
    laps = [walk[start:start + half_size].tolist()
            for start in range(0, len(walk) - half_size, half_size)]
    assert len(laps) > 5
    assert all(sorted(lap) == sorted(laps[0]) for lap in laps)
    assert len(set(laps[0])) == half_size
    assert len({tuple(lap) for lap in laps}) == len(laps)


def test_a_language_of_two_rows_has_one_in_each_half():
    first = rows_at(2, 0, 16, 0, "deu", 0)
    second = rows_at(2, 5, 16, 0, "deu", 1)
    assert len(set(first)) == len(set(second)) == 1
    assert {*first, *second} == {0, 1}


def test_rows_depend_on_seed_language_half_and_step_alone():
    rows = rows_at(100, 3, 8, 1, "deu", 0).tolist()
    rows_at(100, 9, 8, 1, "nld", 0)
    rows_at(100, 0, 8, 1, "deu", 0)
    assert rows_at(100, 3, 8, 1, "deu", 0).tolist() == rows
    others = [rows_at(100, 3, 8, 2, "deu", 0), rows_at(100, 3, 8, 1, "nld", 0),
              rows_at(100, 3, 8, 1, "deu", 1), rows_at(100, 4, 8, 1, "deu", 0)]
    assert all(other.tolist() != rows for other in others)


def test_rows_are_the_same_in_every_process():
    """Written down once: a change here changes the numbers of every study (METHOD_VERSION)."""
    assert rows_at(10, 0, 4, 0, "deu", 0).tolist() == [2, 3, 4, 9]
    assert rows_at(10, 0, 4, 0, "deu", 1).tolist() == [6, 8, 1, 5]
