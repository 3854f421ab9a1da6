"""Shards: the languages of one joint trial dealt to several processes, their gradients kept apart.

Data parallelism would add the gradients of all processes up, and with them the languages. Here
every process takes the gradients of its own languages, at the same parameters as the others, and
keeps their sums; what travels is the mean gradient of the step, and the rows that inner products
between languages need, block by block: a block's rows meet in one process, which takes their Gram.

Conventions
-----------
Language i belongs to process ``i % size``. Rows are numbered over all languages, as in `gradients`;
a process's matrices hold its own rows alone, in that order. Process 0 reads and writes for all.

With whole gradients the Grams, the mean gradient and so the run are those of one process, bit for
bit, given as many threads. With sketches the mean is added up in another order (rounding). Where a
model has dropout, a run in shards draws it by (seed, step, language, half), whatever the number of
processes, and a run without shards by (seed, step): these two are different draws.

How they meet is said in `meeting`. A process that is lost ends the others: whoever started them
starts them again, and they go on from the last checkpoint, whatever their number.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
import torch.distributed as dist

from gradsim_core.encoder.models import Encoder
from gradsim_core.errors import RunError
from gradsim_core.gradients.tap import Tap, block_gram

_ROW_SEEDS = 1_000_000_007
"""Keeps the seeds of a step's micro-batches apart."""


