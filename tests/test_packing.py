"""Attention within packed rows, against attention over each sequence by itself."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch
import transformers
from engine_cases import SMALL, made_encoder
from transformers.integrations.sdpa_attention import sdpa_attention_forward

from gradsim_core.encoder.packing import (
    FIRST_POSITION,
    GRID_PADDING,
    GRID_ROWS,
    grid_cuts,
    make_packable,
    packed_attention,
)

N_HEADS, N_DIMENSIONS = 2, 5
MODULE = SimpleNamespace(is_causal=False, training=False)


def made_row(n_tokens, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return [torch.randn((1, N_HEADS, n_tokens, N_DIMENSIONS), generator=generator)
            for _ in range(3)]


def mask_of(lengths):
    grid = np.arange(max(lengths)) < np.array(lengths)[:, None]
    return torch.from_numpy(grid)[:, None, None, :]


# the slow twin: softmax(q k / sqrt(d)) v, a sequence and a head at a time, in float64


def ref_attention(query, key, value, lengths):
    result = np.zeros((1, sum(lengths), N_HEADS, N_DIMENSIONS))
    start = 0
    for length in lengths:
        for head in range(N_HEADS):
            q, k, v = (row[0, head, start:start + length].double().numpy()
                       for row in (query, key, value))
            weights = np.exp(q @ k.T / np.sqrt(N_DIMENSIONS))
            result[0, start:start + length, head] = weights / weights.sum(1, keepdims=True) @ v
        start += length
    return result


def made_lengths(n_sequences, kind):
    rng = np.random.default_rng(n_sequences)
    lengths = rng.integers(1, 12, n_sequences)
    return {"sorted": sorted(lengths.tolist()), "mixed": lengths.tolist(),
            "equal": [7] * n_sequences, "one token each": [1] * n_sequences}[kind]


@pytest.mark.parametrize("kind", ["sorted", "mixed", "equal", "one token each"])
@pytest.mark.parametrize("n_sequences", [
    1, 2, GRID_ROWS - 1, GRID_ROWS, GRID_ROWS + 1, 2 * GRID_ROWS, 2 * GRID_ROWS + 1])
def test_each_sequence_attends_to_itself_alone(n_sequences, kind):
    lengths = made_lengths(n_sequences, kind)
    row = made_row(sum(lengths))
    attended, weights = packed_attention(MODULE, *row, mask_of(lengths))
    assert weights is None
    assert attended.shape == (1, sum(lengths), N_HEADS, N_DIMENSIONS)
    np.testing.assert_allclose(attended.numpy(), ref_attention(*row, lengths), atol=1e-5)


@pytest.mark.parametrize("kind", ["sorted", "mixed", "equal"])
def test_grids_are_few_and_tight(kind):
    lengths = np.array(made_lengths(200, kind))
    cuts = grid_cuts(lengths.tolist())
    grids = np.split(lengths, cuts[1:-1])
    assert (cuts[0], cuts[-1]) == (0, 200)
    assert min(len(grid) for grid in grids[:-1] or grids) >= GRID_ROWS
    for grid in grids:
        assert len(grid) <= GRID_ROWS or grid.sum() >= (1 - GRID_PADDING) * len(grid) * grid.max()
    if kind == "equal":
        assert len(grids) == 1


def test_a_grid_ends_where_one_more_sequence_would_make_a_fifth_of_it_padding():
    assert grid_cuts([4] * 12 + [5] * 20) == [0, 32]
    assert grid_cuts([4] * 12 + [8] * 20) == [0, 12, 32]
    assert grid_cuts([1, 8]) == [0, 2]


def test_gradients_stay_within_a_sequence():
    lengths = [4, 9, 2]
    row = [tensor.requires_grad_() for tensor in made_row(sum(lengths))]
    attended, _ = packed_attention(MODULE, *row, mask_of(lengths))
    attended[0, 4:13].sum().backward()
    for tensor in row:
        assert not tensor.grad[0, :, :4].any()
        assert not tensor.grad[0, :, 13:].any()
    assert row[2].grad[0, :, 4:13].abs().min() > 0


@pytest.mark.parametrize("mask", [None, mask_of([3, 7, 5])])
def test_padded_batches_get_the_attention_of_transformers(mask):
    generator = torch.Generator().manual_seed(1)
    batch = [torch.randn((3, N_HEADS, 7, N_DIMENSIONS), generator=generator) for _ in range(3)]
    ours, _ = packed_attention(MODULE, *batch, mask)
    theirs, _ = sdpa_attention_forward(MODULE, *batch, mask)
    assert torch.equal(ours, theirs)


@pytest.mark.parametrize(("shape", "first"), [
    ("bert", 0), ("electra", 0), ("xlm-roberta", 1), ("distilbert", None), ("deberta-v2", None)])
def test_a_model_says_whether_it_can_be_packed(shape, first):
    assert made_encoder(shape).first_position == first


@pytest.mark.parametrize("model_type", sorted(FIRST_POSITION))
def test_every_type_said_to_be_packable_is(model_type):
    """Two sequences in one row give the states that each gives alone."""
    torch.manual_seed(0)
    config = transformers.CONFIG_MAPPING[model_type](**{**SMALL, "pad_token_id": 2})
    network = transformers.AutoModelForTokenClassification.from_config(config).eval()
    first = make_packable(network)
    assert first == {"zero": 0, "padding": 3}[FIRST_POSITION[model_type]]
    ids = [torch.arange(10, 15)[None], torch.arange(20, 28)[None]]
    with torch.no_grad():
        alone = torch.cat([network(input_ids=part).logits for part in ids], dim=1)
        packed = network(input_ids=torch.cat(ids, dim=1), attention_mask=mask_of([5, 8]),
                         position_ids=first + torch.tensor([[*range(5), *range(8)]])).logits
    torch.testing.assert_close(packed, alone, rtol=1e-4, atol=1e-5)


def test_a_model_with_another_attention_is_left_as_it_was():
    config = transformers.BertConfig(**SMALL)
    config._attn_implementation = "eager"
    network = transformers.BertForSequenceClassification(config)
    assert make_packable(network) is None
    assert network.config._attn_implementation == "eager"
