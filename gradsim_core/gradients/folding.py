"""Folds: the linear sketch that stands for a gradient too large to keep.

The flat gradient is cut into rows of k numbers, and the rows are added with random signs. So a
fold is linear, costs one pass over the gradient, and its inner products estimate those of whole
gradients without bias: two different rows count with the product of two independent signs, which
is zero on average, and every number meets itself with the sign 1.

How far off they are rests on how much different rows have to do with each other. A weight's
gradient is a sum of a few products of two vectors, and one of these may be long in few places, or
have a mean: then each of its rows resembles the next. So the rows and the columns of every weight
have random signs of their own, under which rows are as strange to each other as random ones.

Source: the idea of Charikar, Chen and Farach-Colton (2002), with the column for a hash, and of
each number's sign a product of three: of its row of the fold, and of its row and its column of
the weight.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import torch
from torch import nn

_NARROWEST = 64

_PIECE = 2**18
"""Numbers that get their signs at a time on a CPU: few enough to stay in its cache."""

_LONG_PIECE = 2**24
"""The same elsewhere."""


@dataclass(frozen=True)
class Signs:
    """Random signs of one parameter's gradient, 1 or -1, float32.

    Attributes
    ----------
    folds : of the rows that its block is cut into, (ceil(width / k),)
    rows, columns : of the parameter as a matrix, its first axis against all others
    """

    folds: torch.Tensor
    rows: torch.Tensor
    columns: torch.Tensor


def step_size(sketch_size: int, n_languages: int, n_blocks: int, n_parameters: int) -> int:
    """Numbers a block kept of a single step: all of a sketch, or what half a gradient has room for.

    Sums are never narrowed; what rests on single steps (`mean_cosine`) is then estimated from
    fewer numbers.
    """
    room = n_parameters // (2 * 2 * n_languages * n_blocks)
    return min(sketch_size, max(_NARROWEST, room | 1))  # odd: no power of two in common with k


def fold(gradient: torch.Tensor, offset: int, signs: torch.Tensor, out: torch.Tensor) -> None:
    """Add the fold of one parameter's gradient to its block's.

    The block's flat gradient is cut into rows of ``len(out)`` numbers; row r is added with sign
    ``signs[r]``. A block no longer than ``out`` keeps every number, up to one common sign.

    Parameters
    ----------
    offset : numbers of the block that stand before this parameter's
    out : (k,), changed
    """
    flat, size = gradient.reshape(-1), len(out)
    length = len(flat)
    row, column = divmod(offset, size)
    head = min(length, (size - column) % size)
    if head:
        out[column:column + head].add_(flat[:head] * signs[row])
        row += 1
    n_whole = (length - head) // size
    if n_whole:
        whole = flat[head:head + n_whole * size].view(n_whole, size)
        out.addmv_(whole.t(), signs[row:row + n_whole])
    tail = length - head - n_whole * size
    if tail:
        out[:tail].add_(flat[length - tail:] * signs[row + n_whole])


def fold_table(ids: torch.Tensor, rows: torch.Tensor, offset: int, signs: torch.Tensor,
               out: torch.Tensor) -> None:
    """Add the fold of a table's gradient that has some rows only: as `fold` of the whole table.

    Parameters
    ----------
    ids : (n,) numbers of the table's rows; one that comes twice counts twice
    rows : (n, hidden) their gradients
    offset, signs, out : as in `fold`
    """
    size, hidden = len(out), rows.shape[1]
    for first in range(0, hidden, size):  # pieces of rows that meet one end of the fold at most
        part = rows[:, first:first + size]
        start = offset + first + ids * hidden
        row = torch.div(start, size, rounding_mode="floor")
        columns = (start - row * size)[:, None] + torch.arange(part.shape[1], device=ids.device)
        beyond = columns >= size
        following = signs[(row + 1).clamp(max=len(signs) - 1)]
        signed = part * torch.where(beyond, following[:, None], signs[row][:, None])
        out.scatter_add_(0, (columns - size * beyond).flatten(), signed.flatten())


def fold_parameter(gradient: torch.Tensor, offset: int, signs: Signs, out: torch.Tensor) -> None:
    """Add the fold of a parameter's gradient under the signs of its rows and columns.

    A block no longer than ``out`` keeps every number, up to its sign.

    Parameters
    ----------
    offset, out : as in `fold`
    """
    matrix = gradient.reshape(len(signs.rows), len(signs.columns))
    piece = _PIECE if gradient.device.type == "cpu" else _LONG_PIECE
    height, width = max(1, piece // max(1, matrix.shape[1])), matrix.shape[1]
    for first in range(0, len(matrix), height):
        signed = matrix[first:first + height] * signs.columns
        signed *= signs.rows[first:first + height, None]
        fold(signed, offset + first * width, signs.folds, out)


def fold_words(ids: torch.Tensor, rows: torch.Tensor, offset: int, signs: Signs,
               out: torch.Tensor) -> None:
    """The same of a table's gradient that has some rows only: as `fold_parameter` of all of it.

    Parameters
    ----------
    ids, rows : as in `fold_table`
    offset, out : as in `fold`
    """
    signed = rows * signs.columns * signs.rows[ids][:, None]
    fold_table(ids, signed, offset, signs.folds, out)


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
    folded = rows.new_zeros((len(rows), min(rows.shape[1], size)))
    for row, out in zip(rows, folded, strict=True):  # together they would be copied first
        fold(row, 0, signs, out)
    return folded


def fold_signs(width: int, size: int, seed: int) -> torch.Tensor:
    """Random signs of the rows that a fold of ``width`` numbers is cut into."""
    return _random_signs(-(-width // size), torch.Generator().manual_seed(seed))


def parameter_signs(blocks: Iterable[list[nn.Parameter]], size: int, seed: int,
                    device: torch.device) -> list[list[Signs]]:
    """Random signs of every parameter of every block, for folds of ``size`` numbers a block."""
    generator = torch.Generator().manual_seed(seed)

    def drawn(n: int) -> torch.Tensor:
        return _random_signs(n, generator).to(device)

    found = []
    for block in blocks:
        folds = drawn(-(-sum(one.numel() for one in block) // size))
        heights = [len(one) if one.dim() else 1 for one in block]
        found.append([Signs(folds, drawn(height), drawn(one.numel() // height))
                      for one, height in zip(block, heights, strict=True)])
    return found


def _random_signs(n: int, generator: torch.Generator) -> torch.Tensor:
    return torch.randint(0, 2, (n,), generator=generator).mul_(2).sub_(1).float()
