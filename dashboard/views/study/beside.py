"""Two studies side by side: settings, similarities, groups and scores."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import streamlit as st

from dashboard.beside import Beside, beside_sentence, score_changes, setting_differences
from dashboard.escaping import markdown_text, plain_text
from dashboard.figures.frame import ChartText
from dashboard.figures.heatmap_sides import picks_of
from dashboard.figures.panel_frame import PanelRows, panel_overlay
from dashboard.figures.panels import (
    Panel,
    change_limit,
    goes_beyond,
    square_panels,
    symmetric_limit,
)
from dashboard.loads.besides import GroupsBeside, beside_of, groups_beside
from dashboard.loads.data import StudyCard, results, study_cards
from dashboard.loads.pictures import picture
from dashboard.selection import Selection, fitted, reading_of, rule_of
from dashboard.shown import Picture
from dashboard.state import bound, select
from dashboard.views.chart import is_dark, show_chart, table_height
from dashboard.views.reading import scale_lines
from dashboard.words.blocks import block_words, span_words
from dashboard.words.changes import change_scale_words
from dashboard.words.summaries import CORRECTION_WORDS, READING_WORDS, count, number, unreliable
from gradsim_core import Results

_POINTS = st.column_config.NumberColumn(format="%+.1f")
_PERCENT = st.column_config.NumberColumn(format="%.1f")
_DECIMALS = st.column_config.NumberColumn(format="%.3f")


def show_beside(selection: Selection, signature: str) -> None:
    """Let the reader choose a second study, and hold it against the first."""
    cards = [card for card in study_cards() if card.ready]
    first = next((card for card in cards if card.signature == signature), None)
    others = [card for card in cards if card.signature != signature]
    if first is None or not others:
        _offer_another(first is None)
        return
    loaded = results(signature)
    selection = fitted(selection, loaded.series, loaded.default_correction)
    card = _choose(selection, first, others)
    second = results(card.signature)
    names = _titles(first, card)
    found = beside_of(signature, card.signature, reading_of(selection))
    st.markdown(markdown_text(beside_sentence(found)))
    for note in found.notes:
        st.caption(markdown_text(note))
    _settings(loaded, second, names)
    if found.association is not None:
        shown = picture(signature, reading_of(selection))
        _panels(found, shown, names, selection, (loaded, second))
        _blocks(found)
        _groups(*groups_beside(signature, card.signature, reading_of(selection),
                               rule_of(selection)), shown, names)
    _scores(loaded, second, names)


def _offer_another(no_first: bool) -> None:
    """Say what is missing, and hold the button that leads there."""
    st.info("This study's similarity is not there yet; it can be held against another once it is."
            if no_first else
            "This takes a second study with a similarity. Describe one, with another model, "
            "another seed or other data; once it has run, it can be chosen here.")
    if not no_first and st.button("Describe a study", type="primary"):
        select(studying="new")
        st.rerun()


def _choose(selection: Selection, first: StudyCard, others: list[StudyCard]) -> StudyCard:
    """The second study: as the address says, else the one changed last."""
    meant = [card for card in others
             if selection.beside and card.signature.startswith(selection.beside)]
    card = meant[0] if len(meant) == 1 else others[0]
    known = {one.signature: one for one in others}
    st.selectbox(
        "Beside", list(known), width=520, help="The study that is held against the chosen one.",
        format_func=lambda name: plain_text(
            f"{known[name].title} · {known[name].model} · {name[:8]}", 90),
        **bound("beside", card.signature, lambda name: {"beside": name[:8]}))
    return card


def _titles(first: StudyCard, second: StudyCard) -> tuple[str, str]:
    """What the two are called; told apart by their signatures if they share a title."""
    one, other = (plain_text(card.title, 40) for card in (first, second))
    if one != other:
        return one, other
    return f"{one} ({first.signature[:6]})", f"{other} ({second.signature[:6]})"


def _settings(first: Results, second: Results, names: tuple[str, str]) -> None:
    table = setting_differences(first, second)
    if not table["Setting"]:
        st.caption("Their settings do not differ in anything that changes a number.")
        return
    st.subheader("What differs in how they were made", anchor=False)
    st.dataframe({"Setting": [plain_text(one, 40) for one in table["Setting"]],
                  names[0]: [plain_text(one, 160) for one in table["First"]],
                  names[1]: [plain_text(one, 160) for one in table["Second"]]},
                 hide_index=True, height=table_height(len(table["Setting"])))


def _panels(found: Beside, shown: Picture, names: tuple[str, str], selection: Selection,
            loaded: tuple[Results, Results]) -> None:
    """Both similarities on one order and one scale, and what is between them."""
    st.subheader("The same languages in both", anchor=False)
    there = set(found.languages)
    codes = [code for code in (shown.found.languages[i] for i in shown.order) if code in there]
    at = [found.languages.index(code) for code in codes]
    one, other = (side.matrix[np.ix_(at, at)] for side in (found.first, found.second))
    low = [{found.languages[i] for i in unreliable(side)} for side in (found.first, found.second)]
    hatched = [tuple(place for place, code in enumerate(codes) if code in some) for some in low]
    rows = PanelRows(tuple(shown.label(code) for code in codes), tuple(codes),
                     tuple(shown.names.get(code, code) for code in codes), tuple(codes),
                     shown.branches)
    limit = symmetric_limit([one, other])
    name = "-".join(("gradsim", *(side.signature[:8] for side in loaded)))
    picking = picks_of(None, codes)

    def table() -> dict[str, list[object]]:
        return _pairs(codes, one, other, shown, names)

    text = ChartText("The two studies, one order and one scale", " ".join(scale_lines(found.first)),
                     (*_method(found, loaded), f"{count(len(codes), 'language')} in both; order: "
                      f"tree of the first (average linkage); colours to ±{limit:.2f}"))
    panels = [Panel(names[0], one, hatched[0]), Panel(names[1], other, hatched[1])]
    show_chart(square_panels(panels, rows, text, limit=limit, dark=is_dark()), f"{name}-beside",
               selection, picking=picking, table=table,
               over=panel_overlay(rows, selection.chosen, several=2, dark=is_dark()),
               alt="Two heatmaps with the same order and the same colours, one a study. "
                   f"{beside_sentence(found)}")
    both = tuple(sorted({*hatched[0], *hatched[1]}))
    most = change_limit(other - one, both)
    said = change_scale_words(most, goes_beyond([other - one], most))
    text = ChartText(f"Change from {names[0]} to {names[1]}", "change",
                     (*_method(found, loaded), said[0].upper() + said[1:]))
    show_chart(square_panels([Panel("", other - one, both)], rows, text, limit=most, word="change",
                             dark=is_dark()), f"{name}-change", selection, picking=picking,
               over=panel_overlay(rows, selection.chosen, dark=is_dark()), table=table,
               alt="Heatmap of how each pair's similarity differs between the "
                                "studies; the table holds the same numbers.")


def _method(found: Beside, loaded: tuple[Results, Results]) -> tuple[str, ...]:
    """How each side was read, and which study it is."""
    read = found.first
    how = (f"{READING_WORDS[read.reading].capitalize()}, "
           f"{CORRECTION_WORDS.get(read.correction, read.correction)}")
    return (how, *(f"Study {one.signature}: blocks {span_words(side.blocks)}; step "
                   f"{side.step} of {one.record['study']['steps']}"
                   for one, side in zip(loaded, (found.first, found.second), strict=True)))


def _pairs(codes: list[str], one: np.ndarray, other: np.ndarray, shown: Picture,
           names: tuple[str, str]) -> dict[str, list[object]]:
    """Pairs with both similarities, the one that differs most first."""
    rows = sorted(((i, j) for i in range(len(codes)) for j in range(i + 1, len(codes))),
                  key=lambda at: -abs(np.nan_to_num(other[at] - one[at])))
    return {"Language": [shown.label(codes[i]) for i, _ in rows],
            "Other": [shown.label(codes[j]) for _, j in rows],
            names[0]: [round(float(one[at]), 3) for at in rows],
            names[1]: [round(float(other[at]), 3) for at in rows],
            "Change": [round(float(other[at] - one[at]), 3) for at in rows]}


def _blocks(found: Beside) -> None:
    if not found.by_block:
        st.caption("Their models have other blocks, so that they are compared as a whole, not "
                   "block by block.")
        return
    st.markdown("**Block by block**: the rank correlation of all pairs' similarities")
    st.dataframe({"Block": [plain_text(block_words(one), 30) for one in found.by_block],
                  "Rank correlation": [round(value, 3) for value in found.by_block.values()]},
                 hide_index=True, height=table_height(len(found.by_block)), width=360,
                 column_config={"Rank correlation": _DECIMALS})


def _groups(found: GroupsBeside | None, reason: str, shown: Picture,
            names: tuple[str, str]) -> None:
    st.subheader("Groups by the same rule", anchor=False)
    if found is None:
        st.caption(f"There are no groups to compare: {markdown_text(reason)}")
        return
    movers = ", ".join(markdown_text(shown.names.get(code, code), 40) for code in found.moved[:12])
    told = "The groups are the same." if not found.moved else (
        f"{count(len(found.moved), 'language')} would have to move: {movers}"
        f"{' …' if len(found.moved) > 12 else ''}.")
    st.markdown(f"{told} Adjusted Rand index {number(found.agreement).lstrip('+')} (1: the same "
                f"groups, 0: as by chance), over {count(len(found.languages), 'language')}.")
    st.dataframe({
        "Language": [plain_text(shown.label(code), 60) for code in found.languages],
        names[0]: [f"group {at + 1}" for at in found.first.serves],
        names[1]: [f"group {at + 1}" for at in found.second.serves],
        "Moves": ["yes" if code in set(found.moved) else "" for code in found.languages]},
        hide_index=True, height=table_height(len(found.languages)))


def _scores(first: Results, second: Results, names: tuple[str, str]) -> None:
    """What the joint models score, language by language."""
    st.subheader("Scores of the joint models", anchor=False)
    rows = score_changes(first, second)
    if not rows:
        same = first.record["metric"] == second.record["metric"]
        st.caption("There are no scores of the same languages in both." if same else
                   "They are scored by different metrics, so that their scores cannot be compared.")
        return
    mean = float(np.mean([100 * (other - one) for _, one, other in rows]))
    titles: Mapping[str, str] = first.names
    st.markdown(f"On average the second scores {number(mean, 1)} points against the first, over "
                f"{count(len(rows), 'language')} (test rows, one run each).")
    st.dataframe({
        "Language": [plain_text(titles.get(code, code), 60) for code, _, _ in rows],
        f"{names[0]}, %": [round(100 * one, 1) for _, one, _ in rows],
        f"{names[1]}, %": [round(100 * other, 1) for _, _, other in rows],
        "Points": [round(100 * (other - one), 1) for _, one, other in rows]},
        hide_index=True, height=table_height(len(rows)),
        column_config={"Points": _POINTS, f"{names[0]}, %": _PERCENT, f"{names[1]}, %": _PERCENT})
