"""Editing groups by hand: each edit, sequences of them, undoing, and what no edit is."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.editing import (
    MOST_EDITS,
    edited,
    leave_out,
    live_edits,
    merge,
    move_to,
    new_group,
    rename,
    with_edit,
    with_undone,
)
from dashboard.selection import DEFAULT, query_of, selection_from
from gradsim_core import NamedGroup

CODES = ("deu", "spa", "nld", "ita", "swe")
START = (NamedGroup(name="group 1", languages=("deu", "nld", "swe")),
         NamedGroup(name="group 2", languages=("spa", "ita")))

codes = st.lists(st.sampled_from([*CODES, "xxx"]), max_size=4)
anchor = st.sampled_from([*CODES, "xxx"])
edits = st.lists(st.one_of(
    st.builds(move_to, codes, anchor), st.builds(new_group, codes),
    st.builds(merge, anchor, anchor), st.builds(rename, anchor, st.text(max_size=70)),
    st.builds(leave_out, codes),
    st.text(max_size=20), st.recursive(st.none() | st.text(max_size=3), st.lists).map(json.dumps)),
    max_size=30)


def groups_after(*made: str) -> dict[str, str]:
    found = edited(START, made, CODES)
    assert found.skipped == ()
    assert found.applied == len(made)
    return {one.name: " ".join(one.languages) for one in found.groups}


def test_each_edit() -> None:
    assert groups_after() == {"group 1": "deu nld swe", "group 2": "spa ita"}
    assert groups_after(move_to(["nld", "deu"], "spa")) == {
        "group 2": "deu spa nld ita", "group 1": "swe"}
    assert groups_after(new_group(["swe", "ita"])) == {
        "group 1": "deu nld", "group 2": "spa", "group 3": "ita swe"}
    assert groups_after(merge("ita", "swe")) == {"group 2": "deu spa nld ita swe"}
    assert groups_after(rename("nld", "North & <West>")) == {
        "North & <West>": "deu nld swe", "group 2": "spa ita"}
    assert groups_after(leave_out(["spa", "ita"])) == {"group 1": "deu nld swe"}
    assert groups_after(leave_out(["spa"]), move_to(["spa"], "deu")) == {
        "group 1": "deu spa nld swe", "group 2": "ita"}


def test_names_stay_unique() -> None:
    assert list(groups_after(rename("deu", "group 2"))) == ["group 2 2", "group 2"]
    assert list(groups_after(rename("deu", "a"), new_group(["swe"]))) == ["a", "group 2", "group 3"]
    assert list(groups_after(merge("spa", "deu"), new_group(["deu"]), new_group(["ita"]))) == [
        "group 3", "group 2", "group 4"]


@pytest.mark.parametrize(("edit", "why"), [
    (move_to(["xxx"], "deu"), "xxx cannot be grouped here"),
    (move_to(["deu"], "xxx"), "xxx is in no"),
    (move_to(["deu"], "nld"), "stand there already"), (move_to([], "nld"), "stand there already"),
    (new_group([]), "no language is named"), (new_group(["ita", "spa"]), "are a group already"),
    (merge("deu", "nld"), "share a group already"), (merge("deu", "xxx"), "xxx is in no group"),
    (rename("xxx", "a"), "xxx is in no group"), (rename("deu", "group 1"), "has that name"),
    (rename("deu", " \n"), "a name is needed"), (leave_out(list(CODES)), "at least one language"),
    (leave_out(["yyy"]), "yyy cannot be grouped")])
def test_what_does_not_fit_is_told_and_changes_nothing(edit: str, why: str) -> None:
    found = edited(START, [edit], CODES)
    assert found.groups == START
    assert found.applied == 0
    (told,) = found.skipped
    assert why in told


@pytest.mark.parametrize("text", [
    "", "null", "[", "[" * 9000, "9" * 5000, "[]", "{}", '["boom"]', '["move"]', '["move", 1, 2]',
    '["move", ["deu"], ["spa"]]', '["new", ["deu", 7]]', '["rename", "deu"]', '[["new"], []]',
    '["__class__", []]', '["move", ["spa"], "deu", 1]', "NaN"])
def test_what_is_no_edit_is_passed_over(text: str) -> None:
    found = edited(START, [text, merge("deu", "spa")], CODES)
    assert (found.applied, found.skipped, len(found.groups)) == (1, (), 1)


@given(edits)
def test_any_edits_keep_a_partition(made: list[str]) -> None:
    found = edited(START, made, CODES)
    held = [code for one in found.groups for code in one.languages]
    assert held, "never nothing"
    assert len(set(held)) == len(held)
    assert set(held) <= set(CODES)
    assert len({one.name for one in found.groups}) == len(found.groups)
    assert all(one.name and len(one.name) <= 60 for one in found.groups)
    assert [list(one.languages) for one in found.groups] == sorted(
        (sorted(one.languages, key=CODES.index) for one in found.groups),
        key=lambda members: CODES.index(members[0]))


@given(edits.filter(bool), st.integers(0, 40))
def test_undone_and_done_again_is_as_before(made: list[str], times: int) -> None:
    view: dict[str, Any] = {"edits": tuple(made), "undone": 0}
    for _ in range(times):
        view |= with_undone(view["edits"], view["undone"], 1)
    assert len(live_edits(**view)) == max(0, len(made) - times)
    assert live_edits(**view) == tuple(made[:len(made) - times] if times < len(made) else ())
    for _ in range(times):
        view |= with_undone(view["edits"], view["undone"], -1)
    assert view == {"edits": tuple(made), "undone": 0}


def test_a_new_edit_forgets_what_was_undone() -> None:
    view = with_edit(("a", "b", "c"), 2, "d")
    assert view == {"edits": ("a", "d"), "undone": 0}
    assert with_edit(["a"], 99, "d") == {"edits": ("d",), "undone": 0}
    assert len(with_edit(["a"] * MOST_EDITS, 0, "b")["edits"]) == MOST_EDITS
    assert with_undone(["a"], 99, 1) == {"undone": 1}
    assert with_undone(["a"], 99, -1) == {"undone": 0}


@given(edits, st.integers(0, 40))
def test_edits_come_back_from_the_address(made: list[str], undone: int) -> None:
    selection = replace(DEFAULT, edits=tuple(made), undone=undone)
    assert selection_from(query_of(selection)).edits == (tuple(made) or ())


def test_twenty_five_edits_can_all_be_undone() -> None:
    made: tuple[str, ...] = ()
    seen = [edited(START, made, CODES).groups]
    for at in range(25):
        made = with_edit(made, 0, rename("deu", f"name {at}"))["edits"]
        seen.append(edited(START, made, CODES).groups)
    undone = 0
    for before in reversed(seen[:-1]):
        undone = with_undone(made, undone, 1)["undone"]
        assert edited(START, live_edits(made, undone), CODES).groups == before
    for after in seen[1:]:
        undone = with_undone(made, undone, -1)["undone"]
        assert edited(START, live_edits(made, undone), CODES).groups == after
