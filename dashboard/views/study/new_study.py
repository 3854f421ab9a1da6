"""A new study: described by form or text, its data looked over, its cost measured, its start."""

from __future__ import annotations

import streamlit as st

from dashboard.drafts import Draft, draft_of
from dashboard.escaping import markdown_text
from dashboard.loads.checks import begin_prepared, checked
from dashboard.loads.data import store
from dashboard.loads.estimates import end_estimate
from dashboard.selection import Selection
from dashboard.state import bound, select
from dashboard.views.place import choose_place
from dashboard.views.problems import problems_shown
from dashboard.views.study.draft_form import choose_settings, choose_source
from dashboard.views.study.draft_text import show_draft_text
from dashboard.views.study.estimate import show_estimate
from dashboard.views.study.health import show_health
from dashboard.views.study.own_data import name_own_data, show_recognised
from gradsim_core import Prepared, Study, computed_at, study_run, study_yaml

_CHECK_HELP = ("Reads all rows, as the run would: sizes, empty and repeated rows, label balance, "
               "scripts, and what to beware of; then measures what the study will take.")


def describe_study(selection: Selection) -> None:
    """Describe a study, look at its data, see what it will take, start it."""
    draft = draft_of(selection.draft)
    left, right = st.columns([3, 2], gap="large")
    with right:
        show_draft_text(draft)
    with left, problems_shown():
        _form(draft)
    if not draft.readable:
        return
    good = draft.source != "own" or show_recognised(draft)
    if good and draft.study is not None:
        _check(selection, draft.study)
    elif draft.source == "hub" and not draft.named:
        st.info("Give the id of a data set, such as owner/name.")


def _form(draft: Draft) -> None:
    if not draft.readable:
        st.error(markdown_text(draft.problem, 600))
        st.caption("The form comes back when the text is YAML again.")
        return
    choose_source(draft)
    if draft.source == "own":
        name_own_data(draft)
    choose_settings(draft)
    if draft.problem:
        st.error(markdown_text(draft.problem, 600))


def _check(selection: Selection, study: Study) -> None:
    """The health of the study's data and its cost, once they are asked for."""
    st.toggle("Check the data", help=_CHECK_HELP,
              **bound("draft.health", bool(selection.health), lambda on: {"health": int(on)}))
    if not selection.health:
        st.caption("Next: check the data. Nothing is trained before you start the study.")
        return
    prepared, _ = checked(study)
    st.subheader("The data", anchor=False)
    show_health(study)
    if store().exists(prepared.signature, "grams.safetensors"):
        st.info("This study has been computed already: the same data, model and settings.")
        if st.button("Show it", type="primary"):
            _show(prepared.signature)
        return
    st.subheader("What it will take", anchor=False)
    _start(prepared)
    show_estimate(prepared.signature, study_yaml(study))


def _start(prepared: Prepared) -> None:
    run = study_run(store(), prepared.signature)
    if run is not None and run.coming:
        st.info("This study is being computed.")
        if st.button("Show it", type="primary"):
            _show(prepared.signature)
        return
    place = choose_place("study")
    if st.button("Start this study", type="primary"):
        end_estimate(prepared.signature)
        with computed_at(place):
            signature = begin_prepared(prepared)
        _show(signature)


def _show(signature: str) -> None:
    select(study=signature[:8], studying="chosen", draft="", health=0)
    st.rerun()
