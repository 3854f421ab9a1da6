"""How sure a study's groups and branches are, and how early they could have been known.

The similarity is resampled (see `resampling`), and every resample is grouped and made a tree by the
same rule. K is fixed at the number of groups in question: what is asked is who belongs together,
not how many groups there are.

Conventions
-----------
Languages are those that can be grouped, in the order of the study. Shares are fractions of the
resamples. A resample in which one of them is undefined is not grouped; how many is said.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gradsim_core.decision import Reading, Rule, make_grouping, placed_languages, read_similarity
from gradsim_core.errors import GroupingError, StudyError
from gradsim_core.gram import Similarity
from gradsim_core.grouping import Grouping, linkage_tree
from gradsim_core.grouping.stability import branch_support, co_membership, group_changes, settled_at
from gradsim_core.resampling import Increments, resampled_similarities, spread_around
from gradsim_core.results import Results

RESAMPLES = 200
"""Resamples unless told otherwise: a share is then known to 7 percentage points or better."""


@dataclass(frozen=True, eq=False)
class Certainty:
    """How far a similarity and its tree hold over resamples.

    Attributes
    ----------
    languages : codes, L of them
    low, high : (L, L) 95% interval of each similarity
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


@dataclass(frozen=True)
class Settling:
    """When the groups were there for good.

    Attributes
    ----------
    steps : of the snapshots that could be grouped
    agreement : each snapshot's groups against the last ones', adjusted Rand index
    step : the earliest from which on the groups stay the same
    saved : share of the training that stopping there would have saved
    """

    steps: tuple[int, ...]
    agreement: tuple[float, ...]
    step: int
    saved: float


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
    low, high = spread_around(found.matrix[placed][:, placed], drawn[:, placed][:, :, placed])
    return Certainty(tuple(found.languages[i] for i in placed), low, high, tree,
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
    found, placed, drawn, undefined = _resampled(results, increments, reading, resamples, seed)
    base = make_grouping(results, found, rule)
    fixed = (Rule(k=base.k, alone=rule.alone) if rule.hand else
             rule.model_copy(update={"k": base.k, "k_min": None, "k_max": None}))
    groups = group_labels(base, len(placed))
    placed = [place for place, at in zip(placed, groups, strict=True) if at >= 0]
    groups = groups[groups >= 0]
    labels = np.array([group_labels(make_grouping(results, _replaced(found, matrix, placed), fixed),
                                    len(placed)) for matrix in drawn])
    same = np.mean([settled_at([row, groups]) == 0 for row in labels])
    return Stability(tuple(found.languages[i] for i in placed), groups, co_membership(labels),
                     group_changes(groups, labels), float(same), len(drawn), undefined)


def _resampled(results: Results, increments: Increments | None, reading: Reading, resamples: int,
               seed: int) -> tuple[Similarity, list[int], np.ndarray, int]:
    """The similarity, who can be grouped, resamples that leave it defined, number of the others."""
    if increments is None:
        raise StudyError(f"Study {results.signature} kept no increments to resample: it has too "
                         "few steps, or too many languages for its blocks. Run it with more "
                         "steps, or fewer languages.")
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


def settling(results: Results, reading: Reading, rule: Rule) -> Settling:
    """Group every snapshot by the same rule, and say from which on nothing changes.

    Raises
    ------
    GroupingError
        If the last snapshot cannot be grouped, or the groups were made by hand.
    """
    from sklearn.metrics import adjusted_rand_score

    if rule.hand:
        raise GroupingError("Groups made by hand do not come from the training, so there is no "
                            "step from which on they were known. Choose another strategy.")
    series = results.series
    labels: list[np.ndarray] = []
    steps: list[int] = []
    last = read_similarity(results, reading.model_copy(update={"snapshot": -1}))
    k = make_grouping(results, last, rule).k
    fixed = rule.model_copy(update={"k": k, "k_min": None, "k_max": None})
    for at, step in enumerate(series.snapshots):
        found = read_similarity(results, reading.model_copy(update={"snapshot": at}))
        if placed_languages(found) != placed_languages(last):
            labels, steps = [], []  # not all languages are defined yet
            continue
        labels.append(group_labels(make_grouping(results, found, fixed),
                                   len(placed_languages(found))))
        steps.append(step)
    settled = steps[settled_at(labels)]
    return Settling(tuple(steps), tuple(float(adjusted_rand_score(labels[-1], one))
                                        for one in labels),
                    settled, 1 - settled / series.snapshots[-1])


def settling_sentence(found: Settling) -> str:
    """Say from when on the groups were there for good.

    Examples
    --------
    >>> settling_sentence(Settling((9, 18, 27), (0.2, 1.0, 1.0), 18, 1 / 3))
    'From step 18 of 27 on the groups stay the same: stopping there saves 33% of the training.'
    """
    last = found.steps[-1]
    if found.step == last:
        return (f"The groups still changed before the last snapshot (step {last:,}): a longer "
                "training may change them again.")
    return (f"From step {found.step:,} of {last:,} on the groups stay the same: stopping there "
            f"saves {100 * found.saved:.0f}% of the training.")


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
