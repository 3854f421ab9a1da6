"""Topics of rows, and languages split by them: balanced, aligned, the same every time."""

from __future__ import annotations

import json
import re
from collections import Counter
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from data_cases import refusal

from gradsim_core.data import PRESETS, SPLITS, data_health, load_corpus
from gradsim_core.data.corpus import Corpus, Split
from gradsim_core.data.rows import Part, Row, hash_order
from gradsim_core.data.topic_languages import MINIMUM, best_set, cell_of, split_by_topic
from gradsim_core.data.topics import load_topics, text_key, topics_from_ids, with_topics
from gradsim_core.languages.resolving import resolve
from gradsim_core.prepared import prepare
from gradsim_core.study import Study
from gradsim_core.study_text import study_from


def corpus_of(counts: dict[str, dict[tuple[str, str], int]], test: int = 4) -> Corpus:
    """Languages with so many training rows of each (topic, label); ids go through all of them."""
    def split(code: str, own: dict[tuple[str, str], int], salt: str = "") -> Split:
        rows = [Row(f"{code} {salt}{topic} {label} {i}", label, topic, f"{salt}{topic}{label}{i}")
                for (topic, label), n in own.items() for i in range(n)]
        return Split(*map(tuple, zip(*rows, strict=True))) if rows else Split((), ())

    labels = tuple(sorted({label for own in counts.values() for _, label in own}))
    splits = {code: {"train": split(code, own), "dev": Split((), ()), "test": split(
        code, dict.fromkeys(own, test), "test ")} for code, own in counts.items()}
    return Corpus("sequence", "weighted_f1", labels, {code: resolve(code) for code in counts},
                  splits, "made for a test")


TWO = {("sport", "a"): 30, ("sport", "b"): 40, ("art", "a"): 25, ("art", "b"): 50}


def cells(corpus: Corpus) -> dict[str, Counter[str]]:
    return {code: Counter(corpus.split(code, "train").labels) for code in corpus.languages}


def test_every_cell_keeps_as_many_of_each_label_as_the_poorest() -> None:
    corpus = split_by_topic(corpus_of({"deu": TWO, "nld": {**TWO, ("art", "b"): 18}}))
    assert cells(corpus) == {code: {"a": 25, "b": 18} for code in (
        "deu.art", "deu.sport", "nld.art", "nld.sport")}
    german = corpus.languages["deu.art"]
    assert german.name == "German, art"
    assert (german.lineage, german.script, german.latitude, german.iso639_3) == (
        resolve("deu").lineage, "Latn", resolve("deu").latitude, "deu")
    assert len(corpus.split("deu.art", "test")) == 8, "test rows are split, not balanced"
    assert corpus.source == "made for a test, by topic"
    assert corpus.notes[0] == ("Split by topic: 2 languages x 2 topics (art, sport), each with the "
                               "same 43 training rows (a 25, b 18).")
    assert corpus.notes[1].startswith("Of 258 training rows 172 are kept: 0 have no topic")
    assert {one.sentence for one in data_health(corpus).warnings} >= set(corpus.notes)


def test_rows_are_the_first_by_hash_so_parallel_rows_stay_parallel() -> None:
    corpus = split_by_topic(corpus_of({"deu": TWO, "nld": {**TWO, ("art", "b"): 18}}))
    for code in ("deu.sport", "nld.sport"):
        split = corpus.split(code, "train")
        for label in "ab":
            every = sorted((f"sport{label}{i}" for i in range(TWO["sport", label])),
                           key=lambda key: hash_order(key, "cells"))
            own = {name for name, one in zip(split.ids, split.labels, strict=True) if one == label}
            assert own == set(every[:len(own)])
        assert set(split.topics) == {"sport"}
    assert corpus.split("deu.sport", "train").ids == corpus.split("nld.sport", "train").ids


def ref_most_cells(counts: np.ndarray) -> tuple[int, int]:
    """Most cells, and then rows, that any topics and any languages leave: every set is tried."""
    def sets(n: int) -> list[tuple[int, ...]]:
        return [chosen for size in range(2, n + 1) for chosen in combinations(range(n), size)]

    best = (0, 0)
    for topics in sets(counts.shape[1]):
        for languages in sets(counts.shape[0]):
            lowest = [min(counts[one, t, y] for one in languages for t in topics)
                      for y in range(counts.shape[2])]
            n_cells = len(topics) * len(languages)
            if sum(lowest) >= MINIMUM and sum(n > 0 for n in lowest) >= 2:
                best = max(best, (n_cells, n_cells * sum(lowest)))
    return best


