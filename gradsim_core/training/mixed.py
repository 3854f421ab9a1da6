"""Mixed batches: the rows of several languages side by side, sorted into buckets of one length.

A joint run takes one micro-batch a language and half, because it wants their gradients apart. A
trial wants only their mean, which is the gradient of one weighted sum over all rows of the step:
the weights make every language's half count alike, however many labels its rows have. So the
step is the same as the joint run's, up to rounding and dropout, and its rows can stand in any
order: sorted by length, and cut into micro-batches of about `BATCH_TOKENS` tokens.

Conventions
-----------
The rows of a step are those of `batches.rows_at`, as in the joint run: what a language contributes
depends on the seed and the step, never on its company.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from gradsim_core.encoder.encoding import IGNORE, Encoded, joined
from gradsim_core.encoder.models import Encoder
from gradsim_core.training.batches import Batch, collate, rows_at
from gradsim_core.training.passes import device_of, on_device

BATCH_TOKENS = 1000
"""Tokens of a micro-batch: larger ones are no faster on a CPU, whose caches they leave."""


@dataclass(frozen=True)
class Pool:
    """The training rows of a trial's languages, one behind the other.

    Attributes
    ----------
    rows : of all languages
    codes : of the languages, in order
    starts : number of each language's first row, and at the end the number of rows
    n_labels : labels that count, a row
    """

    rows: Encoded
    codes: tuple[str, ...]
    starts: np.ndarray
    n_labels: np.ndarray


def pool_of(encoded: Mapping[str, Encoded], codes: Sequence[str]) -> Pool:
    """Put the rows of some languages together."""
    rows = joined(encoded[code] for code in codes)
    starts = np.cumsum([0, *(len(encoded[code]) for code in codes)])
    n_labels = np.fromiter((np.count_nonzero(row != IGNORE) for row in rows.labels), np.int64,
                           count=len(rows))
    return Pool(rows, tuple(codes), starts, n_labels)


def step_rows(pool: Pool, step: int, batch_size: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Rows of one step, shortest first, with the weight of each one's labels.

    Returns
    -------
    rows : (n_languages * batch_size,) int64, row numbers of the pool
    weights : of the same shape; weights times labels add up to 1
    """
    chosen, weights = [], []
    for i, code in enumerate(pool.codes):
        n_rows = int(pool.starts[i + 1] - pool.starts[i])
        for half in (0, 1):
            rows = pool.starts[i] + rows_at(n_rows, step, batch_size // 2, seed, code, half)
            n_labels = max(1, int(pool.n_labels[rows].sum()))
            chosen.append(rows)
            weights.append(np.full(len(rows), 1 / (2 * len(pool.codes) * n_labels)))
    rows = np.concatenate(chosen)
    order = np.argsort(pool.rows.lengths_of(rows), kind="stable")
    return rows[order], np.concatenate(weights)[order]


def micro_batches(encoder: Encoder, pool: Pool, rows: np.ndarray, weights: np.ndarray,
                  packed: bool, most_rows: int | None = None) -> Iterator[tuple[Batch, np.ndarray]]:
    """Cut a step's rows into micro-batches, each with the weights of its labels.

    Parameters
    ----------
    most_rows : of a micro-batch; None: as many as its tokens allow
    """
    lengths = pool.rows.lengths_of(rows)
    ends = np.cumsum(lengths)
    n_batches = max(1, round(ends[-1] / BATCH_TOKENS))
    cuts = np.searchsorted(ends, np.linspace(0, ends[-1], n_batches + 1)[1:-1])
    if most_rows is not None:
        cuts = np.concatenate([cuts, np.arange(most_rows, len(rows), most_rows)])
    for part in np.split(np.arange(len(rows)), np.unique(cuts)):
        if not len(part):
            continue
        batch = on_device(collate(encoder, pool.rows, rows[part], packed), device_of(encoder))
        of_labels = weights[part]
        yield batch, (np.repeat(of_labels, lengths[part]) if batch.labels.ndim == 2
                      else of_labels)
