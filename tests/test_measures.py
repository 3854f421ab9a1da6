"""Measures as pure functions: by hand, against slow twins, and what must not matter."""

from __future__ import annotations

from collections.abc import Callable
from itertools import chain
from pathlib import Path
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from reference_measures import (
    cosine_of_counts,
    greatest_difference,
    jensen_shannon_distance,
    shared_running,
    trigrams,
)
from scipy.stats import ks_2samp

from gradsim_core.data import load_corpus
from gradsim_core.languages.resolving import Language, resolve
from gradsim_core.measures import Measure, distribution, lexical
from gradsim_core.measures.family import family, shared_path
from gradsim_core.measures.geographic import geographic, great_circle_km
from gradsim_core.study import Study

TEXTS = {"deu": ["Der Hund schläft.", "die Katze", "der Hund der Katze", "ein Haus"],
         "nld": ["De hond slaapt", "de kat", "het huis"],
         "ell": ["ο σκύλος κοιμάται", "η γάτα"]}
ROWS = st.dictionaries(st.sampled_from(["deu", "nld", "spa", "ita"]), st.lists(
    st.lists(st.sampled_from("ab abc bcd cd e".split()), min_size=1, max_size=6),
    min_size=2, max_size=8), min_size=2)


def check_similarity(found: Measure) -> None:
    """What holds of every symmetric measure."""
    assert np.isnan(np.diagonal(found.values)).all()
    if not found.directed:
        np.testing.assert_allclose(found.values, found.values.T, atol=1e-12)


# genealogy

def test_shared_paths_by_hand() -> None:
    german, dutch = (Language(code, code, code, lineage=("Indo-European", "Germanic", *rest))
                     for code, rest in (("deu", ("High German",)), ("nld", ())))
    spanish = Language("spa", "spa", "spa", lineage=("Indo-European", "Italic", "Romance"))
    basque, unknown = Language("eus", "eus", "eus", lineage=("Basque",)), Language("xx", "Unknown")
    found = family([german, dutch, spanish, basque, unknown])
    check_similarity(found)
    assert found.values[0, 1] == pytest.approx(2 * 2 / (4 + 3))
    assert found.values[0, 2] == pytest.approx(2 * 1 / (4 + 4))
    assert found.values[0, 3] == 0
    assert np.isnan(found.values[4]).all()
    assert found.coverage == pytest.approx(12 / 20)
    assert found.note == "No lineage is known of: Unknown."


def test_real_genealogy() -> None:
    codes = ("deu", "nld", "afr", "spa", "por", "hin", "eus", "kor")
    found = family([resolve(code) for code in codes])
    near = dict(zip(codes, found.values[0], strict=True))
    assert near["nld"] > near["spa"] > near["eus"] == near["kor"] == 0
    assert near["spa"] == pytest.approx(2 * 2 / (12 + 14))
    at = {code: i for i, code in enumerate(codes)}
    assert found.values[at["nld"], at["afr"]] > found.values[at["nld"], at["deu"]]


def test_varieties_of_one_language_share_all_of_their_path() -> None:
    one, other = (Language(f"cmn_{script}", script, "cmn", lineage=("Sino-Tibetan", "Sinitic"))
                  for script in ("Hans", "Hant"))
    assert shared_path(one, other) == 1


# places

def test_great_circles_by_hand() -> None:
    """London to Paris is 344 km; a quarter of a meridian is 10,008 km on the mean sphere."""
    north = np.array([51.5074, 48.8566, 0.0, 90.0, np.nan])
    east = np.array([-0.1278, 2.3522, 0.0, 0.0, 1.0])
    found = great_circle_km(north, east)
    assert found[0, 1] == pytest.approx(343.6, abs=0.5)
    assert found[2, 3] == pytest.approx(np.pi / 2 * 6371.0088)
    assert np.isnan(found[4]).all()
    assert great_circle_km(np.zeros(2), np.array([179.0, -179.0]))[0, 1] == pytest.approx(222.4,
                                                                                         abs=0.1)


def test_places_of_languages() -> None:
    found = geographic([resolve("nld"), resolve("deu"), resolve("jpn"), Language("xx", "Unknown")])
    check_similarity(found)
    assert found.values[0, 1] > found.values[0, 2]
    assert found.values[0, 1] < 0
    assert np.isnan(found.values[3]).all()
    assert found.note == "Minus kilometres. No place is known of: Unknown."


# words and letters

def test_lexical_measures_against_slow_twins() -> None:
    found = {"ngrams": lexical.ngrams(TEXTS), "words": lexical.words(TEXTS)}
    words = {code: [word for row in rows for word in lexical.words_of(row)]
             for code, rows in TEXTS.items()}
    assert words["deu"][:3] == ["der", "hund", "schläft"]
    codes = list(TEXTS)
    for name, measure in found.items():
        check_similarity(measure)
        for i, one in enumerate(codes):
            for j, other in enumerate(codes):
                slow = (cosine_of_counts(trigrams(words[one]), trigrams(words[other]))
                        if name == "ngrams" else shared_running(words[one], words[other]))
                assert i == j or measure.values[i, j] == pytest.approx(slow)


@given(ROWS)
def test_halves_are_the_rows_by_turns(rows: dict[str, list[list[str]]]) -> None:
    for make in (lexical.ngrams, lexical.words):
        found = make(rows)
        assert found.halves is not None
        for half in (0, 1):
            alone = make({code: own[half::2] for code, own in rows.items()})
            np.testing.assert_allclose(found.halves[half], alone.values, atol=1e-12)


