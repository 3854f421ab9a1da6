"""The training loops that the joint trial is measured against.

All take the same rows at the same steps and end each step with the same AdamW; they differ in
how the rows are put into tensors and in what is recorded.

``plain_bucketed``  mixed languages, sorted by length, padded: what a careful user has today
``plain_packed``    the same, packed without padding: the true limit
``plain_rows``      the same, and the word table's gradient taken as rows, as ours does
``plain_compiled``  packed, the model compiled by ``torch.compile`` (only when asked for: minutes)
``plain_same``      our own one-language micro-batches, nothing recorded
``ours``            the joint trial: every block, both halves
``usual``           the usual research script: language by language backward, flattened and kept
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from gradsim_core.encoder.encoding import Encoded
from gradsim_core.encoder.models import Encoder
from gradsim_core.gradients.word_rows import WordRows
from gradsim_core.study import Study
from gradsim_core.training.batches import collate, mean_loss, rows_at
from gradsim_core.training.steps import Training, start_training, train_step


@dataclass
class Work:
    """A model with its data, ready to be trained by any of the loops."""

    encoder: Encoder
    encoded: dict[str, Encoded]
    study: Study
    training: Training
    pooled: Encoded
    first: dict[str, int]
    micro_rows: int
    rows: WordRows | None = None
    compiled: Any = None

    @classmethod
    def of(cls, encoder: Encoder, encoded: dict[str, Encoded], study: Study,
           micro_rows: int) -> Work:
        """Put all languages' rows in one list too, for the loops that mix them."""
        pooled = Encoded(tuple(i for e in encoded.values() for i in e.ids),
                         tuple(i for e in encoded.values() for i in e.labels))
        starts = np.cumsum([0, *(len(e) for e in encoded.values())])
        first = dict(zip(encoded, map(int, starts), strict=False))
        return cls(encoder, encoded, study, start_training(encoder, tuple(encoded), study),
                   pooled, first, micro_rows)

    def halves(self) -> list[tuple[str, np.ndarray]]:
        """(code, rows) of every half of this step."""
        return [(code, rows_at(len(rows), self.training.step, self.study.batch_size // 2,
                               self.study.seed, code, half))
                for code, rows in self.encoded.items() for half in (0, 1)]


def ours(work: Work, packed: bool) -> None:
    train_step(work.training, work.encoded, work.study, packed)


def plain_same(work: Work, packed: bool) -> None:
    _begin(work)
    halves = work.halves()
    for code, rows in halves:
        ordered = rows[np.argsort(work.encoded[code].lengths_of(rows), kind="stable")]
        loss = mean_loss(work.encoder, collate(work.encoder, work.encoded[code], ordered, packed))
        (loss / len(halves)).backward()
    _finish(work)


def plain_bucketed(work: Work, packed: bool = False) -> None:
    _mixed(work, packed=False)


def plain_packed(work: Work, packed: bool = True) -> None:
    _mixed(work, packed=True)


def plain_rows(work: Work, packed: bool = True) -> None:
    table = work.encoder.model.get_input_embeddings()
    if work.rows is None:
        work.rows = WordRows(table)
    work.rows.begin_step()
    with work.rows.tapped(lambda words, rows: None):
        _mixed(work, packed=True)


def plain_compiled(work: Work, packed: bool = True) -> None:
    model = work.encoder.model
    if work.compiled is None:
        model.compile(dynamic=True)
        work.compiled = model._compiled_call_impl
    model._compiled_call_impl = work.compiled
    try:
        _mixed(work, packed=True)
    finally:
        model._compiled_call_impl = None


def usual(work: Work, packed: bool = False) -> None:
    """Language by language: backward, flatten, keep (L, P); padded in drawn order."""
    _begin(work)
    kept, mean = [], None
    for code, rows in work.halves():
        for parameter in work.encoder.parameters:
            parameter.grad = None
        mean_loss(work.encoder, collate(work.encoder, work.encoded[code], rows, False)).backward()
        kept.append(torch.cat([torch.zeros(p.numel()) if p.grad is None else p.grad.flatten()
                               for p in work.encoder.parameters]))
        mean = kept[-1].clone() if mean is None else mean.add_(kept[-1])
    pairwise_cosines(work, kept)
    start = 0
    for parameter in work.encoder.parameters:
        stop = start + parameter.numel()
        parameter.grad = (mean[start:stop] / len(kept)).view_as(parameter)
        start = stop
    _finish(work)


def pairwise_cosines(work: Work, kept: list[torch.Tensor]) -> list[float]:
    """One cosine call a pair and block, as research scripts do it."""
    found, start = [], 0
    for block in work.encoder.blocks.values():
        stop = start + sum(p.numel() for p in block)
        found += [float(torch.nn.functional.cosine_similarity(
            kept[i][start:stop], kept[j][start:stop], dim=0))
            for i in range(len(kept)) for j in range(i)]
        start = stop
    return found


def _mixed(work: Work, packed: bool) -> None:
    _begin(work)
    numbers = np.concatenate([work.first[code] + rows for code, rows in work.halves()])
    lengths = np.array([len(work.pooled.ids[i]) for i in numbers])
    numbers = numbers[np.argsort(lengths, kind="stable")]
    for start in range(0, len(numbers), work.micro_rows):
        rows = numbers[start:start + work.micro_rows]
        loss = mean_loss(work.encoder, collate(work.encoder, work.pooled, rows, packed))
        (loss * len(rows) / len(numbers)).backward()
    _finish(work)


def _begin(work: Work) -> None:
    torch.manual_seed(work.training.step)
    work.encoder.model.train()
    for parameter in work.encoder.parameters:
        parameter.grad = None


def _finish(work: Work) -> None:
    torch.nn.utils.clip_grad_norm_(work.encoder.parameters, 1.0)
    work.training.optimizer.step()
    work.training.step += 1


LOOPS = {"plain_bucketed": plain_bucketed, "plain_packed": plain_packed,
         "plain_rows": plain_rows, "plain_same": plain_same, "ours": ours, "usual": usual}
ON_REQUEST = {"plain_compiled": plain_compiled}
