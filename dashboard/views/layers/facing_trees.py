"""The trees of two selections of blocks face to face."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import streamlit as st

from dashboard.escaping import markdown_text, plain_text
from dashboard.figures.frame import ChartText
from dashboard.figures.tanglegram import Names, in_shared_branches, tangle_picks, tanglegram
from dashboard.layers import Sides
from dashboard.loads.data import study_title
from dashboard.loads.drawn import drawn
from dashboard.selection import Selection
from dashboard.shown import Picture
from dashboard.sides import FacingTrees, crossings_sentence, trees_sentence
from dashboard.views.chart import is_dark, show_chart
from dashboard.words.summaries import count
from gradsim_core import Results, leaf_order, newick


def show_facing_trees(found: FacingTrees | None, whole: Picture, sides: Sides,
                      selection: Selection, loaded: Results, method: str) -> None:
    """Show both trees, with a line from each language to itself.

    Parameters
    ----------
    method : how the similarities were read
    """
    st.subheader("Do the trees agree?", anchor=False)
    if found is None:
        st.caption("Fewer than three languages have a similarity in both, so there are no two "
                   "trees to compare. Take other blocks, or the correction “raw”.")
        return
    st.markdown(markdown_text(f"{crossings_sentence(found)}. {trees_sentence(found)}"))
    names = Names({code: whole.names.get(code, code) for code in found.codes},
                  {code: whole.label(code) for code in found.codes})
    text = ChartText(
        f"Two trees, {count(found.tangle.crossings, 'crossing')}: {study_title(loaded)}",
        "similarity", (method, "Average linkage, branches turned so that few lines cross; filled "
                       "dots: branches with the same languages in both trees",
                       f"{crossings_sentence(found)}; study {loaded.signature}"))
    name = f"gradsim-{loaded.signature[:8]}-trees"
    figure = drawn(tanglegram, found, names, sides.titles, text, marked=selection.chosen,
                   dark=is_dark())
    show_chart(figure, name, selection, table=lambda: tangle_table(found, whole, sides),
               picking=tangle_picks(found),
               alt=f"Two trees of the same languages face to face, {sides.titles[0]} at the left "
                   f"and {sides.titles[1].lower()} at the right: {crossings_sentence(found)}. "
                   f"{trees_sentence(found)}")
    if found.left_out:
        left = ", ".join(markdown_text(whole.label(code), 60) for code in found.left_out[:20])
        st.caption(f"Without a similarity in one of the two, and so in neither tree: {left}.")
    with st.container(horizontal=True):
        for at, (title, tree) in enumerate(zip(
                sides.titles, (found.tangle.first, found.tangle.second), strict=True)):
            st.download_button(
                f"{plain_text(title, 40)} as Newick",
                partial(_as_newick, tree, found.codes),
                f"{name}-{'second' if at else 'first'}.nwk", "text/plain", on_click="ignore",
                key=f"newick.{at}", help="For iTOL, FigTree and other readers of trees.")


def _as_newick(tree: Any, codes: Sequence[str]) -> str:
    return newick(tree, codes) + "\n"


def tangle_table(found: FacingTrees, whole: Picture, sides: Sides) -> dict[str, list[object]]:
    """Each language's row on both sides, in the order of the first."""
    orders = [leaf_order(tree) for tree in (found.tangle.first, found.tangle.second)]
    place = {leaf: at for at, leaf in enumerate(orders[1])}
    shared = in_shared_branches(found)
    return {"Language": [plain_text(whole.label(found.codes[leaf]), 60) for leaf in orders[0]],
            f"Row in {sides.words[0]}": list(range(1, len(orders[0]) + 1)),
            f"Row in {sides.words[1]}": [place[leaf] + 1 for leaf in orders[0]],
            "Rows apart": [abs(place[leaf] - at) for at, leaf in enumerate(orders[0])],
            "In a branch of both trees": [
                "yes" if found.codes[leaf] in shared else "no" for leaf in orders[0]]}
