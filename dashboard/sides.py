"""Two selections of blocks on the rows of one picture: matrices, trees face to face, agreement.

Conventions
-----------
Functions are pure. Rows are those of the picture of all layers, as filtered or pooled there (see
`shown`), whatever trees the two sides have of their own; a side is a similarity of these rows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from dashboard.words.summaries import coefficient, count, p_words
from gradsim_core import (
    Similarity,
    Tangle,
    TreeAgreement,
    linkage_tree,
    placed_languages,
    tree_agreement,
    untangled,
)


@dataclass(frozen=True)
class FacingTrees:
    """Two trees of the same rows, turned so that few lines between them cross.

    Attributes
    ----------
    codes : of the rows; leaf i of both trees is codes[i]
    left_out : codes without a similarity in one of the sides
    ceilings : similarity that has distance 0, in each tree
    """

    codes: tuple[str, ...]
    left_out: tuple[str, ...]
    tangle: Tangle
    agreement: TreeAgreement
    ceilings: tuple[float, float]


def side_of(found: Similarity, rows: Sequence[str],
            pools: Mapping[str, Sequence[str]]) -> Similarity:
    """A similarity of the rows of a picture.

    Parameters
    ----------
    rows : codes, in the order of the picture's similarity
    pools : row -> its languages; empty where each row is one. A pair of pools has the mean over
        their pairs of languages, as far as these are defined.
    """
    at = {code: i for i, code in enumerate(found.languages)}
    members = [[at[code] for code in pools.get(row, (row,))] for row in rows]
    if all(len(one) == 1 for one in members):
        own = [one[0] for one in members]
        return replace(found, languages=tuple(rows), matrix=found.matrix[np.ix_(own, own)],
                       reliability=found.reliability[own])
    inside = np.zeros((len(rows), len(at)))
    for row, one in enumerate(members):
        inside[row, one] = 1
    off = np.isfinite(found.matrix) & ~np.eye(len(at), dtype=bool)
    pairs = inside @ off @ inside.T
    sums = inside @ np.where(off, found.matrix, 0.0) @ inside.T
    means = np.divide(sums, pairs, out=np.full_like(sums, np.nan), where=pairs > 0)
    alone = np.array([len(one) == 1 and np.isfinite(found.matrix[one[0], one[0]])
                      for one in members])
    means[alone, alone] = 1.0
    reliability = inside @ np.nan_to_num(found.reliability) / inside.sum(axis=1)
    return replace(found, languages=tuple(rows), matrix=means, reliability=reliability)


def facing_trees(first: Similarity, second: Similarity) -> FacingTrees | None:
    """The trees of two sides over the rows that both define; None with fewer than three."""
    both = sorted({*placed_languages(first)} & {*placed_languages(second)})
    while both and not all(np.isfinite(one.matrix[np.ix_(both, both)][
            ~np.eye(len(both), dtype=bool)]).all() for one in (first, second)):
        missing = [sum(int((~np.isfinite(one.matrix[i, both])).sum()) for one in (first, second))
                   for i in both]
        both.pop(int(np.argmax(missing)))
    if len(both) < 3:
        return None
    parts = [one.matrix[np.ix_(both, both)] for one in (first, second)]
    trees = [linkage_tree(part) for part in parts]
    codes = tuple(first.languages[i] for i in both)
    low, high = (max(1.0, float(part[~np.eye(len(both), dtype=bool)].max())) for part in parts)
    return FacingTrees(codes, tuple(code for code in first.languages if code not in set(codes)),
                       untangled(*trees), tree_agreement(*trees), (low, high))


def crossings_sentence(found: FacingTrees) -> str:
    """How tangled the two trees are: "12 languages, 9 crossings (31 before untangling)"."""
    tangle = found.tangle
    fewest = ", the fewest possible" * (tangle.proved and tangle.crossings > 0)
    return (f"{count(len(found.codes), 'language')}, {count(tangle.crossings, 'crossing')}{fewest} "
            f"({tangle.before:,} before untangling)")


def trees_sentence(found: FacingTrees) -> str:
    """How far the two trees agree, in words."""
    agreement, said = found.agreement, []
    if np.isfinite(agreement.correlation):
        said.append("pairs that one tree joins early the other joins early too with a rank "
                    f"correlation of {coefficient(agreement.correlation)} ("
                    f"{p_words(agreement.p)}, languages relabelled at random)")
    said.append(f"{len(agreement.shared)} of {count(agreement.possible, 'branch')} are in both "
                "trees".replace("branchs", "branches"))
    text = "; ".join(said)
    return f"{text[0].upper()}{text[1:]}."
