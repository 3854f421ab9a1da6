"""Topic or language: cells read from Grams, the finding, its words and its report."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from joint_cases import made_prepared

from gradsim_core.data.topic_languages import split_by_topic
from gradsim_core.errors import DataError, StudyError
from gradsim_core.findings.record import load_finding
from gradsim_core.findings.topics import topic_or_language as module
from gradsim_core.findings.topics.cell_similarity import cell_similarities, noise_free_products
from gradsim_core.findings.topics.topic_or_language import (
    KIND,
    TopicOrLanguagePlan,
    cell_study,
    own_correction,
    run_topic_or_language,
    topic_or_language,
)
from gradsim_core.findings.topics.topic_or_language_report import report_files, summary_rows
from gradsim_core.findings.topics.topic_or_language_words import crossover, statement, verdict
from gradsim_core.prepared import Prepared, study_record
from gradsim_core.similarities.gram import GramSeries, similarity
from gradsim_core.storage.store import Store
from gradsim_core.study_text import study_from

LANGUAGES, TOPICS = tuple("abcdef"), ("art", "law", "sport")
CODES = [[f"{language}.{topic}" for topic in TOPICS] for language in LANGUAGES]
BLOCKS = ("embeddings", "layer.0", "layer.1", "head")


def made_series(shares: list[tuple[float, float]] | None = None, noise: float = 0.3,
                seed: int = 0) -> GramSeries:
    """Gradients of halves that are a language's part, a topic's part and noise, in every block."""
    draw, cells = np.random.default_rng(seed), [code for row in CODES for code in row]
    sums = []
    for language, topic in shares or [(2, 0.2), (1, 0.5), (0.5, 1), (0.2, 2)]:
        parts = (draw.normal(size=(6, 1, 1, 80)) * np.sqrt(language)
                 + draw.normal(size=(1, 3, 1, 80)) * np.sqrt(topic) + 3
                 + draw.normal(size=(6, 3, 2, 80)) * np.sqrt(noise)).reshape(-1, 80)
        sums.append(parts @ parts.T)
    stack = np.stack(sums)[None]
    return GramSeries(tuple(cells), BLOCKS, (9,), stack, (1,), stack.astype(np.float32))


@pytest.fixture(scope="module")
def base() -> Prepared:
    """Six made-up languages with a topic on every row."""
    prepared = made_prepared(n_rows=60)
    corpus = prepared.corpus
    one = corpus.split("deu", "train")
    splits = {code: {name: replace(one, topics=tuple(TOPICS[i % 3] for i in range(60)),
                                   labels=tuple("abc"[i // 3 % 3] for i in range(60)))
                     for name in ("train", "dev", "test")} for code in LANGUAGES}
    languages = {code: replace(corpus.languages["deu"], code=code, name=code.upper())
                 for code in LANGUAGES}
    return replace(prepared, corpus=replace(corpus, splits=splits, languages=languages))


@pytest.fixture(scope="module")
def cells(base: Prepared) -> Prepared:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("gradsim_core.data.topic_languages.MINIMUM", 18)
        corpus = split_by_topic(base.corpus)
    return Prepared(cell_study(base.study, TopicOrLanguagePlan()), corpus, "fedcba9876543210",
                    "0" * 64)


@pytest.fixture(scope="module")
def content(base: Prepared, cells: Prepared) -> dict[str, Any]:
    return topic_or_language(study_record(base), cells, made_series(),
                             TopicOrLanguagePlan(permutations=199))


# cells read from Grams

def test_cells_are_the_similarity_in_the_order_of_languages_and_topics() -> None:
    series = made_series()
    turned = [row[::-1] for row in CODES[::-1]]
    found = cell_similarities(series, turned, ("layer.0", "encoder"), "cosine_of_mean", "raw", -1)
    assert found.shape == (2, 6, 3, 6, 3)
    matrix = similarity(series, "encoder").matrix
    at = series.languages.index
    assert found[1, 0, 2, 5, 0] == matrix[at("f.art"), at("a.sport")]
    assert found[1, 1, 1, 4, 2] == matrix[at("e.law"), at("b.art")]


def test_noise_free_products_against_the_vectors_themselves() -> None:
    """Made of known vectors: unit cells, centred half by half, multiplied across halves."""
    draw = np.random.default_rng(3)
    vectors = draw.normal(size=(36, 50)) + 1
    gram = (vectors @ vectors.T)[None, None]
    series = GramSeries(tuple(code for row in CODES for code in row), ("embeddings",), (1,), gram,
                        (1,), gram.astype(np.float32))
    products, length, reliability = noise_free_products(series, CODES, ["embeddings"], True, -1)
    halves = vectors.reshape(18, 2, 50)
    halves = halves / np.linalg.norm(halves.sum(axis=1), axis=1)[:, None, None]
    halves = halves - halves.mean(axis=0)
    expected = 2 * (halves[:, 0] @ halves[:, 1].T + halves[:, 1] @ halves[:, 0].T)
    np.testing.assert_allclose(products.reshape(18, 18), expected, atol=1e-12)
    np.testing.assert_allclose(length.ravel(), np.diagonal(expected), atol=1e-12)
    products_of_halves = (halves[:, 0] * halves[:, 1]).sum()
    np.testing.assert_allclose(reliability, 2 * products_of_halves / (halves ** 2).sum())


def test_halves_that_are_alike_or_opposite() -> None:
    draw = np.random.default_rng(4)
    one, shared = draw.normal(size=(18, 30)), draw.normal(size=30) * 9
    for sign, expected in ((1, 1), (-1, -1)):
        vectors = np.stack([shared + one, shared + sign * one], axis=1).reshape(36, 30)
        gram = (vectors @ vectors.T)[None, None]
        series = GramSeries(tuple(code for row in CODES for code in row), ("head",), (1,), gram,
                            (1,), gram.astype(np.float32))
        found = noise_free_products(series, CODES, ["head"], True, -1)[2]
        assert found[0] == pytest.approx(expected, abs=0.1)


def test_noise_is_free_of_noise_on_average() -> None:
    """More noise lowers the similarity as read, but not the share without noise."""
    found = {}
    for noise in (0.05, 2.0):
        read, free = [], []
        for seed in range(12):
            series = made_series([(1, 1)] * 4, noise, seed)
            read.append(np.nanmean(cell_similarities(
                series, CODES, ["head"], "cosine_of_mean", "centred", -1)[0, :, 0, :, 0]
                [~np.eye(6, dtype=bool)]))
            products, length, _ = noise_free_products(series, CODES, ["head"], True, -1)
            free.append(products[0, :, 0, :, 0][~np.eye(6, dtype=bool)].mean() / length.mean())
        found[noise] = np.mean(read), np.mean(free)
    assert found[2.0][0] < 0.75 * found[0.05][0]
    assert found[2.0][1] == pytest.approx(found[0.05][1], rel=0.25)


# the finding

def test_content_holds_what_readers_need(content: dict[str, Any]) -> None:
    assert content["$schema"] == "gradsim.topic-or-language/1"
    assert [one["code"] for one in content["languages"]] == list(LANGUAGES)
    assert content["topics"] == list(TOPICS)
    assert len(content["cells"]) == 18
    assert {cell["rows"] for cell in content["cells"]} == {20}
    assert [one["block"] for one in content["blocks"]] == list(BLOCKS)
    assert [one["block"] for one in content["spans"]] == ["layers", "lower", "higher"]
    assert content["trend"]["blocks"] == ["embeddings", "layer.0", "layer.1"]
    assert content["reading"] == {"reading": "cosine_of_mean", "correction": "all_but_top",
                                  "step": 9}
    assert {(one["correction"], one["step"]) for one in content["readings"]} == {
        ("centred", 9), ("raw", 9)}
    assert content["left_out"] == []


def test_language_leads_below_and_topic_above(content: dict[str, Any]) -> None:
    first, *_, last = content["blocks"]
    assert first["difference"]["interval"][0] > 0 > last["difference"]["interval"][1]
    assert content["crossover"] in ("layer.1", "head")
    assert content["trend"]["slope"] < 0
    assert content["trend"]["interval"][1] < 0
    assert first["within_language"]["p"] == 0.005
    assert first["reliability"] > 0.5
    assert first["corrected"]["within_language"]["value"] > first["within_language"]["value"] / 2


def test_cells_whose_gradient_was_lost_take_their_language_out(base: Prepared,
                                                               cells: Prepared) -> None:
    plan = TopicOrLanguagePlan(permutations=99)
    lost = replace(made_series(), invalid={"b.law": "its gradient exploded at step 3"})
    found = topic_or_language(study_record(base), cells, lost, plan)
    assert found["left_out"] == [{"code": "b", "name": "B",
                                  "reason": "b.law: its gradient exploded at step 3"}]
    assert len(found["cells"]) == 15
    lost = replace(lost, invalid={f"{code}.law": "exploded" for code in "bcdef"})
    with pytest.raises(StudyError, match=r"Fewer than two languages are left.*b.law: exploded"):
        topic_or_language(study_record(base), cells, lost, plan)


@pytest.mark.parametrize("settings", [
    {"correction": "noise_corrected"}, {"reading": "mean_cosine"}, {"correction": "raw"},
    {"correction": "centred", "snapshot": 0}])
def test_every_reading_ends_in_a_report(base: Prepared, cells: Prepared,
                                        settings: dict[str, Any]) -> None:
    series = made_series()
    for row in range(0, 6, 2):  # the halves of the first language disagree on every topic
        series.sums[..., row, row + 1] = series.sums[..., row + 1, row] = -1
    found = topic_or_language(study_record(base), cells, series,
                              TopicOrLanguagePlan(permutations=99, **settings))
    assert found["verdict"]
    assert "nan" not in report_files(found)["report.md"].lower()
    if settings.get("correction") == "noise_corrected":
        assert all(one["difference"]["interval"] is None for one in found["blocks"])
        assert all(one["difference"]["p"] is None for one in found["blocks"])


def test_a_snapshot_that_is_not_there_is_refused(base: Prepared, cells: Prepared) -> None:
    with pytest.raises(StudyError, match="Snapshot 3 does not exist"):
        topic_or_language(study_record(base), cells, made_series(),
                          TopicOrLanguagePlan(permutations=99, snapshot=3))


def test_the_study_of_cells(base: Prepared) -> None:
    study = cell_study(base.study, TopicOrLanguagePlan(steps=2, batch_size=6, score_rows=3))
    assert (study.by_topic, study.steps, study.batch_size, study.snapshots, study.score_rows) == (
        True, 2, 6, 2, 3)
    assert study.name == "builtin, by topic"
    assert cell_study(base.study, TopicOrLanguagePlan()).steps == base.study.steps


def test_cells_are_read_as_the_study_is_but_never_raw_by_default() -> None:
    assert own_correction(study_from({})) == "all_but_top"
    assert own_correction(study_from({"preset": "udpos"})) == "centred"
    assert own_correction(study_from({"data": "mine"})) == "centred"


def test_trained_once_and_kept_beside_the_study(tmp_path: Path) -> None:
    """The real thing on the built-in data, in few steps."""
    from gradsim_core.prepared import prepare

    prepared, store = prepare(study_from({"languages": "deu nld"})), Store(tmp_path)
    plan = TopicOrLanguagePlan(steps=2, batch_size=4, score_rows=2, permutations=99)
    events: list[dict[str, Any]] = []
    content = run_topic_or_language(prepared, store, plan, events.append, threads=1)
    assert content == load_finding(store, prepared.signature, KIND, plan.id)
    assert [event["message"] for event in events if event["kind"] == "done"] == [
        content["verdict"]]
    assert "Training" in {event.get("message") for event in events}
    assert "fewer than five languages" in content["verdict"]
    assert [one["code"] for one in content["languages"]] == ["deu", "nld"]
    assert content["topics"] == ["Africa", "Americas", "Asia", "Europe"]
    assert store.read_json(content["by_topic"]["signature"], "study.json") is not None
    events.clear()
    again = run_topic_or_language(prepared, store, plan, events.append, threads=1)
    assert again == content
    assert "Training" not in {event.get("message") for event in events}


def test_data_without_topics_is_refused(tmp_path: Path) -> None:
    for code in ("deu", "nld"):
        (tmp_path / code).mkdir()
        (tmp_path / code / "train.tsv").write_text("text\tlabel\n" + "".join(
            f"{code} {i}\t{i % 2}\n" for i in range(60)))
    from gradsim_core.prepared import prepare

    prepared = prepare(study_from({"data": str(tmp_path)}))
    with pytest.raises(DataError, match=r"two topics or more; found: none.*gradsim topics"):
        run_topic_or_language(prepared, Store(tmp_path / "cache"), TopicOrLanguagePlan(),
                              lambda event: None)


# words

def blocks_of(*intervals: tuple[float, float] | None) -> list[dict[str, Any]]:
    return [{"block": f"layer.{i}", "difference": {
        "value": sum(one) / 2 if one else 0.1, "interval": one}}
        for i, one in enumerate(intervals)]


@pytest.mark.parametrize(("intervals", "words", "where"), [
    ([(0.2, 0.4), (0.1, 0.2)], "same language leads in every block, least in layer.1", None),
    ([(-0.4, -0.2), (-0.1, -0.05)], "same topic leads in every block, least in layer.1", None),
    ([(0.2, 0.4), (-0.1, 0.2)],
     "same language leads in 1 of 2 blocks (layer.0), same topic in none", None),
    ([(0.2, 0.4), (-0.1, 0.2), (-0.3, -0.1)],
     "same language leads in layer.0, same topic in layer.2", "layer.2"),
    ([(-0.2, -0.1), (0.1, 0.2), (-0.3, -0.1)],
     "same topic leads in layer.0, layer.2, same language in layer.1", "layer.1"),
    ([(-0.2, 0.1), (-0.1, 0.2)], "in no block is it clear which leads", None),
    ([None, None], "with fewer than five languages there are no intervals, so no block is decided",
     None)])
def test_statement_and_crossover(intervals: Any, words: str, where: str | None) -> None:
    assert statement(blocks_of(*intervals)) == words
    assert crossover(blocks_of(*intervals)) == where


def test_verdict_says_what_the_numbers_say(content: dict[str, Any]) -> None:
    whole = next(one for one in content["spans"] if one["block"] == "layers")
    assert len(content["verdict"]) <= 300
    side = {**whole, "difference": {"value": 0.2, "interval": [0.1, 0.3], "p": 0.01}}
    for interval, start in (([0.1, 0.3], "Same language matters more"),
                            ([-0.3, -0.1], "Same topic matters more"),
                            ([-0.1, 0.3], "Whether language or topic matters more is not clear")):
        side["difference"]["interval"] = interval
        assert verdict({**content, "spans": [side]}).startswith(start)
    side["difference"] = {"value": None, "interval": None, "p": None}
    assert "undefined" in verdict({**content, "spans": [side]})


def test_verdict_names_readings_that_say_otherwise(content: dict[str, Any]) -> None:
    def read(name: str, interval: list[float]) -> dict[str, Any]:
        return {"correction": name, "step": 9, "difference": {"interval": interval}}

    whole = {**content["spans"][0], "difference": {"value": 0.2, "interval": [0.1, 0.3], "p": 0.01}}
    few = {**content, "spans": [whole], "blocks": blocks_of((0.1, 0.3)), "readings": [
        read("centred", [-0.1, 0.2]), read("raw", [-0.3, -0.1])]}
    assert verdict(few).endswith("; not clear if read centred; same topic leads if read raw.")
    few["readings"] = [read("centred", [0.1, 0.2])]
    assert "if read" not in verdict(few)


# report

def test_report_shows_every_number_and_its_figures(content: dict[str, Any]) -> None:
    files = report_files(content)
    text = files["report.md"]
    assert text.startswith("# Topic or language? ")
    assert {name for name in files if name.endswith(".svg")} == set(
        re.findall(r"\]\((\S+\.svg)\)", text))
    for section in ("## Block by block", "### Without noise", "## Over depth", "## Read otherwise",
                    "## Method"):
        assert section in text
    lines = files["table.csv"].splitlines()
    assert len(lines) == 1 + len(content["blocks"]) + 3 + 2
    assert len({line.count(",") for line in lines}) == 1
    assert all(files[name].startswith("<?xml") for name in files if name.endswith(".svg"))
    rows = summary_rows(content)
    assert [row["block"] for row in rows] == [*BLOCKS, "layers", "lower", "higher"]
    assert set(rows[0]) >= {"Same language, other topic", "difference", "p topic"}


def test_report_without_intervals(content: dict[str, Any]) -> None:
    def bare(effect: Any) -> Any:
        return {**effect, "interval": None} if isinstance(effect, dict) else effect

    plain = {**content, "trend": {"blocks": ["embeddings"], "slope": None, "interval": None,
                                  "p": None}, "readings": []}
    for part in ("blocks", "spans"):
        plain[part] = [{**{key: bare(value) for key, value in one.items()}, "corrected": None}
                       for one in content[part]]
    text = report_files(plain)["report.md"]
    assert "no interval" in text
    assert "## Over depth" not in text
    assert "## Read otherwise" not in text


def test_kind_is_the_contracts() -> None:
    assert module.KIND == "topic-or-language"
    assert TopicOrLanguagePlan().id == TopicOrLanguagePlan().id != TopicOrLanguagePlan(seed=1).id
