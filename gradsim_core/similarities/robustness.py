"""How sure a study's groups and branches are.

The similarity is resampled (see `resampling`), and every resample is grouped and made a tree by the
same rule. K is fixed at the number of groups in question: what is asked is who belongs together,
not how many groups there are.

Conventions
-----------
Languages are those that can be grouped, in the order of the study. Shares are fractions of the
resamples. A resample in which one of them is undefined is not grouped; how many is said.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from gradsim_core.decisions.decision import (
    Reading,
    Rule,
    make_grouping,
    placed_languages,
    read_similarity,
)
from gradsim_core.errors import GroupingError, StudyError
from gradsim_core.grouping import Grouping, linkage_tree
from gradsim_core.grouping.stability import branch_support, co_membership, group_changes, settled_at
from gradsim_core.results import Results
from gradsim_core.similarities.gram import Similarity
from gradsim_core.similarities.resampling import Increments, resampled_similarities, spread_around

RESAMPLES = 200
"""Resamples unless told otherwise: a share is then known to 7 percentage points or better."""


@dataclass(frozen=True, eq=False)
class Certainty:
    """How far a similarity and its tree hold over resamples.

    Attributes
    ----------
    languages : codes, L of them
    low, high : (L, L) 95% interval of each similarity, which ends where cosines do, at −1 and 1
    tree : (L − 1, 4) average linkage of the similarity itself
    support : (L − 1,) share of resamples whose tree has the branch
    resamples, undefined : how many were read, and how many left a similarity undefined
    """

    languages: tuple[str, ...]
    low: np.ndarray
    high: np.ndarray
    tree: np.ndarray
    support: np.ndarray
    resamples: int
    undefined: int


@dataclass(frozen=True, eq=False)
class Stability:
    """How far groups hold over resamples.

    Attributes
    ----------
    languages : codes, L of them
    groups : (L,) labels of the groups in question
    together : (L, L) share of resamples in which two languages share a group
    changes : (L,) share in which a language changes group
    same : share of resamples that give just these groups
    resamples, undefined : as in `Certainty`
    """

    languages: tuple[str, ...]
    groups: np.ndarray
    together: np.ndarray
    changes: np.ndarray
    same: float
    resamples: int
    undefined: int


@dataclass(frozen=True, eq=False)
class Regroupings:
    """Groups of every resample: (n_resamples, L) labels of languages by code."""

    languages: tuple[str, ...]
    labels: np.ndarray
    undefined: int


def certainty(results: Results, increments: Increments | None, reading: Reading,
              resamples: int = RESAMPLES, seed: int = 0) -> Certainty:
    """Resample a study's similarity, and make every resample a tree.

    Parameters
    ----------
    increments : of `load_increments`

    Raises
    ------
    StudyError
        If the study has no increments, or none that end at the reading's snapshot; or if every
        resample leaves a similarity undefined.
    GroupingError
        If fewer than two languages have a defined similarity.
    """
    found, placed, drawn, undefined = _resampled(results, increments, reading, resamples, seed)
    tree = linkage_tree(found.matrix[placed][:, placed])
    trees = [linkage_tree(matrix[placed][:, placed], ordered=False) for matrix in drawn]
    values = found.matrix[placed][:, placed]
    low, high = spread_around(values, drawn[:, placed][:, :, placed])
    return Certainty(tuple(found.languages[i] for i in placed),
                     np.maximum(low, np.minimum(values, -1.0)),
                     np.minimum(high, np.maximum(values, 1.0)), tree,
                     branch_support(tree, trees), len(drawn), undefined)


def stability(results: Results, increments: Increments | None, reading: Reading, rule: Rule,
              resamples: int = RESAMPLES, seed: int = 0) -> Stability:
    """Resample a study's similarity, and group every resample by the same rule and K.

    Groups made by hand are held against the best groups of every resample, with the same K; what
    they leave out is left out.

    Raises
    ------
    StudyError
        As `certainty`.
    GroupingError
        As `make_grouping`.
    """
    found = read_similarity(results, reading)
    base = make_grouping(results, found, rule)
    labels = group_labels(base, len(placed_languages(found)))
    inside = [found.languages[i] for i, at in zip(placed_languages(found), labels, strict=True)
              if at >= 0]
    fixed = (Rule(k=base.k, alone=rule.alone) if rule.hand else
             rule.model_copy(update={"k": base.k, "k_min": None, "k_max": None}))
    return held_against(labels[labels >= 0], regroupings(
        results, increments, reading, fixed, inside, resamples, seed))


def regroupings(results: Results, increments: Increments | None, reading: Reading, rule: Rule,
                languages: Sequence[str], resamples: int = RESAMPLES,
                seed: int = 0) -> Regroupings:
    """The groups that a rule makes of some languages in every resample; raises as `stability`."""
    found, placed, drawn, undefined = _resampled(results, increments, reading, resamples, seed)
    inside = [place for place in placed if found.languages[place] in set(languages)]
    return Regroupings(tuple(found.languages[i] for i in inside), np.array([group_labels(
        make_grouping(results, _replaced(found, matrix, inside), rule), len(inside))
        for matrix in drawn]), undefined)


def held_against(groups: np.ndarray, drawn: Regroupings) -> Stability:
    """How far groups come out again in resamples.

    Parameters
    ----------
    groups : (L,) labels of the languages of `drawn`
    """
    same = np.mean([settled_at([row, groups]) == 0 for row in drawn.labels])
    return Stability(drawn.languages, groups, co_membership(drawn.labels),
                     group_changes(groups, drawn.labels), float(same), len(drawn.labels),
                     drawn.undefined)


def _resampled(results: Results, increments: Increments | None, reading: Reading, resamples: int,
               seed: int) -> tuple[Similarity, list[int], np.ndarray, int]:
    """The similarity, who can be grouped, resamples that leave it defined, number of the others."""
    if increments is None:
        raise StudyError(f"Study {results.signature} kept no increments to resample: it has too "
                         "few steps, or too many languages for its blocks, or their entry was "
                         "damaged. Run it with more steps, or fewer languages; `gradsim run` with "
                         "the same study computes a damaged entry anew.")
    found = read_similarity(results, reading)
    placed = placed_languages(found)
    if len(placed) < 2:
        raise GroupingError(f"Only {len(placed)} of {len(found.languages)} languages have a "
                            "defined similarity here, and two are needed. Take other blocks, or "
                            "the raw correction.")
    drawn = resampled_similarities(
        results.series, increments, reading.blocks, reading.reading, found.correction,
        reading.snapshot, resamples=resamples, seed=seed)
    defined = np.isfinite(drawn[:, placed][:, :, placed]).all(axis=(1, 2))
    if not defined.any():
        raise StudyError(f"Of {resamples} resamples none leaves every similarity defined. Take the "
                         "raw correction, or other blocks.")
    return found, placed, drawn[defined], int((~defined).sum())


def group_labels(made: Grouping, n_languages: int) -> np.ndarray:
    """The group that serves each language: (n_languages,) int; −1 where none does."""
    if made.serves:
        return np.array(made.serves)
    labels = np.zeros(n_languages, dtype=int)
    for at, members in enumerate(made.groups):
        labels[list(members)] = at
    return labels


def _replaced(found: Similarity, matrix: np.ndarray, placed: list[int]) -> Similarity:
    """The similarity with another matrix, of which only these languages are defined."""
    defined = np.full_like(matrix, np.nan)
    defined[np.ix_(placed, placed)] = matrix[np.ix_(placed, placed)]
    return Similarity(found.languages, defined, found.reliability, found.blocks, found.reading,
                      found.correction, found.step)
