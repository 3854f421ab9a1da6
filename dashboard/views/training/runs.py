"""A study's trainings that wait or run, followed together, and one that did not come to its end."""

from __future__ import annotations

import streamlit as st

from dashboard.escaping import markdown_text
from dashboard.loads.data import store
from dashboard.loads.experiments import training_runs
from dashboard.views.problems import problems_shown
from dashboard.views.progress import show_run
from dashboard.words.experiments import run_words
from gradsim_core import Run, ensure_supervisor, resume_run

_KINDS = {"experiment": "Comparison", "train": "Training", "transfer": "Transfer",
          "measures": "Correlation", "lower-or-higher": "Experiment",
          "topic-or-language": "Experiment"}
_ENDED = {"failed": "The last {kind} failed.",
          "cancelled": "The last {kind} was cancelled; the models it had trained are kept.",
          "interrupted": "The last {kind} stopped before its end; the models it had trained are "
                         "kept."}


@st.fragment(run_every="2s")
def follow_runs(signature: str, coming: tuple[str, ...]) -> None:
    """Show the progress of runs; draw the whole page anew once one begins or ends.

    Parameters
    ----------
    coming : ids of the runs that the page was drawn with
    """
    with problems_shown():
        ensure_supervisor(store())
        runs = [run for run in training_runs(signature) if run.coming]
        if tuple(run.id for run in runs) != coming:
            st.rerun()
        for run in reversed(runs):  # in the order in which they get their turn
            with st.container(border=True):
                state = "queued" if run.state == "queued" else "running"
                title = f" · {markdown_text(run_words(run.title), 120)}" if run.title else ""
                st.markdown(f"**{_KINDS.get(run.kind, 'Run')}: {state}**{title}")
                show_run(run)


def offer_to_go_on(run: Run) -> None:
    """Say how a run ended, and hold the button that goes on with it."""
    kind = _KINDS.get(run.kind, "Run").lower()
    message = _ENDED.get(run.state, "").format(kind=kind)
    if run.state == "failed":
        st.error(f"{message} {markdown_text(run.error)}")
    else:
        st.info(message)
    if st.button("Go on with it", key=f"resume.{run.id}",
                 help="Starts it once more; what was done is not done again."):
        resume_run(store(), run.id)
        st.rerun()
