"""Findings as pages show them: their contents, their files to take away, and their runs.

Conventions
-----------
As in `data`: caches are shared, capped, and keyed on everything their content depends on. A
finding's content is the JSON that the engine wrote; nobody may change it. Kinds are the engine's
("measures", "topic-or-language", "lower-or-higher", "readings").
"""

from __future__ import annotations

import json
from typing import Any

import streamlit as st

from dashboard.loads.data import store, written
from gradsim_core import (
    Run,
    Store,
    finding_report,
    known_runs,
    list_findings,
    load_finding,
    submit_finding,
)


def findings_of(signature: str, kind: str) -> list[str]:
    """Ids of a study's finished findings of one kind, newest first."""
    return list_findings(store(), signature, kind)


def finding_of(signature: str, kind: str, name: str) -> dict[str, Any] | None:
    """A finding's content; None where it is damaged or gone. Nobody may change it."""
    here = store()
    at = written(here.path(signature, f"findings/{kind}-{name}.json"))
    return _content(str(here.root), signature, kind, name, at) if at >= 0 else None


def chosen_finding(signature: str, kind: str, prefix: str) -> tuple[dict[str, Any] | None,
                                                                     dict[str, dict[str, Any]]]:
    """The finding whose id begins so, else the newest; and all of its kind that can be read."""
    known = {name: content for name in findings_of(signature, kind)
             if (content := finding_of(signature, kind, name)) is not None}
    meant = next((name for name in known if prefix and name.startswith(prefix)), None)
    return known.get(meant or next(iter(known), "")), known


def finding_runs(signature: str, kind: str) -> list[Run]:
    """A study's runs of one kind, newest first, as far as they are known."""
    return known_runs(store(), signature, kind)


def finding_files(kind: str, content: dict[str, Any]) -> dict[str, str]:
    """The report of a finding: file name -> text."""
    return _files(kind, json.dumps(content, sort_keys=True))


def begin_finding(signature: str, kind: str, plan: Any) -> Run:
    """Queue the run of a finding."""
    return submit_finding(store(), signature, kind, plan)


@st.cache_resource(max_entries=32, show_spinner=False)
def _content(root: str, signature: str, kind: str, name: str,
             written: int) -> dict[str, Any] | None:
    return load_finding(Store(root), signature, kind, name)


@st.cache_data(max_entries=16, show_spinner="Drawing the report …")
def _files(kind: str, content: str) -> dict[str, str]:
    return finding_report(kind, json.loads(content))
