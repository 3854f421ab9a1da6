"""Languages as points of a plane, so that those alike lie near each other.

Two ways. *MDS*: the plane that keeps distances best as a whole (classical scaling), exact where
they fit a plane. *UMAP*: neighbours stay neighbours; what lies far apart may lie anywhere. No plane
keeps everything, so how much is kept is measured: `trustworthiness` and `distance_agreement`.

Conventions
-----------
Similarities are (L, L), finite off the diagonal; distances those of the tree (`trees.distances`).
Layouts are (L, 2), their mean at the origin. A layout may be turned and mirrored freely, so
pictures of different blocks are laid over each other (`laid_over`) before anyone compares them.

UMAP starts from the MDS layout: it then keeps what MDS shows of the whole (Kobak and Linderman
2021, *Nature Biotechnology* 39), works for any number of languages, and depends on chance little.
The same matrix and seed give the same bytes.

Sources: Torgerson 1952 (*Psychometrika* 17); McInnes, Healy and Melville 2018 (arXiv 1802.03426);
Schönemann 1966 (*Psychometrika* 31); Venna and Kaski 2001 (*ICANN*).
"""

from __future__ import annotations

import threading
import warnings

import numpy as np

from gradsim_core.errors import GroupingError
from gradsim_core.grouping.trees import distances

FEWEST_FOR_UMAP = 4
"""Languages from which on UMAP says more than MDS; below, every language neighbours every other."""

_MOST_NEIGHBOURS = 15
_NEAREST = 0.5
"""UMAP's least distance between points: wide enough for marks with names."""
_START_LENGTH = 10.0
"""Extent of UMAP's start, as its own spectral start has."""

_LOCK = threading.Lock()  # numba's simplest threading layer aborts the process on concurrent fits


def mds_layout(similarity: np.ndarray) -> np.ndarray:
    """Classical scaling of the tree's distances.

    Parameters
    ----------
    similarity : (L, L)

    Returns
    -------
    ndarray
        (L, 2), in the unit of the distances; the longer axis first, and each axis so turned that
        its farthest point lies on the positive side. Zeros where one language is alone, or all
        are equally far from a point.

    Raises
    ------
    GroupingError
        If a similarity is not finite.
    """
    distance = _finite(similarity)
    n = len(distance)
    centring = np.eye(n) - 1 / max(n, 1)
    products = -0.5 * centring @ distance ** 2 @ centring
    values, vectors = np.linalg.eigh((products + products.T) / 2)
    layout = np.zeros((n, 2))
    for axis, at in enumerate(np.argsort(-values, kind="stable")[:2]):
        if values[at] > 1e-12 * max(1.0, float(np.abs(values).max())):
            vector = vectors[:, at] * np.sqrt(values[at])
            layout[:, axis] = vector * (1.0 if vector[np.argmax(np.abs(vector))] >= 0 else -1.0)
    return layout


def umap_layout(similarity: np.ndarray, seed: int = 0) -> np.ndarray:
    """UMAP of the tree's distances, from the MDS layout.

    Parameters
    ----------
    similarity : (L, L)
    seed : of the optimisation

    Returns
    -------
    ndarray
        (L, 2), without a unit; laid over the MDS layout. Below FEWEST_FOR_UMAP languages, that
        itself.

    Raises
    ------
    GroupingError
        If a similarity is not finite.

    Notes
    -----
    The first call in a process compiles for about ten seconds.
    """
    distance, start = _finite(similarity), mds_layout(similarity)
    n = len(distance)
    if n < FEWEST_FOR_UMAP:
        return start
    from umap import UMAP

    extent = float(np.abs(start).max())
    with _LOCK, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that a precomputed metric cannot place new points
        fitted = UMAP(metric="precomputed", n_neighbors=n_neighbours(n), min_dist=_NEAREST,
                      init=start * (_START_LENGTH / extent) if extent else "random", n_jobs=1,
                      random_state=seed).fit_transform(distance)
    return laid_over(np.asarray(fitted, dtype=np.float64), start, scaled=True)


