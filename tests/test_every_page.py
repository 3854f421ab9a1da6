"""Every page, walked over: no widget without help, no page that fails, no address that changes."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest
from made_up_correlations import made_up_measures
from made_up_everything import write_everything
from made_up_experiments import made_up_experiment
from made_up_studies import EUROPEAN, SIGNATURE, write_study
from page_cases import cache as cache  # noqa: PLC0414 - a fixture
from page_cases import charts, opened_page
from page_views import correlation, groups, layers, similarity, study, training
from streamlit.testing.v1 import AppTest

from dashboard.aside import put_aside
from dashboard.selection import DEFAULT, Selection, query_of, selection_from
from gradsim_core import Reading, Rule, Store, decide, load_results, save_grouping

ROOT = Path(__file__).resolve().parents[1]
OTHER = "fedcba9876543210"
_INPUTS = ("checkbox", "color_picker", "date_input", "multiselect", "number_input", "radio",
           "select_slider", "selectbox", "slider", "text_area", "text_input", "time_input",
           "toggle", "button_group", "file_uploader")
_SAYS_ALL = ("button", "download_button", "link_button")


PAGES: list[Callable[[], None]] = [study, similarity, layers, groups, training, correlation]
VIEWS: list[tuple[Callable[[], None], dict[str, Any]]] = [
    *((page, {}) for page in PAGES), (study, {"studying": "new"}), (study, {"studying": "beside"}),
    (study, {"health": "1"}), (similarity, {"arrangement": "mds", "film": "1"}),
    (groups, {"strategy": "agglomerative", "k": "3"}), (groups, {"compared": "SAVED"}),
    (groups, {"opened": "SAVED", "sure": "1"}), (training, {"planning": "1"}),
    (training, {"planning": "1", "compared": "SAVED"}), (training, {"gains": "1"}),
    (correlation, {"correlating": "plan"}), (correlation, {"correlating": "import"}),
    (correlation, {"correlating": "import", "bringing": "similarity"})]


def everything(root: Path) -> str:
    """A study with all that can be found on one, another study, and a saved grouping: its id."""
    store = write_everything(root, preset="builtin")
    write_study(root, signature=OTHER, name="Another")
    os.utime(root / OTHER, (1, 1))
    return _saved(store)


def _saved(store: Store) -> str:
    loaded = load_results(store, SIGNATURE)
    return save_grouping(store, SIGNATURE, "mine", decide(loaded, Reading(), Rule(k=2)))


def without_help(app: AppTest) -> list[str]:
    """What can be used, but does not say what for."""
    found = []
    for kind in (*_INPUTS, *_SAYS_ALL):
        for one in app.get(kind):
            proto = one.proto
            label = str(getattr(proto, "label", ""))
            if getattr(proto, "help", "") or (kind in _SAYS_ALL and len(label) > 1):
                continue
            found.append(f"{kind} {label!r} ({proto.id})")
    return found


def view_id(view: tuple[Callable[[], None], dict[str, Any]]) -> str:
    page, query = view
    return "-".join([page.__name__, *(f"{key}-{value}" for key, value in query.items())])


@pytest.fixture
def view(cache: Path, request: pytest.FixtureRequest) -> AppTest:
    """A page as an address opens it, with all that can be found on a study."""
    page, query = request.param
    saved = everything(cache)
    return opened_page(page, study=SIGNATURE[:8], **{
        key: saved if value == "SAVED" else value for key, value in query.items()})


@pytest.mark.parametrize("view", VIEWS, ids=view_id, indirect=True)
def test_every_widget_says_what_it_is_for(view: AppTest) -> None:
    assert not view.error
    assert without_help(view) == []


@pytest.mark.parametrize("view", VIEWS, ids=view_id, indirect=True)
def test_a_browser_can_see_what_stands_already(view: AppTest) -> None:
    """What changes nothing may cost nothing: see `standing_chart`."""
    for chart in charts(view):
        layout = chart["figure"]["layout"]
        assert "datarevision" not in layout, "plotly would take other numbers for the same"
        assert "template" not in layout
        assert not chart["picks"] or layout["clickmode"] == "event", "the address marks"
        assert layout["height"] > 0, "room is kept for it"
        assert chart["alt"].strip()


def test_the_check_can_fail() -> None:
    def bare() -> None:
        import streamlit as st

        st.toggle("On")
        st.slider("How many", 0, 3, help="Of them all.")
        st.button("Do it")
        st.button("x")

    assert [one.split(" (")[0] for one in without_help(AppTest.from_function(bare).run())] == [
        "toggle 'On'", "button 'x'"]


def changed(saved: str) -> Selection:
    """A selection in which every field says something that this study has, and not the usual."""
    return Selection(
        study=SIGNATURE[:8], blocks="lower", reading="mean_cosine", correction="centred",
        snapshot=2, language="nld", strategy="agglomerative", k=3, smallest=2, largest=5, sure=1,
        together=("deu", "nld"), apart=("spa", "ita"), health=1, picture="png", planning=1,
        without=("oracle",), seeds=2, draws=10, experiment=made_up_experiment()["id"][:8],
        gains=1, left="embeddings", right="layer.3", lower_or_higher="aa11",
        topic_or_language="bb22", correlating="plan", correlation=made_up_measures()["id"][:8],
        measure="family", within=1, against="published", bringing="similarity",
        chosen=("deu", "fra"), naming="own",
        families=("Indo-European",), scripts=("Latn",), fewest=100, only=EUROPEAN[:6],
        strips=("family", "script"), arrangement="mds", beside=OTHER[:8], film=1, studying="new",
        draft="steps: 20\nseed: 1\n", opened=saved, edits=('["move",["deu"],"spa"]',), undone=1,
        compared=(saved,), guide=0, trial_steps=200, trial_rows=8, measuring=("family",), pairs=1,
        folds=("matrix", "-cut"), aside=put_aside(
            replace(DEFAULT, k=2, edits=('["new",["deu"]]',)))["aside"])


def test_every_field_is_changed() -> None:
    full = changed("00ff")
    assert [field.name for field in fields(Selection)
            if getattr(full, field.name) == getattr(DEFAULT, field.name)] == []
    assert selection_from(query_of(full)) == full


@pytest.mark.parametrize("page", PAGES)
def test_an_address_stays_as_it_was_given(page: Callable[[], None], cache: Path) -> None:
    saved = everything(cache)
    # A study that is being described, and data whose health is shown, are views of their own.
    full = replace(changed(saved), studying="chosen", health=0)
    app = opened_page(page, **query_of(full))
    assert not app.error
    found = selection_from({key: value if isinstance(value, list) else [value]
                            for key, value in app.query_params.items()})
    different = {field.name: (getattr(found, field.name), getattr(full, field.name))
                 for field in fields(Selection)
                 if getattr(found, field.name) != getattr(full, field.name)}
    assert different == {}
    again = app.run()
    assert not again.exception
    assert dict(again.query_params) == dict(app.query_params)


def test_whole_app_stands_at_a_full_address(cache: Path) -> None:
    saved = everything(cache)
    app = AppTest.from_file(os.fspath(ROOT / "dashboard" / "app.py"), default_timeout=60)
    for key, value in query_of(replace(changed(saved), health=0)).items():
        app.query_params[key] = value
    app.run()
    assert not app.exception
    assert not app.error
    assert without_help(app) == []
