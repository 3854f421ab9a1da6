"""Runs under way, of whatever study, in the sidebar of every page: a way back to each."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

from dashboard.escaping import markdown_text
from dashboard.loads.data import store, study_card
from dashboard.selection import query_of
from dashboard.state import current_selection
from dashboard.views.problems import problems_shown
from dashboard.words.runs import KIND_WORDS, in_short, shown_at
from gradsim_core import GradSimError, Run, list_runs

MOST_SHOWN = 3


def show_live_runs(signature: str | None) -> None:
    """Show the runs that wait or are under way, while there are any.

    Parameters
    ----------
    signature : of the study that the page shows; its runs come first
    """
    coming = _coming()
    if coming:
        _follow(signature or "", tuple(run.id for run in coming))


def _coming() -> list[Run]:
    return [run for run in list_runs(store()) if run.coming]


@st.fragment(run_every="2s")
def _follow(signature: str, drawn: tuple[str, ...]) -> None:
    """The runs; the whole page is drawn anew once one begins or ends."""
    with problems_shown():
        coming = _coming()
        if tuple(run.id for run in coming) != drawn:
            st.rerun()
        coming.sort(key=lambda run: (run.state == "queued", run.signature != signature,
                                     run.created))
        for run in coming[:MOST_SHOWN]:
            with st.container(border=True, gap="small"):
                _show(run)
        if len(coming) > MOST_SHOWN:
            st.caption(f"… and {len(coming) - MOST_SHOWN} more waiting.")


def _show(run: Run) -> None:
    kind = KIND_WORDS.get(run.kind, "Run")
    st.markdown(f"**{kind}**: {markdown_text(_title(run), 50)}")
    st.progress(run.progress, text=in_short(run))
    page, changes = shown_at(run)
    # Streamlit knows a page by its path alone, so the function given here is never called.
    st.page_link(st.Page(lambda: None, title=page, url_path=page), label="Show",
                 icon=":material/arrow_forward:",
                 query_params=query_of(replace(current_selection(), **changes)))


def _title(run: Run) -> str:
    """The study's title, or what is known of it."""
    try:
        return study_card(run.signature).title
    except GradSimError:
        return run.title or run.signature[:8]
