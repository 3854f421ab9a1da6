"""Lower beside higher blocks in numbers: what moves from one to the other.

Conventions
-----------
Functions are pure and return plain text and numbers; who shows it escapes it. A pair's *change* is
its similarity in the second selection of blocks minus that in the first. Both are read alike.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import overload

import numpy as np

from dashboard.words.blocks import block_words
from dashboard.words.summaries import count, number
from gradsim_core import (
    GradSimError,
    Similarity,
    block_indexes,
    block_modules,
    block_place,
    block_places,
)


@dataclass(frozen=True)
class Move:
    """A pair of languages (codes) with its similarity in both selections of blocks.

    Attributes
    ----------
    interval : of the change, at 95%; None where it is not known
    """

    pair: tuple[str, str]
    first: float
    second: float
    interval: tuple[float, float] | None = None

    @property
    def change(self) -> float:
        return self.second - self.first


@dataclass(frozen=True, eq=False)
class Moves(Sequence[Move]):
    """Moves of very many pairs: arrays, read as a sequence.

    Attributes
    ----------
    languages : codes
    pairs : (N, 2) positions of each pair's languages
    first, second : (N,) similarities
    low, high : (N,) ends of the change's interval, NaN where unknown
    """

    languages: Sequence[str]
    pairs: np.ndarray
    first: np.ndarray
    second: np.ndarray
    low: np.ndarray
    high: np.ndarray

    def __len__(self) -> int:
        return len(self.pairs)

    @overload
    def __getitem__(self, at: int) -> Move: ...

    @overload
    def __getitem__(self, at: slice) -> Moves: ...

    def __getitem__(self, at: int | slice) -> Move | Moves:
        if isinstance(at, slice):
            return Moves(self.languages, self.pairs[at], self.first[at], self.second[at],
                         self.low[at], self.high[at])
        i, j = self.pairs[at]
        low, high = float(self.low[at]), float(self.high[at])
        return Move((self.languages[i], self.languages[j]), float(self.first[at]),
                    float(self.second[at]), (low, high) if np.isfinite(low + high) else None)


@dataclass(frozen=True)
class Sides:
    """Two selections of blocks that are held against each other, as `block_indexes` knows them."""

    first: str
    second: str

    @property
    def titles(self) -> tuple[str, str]:
        """Each as a heading; told apart even if both are the same."""
        one, other = (_WORDS.get(name, (block_words(name), ""))[0].capitalize()
                      for name in (self.first, self.second))
        return (one, other) if one != other else (one, f"{other} again")

    @property
    def words(self) -> tuple[str, str]:
        """Each in the middle of a sentence."""
        return _in_words(self.first), _in_words(self.second)


_WORDS = {"lower": ("Lower layers", "the lower layers"),
          "higher": ("Higher layers", "the higher layers"),
          "layers": ("All layers", "all layers"),
          "encoder": ("Whole encoder", "the whole encoder"),
          "attention": ("Attention of all layers", "the attention of all layers"),
          "feed_forward": ("Feed-forward of all layers", "the feed-forward parts of all layers"),
          "norms": ("Norms of all layers", "the norms of all layers")}


def _in_words(name: str) -> str:
    return _WORDS.get(name, ("", block_words(name)))[1]


def block_choices(blocks: Sequence[str]) -> tuple[str, ...]:
    """What can be held against each other: halves of the layers, modules, then every block."""
    named = []
    for name in ("lower", "higher", "layers", "encoder"):
        try:
            block_indexes(name, tuple(blocks))
        except GradSimError:
            continue
        named.append(name)
    by_place = [name for place in block_places(blocks) for name in dict.fromkeys(
        [place, *(block for block in blocks if block_place(block) == place)])]
    return (*named, *block_modules(blocks), *by_place)


def fitting_sides(first: str, second: str, blocks: Sequence[str]) -> Sides:
    """The two selections asked for; what the model does not have is its first or last block.

    Examples
    --------
    >>> fitting_sides("lower", "higher", ("embeddings", "layer.0", "head"))
    Sides(first='embeddings', second='layer.0')
    """
    choices = block_choices(blocks)
    places = block_places(blocks)
    inside = [place for place in places if place != "head"] or list(places)
    if second not in choices:
        second = inside[-1]
        first = inside[0] if first == "lower" else first
    return Sides(first if first in choices else inside[0], second)


def moves(first: Similarity, second: Similarity,
          bounds: tuple[np.ndarray, np.ndarray] | None = None,
          among: Collection[str] | None = None) -> Moves:
    """All pairs defined in both, the one that changes most first.

    Parameters
    ----------
    bounds : lower and upper end of each change's interval, (L, L) each, NaN where unknown
    among : codes of the languages that count; None for all
    """
    codes = first.languages
    counts = np.array([among is None or code in among for code in codes])
    i, j = np.nonzero(np.triu(np.isfinite(first.matrix) & np.isfinite(second.matrix)
                              & counts[:, None] & counts[None, :], 1))
    place = np.argsort(np.argsort(np.array(codes)))
    change = second.matrix[i, j] - first.matrix[i, j]
    order = np.lexsort((place[j], place[i], -np.abs(change)))
    i, j = i[order], j[order]
    unknown = np.full(len(i), np.nan)
    low, high = (unknown, unknown) if bounds is None else (bounds[0][i, j], bounds[1][i, j])
    return Moves(codes, np.column_stack([i, j]), first.matrix[i, j], second.matrix[i, j], low,
                 high)


def language_changes(found: Sequence[Move]) -> list[tuple[str, float, float]]:
    """Code, mean change and mean absolute change of every language, what moves most first."""
    codes, pairs = _pairs(found)
    first, second = _ends(found)
    both, change = pairs.ravel(), np.repeat(second - first, 2)
    n = np.bincount(both, minlength=len(codes))
    rows = [(codes[at], float(mean), float(size)) for at, mean, size in zip(
        np.flatnonzero(n), *(np.bincount(both, what, len(codes))[n > 0] / n[n > 0]
                             for what in (change, np.abs(change))), strict=True)]
    return sorted(rows, key=lambda row: (-row[2], row[0]))


def _ends(found: Sequence[Move]) -> tuple[np.ndarray, np.ndarray]:
    """Similarities in the first and in the second selection: (N,) each."""
    if isinstance(found, Moves):
        return found.first, found.second
    return np.array([one.first for one in found]), np.array([one.second for one in found])


def _pairs(found: Sequence[Move]) -> tuple[Sequence[str], np.ndarray]:
    """Codes, and the positions of each pair among them: (N, 2)."""
    if isinstance(found, Moves):
        return found.languages, found.pairs
    codes = sorted({code for one in found for code in one.pair})
    at = {code: i for i, code in enumerate(codes)}
    return codes, np.array([[at[code] for code in one.pair] for one in found],
                           dtype=int).reshape(-1, 2)


def layers_sentence(found: Sequence[Move], names: Mapping[str, str], sides: Sides) -> str:
    """What holds the two selections apart: level, and the pair that moves most."""
    if not found:
        return "No pair of languages has a similarity in both."
    low, high = (end.mean() for end in _ends(found))
    top = found[0]
    pair = " and ".join(names.get(code, code) for code in top.pair)
    return (f"Two languages average {number(float(low))} in {sides.words[0]} and "
            f"{number(float(high))} in {sides.words[1]}, over {count(len(found), 'pair')}; "
            f"{pair} change most, from {number(top.first)} to {number(top.second)}.")
