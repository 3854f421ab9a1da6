"""The groups page: which languages to train together, how sure that is, and the decision."""

from __future__ import annotations

import streamlit as st

from dashboard.escaping import markdown_text
from dashboard.exports import groups_csv
from dashboard.figures.heatmap import colour_limit, heatmap_overlay, similarity_heatmap
from dashboard.figures.heatmap_frame import HeatmapText
from dashboard.loads.data import results, study_title
from dashboard.loads.drawn import drawn
from dashboard.loads.groupings import ShownGroups, shown_groups
from dashboard.loads.pictures import picture
from dashboard.loads.saved import saved_of
from dashboard.selection import Selection, reading_of
from dashboard.shown import Picture
from dashboard.state import turn_to
from dashboard.views.chart import choose_picture, is_dark, show_chart
from dashboard.views.groups.cards import show_alternatives, show_cards
from dashboard.views.groups.curve import show_k_curve
from dashboard.views.groups.editing import show_aside, show_editing
from dashboard.views.groups.joining import show_joining
from dashboard.views.groups.rule import choose_rule
from dashboard.views.groups.saved import save_shown, show_opened, show_saved
from dashboard.views.groups.script import show_training_script
from dashboard.views.groups.stability import found_stability, show_stability
from dashboard.views.groups.tree_cut import show_tree_cut
from dashboard.views.guide import show_guide
from dashboard.views.reading import choose_reading, scale_lines
from dashboard.views.waiting import ready_study
from dashboard.words.groups import how_made
from dashboard.words.summaries import count, method_lines, proof_sentence, ties_sentence, unreliable
from gradsim_core import Results, decision_json, decision_of, newick, placed_languages


def groups_page() -> None:
    """Show which languages to train together."""
    st.header("Groups", anchor=False)
    found = ready_study()
    if found is None:
        return
    selection, signature = found
    show_guide("groups", selection, signature)
    loaded = results(signature)
    choose_reading(selection, loaded.series)
    shown = picture(signature, reading_of(selection))
    opened = saved_of(signature).get(selection.opened)
    if opened:
        show_opened(opened)
    else:
        choose_rule(selection, shown)
    groups = shown_groups(signature, selection)
    decision = decision_of(loaded, groups.reading, shown.found, groups.rule, groups.made)
    _say(groups)
    cards = st.empty()
    with cards.container():
        show_cards(decision, shown, groups, selection.chosen, {})
    _downloads(decision, shown, loaded, selection, groups)
    show_training_script(decision, f"gradsim-{signature[:8]}-train-groups")
    show_editing(selection, shown, groups)
    show_aside(selection, signature)
    show_tree_cut(selection, signature, shown, groups)
    order, frames = _by_group(shown, groups)
    _heatmap(shown, loaded, selection, groups, order, frames)
    show_k_curve(selection, signature, shown, groups)
    sure = found_stability(selection, signature, groups)  # takes a moment: all else stands by now
    if sure and sure.stability:
        with cards.container():
            show_cards(decision, shown, groups, selection.chosen, dict(zip(
                sure.stability.languages, sure.stability.changes.tolist(), strict=True)))
    show_stability(sure, selection, loaded, shown, groups, order, frames)
    show_alternatives(groups.made, shown)
    show_joining(selection, signature, shown, groups)
    show_saved(selection, signature, groups, decision, shown)


def _say(groups: ShownGroups) -> None:
    """How good the groups are, how sure that is, and how they came to be."""
    made = groups.made
    ties = "" if made.strategy == "hand" else f" {ties_sentence(made)}"
    st.markdown(f"**{count(made.k, 'group')}, objective {made.objective:.3f}** (the sum over "
                "languages of the mean similarity to the others of their group). "
                f"{proof_sentence(made)}{ties}")
    if made.note:
        st.caption(markdown_text(made.note))
    for line in groups.told:
        st.warning(markdown_text(line))


def _downloads(decision: dict, shown: Picture, loaded: Results, selection: Selection,
               groups: ShownGroups) -> None:
    name = f"gradsim-{loaded.signature[:8]}-groups"
    with st.container(horizontal=True, vertical_alignment="center"):
        if st.button("Train these groups", type="primary",
                     help="Shows what it takes to find out whether they help."):
            turn_to("training", planning=1)
        save_shown(loaded.signature, decision, groups)
        st.download_button("Decision as JSON", decision_json(decision), f"{name}.json",
                           "application/json", on_click="ignore",
                           help="Groups, objective, proof, reading and study: what `gradsim "
                                "verify` and this page check.")
        st.download_button("Groups as CSV", groups_csv(decision), f"{name}.csv", "text/csv",
                           on_click="ignore", help="One language a line.")
        if shown.tree is not None:
            codes = [shown.found.languages[i] for i in placed_languages(shown.found)]
            st.download_button("Tree as Newick", newick(shown.tree, codes) + "\n",
                               f"{name}-tree.nwk", "text/plain", on_click="ignore",
                               help="The tree of all languages, which other programs read.")
        choose_picture(selection)


def _by_group(shown: Picture, groups: ShownGroups) -> tuple[list[int], list[tuple[str, int]]]:
    """Positions in the order of the groups, each where it is served; the groups and their sizes."""
    place = {shown.found.languages[i]: at for at, i in enumerate(shown.order)}
    position = {code: i for i, code in enumerate(shown.found.languages)}
    held = groups.members()
    order = [position[code] for members in held for code in sorted(members, key=place.__getitem__)]
    frames = [(name, len(members)) for name, members in zip(groups.names, held, strict=True)
              if members]
    return order + [i for i in shown.order if i not in set(order)], frames


def _heatmap(shown: Picture, loaded: Results, selection: Selection, groups: ShownGroups,
             order: list[int], frames: list[tuple[str, int]]) -> None:
    """The heatmap in the order of the groups."""
    found, made = shown.found, groups.made
    text = HeatmapText(
        title=f"{count(made.k, 'group')} {how_made(made.strategy)}: {study_title(loaded)}",
        scale=scale_lines(found), names=shown.names, branches=shown.branches,
        method=method_lines(found, loaded.signature, loaded.record["study"]["steps"],
                            colour_limit(found), order="ordered by group"))
    figure = drawn(similarity_heatmap, found, order, text, hatched=unreliable(found), groups=frames,
                   dark=is_dark())
    show_chart(figure, f"gradsim-{loaded.signature[:8]}-groups", selection,
               over=heatmap_overlay([found.languages[i] for i in order], shown.names,
                                    selection.chosen, dark=is_dark()),
               table=lambda: matrix_table(shown, order, groups),
               alt=f"Heatmap in the order of the groups, {made.k} of them framed.")


def matrix_table(shown: Picture, order: list[int], groups: ShownGroups) -> dict[str, list]:
    """The similarities as columns of a table, with the group of each language."""
    found = shown.found
    codes = [found.languages[i] for i in order]
    return {"Language": [shown.label(code) for code in codes],
            "Group": [groups.names[groups.group_of[code]] if code in groups.group_of else ""
                      for code in codes],
            **{code: [round(float(found.matrix[i, j]), 3) for i in order]
               for code, j in zip(codes, order, strict=True)}}
