"""Association: values against scipy, p against scikit-bio and all orders, what changes nothing."""

from __future__ import annotations

import numpy as np
import pytest
from reference_statistics import ref_exact_p, ref_statistic
from scipy.stats import kendalltau, pearsonr, spearmanr, t
from skbio.stats.distance import mantel
from statistics_cases import made_up, symmetric

from gradsim_core.errors import DataError
from gradsim_core.statistics import (
    ADJUSTMENTS,
    STATISTICS,
    associate,
    associate_all,
    difference,
    rank_targets,
)

FEW = 199  # permutations where p is not what is tested


def value(near: np.ndarray, gained: np.ndarray, statistic: str, adjust: str) -> float:
    return associate(near, gained, statistic, adjust=adjust, permutations=FEW).value


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


# --- what changes nothing


@pytest.mark.parametrize("missing", [0, 6])
@pytest.mark.parametrize("adjust", ADJUSTMENTS)
@pytest.mark.parametrize("statistic", STATISTICS)
def test_order_of_the_languages_changes_nothing(statistic: str, adjust: str, missing: int) -> None:
    near, gained = made_up(8, missing=missing)
    order = np.random.default_rng(0).permutation(8)
    here = associate(near, gained, statistic, adjust=adjust, permutations=FEW)
    there = associate(near[order][:, order], gained[order][:, order], statistic, adjust=adjust,
                      permutations=FEW)
    assert there.value == pytest.approx(here.value)
    assert there.interval == pytest.approx(here.interval)


@pytest.mark.parametrize("adjust", ADJUSTMENTS)
@pytest.mark.parametrize("statistic", STATISTICS)
def test_effects_that_are_taken_out_change_nothing(statistic: str, adjust: str) -> None:
    near, gained = made_up(8, missing=3)
    effects = np.arange(8.0) ** 2
    changed = {"none": gained + 3, "target": gained + effects,
               "both": gained + effects + effects[::-1, None]}[adjust]
    here, there = (associate(near, table, statistic, adjust=adjust, permutations=FEW)
                   for table in (gained, changed))
    assert there.value == pytest.approx(here.value)
    assert there.p == here.p
    assert there.interval == pytest.approx(here.interval)


def test_target_effects_change_a_pooled_value_that_keeps_them() -> None:
    near, gained = made_up(8)
    changed = gained + np.arange(8.0)
    assert value(near, changed, "pearson", "none") != pytest.approx(
        value(near, gained, "pearson", "none"), abs=0.01)
    assert value(near, changed, "target_spearman", "none") == pytest.approx(
        value(near, gained, "target_spearman", "none"))


@pytest.mark.parametrize("statistic", ["target_spearman", "spearman"])
def test_ranks_do_not_mind_monotone_changes(statistic: str) -> None:
    near, gained = made_up(8, missing=4)
    here, there = (associate(one, other, statistic, permutations=FEW)
                   for one, other in ((near, gained), (np.exp(near), gained ** 3)))
    assert (here.value, here.p) == pytest.approx((there.value, there.p))


def test_language_without_any_pair_takes_no_part() -> None:
    near, gained = made_up(8)
    with_ghost = np.full((9, 9), np.nan)
    with_ghost[:8, :8] = near
    with_ghost[8, 8] = 1.0
    found = associate(with_ghost, np.pad(gained, (0, 1), constant_values=0.5), permutations=FEW)
    assert found == associate(near, gained, permutations=FEW)
    assert found.n_languages == 8


# --- intervals


@pytest.mark.parametrize("statistic", STATISTICS)
def test_interval_leaves_each_language_out_once(statistic: str) -> None:
    near, gained = made_up(8, missing=2)
    without = [ref_statistic(np.delete(np.delete(near, one, 0), one, 1),
                             np.delete(np.delete(gained, one, 0), one, 1), statistic)
               for one in range(8)]
    z = np.arctanh(without)
    half = t.ppf(0.975, 7) * np.sqrt(7 / 8 * ((z - z.mean()) ** 2).sum())
    found = associate(near, gained, statistic, permutations=FEW)
    centre = np.arctanh(found.value)
    assert found.interval == pytest.approx((np.tanh(centre - half), np.tanh(centre + half)))


def test_no_interval_from_four_languages() -> None:
    near, gained = made_up(4)
    found = associate(near, gained, "pearson")
    assert found.interval is None
    assert np.isfinite(found.value)


def test_perfect_agreement_is_certain() -> None:
    near, _ = made_up(6)
    assert associate(near, near).interval == pytest.approx((1, 1), abs=1e-6)


