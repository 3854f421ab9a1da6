"""The groups page: groups edited by hand, saved, opened, compared, and brought back from files."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from made_up_studies import EUROPEAN, HOSTILE, SIGNATURE, made_up_series, write_study
from page_cases import button, opened_page, shown_cache, titles, words
from streamlit.testing.v1 import AppTest

from dashboard.editing import leave_out, merge, move_to, new_group, rename
from dashboard.loads.data import results
from dashboard.loads.experiments import plan_of
from dashboard.loads.groupings import ShownGroups, hand_rule, saved_reading, shown_groups
from dashboard.loads.pictures import picture
from dashboard.loads.saved import brought, saved_of
from dashboard.selection import Selection
from gradsim_core import (
    GradSimError,
    NamedGroup,
    Reading,
    Rule,
    Store,
    check_decision,
    decide,
    decision_json,
    decision_of,
    delete_saved,
    save_grouping,
    saved_groupings,
)

OTHER = "fedcba9876543210"


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty cache folder that the dashboard shows."""
    yield from shown_cache(tmp_path, monkeypatch)


def groups() -> None:
    from dashboard.views.groups.page import groups_page
    from dashboard.views.problems import problems_shown

    with problems_shown():
        groups_page()


def training() -> None:
    from dashboard.views.problems import problems_shown
    from dashboard.views.training.page import training_page

    with problems_shown():
        training_page()


def opened(page: Callable[[], None] = groups, **query: object) -> AppTest:
    return opened_page(page, **query)


def again(app: AppTest) -> AppTest:
    app.run()
    assert not app.exception
    assert not app.error, [one.value for one in app.error]
    return app


def press(app: AppTest, label: str) -> AppTest:
    button(app, label).click()
    return again(app)


def edits_of(app: AppTest) -> list[str]:
    found = app.query_params.get("edits", [])
    return found if isinstance(found, list) else [found]


def cards(app: AppTest) -> dict[str, str]:
    """Title of each card -> its list of languages."""
    said = [one.value.replace("\\", "") for one in app.markdown]
    return {match[1]: said[at + 1] for at, one in enumerate(said)
            if (match := re.match(r"\*\*(.+)\*\* · \d+ language", one))}


def chooser(app: AppTest, label: str) -> Any:
    """The one select box of a label."""
    (found,) = [one for one in app.selectbox if one.label == label]
    return found


def unmarked(app: AppTest) -> dict[str, str]:
    """The cards, as if no language were marked."""
    return {title: held.replace("**", "").replace(" (marked)", "")
            for title, held in cards(app).items()}


def shown_decision(selection: Selection) -> tuple[ShownGroups, dict[str, Any]]:
    """What the page exports."""
    found = shown_groups(SIGNATURE, selection)
    return found, decision_of(results(SIGNATURE), found.reading, picture(
        SIGNATURE, found.reading).found, found.rule, found.made)


# editing

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
    for live in (r"(?<!\\)<", r"(?<!\\)\[x", r"www\\?\.", r":\\?/", r"(?<!\\)\*bold", ":red"):
        assert not re.search(live, said)


# saved

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


# round trip

EDITS = (new_group(["deu"]), rename("deu", "Só & <b>"), leave_out(["ita"]), merge("spa", "por"))
SHOWN = {
    "rule": Selection(k=3, correction="raw"),
    "links": Selection(k=3, together=("deu", "spa"), apart=("nld", "swe"), correction="centred"),
    "overlapping": Selection(strategy="overlapping", k=3, correction="raw"),
    "hand": Selection(k=2, correction="raw", edits=EDITS),
    "lower": Selection(k=2, correction="raw", blocks="embeddings:layer.1", snapshot=1),
    "all": Selection(strategy="all_languages", correction="raw", edits=EDITS[:1])}


@pytest.mark.parametrize("case", SHOWN)
def test_exported_and_brought_back_it_is_the_same_bytes(cache: Path, case: str) -> None:
    store = write_study(cache, targets=("tir",))
    _, decision = shown_decision(SHOWN[case])
    text = decision_json(decision)
    found = brought(SIGNATURE, Reading(), "mine.json", text.encode())
    assert found.differences == ()
    assert (found.name, found.signature) == ("mine", SIGNATURE)
    name = save_grouping(store, SIGNATURE, found.name, found.decision)
    reading = saved_reading(found.decision)
    _, again = shown_decision(Selection(
        opened=name, blocks=reading.blocks, correction=reading.correction or "",
        snapshot=reading.snapshot))
    assert decision_json(again) == text


def test_a_file_that_was_changed_is_told_and_opens_as_made_by_hand(cache: Path) -> None:
    write_study(cache)
    _, decision = shown_decision(SHOWN["rule"])
    decision["groups"][0]["languages"][0], decision["groups"][1]["languages"][0] = (
        decision["groups"][1]["languages"][0], decision["groups"][0]["languages"][0])
    decision["result"]["objective"] = 99.0
    found = brought(SIGNATURE, Reading(), "mine.json", decision_json(decision).encode())
    assert any("result.objective: the file says 99.0" in line for line in found.differences)
    assert found.decision["rule"]["strategy"] == "hand"
    assert found.decision["result"]["objective"] != 99.0


def test_groups_of_ones_own_are_brought(cache: Path) -> None:
    write_study(cache)
    text = "north: [German, nl, swe, dan]\nsouth: Spanish, ita\n"
    found = brought(SIGNATURE, Reading(blocks="lower"), "mine.yaml", text.encode())
    assert [one["name"] for one in found.decision["groups"]] == ["north", "south"]
    assert found.decision["similarity"]["blocks"] == "lower"
    assert {one["code"] for one in found.decision["not_grouped"]} == {"por", "fra"}


@pytest.mark.parametrize(("name", "data", "words"), [
    ("a.json", b"\xff\xfe", "not UTF-8"), ("a.json", b"{", "not JSON"),
    ("a.json", b"3", "no groups"),
    ("a.json", b'{"$schema": "urn:gradsim:decision:9"}', "not a decision of this version"),
    ("a.json", b'[["tur", "deu"]]', "'tur' of group 1 is not among"),
    ("a.json", b"[" * 99_999, "not JSON"), ("a.yaml", b"a: [", "not YAML"),
    ("a.json", b" " * 5_000_001, "may have 5 MB")])
def test_other_files_are_refused(cache: Path, name: str, data: bytes, words: str) -> None:
    write_study(cache)
    with pytest.raises(GradSimError, match=words) as caught:
        brought(SIGNATURE, Reading(), name, data)
    assert len(str(caught.value)) <= 400


def test_a_decision_of_another_study_is_opened_with_that(cache: Path) -> None:
    store = write_study(cache)
    write_study(cache, signature=OTHER, series=made_up_series([0, 0, 1, 1]))
    decision = decide(results(OTHER), Reading(), Rule(k=2))
    text = decision_json(decision).encode()
    found = brought(SIGNATURE, Reading(), "other.json", text)
    assert (found.signature, found.differences) == (OTHER, ())
    for part in ("grams.safetensors", "study.json", "scores/joint.json"):
        store.remove(OTHER, part)
    with pytest.raises(GradSimError, match=OTHER):
        brought(SIGNATURE, Reading(), "gone.json", text)


# trained

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


def test_pictures_say_that_groups_were_made_by_hand(cache: Path) -> None:
    write_study(cache)
    assert titles(opened(k="2", edits=[new_group(["deu"])]))[0].startswith("3 groups by hand")
    assert Store(cache).exists(SIGNATURE, "study.json")
