"""The training page: do the groups help? What it would take, how far it is, what came out."""

from __future__ import annotations

import streamlit as st

from dashboard.loads.experiments import finished, training_runs, unfinished
from dashboard.selection import Selection
from dashboard.state import bound
from dashboard.views.training.comparison import show_comparison
from dashboard.views.training.plan import plan_comparison
from dashboard.views.training.runs import follow_runs, offer_to_go_on
from dashboard.views.waiting import ready_study

_VIEWS = ("Results", "New comparison")


def training_page() -> None:
    """Show whether training in groups helps."""
    st.header("Training", anchor=False)
    found = ready_study()
    if found is None:
        return
    selection, signature = found
    runs, done = training_runs(signature), finished(signature)
    coming = tuple(run.id for run in runs if run.coming)
    planning = _planning(selection, bool(done or coming))
    if coming:
        follow_runs(signature, coming)
    ended = unfinished(runs)
    if ended is not None:
        offer_to_go_on(ended)
    if planning:
        plan_comparison(selection, signature, runs, done)
    elif done:
        show_comparison(selection, signature, runs, done)
    else:
        st.caption("The verdict, the charts and the tables appear here by themselves.")


def _planning(selection: Selection, something: bool) -> bool:
    """Let the reader choose between what has been found and what could be, where there is both."""
    if not something:
        return True
    return _VIEWS[1] == st.segmented_control(
        "View", _VIEWS, required=True, label_visibility="collapsed",
        help="What has been found, or what a new comparison would take.",
        **bound("planning", _VIEWS[selection.planning],
                lambda view: {"planning": int(view == _VIEWS[1])}))
