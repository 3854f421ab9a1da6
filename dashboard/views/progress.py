"""A run that waits for its turn or is under way, followed until it ends."""

from __future__ import annotations

import streamlit as st

from dashboard.escaping import markdown_text
from dashboard.loads.data import store
from dashboard.views.problems import problems_shown
from dashboard.words.runs import doing, how_long
from gradsim_core import Run, cancel_run, ensure_supervisor, find_run, list_runs, run_log


@st.fragment(run_every="2s")
def follow_run(run_id: str, until: tuple[str, str] | None = None) -> None:
    """Show a run's progress; draw the whole page anew once there is more to show.

    Parameters
    ----------
    until : signature and name of an entry that the page waits for, where that is not the run's end
    """
    with problems_shown():
        ensure_supervisor(store())
        run = find_run(store(), run_id)
        if not run.coming or (until is not None and store().exists(*until)):
            st.rerun()
        show_run(run)


def show_run(run: Run) -> None:
    """A run that is coming: how far it is, its log, and the button that cancels it."""
    st.progress(run.progress, text=f"**{run.progress:.0%}** · {markdown_text(doing(run), 120)}")
    others = list_runs(store(), live=True) if run.state == "queued" else []
    st.caption(f"{how_long(run, others)} It goes on if you close this page.")
    with st.expander("Log"):
        printed = run_log(store(), run.id, 12).strip()
        st.code(printed or _NOTHING[run.supervised], language=None, wrap_lines=True)
    if st.button("Cancel the run", key=f"cancel.{run.id}"):
        with st.spinner("Stopping; what has been done is kept …"):
            cancel_run(store(), run.id)
        st.rerun()


_NOTHING = {True: "Nothing printed yet.", False: "It prints in the terminal that it was started "
                                                 "in."}
