"""Does one strategy score higher than another? Means, paired gains and honest intervals.

Every strategy is scored on the same languages with the same seeds, so strategies are compared
cell by cell: the gain of one over another is the mean of the differences. Two things could have
come out otherwise, the seeds and the choice of languages (and, for the random groupings, the
draws), and the interval answers for all of them.

Conventions
-----------
Scores are fractions; axes are (draw,) seed, language. An interval is (low, high) at 95%, or None
where one cell of one seed says nothing about others. With one seed it answers for the languages
alone, with one language for the seeds alone. Every gain uses the same resamples, and the gain of
b over a is exactly the negative of a's over b.

Notes
-----
Seeds and languages are crossed, and no bootstrap is exactly right there (McCullagh 2000,
*Bernoulli* 6; Owen and Eckles 2012, *Ann. Appl. Stat.* 6). Drawing rows and columns anew and
averaging what they cross (the "pigeonhole" bootstrap) is far too narrow when few seeds differ.
Here each factor's main effects are drawn anew, so that

    resampled mean = mean + sum over factors of mean of its drawn effects * sqrt(n / (n - 1)),

and the deviations are widened by t / 1.96 for the degrees of freedom that the factors have between
them (Satterthwaite 1946; Hesterberg 2015, *Am. Stat.* 69, "expanded percentile"). What is left of a
cell after its seed and its language counts in both factors: on the wide side.

Coverage with 3 and 5 seeds, 8 to 16 languages and six mixtures of effects, measured with
``python -m benchmarks.coverage``: 94% to 98% where languages differ, 92% to 96% where seeds differ
as much or alone, 99% to 100% where nothing but single cells does. The plain bootstrap: 91% to 96%,
74% to 92%, 99% to 100%.

Over the average random grouping a strategy has a gain; among the single ones, a rank.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from scipy.stats import norm, t

from gradsim_core.errors import DataError

RANDOM = "random"
"""Name of the strategy that stands for the mean of the random groupings."""

_TAIL = 0.025
_NORMAL = float(norm.isf(_TAIL))
_NOTHING = 1e-9  # of a fraction: what rounding leaves of equal scores
_FEWEST_SEEDS = 3

Interval = tuple[float, float] | None


@dataclass(frozen=True)
class Estimate:
    """A mean score with its 95% interval."""

    mean: float
    interval: Interval


@dataclass(frozen=True)
class Gain:
    """What one strategy scores above another, paired by seed and language.

    Attributes
    ----------
    wins : languages that gain, on average over the seeds
    of : languages compared
    """

    mean: float
    interval: Interval
    wins: int
    of: int

    @property
    def clear(self) -> int:
        """As `side_of_zero` of the interval."""
        return side_of_zero(self.interval)


@dataclass(frozen=True)
class RandomStanding:
    """Where strategies stand among random groupings.

    Attributes
    ----------
    means : mean score of each draw
    percentile : strategy -> share of draws that score lower, ties counting half
    p : strategy -> (1 + draws that score as high or higher) / (1 + draws), one-sided
    below : strategy -> number of draws that score lower
    """

    means: tuple[float, ...]
    percentile: dict[str, float] = field(default_factory=dict)
    p: dict[str, float] = field(default_factory=dict)
    below: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Comparison:
    """Everything that the scores of several strategies say.

    Attributes
    ----------
    strategies : name -> mean over seeds and languages
    per_language : name -> one estimate a language, with Student's interval over the seeds
        (None with fewer than three)
    gains : name -> other name -> gain of the first over the other
    random : None without random groupings
    """

    n_seeds: int
    n_languages: int
    strategies: dict[str, Estimate]
    per_language: dict[str, tuple[Estimate, ...]]
    gains: dict[str, dict[str, Gain]]
    random: RandomStanding | None


def compare(scores: Mapping[str, np.ndarray], random: np.ndarray | None = None, *,
            languages: Sequence[str] = (), resamples: int = 9_999, seed: int = 0) -> Comparison:
    """Compare strategies that were scored on the same languages with the same seeds.

    Parameters
    ----------
    scores : name -> (n_seeds, n_languages), fractions
    random : (n_draws, n_seeds, n_languages), the random groupings; they take part as the strategy
        `RANDOM`, in its place if `scores` names it, otherwise last
    languages : codes, for messages

    Raises
    ------
    DataError
        A score is missing (NaN) or no fraction.
    """
    cells = {name: np.asarray(table, dtype=float)[None] for name, table in scores.items()}
    if random is not None:
        cells[RANDOM] = np.asarray(random, dtype=float)
    _check(cells, languages)  # (1 or n_draws, n_seeds, n_languages)
    n_seeds, n_languages = next(iter(cells.values())).shape[1:]
    n_draws = len(cells[RANDOM]) if random is not None else 1
    draw = np.random.default_rng(seed)
    shares = [resampled_shares(n, resamples, draw) for n in (n_draws, n_seeds, n_languages)]
    gains: dict[str, dict[str, Gain]] = {name: {} for name in cells}
    for i, a in enumerate(cells):
        for b in list(cells)[i + 1:]:
            gains[a][b], gains[b][a] = _gains(cells[a] - cells[b], shares)
    tables = {name: table.mean(axis=0) for name, table in cells.items()}
    return Comparison(
        n_seeds, n_languages,
        {name: Estimate(float(table.mean()), _clipped(_interval(table, shares)))
         for name, table in cells.items()},
        {name: tuple(map(_over_seeds, table.T)) for name, table in tables.items()}, gains,
        _standing(tables, cells[RANDOM]) if random is not None else None)


def side_of_zero(interval: Sequence[float] | None) -> int:
    """1 where an interval lies above zero, -1 below, 0 where it holds zero or is none."""
    low, high = interval or (0.0, 0.0)
    return int(low > _NOTHING) - int(high < -_NOTHING)


def resampled_shares(n: int, resamples: int, draw: np.random.Generator) -> np.ndarray:
    """What each of n things weighs in each resample: (resamples, n), rows add up to 1."""
    return draw.multinomial(n, np.full(n, 1 / n), size=resamples) / n


def _check(cells: Mapping[str, np.ndarray], languages: Sequence[str]) -> None:
    """Refuse tables that cannot be compared cell by cell."""
    if not cells:
        raise DataError("There is no strategy to compare. Name at least one.")
    shapes = {name: table.shape[1:] for name, table in cells.items()}
    if len(set(shapes.values())) > 1 or any(len(s) != 2 or 0 in s for s in shapes.values()):
        raise DataError(f"Strategies need scores of the same seeds and languages, but they have "
                        f"{', '.join(f'{name} {shape}' for name, shape in shapes.items())}"[:390])
    for name, table in cells.items():
        wrong = np.argwhere(~((table >= 0) & (table <= 1)))
        if len(wrong):
            cell = tuple(wrong[0])
            code = languages[cell[-1]] if len(languages) == table.shape[-1] else ""
            where = f"language {code or cell[-1] + 1} with seed number {cell[-2] + 1}"
            found = (f"the score {table[cell]:g}; scores are fractions from 0 to 1. Divide percent "
                     "by 100" if np.isfinite(table[cell]) else
                     "no score. Leave the language out, or give it test rows")
            raise DataError(f"Strategy {name[:60]!r} has, for {where}, {found}.")


def _gains(differences: np.ndarray, shares: list[np.ndarray]) -> tuple[Gain, Gain]:
    """The gain there and back, from differences (draw, seed, language)."""
    mean, interval = float(differences.mean()), _interval(differences, shares)
    by_language = differences.mean(axis=(0, 1))
    back = None if interval is None else (-interval[1], -interval[0])
    return (Gain(mean, interval, int((by_language > _NOTHING).sum()), len(by_language)),
            Gain(-mean, back, int((by_language < -_NOTHING).sum()), len(by_language)))


def _interval(table: np.ndarray, shares: list[np.ndarray]) -> Interval:
    """95% interval of the mean of a table whose every axis was sampled (module's Notes)."""
    mean, deviations, variances, freedom = table.mean(), 0.0, [], []
    for axis, n in enumerate(table.shape):
        if n > 1:
            effects = table.mean(axis=tuple({0, 1, 2} - {axis})) - mean
            deviations = deviations + shares[axis] @ effects * np.sqrt(n / (n - 1))
            variances.append(float(effects @ effects) / (n * (n - 1)))
            freedom.append(n - 1)
    if not freedom:
        return None
    total = sum(variances)
    if total < _NOTHING ** 2:
        return float(mean), float(mean)
    pooled = total ** 2 / sum(v ** 2 / n for v, n in zip(variances, freedom, strict=True))
    widened = deviations * (float(t.isf(_TAIL, pooled)) / _NORMAL)
    low, high = mean + np.quantile(widened, [_TAIL, 1 - _TAIL])
    return float(low), float(high)


def _over_seeds(scores: np.ndarray) -> Estimate:
    """Mean over seeds with Student's interval: resamples of three values are no distribution."""
    mean, n = float(scores.mean()), len(scores)
    if n < _FEWEST_SEEDS:
        return Estimate(mean, None)
    half = float(t.isf(_TAIL, n - 1) * scores.std(ddof=1) / np.sqrt(n))
    return Estimate(mean, _clipped((mean - half, mean + half)))


def _clipped(interval: Interval) -> Interval:
    """No mean of fractions lies outside 0 to 1."""
    return None if interval is None else (max(interval[0], 0.0), min(interval[1], 1.0))


def _standing(tables: Mapping[str, np.ndarray], draws: np.ndarray) -> RandomStanding:
    """Rank of every strategy's mean among the means of the draws."""
    found = RandomStanding(tuple(float(table.mean()) for table in draws))
    for name, table in tables.items():
        if name != RANDOM:
            ahead = table.mean() - np.array(found.means)
            below = int((ahead > _NOTHING).sum())
            ties = int((np.abs(ahead) <= _NOTHING).sum())
            found.below[name] = below
            found.percentile[name] = (below + ties / 2) / len(ahead)
            found.p[name] = (1 + len(ahead) - below) / (1 + len(ahead))
    return found
