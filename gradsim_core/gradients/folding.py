"""Folds: the linear sketch that stands for a gradient too large to keep.

The flat gradient is cut into rows of k numbers, and the rows are added with random signs. So a
fold is linear, costs one pass over the gradient, and its inner products estimate those of whole
gradients without bias: two different rows count with the product of two independent signs, which
is zero on average, and every number meets itself with the sign 1.

How far off they are rests on how much different rows have to do with each other. A weight's
gradient is a sum of few products of two vectors, and where one of the two has a mean, or is long
in few places, each row resembles others. So a gradient of parameters is also multiplied by a
*pattern*, number by number, before its rows are added: one long row of random signs, of which row
r meets the stretch that begins at r. Any two rows then meet stretches that are strange to each
other, and no two of the terms that a fold errs by have a common sign: their variance is that of
signs drawn for every single number, at the price of a multiplication.

Source: Charikar, Chen and Farach-Colton (2002), with the column for a hash.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import nn

_NARROWEST = 64

_STARTS = 2**14
"""Rows after which the stretches of the pattern begin anew."""

_PIECE = 2**24
"""Numbers multiplied by the pattern at a time, but on a CPU: there it is a row (`fold_along`)."""


def step_size(sketch_size: int, n_languages: int, n_blocks: int, n_parameters: int) -> int:
    """Numbers a block kept of a single step: all of a sketch, or what half a gradient has room for.

    Sums are never narrowed; what rests on single steps (`mean_cosine`) is then estimated from
    fewer numbers.
    """
    room = n_parameters // (2 * 2 * n_languages * n_blocks)
    return min(sketch_size, max(_NARROWEST, room | 1))  # odd: no power of two in common with k


def fold(gradient: torch.Tensor, offset: int, signs: torch.Tensor, out: torch.Tensor,
         pattern: torch.Tensor | None = None) -> None:
    """Add the fold of one parameter's gradient to its block's.

    The block's flat gradient is cut into rows of ``len(out)`` numbers; row r is added with sign
    ``signs[r]``. A block no longer than ``out`` keeps every number, up to its sign.

    Parameters
    ----------
    offset : numbers of the block that stand before this parameter's
    out : (k,), changed
    pattern : (k + n - 1,) random signs; row r is multiplied by the k of them from r % n on
    """
    if pattern is not None and out.device.type == "cpu":
        fold_along(gradient, path_of(gradient.numel(), offset, signs, out, pattern))
    else:
        _fold_many_rows(gradient, offset, signs, out, pattern)


@dataclass(frozen=True)
class Path:
    """What a parameter's numbers meet on their way into a fold: a piece for each row of the fold.

    Attributes
    ----------
    lengths : numbers of each piece; the first and the last may be less than a row
    pieces : of each the part of the fold that it is added to, its stretch of the pattern (views
        both), and its sign
    """

    lengths: list[int]
    pieces: list[tuple[torch.Tensor, torch.Tensor, float]]


def path_of(length: int, offset: int, signs: torch.Tensor, out: torch.Tensor,
            pattern: torch.Tensor) -> Path:
    """The path of a parameter of ``length`` numbers; all else as in `fold`."""
    size, end = len(out), offset + length
    path = Path([], [])
    for row in range(offset // size, -(-end // size)):
        first, stop = max(0, offset - row * size), min(size, end - row * size)
        begin = row % (len(pattern) - size + 1)
        path.lengths.append(stop - first)
        path.pieces.append((out[first:stop], pattern[begin + first:begin + stop],
                            float(signs[row])))
    return path


def fold_along(gradient: torch.Tensor, path: Path) -> None:
    """As `fold` does, along a path that is known: the fastest way with a pattern on a CPU.

    A row is few enough numbers to stay in the cache, and for PyTorch not to wake its other
    threads. A model's products push all that folds need out of the caches, their code as well,
    which makes every operation dear: so there is one a row, and a path is worked out once.
    """
    numbers = gradient.reshape(-1).split(path.lengths)
    for some, (out, stretch, sign) in zip(numbers, path.pieces, strict=True):
        out.addcmul_(some, stretch, value=sign)


def _fold_many_rows(gradient: torch.Tensor, offset: int, signs: torch.Tensor, out: torch.Tensor,
                    pattern: torch.Tensor | None) -> None:
    flat, size = gradient.reshape(-1), len(out)
    length = len(flat)
    row, column = divmod(offset, size)
    stretches = None if pattern is None else pattern.unfold(0, size, 1)  # (n, k), a view

    def part(numbers: torch.Tensor, first: int) -> torch.Tensor:
        if stretches is not None:
            numbers = numbers * stretches[row % len(stretches), first:first + len(numbers)]
        return numbers * signs[row]

    head = min(length, (size - column) % size)
    if head:
        out[column:column + head].add_(part(flat[:head], column))
        row += 1
    n_whole = (length - head) // size
    if n_whole:
        whole = flat[head:head + n_whole * size].view(n_whole, size)
        _add_rows(whole, signs[row:row + n_whole], out, stretches, row)
        row += n_whole
    tail = length - head - n_whole * size
    if tail:
        out[:tail].add_(part(flat[length - tail:], 0))


def _add_rows(whole: torch.Tensor, signs: torch.Tensor, out: torch.Tensor,
              stretches: torch.Tensor | None, row: int) -> None:
    if stretches is None:
        out.addmv_(whole.t(), signs)
        return
    height = max(1, _PIECE // len(out))
    signed = torch.empty_like(whole[:height])
    done = 0
    while done < len(whole):
        first = (row + done) % len(stretches)
        n = min(height, len(whole) - done, len(stretches) - first)
        torch.mul(whole[done:done + n], stretches[first:first + n], out=signed[:n])
        out.addmv_(signed[:n].t(), signs[done:done + n])
        done += n


def fold_table(ids: torch.Tensor, rows: torch.Tensor, offset: int, signs: torch.Tensor,
               out: torch.Tensor, pattern: torch.Tensor | None = None) -> None:
    """Add the fold of a table's gradient that has some rows only: as `fold` of the whole table.

    Parameters
    ----------
    ids : (n,) numbers of the table's rows; one that comes twice counts twice
    rows : (n, hidden) their gradients
    offset, signs, out, pattern : as in `fold`
    """
    size, hidden = len(out), rows.shape[1]
    for first in range(0, hidden, size):  # pieces of rows that meet one end of the fold at most
        part = rows[:, first:first + size]
        start = offset + first + ids * hidden
        row = torch.div(start, size, rounding_mode="floor")
        columns = (start - row * size)[:, None] + torch.arange(part.shape[1], device=ids.device)
        beyond = columns >= size
        columns = columns - size * beyond
        following = signs[(row + 1).clamp(max=len(signs) - 1)]
        signed = part * torch.where(beyond, following[:, None], signs[row][:, None])
        if pattern is not None:
            n = len(pattern) - size + 1
            begins = torch.where(beyond, ((row + 1) % n)[:, None], (row % n)[:, None])
            signed *= pattern[begins + columns]
        out.scatter_add_(0, columns.flatten(), signed.flatten())


def fold_rows(rows: torch.Tensor, signs: torch.Tensor, size: int,
              pattern: torch.Tensor | None = None) -> torch.Tensor:
    """The fold of each row of a matrix, as `fold` makes it of a block.

    Parameters
    ----------
    rows : (n, width)
    signs : (ceil(width / size),), of `fold_signs` or `block_signs`
    pattern : as in `fold`

    Returns
    -------
    torch.Tensor
        (n, min(width, size)); rows no longer than ``size`` keep every number, up to a sign (without
        a pattern a common one).
    """
    folded = rows.new_zeros((len(rows), min(rows.shape[1], size)))
    for row, out in zip(rows, folded, strict=True):  # together they would be copied first
        fold(row, 0, signs, out, pattern)
    return folded


def fold_signs(width: int, size: int, seed: int) -> torch.Tensor:
    """Random signs of the rows that a fold of ``width`` numbers is cut into."""
    return _random_signs(-(-width // size), torch.Generator().manual_seed(seed))


def block_signs(blocks: Mapping[str, list[nn.Parameter]], size: int,
                seed: int) -> tuple[list[torch.Tensor], torch.Tensor]:
    """Random signs of the rows that a fold cuts each block into, and the pattern of all blocks."""
    generator = torch.Generator().manual_seed(seed)
    counts = [-(-sum(p.numel() for p in block) // size) for block in blocks.values()]
    return ([_random_signs(n, generator) for n in counts],
            _random_signs(size + _STARTS - 1, generator))


def _random_signs(n: int, generator: torch.Generator) -> torch.Tensor:
    return torch.randint(0, 2, (n,), generator=generator).mul_(2).sub_(1).float()