def n_neighbours(n_languages: int) -> int:
    """How many neighbours UMAP keeps near: half of the languages, from 3 to 15.

    Examples
    --------
    >>> [n_neighbours(n) for n in (4, 12, 40, 100)]
    [3, 6, 15, 15]
    """
    return min(_MOST_NEIGHBOURS, max(3, n_languages // 2), n_languages - 1)


def laid_over(layout: np.ndarray, onto: np.ndarray, *, scaled: bool = False) -> np.ndarray:
    """Turn, mirror and shift a layout so that it lies over another as well as it can.

    Parameters
    ----------
    layout, onto : (L, 2), the same languages; NaN in ``onto`` for those that it lacks
    scaled : stretch it too, evenly; for layouts without a unit

    Returns
    -------
    ndarray
        (L, 2); distances between its points are as before, up to the stretch. Unchanged where
        fewer than two languages are shared.
    """
    both = np.isfinite(onto).all(axis=1)
    if both.sum() < 2:
        return np.array(layout, dtype=np.float64)
    here, there = layout[both], onto[both]
    middle = here.mean(axis=0)
    left, strengths, right = np.linalg.svd((here - middle).T @ (there - there.mean(axis=0)))
    size = float(((here - middle) ** 2).sum())
    stretch = float(strengths.sum()) / size if scaled and size > 0 and strengths.any() else 1.0
    return stretch * (layout - middle) @ (left @ right) + there.mean(axis=0)


def trustworthiness(similarity: np.ndarray, layout: np.ndarray,
                    neighbours: int | None = None) -> float:
    """Whether who lies near on the map is really near: 1 if all are, about 0.5 by chance.

    Parameters
    ----------
    neighbours : how many of each language count; a quarter of the languages, 1 to 5, if not given

    Returns
    -------
    float
        0 to 1 (Venna and Kaski 2001, eq. 3); NaN with fewer than four languages.
    """
    distance = _finite(similarity)
    n = len(distance)
    k = neighbours or min(5, max(1, n // 4))
    if n < 4 or 2 * n - 3 * k - 1 <= 0:
        return float("nan")
    ranks = _ranks(distance)
    near = np.argsort(_off_diagonal(_lengths(layout)), axis=1, kind="stable")[:, :k]
    intruding = np.clip(np.take_along_axis(ranks, near, axis=1) - k, 0, None).sum()
    return float(1 - 2 / (n * k * (2 * n - 3 * k - 1)) * intruding)


def distance_agreement(similarity: np.ndarray, layout: np.ndarray) -> float:
    """Spearman correlation of the pairs' distances with those on the map; NaN below 3 languages."""
    from scipy.stats import rankdata

    pairs = np.triu_indices(len(layout), 1)
    a, b = (rankdata(table[pairs].round(12)) for table in (_finite(similarity), _lengths(layout)))
    if len(a) < 3 or not np.ptp(a) or not np.ptp(b):
        return float("nan")
    return float(np.corrcoef(a, b)[0, 1])


def _finite(similarity: np.ndarray) -> np.ndarray:
    distance = distances(similarity) if len(similarity) else np.zeros((0, 0))
    if not np.isfinite(distance).all():
        raise GroupingError("A similarity is NaN or infinite, so there is no map. Leave the "
                            "languages with undefined similarities out.")
    return distance


def _lengths(layout: np.ndarray) -> np.ndarray:
    """(L, L) distances on the map."""
    return np.sqrt(((layout[:, None] - layout[None]) ** 2).sum(axis=2))


def _off_diagonal(distance: np.ndarray) -> np.ndarray:
    return np.where(np.eye(len(distance), dtype=bool), np.inf, distance)


def _ranks(distance: np.ndarray) -> np.ndarray:
    """(L, L): 1 for each row's nearest other."""
    order = np.argsort(_off_diagonal(distance), axis=1, kind="stable")
    ranks = np.empty_like(order)
    np.put_along_axis(ranks, order, np.arange(1, len(distance) + 1)[None], axis=1)
    return ranks
