"""The first tour: look at the heatmap, choose groups, take them away; skipped by one button.

It is shown while nobody has done anything here yet: at most one study, no grouping kept and no
experiment finished. The address holds the step.
"""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from dashboard.loads.data import store
from dashboard.selection import Selection
from dashboard.state import select, turn_to


@dataclass(frozen=True)
class _Step:
    """One card of the tour: what it says, and where its button leads."""

    title: str
    words: str
    button: str
    page: str


LAST = 3
STEPS = {
    1: _Step("Look", "One model learned from all languages together, and each cell of the heatmap "
             "says how far the gradients of two languages point the same way: warm together, "
             "blue apart. The tree joins the nearest first. **Move the slider “From … to” in the "
             "sidebar** to see lower and higher layers.", "Next: choose groups", "groups"),
    2: _Step("Choose groups", "Languages of one group are trained together. Below stand the best "
             "groups that these similarities allow, with a proof. **Change the number of groups "
             "(K)** if you need fewer or more, and look which languages waver.",
             "Next: take them away", "groups"),
    3: _Step("Take them away", "**Press “Decision as JSON” below the groups.** The file holds the "
             "groups and everything they follow from; `gradsim verify` derives them anew. Whether "
             "they help is found out by training: “Train these groups”.", "Done", "groups")}
_AT = {"similarity": (1,), "groups": (1, 2, LAST)}


def show_guide(page: str, selection: Selection, signature: str) -> None:
    """Show the step of the tour that belongs to a page, if there is one.

    Parameters
    ----------
    page : its path in the address
    """
    if selection.guide not in _AT.get(page, ()) or not _first_time(signature):
        return
    at = max(selection.guide, 2) if page == "groups" else selection.guide
    step = STEPS[at]
    with st.container(border=True, key="guide"):
        st.markdown(f"**{at} of {LAST} · {step.title}.** {step.words}")
        with st.container(horizontal=True, gap="small", vertical_alignment="center"):
            if st.button(step.button, type="primary" if at < LAST else "secondary",
                         key="guide.next"):
                _go_on(page, step, at)
            if at < LAST and st.button("Skip the tour", type="tertiary", key="guide.skip"):
                select(guide=0)
                st.rerun()


def _go_on(page: str, step: _Step, at: int) -> None:
    following = at + 1 if at < LAST else 0
    if step.page != page:
        turn_to(step.page, guide=following)
    select(guide=following)
    st.rerun()


def _first_time(signature: str) -> bool:
    """Whether nothing was made here yet but this study."""
    here = store()
    return len(here.signatures()) <= 1 and not any(
        here.names(signature, folder) for folder in ("groupings", "experiments", "findings"))
