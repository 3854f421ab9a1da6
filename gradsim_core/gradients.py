"""Per-language gradients as a by-product of training: micro-batch -> running sums -> Grams.

Every step runs one micro-batch a (language, half), all at the same parameters. Its gradient is
what ``backward`` adds to ``parameter.grad``. Two ways to take it down:

*exact*: before each micro-batch, ``parameter.grad`` is pointed at a row of a (2L, P) matrix, so
autograd itself writes the gradient where it is wanted; the step's gradient is the mean row.

*sketch*: gradients accumulate as in any training loop; after each micro-batch a linear sketch of
``parameter.grad`` is taken, and the difference to the sketch before is that micro-batch's own.
Memory is one gradient more than training plus 2L·k·B numbers, whatever the model.

Conventions
-----------
Row ``2 * l + h`` belongs to half h of language l. Gradients are those of the half's mean loss.
Float32 values, float64 Grams of shape (n_blocks, 2L, 2L), blocks in the encoder's order.

Sources: Wang et al. 2023 (arXiv 2310.15269) for the idea; the sketch is a *fold*: the flat
gradient is cut into rows of k numbers that are added with random signs, an unbiased estimate of
inner products in the manner of Charikar, Chen and Farach-Colton (2002), one sign a row.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

from gradsim_core.models import Encoder

EXACT_LIMIT_BYTES = 2**30
"""Gradients are kept whole when step and sum matrices fit in this many bytes."""

EXPLODING = 1e4
"""A gradient this many times longer than the median language's counts as exploding."""

_CHUNK = 2**16


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
    sums, step : (2L, D) float32; D = P (exact) or n_blocks * k at most (sketch)
    block_slices : columns of each block
    """

    encoder: Encoder
    n_languages: int
    exact: bool
    sketch_size: int
    seed: int

    def __post_init__(self) -> None:
        widths = [sum(p.numel() for p in block) for block in self.encoder.blocks.values()]
        if not self.exact:
            widths = [min(width, self.sketch_size) for width in widths]
            self._signs = _signs(self.encoder, self.sketch_size, self.seed)
        ends = np.cumsum(widths)
        self.block_slices = [slice(int(end - width), int(end))
                             for end, width in zip(ends, widths, strict=True)]
        shape = (2 * self.n_languages, int(ends[-1]))
        self.sums = torch.zeros(shape)
        self.step = torch.zeros(shape)
        self._before = torch.zeros(shape[1])

    def begin_step(self) -> None:
        """Forget the last step's gradients."""
        self.step.zero_()
        self._before.zero_()
        for parameter in self.encoder.parameters:
            parameter.grad = None

    def begin(self, row: int) -> None:
        """Make ready for the backward pass of a row's micro-batch."""
        if self.exact:
            self._point_gradients_at(self.step[row])

    def end(self, row: int) -> bool:
        """Take down what a row's backward pass has added; False if the rest is spoilt by it."""
        if self.exact:
            return True  # rows are separate: a fault stays in its own
        now = self._sketch()
        torch.sub(now, self._before, out=self.step[row])
        self._before = now
        return bool(torch.isfinite(now.sum()))

    def end_step(self, n_rows: int) -> None:
        """Leave the step's mean gradient in ``parameter.grad``.

        Parameters
        ----------
        n_rows : number of micro-batches that the step had
        """
        if self.exact:
            self._point_gradients_at(self.step.sum(0).div_(n_rows))
        else:
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
        self.sums += self.step

    def grams(self, rows: torch.Tensor) -> np.ndarray:
        """Inner products of rows by block: (n_blocks, 2L, 2L) float64."""
        return np.stack([block_gram(rows[:, columns]) for columns in self.block_slices])

    def _point_gradients_at(self, row: torch.Tensor) -> None:
        start = 0
        for parameter in self.encoder.parameters:
            stop = start + parameter.numel()
            parameter.grad = row[start:stop].view_as(parameter)
            start = stop

    def _sketch(self) -> torch.Tensor:
        sketch = torch.zeros(self.step.shape[1])
        for (block, signs), columns in zip(
                zip(self.encoder.blocks.values(), self._signs, strict=True),
                self.block_slices, strict=True):
            fold(block, signs, sketch[columns])
        return sketch


def faulty_rows(grams: np.ndarray) -> list[int]:
    """Rows whose gradient is not finite, or far longer than the others'.

    Parameters
    ----------
    grams : (n_blocks, 2L, 2L) Grams of one step
    """
    with np.errstate(invalid="ignore"):
        norms = np.sqrt(np.diagonal(grams, axis1=1, axis2=2).sum(axis=0))
        usual = norms[np.isfinite(norms) & (norms > 0)]
        limit = EXPLODING * np.median(usual) if len(usual) else np.inf
        return [int(row) for row in np.flatnonzero(~(norms <= limit))]


def fold(block: list[nn.Parameter], signs: torch.Tensor, out: torch.Tensor) -> None:
    """Add the fold of a block's gradients to ``out``.

    The block's flat gradient is cut into rows of ``len(out)`` numbers; row r is added with sign
    ``signs[r]``. A block no longer than ``out`` keeps every number, up to one common sign.
    """
    size = len(out)
    offset = 0
    for parameter in block:
        length = parameter.numel()
        if parameter.grad is not None:
            flat = parameter.grad.reshape(-1)
            row, column = divmod(offset, size)
            head = min(length, (size - column) % size)
            out[column:column + head].add_(flat[:head] * signs[row])
            row += head > 0
            n_whole = (length - head) // size
            if n_whole:
                whole = flat[head:head + n_whole * size].view(n_whole, size)
                out.addmv_(whole.t(), signs[row:row + n_whole])
            tail = length - head - n_whole * size
            out[:tail].add_(flat[length - tail:] * signs[min(row + n_whole, len(signs) - 1)])
        offset += length


def fold_rows(rows: torch.Tensor, signs: torch.Tensor, size: int) -> torch.Tensor:
    """The fold of each row of a matrix, as `fold` makes it of a block.

    Parameters
    ----------
    rows : (n, width)
    signs : (ceil(width / size),), of `fold_signs`

    Returns
    -------
    torch.Tensor
        (n, min(width, size)); rows no longer than ``size`` keep every number, up to a common sign.
    """
    n, width = rows.shape
    whole = width // size
    folded = torch.zeros((n, min(width, size)), dtype=rows.dtype)
    if whole:
        folded += torch.einsum("nrs,r->ns", rows[:, :whole * size].reshape(n, whole, size),
                               signs[:whole])
    tail = width - whole * size
    if tail:
        folded[:, :tail] += rows[:, whole * size:] * signs[whole]
    return folded


def fold_signs(width: int, size: int, seed: int) -> torch.Tensor:
    """Random signs of the rows that a fold of ``width`` numbers is cut into."""
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(0, 2, (-(-width // size),), generator=generator).mul_(2).sub_(1).float()


def _signs(encoder: Encoder, size: int, seed: int) -> list[torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    counts = [-(-sum(p.numel() for p in block) // size) for block in encoder.blocks.values()]
    return [torch.randint(0, 2, (n,), generator=generator).mul_(2).sub_(1).float()
            for n in counts]


def block_gram(rows: torch.Tensor) -> np.ndarray:
    """X Xᵀ in float32 by chunks of columns, added up in float64."""
    total = torch.zeros((len(rows), len(rows)), dtype=torch.float64)
    for chunk in rows.split(_CHUNK, dim=1):
        total += (chunk @ chunk.T).double()
    return total.numpy()
