"""Tables below charts: how their numbers are written."""

from __future__ import annotations

import numpy as np
from made_up_experiments import made_up_experiment

from dashboard.views.chart import even_decimals
from dashboard.views.training.comparison import BEATEN
from dashboard.words.experiments import strategy_table


def test_numbers_of_a_column_have_equally_many_decimals() -> None:
    found = even_decimals({"name": ["a", "b", "c"], "objective": [8.06, 8.019, None],
                           "languages": [2, 3, 4], "score": [np.float64(0.5), 0.25, 1.0],
                           "raw": [1 / 3, 0.5, 1e-9]})
    assert {key: one["type_config"]["format"] for key, one in found.items()} == {
        "objective": "%.3f", "score": "%.2f", "raw": "%.4f"}


def test_the_column_with_a_shorter_heading_is_one_of_the_table() -> None:
    assert BEATEN in strategy_table(made_up_experiment())
