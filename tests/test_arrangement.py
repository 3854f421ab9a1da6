"""Layouts of languages: exact where they can be, comparable, and honest about what they lose."""

from __future__ import annotations

import base64
import time

import numpy as np
import psutil
import pytest
from architecture_rules import loaded_by

from dashboard.loads.umap_process import UmapProcess
from gradsim_core.errors import GroupingError
from gradsim_core.similarities.arrangement import (
    distance_agreement,
    laid_over,
    mds_layout,
    n_neighbours,
    trustworthiness,
    umap_layout,
)
from gradsim_core.similarities.umap_worker import answer_to

TRIANGLE = np.array([[0.0, 0.0], [0.3, 0.0], [0.0, 0.4]])


def similarity_of(points: np.ndarray) -> np.ndarray:
    """One minus the distances of points that are at most 1 apart: the tree's distances again."""
    return 1 - lengths(points)


def lengths(points: np.ndarray) -> np.ndarray:
    return np.sqrt(((points[:, None] - points[None]) ** 2).sum(axis=2))


def two_clusters(n: int = 12, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    points = rng.normal(scale=0.04, size=(n, 5))
    points[: n // 2, 0] += 0.6
    return similarity_of(points)


def test_mds_gives_back_a_plane() -> None:
    found = mds_layout(similarity_of(TRIANGLE))
    np.testing.assert_allclose(lengths(found), lengths(TRIANGLE), atol=1e-12)
    np.testing.assert_allclose(found.mean(axis=0), 0, atol=1e-12)
    assert np.ptp(found[:, 0]) >= np.ptp(found[:, 1])
    assert found[np.abs(found[:, 0]).argmax(), 0] > 0


def test_mds_of_many_points_of_a_plane_is_exact() -> None:
    points = np.random.default_rng(3).uniform(0, 0.5, size=(30, 2))
    found = mds_layout(similarity_of(points))
    np.testing.assert_allclose(lengths(found), lengths(points), atol=1e-9)
    assert distance_agreement(similarity_of(points), found) == pytest.approx(1)
    assert trustworthiness(similarity_of(points), found) == 1


@pytest.mark.parametrize("n", [0, 1, 2, 3])
@pytest.mark.parametrize("layout", [mds_layout, umap_layout])
def test_few_languages_have_a_layout(layout: object, n: int) -> None:
    found = layout(np.eye(n))  # type: ignore[operator]
    assert found.shape == (n, 2)
    assert np.isfinite(found).all()


def test_undefined_similarities_have_no_layout() -> None:
    table = np.eye(4)
    table[0, 1] = np.nan
    with pytest.raises(GroupingError, match="Leave the languages with undefined"):
        mds_layout(table)


def test_laying_over_undoes_any_turn_mirror_and_shift() -> None:
    points = np.random.default_rng(1).normal(size=(9, 2))
    turn = np.array([[np.cos(2.0), -np.sin(2.0)], [np.sin(2.0), np.cos(2.0)]])
    for mirror in (np.eye(2), np.diag([1.0, -1.0])):
        moved = points @ turn @ mirror + [4.0, -7.0]
        np.testing.assert_allclose(laid_over(moved, points), points, atol=1e-9)
        np.testing.assert_allclose(laid_over(3 * moved, points, scaled=True), points, atol=1e-9)
        np.testing.assert_allclose(lengths(laid_over(3 * moved, points)), 3 * lengths(points),
                                   atol=1e-9)


def test_languages_that_the_other_lacks_are_carried_along() -> None:
    points = np.random.default_rng(2).normal(size=(6, 2))
    onto = points.copy()
    onto[4:] = np.nan
    mirrored = points * [-1.0, 1.0] + 3.0
    np.testing.assert_allclose(laid_over(mirrored, onto), points, atol=1e-9)
    onto[1:] = np.nan
    np.testing.assert_array_equal(laid_over(mirrored, onto), mirrored)


def test_trustworthiness_counts_who_intrudes() -> None:
    """Four on a line; drawn with the ends swapped, each one's neighbour is another."""
    line = np.array([[0.0, 0], [0.1, 0], [0.25, 0], [0.45, 0]])
    swapped = np.array([[0.45, 0], [0.1, 0], [0.25, 0], [0.0, 0]])
    # Nearest on the map: 2 of 0, 3 of 1, 1 of 2, 1 of 3; these rank 2, 3, 1 and 2 in truth, so they
    # intrude by 1 + 2 + 0 + 1, of 4 · (2 · 4 − 3 · 1 − 1) / 2 = 8 at most.
    assert trustworthiness(similarity_of(line), swapped, neighbours=1) == pytest.approx(1 - 4 / 8)
    assert trustworthiness(similarity_of(line), line, neighbours=1) == 1


def test_trustworthiness_is_that_of_scikit_learn() -> None:
    from sklearn.manifold import trustworthiness as theirs

    from gradsim_core.grouping.trees import distances

    table = two_clusters(20, seed=5)
    layout = np.random.default_rng(0).normal(size=(20, 2))
    for k in (1, 3, 5):
        assert trustworthiness(table, layout, k) == pytest.approx(theirs(
            distances(table), layout, n_neighbors=k, metric="precomputed"))


def test_too_few_languages_have_no_faithfulness() -> None:
    assert np.isnan(trustworthiness(np.eye(3), np.eye(3)[:, :2]))
    assert np.isnan(distance_agreement(np.eye(2), np.eye(2)))


def test_umap_keeps_clusters_and_is_the_same_each_time() -> None:
    table = two_clusters()
    found = umap_layout(table)
    assert found.tobytes() == umap_layout(table).tobytes()
    assert found.tobytes() != umap_layout(table, seed=1).tobytes()
    one, other = found[:6], found[6:]
    inside = max(lengths(one).max(), lengths(other).max())
    assert np.linalg.norm(one.mean(axis=0) - other.mean(axis=0)) > inside
    assert trustworthiness(table, found) > 0.8


@pytest.mark.parametrize("n", [4, 5, 7, 8])
def test_umap_takes_few_languages(n: int) -> None:
    assert n_neighbours(n) <= n - 1
    found = umap_layout(two_clusters(n))
    assert found.shape == (n, 2)
    assert np.isfinite(found).all()


def test_umap_takes_languages_all_alike() -> None:
    assert np.isfinite(umap_layout(np.ones((6, 6)))).all()


def test_layout_functions_load_no_umap_until_they_need_it() -> None:
    statement = "from gradsim_core import mds_layout, laid_over; mds_layout([[1, 0], [0, 1]])"
    assert loaded_by(statement, ("umap", "numba", "sklearn")) == set()


def test_a_request_is_answered_and_a_wrong_one_told() -> None:
    table = two_clusters(8)
    request = {"key": "k", "seed": 0, "n": 8,
               "similarity": base64.b64encode(table.tobytes()).decode()}
    assert np.array(answer_to(request)["layout"]).tobytes() == umap_layout(table).tobytes()
    answer = answer_to({**request, "n": 7})
    assert answer["key"] == "k"
    assert "ValueError" in answer["error"]


def test_a_process_of_its_own_makes_the_same_map() -> None:
    table, process, end = two_clusters(9), UmapProcess(), time.monotonic() + 240
    try:
        assert process.layout(table) is None
        while (found := process.layout(table)) is None and time.monotonic() < end:
            time.sleep(0.1)
        assert found is not None
        assert found.tobytes() == umap_layout(table).tobytes()
        assert process.pid is not None
        assert psutil.Process(process.pid).nice() > psutil.Process().nice()
    finally:
        process.close()
