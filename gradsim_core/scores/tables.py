"""Scores: how well a model trained on one language does on each other one, and gains over others.

Conventions
-----------
Axes are always seed, source (trained on), target (tested on). Values are fractions; NaN is
missing: not trained yet, not in the imported table, or undefined. A *gain* is a difference of
such fractions, of the same target and the same seed, so it may be negative; ``gain_over`` says
over what. Nothing is filled in: what a missing score enters is missing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import NamedTuple

import numpy as np

from gradsim_core.errors import DataError

MONOLINGUAL, ALL_LANGUAGES, MAJORITY = "monolingual", "all_languages", "majority"

_MOST_HALVED, _MOST_SPLITS = 10, 200
"""Seeds that are halved, and halvings looked at: more would tell no more."""


@dataclass(frozen=True, eq=False)
class Scores:
    """A table of scores, or of gains, by seed, source and target.

    Attributes
    ----------
    sources, targets : codes, each once; a language may be either or both
    metric : such as "weighted_f1"; empty where an imported table does not say
    split : "dev" or "test"; empty where an imported table does not say
    seeds : one number a model of the same source
    values : (n_seeds, n_sources, n_targets) float64, not to be written to
    origin : what made it, in one line
    gain_over : "" for scores; else what the gains are over
    """

    sources: tuple[str, ...]
    targets: tuple[str, ...]
    metric: str
    split: str
    seeds: tuple[int, ...]
    values: np.ndarray
    origin: str
    gain_over: str = ""

    def __post_init__(self) -> None:
        values = np.array(self.values, dtype=np.float64)
        shape = (len(self.seeds), len(self.sources), len(self.targets))
        if values.shape != shape:
            raise DataError(f"Scores of {shape[0]} seeds, {shape[1]} sources and {shape[2]} "
                            f"targets cannot have the shape {values.shape}. Pass that shape.")
        for axis in (self.seeds, self.sources, self.targets):
            if len(set(axis)) != len(axis):
                raise DataError(f"Scores name {_twice(axis)!r} twice on one axis. Name it once.")
        values.setflags(write=False)
        object.__setattr__(self, "values", values)

    @property
    def missing(self) -> int:
        """How many values are missing."""
        return int(np.isnan(self.values).sum())


class SeedAgreement(NamedTuple):
    """How far models that differ by their seed alone agree.

    Attributes
    ----------
    correlation : mean Pearson correlation of two halves of the seeds; NaN where undefined
    reliability : what that makes of the mean over all seeds (Spearman-Brown); NaN where undefined
    n_splits, n_cells : halvings averaged over; least pairs of languages that any was taken over
    """

    correlation: float
    reliability: float
    n_splits: int
    n_cells: int


def mean_scores(scores: Scores) -> np.ndarray:
    """The mean over seeds, of those that have the cell.

    Returns
    -------
    np.ndarray
        (n_sources, n_targets) float64; NaN where no seed has the cell.
    """
    present = ~np.isnan(scores.values)
    count = present.sum(axis=0)
    total = np.where(present, scores.values, 0.0).sum(axis=0)
    return np.divide(total, count, out=np.full(total.shape, np.nan), where=count > 0)


def monolingual_scores(scores: Scores) -> np.ndarray:
    """Each target's score when trained on itself.

    Returns
    -------
    np.ndarray
        (n_seeds, n_targets) float64; NaN for targets that are never a source.
    """
    own = np.full((len(scores.seeds), len(scores.targets)), np.nan)
    for column, code in enumerate(scores.targets):
        if code in scores.sources:
            own[:, column] = scores.values[:, scores.sources.index(code), column]
    return own


def gains_over_monolingual(scores: Scores) -> Scores:
    """What each source gains on a target over the target's own model of the same seed."""
    return _gains(scores, monolingual_scores(scores), MONOLINGUAL)


def gains_over_all_languages(scores: Scores, together: np.ndarray) -> Scores:
    """What each source gains over one model of all languages.

    Parameters
    ----------
    together : (n_seeds, n_targets) scores of that model, seeds and targets as in the table
    """
    return _gains(scores, together, ALL_LANGUAGES)


