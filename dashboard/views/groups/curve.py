"""How many groups: what each K is worth, beside groups at random."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from dashboard.escaping import markdown_text
from dashboard.figures.k_curve import k_curve_chart, k_token
from dashboard.figures.plot_frame import PlotText
from dashboard.loads.curves import curve
from dashboard.loads.data import results, study_title
from dashboard.loads.groupings import ShownGroups
from dashboard.selection import Selection
from dashboard.shown import Picture
from dashboard.views.chart import is_dark, show_chart
from dashboard.views.groups.rule import WITHOUT_K
from dashboard.words.curves import curve_sentence, curve_table
from dashboard.words.summaries import CORRECTION_WORDS, READING_WORDS, count
from gradsim_core import GradSimError, KPoint

_BY = {"exact": "the best groups, proved, for every K",
       "agglomerative": "a cut of the tree (average linkage) for every K"}


def show_k_curve(selection: Selection, signature: str, shown: Picture,
                 groups: ShownGroups) -> None:
    """Show what each number of groups is worth."""
    st.subheader("How many groups?", anchor=False)
    try:
        found = curve(signature, groups.reading, groups.rule)
    except GradSimError as error:
        st.caption(f"That cannot be said: {markdown_text(error)}")
        return
    k, similarity = len([members for members in groups.members() if members]), shown.found
    sentence = curve_sentence(found.points, k)
    st.markdown(markdown_text(sentence))
    loaded = results(signature)
    text = PlotText(
        f"What each number of groups is worth: {study_title(loaded)}", "groups (models to serve)",
        "objective",
        (f"Sum over languages of the mean similarity to their group; {_BY[found.strategy]}; "
         "random: 200 draws; filled points are proved",
         f"{READING_WORDS[similarity.reading].capitalize()}, "
         f"{CORRECTION_WORDS.get(similarity.correction, similarity.correction)}; blocks "
         f"{groups.reading.blocks}; step {similarity.step}; "
         f"{count(len(groups.codes), 'language')}; study {signature}"))
    clicked = groups.rule.strategy not in (*WITHOUT_K, "hand") and groups.saved is None
    show_chart(k_curve_chart(found.points, (k, groups.made.objective), text, clicked=clicked,
                             dark=is_dark()),
               f"gradsim-{signature[:8]}-groups-curve", selection,
               turning=k_turns(found.points) if clicked else None,
               table=curve_table(found.points),
               alt=f"Line of the objective over the number of groups, with the range of random "
                   f"groups below it. {sentence}")
    st.caption("Groups that were looked for are worth more than groups at random at any K: what "
               "tells is where the distance to chance stops growing." +
               (" A click on a point takes its number of groups, as *Groups (K)* does."
                if clicked else ""))


def k_turns(points: Sequence[KPoint]) -> dict[str, dict[str, int]]:
    """What a click on each point changes in the selection."""
    return {k_token(one.k): {"k": one.k} for one in points}
