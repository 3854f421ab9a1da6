"""Groups made by hand or saved, as training compares them."""

from __future__ import annotations

from pathlib import Path

from groups_page_cases import EDITS, opened
from made_up_studies import EUROPEAN, SIGNATURE, write_study
from page_cases import cache as cache  # noqa: PLC0414 - a fixture
from page_cases import words
from page_views import training

from dashboard.loads.data import results
from dashboard.loads.experiments import plan_of
from dashboard.loads.groupings import hand_rule, shown_groups
from dashboard.selection import Selection
from gradsim_core import NamedGroup, Reading, Rule, decide, save_grouping


def test_edited_groups_are_what_training_compares(cache: Path) -> None:
    store = write_study(cache)
    selection = Selection(k=2, correction="raw", edits=EDITS)
    found = shown_groups(SIGNATURE, selection)
    plan = plan_of(selection, found)
    assert plan.strategies[:2] == ("hand", "gradient")
    assert ("deu",) in plan.groups
    assert ("ita",) in plan.groups, "left out: trained alone"
    assert sorted(code for one in plan.groups for code in one) == sorted(EUROPEAN)
    app = opened(training, k="2", edits=list(EDITS), planning="1")
    assert not app.error
    assert "Hand-made groups" in words(app)
    assert "trained alone: Italian" in words(app)
    assert "Gradient groups" in [one.label for one in app.toggle]
    assert not (store.root / SIGNATURE / "plans").exists()


def test_saved_groups_train_by_their_own_rule(cache: Path) -> None:
    store = write_study(cache)
    decision = decide(results(SIGNATURE), Reading(), Rule(k=3, smallest=2))
    name = save_grouping(store, SIGNATURE, "A", decision)
    selection = Selection(k=5, opened=name, correction="raw")
    plan = plan_of(selection, shown_groups(SIGNATURE, selection))
    assert (plan.strategies[0], plan.rule.k, plan.rule.smallest) == ("gradient", 3, 2)


def test_hand_rule_keeps_the_limits() -> None:
    rule = Rule(k=4, smallest=2, largest=5, must_link=(("a", "b"),), seed=3)
    found = hand_rule(rule, [NamedGroup(name="x", languages=("a", "b"))])
    assert (found.k, found.smallest, found.largest, found.must_link) == (None, 2, 5, (("a", "b"),))
    assert found.strategy == "hand"