def gains_over_majority(scores: Scores,
                        baseline: Mapping[str, Mapping[str, float]]) -> Scores:
    """What each source gains over always giving the target's most frequent label.

    Parameters
    ----------
    baseline : code -> metric -> fraction (see `majority_baseline`); a language may be missing

    Raises
    ------
    DataError
        If the baseline does not have the table's metric.
    """
    known = {name for one in baseline.values() for name in one}
    if scores.metric not in known:
        raise DataError(f"The majority baseline is not known in {scores.metric[:40] or 'score'!r}, "
                        f"only in {', '.join(sorted(known)) or 'none'}. Import or read the scores "
                        "in one of these metrics.")
    row = [baseline.get(code, {}).get(scores.metric, np.nan) for code in scores.targets]
    return _gains(scores, np.broadcast_to(row, (len(scores.seeds), len(row))), MAJORITY)


def _gains(scores: Scores, reference: np.ndarray, over: str) -> Scores:
    expected = (len(scores.seeds), len(scores.targets))
    if scores.gain_over:
        raise DataError(f"These are gains over {scores.gain_over} already, and gains have none "
                        f"over {over}. Pass the scores.")
    if reference.shape != expected:
        raise DataError(f"Scores to compare with have the shape {reference.shape}, not "
                        f"(seeds, targets) = {expected}. Pass one score a seed and target.")
    return replace(scores, values=scores.values - reference[:, None, :], gain_over=over)


def selection(scores: Scores, sources: Sequence[str], targets: Sequence[str]) -> Scores:
    """The table of some sources and targets, in the order given.

    Raises
    ------
    DataError
        If the table lacks one of them.
    """
    for kind, asked, known in (("source", sources, scores.sources),
                               ("target", targets, scores.targets)):
        lacking = [code for code in asked if code not in known]
        if lacking:
            raise DataError(f"The table has no {kind} {lacking[0]!r:.60}; it has "
                            f"{', '.join(known[:20]) or 'none'}. Ask for these.")
    rows = [scores.sources.index(code) for code in sources]
    columns = [scores.targets.index(code) for code in targets]
    return replace(scores, sources=tuple(sources), targets=tuple(targets),
                   values=scores.values[:, rows][:, :, columns])


def square(scores: Scores) -> Scores:
    """The table of the languages that are both source and target, in the order of targets."""
    both = [code for code in scores.targets if code in scores.sources]
    return selection(scores, both, both)


def off_diagonal(scores: Scores) -> np.ndarray:
    """Which cells are of two different languages: (n_sources, n_targets) bool."""
    return (np.array(scores.sources, dtype=str)[:, None]
            != np.array(scores.targets, dtype=str)[None, :])


def seed_agreement(scores: Scores) -> SeedAgreement:
    """Correlate two halves of the seeds over the cells of two different languages.

    Returns
    -------
    SeedAgreement
        Undefined (NaN) with fewer than two seeds, fewer than three cells in common, or halves
        that do not vary.

    Notes
    -----
    Halves share no seed; with an odd number one seed is left out of each halving in turn. The
    Spearman-Brown formula then lengthens a half to all seeds.
    """
    cells = scores.values[:, off_diagonal(scores)]
    found, counts, length = [], [], 2.0
    for first, second in halvings(len(scores.seeds)):
        a, b = cells[list(first)].mean(axis=0), cells[list(second)].mean(axis=0)
        both = np.isfinite(a) & np.isfinite(b)
        counts.append(int(both.sum()))
        found.append(_correlation(a[both], b[both]))
        length = len(scores.seeds) / len(first)
    correlation = float(np.mean(found)) if found else float("nan")
    below = 1 + (length - 1) * correlation
    reliability = length * correlation / below if below > 0 else float("nan")
    return SeedAgreement(correlation, reliability, len(found), min(counts, default=0))


def halvings(n_seeds: int) -> list[tuple[tuple[int, ...], tuple[int, ...]]]:
    """Pairs of disjoint halves, each pair once; at most `_MOST_SPLITS`, spread over all."""
    half = min(n_seeds, _MOST_HALVED) // 2
    found = []
    for first in combinations(range(min(n_seeds, _MOST_HALVED)), half):
        rest = [seed for seed in range(min(n_seeds, _MOST_HALVED)) if seed not in first]
        found += [(first, second) for second in combinations(rest, half) if first < second]
    return found[::-(-len(found) // _MOST_SPLITS) or 1]


def _correlation(a: np.ndarray, b: np.ndarray) -> float:
    """Pearson's r; NaN where it is undefined."""
    if len(a) < 3 or np.ptp(a) == 0 or np.ptp(b) == 0:
        return float("nan")
    return float(np.corrcoef(a, b)[0, 1])


def _twice(items: Sequence[object]) -> object:
    return next(item for position, item in enumerate(items) if item in items[:position])
