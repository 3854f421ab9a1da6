"""The built-in names: their own, split by item, balanced, the same every time."""

from __future__ import annotations

from collections import Counter

import pytest
from babel.core import get_global

from gradsim_core.data import SPLITS, Corpus, load_corpus
from gradsim_core.data.builtin import (
    CAP,
    DEFAULT_LANGUAGES,
    KINDS,
    MINIMUM,
    _english_items,
    builtin_parts,
)
from gradsim_core.data.regions import REGION_OF, region
from gradsim_core.data.rows import Row, hash_split
from gradsim_core.errors import DataError
from gradsim_core.languages.resolving import languages_of
from gradsim_core.study import Study


@pytest.fixture(scope="module")
def corpus() -> Corpus:
    return load_corpus(Study())


@pytest.fixture(scope="module")
def english() -> dict[str, str]:
    """Item -> its English name, without capitals."""
    return {f"{kind}:{key}": name.lower() for kind, items in _english_items().items()
            for key, name in items}


def all_rows(corpus: Corpus, code: str) -> list[Row]:
    return [Row(*row) for name in SPLITS for row in zip(
        *(getattr(corpus.split(code, name), column)
          for column in ("texts", "labels", "topics", "ids")), strict=True)]


def test_defaults_are_twelve_languages_of_three_branches(corpus: Corpus) -> None:
    assert set(corpus.languages) == set(DEFAULT_LANGUAGES)
    branches = Counter(language.branch for language in corpus.languages.values())
    assert branches == {"Germanic": 4, "Romance": 4, "Slavic": 4}
    assert {language.script for language in corpus.languages.values()} == {"Latn"}
    assert (corpus.task, corpus.metric, corpus.labels) == (
        "sequence", "weighted_f1", tuple(sorted(KINDS)))


@pytest.mark.parametrize("code", DEFAULT_LANGUAGES)
def test_rows_are_plenty_balanced_and_the_languages_own(
        corpus: Corpus, english: dict[str, str], code: str) -> None:
    rows = all_rows(corpus, code)
    assert len(rows) >= 590
    counts = Counter(row.label for row in rows)
    assert set(counts) == set(KINDS)
    assert len(set(counts.values())) == 1, "as many of each kind"
    assert MINIMUM <= counts[KINDS[0]] <= CAP
    assert not [row for row in rows if english.get(row.id) == row.text]
    assert len({row.text for row in rows}) == len(rows)
    assert all(row.text == row.text.lower() and row.text.strip() for row in rows)
    assert all(row.id.startswith(f"{row.label}:") for row in rows)


def test_an_item_is_in_the_same_split_in_every_language(corpus: Corpus) -> None:
    items = {name: {item for code in corpus.languages for item in corpus.split(code, name).ids}
             for name in SPLITS}
    assert all(items.values())
    assert sum(map(len, items.values())) == len(set.union(*items.values()))
    assert all(hash_split(item) == name for name in SPLITS for item in items[name])


def test_languages_share_most_items(corpus: Corpus) -> None:
    """A language takes the first items it has, so that label balance and items stay alike."""
    items = {code: {row.id for row in all_rows(corpus, code)} for code in corpus.languages}
    for one in items.values():
        assert all(len(one & other) / len(one | other) > 0.65 for other in items.values())


def test_names_hold_no_digits_and_no_nothing(corpus: Corpus) -> None:
    texts = [text for code in corpus.languages for text in corpus.split(code, "train").texts]
    assert len(texts) > 5900
    assert sum(any(char.isdigit() for char in text) for text in texts) / len(texts) < 0.002
    items = {item for code in corpus.languages for item in corpus.split(code, "train").ids}
    assert not items & {"territory:ZZ", "currency:XXX", "language:und", "language:de_CH"}


def test_hand_checked_names() -> None:
    parts = builtin_parts(("deu",))
    rows = {row.id: row for part in parts for row in part.rows}
    assert rows["territory:FR"] == Row("Frankreich", "territory", "Europe", "territory:FR")
    assert rows["timezone:Japan"].text == "Japanische Normalzeit"
    assert "territory:DE" in rows  # Deutschland, Germany
    assert "territory:TD" in rows  # Tschad, Chad
    assert "territory:AO" not in rows  # Angola, Angola


