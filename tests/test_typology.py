"""Typology: the package's own distances, missing features, and doing without the package."""

from __future__ import annotations

import logging
import os
import stat
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gradsim_core.errors import DataError
from gradsim_core.languages.resolving import Language, resolve
from gradsim_core.measures.typology import FEWEST_SHARED, angular_similarity, typology
from gradsim_core.measuring import uriel
from gradsim_core.measuring.of_languages import LANGUAGE_MEASURES, language_measure

CODES = ("deu", "nld", "spa", "swh", "cmn", "hin", "fin", "tur")


@pytest.fixture(scope="module")
def library() -> Any:
    """The package's own querying over the arrays it ships, without its writing on the disk."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    from urielplus import urielplus

    found = object.__new__(urielplus.URIELPlus)
    folder = Path(urielplus.__file__).parent
    arrays = [dict(np.load(folder / "database" / "original_uriel" / f"{name}.npz"))
              for name in ("family_features", "features")]
    found.cur_dir = str(folder)
    found.feats, found.langs, found.data, found.sources = (
        [one[key] for one in arrays] for key in ("feats", "langs", "data", "sources"))
    found.ewave_scope_langs = found.ewave_scope_feats = None
    root.handlers, root.level = handlers, level
    return found


@pytest.mark.parametrize("kind", ["syntactic", "phonological", "inventory", "featural", "genetic"])
def test_distances_are_the_packages_own(library: Any, kind: str) -> None:
    languages = [resolve(code) for code in CODES]
    found = language_measure(f"typology.{kind}", languages)
    features = uriel.uriel_features(kind, languages).values
    _, shared = angular_similarity(features)
    distances = np.array(library.new_distance(kind, list(CODES)))
    expected = np.where((distances < 0) | (shared < FEWEST_SHARED), np.nan, 1 - distances)
    np.fill_diagonal(expected, np.nan)
    assert np.isfinite(expected).sum() >= 20
    np.testing.assert_allclose(found.values, expected, atol=6e-5)  # rounded to four digits there


def test_angles_by_hand() -> None:
    """(1, 1) and (1, 0) are 45 degrees apart: half of the way from like to unlike."""
    values, shared = angular_similarity(np.array([
        [1, 1, 0, np.nan], [1, 0, 0, 1], [0, 0, 1, 1], [np.nan, np.nan, np.nan, np.nan]]))
    assert values[0, 1] == pytest.approx(0.5)
    assert values[0, 2] == pytest.approx(0)
    assert values[1, 2] == pytest.approx(1 - 2 / np.pi * np.arccos(1 / 2))
    assert np.isnan(values[3]).all()
    assert shared.tolist() == [[3, 3, 3, 0], [3, 4, 4, 0], [3, 4, 4, 0], [0, 0, 0, 0]]


def test_rows_of_zeros_count_as_equal_small_numbers() -> None:
    values, _ = angular_similarity(np.array([[0.0, 0, 0, 0], [1, 1, 1, 1], [0, 0, 0, 0],
                                             [1, 0, 0, 0]]))
    assert values[0, 1] == pytest.approx(1, abs=1e-7)
    assert values[0, 2] == pytest.approx(1, abs=1e-7)
    assert values[0, 3] == values[3, 0] == pytest.approx(1 - 2 / np.pi * np.arccos(0.5))


def test_too_little_known_is_missing_and_the_note_says_what_is_known() -> None:
    features = np.zeros((3, 30))
    features[:, :15] = 1
    features[1, FEWEST_SHARED - 1:] = np.nan
    found = typology("syntactic", ("deu", "nld", "xx"), features, np.array([0.8, 1, np.nan]), "1.2")
    assert np.isnan(found.values[1]).all()
    assert found.values[0, 2] == pytest.approx(1)
    assert found.note.startswith("Of 30 features 19 are known of both languages of a pair "
                                 "(median; 19 to 30; at least 20 are asked for).")
    assert "90% of them agree" in found.note
    assert "urielplus 1.2 (CC BY-SA 4.0)" in found.source


def test_languages_of_which_little_is_known_are_not_called_far_apart() -> None:
    """URIEL knows 11 features of Tsonga's syntax; by these it is unlike Swahili, its relative."""
    languages = [resolve("tso"), resolve("swh"), resolve("yor")]
    features = uriel.uriel_features("syntactic", languages).values
    assert np.isfinite(features[0]).sum() == 11
    assert angular_similarity(features)[0][0, 1] < angular_similarity(features)[0][0, 2]
    assert np.isnan(language_measure("typology.syntactic", languages).values[0]).all()


