"""A new study: few fields, the rest as YAML, the data's health before anything is computed."""

from __future__ import annotations

import streamlit as st

from dashboard.data import begin, checked, draft_study, store
from dashboard.state import select
from dashboard.views.health import show_health
from gradsim_core import PRESETS, Study, study_from, study_yaml

_OWN = "own data"
_DEFAULTS = study_from({})


def new_study_form() -> None:
    """Describe a study, look at its data, start it."""
    st.subheader("New study", anchor=False)
    with st.form("new_study"):
        preset = st.selectbox(
            "Data", [*PRESETS, _OWN], format_func=_source_label,
            help="A known data set, or your own files (then give their path, and the task below).")
        left, right = st.columns(2, gap="medium")
        with left:
            path = st.text_input(
                "Path", placeholder="/data/reviews or /data/reviews.csv",
                help="Own data: a folder with one folder a language, or one file with a language "
                     "column. A known data set: a local clone; left empty, it is downloaded.")
            languages = st.text_input(
                "Languages", placeholder="deu nld swe …",
                help="In any spelling, with spaces between them; empty means all.")
        with right:
            model = st.text_input(
                "Model", value=_DEFAULTS.model,
                help="tiny-bytes (built in), a local folder, or a Hugging Face id.")
            steps = st.number_input("Steps", 1, 1_000_000, _DEFAULTS.steps,
                                    help="Training steps; each sees every language.")
            more = st.text_area("More settings (YAML)", placeholder="batch_size: 16\nseed: 1",
                                height=68, help="Any setting of a study file, such as `hub`, "
                                                "`columns`, `task`, `learning_rate`, `gradients`.")
        if st.form_submit_button("Check the data"):
            study = draft_study({"preset": None if preset == _OWN else preset, "data": path.strip(),
                                 "languages": tuple(languages.replace(",", " ").split()),
                                 "model": model.strip(), "steps": int(steps)}, more)
            st.session_state["draft"] = study_yaml(study)
    if "draft" in st.session_state:
        _look_over(st.session_state["draft"])


def _source_label(name: str) -> str:
    return "Own files" if name == _OWN else f"{name}: {PRESETS[name].description}"


def _look_over(text: str) -> None:
    """The health of a study's data, and the button that starts it."""
    prepared, _ = checked(text)
    show_health(text)
    _start(prepared.study, prepared.signature)


def _start(study: Study, signature: str) -> None:
    if store().exists(signature, "grams.safetensors"):
        st.info("This study has been computed already.")
        if st.button("Show it", type="primary"):
            _show(signature)
    elif st.button("Start this study", type="primary"):
        _show(begin(study_from(study.model_dump())))


def _show(signature: str) -> None:
    del st.session_state["draft"]
    select(study=signature[:8])
    st.rerun()
