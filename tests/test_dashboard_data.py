"""The dashboard's loads: found, kept, and never stale."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from made_up_studies import SIGNATURE, made_up_series, write_study

from dashboard.loads import data, pictures
from gradsim_core import Reading


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty cache folder that the dashboard shows."""
    monkeypatch.setenv("GRADSIM_CACHE", str(tmp_path))
    yield tmp_path
    for cached in (data._results, pictures._picture, pictures._grouping):
        cached.clear()


def test_finished_run_appears_and_nothing_stale_is_shown(cache: Path) -> None:
    assert data.chosen_signature("") is None
    write_study(cache)
    before = pictures.picture(SIGNATURE, Reading())
    assert pictures.picture(SIGNATURE, Reading()) is before, "read once"
    write_study(cache, series=made_up_series([0, 0, 1, 1, 2, 2, 2, 2], seed=5))
    after = pictures.picture(SIGNATURE, Reading())
    assert not np.allclose(after.found.matrix, before.found.matrix)


def test_picture_holds_tree_and_undefined_languages_last(cache: Path) -> None:
    write_study(cache, series=made_up_series([0, 1] * 4, invalid={"spa": "not finite"}))
    shown = pictures.picture(SIGNATURE, Reading())
    assert shown.tree is not None
    assert len(shown.tree) == 6
    assert shown.found.languages[shown.order[-1]] == "spa"
    assert sorted(shown.order) == list(range(8))
    assert shown.branches["deu"] == "Germanic"
    assert shown.label("deu") == "German (deu)"


def test_study_is_found_by_its_first_digits(cache: Path) -> None:
    write_study(cache)
    write_study(cache, signature="01ff000000000000")
    assert data.chosen_signature("0123") == SIGNATURE
    assert data.chosen_signature("01") in (SIGNATURE, "01ff000000000000"), "ambiguous: the newest"
    assert data.chosen_signature("../..") in (SIGNATURE, "01ff000000000000")
    (cache / "holiday-photos").mkdir()
    assert [card.n_languages for card in data.study_cards()] == [8, 8]
    assert data.chosen_signature("") != "holiday-photos"
