"""Which languages a page shows, what they are called, and which of them are marked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import streamlit as st

from dashboard.escaping import plain_text
from dashboard.selection import STRIPS, Selection
from dashboard.shown import LanguageFacts, wanted_languages
from dashboard.state import bound, select
from dashboard.words.summaries import count
from gradsim_core import script_name

_STRIP_WORDS = {"branch": "Branch", "family": "Family", "script": "Script",
                "size": "Training rows", "group": "Group"}


def choose_languages(selection: Selection, facts: Mapping[str, LanguageFacts],
                     languages: Sequence[str]) -> tuple[str, ...] | None:
    """Let the reader mark languages and choose which are shown.

    Returns
    -------
    tuple or None
        Codes of those that are shown, in the order of the study; None where the filters leave
        too few for a picture, which is said.
    """
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        mark_languages(selection, facts, languages)
        choose_shown(selection, facts, languages)
    codes = wanted_languages(selection, facts, languages)
    if len(codes) < 2:
        st.info(f"The filters let {count(len(codes), 'language')} through, and a picture takes "
                "two. Take one of them back.")
        return None
    return codes


def mark_languages(selection: Selection, facts: Mapping[str, LanguageFacts],
                   languages: Sequence[str]) -> None:
    """Let the reader search languages and mark them in every picture."""
    st.multiselect(
        "Marked languages", languages, placeholder="name, ISO code or Glottocode",
        format_func=lambda code: _searched(facts[code]),
        help="Marked languages stand out in every picture, on every page. A click on a dot of the "
             "tree marks its whole branch; a click on the diagonal, or on a map, one language.",
        **bound("chosen", list(selection.chosen)))


def _searched(one: LanguageFacts) -> str:
    """Everything that a language can be found by."""
    parts = [f"{one.name} ({one.code})" if one.name != one.code else one.code]
    parts += [one.english] if one.english != one.name else []
    parts += [one.glottocode] if one.glottocode else []
    return plain_text(" · ".join(parts), 90)


def choose_shown(selection: Selection, facts: Mapping[str, LanguageFacts],
                 languages: Sequence[str]) -> None:
    """Let the reader choose what is shown, and how languages are called and told apart."""
    limited = sum((bool(selection.families), bool(selection.scripts), selection.fewest > 0,
                   bool(selection.only)))
    with st.popover(f"Show ({count(limited, 'filter')})" if limited else "Show",
                    icon=":material/tune:"):
        for field, label in (("families", "Families"), ("scripts", "Scripts")):
            own = "family" if field == "families" else "script"
            there = sorted({getattr(facts[code], own) or "" for code in languages})
            st.multiselect(label, there, placeholder="all", help="Shows only these; the numbers "
                           "stay those of the whole study.",
                           format_func=lambda name: plain_text(
                               script_name(name), 40) or "unknown",
                           **bound(field, [one for one in getattr(selection, field)
                                           if one in there]))
        st.number_input("Training rows, at least", 0, 999_999, step=100,
                        help="Leaves out languages with fewer rows.",
                        **bound("fewest", min(selection.fewest, 999_999)))
        st.segmented_control("Names", ("english", "own"), required=True,
                             format_func={"english": "English",
                                          "own": "In the language"}.__getitem__,
                             help="Languages' own names, from Unicode CLDR, where it has one.",
                             **bound("naming", selection.naming))
        st.multiselect("Strips beside the rows", STRIPS, format_func=_STRIP_WORDS.__getitem__,
                       help="What is known of each language, by colour and sign.",
                       **bound("strips", list(selection.strips)))
    if selection.chosen and set(selection.chosen) != set(selection.only):
        st.button("Show only the marked", on_click=select, icon=":material/zoom_in:",
                  kwargs={"only": selection.chosen},
                  help="Leaves all other languages out of the picture.")
    if limited:
        st.button("Show all", on_click=select, icon=":material/zoom_out_map:",
                  kwargs={"only": (), "families": (), "scripts": (), "fewest": 0},
                  help="Takes all filters back.")
    if selection.chosen:
        st.button("Unmark", on_click=select, kwargs={"chosen": ()},
                  help="Takes all marks back.")
