"""The study page: the studies there are, how the chosen one went, and a new one."""

from __future__ import annotations

from typing import Any

import streamlit as st

from dashboard.escaping import markdown_text, plain_text
from dashboard.loads.data import (
    StudyCard,
    asked_study,
    chosen_signature,
    results,
    study_card,
    study_cards,
)
from dashboard.selection import Selection
from dashboard.state import bound, current_selection, select
from dashboard.views.badge import show_badge
from dashboard.views.chart import table_height
from dashboard.views.progress import follow_run
from dashboard.views.report import show_report
from dashboard.views.study.beside import show_beside
from dashboard.views.study.health import show_health
from dashboard.views.study.new_study import describe_study
from dashboard.views.waiting import offer_built_in, offer_resume
from dashboard.words.summaries import count, duration, size
from gradsim_core import Results, study_yaml

STATES = {"absent": "not started", "queued": "queued", "running": "running", "done": "finished",
          "failed": "failed", "interrupted": "interrupted", "cancelled": "cancelled"}


VIEWS = {"chosen": "This study", "new": "New study", "beside": "Two side by side"}
METRIC_WORDS = {"weighted_f1": "weighted F1", "entity_f1": "entity F1", "accuracy": "accuracy"}


def study_page() -> None:
    """Show the chosen study, or describe a new one."""
    st.header("Study", anchor=False)
    selection = current_selection()
    signature = chosen_signature(selection.study)
    st.segmented_control(
        "View", list(VIEWS), required=True, label_visibility="collapsed",
        help="The study that is chosen, a new one, or two beside each other.",
        format_func=lambda view: VIEWS[view],
        **bound("studying", selection.studying if selection.studying in VIEWS else "chosen",
                lambda view: {"studying": view, "health": 0}))
    if selection.studying == "new":
        describe_study(selection)
    elif signature is None:
        offer_built_in()
        if st.button("Describe a study of your own"):
            select(studying="new")
            st.rerun()
    elif selection.studying == "beside":
        show_beside(selection, signature)
    else:
        _show_chosen(selection, signature)


def _show_chosen(selection: Selection, signature: str) -> None:
    _chosen(study_card(signature))
    with st.container(horizontal=True, vertical_alignment="center"):
        checking = st.toggle(
            "Show the health of its data", help="Reads the data as they are now: sizes, empty and "
            "repeated rows, label balance, scripts, and what to beware of.",
            **bound("health", bool(selection.health), lambda on: {"health": int(on)}))
        if st.button("Describe one like it", help="A new study that begins with these settings."):
            select(studying="new", draft=study_yaml(asked_study(signature)), health=0)
            st.rerun()
    if checking:
        show_health(asked_study(signature), signature)
    _all_studies(signature)


def _chosen(card: StudyCard) -> None:
    st.subheader(markdown_text(card.title, 80), anchor=False)
    what = f"{count(card.n_languages, 'language')} · " if card.n_languages else ""
    st.caption(f"{what}{markdown_text(card.source, 80)} · model {markdown_text(card.model, 60)} · "
               f"{card.steps:,} steps · signature {card.signature}")
    if card.run is not None and card.run.coming:
        follow_run(card.run.id)
    elif card.state != "done" or not card.ready:
        offer_resume(card)
    if card.ready:
        show_badge(card.signature)
        _facts(results(card.signature))
        show_report(card.signature)


def _facts(loaded: Results) -> None:
    facts, record = loaded.facts, loaded.record
    shown = {
        "Gradients": "whole" if facts["mode"] == "exact" else
        f"sketched, {facts['sketch_size']:,} numbers a block",
        "Rows": "packed" if facts["packed"] else "padded",
        "Training": duration(facts["train_seconds"]),
        "Peak memory": size(facts["peak_memory_bytes"]),
        "Parameters": f"{facts['n_parameters']:,}"}
    for column, (label, value) in zip(st.columns(len(shown)), shown.items(), strict=True):
        column.metric(label, value)
    cut = sum(facts["truncated"].values())
    if cut:
        longest = record["study"]["max_length"]
        st.caption(f"{cut:,} training rows were longer than {longest} tokens and were cut "
                   f"(max_length), in {count(len(facts['truncated']), 'language')}.")
    metric = METRIC_WORDS.get(record["metric"], markdown_text(record["metric"]))
    if loaded.scores is None:
        st.caption("The joint model has not been scored yet.")
    st.markdown(f"**The joint model, language by language** ({metric})")
    percent = st.column_config.NumberColumn(format="%.1f")
    st.dataframe(score_table(loaded), hide_index=True, height=table_height(len(loaded.names)),
                 column_config={"Development, %": percent, "Test, %": percent})


def score_table(loaded: Results) -> dict[str, list[Any]]:
    """Rows, and scores of the joint model in percent, of every language."""
    metric, found = loaded.record["metric"], (loaded.scores or {}).get("scores", {})
    rows, codes = loaded.record["rows"], list(loaded.names)

    def percent(split: str) -> list[float | None]:
        values = [found.get(split, {}).get(code, {}).get(metric) for code in codes]
        return [None if value is None else round(100 * value, 1) for value in values]

    sources = set(loaded.series.languages)
    return {"Language": [plain_text(loaded.names[code], 60) for code in codes],
            "Code": [plain_text(code, 20) for code in codes],
            "Training rows": [rows[code]["train"] for code in codes],
            "Role": ["trained on" if code in sources else "target only" for code in codes],
            "Development, %": percent("dev"), "Test, %": percent("test")}


def _all_studies(signature: str) -> None:
    cards = study_cards()
    if len(cards) < 2:
        return
    st.subheader("All studies", anchor=False)
    chosen = st.dataframe({
        "Study": [plain_text(card.title, 60) for card in cards],
        "Data": [plain_text(card.source, 60) for card in cards],
        "Model": [plain_text(card.model, 40) for card in cards],
        "Languages": [card.n_languages or None for card in cards],
        "Steps": [card.steps for card in cards],
        "State": [STATES[card.state] for card in cards],
        "Signature": [card.signature[:8] for card in cards]},
        hide_index=True, on_select="rerun", selection_mode="single-row", key="view.studies")
    rows = chosen.selection.rows
    if rows and cards[rows[0]].signature != signature:
        select(study=cards[rows[0]].signature[:8])
        st.rerun()
