"""What a described study will take, measured by a process of its own while the page goes on."""

from __future__ import annotations

import streamlit as st

from dashboard.escaping import markdown_text
from dashboard.loads.data import store
from dashboard.loads.estimates import COMING, end_estimate, estimate_of, shortage
from dashboard.views.problems import problems_shown
from dashboard.words.summaries import about, size
from gradsim_core import GradSimError

_KEY = "estimated"
_MODE = {"exact": "whole", "sketch": "sketched"}


def show_estimate(signature: str, study_yaml: str) -> None:
    """Show what a study will take, or that it is being measured.

    Parameters
    ----------
    signature : of the study
    study_yaml : the study, with data that can be read
    """
    before = st.session_state.get(_KEY)
    if before not in (None, signature):
        end_estimate(before)
    st.session_state[_KEY] = signature
    estimate = estimate_of(signature, study_yaml)
    if estimate.state in COMING:
        _follow(signature, study_yaml)
        return
    try:
        found = estimate.found()
    except GradSimError as error:
        st.warning(f"What it will take could not be measured. {markdown_text(error, 600)}")
        if st.button("Measure again"):
            end_estimate(signature)
            st.rerun()
        return
    seconds = found["train_seconds"] + found["score_seconds"]
    shown = {
        "Time, about": (about(seconds), "Training and scoring, from a few real steps of this "
                                            "study on this machine, now."),
        "Peak memory": (size(found["peak_memory_bytes"]), "Of the process that computes it."),
        "Disk": (size(found["disk_bytes"]), "Of the finished study; while it runs, checkpoints "
                 f"take {size(found['checkpoint_bytes'])} more."),
        "Gradients": (_MODE.get(found["mode"], found["mode"]),
                      "Whole gradients of every language, or a sketch of them where they would "
                      "not fit in 1 GiB."),
        "Rows": ("packed" if found["packed"] else "padded",
                 "Packed: several texts in one row, without padding.")}
    for column, (label, (value, help_text)) in zip(st.columns([3, 2, 2, 2, 2]),
                                                   shown.items(), strict=True):
        column.metric(label, value, help=help_text)
    if lack := shortage(found, store().root):
        st.warning(markdown_text(lack, 600))
    st.caption(f"Measured on a few steps: {found['n_languages']} languages to train on, "
               f"{found['n_parameters']:,} parameters.")


@st.fragment(run_every="1s")
def _follow(signature: str, study_yaml: str) -> None:
    """Wait for an estimate; draw the whole page anew once it is made."""
    with problems_shown():
        state = estimate_of(signature, study_yaml).state
        if state not in COMING:
            st.rerun()
        st.info("Measuring a few steps …" if state == "measuring" else
                "Another study is being measured first …", icon=":material/timer:")
        st.caption("The study can be started without waiting.")
