"""Topic similarity: against scipy, by hand, and on real data."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy.spatial.distance import jensenshannon

from gradsim_core.data import load_corpus
from gradsim_core.data.corpus import Corpus, Split
from gradsim_core.errors import DataError
from gradsim_core.languages.resolving import Language
from gradsim_core.measures.frequencies import jensen_shannon
from gradsim_core.measures.topic import has_topics, topic
from gradsim_core.study import Study


def corpus_with(**topics: str) -> Corpus:
    """Languages whose training rows have these topics, one a letter; a dot is none."""
    splits = {code: {"train": Split(
        tuple(f"{code} {i}" for i in range(len(own))), ("x",) * len(own),
        tuple(letter.strip(".") for letter in own), tuple(map(str, range(len(own)))))}
        for code, own in topics.items()}
    languages = {code: Language(code, code) for code in splits}
    return Corpus("sequence", "weighted_f1", ("x",), languages, splits, "made for a test")


def test_similarity_is_one_less_scipys_distance() -> None:
    counts = np.random.default_rng(0).integers(0, 9, size=(6, 4))
    found = jensen_shannon(counts)
    for i, one in enumerate(counts):
        for j, other in enumerate(counts):
            expected = 0.0 if i == j else jensenshannon(one, other, base=2)
            assert found[i, j] == pytest.approx(1 - expected, abs=1e-7)


def test_by_hand() -> None:
    """Half of the rows in common: the divergence of (1, 0) and (1/2, 1/2)."""
    divergence = (3 / 4 * np.log2(4 / 3) + 1 / 4 * np.log2(4)) - 1 / 2
    found = topic(corpus_with(deu="aaaa", nld="ab", swe="bb", dan="...."))
    expected = np.array([[np.nan, 1 - np.sqrt(divergence), 0],
                         [1 - np.sqrt(divergence), np.nan, 1 - np.sqrt(divergence)],
                         [0, 1 - np.sqrt(divergence), np.nan]])
    np.testing.assert_allclose(found.values[:3, :3], expected, atol=1e-12)
    assert np.isnan(found.values[3]).all(), "no topic, no value"
    assert found.note == "2 topics (a, b); 8 of 12 training rows have one."


def test_halves_are_disjoint_and_parallel_rows_stay_together() -> None:
    found = topic(corpus_with(deu="ab" * 20, nld="ab" * 20, swe="aaab" * 10))
    assert found.halves is not None
    assert (found.halves[:, 0, 1] == 1).all(), "the same items in either half"
    whole = found.values[0, 2]
    assert found.halves[:, 0, 2].min() <= whole + 0.1
    assert found.halves[0, 0, 2] != found.halves[1, 0, 2]


def test_data_without_topics_is_refused() -> None:
    corpus = corpus_with(deu="..", nld="ab")
    assert not has_topics(corpus)
    with pytest.raises(DataError, match=r"Fewer than two languages.*gradsim topics"):
        topic(corpus)


def test_continents_of_the_built_in_data() -> None:
    found = topic(load_corpus(Study(languages=("deu", "nld", "spa"))))
    off = found.values[~np.eye(3, dtype=bool)]
    assert "5 topics (Africa, Americas, Asia, Europe, Oceania)" in found.note
    assert (off > 0.9).all(), "the same items in every language"
    assert (off < 1).all()


def test_genres_of_pud_are_the_same_in_every_language(data_root: Path) -> None:
    found = topic(load_corpus(Study(preset="udpos", data=str(data_root / "ud-pud"),
                                    languages=("de", "fi", "hi"))))
    assert found.note.startswith("2 topics (Wikipedia, news); 2,319 of 2,319")
    np.testing.assert_allclose(found.values[~np.eye(3, dtype=bool)], 1)
