"""Label orders and p by hand; languages left out; bounded memory."""

from __future__ import annotations

from itertools import chain, permutations

import numpy as np
import pytest
from statistics_cases import made_up

from gradsim_core.statistics import associate
from gradsim_core.statistics.correlating import correlations, statistic_value, statistic_values
from gradsim_core.statistics.jackknife import (
    batches_to_leave_out,
    each_left_out,
    jackknife_interval,
    parts_to_leave_out,
    what_is_left_out,
    without_each,
)
from gradsim_core.statistics.permuting import (
    corrected_p_values,
    is_exact,
    label_orders,
    p_value,
    permuted_correlations,
    relabelled,
)

NULL = np.array([0.5, -0.4, 0.1, 0.3, -0.5 - 1e-12])


@pytest.mark.parametrize(("alternative", "expected"), [
    ("two-sided", 3 / 6), ("greater", 2 / 6), ("less", 6 / 6)])
def test_p_by_hand(alternative: str, expected: float) -> None:
    """Ties are extreme, those by rounding too; what was found is one of the orders."""
    assert p_value(0.5, NULL, alternative, exact=False) == pytest.approx(expected)
    assert p_value(-0.5, -NULL, {"greater": "less", "less": "greater"}.get(
        alternative, alternative), exact=False) == pytest.approx(expected)


def test_all_orders_are_counted_as_they_are() -> None:
    assert p_value(0.5, NULL, "two-sided", exact=True) == pytest.approx(2 / 5)


def test_order_without_a_value_counts_as_extreme() -> None:
    null = np.array([0.1, np.nan, 0.2])
    assert p_value(0.5, null, "greater", exact=False) == pytest.approx(2 / 4)
    assert np.isnan(p_value(float("nan"), NULL, "greater", exact=False))


def test_correction_by_hand() -> None:
    """All five orders, in units of their deviations, 1 and 10: the largest are 1, 1, 1, 2 and 2."""
    null = np.array([[1, 0, 9], [-1, 0, 9], [1, 0, 9], [-1, 20, 9], [1, -20, 9]]).astype(float)
    null[:, :2] *= [1, 10 / null[:, 1].std()]
    null[:, 0] /= null[:, 0].std()
    found = corrected_p_values(np.array([null[0, 0], null[3, 1], np.nan]), null, "two-sided",
                               exact=True)
    assert found[:2] == pytest.approx([1, 2 / 5])
    assert p_value(null[0, 0], null[:, 0], "greater", exact=True) == 3 / 5
    assert np.isnan(found[2])


def test_choosing_never_lowers_a_p() -> None:
    """Of the second, three of four orders have no value: extreme by itself and among two."""
    null = np.array([[0.1, np.nan], [-0.1, np.nan], [0.2, np.nan], [-0.2, 0.3]])
    found = corrected_p_values(np.array([0.5, 0.6]), null, "two-sided", exact=False)
    assert p_value(0.6, null[:, 1], "two-sided", exact=False) == pytest.approx(4 / 5)
    assert found[1] == pytest.approx(4 / 5)
    assert found[0] == pytest.approx(1 / 5)


def test_any_order_could_be_the_true_one() -> None:
    """Were each of 40 orders the true one in turn, k of them at most could have p <= k / 40."""
    draw = np.random.default_rng(0)
    every = draw.normal(size=(40, 30)) * draw.exponential(size=30)
    best = [corrected_p_values(every[at], np.delete(every, at, axis=0), "two-sided",
                               exact=False).min() for at in range(40)]
    assert np.sort(best) == pytest.approx(np.arange(1, 41) / 40)


def test_all_orders_where_there_are_few() -> None:
    found = np.concatenate(list(label_orders(4, 24, seed=0)))
    assert sorted(map(tuple, found.tolist())) == sorted(permutations(range(4)))
    assert is_exact(4, 24)
    assert not is_exact(4, 23)
    assert not is_exact(1000, 10 ** 9)


def test_random_orders_are_orders_and_as_many_as_asked() -> None:
    found = np.concatenate(list(label_orders(9, 1001, seed=0)))
    assert found.shape == (1001, 9)
    assert (np.sort(found, axis=1) == np.arange(9)).all()
    assert len(np.unique(found, axis=0)) > 900
    assert (found.mean(axis=0) == pytest.approx(4, abs=0.5))


