"""The sidebar: pages, the study, and the blocks that every page reads."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import streamlit as st

from dashboard.block_choice import blocks_between, choice_of
from dashboard.escaping import markdown_text, plain_text
from dashboard.loads.data import StudyCard, chosen_signature, results, study_cards
from dashboard.selection import PRESET_BLOCKS, Selection, fitted, query_of
from dashboard.state import bound, current_selection, select
from dashboard.views.glossary import show_glossary
from dashboard.views.live_runs import show_live_runs
from dashboard.views.problems import problems_shown
from dashboard.words.blocks import MODULE_WORDS, block_words
from gradsim_core import block_modules, block_places

SHORT = 8
"""Digits of a signature that an address and a list show."""
_BLOCK_HELP = ("Which parameters' gradients are compared. *Layers* are neither embeddings nor task "
               "head; *encoder* takes the embeddings in, *all* the head as well; *lower* and "
               "*higher* are the first and the second half of the layers.")
_MODULE_HELP = ("This study takes layers apart: attention, the feed-forward network, and the norms "
                "that stand between them.")


def show_sidebar(pages: Sequence[Any]) -> None:
    """Show the sidebar, and write the study that is shown into the address."""
    selection = current_selection()
    signature = chosen_signature(selection.study)
    with st.sidebar:
        st.markdown("### GradSim")
        if signature and not signature.startswith(selection.study or "?"):
            if selection.study:
                st.warning(f"No study here begins with {markdown_text(selection.study)}: the "
                           "newest is shown.")
            select(study=signature[:SHORT])
            selection = current_selection()
        for page in pages:
            st.page_link(page, query_params=query_of(selection))
        show_glossary()
        with problems_shown():  # no page depends on the table of runs
            show_live_runs(signature)
        if signature is None:
            return
        cards = {card.signature: card for card in study_cards()}
        st.selectbox("Study", list(dict.fromkeys([*cards, signature])),
                     format_func=lambda name: _label(cards.get(name), name),
                     help="Every page shows this study, and the address names it.",
                     **bound("study", signature, lambda name: {"study": name[:SHORT]}))
        if signature not in cards:
            return
        if cards[signature].ready:
            _choose_blocks(selection, signature)


def _label(card: StudyCard | None, signature: str) -> str:
    """A study's name in the list; without its state, for a browser keeps the words it chose."""
    name = plain_text(card.title, 40) if card else "cannot be read"
    return f"{name} · {signature[:SHORT]}"


def _choose_blocks(selection: Selection, signature: str) -> None:
    series = results(signature).series
    blocks, names = fitted(selection, series).blocks, series.blocks
    first, last, module = choice_of(blocks, names)
    places, modules = block_places(names), block_modules(names)
    st.segmented_control(
        "Blocks", PRESET_BLOCKS, help=_BLOCK_HELP, format_func=str.capitalize,
        **bound("named_blocks", blocks if blocks in PRESET_BLOCKS else None,
                lambda name: {"blocks": name or blocks}))
    if len(places) > 1:
        st.select_slider(
            "From … to", places, value=(places[0], places[-1]),
            help="Any range of blocks, from the input to the output.",
            format_func=lambda name: plain_text(block_words(name), 30),
            **bound("block_range", (first, last),
                    lambda ends: {"blocks": blocks_between(ends[0], ends[1], names, module)}))
    if modules:
        st.segmented_control(
            "Of these layers", ("", *modules), help=_MODULE_HELP,
            format_func=lambda name: MODULE_WORDS.get(name, "Everything"),
            **bound("block_module", module,
                    lambda name: {"blocks": blocks_between(first, last, names, name or "")}))
