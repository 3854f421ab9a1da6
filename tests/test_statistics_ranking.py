"""The order of a target's sources: by hand, against scipy and scikit-learn, and with ties."""

from __future__ import annotations

import numpy as np
import pytest
from reference_statistics import ref_expected_over_ties
from scipy.stats import kendalltau, spearmanr
from sklearn.metrics import ndcg_score
from statistics_cases import made_up

from gradsim_core.errors import DataError
from gradsim_core.statistics import rank_targets


def first_target(near: list[float], gained: list[float]):
    """The ranking of language 0, whose sources are the others."""
    n = len(near) + 1
    similarity, transfer = np.full((n, n), np.nan), np.full((n, n), np.nan)
    similarity[1:, 0], transfer[1:, 0] = near, gained
    return rank_targets(similarity, transfer)[0]


def test_four_sources_by_hand() -> None:
    found = first_target([0.9, 0.5, 0.7, 0.1], [0.60, 0.80, 0.50, 0.40])
    assert found.n == 4
    assert found.spearman == pytest.approx(1 - 6 * (1 + 4 + 1) / (4 * 15))  # ranks 4231 and 3421
    assert found.kendall == pytest.approx((4 - 2) / 6)  # 2 of 6 pairs of sources stand otherwise
    assert found.regret1 == pytest.approx(0.20)  # 0.60 taken, 0.80 to be had
    gains = np.array([0.2, 0.1, 0.4])  # above the worst, in order of nearness
    discounts = 1 / np.log2([2, 3, 4])
    assert found.ndcg3 == pytest.approx(gains @ discounts / (np.array([.4, .2, .1]) @ discounts))


def test_perfect_and_opposite_order() -> None:
    gained = [0.1, 0.2, 0.3, 0.4, 0.5]
    perfect, opposite = first_target(gained, gained), first_target([-x for x in gained], gained)
    assert (perfect.spearman, perfect.kendall) == pytest.approx((1, 1))
    assert (perfect.ndcg3, perfect.regret1) == pytest.approx((1, 0))
    assert (opposite.spearman, opposite.kendall) == pytest.approx((-1, -1))
    assert opposite.regret1 == pytest.approx(0.4)


@pytest.mark.parametrize("tied", [False, True])
@pytest.mark.parametrize("missing", [0, 6])
def test_as_scipy_and_scikit_learn_say(tied: bool, missing: int) -> None:
    near, gained = made_up(9, seed=3, tied=tied, missing=missing)
    for target, found in enumerate(rank_targets(near, gained)):
        rows = np.isfinite(near[:, target] + gained[:, target])
        rows[target] = False
        x, y = near[rows, target], gained[rows, target]
        assert found.n == rows.sum()
        assert found.spearman == pytest.approx(spearmanr(x, y).statistic)
        assert found.kendall == pytest.approx(kendalltau(x, y).statistic)
        assert found.ndcg3 == pytest.approx(ndcg_score([y - y.min()], [x], k=3))


@pytest.mark.parametrize("seed", range(5))
def test_ties_are_the_mean_of_their_orders(seed: int) -> None:
    draw = np.random.default_rng(seed)
    near, gained = draw.integers(3, size=6).tolist(), draw.integers(4, size=6).tolist()
    found = first_target(near, gained)
    assert (found.ndcg3, found.regret1) == pytest.approx(ref_expected_over_ties(near, gained))


def test_similarity_that_does_not_vary_scores_as_choosing_blindly() -> None:
    found = first_target([1, 1, 1, 1], [0.1, 0.2, 0.3, 0.8])
    assert np.isnan([found.spearman, found.kendall]).all()
    assert found.regret1 == pytest.approx(0.8 - 0.35)


def test_transfer_that_does_not_vary_loses_nothing() -> None:
    found = first_target([1, 2, 3], [0.5, 0.5, 0.5])
    assert np.isnan([found.spearman, found.kendall, found.ndcg3]).all()
    assert found.regret1 == 0


def test_two_sources_order_nothing() -> None:
    found = first_target([0.1, 0.2, np.nan], [0.1, 0.2, 0.3])
    assert found.n == 2
    assert np.isnan([found.spearman, found.kendall, found.ndcg3, found.regret1]).all()


def test_diagonal_is_not_looked_at() -> None:
    near, gained = made_up(5)
    filled, best = near.copy(), gained.copy()
    np.fill_diagonal(filled, 99)
    np.fill_diagonal(best, 99)
    assert rank_targets(filled, best) == rank_targets(near, gained)


def test_tables_of_other_languages_are_refused() -> None:
    with pytest.raises(DataError, match=r"transfer is of 3 languages, the similarity of 4"):
        rank_targets(np.zeros((4, 4)), np.zeros((3, 3)))
    with pytest.raises(DataError, match=r"similarity has the shape \(4, 3\)"):
        rank_targets(np.zeros((4, 3)), np.zeros((3, 3)))
