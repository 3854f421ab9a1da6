"""A run that is under way, followed until it ends."""

from __future__ import annotations

from datetime import UTC, datetime

import streamlit as st

from dashboard.data import store
from dashboard.escaping import markdown_text
from dashboard.summaries import about, duration
from dashboard.views.problems import problems_shown
from gradsim_core import cancel_run, log_tail, run_state


@st.fragment(run_every="2s")
def follow_run(signature: str, until_ready: bool) -> None:
    """Show a run's progress; draw the whole page anew once there is more to show.

    Parameters
    ----------
    until_ready : whether the page waits for the similarity only, not for the end of the run
    """
    with problems_shown():
        state = run_state(store(), signature)
        ready = store().exists(signature, "grams.safetensors")
        if state.state != "running" or (until_ready and ready):
            st.rerun()
        st.progress(state.progress, text=f"**{state.progress:.0%}** · "
                                         f"{markdown_text(state.message.capitalize(), 120)}")
        left = f"about {about(state.eta_s)} left" if state.eta_s is not None else "time left: " \
            "not known yet"
        st.caption(f"Running for {_since(state.started)}, {left}. It goes on if you close this "
                   "page.")
        with st.expander("Log"):
            printed = log_tail(store(), signature, 12).strip()
            st.code(printed or "Nothing printed yet.", language=None)
        if st.button("Cancel the run", key=f"cancel.{signature}"):
            with st.spinner("Stopping; what has been done is kept …"):
                cancel_run(store(), signature)
            st.rerun()


def _since(started: str | None) -> str:
    if not started:
        return "a moment"
    return duration((datetime.now(UTC) - datetime.fromisoformat(started)).total_seconds())
