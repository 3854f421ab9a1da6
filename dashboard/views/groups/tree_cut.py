"""Groups by a cut of the tree: a slider of height, and the line over the tree."""

from __future__ import annotations

import streamlit as st

from dashboard.aside import put_aside
from dashboard.cuts import ceiling_of, nearest_cut, tree_cuts
from dashboard.figures.cut_tree import cut_tree
from dashboard.figures.frame import ChartText
from dashboard.figures.heatmap_sides import picks_of
from dashboard.loads.data import results, study_title
from dashboard.loads.groupings import ShownGroups
from dashboard.selection import Selection
from dashboard.shown import Picture
from dashboard.state import bound, current_selection
from dashboard.views.chart import is_dark, show_chart
from dashboard.views.folds import fold
from dashboard.words.summaries import CORRECTION_WORDS, READING_WORDS, count, number
from gradsim_core import tree_labels


def show_tree_cut(selection: Selection, signature: str, shown: Picture,
                  groups: ShownGroups) -> None:
    """Let the reader cut the tree at a height; the groups on the page follow."""
    with fold("Cut the tree at a height", "cut",
              usual=selection.strategy == "agglomerative") as folded:
        if folded.open:
            _cut(selection, signature, shown, groups)


def _cut(selection: Selection, signature: str, shown: Picture, groups: ShownGroups) -> None:
    tree = shown.tree
    if tree is None:
        st.caption("There is no tree here: fewer than two languages have a defined similarity. "
                   "Take the correction “raw”, or other blocks.")
        return
    ceiling = ceiling_of(shown)
    cuts = tree_cuts(tree, ceiling)
    by_tree = selection.strategy == "agglomerative" and not groups.rule.hand
    cut = nearest_cut(cuts, selection.k if by_tree and selection.k else groups.made.k)
    heights = {one.k: one.similarity for one in cuts}
    st.select_slider(
        "Similarity at which the tree is cut", list(heights),
        format_func=lambda k: f"{number(heights[k])}: {count(k, 'group')}",
        help="Languages that the tree joins above the line share a group. Moving the line makes "
             "the groups of this page a cut of the tree; groups that were edited are kept.",
        **bound("cut", cut.k, lambda k: {"strategy": "agglomerative", "k": k, "opened": "",
                                         **put_aside(current_selection())}))
    rule = groups.rule
    if not by_tree:
        st.caption("The groups above are made another way. Move the line to take those of the "
                   "tree.")
    elif rule.smallest > 1 or rule.largest or rule.must_link or rule.cannot_link:
        st.caption("With limits on sizes, or languages kept together or apart, the groups above "
                   "can differ from this cut.")
    loaded, found = results(signature), shown.found
    codes = [found.languages[i] for i in shown.order[:len(tree) + 1]]
    text = ChartText(
        f"{count(cut.k, 'group')} by a cut of the tree: {study_title(loaded)}", "similarity",
        (f"{READING_WORDS[found.reading].capitalize()}, "
         f"{CORRECTION_WORDS.get(found.correction, found.correction)}; blocks "
         f"{groups.reading.blocks}; step {found.step}; average linkage",
         f"{count(len(codes), 'language')}; broad: kept by the cut; study {signature}"))
    numbers = _numbers([int(label) for label in tree_labels(tree, k=cut.k)[_leaves(shown)]],
                       [groups.group_of.get(code) for code in codes])
    show_chart(
        cut_tree(tree, ceiling, codes, [shown.names.get(code, code) for code in codes], cut,
                 numbers, text, marked=selection.chosen, dark=is_dark()),
        f"gradsim-{signature[:8]}-tree-cut", selection, picking=picks_of(tree, codes),
        table={"Language": [shown.label(code) for code in codes],
               "Group": numbers},
        alt=f"Tree of {count(len(codes), 'language')}, cut at similarity {number(cut.similarity)} "
            f"into {count(cut.k, 'group')}.")


def _numbers(labels: list[int], served: list[int | None]) -> list[int]:
    """Numbers of groups, those of the page where they are the same groups, else from the left."""
    known = dict(zip(labels, served, strict=True))
    same = [known[label] for label in labels] == served and None not in served and (
        len(set(served)) == len(known))
    first = {label: at for at, label in enumerate(dict.fromkeys(labels))}
    return [(known[label] or 0) + 1 if same else first[label] + 1 for label in labels]


def _leaves(shown: Picture) -> list[int]:
    """The tree's leaves in leaf order."""
    assert shown.tree is not None
    placed = sorted(shown.order[:len(shown.tree) + 1])
    at = {position: leaf for leaf, position in enumerate(placed)}
    return [at[position] for position in shown.order[:len(placed)]]
