"""Groupings kept with a study, and files of groups, as pages show them (see `data`)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

import streamlit as st

from dashboard.loads.data import results, stamp, store, written
from gradsim_core import (
    GradSimError,
    Reading,
    Rule,
    SavedGrouping,
    Store,
    check_decision,
    damaged_groupings,
    decide,
    decision_from,
    groups_content,
    named_groups_from,
    saved_groupings,
)

MOST_MEGABYTES = 5
_FOLDER_ENTRY = "groupings/any"


@dataclass(frozen=True)
class Saved:
    """What is kept with a study: groupings by name, and ids of those that were damaged."""

    groupings: tuple[SavedGrouping, ...]
    damaged: tuple[str, ...]

    def get(self, name: str) -> SavedGrouping | None:
        """The one with this id."""
        return next((one for one in self.groupings if one.id == name), None)


@dataclass(frozen=True)
class Brought:
    """A file of groups, understood.

    Attributes
    ----------
    name : of the file, without its ending
    decision : one that holds, ready to be kept with its own study
    signature : of that study
    differences : what the file says otherwise than the cache; the decision then holds the file's
        groups as made by hand
    """

    name: str
    decision: Mapping[str, Any]
    signature: str
    differences: tuple[str, ...]


def saved_of(signature: str) -> Saved:
    """The groupings that are kept with a study, as they stand now."""
    here = store()
    return _saved(str(here.root), signature, written(here.path(signature, _FOLDER_ENTRY).parent))


def brought(signature: str, reading: Reading, name: str, data: bytes) -> Brought:
    """Read and check a file of groups.

    Parameters
    ----------
    reading : under which groups that come without one are scored

    Raises
    ------
    GradSimError
        If it holds no groups that can be told, or its study is not here.
    """
    if len(data) > MOST_MEGABYTES * 1_000_000:
        raise GradSimError(f"{name[-120:]} has {len(data) / 1e6:.1f} MB, and a file of groups may "
                           f"have {MOST_MEGABYTES} MB. Give a file that the button *Decision as "
                           "JSON* wrote.")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise GradSimError(f"{name[-120:]} is not UTF-8 text. Give a file that the button "
                           "*Decision as JSON* wrote.") from None
    return _brought(str(store().root), signature, stamp(signature), reading, name, text)


@st.cache_resource(max_entries=32, show_spinner=False)
def _saved(root: str, signature: str, written: int) -> Saved:
    here = Store(root)
    return Saved(tuple(saved_groupings(here, signature)),
                 tuple(damaged_groupings(here, signature)))


@st.cache_resource(max_entries=16, show_spinner="Deriving the groups anew …")
def _brought(root: str, signature: str, stamp: tuple[int, ...], reading: Reading, name: str,
             text: str) -> Brought:
    content = groups_content(text, name)
    stem = re.sub(r"^\W+", "", PurePath(name).stem)[:60] or "groups"
    if not isinstance(content, dict) or "$schema" not in content:
        return Brought(stem, _by_hand(signature, reading, content, name), signature, ())
    decision = decision_from(text, name)
    of = str(decision["study"].get("signature"))
    differences = check_decision(decision, Store(root))
    if not differences:
        return Brought(stem, decision, of, ())
    kept = {key: decision["similarity"].get(key) for key in Reading.model_fields}
    return Brought(stem, _by_hand(of, Reading.model_validate(kept), content, name), of,
                   tuple(differences))


def _by_hand(signature: str, reading: Reading, content: Any, where: str) -> dict[str, Any]:
    rule = Rule(strategy="hand", hand=named_groups_from(content, where))
    return decide(results(signature), reading, rule)
