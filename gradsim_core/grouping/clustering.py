"""Clusterings in common use: agglomerative, spectral and k-means.

None of them optimises the objective; all are scored by it afterwards. Where K is a range, each
K is tried (at most 40 of them) and the best objective decides.

Conventions
-----------
- agglomerative: average linkage on distance 1 − S. With constraints it merges only pairs of
  groups that may share one; must-links are joined from the start.
- spectral: normalised cuts of the affinity (1 + S)/2, clipped at 0, so that opposite
  gradients have affinity 0 (the choice is ours).
- k_means: on rows of V√Λ of the eigen-decomposition S = VΛVᵀ, negative eigenvalues set to 0;
  20 seeded starts (4 above `MANY` languages). For cosines, this is k-means on the unit gradients
  themselves.

What these give need not meet sizes and links: the fewest languages are then moved (`repair`),
and the note says how many. Sources: Shi and Malik 2000; Lloyd 1982; scikit-learn.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable

import numpy as np

from gradsim_core.errors import GroupingError
from gradsim_core.grouping.bounds import MANY
from gradsim_core.grouping.problem import Problem
from gradsim_core.grouping.repair import nearest_allowed
from gradsim_core.grouping.result import Grouping, grouping_of
from gradsim_core.grouping.trees import linkage_tree, tree_labels


def agglomerative(problem: Problem) -> Grouping:
    """Average linkage, cut into K groups; constrained merging where there are limits."""
    if problem.constraints.free:
        tree = linkage_tree(problem.similarity, ordered=False)
        return _best_k(problem, "agglomerative", lambda k: tree_labels(tree, k=k),
                       "Average linkage on 1 − S.")
    merged = _constrained_merges(problem)
    return _best_k(problem, "agglomerative", lambda k: merged[k],
                   "Average linkage that merges only groups that may share one.")


def spectral(problem: Problem) -> Grouping:
    """Normalised cuts of the similarity graph."""
    from sklearn.cluster import SpectralClustering

    symmetric = (problem.similarity + problem.similarity.T) / 2
    affinity = np.clip((1.0 + symmetric) / 2, 0.0, None)

    def labels(k: int) -> np.ndarray:
        model = SpectralClustering(k, affinity="precomputed", random_state=problem.seed)
        return _fitted(model, affinity)

    return _best_k(problem, "spectral", _by_item(problem, labels),
                   "Spectral clustering of the affinity (1 + S)/2, clipped at 0.")


def k_means(problem: Problem) -> Grouping:
    """k-means where inner products are similarities."""
    from sklearn.cluster import KMeans

    symmetric = (problem.similarity + problem.similarity.T) / 2
    values, vectors = np.linalg.eigh(symmetric)
    points = vectors * np.sqrt(np.clip(values, 0.0, None))
    starts = 20
    if len(points) > MANY:  # columns of zeros take half of the time
        points, starts = points[:, values > 0], 4

    def labels(k: int) -> np.ndarray:
        return _fitted(KMeans(k, n_init=starts, random_state=problem.seed), points)

    return _best_k(problem, "k_means", _by_item(problem, labels),
                   "k-means on the eigenvectors of S.")


def _fitted(model: object, rows: np.ndarray) -> np.ndarray:
    """Labels of a scikit-learn model, which warns of what the repair then mends."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # duplicate points, a graph in several pieces
        return np.asarray(model.fit_predict(rows))  # type: ignore[attr-defined]


def _by_item(problem: Problem,
             labels: Callable[[int], np.ndarray]) -> Callable[[int], np.ndarray]:
    """Labels of items from a clustering of languages; K = 1 and K = L need no clustering."""
    n_languages = len(problem.similarity)

    def item_labels(k: int) -> np.ndarray:
        if k == 1:
            return np.zeros(len(problem.items), dtype=int)
        if k == n_languages:
            return np.arange(n_languages)
        return problem.items.labels(labels(k))

    return item_labels


def _best_k(problem: Problem, strategy: str, labels: Callable[[int], np.ndarray],
            note: str) -> Grouping:
    """Run for each K that is tried, repair what breaks a limit, keep the best objective."""
    best: tuple[Grouping, int] | None = None
    failure: GroupingError | None = None
    for k in problem.tried_k():
        proposed = labels(k)
        try:
            final = nearest_allowed(proposed, k, problem)
        except GroupingError as error:
            failure = error
            continue
        moved = int(problem.items.sizes[final != proposed].sum())
        groups = problem.items.groups(final)
        found = grouping_of(groups, strategy, problem.similarity, problem.alone)
        if best is None or found.objective > best[0].objective + 1e-12:
            best = found, moved
    if best is None:
        assert failure is not None  # tried_k is never empty
        raise failure
    found, moved = best
    if moved:
        note += f" {moved} languages were moved to meet K, sizes and links."
    if problem.low < problem.high:
        note += f" K from {problem.low} to {problem.high}: the best objective decides."
    return grouping_of(found.groups, strategy, problem.similarity, problem.alone, note=note)


def _constrained_merges(problem: Problem) -> dict[int, np.ndarray]:
    """Item labels for every K, by merging the most similar pair of groups that may be merged.

    Where merging is stuck above K groups, the K largest keep their label and the rest is −1.
    """
    items = problem.items
    sums = items.both.copy()
    sizes = items.sizes.astype(float)
    barred = items.apart | np.eye(len(items), dtype=bool)
    labels = np.arange(len(items))
    by_k = {len(items): labels.copy()}
    while len(sizes) > 1:
        nearness = sums / np.outer(sizes, sizes)
        nearness[barred | (sizes[:, None] + sizes[None, :] > problem.largest)] = -np.inf
        a, b = sorted(int(end) for end in np.unravel_index(int(nearness.argmax()),
                                                           nearness.shape))
        if nearness[a, b] == -np.inf:
            break
        sums[a] += sums[b]
        sums[:, a] += sums[:, b]
        sizes[a] += sizes[b]
        barred[a] |= barred[b]
        barred[:, a] |= barred[:, b]
        keep = np.arange(len(sizes)) != b
        sums, barred, sizes = sums[np.ix_(keep, keep)], barred[np.ix_(keep, keep)], sizes[keep]
        labels[labels == b] = a
        labels[labels > b] -= 1
        by_k[len(sizes)] = labels.copy()
    for k in range(1, len(sizes)):
        rank = np.argsort(np.argsort(-sizes, kind="stable"))
        by_k[k] = np.where(rank < k, rank, -1)[labels]
    return by_k
