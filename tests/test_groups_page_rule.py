"""What the groups page makes of a rule that its similarity alone cannot meet."""

from __future__ import annotations

from pathlib import Path

import pytest
from groups_page_cases import cards, chooser, opened, shown_decision
from made_up_studies import EUROPEAN, SIGNATURE, made_up_series, write_study
from page_cases import cache as cache  # noqa: PLC0414 - a fixture
from page_cases import words

from dashboard.loads.data import store
from dashboard.loads.groupings import shown_groups
from dashboard.selection import Selection
from gradsim_core import STRATEGIES, Rule
from gradsim_core.decisions.verification import check_decision


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_every_strategy_makes_groups_with_a_free_k(cache: Path, strategy: str) -> None:
    write_study(cache)
    app = opened(strategy=strategy)
    assert not app.error, [one.value for one in app.error]
    assert cards(app)


def test_random_groups_are_as_many_as_the_best_ones(cache: Path) -> None:
    write_study(cache, series=made_up_series([0, 0, 0, 1, 1, 1, 2, 2]))
    best = shown_groups(SIGNATURE, Selection(correction="raw")).made
    assert best.k == 3, "or another number could not be told from a fixed one"
    found, decision = shown_decision(Selection(correction="raw", strategy="random"))
    assert found.rule == Rule(strategy="random", k=3)
    assert sorted(map(len, found.made.groups)) == [2, 3, 3]
    assert found.told == ()
    assert check_decision(decision, store()) == []
    tight = shown_groups(SIGNATURE, Selection(correction="raw", strategy="random", smallest=4))
    assert tight.rule.k == 2, "within the same limits"
    fixed = shown_groups(SIGNATURE, Selection(correction="raw", strategy="random", k=5))
    assert fixed.made.k == 5
    app = opened(strategy="random")
    assert "free: as many as the best groups" in chooser(app, "Groups (K)").options


def test_a_link_to_a_language_that_cannot_be_grouped_is_left_out(cache: Path) -> None:
    write_study(cache, series=made_up_series([0, 1] * 4, invalid={EUROPEAN[0]: "too few rows"}))
    app = opened(together=EUROPEAN[:3], apart=[EUROPEAN[0], EUROPEAN[3]])
    assert not app.error, [one.value for one in app.error]
    assert "deu cannot be grouped under this reading" in words(app)
    assert any("Spanish" in held and "Dutch" in held for held in cards(app).values()), (
        "the others are kept together still")