def test_the_order_of_languages_does_not_matter() -> None:
    languages = [resolve(code) for code in CODES]
    one = language_measure("typology.featural", languages)
    other = language_measure("typology.featural", languages[::-1]).among(one.languages)
    np.testing.assert_allclose(one.values, other.values, atol=1e-12)
    np.testing.assert_allclose(one.values, one.values.T, atol=1e-12)


def test_unknown_languages_are_missing_and_named() -> None:
    found = language_measure("typology.genetic", [
        resolve("deu"), Language("mine", "Mine"), resolve("nld")])
    assert np.isnan(found.values[1]).all()
    assert np.isfinite(found.values[0, 2])
    assert found.note.endswith("Nothing is known of: mine.")


def test_a_macrolanguages_features_serve_the_language_that_stands_for_it() -> None:
    """URIEL has the sounds of Arabic under ara alone."""
    found = uriel.uriel_features("phonological", [
        Language("arb", "arb", "arb"), Language("ara", "ara", "ara")])
    assert np.isfinite(found.values[0]).any()
    np.testing.assert_array_equal(found.values[0], found.values[1])


def test_any_source_that_says_so_counts() -> None:
    values, agreement = uriel._union(np.array([[0, 1, -1], [0, 0, 0], [-1, -1, -1], [1, -1, -1]]))
    np.testing.assert_array_equal(values, [1, 0, np.nan, 1])
    assert agreement == pytest.approx((1 / 2 + 1) / 2)


def test_nobodys_logging_is_touched_and_nothing_is_written() -> None:
    root = logging.getLogger()
    before = (list(root.handlers), root.level)
    folder = Path(metadata.distribution("urielplus").locate_file("urielplus"))
    files = sorted(folder.rglob("*.npz"))
    times = [os.stat(one)[stat.ST_MTIME] for one in files]
    uriel._arrays.cache_clear()
    language_measure("typology.syntactic", [resolve("deu"), resolve("nld")])
    assert (list(root.handlers), root.level) == before
    assert sorted(folder.rglob("*.npz")) == files
    assert [os.stat(one)[stat.ST_MTIME] for one in files] == times


def test_without_the_package_the_message_says_how_to_get_it(
        monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(name: str) -> str:
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(uriel.metadata, "version", absent)
    with pytest.raises(DataError, match=r'pip install "gradsim\[typology\]"'):
        language_measure("typology.syntactic", [resolve("deu"), resolve("nld")])
    assert np.isfinite(language_measure("family", [resolve("deu"), resolve("nld")]).values[0, 1])


def test_another_layout_of_the_package_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    uriel._arrays.cache_clear()
    monkeypatch.setattr(uriel.util, "find_spec", lambda name: None)
    with pytest.raises(DataError, match="does not hold its data as expected"):
        language_measure("typology.syntactic", [resolve("deu"), resolve("nld")])
    uriel._arrays.cache_clear()


def test_unknown_names_are_refused() -> None:
    with pytest.raises(DataError, match="Kind of typology 'lexical' is not known"):
        uriel.uriel_features("lexical", [])
    with pytest.raises(DataError, match="'typology' is not known"):
        language_measure("typology", [])
    assert len(LANGUAGE_MEASURES) == 7
