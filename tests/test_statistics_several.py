"""Association of several similarities: layers that pay for the choice, two beside each other."""

from __future__ import annotations

import numpy as np
import pytest
from reference_statistics import ref_statistic
from statistics_cases import FEW, made_up

from gradsim_core.errors import DataError
from gradsim_core.statistics import associate, associate_all, difference

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


def test_one_table_is_no_stack() -> None:
    with pytest.raises(DataError, match=r"Several similarities have the shape \(5, 5\)"):
        associate_all(*made_up(5))