def test_same_every_time_and_whatever_the_order(corpus: Corpus) -> None:
    again = load_corpus(Study(languages=tuple(reversed(DEFAULT_LANGUAGES))))
    assert again == corpus
    assert again.fingerprints() == corpus.fingerprints()
    alone = load_corpus(Study(languages=("Polish",)))
    assert alone.splits["pol"] == corpus.splits["pol"]


def test_english_itself_keeps_its_names(english: dict[str, str]) -> None:
    corpus = load_corpus(Study(languages=("en", "de")))
    rows = all_rows(corpus, "eng")
    assert len(rows) > 600
    assert all(row.text == english[row.id] for row in rows)


def test_all_languages() -> None:
    corpus = load_corpus(Study(languages=("all",)))
    assert 120 <= len(corpus.languages) <= 135
    assert {"eng", "amh", "jpn", "zul", "nob", "nno"} <= set(corpus.languages)
    assert not {"nor", "fil", "ibo"} & set(corpus.languages)  # parent of nob; copies of English
    known = [language for language in corpus.languages.values() if language.iso639_3]
    assert len(known) == len(corpus.languages)


@pytest.mark.parametrize(("language", "message"), [
    ("fil", r"Filipino \(fil\) has too few names of its own.*60 are needed"),
    ("Klingonish", "'Klingonish' is not in the data")])
def test_languages_without_names_are_refused(language: str, message: str) -> None:
    with pytest.raises(DataError, match=message) as caught:
        load_corpus(Study(languages=("deu", language)))
    assert len(str(caught.value)) <= 400


# topics

def test_every_territory_has_a_region_but_those_of_none() -> None:
    english = load_corpus(Study(languages=("en",)))
    none = {row.id.partition(":")[2] for row in all_rows(english, "eng")
            if row.label == "territory" and not row.topic}
    assert none <= {"001", "AC", "AQ", "CP", "DG", "QO", "TA", "UN"}


def test_regions_agree_with_the_continents_of_time_zones() -> None:
    """A twin from elsewhere: the first part of a zone's name, where it is a continent."""
    continents = {"Africa": "Africa", "Asia": "Asia", "Europe": "Europe", "America": "Americas",
                  "Australia": "Oceania"}
    wrong = {zone: REGION_OF.get(territory)
             for zone, territory in get_global("zone_territories").items()
             if (continent := continents.get(zone.partition("/")[0]))
             and REGION_OF.get(territory) != continent}
    spread = {"RU", "TR", "CY", "ES", "KZ"}  # states on two continents, or with zones on two
    territories = get_global("zone_territories")
    assert len(territories) > 300
    assert {zone for zone in wrong if territories[zone] not in spread} == set()


@pytest.mark.parametrize(("kind", "item", "topic"), [
    ("territory", "KE", "Africa"), ("territory", "419", "Americas"), ("territory", "001", ""),
    ("territory", "SU", "Europe"), ("language", "sw", "Africa"), ("language", "mi", "Oceania"),
    ("language", "eo", ""), ("language", "en", "Americas"), ("currency", "EUR", "Europe"),
    ("currency", "USD", "Americas"), ("currency", "XOF", "Africa"), ("currency", "XAU", ""),
    ("currency", "DDM", "Europe"), ("timezone", "Europe_Central", "Europe"),
    ("timezone", "Japan", "Asia"), ("timezone", "Almaty", "Asia"), ("timezone", "GMT", "")])
def test_regions(kind: str, item: str, topic: str) -> None:
    assert region(kind, item) == topic


def test_most_rows_have_a_topic(corpus: Corpus) -> None:
    topics = Counter(row.topic for code in corpus.languages for row in all_rows(corpus, code))
    assert topics[""] / topics.total() < 0.08
    assert set(topics) == {"", "Africa", "Americas", "Asia", "Europe", "Oceania"}


def test_defaults_are_spelled_by_code() -> None:
    assert [language.code for language in languages_of(DEFAULT_LANGUAGES).values()] == sorted(
        DEFAULT_LANGUAGES)
