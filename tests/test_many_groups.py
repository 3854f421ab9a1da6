"""Many groups: a table in place of a wall of cards."""

from __future__ import annotations

from pathlib import Path

import pytest
from made_up_studies import made_up_series, write_study
from page_cases import cache as cache  # noqa: PLC0414 - a fixture
from page_cases import opened_page, words

from dashboard.views.groups.cards import MOST_CARDS


def groups() -> None:
    from dashboard.views.groups.page import groups_page

    groups_page()


@pytest.mark.parametrize("k", [MOST_CARDS, MOST_CARDS + 1])
def test_more_groups_than_cards_hold_are_rows_of_a_table(cache: Path, k: int) -> None:
    n = 2 * (MOST_CARDS + 1)
    write_study(cache, series=made_up_series([i // 2 for i in range(n)],
                                             codes=[f"l{i:02}" for i in range(n)]))
    app = opened_page(groups, k=k, strategy="agglomerative")
    cards = words(app).count("**Group ")
    tables = [one.value for one in app.dataframe if "Which" in one.value]
    if k > MOST_CARDS:
        assert cards == 0
        (table,) = tables
        assert table["Languages"].sum() == n
        assert "l00, l01" in set(table["Which"])
        assert table["Group"].iloc[0] == "Group 1"
    else:
        assert (cards, tables) == (k, [])
