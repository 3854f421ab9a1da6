"""The badge: whether what a page shows was computed just now or before, and from what.

What stands in it is only looked up once it is opened; then the badge alone is drawn anew.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import streamlit as st

from dashboard.escaping import markdown_text
from dashboard.loads.ages import JUST_NOW_S, badge_words, moment
from dashboard.loads.data import asked_study, results, store, written
from dashboard.loads.freshness import other_method, signature_now, written_since
from gradsim_core import GradSimError, sketch_sentence

_PARTS = {"grams.safetensors": "gradients compared", "increments.safetensors": "their increments",
          "scores/joint.json": "scores of the joint model"}


@st.fragment
def show_badge(signature: str) -> None:
    """One line that says how old a study's results are; opened, what they were computed from."""
    record = results(signature).record
    at = written(store().path(signature, "grams.safetensors"))
    newer = written_since(asked_study(signature), at)
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        badge = _popover(at, f"study {signature[:8]}", "study")
        if badge.open:
            with badge:
                _study(signature, record)
        if other_method(record["method_version"]):
            st.markdown(":material/history: Computed by another version of the method: run it "
                        "once more for results of this one.")
        elif newer:
            st.markdown(f":material/warning: Written since: {markdown_text(', '.join(newer), 120)}."
                        " Open the badge to check whether anything changed.")


def _study(signature: str, record: Mapping[str, Any]) -> None:
    st.markdown(f"**Study {signature}**: the same data, model and settings give the same "
                "signature, and the same results.")
    st.markdown("\n".join(
        f"- {words}: {moment(when)}" for name, words in _PARTS.items()
        if (when := written(store().path(signature, name))) >= 0))
    if said := sketch_sentence(results(signature).facts):
        st.caption(markdown_text(said, 300))
    st.caption(f"Method version {markdown_text(record['method_version'])} · "
               + _versions(record["versions"]))
    _check(signature)


@st.fragment
def show_result_badge(signature: str, entry: str, content: Mapping[str, Any], what: str) -> None:
    """The same for one experiment or finding.

    Parameters
    ----------
    entry : name of its file in the study's folder
    what : such as "experiment"
    """
    at = written(store().path(signature, entry))
    if at < 0:
        return
    badge = _popover(at, f"{what} {content['id'][:8]}", f"{what}.{content['id']}")
    if not badge.open:
        return
    with badge:
        st.markdown(f"**{what.capitalize()} {markdown_text(content['id'], 40)}** on study "
                    f"{markdown_text(content['study']['signature'], 40)}: the same question on the "
                    "same study has the same id.")
        st.markdown(f"- computed: {moment(at)}\n- file: {markdown_text(entry)}")
        st.caption(_versions(content.get("versions") or {}))


def _popover(at: int, whose: str, key: str) -> Any:
    now = time.time_ns()
    fresh = now - at < JUST_NOW_S * 10**9
    return st.popover(f"{badge_words(at, now)} · {whose}", type="tertiary", key=f"badge.{key}",
                      icon=":material/fiber_new:" if fresh else ":material/inventory_2:",
                      help="What this was computed from, and when.", on_change="rerun")


def _versions(found: Mapping[str, Any]) -> str:
    return ", ".join(f"{markdown_text(name, 30)} {markdown_text(version, 30)}"
                     for name, version in found.items())


def _check(signature: str) -> None:
    """Hold the button that works out the signature anew, and say what came out."""
    if not st.button("Check data and model", key="badge.check",
                     help="Reads the data and the model's files anew, and compares the signature. "
                          "Nothing is trained, and nothing is changed."):
        return
    try:
        with st.spinner("Reading the data …"):
            now = signature_now(signature)
    except GradSimError as error:
        st.warning(f"They cannot be read any more: {markdown_text(error)} What is shown here was "
                   "computed while they could.")
        return
    if now == signature:
        st.success("Nothing has changed: a run now would give these results.")
    else:
        st.warning(f"Data or model have changed: a run now would be another study, {now[:8]}. What "
                   "is shown here belongs to the data as they were.")
