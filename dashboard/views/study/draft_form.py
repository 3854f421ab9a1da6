"""A described study as a form: the data, and the settings that are needed most."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import streamlit as st

from dashboard.drafts import (
    DEFAULTS,
    Draft,
    Source,
    bounds,
    changed,
    choices,
    from_source,
    help_for,
    with_steps,
)
from dashboard.escaping import plain_text
from dashboard.state import bound, current_selection
from gradsim_core import PRESETS

SOURCES: dict[Source, str] = {"preset": "Known data set", "own": "My own files",
                              "hub": "Hugging Face hub"}
_SOURCE_HELP = ("**Known data set**: built in, or downloaded once from its public place. **My own "
                "files**: a path on this machine, or an upload. **Hugging Face hub**: any data set "
                "of plain rows, by its id.")
_AUTOMATIC = "automatic"
_CASES = (_AUTOMATIC, "yes", "no")
_WORDS = {"none": "as they are", "adam": "scaled as Adam steps", "auto": _AUTOMATIC,
          "exact": "whole", "sketch": "sketched", "sequence": "one label a text",
          "token": "one tag a word"}


def choose_source(draft: Draft) -> None:
    """Let the reader say where the data come from."""
    st.segmented_control(
        "Data", list(SOURCES), required=True, help=_SOURCE_HELP, wrap=True,
        format_func=lambda source: SOURCES[source],
        **bound("draft.source", draft.source, lambda source: {
            "draft": from_source(current_selection().draft, source), "health": 0}))
    if draft.source == "preset":
        preset = draft.shown("preset") or "builtin"
        st.selectbox(
            "Data set", list(PRESETS), format_func=_preset_label, help=help_for("preset"),
            **_setting("preset", preset if preset in PRESETS else "builtin", fresh=True))
        if preset != "builtin":
            _text(draft, "data", "Local clone", "/data/afrisent-semeval-2023", fresh=True,
                  help="The folder of a clone on this machine; left empty, the data set is "
                       "downloaded from the hub when the data are checked.")
    if draft.source == "hub":
        _text(draft, "hub", "Data set id", "owner/name", fresh=True, empty="")
        left, right = st.columns(2)
        with left:
            _text(draft, "hub_config", "Configuration", "{language}", fresh=True)
        with right:
            _text(draft, "hub_revision", "Revision", "main", fresh=True)


def choose_settings(draft: Draft) -> None:
    """Let the reader say what is trained, and how."""
    left, right = st.columns(2, gap="medium")
    with left:
        _text(draft, "name", "Title", "Reviews in eight languages", empty="")
        _text(draft, "model", "Model", DEFAULTS.model, empty=DEFAULTS.model,
              help="tiny-bytes is built in and small; or a local folder, or a Hugging Face id such "
                   "as Davlan/afro-xlmr-base.")
        _number(draft, "steps", "Steps", change=with_steps)
        _number(draft, "snapshots", "Snapshots")
    with right:
        languages = draft.shown("languages")
        st.text_input(
            "Languages", placeholder="all that the data have", max_chars=2000,
            help="In any spelling: codes with spaces between them, or names with commas. Left "
                 "empty: all.", **_setting("languages", _listed(languages), _languages))
        _number(draft, "batch_size", "Rows a step and language", step=2)
        _number(draft, "seed", "Seed")
        _number(draft, "max_length", "Longest text, in tokens")
    with st.expander("More settings"):
        _more(draft)


def _more(draft: Draft) -> None:
    left, right = st.columns(2, gap="medium")
    with left:
        _number(draft, "rows", "Training rows a language, at most")
        _number(draft, "score_rows", "Rows to score on, at most")
        _rate(draft, "learning_rate", f"default: {DEFAULTS.peak_learning_rate:g} or 2e-05")
        _rate(draft, "warmup", f"{DEFAULTS.warmup:g}")
        _rate(draft, "weight_decay", f"{DEFAULTS.weight_decay:g}")
        _choice(draft, "task", "Task", several=(None, *choices("task")))
    with right:
        _choice(draft, "gradients", "Gradients")
        _number(draft, "sketch_size", "Numbers of a sketch")
        _choice(draft, "preconditioner", "Compare gradients")
        _text(draft, "model_revision", "Revision of the model", "main")
        _text(draft, "topics", "Topics of the texts", "/data/topics.json")
        st.toggle("Split languages by topic", help=help_for("by_topic"),
                  **_setting("by_topic", bool(draft.shown("by_topic"))))
        lowercase = draft.shown("lowercase")
        st.selectbox("Lower case", _CASES, help=help_for("lowercase"),
                     **_setting("lowercase", {True: "yes", False: "no"}.get(lowercase, _AUTOMATIC),
                                {"yes": True, "no": False}.get))


def _setting(name: str, value: Any, read: Callable[[Any], Any] | None = None, *,
             change: Callable[[str, Any], str] | None = None,
             fresh: bool = False) -> dict[str, Any]:
    """Arguments that join a widget to one setting of the draft.

    Parameters
    ----------
    read : what the widget holds -> the setting
    change : text and setting -> the new text, where more than the setting changes
    fresh : whether the data are others afterwards, and have to be checked anew
    """
    def changes(chosen: Any) -> dict[str, Any]:
        text, found = current_selection().draft, read(chosen) if read else chosen
        text = change(text, found) if change else changed(text, **{name: found})
        return {"draft": text, **({"health": 0} if fresh else {})}

    return bound(f"draft.{name}", value, changes)


def _text(draft: Draft, name: str, label: str, placeholder: str, *, help: str = "",
          empty: str | None = None, fresh: bool = False) -> None:
    st.text_input(label, placeholder=placeholder, max_chars=1000, help=help or help_for(name),
                  **_setting(name, str(draft.shown(name) or ""),
                             lambda typed: typed.strip() or empty, fresh=fresh))


def _number(draft: Draft, name: str, label: str, *, step: int = 1,
            change: Callable[[str, Any], str] | None = None) -> None:
    least, most = bounds(name)
    optional = getattr(DEFAULTS, name) is None
    st.number_input(label, least, most, None if optional else "min", step=step,
                    help=help_for(name), placeholder="no limit",
                    **_setting(name, draft.shown(name), change=change))


def _rate(draft: Draft, name: str, placeholder: str) -> None:
    """A number that is written as people write it: 2e-5."""
    value = draft.values.get(name)
    st.text_input(name.replace("_", " ").capitalize(), placeholder=placeholder, max_chars=20,
                  help=help_for(name),
                  **_setting(name, "" if value is None else plain_text(value, 20), _typed_number))


def _choice(draft: Draft, name: str, label: str,
            several: Sequence[str | None] | None = None) -> None:
    st.selectbox(label, several or choices(name), help=help_for(name),
                 format_func=lambda one: _AUTOMATIC if one is None else _WORDS.get(one, one),
                 **_setting(name, draft.shown(name)))


def _typed_number(typed: str) -> float | str | None:
    """The number that was typed, or the text, which the study then refuses in its own words."""
    try:
        return float(typed.replace(",", ".")) if typed.strip() else None
    except ValueError:
        return typed.strip()


def _languages(typed: str) -> tuple[str, ...]:
    return tuple(part for part in (one.strip() for one in typed.split(
        "," if "," in typed else None)) if part)


def _listed(languages: Sequence[str]) -> str:
    """Languages as they are typed: with commas where one holds a space."""
    return (", " if any(" " in one for one in languages) else " ").join(languages)


def _preset_label(name: str) -> str:
    return f"{name}: {PRESETS[name].description}"
