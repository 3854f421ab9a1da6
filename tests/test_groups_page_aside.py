"""Edited groups that are left for others: kept, offered back, and taken up as they were."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from groups_page_cases import again, edits_of, opened, press, unmarked
from hypothesis import given
from hypothesis import strategies as st
from made_up_studies import SIGNATURE, made_up_series, write_study
from page_cases import cache as cache  # noqa: PLC0414 - a fixture
from page_cases import labels, words
from streamlit.testing.v1 import AppTest

from dashboard.aside import MOST_ASIDE, forgotten, kept_groups, put_aside, taken_up
from dashboard.editing import move_to, new_group, rename
from dashboard.selection import DEFAULT, Selection, query_of, selection_from
from gradsim_core import Reading, Rule, decide, load_results, save_grouping

EDITED = replace(DEFAULT, k=2, edits=(new_group(["deu"]), rename("deu", "Só & <b>")))
KEPT = "Your edited groups are kept: 2 changes to 2 groups by the objective."


def moved_line(app: AppTest) -> AppTest:
    slider = app.select_slider(key="view.cut")
    slider.set_value(slider.value + 1)
    return again(app)


def test_groups_are_taken_up_as_they_were_left(cache: Path) -> None:
    write_study(cache)
    app = opened(folds="cut", **query_of(EDITED))
    before = unmarked(app)
    assert "Só & <b>" in before
    assert "are kept" not in words(app)
    moved_line(app)
    assert edits_of(app) == []
    assert "Só & <b>" not in unmarked(app)
    assert KEPT in words(app)
    app.selectbox(key="view.strategy").set_value("k_means")
    press(again(app), "Take them up again")
    assert unmarked(app) == before
    assert app.query_params["k"] in ("2", ["2"])
    assert "strategy" not in app.query_params
    assert "are kept" not in words(app)


def test_groups_that_are_edited_meanwhile_are_kept_in_their_place(cache: Path) -> None:
    write_study(cache)
    app = moved_line(opened(folds="cut", **query_of(EDITED)))
    app.multiselect(key="view.editing").set_value(["swe", "dan"])
    press(again(app), "Make them a group")
    newer = unmarked(app)
    press(app, "Take them up again")
    assert "Só & <b>" in unmarked(app)
    assert "1 change to 4 groups by average linkage" in words(app)
    press(app, "Take them up again")
    assert unmarked(app) == newer
    assert KEPT in words(app)
    press(app, "Forget them")
    assert "Take them up again" not in labels(app)
    assert "aside" not in app.query_params


def test_a_saved_grouping_leaves_edits_to_be_taken_up(cache: Path) -> None:
    store = write_study(cache)
    loaded = load_results(store, SIGNATURE)
    save_grouping(store, SIGNATURE, "Mine", decide(loaded, Reading(), Rule(k=3)))
    app = opened(**query_of(EDITED))
    before = unmarked(app)
    press(app, "Open it")
    app.multiselect(key="view.editing").set_value(["swe"])
    press(again(app), "Make them a group")
    edited = unmarked(app)
    press(app, "Back to the rule")
    assert "1 change to a saved grouping." in words(app)
    app.button(key="aside.take.0").click()
    assert unmarked(again(app)) == edited
    app.button(key="aside.take.0").click()
    assert unmarked(again(app)) == before


def test_groups_of_another_study_are_not_offered(cache: Path) -> None:
    write_study(cache)
    other = "fedcba9876543210"
    write_study(cache, signature=other, series=made_up_series([0, 1] * 3))
    left = put_aside(replace(EDITED, study=other[:8]))["aside"]
    assert "Take them up again" in labels(opened(study=other[:8], aside=list(left)))
    assert "Take them up again" not in labels(opened(study=SIGNATURE[:8], aside=list(left)))


@pytest.mark.parametrize("kept", ["", "&&==", "edits=x", "k=3", "edits=%00&undone=9", "%ff" * 99])
def test_an_address_written_by_hand_breaks_nothing(cache: Path, kept: str) -> None:
    write_study(cache)
    assert not opened(aside=[kept, kept]).error


# pure

LEFT = st.builds(Selection, k=st.integers(0, 9), edits=st.lists(
    st.text(st.characters(exclude_categories=["Cs"])), min_size=1, max_size=4).map(tuple),
    strategy=st.sampled_from(["exact", "k_means"]), chosen=st.just(("deu",)),
    together=st.sampled_from([(), ("a,b&c=d", "é")]), opened=st.sampled_from(["", "0a0b"]))


@given(LEFT)
def test_what_is_put_aside_comes_back(left: Selection) -> None:
    after = replace(left, **put_aside(left), strategy="random", k=5, opened="ee")
    assert after.edits == ()
    assert selection_from(query_of(after)) == after, "through the address, too"
    (kept,) = after.aside
    assert replace(after, **taken_up(after, kept)) == left
    assert kept_groups(kept).edits == left.edits
    assert replace(after, **forgotten(after, kept)).aside == ()


def test_nothing_is_kept_without_an_edit_and_the_oldest_give_way() -> None:
    assert put_aside(replace(EDITED, undone=2)) == {"edits": (), "undone": 0}
    view = DEFAULT
    for k in range(1, MOST_ASIDE + 3):
        view = replace(view, k=k, edits=(move_to(["deu"], "spa"),))
        view = replace(view, **put_aside(view))
    assert [kept_groups(one).k for one in view.aside] == [3, 4, 5]
    twice = replace(view, k=4, edits=(move_to(["deu"], "spa"),))
    assert [kept_groups(one).k for one in put_aside(twice)["aside"]] == [3, 5, 4], "once each"
