"""The Correlation page: does similarity predict cross-lingual scores?"""

from __future__ import annotations

import streamlit as st

from dashboard.loads.correlations import KIND, unfinished_correlation
from dashboard.loads.experiments import training_runs
from dashboard.loads.findings import findings_of
from dashboard.selection import Selection
from dashboard.state import bound
from dashboard.views.correlation.plan import plan_correlation
from dashboard.views.correlation.result import show_correlation
from dashboard.views.correlation.scores_import import bring_in
from dashboard.views.training.runs import follow_runs, offer_to_go_on
from dashboard.views.waiting import ready_study

_VIEWS = {"found": "Results", "plan": "New correlation", "import": "Own scores and similarities"}


def correlation_page() -> None:
    """Show how well each measure of similarity predicts transfer."""
    st.header("Correlation", anchor=False)
    found = ready_study()
    if found is None:
        return
    selection, signature = found
    runs, done = training_runs(signature), findings_of(signature, KIND)
    coming = tuple(run.id for run in runs if run.coming)
    own = any(run.coming and run.kind == KIND for run in runs)
    view = _view(selection, bool(done or own))
    if coming:
        follow_runs(signature, coming)
    ended = unfinished_correlation(runs)
    if ended is not None:
        offer_to_go_on(ended)
    if view == "import":
        bring_in(selection, signature)
    elif view == "plan":
        plan_correlation(selection, signature, runs, done)
    elif done:
        show_correlation(selection, signature, runs, done)
    else:
        st.caption("The verdict, the charts and the tables appear here by themselves.")


def _view(selection: Selection, something: bool) -> str:
    """Let the reader choose between what has been found, what could be, and own tables."""
    views = [name for name in _VIEWS if name != "found" or something]
    view = selection.correlating if selection.correlating in views else views[0]
    return st.segmented_control(
        "View", views, required=True, format_func=_VIEWS.__getitem__,
        help="What has been found; what a new correlation would take; tables from elsewhere.",
        label_visibility="collapsed", **bound("correlating", view)) or view
