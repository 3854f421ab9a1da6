"""The glossary: what the words of the pages mean, to be searched from any of them."""

from __future__ import annotations

import streamlit as st

from dashboard.escaping import markdown_text
from dashboard.words.glossary import TERMS, Term, terms_like


def show_glossary() -> None:
    """The button that opens the glossary."""
    if st.button("What do the words mean?", icon=":material/menu_book:", type="tertiary",
                 key="glossary.open",
                 help=f"{len(TERMS)} terms in plain words, with a search."):
        _glossary()


@st.dialog("What the words mean", width="large")
def _glossary() -> None:
    words = st.text_input("Search", key="glossary.words", placeholder="such as reliability",
                          max_chars=60, help="Looks at the terms and at what is said of them.")
    found = terms_like(words or "")
    if not found:
        st.info(f"Nothing is said of {markdown_text(words, 60)} here. Try a shorter word.")
    st.markdown("\n\n".join(map(_written, found)))


def _written(term: Term) -> str:
    also = f" ({markdown_text(', '.join(term.also))})" if term.also else ""
    source = f" *{markdown_text(term.source)}*" if term.source else ""
    return f"**{markdown_text(term.name)}**{also}: {markdown_text(term.meaning)}{source}"
