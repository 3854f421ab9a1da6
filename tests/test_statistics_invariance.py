"""Association: what changes nothing, and intervals that leave each language out."""

from __future__ import annotations

import numpy as np
import pytest
from reference_statistics import ref_statistic
from scipy.stats import t
from statistics_cases import FEW, made_up, value

from gradsim_core.statistics import ADJUSTMENTS, STATISTICS, associate

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
