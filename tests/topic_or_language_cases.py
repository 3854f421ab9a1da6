"""Six made-up languages with three topics: their cells, Grams and finding."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from joint_cases import made_prepared

from gradsim_core.data.topic_languages import split_by_topic
from gradsim_core.findings.topics.topic_or_language import (
    TopicOrLanguagePlan,
    cell_study,
    topic_or_language,
)
from gradsim_core.prepared import Prepared, study_record
from gradsim_core.similarities.gram import GramSeries

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