def test_batches_take_bounded_memory() -> None:
    sizes = [len(batch) for batch in label_orders(300, 40, seed=0)]
    assert sum(sizes) == 40
    assert max(sizes) * 300 ** 2 <= 1_000_000
    leaving = list(batches_to_leave_out(300))
    assert max(map(len, leaving)) * 300 ** 2 <= 1_000_000
    assert np.concatenate([*chain(*leaving)]).tolist() == list(range(300))


def test_very_many_languages_are_left_out_by_hundredths() -> None:
    parts = parts_to_leave_out(1003)
    assert len(parts) == 100
    assert {len(part) for part in parts} == {10, 11}
    assert sorted(np.concatenate(parts)) == list(range(1003))
    assert what_is_left_out(1003) == "1/100 of the languages at a time"
    assert what_is_left_out(300) == "one language at a time"
    near, gained = made_up(301, relation=0.2)
    found = associate(near, gained, "pearson", permutations=1).interval
    off = np.where(np.eye(301, dtype=bool), np.nan, 0.0)
    one_by_one = np.array([
        statistic_value(*(table[stay][:, stay] for table in (near + off, gained + off)),
                        "pearson", "none")
        for stay in (np.delete(np.arange(301), one) for one in range(0, 301, 3))])
    assert found is not None
    assert found[1] - found[0] == pytest.approx(2 * 1.97 * np.sqrt(301) * np.std(one_by_one),
                                                rel=0.35)


def test_batches_make_no_difference() -> None:
    """150 languages take several batches: the interval is that of leaving out one by one."""
    near, gained = made_up(150, relation=0.2)
    found = associate(near, gained, "pearson", permutations=9)

    def value(stay: np.ndarray) -> float:
        return associate(near[stay][:, stay], gained[stay][:, stay], "pearson",
                         permutations=1).value

    some = [0, 43, 44, 45, 149]
    without = each_left_out(150, lambda stay: value(stay) if len(set(some) - set(stay)) else 0.0)
    off = np.where(np.eye(150, dtype=bool), np.nan, 0.0)
    ours = np.concatenate([
        statistic_values(without_each(near + off, batch), without_each(gained + off, batch),
                         "pearson", "none") for batch in batches_to_leave_out(150)])
    assert ours[some] == pytest.approx(without[some])
    assert found.interval == pytest.approx(jackknife_interval(found.value, ours,
                                                              correlation=True))


def test_large_tables_are_put_in_order_alike() -> None:
    table, orders = np.random.default_rng(0).random((120, 120)), next(label_orders(120, 3, seed=0))
    np.testing.assert_array_equal(relabelled(table, orders),
                                  table[orders[:, :, None], orders[:, None, :]])


def test_rows_and_columns_move_together() -> None:
    table = np.array([[0, 1, 2], [3, 4, 5], [6, 7, 8]])
    found = relabelled(table, np.array([[2, 0, 1]]))
    assert found.tolist() == [[[8, 6, 7], [2, 0, 1], [5, 3, 4]]]


@pytest.mark.parametrize("within_columns", [False, True])
def test_short_way_is_the_long_way(within_columns: bool) -> None:
    """Without missing pairs, products of standardised tables replace sums over what is shared."""
    near, gained = made_up(8)
    near[:, 3] = 0.25
    off = np.where(np.eye(8, dtype=bool), np.nan, 0.0)
    near, gained = near + off, gained + off
    orders = next(label_orders(8, 50, seed=0))
    assert permuted_correlations(near, gained, orders, within_columns) == pytest.approx(
        correlations(relabelled(near, orders), gained, within_columns))


def test_language_left_out_takes_its_row_and_its_column() -> None:
    found = without_each(np.arange(9.0).reshape(3, 3), np.array([0, 2]))
    np.testing.assert_array_equal(found[0], [[np.nan] * 3, [np.nan, 4, 5], [np.nan, 7, 8]])
    np.testing.assert_array_equal(found[1], [[0, 1, np.nan], [3, 4, np.nan], [np.nan] * 3])
