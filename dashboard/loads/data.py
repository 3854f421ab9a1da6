"""What pages show, loaded through the engine and kept for the next look.

Conventions
-----------
Caches are shared by all users of the server, so each is capped, and keyed on everything that its
content depends on: the cache folder, the signature, and the times at which results were written
(a *stamp*), so that a finished run appears by itself and nothing stale is shown as current. What
is cached is frozen; nobody may change it.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import streamlit as st

from dashboard.escaping import plain_text
from gradsim_core import (
    GradSimError,
    Results,
    Run,
    Store,
    Study,
    load_results,
    load_study,
    prepare,
    resume_run,
    study_from,
    study_run,
    study_state,
    study_yaml,
    submit_study,
)

_PARTS = ("study.json", "grams.safetensors", "scores/joint.json")


@dataclass(frozen=True)
class StudyCard:
    """What a list of studies says about one; plain text.

    Attributes
    ----------
    title : the study's name, or what it is made of
    n_languages : 0 while its run has not read the data yet
    state : "absent", "queued", "running", "done", "failed", "interrupted" or "cancelled"
    run : the newest one that computes, or computed, the study
    ready : whether its similarity can be looked at
    """

    signature: str
    title: str
    source: str
    model: str
    steps: int
    n_languages: int
    state: str
    run: Run | None
    ready: bool


def store() -> Store:
    """The cache folder that this server shows."""
    return Store(os.environ.get("GRADSIM_CACHE", "cache"))


def chosen_signature(prefix: str) -> str | None:
    """The one study that begins so, else the newest; None in an empty cache."""
    known = _signatures()
    meant = [name for name in known if name.startswith(prefix)]
    return meant[0] if len(meant) == 1 else known[0] if known else None


def study_card(signature: str) -> StudyCard:
    """What is known of a study, whether or not it has finished or even begun."""
    here = store()
    study, source, n_languages = _asked(
        str(here.root), signature, stamp(signature, ("study.json", "study.yaml")))
    run = study_run(here, signature)
    return StudyCard(signature, study.name or f"{study.source}, {study.model}", source,
                     study.model, study.steps, n_languages,
                     study_state(run, here.exists(signature, "scores/joint.json")), run,
                     here.exists(signature, "grams.safetensors"))


def study_title(loaded: Results) -> str:
    """A study's name, or what it is made of, short enough for a figure."""
    asked = loaded.record["study"]
    return plain_text(asked["name"] or f"{loaded.record['source']}, {asked['model']}", 60)


def study_cards() -> list[StudyCard]:
    """All studies of the cache that can be read, the one changed last first."""
    cards = []
    for signature in _signatures():
        with suppress(GradSimError):
            cards.append(study_card(signature))
    return cards


def results(signature: str) -> Results:
    """A study's results, as they stand now."""
    return _results(str(store().root), signature, stamp(signature))


def asked_study(signature: str) -> Study:
    """The study as it was asked for, before or after its run wrote the record."""
    here = store()
    return _asked(str(here.root), signature, stamp(signature, ("study.json", "study.yaml")))[0]


def begin(study: Study) -> str:
    """Queue a study's run; its signature."""
    prepared = prepare(study)
    submit_study(store(), prepared.signature, study_yaml(study), study.name)
    return prepared.signature


def resume(signature: str) -> None:
    """Queue a study's run once more; it goes on from its last checkpoint."""
    run, study = study_run(store(), signature), asked_study(signature)
    if run is not None and run.state in ("failed", "cancelled", "interrupted"):
        resume_run(store(), run.id)
    else:
        submit_study(store(), signature, study_yaml(study), study.name)


def _signatures() -> list[str]:
    """Folders of the cache that hold a study, the one changed last first."""
    here = store()
    return [name for name in here.signatures()
            if here.exists(name, "study.json") or here.exists(name, "study.yaml")]


def written(path: Path) -> int:
    """When a file or folder was changed last, in nanoseconds; −1 where there is none."""
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return -1


def stamp(signature: str, parts: Sequence[str] = _PARTS) -> tuple[int, ...]:
    """When each part of a study's results was written."""
    return tuple(written(store().path(signature, part)) for part in parts)


@st.cache_resource(max_entries=256, show_spinner=False)
def _asked(root: str, signature: str, stamp: tuple[int, ...]) -> tuple[Study, str, int]:
    """A study, its source, and its number of languages: 0 before its run read the data."""
    here = Store(root)
    record = here.read_json(signature, "study.json")
    if record:
        return study_from(record["study"]), record["source"], len(record["languages"])
    study = load_study(here.path(signature, "study.yaml"))
    return study, study.source, 0


@st.cache_resource(max_entries=8, show_spinner="Reading the study …")
def _results(root: str, signature: str, stamp: tuple[int, ...]) -> Results:
    return load_results(Store(root), signature)
