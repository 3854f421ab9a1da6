"""What a page shows while there is nothing to look at yet, and the way out of it."""

from __future__ import annotations

import streamlit as st

from dashboard.escaping import markdown_text
from dashboard.loads.data import (
    StudyCard,
    begin,
    chosen_signature,
    results,
    resume,
    store,
    study_card,
)
from dashboard.selection import Selection, fitted
from dashboard.state import current_selection, select
from dashboard.views.badge import show_badge
from dashboard.views.progress import follow_run
from gradsim_core import run_log, study_from

_ENDED = {
    "failed": "Its run failed.", "cancelled": "Its run was cancelled; what was done is kept.",
    "interrupted": "Its run stopped before its end; what was done is kept.",
    "absent": "It has not been run yet.",
    "done": "Its similarity is missing (what is damaged is set aside). It has to be computed "
            "again."}


def ready_study() -> tuple[Selection, str] | None:
    """The selection, fitted to a study whose similarity is there; None where another text stands.

    Without a study the page offers the built-in one; a run under way is followed, and the page
    is drawn anew by itself when its similarity is there.
    """
    selection = current_selection()
    signature = chosen_signature(selection.study)
    if signature is None:
        offer_built_in()
        return None
    card = study_card(signature)
    if card.ready:
        found = results(signature)
        show_badge(signature)
        return fitted(selection, found.series, found.default_correction), signature
    st.subheader(markdown_text(card.title, 80), anchor=False)
    if card.run is not None and card.run.coming:
        st.markdown("This study is being computed: one model learns from all languages together, "
                    "and their gradients are compared on the way. **The heatmap appears here by "
                    "itself.**")
        follow_run(card.run.id, until=(signature, "grams.safetensors"))
    else:
        offer_resume(card)
    return None


def offer_built_in() -> None:
    """Say that the cache is empty, and hold the button that fills it."""
    st.info("There is no study here yet. The built-in study needs no download: names of places, "
            "languages, currencies and time zones in twelve languages (Unicode CLDR), and a small "
            "model that learns to tell them apart. It takes about a minute.")
    if st.button("Run the built-in study", type="primary"):
        with st.spinner("Reading the data …"):
            signature = begin(study_from({"name": "Built-in study"}))
        select(study=signature[:8])
        st.rerun()


def offer_resume(card: StudyCard) -> None:
    """Say how a run ended, and hold the button that starts it again."""
    message = _ENDED.get(card.state, "")
    if card.state == "failed" and card.run is not None:
        st.error(f"{message} {markdown_text(card.run.error)}")
        with st.expander("The last lines of its log"):
            st.code(run_log(store(), card.run.id, 30).strip() or "Nothing was printed.",
                    language=None, wrap_lines=True)
    else:
        st.info(message)
    if st.button("Start it" if card.state == "absent" else "Go on with it", type="primary",
                 key=f"resume.{card.signature}"):
        resume(card.signature)
        st.rerun()
