"""How sure the groups are: what resamples of the training's steps make of them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import streamlit as st

from dashboard.escaping import markdown_text, plain_text
from dashboard.exports import together_csv
from dashboard.figures.companions import companions_heatmap
from dashboard.figures.frame import ChartText
from dashboard.loads.data import study_title
from dashboard.loads.groupings import ShownGroups
from dashboard.loads.stabilities import Sure, stability_of
from dashboard.selection import Selection
from dashboard.shown import Picture
from dashboard.state import select
from dashboard.views.chart import is_dark, show_chart
from dashboard.words.summaries import count, stability_sentence
from gradsim_core import Results, Stability, settling_sentence

MOST_UNASKED = 13
"""Languages up to which groups are resampled without a click: two or three seconds."""


def found_stability(selection: Selection, signature: str, groups: ShownGroups) -> Sure | None:
    """What is known of the groups; None where it was not asked for and would take long."""
    quick = len(groups.codes) <= MOST_UNASKED and groups.rule.strategy != "overlapping"
    if not quick and not selection.sure:
        return None
    return stability_of(signature, groups.reading, groups.rule)


def show_stability(sure: Sure | None, selection: Selection, loaded: Results, shown: Picture,
                   groups: ShownGroups, order: Sequence[int],
                   frames: Sequence[tuple[str, int]]) -> None:
    """Show how often languages share a group, and from when on the groups were known.

    Parameters
    ----------
    order : positions of all languages, in the order of the groups
    frames : name and size of each group
    """
    st.subheader("How sure are these groups?", anchor=False)
    if sure is None:
        st.caption("The training's steps can be drawn anew, many times, and every draw grouped by "
                   "the same rule. With so many languages that takes a while.")
        st.button("Draw anew", on_click=select, kwargs={"sure": 1},
                  help="200 resamples; the result is kept for this server's next look.")
        return
    if sure.stability is None:
        st.caption(f"That cannot be said: {markdown_text(sure.reason)}")
    else:
        found = sure.stability
        st.markdown(markdown_text(stability_sentence(found, shown.names)))
        if groups.rule.hand:
            st.caption("Groups made by hand are held against the best groups of every resample, "
                       "with as many groups: a language *changes* where those put it elsewhere.")
        _chart(found, selection, loaded, shown, groups,
               [shown.found.languages[i] for i in order], frames)
    if sure.settling is not None:
        st.markdown(markdown_text(settling_sentence(sure.settling)))


def _chart(found: Stability, selection: Selection, loaded: Results, shown: Picture,
           groups: ShownGroups, codes: Sequence[str], frames: Sequence[tuple[str, int]]) -> None:
    at = [found.languages.index(code) for code in codes if code in found.languages]
    ordered = [found.languages[i] for i in at]
    together = found.together[np.ix_(at, at)]
    undefined = (f"; {count(found.undefined, 'more resample')} left a similarity undefined"
                 if found.undefined else "")
    text = ChartText(
        f"How often two languages share a group: {study_title(loaded)}", "together",
        (f"{found.resamples:,} resamples of the training's steps, grouped "
         f"{'as well as can be' if groups.rule.hand else 'by the same rule'} with the same K; "
         f"frames: the groups in question{undefined}", f"study {loaded.signature}"))
    figure = companions_heatmap(together, ordered, shown.names, frames, text, dark=is_dark())
    name = f"gradsim-{loaded.signature[:8]}-stability"
    show_chart(figure, name, selection, table={
        "Language": [shown.label(code) for code in ordered],
        "Group": [groups.names[groups.group_of[code]] for code in ordered],
        "Changes group, %": [round(100 * float(found.changes[i]), 1) for i in at],
        "Most often with": [_companions(found, i) for i in at]},
        alt="Heatmap of shares of resamples in which two languages share a group. "
            f"{stability_sentence(found, shown.names)}")
    st.download_button("Shares as CSV", together_csv(found, loaded.names, at), f"{name}-shares.csv",
                       "text/csv", on_click="ignore",
                       help="How often each two languages share a group.")


def _companions(found: Stability, at: int) -> str:
    share = found.together[at].copy()
    share[at] = -1
    return plain_text(", ".join(f"{found.languages[i]} {share[i]:.0%}"
                                for i in np.argsort(-share, kind="stable")[:3]))