def test_interval_narrows_with_more_languages() -> None:
    widths = [np.subtract(*associate(*made_up(n), permutations=1).interval[::-1])  # type: ignore[index]
              for n in (8, 40)]
    assert widths[1] < widths[0] / 2


# --- several at once


@pytest.mark.parametrize("alternative", ["two-sided", "greater", "less"])
def test_layers_have_their_own_p_and_pay_for_the_choice(alternative: str) -> None:
    near, gained = made_up(9, relation=0.4, seed=6)
    draw = np.random.default_rng(0)
    stack = np.stack([near + weight * draw.normal(size=(9, 9)) for weight in (2, 0, 1, 4)])
    found = associate_all(stack, gained, alternative=alternative, permutations=999)
    alone = [associate(layer, gained, alternative=alternative, permutations=999)
             for layer in stack]
    assert found.values.tolist() == [one.value for one in alone]
    assert found.p.tolist() == [one.p for one in alone]
    assert found.intervals == [one.interval for one in alone]
    assert (found.p_corrected >= found.p - 1e-12).all()
    assert (found.p_corrected > found.p).any()
    chosen = np.argmin if alternative == "less" else np.argmax
    assert found.best == chosen(found.values)


def test_correction_by_hand() -> None:
    """Two copies are no choice; a single layer pays nothing."""
    near, gained = made_up(9, relation=0.3)
    once = associate_all(near[None], gained, permutations=999)
    twice = associate_all(np.stack([near, near]), gained, permutations=999)
    assert once.p_corrected == pytest.approx(once.p)
    assert twice.p_corrected == pytest.approx(np.repeat(once.p, 2))


def test_layer_with_few_pairs_does_not_set_the_bar() -> None:
    near, gained = made_up(12, relation=0.5, seed=2)
    sparse = np.full((12, 12), np.nan)
    sparse[:4, :4] = np.random.default_rng(0).normal(size=(4, 4))
    found = associate_all(np.stack([near, sparse]), gained, permutations=999)
    assert found.p_corrected[0] < 3 * max(found.p[0], 0.001)


def test_empty_layer_is_undefined_and_never_best() -> None:
    near, gained = made_up(8)
    found = associate_all(np.stack([np.full((8, 8), np.nan), near]), gained, permutations=FEW)
    assert np.isnan([found.values[0], found.p[0], found.p_corrected[0]]).all()
    assert (found.best, found.intervals[0]) == (1, None)
    nothing = associate_all(np.full((2, 8, 8), np.nan), gained, permutations=FEW)
    assert nothing.best is None


# --- two beside each other


def test_difference_is_of_the_pairs_of_both() -> None:
    near, gained = made_up(9, missing=4)
    other, _ = made_up(9, seed=8, missing=4)
    found = difference(near, other, gained)
    both = np.where(np.isfinite(near) & np.isfinite(other), gained, np.nan)
    assert found.value == pytest.approx(ref_statistic(near, both) - ref_statistic(other, both))
    assert found.interval is not None
    assert found.interval[0] < found.value < found.interval[1]
    back = difference(other, near, gained)
    assert (back.value, back.interval) == (
        pytest.approx(-found.value), pytest.approx((-found.interval[1], -found.interval[0])))


def test_nothing_differs_from_itself() -> None:
    near, gained = made_up(8)
    assert difference(near, 2 * near, gained, "pearson").interval == pytest.approx((0, 0))


def test_pairing_makes_the_difference_surer() -> None:
    near, gained = made_up(16, relation=1.5)
    close = near + 0.05 * np.random.default_rng(0).normal(size=near.shape)
    both = difference(near, close, gained).interval
    alone = associate(near, gained, permutations=1).interval
    assert both is not None
    assert alone is not None
    assert both[1] - both[0] < (alone[1] - alone[0]) / 2


# --- messages and corners


@pytest.mark.parametrize(("argument", "message"), [
    ({"statistic": "kendall"}, "Statistic 'kendall' is not known.*target_spearman"),
    ({"adjust": "source"}, "Adjustment 'source' is not known.*both, none, target"),
    ({"alternative": "larger"}, "Alternative 'larger' is not known.*greater, less, two-sided")])
def test_unknown_names_are_refused(argument: dict[str, str], message: str) -> None:
    with pytest.raises(DataError, match=message):
        associate(*made_up(5), **argument)  # type: ignore[arg-type]


def test_one_table_is_no_stack() -> None:
    with pytest.raises(DataError, match=r"Several similarities have the shape \(5, 5\)"):
        associate_all(*made_up(5))


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
