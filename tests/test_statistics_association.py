"""Association: values against scipy, p against scikit-bio and all orders, and corners."""

from __future__ import annotations

import numpy as np
import pytest
from reference_statistics import ref_exact_p, ref_statistic
from scipy.stats import kendalltau, pearsonr, spearmanr
from skbio.stats.distance import mantel
from statistics_cases import FEW, made_up, symmetric, value

from gradsim_core.errors import DataError
from gradsim_core.statistics import ADJUSTMENTS, STATISTICS, associate, rank_targets

# --- values

@pytest.mark.parametrize("tied", [False, True])
@pytest.mark.parametrize("missing", [0, 5])
@pytest.mark.parametrize("adjust", ADJUSTMENTS)
@pytest.mark.parametrize("statistic", STATISTICS)
def test_value_as_the_slow_twin_finds_it(statistic: str, adjust: str, missing: int,
                                         tied: bool) -> None:
    near, gained = made_up(7, missing=missing, tied=tied)
    assert value(near, gained, statistic, adjust) == pytest.approx(
        ref_statistic(near, gained, statistic, adjust))


@pytest.mark.parametrize("missing", [0, 9])
def test_pooled_values_are_scipys(missing: int) -> None:
    near, gained = made_up(9, missing=missing)
    pairs = np.isfinite(near) & np.isfinite(gained) & ~np.eye(9, dtype=bool)
    found = associate(near, gained, "pearson", permutations=FEW)
    assert found.value == pytest.approx(pearsonr(near[pairs], gained[pairs]).statistic)
    assert found.n_pairs == pairs.sum()
    assert value(near, gained, "spearman", "none") == pytest.approx(
        spearmanr(near[pairs], gained[pairs]).statistic)


def test_mean_over_targets_is_the_mean_of_the_ranking() -> None:
    near, gained = made_up(9, missing=5)
    mean = np.mean([one.spearman for one in rank_targets(near, gained)])
    assert value(near, gained, "target_spearman", "none") == pytest.approx(mean)


def test_target_that_does_not_vary_is_left_out_of_the_mean() -> None:
    near, gained = made_up(6)
    gained[:, 2] = 0.5
    others = [one.spearman for one in rank_targets(near, gained)]
    assert np.isnan(others[2])
    assert value(near, gained, "target_spearman", "none") == pytest.approx(np.nanmean(others))


# --- p

@pytest.mark.parametrize("missing", [0, 3])
@pytest.mark.parametrize("alternative", ["two-sided", "greater", "less"])
@pytest.mark.parametrize("adjust", ADJUSTMENTS)
@pytest.mark.parametrize("statistic", STATISTICS)
def test_few_languages_meet_every_order(statistic: str, adjust: str, alternative: str,
                                        missing: int) -> None:
    near, gained = made_up(5, seed=2, missing=missing)
    found = associate(near, gained, statistic, adjust=adjust, alternative=alternative)
    assert (found.exact, found.permutations) == (True, 120)
    assert found.p == pytest.approx(ref_exact_p(near, gained, statistic, adjust, alternative))


@pytest.mark.parametrize("alternative", ["two-sided", "greater", "less"])
@pytest.mark.parametrize("relation", [0.0, 0.35])
@pytest.mark.parametrize("ours", ["pearson", "spearman"])
def test_as_scikit_bio_says(ours: str, relation: float, alternative: str) -> None:
    near, gained = (symmetric(table) for table in made_up(12, relation=relation, seed=1))
    for table in (near, gained):
        np.fill_diagonal(table, 0)
    near, gained = near - near.min(), gained - gained.min()  # it takes distances: 0 to itself
    for table in (near, gained):
        np.fill_diagonal(table, 0)
    theirs, p, n = mantel(near, gained, method=ours, permutations=9_999, alternative=alternative,
                          seed=1)
    found = associate(near, gained, ours, alternative=alternative)
    assert (found.value, found.n_languages) == (pytest.approx(theirs, abs=1e-12), n)
    error = np.sqrt(2 * max(p * (1 - p), 1e-4) / 9_999)
    assert abs(found.p - p) < 4 * error, "two Monte Carlo runs of the same p"


def test_random_orders_estimate_the_exact_p() -> None:
    near, gained = made_up(7, relation=0.3, seed=4)
    exact = associate(near, gained, permutations=5_040)
    drawn = associate(near, gained, permutations=5_039, seed=3)
    assert (exact.exact, drawn.exact) == (True, False)
    assert 0.02 < exact.p < 0.98
    assert abs(exact.p - drawn.p) < 4 * np.sqrt(exact.p * (1 - exact.p) / 5_039)


def test_p_of_unrelated_tables_is_uniform() -> None:
    found = [associate(*made_up(9, relation=0, seed=seed, missing=3 * (seed % 2)),
                       permutations=99).p for seed in range(200)]
    for level in (0.1, 0.5, 0.9):
        assert np.mean(np.array(found) <= level) == pytest.approx(level, abs=4 * np.sqrt(
            level * (1 - level) / 200))


def test_equal_tables_tie_with_the_true_order_alone() -> None:
    near, _ = made_up(5)
    assert associate(near, near).p == pytest.approx(1 / 120)
    assert associate(np.ones((5, 5)) - np.eye(5), near).p != associate(near, near).p


def test_seed_decides_the_orders() -> None:
    near, gained = made_up(9, relation=0.2)
    first, again, other = (associate(near, gained, permutations=FEW, seed=seed)
                           for seed in (0, 0, 1))
    assert first == again
    assert first.p != other.p


# --- messages and corners

@pytest.mark.parametrize(("argument", "message"), [
    ({"statistic": "kendall"}, "Statistic 'kendall' is not known.*target_spearman"),
    ({"adjust": "source"}, "Adjustment 'source' is not known.*both, none, target"),
    ({"alternative": "larger"}, "Alternative 'larger' is not known.*greater, less, two-sided")])
def test_unknown_names_are_refused(argument: dict[str, str], message: str) -> None:
    with pytest.raises(DataError, match=message):
        associate(*made_up(5), **argument)  # type: ignore[arg-type]


@pytest.mark.parametrize("statistic", STATISTICS)
@pytest.mark.parametrize("n", [0, 1, 2, 3])
def test_too_few_languages_are_undefined(n: int, statistic: str) -> None:
    found = associate(np.full((n, n), 0.5), np.eye(n), statistic)
    assert np.isnan([found.value, found.p]).all()
    assert found.interval is None


def test_kendall_is_not_a_statistic_but_is_in_the_ranking() -> None:
    near, gained = made_up(7)
    rows = np.arange(7) != 0
    assert rank_targets(near, gained)[0].kendall == pytest.approx(
        kendalltau(near[rows, 0], gained[rows, 0]).statistic)
