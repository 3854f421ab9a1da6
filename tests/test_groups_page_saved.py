"""Groups saved on their page: opened again, renamed, deleted, compared; and damaged ones."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from groups_page_cases import again, cards, chooser, opened, press, shown_decision
from made_up_studies import SIGNATURE, write_study
from page_cases import button, words
from page_cases import cache as cache  # noqa: PLC0414 - a fixture

from dashboard.editing import rename
from dashboard.loads.data import results
from dashboard.selection import Selection
from gradsim_core import (
    Reading,
    Rule,
    check_decision,
    decide,
    decision_json,
    delete_saved,
    save_grouping,
    saved_groupings,
)


def test_groups_are_saved_opened_renamed_and_deleted(cache: Path) -> None:
    store = write_study(cache)
    app = opened(k="3", edits=[rename("deu", "North")])
    app.text_input(key="saved.name").set_value("Mine")
    press(app, "Save")
    (kept,) = saved_groupings(store, SIGNATURE)
    assert kept.name == "Mine"
    assert kept.decision["groups"][0]["name"] == "North"
    assert check_decision(json.loads(decision_json(dict(kept.decision))), store) == []

    app = opened(k="2")
    press(app, "Open it")
    assert app.query_params["opened"] in (kept.id, [kept.id])
    assert "North" in cards(app)
    assert "a saved grouping, is shown" in words(app)
    assert "Strategy" not in [one.label for one in app.selectbox]
    app.text_input(key=f"saved.rename.{kept.id}").set_value("Ours")
    app.button(key="saved.rename").click()
    again(app)
    (renamed,) = saved_groupings(store, SIGNATURE)
    assert renamed.name == "Ours"
    assert app.query_params["opened"] in (renamed.id, [renamed.id]), "still open"
    press(app, "Delete it")
    assert saved_groupings(store, SIGNATURE) == []
    assert "opened" not in app.query_params
    assert "None yet" in words(app)


def test_an_empty_name_is_told(cache: Path) -> None:
    write_study(cache)
    app = opened(k="2")
    app.text_input(key="saved.name").set_value("  ")
    button(app, "Save").click().run()
    (told,) = app.error
    assert "under a name" in told.value


def test_a_saved_grouping_that_is_gone_is_told(cache: Path) -> None:
    store = write_study(cache)
    name = save_grouping(store, SIGNATURE, "A", decide(results(SIGNATURE), Reading(), Rule(k=2)))
    delete_saved(store, SIGNATURE, name)
    for wanted in (name, "../study", "<b>"):
        app = opened(k="3", opened=wanted, compared=[wanted])
        assert not app.error
        assert "not here (any more)" in words(app)
        assert len(cards(app)) == 3, "the rule's groups"


def test_a_damaged_one_is_told_and_the_others_can_be_opened(cache: Path) -> None:
    store = write_study(cache)
    loaded = results(SIGNATURE)
    names = [save_grouping(store, SIGNATURE, f"K {k}", decide(loaded, Reading(), Rule(k=k)))
             for k in (2, 3)]
    file = cache / SIGNATURE / "groupings" / f"{names[0]}.json"
    file.write_bytes(file.read_bytes()[:-40])
    app = opened()
    assert "1 saved grouping could not be read and was set aside" in words(app)
    assert chooser(app, "Saved grouping").options == ["K 3"]


def test_opened_under_another_reading_it_is_scored_by_that(cache: Path) -> None:
    store = write_study(cache)
    decision = decide(results(SIGNATURE), Reading(blocks="lower"), Rule(k=3))
    name = save_grouping(store, SIGNATURE, "Low", decision)
    found, _ = shown_decision(Selection(opened=name, blocks="lower", correction="raw"))
    assert (found.rule, found.told) == (Rule(k=3), ())
    other, written = shown_decision(Selection(opened=name, blocks="higher", correction="raw"))
    assert other.rule.strategy == "hand"
    assert "another reading" in other.told[0]
    assert other.members() == found.members()
    assert written["similarity"]["blocks"] == "higher"
    assert check_decision(written, store) == []


def test_groupings_are_compared(cache: Path) -> None:
    store = write_study(cache)
    loaded = results(SIGNATURE)
    ids = [save_grouping(store, SIGNATURE, f"K {k}", decide(loaded, Reading(), Rule(k=k)))
           for k in (2, 3)]
    app = opened(k="2", compared=ids)
    table = next(one.value for one in app.dataframe if "Who moves" in one.value.columns)
    assert list(zip(table["First"], table["Second"], strict=True)) == [
        ("shown", "K 2"), ("shown", "K 3"), ("K 2", "K 3")]
    assert table["Who moves"][0] == "nobody"
    assert table["Adjusted Rand index"][0] == 1.0
    three = decide(loaded, Reading(), Rule(k=3))["result"]["objective"]
    two = decide(loaded, Reading(), Rule(k=2))["result"]["objective"]
    assert table["Difference"][2] == pytest.approx(three - two)