@dataclass(frozen=True)
class Shards:
    """Which languages this process computes, and how it meets the others.

    Attributes
    ----------
    rank, size : this process among all
    grouped : whether there is a group to meet, if only of one process
    """

    rank: int = 0
    size: int = 1
    grouped: bool = False

    def has(self, language: int) -> bool:
        """Whether a language, by its position, is this process's."""
        return language % self.size == self.rank

    def rows(self, n_languages: int) -> list[int]:
        """Numbers of this process's rows."""
        return [2 * i + half for i in range(n_languages) if self.has(i) for half in (0, 1)]

    def tap(self, encoder: Encoder, n_languages: int, exact: bool, sketch_size: int,
            seed: int) -> Tap:
        """A tap of this process's rows."""
        made = ShardedTap if self.grouped else Tap
        own = {"shards": self} if self.grouped else {}
        return made(encoder, n_languages, exact, sketch_size, seed, **own)

    def told(self, languages: Sequence[int], losses: list[float],
             faulty: list[int]) -> tuple[list[float], list[int]]:
        """The losses of all processes in the languages' order, and the rows that are faulty.

        Parameters
        ----------
        languages : positions of those computed here; two losses each, fewer where one was faulty
        """
        if not self.grouped:
            return losses, faulty
        rows = [2 * i + half for i in languages for half in (0, 1)]
        told = self.each((dict(zip(rows, losses, strict=False)), faulty))
        known = {row: loss for some, _ in told for row, loss in some.items()}
        return [known[row] for row in sorted(known)], sorted(row for _, some in told
                                                             for row in some)

    def each(self, value: Any) -> list[Any]:
        """What every process gives here, by rank; a few numbers or words."""
        if not self.grouped:
            return [value]
        found: list[Any] = [None] * self.size
        dist.all_gather_object(found, value)
        return found

    def agreed(self, value: Any) -> Any:
        """What process 0 gives here."""
        return self.each(value)[0] if self.grouped else value

    def check_same(self, value: Any, what: str) -> None:
        """Refuse to go on where processes have met different things.

        Raises
        ------
        RunError
            If they have.
        """
        found = self.each(value)
        if any(one != found[0] for one in found):
            raise RunError(f"The processes of this run see different things ({what}: "
                           f"{', '.join(map(str, found))[:100]}). All of them must see one cache "
                           "folder and the same data: name a shared folder with --cache.")

    def gathered(self, rows: torch.Tensor, n_languages: int, to: int = 0,
                 into: torch.Tensor | None = None) -> torch.Tensor | None:
        """The rows of all processes in their order, in process ``to``; None in the others.

        Parameters
        ----------
        rows : (n_own, D), this process's
        into : (2L, D) to write them to
        """
        if not self.grouped:
            return rows
        most = 2 * -(-n_languages // self.size)
        sent = rows.new_zeros((most, rows.shape[1]))
        sent[:len(rows)] = rows
        met = [torch.empty_like(sent) for _ in range(self.size)] if self.rank == to else None
        dist.gather(sent, met, dst=to)
        if met is None:
            return None
        whole = rows.new_empty((2 * n_languages, rows.shape[1])) if into is None else into
        for rank, some in enumerate(met):
            numbers = Shards(rank, self.size).rows(n_languages)
            whole[numbers] = some[:len(numbers)]
        return whole


ALONE = Shards()
"""One process that computes all languages."""


@dataclass
class ShardedTap(Tap):
    """A tap whose matrices hold the rows of one process, and whose Grams hold those of all."""

    shards: Shards = field(default=ALONE, kw_only=True)

    def __post_init__(self) -> None:
        super().__post_init__()
        own = self.shards.rows(self.n_languages)
        self._place = {row: place for place, row in enumerate(own)}
        self.sums = self.sums[:len(own)].clone()
        self.step = self.step[:len(own)].clone()
        self._means: dict[int, torch.Tensor] = {}
        # laid out in memory as one process's, since products of matrices round by layout; only
        # the columns of this process's blocks are ever touched
        shape = (2 * self.n_languages, max(self.sums.shape[1], self.step.shape[1]))
        self._met = self.sums.new_empty(shape)

    def begin_step(self) -> None:
        """Forget the last step's gradients."""
        super().begin_step()
        self._means = {}
        self._seed = torch.initial_seed()  # of the step

    def release(self) -> None:
        """Free what it holds, which is not needed any more."""
        super().release()
        self._met = self._met[:, :0].clone()

    def begin(self, row: int) -> None:
        """Make ready for the backward pass of a row's micro-batch."""
        torch.manual_seed((self._seed + (row + 1) * _ROW_SEEDS) % 2**63)
        super().begin(self._place[row])

    def end(self, row: int) -> bool:
        """Take down what a row's backward pass has added; False if the rest is spoilt by it."""
        return super().end(self._place[row])

    def add_step(self) -> None:
        """Add the step to the sums."""
        if self.narrow:  # what is typical is so among all processes
            told = self.shards.each(list(self._lengths.values()))
            self._lengths = dict(enumerate(length for some in told for length in some))
        super().add_step()

    def lengths(self) -> np.ndarray:
        """Length of each row of the step, of all processes."""
        found = np.zeros(2 * self.n_languages)
        for rank, some in enumerate(self.shards.each(super().lengths())):
            found[Shards(rank, self.shards.size).rows(self.n_languages)] = some
        return found

    def block_grams(self, rows: torch.Tensor) -> Iterator[np.ndarray]:
        """Inner products of all processes' rows, block by block: (2L, 2L) float64 each.

        As many blocks as there are processes are taken at a time, each in a process of its own;
        every process must go through all of them.
        """
        n_rows, columns = 2 * self.n_languages, self.columns_of(rows)
        for start in range(0, len(columns), self.shards.size):
            some = columns[start:start + self.shards.size]
            found = torch.zeros((len(some), n_rows, n_rows), dtype=torch.float64)
            for rank, part in enumerate(some):
                met = self._met[:, :rows.shape[1]][:, part]
                whole = self.shards.gathered(rows[:, part], self.n_languages, rank, met)
                if whole is not None:
                    found[rank] = torch.from_numpy(block_gram(whole))
                    if rows is self.step and self.exact:
                        self._means[start + rank] = whole.sum(0)
            dist.all_reduce(found)
            yield from found.numpy()

    def end_step(self, n_rows: int) -> None:
        """Leave the step's mean gradient over all processes in ``parameter.grad``.

        Parameters
        ----------
        n_rows : number of micro-batches that the step had, in all processes
        """
        if self.exact:
            mean = self.step.new_empty(self.step.shape[1])
            for block, columns in enumerate(self.block_slices):
                if block in self._means:
                    mean[columns] = self._means[block]
                dist.broadcast(mean[columns], src=block % self.shards.size)
            self._point_gradients_at(mean.div_(n_rows))
            return
        used = torch.tensor([one.grad is not None for one in self.encoder.parameters]).int()
        dist.all_reduce(used, op=dist.ReduceOp.MAX)
        for parameter, some in zip(self.encoder.parameters, used.tolist(), strict=True):
            if some:  # by any process
                if parameter.grad is None:
                    parameter.grad = torch.zeros_like(parameter)
                dist.all_reduce(parameter.grad)
        super().end_step(n_rows)
