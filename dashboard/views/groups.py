"""The groups page: which languages to train together, how sure that is, and the decision."""

from __future__ import annotations

import streamlit as st

from dashboard.data import results, study_title
from dashboard.escaping import markdown_text
from dashboard.exports import groups_csv
from dashboard.figures.heatmap import colour_limit, similarity_heatmap
from dashboard.figures.heatmap_frame import HeatmapText
from dashboard.pictures import grouping, picture
from dashboard.selection import Selection, reading_of, rule_of
from dashboard.shown import Picture
from dashboard.state import turn_to
from dashboard.summaries import count, method_lines, proof_sentence, ties_sentence, unreliable
from dashboard.views.chart import choose_picture, is_dark, show_chart
from dashboard.views.group_cards import show_alternatives, show_cards
from dashboard.views.guide import show_guide
from dashboard.views.reading import choose_reading, scale_lines
from dashboard.views.rule import choose_rule
from dashboard.views.stability import found_stability, show_stability
from dashboard.views.waiting import ready_study
from gradsim_core import Grouping, Results, decision_json, decision_of, newick, placed_languages


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
    reading = reading_of(selection)
    shown = picture(signature, reading)
    choose_rule(selection, shown)
    rule = rule_of(selection)
    made = grouping(signature, reading, rule)
    decision = decision_of(loaded, reading, shown.found, rule, made)
    st.markdown(f"**{count(made.k, 'group')}, objective {made.objective:.3f}** (the sum over "
                "languages of the mean similarity to the others of their group). "
                f"{proof_sentence(made)} {ties_sentence(made)}")
    if made.note:
        st.caption(markdown_text(made.note))
    cards = st.empty()
    with cards.container():
        show_cards(decision, shown, made, {})
    _downloads(decision, shown, loaded, selection)
    order, frames = _by_group(shown, made)
    _heatmap(shown, loaded, selection, made, order, frames)
    sure = found_stability(selection, signature, shown)  # takes a moment: all else stands by now
    if sure and sure.stability:
        with cards.container():
            show_cards(decision, shown, made, dict(zip(
                sure.stability.languages, sure.stability.changes.tolist(), strict=True)))
    show_stability(sure, selection, loaded, shown, [shown.found.languages[i] for i in order],
                   frames)
    show_alternatives(made, shown)


def _downloads(decision: dict, shown: Picture, loaded: Results, selection: Selection) -> None:
    name = f"gradsim-{loaded.signature[:8]}-groups"
    with st.container(horizontal=True, vertical_alignment="center"):
        if st.button("Train these groups", type="primary",
                     help="Shows what it takes to find out whether they help."):
            turn_to("training", planning=1)
        st.download_button("Decision as JSON", decision_json(decision), f"{name}.json",
                           "application/json", on_click="ignore")
        st.download_button("Groups as CSV", groups_csv(decision), f"{name}.csv", "text/csv",
                           on_click="ignore")
        if shown.tree is not None:
            codes = [shown.found.languages[i] for i in placed_languages(shown.found)]
            st.download_button("Tree as Newick", newick(shown.tree, codes) + "\n",
                               f"{name}-tree.nwk", "text/plain", on_click="ignore")
        choose_picture(selection)


def _by_group(shown: Picture, made: Grouping) -> tuple[list[int], list[tuple[str, int]]]:
    """Positions in the order of the groups, each where it is served; the groups and their sizes."""
    placed = placed_languages(shown.found)
    place = {language: at for at, language in enumerate(shown.order)}
    served: list[list[int]] = [[] for _ in made.groups]
    for index, at in enumerate(made.serves):
        served[at].append(placed[index])
    order = [i for members in served for i in sorted(members, key=place.__getitem__)]
    frames = [(f"group {at + 1}", len(members)) for at, members in enumerate(served) if members]
    return order + [i for i in shown.order if i not in set(order)], frames


def _heatmap(shown: Picture, loaded: Results, selection: Selection, made: Grouping,
             order: list[int], frames: list[tuple[str, int]]) -> None:
    """The heatmap in the order of the groups."""
    found = shown.found
    text = HeatmapText(
        title=f"{count(made.k, 'group')} by {made.strategy.replace('_', ' ')}: "
              f"{study_title(loaded)}",
        scale=scale_lines(found), names=shown.names, branches=shown.branches,
        method=method_lines(found, loaded.signature, loaded.record["study"]["steps"],
                            colour_limit(found), order="ordered by group"))
    figure = similarity_heatmap(found, order, text, hatched=unreliable(found), groups=frames,
                                dark=is_dark())
    show_chart(figure, f"gradsim-{loaded.signature[:8]}-groups", selection,
               alt=f"Heatmap in the order of the groups, {made.k} of them framed.")
