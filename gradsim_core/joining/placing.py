"""Where a newcomer belongs: its nearest languages, and the group it would enter at least loss.

Conventions
-----------
The groups are those of the study's own languages by the same rule, and stay as they are. Entering
a group changes the objective by what the newcomer scores there and by what it takes from, or adds
to, the mean of the others; opening a group of its own adds the rule's score for a language alone.
How sure the choice is: the share of resampled trainings (see `resampling`) with the same choice,
and what each half of every language's rows chooses.
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
from gradsim_core.errors import StudyError
from gradsim_core.results import Results
from gradsim_core.similarities.gram import half_similarities, similarity
from gradsim_core.similarities.resampling import Increments, resampled_similarities
from gradsim_core.similarities.robustness import RESAMPLES


@dataclass(frozen=True)
class Placement:
    """A newcomer's place.

    Attributes
    ----------
    code : the newcomer
    reliability : cosine of its two halves, over the blocks of the reading
    block_reliability : block -> the same of each block
    similarity : code -> similarity with each of the study's languages, the nearest first
    groups : of the study's own languages, as codes
    gains : change of the objective by entering each group; the last is that of a group of its own
    chosen : the best of them; ``len(groups)`` for a group of its own
    sure : share of resamples with the same choice; None where there is nothing to resample
    halves : what each half chooses; None where a half's similarity is undefined
    """

    code: str
    reliability: float
    block_reliability: dict[str, float]
    similarity: dict[str, float]
    groups: tuple[tuple[str, ...], ...]
    gains: tuple[float, ...]
    chosen: int
    sure: float | None
    halves: tuple[int | None, ...]


def placement(own: Results, results: Results, code: str, increments: Increments | None,
              reading: Reading, rule: Rule, resamples: int = RESAMPLES) -> Placement:
    """Find a newcomer's place among the groups of a study.

    Parameters
    ----------
    own : the study's results without newcomers
    results : those with the newcomer (see `series.with_joined`)
    increments : of `series.joined_increments` for ``results``; None: nothing is resampled

    Raises
    ------
    StudyError
        If the newcomer's similarity is undefined, or the reading is not there.
    GroupingError
        If the rule cannot be met.
    """
    alone = read_similarity(own, reading)
    placed = placed_languages(alone)
    grouped = make_grouping(own, alone, rule)
    found = read_similarity(results, reading)
    at = found.languages.index(code)
    if not np.isfinite(found.matrix[at, [*placed, at]]).all():
        raise StudyError(f"{code}: its similarity is undefined here, because its two halves do not "
                         "agree. Take other blocks, the raw correction, or more rows.")
    groups = [[placed[i] for i in group] for group in grouped.groups]
    gains = entering_gains(found.matrix, groups, at, rule.alone)
    order = sorted(placed, key=lambda i: -found.matrix[at, i])
    return Placement(
        code, float(found.reliability[at]), _by_block(results, at, reading),
        {found.languages[i]: float(found.matrix[at, i]) for i in order},
        tuple(tuple(found.languages[i] for i in group) for group in groups), tuple(gains),
        int(np.argmax(gains)), _sure(results, increments, reading, groups, at, rule, gains,
                                     resamples),
        tuple(_choice(half, groups, at, rule.alone) for half in half_similarities(
            results.series, reading.blocks, reading.reading, found.correction, reading.snapshot)))


def entering_gains(matrix: np.ndarray, groups: Sequence[Sequence[int]], newcomer: int,
                   alone: float = 0.0) -> list[float]:
    """What the objective gains by a newcomer in each group, and at last in one of its own.

    Parameters
    ----------
    matrix : (L, L) similarity, symmetric
    groups : indexes of the others; the newcomer is in none
    """
    gains = []
    for group in groups:
        members = list(group)
        inner = matrix[np.ix_(members, members)]
        n, within = len(members), float(inner.sum() - np.trace(inner))
        before = within / (n - 1) if n > 1 else alone
        gains.append((within + 2 * float(matrix[newcomer, members].sum())) / n - before)
    return [*gains, alone]


def _choice(matrix: np.ndarray, groups: Sequence[Sequence[int]], newcomer: int,
            alone: float) -> int | None:
    gains = entering_gains(matrix, groups, newcomer, alone)
    return int(np.argmax(gains)) if np.isfinite(gains).all() else None


def _sure(results: Results, increments: Increments | None, reading: Reading,
          groups: Sequence[Sequence[int]], newcomer: int, rule: Rule, gains: Sequence[float],
          resamples: int) -> float | None:
    if increments is None:
        return None
    correction = reading.correction or results.default_correction
    try:
        drawn = resampled_similarities(results.series, increments, reading.blocks, reading.reading,
                                       correction, reading.snapshot, resamples=resamples)
    except StudyError:  # a snapshot that no increment ends at
        return None
    choices = [_choice(matrix, groups, newcomer, rule.alone) for matrix in drawn]
    return float(np.mean([choice == int(np.argmax(gains)) for choice in choices]))


def _by_block(results: Results, at: int, reading: Reading) -> dict[str, float]:
    return {block: float(similarity(results.series, block, reading.reading, "raw",
                                    reading.snapshot).reliability[at])
            for block in results.series.blocks}
