"""Groups at random: drawn as often as asked, scored as any others."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest

from gradsim_core.errors import GroupingError
from gradsim_core.grouping import objective
from gradsim_core.grouping.chance import random_objectives


def made_up(n: int) -> np.ndarray:
    table = np.random.default_rng(n).uniform(-1, 1, size=(n, n))
    np.fill_diagonal(table, np.nan)
    return np.where(np.isnan(table), 1.0, table)


def test_each_draw_is_the_objective_of_some_such_groups() -> None:
    table, sizes = made_up(5), (2, 2, 1)
    possible = {round(objective(table, [order[:2], order[2:4], order[4:]], alone=0.3), 9)
                for order in permutations(range(5))}
    drawn = random_objectives(table, sizes, draws=300, alone=0.3, seed=1)
    assert {round(float(value), 9) for value in drawn} == possible, "300 draws meet all 30"


def test_the_mean_is_what_two_languages_average() -> None:
    table = made_up(12)
    mean = table[~np.eye(12, dtype=bool)].mean()
    drawn = random_objectives(table, (4, 4, 4), draws=2000)
    assert drawn.mean() == pytest.approx(12 * mean, abs=0.1)
    assert random_objectives(table, [1] * 12, draws=3, alone=0.5) == pytest.approx([6.0] * 3)
    assert np.ptp(random_objectives(table, [12], draws=5)) < 1e-9


def test_the_same_seed_draws_the_same() -> None:
    table = made_up(6)
    first, again, other = (random_objectives(table, (3, 3), draws=9, seed=seed)
                           for seed in (1, 1, 2))
    assert (first == again).all()
    assert (first != other).any()


@pytest.mark.parametrize("sizes", [(), (2, 2), (6, 0), (7,)])
def test_sizes_that_do_not_fit_are_refused(sizes: tuple[int, ...]) -> None:
    with pytest.raises(GroupingError, match="do not hold 6 exactly"):
        random_objectives(made_up(6), sizes)