@pytest.mark.parametrize("seed", range(12))
def test_the_set_leaves_nearly_as_many_cells_as_the_best_of_all_sets(seed: int) -> None:
    draw = np.random.default_rng(seed)
    counts = draw.integers(0, 40, size=(5, 4, 3)) + draw.integers(0, 30, size=(5, 1, 1))
    topics, languages = best_set(counts)
    if not topics:
        assert ref_most_cells(counts) == (0, 0)
        return
    lowest = counts[np.ix_(languages, topics)].min(axis=(0, 1))
    assert lowest.sum() >= MINIMUM
    assert len(topics) * len(languages) >= ref_most_cells(counts)[0] - 2  # languages go one by one


def test_a_rare_topic_a_poor_language_and_rows_without_topic_are_left_out_and_said() -> None:
    rare = {**TWO, ("law", "a"): 3, ("", "a"): 5}
    corpus = split_by_topic(corpus_of({
        "deu": rare, "nld": rare, "swe": {("art", "a"): 90}, "dan": {**TWO, ("art", "b"): 9}}))
    assert list(corpus.languages) == ["deu.art", "deu.sport", "nld.art", "nld.sport"]
    assert corpus.notes[2:] == (
        "Topics left out: law.",
        "Languages left out, because with them cells would keep fewer than 40 training rows: swe, "
        "dan.")
    assert "10 have no topic" in corpus.notes[1]


def test_a_label_that_some_cell_lacks_goes_but_two_stay() -> None:
    own = {**TWO, ("sport", "c"): 9}
    corpus = split_by_topic(corpus_of({"deu": own, "nld": own}))
    assert corpus.notes[-1] == "Labels left out, because some cell has none: c."
    assert cells(corpus)["deu.sport"] == {"a": 25, "b": 40}
    alone = {("sport", "a"): 90, ("art", "a"): 90, ("sport", "b"): 50}
    assert "no two topics" in refusal(lambda: split_by_topic(corpus_of(
        {"deu": alone, "nld": alone})))


def test_limits_are_a_cells() -> None:
    corpus = split_by_topic(corpus_of({"deu": TWO, "nld": TWO}), rows=10, score_rows=3)
    assert {tuple(sorted(count.items())) for count in cells(corpus).values()} == {
        (("a", 4), ("b", 6))}
    assert {len(corpus.split(code, "test")) for code in corpus.languages} == {3}


def test_topics_become_codes_that_differ() -> None:
    own = {(topic, label): 30 for topic in ("arts, music", "arts/music", "новости")
           for label in "ab"}
    corpus = split_by_topic(corpus_of({"deu": own, "nld": own}))
    assert [code for code in corpus.languages if code.startswith("deu")] == [
        "deu.arts-music", "deu.arts-music-2", "deu.новости"]
    assert corpus.languages["deu.arts-music-2"].name == "German, arts/music"
    assert cell_of("srp_Cyrl.v1.2") == ("srp_Cyrl.v1", "2")  # a topic's part never holds a dot


def test_words_with_tags_are_balanced_in_rows_alone() -> None:
    def split(code: str, news: int, wiki: int) -> dict[str, Split]:
        topics = ("news",) * news + ("wiki",) * wiki
        texts = tuple((code, str(i)) for i in range(len(topics)))
        return {"train": Split(texts, (("X", "Y"),) * len(topics), topics)}

    corpus = split_by_topic(Corpus(
        "token", "accuracy", ("X", "Y"), {code: resolve(code) for code in ("deu", "fra")},
        {"deu": split("deu", 45, 70), "fra": split("fra", 60, 42)}, "made"))
    assert [len(corpus.split(code, "train")) for code in corpus.languages] == [42] * 4


@pytest.mark.parametrize(("counts", "message"), [
    ({("art", "a"): 90}, "two topics or more; found: art"),
    ({("", "a"): 90}, "found: none. Name a column for the role topic"),
    ({("art", "a"): 90, ("law", "b"): 80}, r"40 balanced training rows a cell \(rows: art 180")])
def test_data_that_cannot_be_split_is_refused(counts: Any, message: str) -> None:
    assert re.search(message, refusal(lambda: split_by_topic(
        corpus_of({"deu": counts, "nld": counts}))))


