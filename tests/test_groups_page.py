"""Groups edited by hand on their page: moved, split, merged, renamed, undone, and told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from groups_page_cases import (
    again,
    cards,
    chooser,
    edits_of,
    opened,
    press,
    shown_decision,
    unmarked,
)
from made_up_studies import EUROPEAN, HOSTILE, SIGNATURE, made_up_series, write_study
from page_cases import button, live_markup, titles, words
from page_cases import cache as cache  # noqa: PLC0414 - a fixture

from dashboard.editing import leave_out, move_to, new_group, rename
from dashboard.loads.data import results
from dashboard.loads.groupings import shown_groups
from dashboard.loads.saved import saved_of
from dashboard.selection import Selection
from gradsim_core import Reading, Rule, decide, save_grouping


def test_languages_move_and_every_change_stands_in_the_address(cache: Path) -> None:
    write_study(cache)
    app = opened(k="2")
    before = cards(app)
    app.multiselect(key="view.editing").set_value(["swe", "dan"])
    again(app)
    assert app.query_params["chosen"] == ["swe", "dan"]
    assert "**Swedish (swe)** (marked)" in words(app)
    press(app, "Make them a group")
    assert edits_of(app) == [new_group(["swe", "dan"])]
    assert "Made by hand." in words(app)
    assert set(cards(app)) == {"Group 1", "Group 2", "Group 3"}
    chooser(app, "Move to").set_value("spa")
    again(app)
    press(app, "Move")
    assert edits_of(app)[1] == move_to(["swe", "dan"], "spa")
    assert "swe" in cards(app)["Group 2"]
    for _ in range(2):
        press(app, "Undo")
    assert unmarked(app) == before
    assert button(app, "Undo").disabled
    assert "Made by hand" not in words(app)
    press(app, "Redo")
    press(app, "Leave them out")
    assert edits_of(app) == [new_group(["swe", "dan"]), leave_out(["swe", "dan"])]
    assert "undone" not in app.query_params, "what was undone is forgotten"
    assert "because it was left out by hand" in words(app)
    press(app, "Drop all changes")
    assert unmarked(app) == before


def test_groups_are_split_merged_and_renamed(cache: Path) -> None:
    write_study(cache, series=made_up_series([0, 0, 1, 1, 2, 2]))
    app = opened(k="2")
    names = set(cards(app))
    press(app, "Split in two")
    assert len(cards(app)) == 3
    chooser(app, "Group").set_value(EUROPEAN[0])
    again(app)
    press(app, "Merge")
    assert len(cards(app)) == 2
    app.text_input(key="editing.name").set_value("West & *North*")
    press(app, "Rename")
    assert "West & *North*" in cards(app)
    assert names - set(cards(app))
    assert app.text_input(key="editing.name").value == ""
    sent = len(edits_of(app))
    press(app, "Rename")
    assert len(edits_of(app)) == sent, "no name is no change"


def test_twenty_five_changes_are_undone_and_done_again(cache: Path) -> None:
    write_study(cache)
    made = [rename("deu", f"name {at}") for at in range(25)]
    app = opened(k="2", edits=made)
    assert "name 24" in cards(app)
    for left in range(24, -1, -1):
        press(app, "Undo")
        assert f"{left} change" in words(app) or left == 0
    assert "Group 1" in cards(app)
    for _ in range(25):
        press(app, "Redo")
    assert "name 24" in cards(app)
    assert "undone" not in app.query_params


@pytest.mark.parametrize("edits", [
    ["", "null", '["move"]', "[[[["], ['["new", ["deu", 3]]', '["__class__"]', "9" * 999]])
def test_what_is_no_edit_is_passed_over(cache: Path, edits: list[str]) -> None:
    write_study(cache)
    app = opened(k="2", edits=edits, undone="-3")
    assert not app.error
    assert not app.warning
    assert "Proved optimal" in words(app)


def test_a_change_that_does_not_fit_is_told_and_the_others_stand(cache: Path) -> None:
    write_study(cache)
    app = opened(k="2", edits=[move_to(["<b>xxx</b>"], "deu"), new_group(["deu"])])
    (told,) = [one.value.replace("\\", "") for one in app.warning]
    assert "<b>xxx</b> cannot be grouped here" in told
    assert len(cards(app)) == 3


def test_broken_limits_are_told(cache: Path) -> None:
    write_study(cache)
    app = opened(k="2", together=["deu", "nld"], edits=[new_group(["deu"])])
    assert not app.error
    assert "Not as asked: German and Dutch stand apart" in words(app)


def test_overlapping_groups_are_edited_as_they_serve(cache: Path) -> None:
    write_study(cache)
    app = opened(strategy="overlapping", k="3", edits=[rename("deu", "mine")])
    assert "do not overlap" in words(app)
    found = shown_groups(SIGNATURE, Selection(strategy="overlapping", k=3, correction="raw"))
    edited, _ = shown_decision(Selection(strategy="overlapping", k=3, correction="raw",
                                         edits=(rename("deu", "mine"),)))
    assert [m for m in found.members() if m] == edited.members()


def test_hostile_names_stay_text(cache: Path) -> None:
    store = write_study(cache, series=made_up_series([0, 1] * 3, codes=HOSTILE),
                        names=dict(zip(HOSTILE, HOSTILE, strict=True)))
    query: dict[str, Any] = {"k": "2", "edits": [rename(HOSTILE[0], HOSTILE[4]),
                                                 rename(HOSTILE[1], HOSTILE[0])]}
    loaded = results(SIGNATURE)
    for name in HOSTILE:
        save_grouping(store, SIGNATURE, name, decide(loaded, Reading(), Rule(k=2)))
    app = opened(**query, opened=saved_of(SIGNATURE).groupings[0].id,
                 compared=[one.id for one in saved_of(SIGNATURE).groupings[:3]])
    said = "\n".join(str(one.value) for kind in ("markdown", "caption", "warning")
                     for one in app.get(kind))
    assert "out\\.example" in said
    assert live_markup(said) == []


def test_pictures_say_that_groups_were_made_by_hand(cache: Path) -> None:
    write_study(cache)
    assert titles(opened(k="2", edits=[new_group(["deu"])]))[0].startswith("3 groups by hand")
