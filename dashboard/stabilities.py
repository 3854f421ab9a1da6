"""How sure similarities and groups are, resampled through the engine and kept for the next look.

Conventions
-----------
As in `data`: caches are shared, capped, and keyed on everything their content depends on. Where
nothing can be resampled there is a reason in words instead.
"""

from __future__ import annotations

from typing import NamedTuple

import streamlit as st

from dashboard.data import results, stamp, store
from gradsim_core import (
    Certainty,
    GradSimError,
    Reading,
    Rule,
    Settling,
    Stability,
    Store,
    certainty,
    load_increments,
    settling,
    stability,
)

_PARTS = ("grams.safetensors", "increments.safetensors")


class Sure(NamedTuple):
    """What is known of groups: None with the reason why not."""

    stability: Stability | None
    settling: Settling | None
    reason: str


def certainty_of(signature: str, reading: Reading) -> tuple[Certainty | None, str]:
    """How sure a similarity and its tree are; or None and why."""
    try:
        return _certainty(str(store().root), signature, stamp(signature, _PARTS), reading), ""
    except GradSimError as error:
        return None, str(error)


def stability_of(signature: str, reading: Reading, rule: Rule) -> Sure:
    """How sure the groups of a rule are, and from when on they were known."""
    root, written = str(store().root), stamp(signature, _PARTS)
    settled = None
    try:
        if not rule.hand:  # groups made by hand were known before the training
            settled = _settling(root, signature, written, reading, rule)
        return Sure(_stability(root, signature, written, reading, rule), settled, "")
    except GradSimError as error:
        return Sure(None, settled, str(error))


@st.cache_resource(max_entries=64, show_spinner=False)
def _certainty(root: str, signature: str, written: tuple[int, ...], reading: Reading) -> Certainty:
    return certainty(results(signature), load_increments(Store(root), signature), reading)


@st.cache_resource(max_entries=64, show_spinner="Drawing the steps anew, and grouping again …")
def _stability(root: str, signature: str, written: tuple[int, ...], reading: Reading,
               rule: Rule) -> Stability:
    return stability(results(signature), load_increments(Store(root), signature), reading, rule)


@st.cache_resource(max_entries=64, show_spinner=False)
def _settling(root: str, signature: str, written: tuple[int, ...], reading: Reading,
              rule: Rule) -> Settling:
    return settling(results(signature), reading, rule)
