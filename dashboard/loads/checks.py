"""A described study's data, read and looked over, and what it will take: kept for the next look.

Conventions
-----------
Caches are capped, and keyed on the settings that say which data are read and on the times of the
local files, so that a mended file is read anew and a changed number of steps reads nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice
from pathlib import Path
from typing import Any

import streamlit as st

from dashboard.loads.data import store, written
from gradsim_core import (
    Corpus,
    DataLook,
    Prepared,
    Study,
    data_health,
    inspect_data,
    load_corpus,
    prepare,
    study_from_text,
    study_yaml,
    submit_study,
)

_DATA = ("preset", "data", "hub", "hub_config", "hub_revision", "columns", "languages", "task",
         "rows", "score_rows", "lowercase", "by_topic", "topics", "seed")
_MOST_FILES = 3000

Stamp = tuple[int, ...]


def checked(study: Study) -> tuple[Prepared, Any]:
    """A study with its data read and its signature known, and the health of the data.

    Raises
    ------
    GradSimError
        If it cannot be prepared.
    """
    times = stamp_of(study.data, study.topics, study.model)
    return _prepared(study_yaml(study), times), _read(_data_yaml(study), times)[1]


def looked_at(path: str, columns: Mapping[str, str]) -> DataLook:
    """What own data look like to the readers."""
    return _looked_at(path, tuple(sorted(columns.items())), stamp_of(path))


def begin_prepared(prepared: Prepared) -> str:
    """Queue the run of a study whose data has been read; its signature."""
    study = prepared.study
    submit_study(store(), prepared.signature, study_yaml(study), study.name)
    return prepared.signature


def stamp_of(*paths: str | None) -> Stamp:
    """When the local files among these places were written, and how many there are."""
    times: list[int] = []
    for path in filter(None, paths):
        place = Path(path[:4000]).expanduser()
        files = [place]
        try:
            if place.is_dir():
                files += islice((one for one in place.rglob("*") if one.is_file()), _MOST_FILES)
        except (OSError, ValueError):
            continue
        times += [len(files), *(written(file) for file in files)]
    return tuple(times)


def _data_yaml(study: Study) -> str:
    return study_yaml(Study(**{name: getattr(study, name) for name in _DATA}))


@st.cache_resource(max_entries=4, ttl="1h", show_spinner="Reading the data …")
def _read(text: str, times: Stamp) -> tuple[Corpus, Any]:
    corpus = load_corpus(study_from_text(text))
    return corpus, data_health(corpus)


@st.cache_resource(max_entries=8, ttl="1h", show_spinner="Reading the data …")
def _prepared(text: str, times: Stamp) -> Prepared:
    study = study_from_text(text)
    return prepare(study, _read(_data_yaml(study), times)[0])


@st.cache_resource(max_entries=4, ttl="1h", show_spinner="Looking at the data …")
def _looked_at(path: str, columns: tuple[tuple[str, str], ...], times: Stamp) -> DataLook:
    return inspect_data(path, dict(columns))
