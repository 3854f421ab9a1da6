"""Equal batches a language and step, in two halves, packed without padding where possible.

Conventions
-----------
The rows of each language are dealt once, by the seed, into two *disjoint* halves; every step
takes ``batch_size / 2`` rows from either half. So the agreement of a language's halves measures
how much its rows say about the language, and repeating rows cannot inflate it. Each half is
walked in a shuffled order and shuffled anew after every pass (wrap-around): a small language
repeats itself where a large one is still on its first pass. The rows of a step depend on
(seed, language, half, step) alone, not on the other languages, and need no state to resume.

A *packed* batch holds all its sequences in one row (see `packing`): position ids start anew with
each and none sees another, so the result is that of padding without its cost.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import torch
from torch.nn import functional

from gradsim_core.encoder.encoding import IGNORE, Encoded
from gradsim_core.encoder.models import Encoder


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
    first : column of each sequence's first token in a packed batch of a sequence task, else None
    tokens : bool (n_rows, n_tokens), True where the batch holds a token of a sequence
    """

    inputs: dict[str, torch.Tensor]
    labels: torch.Tensor
    first: torch.Tensor | None
    tokens: torch.Tensor


def collate(encoder: Encoder, encoded: Encoded, rows: Sequence[int] | np.ndarray,
            packed: bool) -> Batch:
    """Build the tensors of some rows of a split, packed or padded."""
    lengths = encoded.lengths_of(rows)
    longest = int(lengths.max())
    grid = np.arange(longest) < lengths[:, None]  # (n_sequences, longest): True at a token
    ids = np.concatenate([encoded.ids[row] for row in rows]).astype(np.int64)
    of_tokens = encoded.labels[0].ndim == 1
    of_rows = [encoded.labels[row] for row in rows]
    labels = np.concatenate(of_rows) if of_tokens else np.array(of_rows)
    if not packed or encoder.first_position is None:
        pad = encoder.model.config.pad_token_id
        inputs = {"input_ids": _filled(grid, ids, pad), "attention_mask": _filled(grid, 1, 0)}
        return Batch(inputs, _filled(grid, labels, IGNORE) if of_tokens
                     else torch.from_numpy(labels), None, torch.from_numpy(grid))
    position = np.broadcast_to(np.arange(longest), grid.shape)[grid] + encoder.first_position
    inputs = {"input_ids": torch.from_numpy(ids)[None],
              "position_ids": torch.from_numpy(position)[None],
              "attention_mask": torch.from_numpy(grid)[:, None, None, :]}
    first = None if of_tokens else torch.from_numpy(np.cumsum(lengths) - lengths)
    return Batch(inputs, torch.from_numpy(labels)[None] if of_tokens
                 else torch.from_numpy(labels), first, torch.ones((1, len(ids)), dtype=torch.bool))


def _filled(grid: np.ndarray, values: np.ndarray | int, empty: int) -> torch.Tensor:
    filled = np.full(grid.shape, empty, dtype=np.int64)
    filled[grid] = values
    return torch.from_numpy(filled)


def batch_logits(encoder: Encoder, batch: Batch) -> torch.Tensor:
    """Run the model: (n_sequences, n_labels), or (n_rows, n_tokens, n_labels) for tokens."""
    with _first_tokens(encoder, batch.first):
        return encoder.model(**batch.inputs).logits.float()  # whatever the layers computed in


def mean_loss(encoder: Encoder, batch: Batch) -> torch.Tensor:
    """Mean cross-entropy over the batch's sequences, or over its labelled tokens."""
    logits = batch_logits(encoder, batch).flatten(0, -2)
    labels = batch.labels.flatten()
    total = functional.cross_entropy(logits, labels, ignore_index=IGNORE, reduction="sum")
    return total / max(1, int((labels != IGNORE).sum()))


def weighted_loss(encoder: Encoder, batch: Batch, weights: np.ndarray) -> torch.Tensor:
    """Cross-entropy summed with a weight for each label that counts.

    Parameters
    ----------
    weights : one a sequence (sequence tasks), or one a token of the batch, in the batch's order
        (token tasks; what is given to tokens without a label does not matter)
    """
    logits = batch_logits(encoder, batch).flatten(0, -2)
    losses = functional.cross_entropy(logits, batch.labels.flatten(), ignore_index=IGNORE,
                                      reduction="none")
    if batch.labels.ndim == 2:
        losses = losses[batch.tokens.flatten()]
    return losses @ torch.from_numpy(weights.astype(np.float32)).to(losses.device)


@contextmanager
def _first_tokens(encoder: Encoder, first: torch.Tensor | None) -> Iterator[None]:
    """Hand the head each packed sequence's first token as if it stood in a row of its own."""
    if first is None:
        yield
        return

    def gather(_module: Any, _inputs: Any, output: Any) -> Any:
        output.last_hidden_state = output.last_hidden_state[0, first][:, None, :]
        return output

    handle = encoder.model.base_model.encoder.register_forward_hook(gather)
    try:
        yield
    finally:
        handle.remove()
