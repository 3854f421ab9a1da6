"""How sure similarities and groups are, resampled through the engine and kept for the next look.

Conventions
-----------
As in `data`: caches are shared, capped, and keyed on everything their content depends on. Where
nothing can be resampled there is a reason in words instead.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import streamlit as st

from dashboard.loads.data import results, stamp, store
from dashboard.loads.pictures import grouping, picture
from gradsim_core import (
    Certainty,
    GradSimError,
    Reading,
    Regroupings,
    Rule,
    Settling,
    Stability,
    Store,
    certainty,
    held_against,
    load_increments,
    placed_languages,
    regroupings,
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
        return Sure(_of_hand(root, signature, written, reading, rule), None, "")
    except GradSimError as error:
        return Sure(None, settled, str(error))


@st.cache_resource(max_entries=64, show_spinner=False)
def _certainty(root: str, signature: str, written: tuple[int, ...], reading: Reading) -> Certainty:
    return certainty(results(signature), load_increments(Store(root), signature), reading)


@st.cache_resource(max_entries=64, show_spinner="Drawing the steps anew, and grouping again …")
def _stability(root: str, signature: str, written: tuple[int, ...], reading: Reading,
               rule: Rule) -> Stability:
    return stability(results(signature), load_increments(Store(root), signature), reading, rule)


def _of_hand(root: str, signature: str, written: tuple[int, ...], reading: Reading,
             rule: Rule) -> Stability:
    """The best groups of the resamples are the same for all groups of as many languages."""
    found, made = picture(signature, reading).found, grouping(signature, reading, rule)
    codes = tuple(found.languages[i] for i, at in zip(placed_languages(found), made.serves,
                                                      strict=True) if at >= 0)
    return held_against(np.array([at for at in made.serves if at >= 0]), _regroupings(
        root, signature, written, reading, Rule(k=made.k, alone=rule.alone), codes))


@st.cache_resource(max_entries=32, show_spinner="Drawing the steps anew, and grouping again …")
def _regroupings(root: str, signature: str, written: tuple[int, ...], reading: Reading, rule: Rule,
                 codes: tuple[str, ...]) -> Regroupings:
    return regroupings(results(signature), load_increments(Store(root), signature), reading, rule,
                       codes)


@st.cache_resource(max_entries=64, show_spinner=False)
def _settling(root: str, signature: str, written: tuple[int, ...], reading: Reading,
              rule: Rule) -> Settling:
    return settling(results(signature), reading, rule)