@given(ROWS, st.randoms(use_true_random=False))
def test_the_order_of_rows_and_of_languages_does_not_matter(
        rows: dict[str, list[list[str]]], random: Random) -> None:
    labels = {code: [row[0] for row in own] for code, own in rows.items()}
    order = list(rows)
    random.shuffle(order)
    for make, data in ((lexical.ngrams, rows), (lexical.words, rows),
                       (distribution.labels, labels)):
        mixed = {code: random.sample(data[code], len(data[code])) for code in order}
        np.testing.assert_allclose(make(mixed).among(tuple(rows)).values, make(data).values,
                                   atol=1e-7)


def test_words_of_any_script() -> None:
    assert lexical.words_of("हिन्दी में_लिखा, 3 ÀB") == ["हिन्दी", "में", "लिखा", "3", "àb"]
    assert lexical.words_of("𑄌𑄋𑄴𑄟𑄳𑄦 𞤀𞥄𞤣𞤤𞤢𞤥!") == ["𑄌𑄋𑄴𑄟𑄳𑄦", "𞤢𞥄𞤣𞤤𞤢𞤥"], "Chakma, Adlam"
    assert lexical.words_of(("Der", "!", "x_y")) == ["der", "!", "x_y"]


def test_one_language_in_two_names_is_wholly_like_itself() -> None:
    twice = {"deu": TEXTS["deu"], "ger": TEXTS["deu"]}
    assert lexical.ngrams(twice).values[0, 1] == pytest.approx(1)
    assert lexical.words(twice).values[0, 1] == pytest.approx(1)


def test_text_without_words_has_no_value() -> None:
    found = lexical.words({"deu": ["der Hund", "die"], "xx": ["!!", "…"], "nld": ["de", "hund"]})
    assert np.isnan(found.values[1]).all()
    assert found.values[0, 2] == pytest.approx(1 / 3)
    assert found.halves is not None
    assert found.halves[0, 0, 2] == 0
    assert np.isnan(found.halves[:, 1]).all()


def test_tokens_by_hand() -> None:
    found = lexical.tokens({"a": [np.array([1, 1, 2]), np.array([3])], "b": [np.array([1, 9])]})
    assert found.values[0, 1] == pytest.approx(min(2 / 4, 1 / 2))


# distributions

def test_label_priors_by_hand() -> None:
    """(3/4, 1/4) and (1/4, 3/4): the mixture is even, and the divergence 1 - H(1/4)."""
    found = distribution.labels({"deu": ["x", "x", "x", "y"], "nld": ["y", "y", "y", "x"],
                                 "spa": ["z", "z"]})
    check_similarity(found)
    entropy = -(0.25 * np.log2(0.25) + 0.75 * np.log2(0.75))
    assert found.values[0, 1] == pytest.approx(1 - np.sqrt(1 - entropy))
    assert found.values[0, 2] == pytest.approx(0)


@given(ROWS)
def test_label_priors_and_lengths_against_slow_twins(rows: dict[str, list[list[str]]]) -> None:
    priors = distribution.labels(rows).values
    lengths = {code: [len(row) for row in own] for code, own in rows.items()}
    found = distribution.lengths(lengths, "words").values
    for i, (one, own) in enumerate(rows.items()):
        for j, (other, others) in enumerate(rows.items()):
            if i != j:
                slow = jensen_shannon_distance(*(list(chain(*some)) for some in (own, others)))
                assert priors[i, j] == pytest.approx(1 - slow, abs=1e-6)
                slow = greatest_difference(lengths[one], lengths[other])
                assert found[i, j] == pytest.approx(1 - slow)
                assert found[i, j] == pytest.approx(
                    1 - ks_2samp(lengths[one], lengths[other], method="asymp").statistic)


def test_script_size_and_unit() -> None:
    script = distribution.script({"srp": "Cyrl", "rus": "Cyrl", "hrv": "Latn", "xx": ""})
    np.testing.assert_array_equal(script.values[0], [np.nan, 1, 0, np.nan])
    assert script.note == "Scripts: Cyrillic, Latin."
    assert distribution.script({"hrv": "Latn", "ces": "Latn"}).note == "Script: Latin."
    size = distribution.size({"hau": 14_172, "tso": 804})
    assert size.directed
    assert size.values[0, 1] == pytest.approx(np.log(14_172))
    assert size.values[1, 0] == pytest.approx(np.log(804))
    assert distribution.lengths({"a": [1], "b": [2]}, "words").note == "Lengths in words."


# real data

@pytest.mark.parametrize("make", [lexical.ngrams, lexical.words])
def test_languages_of_pud_are_nearest_their_relatives(
        make: Callable[..., Measure], data_root: Path) -> None:
    corpus = load_corpus(Study(preset="udpos", data=str(data_root / "ud-pud"),
                               languages=("cs", "pl", "ru", "es", "pt", "it", "sv", "de", "en")))
    rows = {code: corpus.split(code, "train").texts for code in corpus.languages}
    assert all(len(own) > 100 for own in rows.values())
    found = make(rows)
    at = {code: i for i, code in enumerate(found.languages)}
    nearest = {code: found.languages[int(np.nanargmax(found.values[:, i]))]
               for code, i in at.items()}
    assert nearest["spa"] in ("por", "ita")
    assert nearest["por"] == "spa"
    assert found.halves is not None
    both = ~np.eye(len(at), dtype=bool)
    assert np.corrcoef(found.halves[0][both], found.halves[1][both])[0, 1] > 0.95
