"""Effects of sources and targets: by hand, against a regression on dummies, and what is left."""

from __future__ import annotations

import numpy as np
import pytest
from reference_statistics import ref_adjusted
from statistics_cases import made_up

from gradsim_core.statistics import doubly_centred, target_centred


def test_target_means_by_hand() -> None:
    table = np.array([[9, 1, 4], [2, 9, 8], [4, 3, 9]], dtype=float)
    assert target_centred(table)[[1, 2, 0, 2, 0, 1], [0, 0, 1, 1, 2, 2]] == pytest.approx(
        [-1, 1, -1, 1, -2, 2])


@pytest.mark.parametrize("missing", [0, 4])
@pytest.mark.parametrize(("adjust", "ours"), [("target", target_centred),
                                              ("both", doubly_centred)])
def test_as_a_regression_on_dummies_leaves_it(adjust: str, ours, missing: int) -> None:
    for table in made_up(6, missing=missing):
        off = np.where(np.eye(6, dtype=bool), np.nan, table)
        assert ours(table) == pytest.approx(ref_adjusted(off, adjust), abs=1e-9, nan_ok=True)


@pytest.mark.parametrize("missing", [0, 5])
def test_rows_and_columns_add_up_to_nothing(missing: int) -> None:
    left = doubly_centred(made_up(7, missing=missing)[1])
    assert np.nansum(left, axis=0) == pytest.approx(np.zeros(7), abs=1e-9)
    assert np.nansum(left, axis=1) == pytest.approx(np.zeros(7), abs=1e-9)


def test_additive_table_leaves_exact_zeros() -> None:
    effects = np.random.default_rng(0).normal(size=(2, 8))
    left = doubly_centred(5 + effects[0][:, None] + effects[1])
    assert (left[~np.eye(8, dtype=bool)] == 0).all(), "rounding would be ranked as if it were data"
    assert np.isnan(np.diagonal(left)).all()


def test_stack_is_centred_one_by_one_and_left_as_it_was() -> None:
    stack = np.stack(made_up(5, missing=2))
    before = stack.copy()
    assert doubly_centred(stack)[1] == pytest.approx(doubly_centred(stack[1]), nan_ok=True)
    np.testing.assert_array_equal(stack, before)


def test_parts_that_share_no_language_are_centred_apart() -> None:
    table = np.full((6, 6), np.nan)
    table[:3, :3] = np.arange(3)[:, None] + 10
    table[3:, 3:] = np.arange(3) - 10
    left = doubly_centred(table)
    assert left[np.isfinite(left)] == pytest.approx(np.zeros(12), abs=1e-9)


def test_nothing_defined_stays_nothing() -> None:
    assert np.isnan(doubly_centred(np.full((4, 4), np.nan))).all()
    assert np.isnan(target_centred(np.zeros((1, 1)))).all()
