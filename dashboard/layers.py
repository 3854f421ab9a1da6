"""Lower beside higher blocks in numbers: what moves from one to the other, and how blocks agree.

Conventions
-----------
Functions are pure and return plain text and numbers; who shows it escapes it. A pair's *change* is
its similarity in the second selection of blocks minus that in the first. Both are read alike.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import rankdata

from dashboard.words.summaries import count, number
from gradsim_core import GradSimError, Similarity, block_indexes


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


@dataclass(frozen=True)
class Sides:
    """Two selections of blocks that are held against each other, as `block_indexes` knows them."""

    first: str
    second: str

    @property
    def titles(self) -> tuple[str, str]:
        """Each as a heading; told apart even if both are the same."""
        one, other = (_WORDS.get(name, (name.replace(".", " "), ""))[0].capitalize()
                      for name in (self.first, self.second))
        return (one, other) if one != other else (one, f"{other} again")

    @property
    def words(self) -> tuple[str, str]:
        """Each in the middle of a sentence."""
        return _in_words(self.first), _in_words(self.second)


_WORDS = {"lower": ("Lower layers", "the lower layers"),
          "higher": ("Higher layers", "the higher layers"),
          "layers": ("All layers", "all layers"),
          "encoder": ("Whole encoder", "the whole encoder")}


def _in_words(name: str) -> str:
    return _WORDS.get(name, ("", name.replace(".", " ")))[1]


def block_choices(blocks: Sequence[str]) -> tuple[str, ...]:
    """What can be held against each other: halves of the layers, then every block."""
    named = []
    for name in ("lower", "higher", "layers", "encoder"):
        try:
            block_indexes(name, tuple(blocks))
        except GradSimError:
            continue
        named.append(name)
    return (*named, *blocks)


def fitting_sides(first: str, second: str, blocks: Sequence[str]) -> Sides:
    """The two selections asked for; what the model does not have is its first or last block.

    Examples
    --------
    >>> fitting_sides("lower", "higher", ("embeddings", "layer.0", "head"))
    Sides(first='embeddings', second='layer.0')
    """
    choices = block_choices(blocks)
    inside = [block for block in blocks if block != "head"] or list(blocks)
    if second not in choices:
        second = inside[-1]
        first = inside[0] if first == "lower" else first
    return Sides(first if first in choices else inside[0], second)


def moves(first: Similarity, second: Similarity,
          bounds: tuple[np.ndarray, np.ndarray] | None = None,
          among: Collection[str] | None = None) -> list[Move]:
    """All pairs defined in both, the one that changes most first.

    Parameters
    ----------
    bounds : lower and upper end of each change's interval, (L, L) each, NaN where unknown
    among : codes of the languages that count; None for all
    """
    codes = first.languages
    counts = np.array([among is None or code in among for code in codes])
    pairs = np.argwhere(np.triu(np.isfinite(first.matrix) & np.isfinite(second.matrix)
                                & counts[:, None] & counts[None, :], 1)).tolist()
    found = [Move((codes[i], codes[j]), float(first.matrix[i, j]), float(second.matrix[i, j]),
                  _interval(bounds, i, j)) for i, j in pairs]
    return sorted(found, key=lambda one: (-abs(one.change), one.pair))


def _interval(bounds: tuple[np.ndarray, np.ndarray] | None, i: int,
              j: int) -> tuple[float, float] | None:
    if bounds is None or not np.isfinite(bounds[0][i, j] + bounds[1][i, j]):
        return None
    return float(bounds[0][i, j]), float(bounds[1][i, j])


def language_changes(found: Sequence[Move]) -> list[tuple[str, float, float]]:
    """Code, mean change and mean absolute change of every language, what moves most first."""
    changes: dict[str, list[float]] = {}
    for one in found:
        for code in one.pair:
            changes.setdefault(code, []).append(one.change)
    rows = [(code, float(np.mean(values)), float(np.mean(np.abs(values))))
            for code, values in changes.items()]
    return sorted(rows, key=lambda row: (-row[2], row[0]))


def block_agreement(parts: Sequence[Similarity]) -> np.ndarray:
    """Spearman correlation of the pairs' similarities between blocks: (n_blocks, n_blocks).

    Returns
    -------
    numpy.ndarray
        Symmetric, over the pairs that both blocks define; NaN with fewer than three of them or
        where one is constant.
    """
    upper = np.triu_indices(len(parts[0].languages), 1)
    values = np.array([one.matrix[upper] for one in parts])
    n = len(values)
    table = np.full((n, n), np.nan)
    for i in range(n):
        for j in range(i, n):
            both = np.isfinite(values[i]) & np.isfinite(values[j])
            a, b = rankdata(values[i, both]), rankdata(values[j, both])
            if both.sum() > 2 and np.ptp(a) and np.ptp(b):
                table[i, j] = table[j, i] = np.corrcoef(a, b)[0, 1]
    return table


def layers_sentence(found: Sequence[Move], names: Mapping[str, str], sides: Sides) -> str:
    """What holds the two selections apart: level, and the pair that moves most."""
    if not found:
        return "No pair of languages has a similarity in both."
    low, high = np.mean([one.first for one in found]), np.mean([one.second for one in found])
    top = found[0]
    pair = " and ".join(names.get(code, code) for code in top.pair)
    return (f"Two languages average {number(float(low))} in {sides.words[0]} and "
            f"{number(float(high))} in {sides.words[1]}, over {count(len(found), 'pair')}; "
            f"{pair} change most, from {number(top.first)} to {number(top.second)}.")


def agreement_sentence(table: np.ndarray, blocks: Sequence[str]) -> str:
    """Which blocks agree least, and how neighbours agree."""
    above = [(float(table[i, j]), blocks[i], blocks[j]) for i in range(len(blocks))
             for j in range(i + 1, len(blocks)) if np.isfinite(table[i, j])]
    if not above:
        return "Too few pairs of languages are defined to compare the blocks."
    beside = [float(table[i, i + 1]) for i in range(len(blocks) - 1)
              if np.isfinite(table[i, i + 1])]
    lowest, one, other = min(above)
    neighbours = f"Neighbouring blocks agree at {number(float(np.mean(beside)))} on average; " if (
        beside) else ""
    return (f"{neighbours}the two that agree least are {_block(one)} and {_block(other)} "
            f"({number(lowest)}).")


def _block(name: str) -> str:
    return name.replace(".", " ")