# the built-in data and studies

def test_built_in_names_by_continent() -> None:
    corpus = load_corpus(Study(by_topic=True, languages=("deu", "nld", "ces")))
    assert {cell_of(code)[1] for code in corpus.languages} == {
        "Africa", "Americas", "Asia", "Europe"}, "Oceania would leave too few"
    counts = list(cells(corpus).values())
    assert len(counts) == 12
    assert all(count == counts[0] for count in counts)
    assert counts[0].total() > 50
    assert load_corpus(Study(by_topic=True, languages=("ces", "deu", "nld"))).fingerprints() == (
        corpus.fingerprints())


def test_signature_tells_a_study_by_topic() -> None:
    languages = ("deu", "nld")
    plain, split = (prepare(study_from({"languages": languages, "by_topic": by_topic}))
                    for by_topic in (False, True))
    assert plain.signature != split.signature
    assert len(split.sources) == 8
    fewer = prepare(study_from({"languages": languages, "by_topic": True, "rows": 30}))
    assert fewer.signature != split.signature


# topics from files and ids

def test_topics_file_by_key_or_text_replaces_the_datas_own(tmp_path: Path) -> None:
    corpus = load_corpus(Study(languages=("deu", "nld")))
    texts = corpus.split("deu", "train").texts
    path = tmp_path / "topics.json"
    path.write_text(json.dumps({"topics": {text_key(texts[0].upper()): "one", texts[1]: "two"}}))
    told = load_corpus(Study(languages=("deu", "nld"), topics=str(path)))
    assert told.split("deu", "train").topics[:3] == ("one", "two", "")
    assert told.fingerprints()["deu"] != corpus.fingerprints()["deu"]
    assert told.split("deu", "train").texts == texts


@pytest.mark.parametrize(("content", "message"), [
    ("{", "topics.json:1: not JSON"), ("[]", "topics are an object"), ("{}", "topics are an obj"),
    ('{"topics": {"a": 1}}', "topics are an object"),
    ('{"topics": {"nowhere": "x"}}', "none of its 1 texts stands in builtin")])
def test_bad_topics_file_is_refused(tmp_path: Path, content: str, message: str) -> None:
    path = tmp_path / "topics.json"
    path.write_text(content)
    assert message in refusal(lambda: load_corpus(Study(languages=("deu",), topics=str(path))))


def test_missing_topics_file_is_refused(tmp_path: Path) -> None:
    assert "cannot be read (No such file" in refusal(lambda: load_topics(tmp_path / "no.json"))


def test_topics_of_words(tmp_path: Path) -> None:
    split = Split((("Guten", "Tag"),), (("X", "Y"),))
    corpus = Corpus("token", "accuracy", ("X", "Y"), {"deu": resolve("deu")},
                    {"deu": {"train": split}}, "made")
    for key in (text_key("guten tag"), "Guten Tag"):
        assert with_topics(corpus, {key: "t"}, "x").split("deu", "train").topics == ("t",)


def test_ids_tell_the_genre_only_where_nothing_else_does() -> None:
    rows = [Row("a", "x", "", "n01001011"), Row("b", "x", "own", "w01001011"),
            Row("c", "x", "", "w01001011"), Row("d", "x", "", "news-1")]
    part, = topics_from_ids([Part("deu", None, rows, "here")], PRESETS["udpos"].topics)
    assert [row.topic for row in part.rows] == ["news", "own", "Wikipedia", ""]


def test_pud_by_genre_stays_parallel(data_root: Path) -> None:
    study = Study(preset="udpos", data=str(data_root / "ud-pud"), languages=("de", "is", "hi"),
                  by_topic=True)
    corpus = load_corpus(study)
    assert list(corpus.languages) == [f"{code}.{genre}" for code in ("deu", "hin", "isl")
                                      for genre in ("Wikipedia", "news")]
    for genre in ("Wikipedia", "news"):
        for name in SPLITS:
            ids = [set(corpus.split(f"{code}.{genre}", name).ids) for code in ("deu", "hin", "isl")]
            assert ids[0] == ids[1] == ids[2]
            assert all(one.startswith(genre[0].lower()) for one in ids[0])
    assert len(set(map(len, (corpus.split(code, "train") for code in corpus.languages)))) == 1
