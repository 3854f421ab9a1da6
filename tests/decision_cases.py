"""A finished study on which groups are decided, for the tests of decisions."""

from __future__ import annotations

from pathlib import Path

import pytest
from made_up_studies import SIGNATURE, write_study

from gradsim_core.results import Results, load_results
from gradsim_core.storage.store import Store


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """A finished study of eight languages in two clusters, and a target that has no rows."""
    return write_study(tmp_path / "cache", targets=("tir",))


@pytest.fixture
def results(store: Store) -> Results:
    """What the study found."""
    return load_results(store, SIGNATURE)
