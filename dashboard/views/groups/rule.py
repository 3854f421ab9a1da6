"""How the groups are to be made: strategy, K, sizes and links."""

from __future__ import annotations

import streamlit as st

from dashboard.escaping import plain_text
from dashboard.selection import Selection
from dashboard.shown import Picture
from dashboard.state import bound
from gradsim_core import STRATEGIES, placed_languages

STRATEGY_WORDS = {
    "exact": ("Best groups, proved", "Looks for the grouping with the highest objective and "
              "proves that there is none better, or says how much better one could be."),
    "overlapping": ("Best groups, may overlap", "A language may help several groups, and is "
                    "served by the one that suits it best (as in TAG)."),
    "agglomerative": ("Cut of the tree", "Joins the nearest languages first, and cuts the tree "
                      "into K groups."),
    "spectral": ("Spectral clustering", "Clusters the languages along the main directions of "
                 "the similarity."),
    "k_means": ("K-means", "Clusters the rows of the similarity matrix."),
    "local_search": ("Local search", "Improves groups move by move; for hundreds of languages. "
                     "Gives an upper bound, not a proof."),
    "monolingual": ("Each language alone", "For comparison: no language helps another."),
    "all_languages": ("All languages together", "For comparison: one group."),
    "family": ("By family", "For comparison: the branches of the family tree, without any look "
               "at the gradients."),
    "random": ("At random", "For comparison: groups of nearly equal size, drawn by seed."),
}
WITHOUT_K = ("monolingual", "all_languages", "family")
_FREE_K = {"random": "free: as many as the best groups"}
_FREE = "free: the best score"


def choose_rule(selection: Selection, shown: Picture) -> None:
    """Let the reader choose how groups are made."""
    codes = [shown.found.languages[i] for i in placed_languages(shown.found)]
    left, middle, right = st.columns(3, gap="medium")
    with left:
        st.selectbox("Strategy", list(STRATEGIES),
                     format_func=lambda name: STRATEGY_WORDS.get(name, (name, ""))[0],
                     help="How groups are made; the last four are there to compare with.",
                     **bound("strategy", selection.strategy))
    with middle:
        st.selectbox(
            "Groups (K)", range(len(codes) + 1), disabled=selection.strategy in WITHOUT_K,
            format_func=lambda k: f"{k}" if k else _FREE_K.get(selection.strategy, _FREE),
            help="With a free K the objective decides. It favours many small groups when "
                 "similarities are positive: choose K for a reason, such as the number of models "
                 "you can keep.", **bound("k", selection.k))
    with right:
        st.select_slider(
            "Languages in a group", range(1, len(codes) + 1), value=(1, len(codes)),
            help="The smallest and the largest group that may be made.",
            **bound("sizes", (selection.smallest, selection.largest or len(codes)),
                    lambda ends: {"smallest": ends[0],
                                  "largest": ends[1] if ends[1] < len(codes) else 0}))
    st.caption(STRATEGY_WORDS.get(selection.strategy, ("", ""))[1])
    links = st.columns(2, gap="medium")
    for column, field, label, why in (
            (links[0], "together", "Keep together", "These languages share a group."),
            (links[1], "apart", "Keep apart from each other",
             "No two of these languages share a group.")):
        chosen = [code for code in getattr(selection, field) if code in codes]
        column.multiselect(label, codes, placeholder="any languages", help=why,
                           format_func=lambda code: plain_text(shown.label(code), 60),
                           **bound(field, chosen))
