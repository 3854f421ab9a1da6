"""Equal batches a language and step, in two halves, packed without padding where possible.

Conventions
-----------
The rows of each language are dealt once, by the seed, into two *disjoint* halves; every step
takes ``batch_size / 2`` rows from either half. So the agreement of a language's halves measures
how much its rows say about the language, and repeating rows cannot inflate it. Each half is
walked in a shuffled order and shuffled anew after every pass (wrap-around): a small language
repeats itself where a large one is still on its first pass. The rows of a step depend on
(seed, language, half, step) alone, not on the other languages, and need no state to resume.

A *packed* batch holds several sequences in one row: position ids start anew with each, and a
block-diagonal mask keeps them from seeing each other, so the result is that of padding without
its cost.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import torch
from torch.nn import functional

from gradsim_core.encoding import IGNORE, Encoded
from gradsim_core.models import Encoder

ROW_TOKENS = 256
"""Packed rows are about this long: longer ones spend more on attention than they save."""


def rows_at(n_rows: int, step: int, size: int, seed: int, code: str,
            half: int) -> np.ndarray:
    """Draw the rows that one half of a language's batch holds at a step.

    Parameters
    ----------
    n_rows : rows of the language, at least 2
    step : from 0
    size : rows to draw
    seed, code, half : name the order

    Returns
    -------
    numpy.ndarray, shape (size,), int64
        Row numbers; wraps around (in a new order) when the half is used up.
    """
    half_size = n_rows // 2 + (n_rows % 2 if half == 0 else 0)
    places = np.arange(step * size, (step + 1) * size)
    return np.array([_order(n_rows, seed, code, half, int(place) // half_size)[place % half_size]
                     for place in places])


@lru_cache(maxsize=8192)
def _order(n_rows: int, seed: int, code: str, half: int, lap: int) -> np.ndarray:
    key = zlib.crc32(code.encode())
    dealt = np.random.default_rng([seed, key]).permutation(n_rows)[half::2]
    return np.random.default_rng([seed, key, half, lap]).permutation(dealt)


@dataclass(frozen=True)
class Batch:
    """Tensors of one micro-batch.

    Attributes
    ----------
    inputs : keyword arguments of the model
    labels : (n_sequences,) for sequence tasks, (n_rows, n_tokens) for token tasks
    order : for each sequence, its number in the list that was collated
    first : (row, column) index of each sequence's first token in a packed batch, else None
    spans : for each sequence, (row, start, stop) of its tokens
    """

    inputs: dict[str, torch.Tensor]
    labels: torch.Tensor
    order: tuple[int, ...]
    first: tuple[torch.Tensor, torch.Tensor] | None
    spans: tuple[tuple[int, int, int], ...]


def collate(encoder: Encoder, encoded: Encoded, rows: Sequence[int] | np.ndarray,
            packed: bool) -> Batch:
    """Build the tensors of some rows of a split, packed or padded."""
    lengths = [len(encoded.ids[row]) for row in rows]
    bins = _bins(lengths, ROW_TOKENS) if packed else [[i] for i in range(len(rows))]
    width = max(sum(lengths[i] for i in members) for members in bins)
    pad = encoder.model.config.pad_token_id or 0
    ids = np.full((len(bins), width), pad, dtype=np.int64)
    segment = np.zeros((len(bins), width), dtype=np.int64)  # 0 is padding
    position = np.zeros((len(bins), width), dtype=np.int64)
    token_labels = np.full((len(bins), width), IGNORE, dtype=np.int64)
    order, spans = [], []
    for row, members in enumerate(bins):
        start = 0
        for number, i in enumerate(members):
            stop = start + lengths[i]
            ids[row, start:stop] = encoded.ids[rows[i]]
            segment[row, start:stop] = number + 1
            position[row, start:stop] = np.arange(lengths[i]) + (encoder.first_position or 0)
            token_labels[row, start:stop] = encoded.labels[rows[i]]
            order.append(i)
            spans.append((row, start, stop))
            start = stop
    of_tokens = encoded.labels[0].ndim == 1
    labels = token_labels if of_tokens else np.array([encoded.labels[rows[i]] for i in order])
    inputs = {"input_ids": torch.from_numpy(ids)}
    if not packed:
        inputs["attention_mask"] = torch.from_numpy((segment > 0).astype(np.int64))
        return Batch(inputs, torch.from_numpy(labels), tuple(order), None, tuple(spans))
    same = torch.from_numpy(segment[:, None, :, None] == segment[:, None, None, :])
    inputs |= {"attention_mask": same, "position_ids": torch.from_numpy(position)}
    first = None if of_tokens else (torch.tensor([span[0] for span in spans]),
                                    torch.tensor([span[1] for span in spans]))
    return Batch(inputs, torch.from_numpy(labels), tuple(order), first, tuple(spans))


def _bins(lengths: list[int], capacity: int) -> list[list[int]]:
    """First-fit decreasing: members of each packed row."""
    capacity = max(capacity, *lengths)
    bins: list[list[int]] = []
    room: list[int] = []
    for i in sorted(range(len(lengths)), key=lambda i: (-lengths[i], i)):
        place = next((b for b, left in enumerate(room) if left >= lengths[i]), None)
        if place is None:
            bins.append([])
            room.append(capacity)
            place = len(bins) - 1
        bins[place].append(i)
        room[place] -= lengths[i]
    return bins


def batch_logits(encoder: Encoder, batch: Batch) -> torch.Tensor:
    """Run the model: (n_sequences, n_labels), or (n_rows, n_tokens, n_labels) for tokens."""
    with _first_tokens(encoder, batch.first):
        return encoder.model(**batch.inputs).logits


def mean_loss(encoder: Encoder, batch: Batch) -> torch.Tensor:
    """Mean cross-entropy over the batch's sequences, or over its labelled tokens."""
    logits = batch_logits(encoder, batch).flatten(0, -2)
    labels = batch.labels.flatten()
    total = functional.cross_entropy(logits, labels, ignore_index=IGNORE, reduction="sum")
    return total / max(1, int((labels != IGNORE).sum()))


@contextmanager
def _first_tokens(encoder: Encoder, first: tuple[torch.Tensor, torch.Tensor] | None) -> Any:
    """Hand the head each packed sequence's first token as if it stood in a row of its own."""
    if first is None:
        yield
        return

    def gather(_module: Any, _inputs: Any, output: Any) -> Any:
        output.last_hidden_state = output.last_hidden_state[first][:, None, :]
        return output

    handle = encoder.model.base_model.encoder.register_forward_hook(gather)
    try:
        yield
    finally:
        handle.remove()
