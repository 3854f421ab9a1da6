"""Per-language gradients as a by-product of training: micro-batch -> running sums -> Grams.

Every step runs one micro-batch a (language, half), all at the same parameters. Its gradient is
what ``backward`` adds to ``parameter.grad``. Two ways to take it down:

*exact*: ``parameter.grad`` is emptied before each micro-batch and copied to a row of a (2L, P)
matrix behind it; the step's gradient is the mean row.

*sketch*: gradients accumulate as in any training loop; what autograd is about to add to a
``parameter.grad`` is folded first (see `incoming`). Memory is one gradient more than training plus
2L·k·B numbers, whatever the model. The sketches of a single step are kept beside the sums where
they take no more than half a gradient; else they are added to the sums one by one, and of the step
itself a narrower fold is kept (see `folding`).

Conventions
-----------
Row ``2 * l + h`` belongs to half h of language l. Gradients are those of the half's mean loss.
Float32 values, float64 Grams of shape (n_blocks, 2L, 2L), blocks in the encoder's order.

Source of the idea: Wang et al. 2023 (arXiv 2310.15269).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from gradsim_core.encoder.models import Encoder
from gradsim_core.gradients.faults import EXPLODING
from gradsim_core.gradients.folding import block_signs, fold_rows, fold_signs, step_size
from gradsim_core.gradients.incoming import Incoming

EXACT_LIMIT_BYTES = 2**30
"""Gradients are kept whole when step and sum matrices fit in this many bytes."""

_CHUNK = 2**16

_LONG_BYTES = 64 * 2**20
"""Grams of one moment that would take more are given in float32: they are kept so in any case."""

_TILE = 512
"""Rows up to which a Gram is one product; of more only what is above the diagonal is taken."""


def is_exact(mode: str, n_languages: int, n_parameters: int) -> bool:
    """Resolve "auto": exact while two (2L, P) float32 matrices fit in 1 GiB."""
    if mode == "auto":
        return 2 * 2 * n_languages * n_parameters * 4 <= EXACT_LIMIT_BYTES
    return mode == "exact"


@dataclass
class Tap:
    """Take down each micro-batch's gradient, and keep their running sums.

    Attributes
    ----------
    sums : (2L, D) float32; D = P (exact) or n_blocks * k at most (sketch)
    step : the same of one step; narrower where memory is short
    block_slices : columns of each block
    narrow : whether steps are kept narrower than sums, which then hold a step before it has ended
    typical : median length of the last step's gradients if narrow, else 0
    """

    encoder: Encoder
    n_languages: int
    exact: bool
    sketch_size: int
    seed: int

    def __post_init__(self) -> None:
        widths = [sum(p.numel() for p in block) for block in self.encoder.blocks.values()]
        device = self.encoder.parameters[0].device
        self.narrow, of_step, self.typical = False, widths, 0.0
        if not self.exact:
            size = step_size(self.sketch_size, self.n_languages, len(widths), sum(widths))
            widths = [min(width, self.sketch_size) for width in widths]
            of_step = [min(width, size) for width in widths]
            self.narrow = of_step != widths
            signs, pattern = block_signs(self.encoder.blocks, self.sketch_size, self.seed)
            self._step_signs = [fold_signs(width, size, self.seed + 1 + i).to(device)
                                for i, width in enumerate(widths)]
        self.block_slices, self._step_slices = _slices(widths), _slices(of_step)
        if not self.exact:
            self._incoming = Incoming(self.encoder, [one.to(device) for one in signs],
                                      self.block_slices, pattern.to(device))
        n_rows, n_columns = 2 * self.n_languages, self.block_slices[-1].stop
        self.sums = torch.zeros((n_rows, n_columns), device=device)
        self.step = torch.zeros((n_rows, self._step_slices[-1].stop), device=device)
        self._lengths: dict[int, float] = {}  # of the rows of this step that the sums hold already

    def begin_step(self) -> None:
        """Forget the last step's gradients."""
        self.step.zero_()
        if not self.exact:
            self._incoming.begin_step()

    def begin(self, row: int) -> None:
        """Make ready for a row's micro-batch, which may come in several pieces."""
        if not self.exact:
            self._incoming.begin()
            return
        for parameter in self.encoder.parameters:
            parameter.grad = None

    def end(self, row: int) -> bool:
        """Take down what a row's backward pass has added; False if the rest is spoilt by it."""
        if self.exact:
            torch.cat([torch.zeros_like(one).flatten() if one.grad is None else one.grad.flatten()
                       for one in self.encoder.parameters], out=self.step[row])
            return True  # rows are separate: a fault stays in its own
        own = self._incoming.folded
        if self.narrow:
            return self._keep(row, own)
        self.step[row] = own
        return bool(torch.isfinite(own.sum()))

    def end_step(self, n_rows: int) -> None:
        """Leave the step's mean gradient in ``parameter.grad``.

        Parameters
        ----------
        n_rows : number of micro-batches that the step had
        """
        if self.exact:
            self._point_gradients_at(self.step.sum(0).div_(n_rows))
        else:
            self._incoming.end_step()
            for parameter in self.encoder.parameters:
                if parameter.grad is not None:
                    parameter.grad.div_(n_rows)

    def precondition(self, scales: Sequence[torch.Tensor | None]) -> None:
        """Multiply the step's gradients, which must be exact, coordinate by coordinate.

        Parameters
        ----------
        scales : one tensor a parameter, of its shape; None leaves nothing of it
        """
        start = 0
        for parameter, scale in zip(self.encoder.parameters, scales, strict=True):
            stop = start + parameter.numel()
            self.step[:, start:stop] *= 0.0 if scale is None else scale.reshape(-1)
            start = stop

    def add_step(self) -> None:
        """Add the step to the sums."""
        if self.narrow:
            self.typical = float(np.median(list(self._lengths.values()) or [self.typical]))
            self._lengths.clear()
        else:
            self.sums += self.step

    def lengths(self) -> np.ndarray:
        """Length of each row of the step, float64; where steps are narrow, about so long."""
        return torch.linalg.vector_norm(self.step, dim=1, dtype=torch.float64).cpu().numpy()

    def forget_step(self, first: bool) -> None:
        """Take a step that is to be repeated out of the sums, which hold a narrow one already.

        Rows are added once, however often a step is repeated; only the first step has nothing to
        be checked against while its rows come in, and is forgotten as a whole.
        """
        if self.narrow and first:
            self.sums.zero_()
            self._lengths.clear()

    @property
    def widths(self) -> list[int]:
        """Numbers of each block in the sums."""
        return [part.stop - part.start for part in self.block_slices]

    def release(self) -> None:
        """Free what it holds, which is not needed any more."""
        self.sums = self.sums.new_empty((len(self.sums), 0))
        self.step = self.step.new_empty((len(self.step), 0))

    def columns_of(self, rows: torch.Tensor) -> list[slice]:
        """Columns of each block of the sums, or of the step."""
        return self._step_slices if rows is self.step else self.block_slices

    def grams(self, rows: torch.Tensor) -> np.ndarray:
        """Inner products of rows by block: (n_blocks, 2L, 2L) float64, of very many float32."""
        shape = len(self.block_slices), 2 * self.n_languages, 2 * self.n_languages
        found = np.empty(shape, np.float64 if 8 * np.prod(shape) <= _LONG_BYTES else np.float32)
        for block, gram in enumerate(self.block_grams(rows)):
            found[block] = gram
        return found

    def block_grams(self, rows: torch.Tensor) -> Iterator[np.ndarray]:
        """The same one after the other, all float64."""
        return (block_gram(rows[:, columns]) for columns in self.columns_of(rows))

    def _keep(self, row: int, own: torch.Tensor) -> bool:
        """Add a row's sketch to the sums, once a step, and fold it for the step's Gram."""
        length = float(torch.linalg.vector_norm(own))
        limit = EXPLODING * self.typical if self.typical else np.finfo(np.float32).max
        if not length <= limit:
            return False
        if row not in self._lengths:
            self.sums[row] += own
            self._lengths[row] = length
        for part, to, signs in zip(self.block_slices, self._step_slices, self._step_signs,
                                   strict=True):
            self.step[row, to] = fold_rows(own[None, part], signs, to.stop - to.start)[0]
        return True

    def _point_gradients_at(self, row: torch.Tensor) -> None:
        start = 0
        for parameter in self.encoder.parameters:
            stop = start + parameter.numel()
            parameter.grad = row[start:stop].view_as(parameter)
            start = stop


def _slices(widths: Sequence[int]) -> list[slice]:
    ends = np.cumsum(widths)
    return [slice(int(end) - width, int(end)) for end, width in zip(ends, widths, strict=True)]


def block_gram(rows: torch.Tensor) -> np.ndarray:
    """X Xᵀ in float32 by chunks of columns, added up in float64."""
    total = torch.zeros((len(rows), len(rows)), dtype=torch.float64, device=rows.device)
    tiles = [slice(start, start + _TILE) for start in range(0, len(rows), _TILE)]
    for chunk in rows.split(_CHUNK, dim=1):
        for tile in tiles:
            total[tile, tile.start:] += chunk[tile] @ chunk[tile.start:].T
    for tile in tiles:  # below the diagonal stands what is above it
        total[tile.stop:, tile] = total[tile, tile.stop:].T
    return total.cpu().numpy()
