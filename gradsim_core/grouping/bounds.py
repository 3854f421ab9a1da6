"""An upper bound on the objective of any partition, for hundreds of languages.

In a group of s languages, language l gets at most the mean of its s − 1 greatest similarities,
u[l, s]. Each group of s languages contributes s times 1/s, so K groups mean Σ_l 1/s_l = K.
Relaxing everything else and pricing that equation at λ gives, for every λ,

    objective ≤ λK + Σ_l max_s (u[l, s] − λ/s),

and the least of these is the bound. Without the equation (λ = 0) it is the sum of every
language's greatest similarity; with it, few groups mean large ones and a much lower bound.
With K in a range, λK is the greater of its two ends. Source: ours, by Lagrangian duality.

Above `MANY` languages the least of this and a second bound is taken. With unit vectors u that are
constant on their group, a group of s ≥ 2 languages contributes u'Su · s/(s − 1), which is u'Su plus
its mean similarity, where S has an empty diagonal. The u are orthogonal, so their u'Su add up to
at most the sum of the K greatest eigenvalues of S (Fan 1949, *PNAS* 35). This bound is the lower
one where groups are large and similarities noisy: it does not let each language choose its own
nearest.
"""

from __future__ import annotations

import numpy as np

from gradsim_core.grouping.problem import Problem

MANY = 300
"""Languages above which eigenvalues are looked at too; below, bounds stay as they were exported."""


def upper_bound(problem: Problem) -> float:
    """No partition within the problem's limits scores higher than this.

    Returns
    -------
    float
        At least the optimum; equal to it in easy cases only.
    """
    from scipy.optimize import minimize_scalar

    similarity = (problem.similarity + problem.similarity.T) / 2  # same for every partition
    ceilings = _ceilings(similarity, problem)
    n_languages = len(similarity)
    shares = 1.0 / np.arange(1, n_languages + 1)

    def priced(price: float) -> float:
        groups = max(price * problem.low, price * problem.high)
        return groups + float((ceilings - price * shares).max(axis=1).sum())

    finite = ceilings[np.isfinite(ceilings)]
    if not len(finite):
        return float("inf")
    reach = n_languages * max(float(np.ptp(finite)), 1e-12)
    found = minimize_scalar(priced, bounds=(-reach, reach), method="bounded",
                            options={"maxiter": 60})
    least = min(float(found.fun), priced(0.0))
    return min(least, eigenvalue_bound(problem)) if n_languages > MANY else least


def eigenvalue_bound(problem: Problem) -> float:
    """The second bound of the module, for any number of languages."""
    similarity = (problem.similarity + problem.similarity.T) / 2
    np.fill_diagonal(similarity, -np.inf)
    most = max(float(similarity.max()), problem.alone)
    np.fill_diagonal(similarity, 0.0)
    values = np.linalg.eigvalsh(similarity)[::-1]
    k = np.arange(problem.low, problem.high + 1)
    return float((np.cumsum(values)[k - 1] + k * most).max())


def serving_bound(problem: Problem) -> float:
    """No set of overlapping groups serves the languages better than this.

    Returns
    -------
    float
        Every language's best mean in any group of an allowed size, summed.
    """
    return float(_ceilings(problem.similarity, problem, overlapping=True).max(axis=1).sum())


def _ceilings(similarity: np.ndarray, problem: Problem, overlapping: bool = False) -> np.ndarray:
    """(L, L) greatest mean that a language can get in a group of s = column + 1 languages."""
    n_languages = len(similarity)
    item_of = np.empty(n_languages, dtype=int)
    for item, members in enumerate(problem.items.members):
        item_of[list(members)] = item
    tied = item_of[:, None] == item_of[None, :]
    apart = problem.items.apart[np.ix_(item_of, item_of)]
    np.fill_diagonal(apart, True)
    np.fill_diagonal(tied, False)
    # tied languages come first, those kept apart never
    order = np.lexsort((-similarity, apart, ~tied), axis=1)[:, :n_languages - 1]
    ranked = np.take_along_axis(np.where(apart, -np.inf, similarity), order, axis=1)
    others = np.arange(1, n_languages)
    means = np.cumsum(ranked, axis=1) / others if n_languages > 1 else ranked
    ceilings = np.column_stack([np.full(n_languages, problem.alone), means])
    size = np.arange(1, n_languages + 1)
    least, most = problem.constraints.smallest, problem.largest
    if not overlapping:
        least = max(least, n_languages - (problem.high - 1) * most)
        most = min(most, n_languages - (problem.low - 1) * least)
    ceilings[:, (size < least) | (size > most)] = -np.inf
    ceilings[size[None, :] < 1 + tied.sum(axis=1)[:, None]] = -np.inf
    return ceilings
