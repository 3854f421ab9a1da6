"""Topics by clustering: k-means over sentence embeddings, without what makes out the language.

Conventions
-----------
A text's vector is the mean-pooled state of the encoder's last layer. From every vector the mean
of its language is taken out, and it is scaled to length 1: texts then lie by what sets them apart
within their language, not by their language, as far as the encoder shows that in the same way
for all languages. How far it does is measured: the *language information* of the clusters is the
mutual information of cluster and language over the entropy of language (0: the cluster says nothing
about the language, 1: it tells it), of the clusters made with and without the means taken out.

Topics are named topic-1 … topic-k by their size, the largest first. k-means starts from a seed
that is the study's.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from gradsim_core.data.corpus import SPLITS, Corpus, Split
from gradsim_core.data.topics import SCHEMA, plain, text_key
from gradsim_core.errors import StudyError
from gradsim_core.measuring.embeddings import text_vectors
from gradsim_core.prepared import Prepared
from gradsim_core.progress import Observer
from gradsim_core.spreadsheet import plain_text

_EXAMPLES = 3


def cluster_topics(prepared: Prepared, model: str, k: int, threads: int | None = None,
                   observe: Observer = lambda _: None) -> dict[str, Any]:
    """Give every text of a study's data a topic.

    Parameters
    ----------
    prepared : the study with its data; its own model plays no part
    model : the encoder that embeds the texts
    k : number of topics

    Returns
    -------
    dict
        What a topics file holds: "topics" (a text's key -> topic) and how they were "made".

    Raises
    ------
    StudyError
        If there are fewer texts than ten times the topics.
    ModelError
        If the model cannot be loaded.
    """
    study, corpus = prepared.study, prepared.corpus
    texts, languages = _texts(corpus)
    if len(texts) < 10 * k:
        raise StudyError(f"{len(texts):,} different texts are too few for {k} topics: ten a topic "
                         "are needed. Lower --k, or take more rows.")
    split = Split(tuple(texts.values()), ("",) * len(texts))
    vectors = text_vectors(model, None, split, corpus.task, study.max_length, threads, observe)
    observe({"kind": "stage", "message": f"Clustering {len(texts):,} texts"})
    codes = np.array(languages)
    with_means, without = (clusters(vectors, of, k, study.seed) for of in
                           (np.zeros(len(codes), dtype=int), codes))
    order = np.argsort(-np.bincount(without, minlength=k), kind="stable")
    names = {int(cluster): f"topic-{place + 1}" for place, cluster in enumerate(order)}
    found = dict(zip(texts, (names[int(cluster)] for cluster in without), strict=True))
    return {"$schema": SCHEMA, "topics": found, "made": {
        "source": corpus.source, "model": model, "k": k, "seed": study.seed,
        "languages": list(corpus.languages), "texts": len(texts),
        "language_information": {"before": language_information(with_means, codes),
                                 "after": language_information(without, codes)},
        "clusters": [_cluster(names[int(cluster)], np.flatnonzero(without == cluster),
                              list(texts.values()), vectors) for cluster in order]}}


def clusters(vectors: np.ndarray, languages: np.ndarray, k: int, seed: int) -> np.ndarray:
    """Cluster of each vector, its language's mean taken out: (n,) int from 0 to k - 1."""
    from sklearn.cluster import KMeans

    return np.asarray(KMeans(k, n_init=5, random_state=seed).fit_predict(
        without_language(vectors, languages)))


def without_language(vectors: np.ndarray, languages: np.ndarray) -> np.ndarray:
    """Vectors less the mean of their language, of length 1 (zero stays zero)."""
    left = np.array(vectors, dtype=np.float64)
    for code in np.unique(languages):
        left[languages == code] -= left[languages == code].mean(axis=0)
    length = np.linalg.norm(left, axis=1, keepdims=True)
    return np.divide(left, length, where=length > 0, out=np.zeros_like(left))


def language_information(found: np.ndarray, languages: np.ndarray) -> float:
    """Mutual information of cluster and language over the entropy of language; 0 with one."""
    from sklearn.metrics import mutual_info_score

    _, counts = np.unique(languages, return_counts=True)
    shares = counts / counts.sum()
    entropy = float(-(shares * np.log(shares)).sum())
    return float(mutual_info_score(languages, found)) / entropy if entropy > 0 else 0.0


def _texts(corpus: Corpus) -> tuple[dict[str, Any], list[str]]:
    """Each different text of all splits by its key, and the language it was first met in."""
    texts: dict[str, Any] = {}
    languages: list[str] = []
    for code in corpus.languages:
        for name in SPLITS:
            for text in corpus.split(code, name).texts:
                if (key := text_key(text)) not in texts:
                    texts[key] = text
                    languages.append(code)
    return texts, languages


def _cluster(name: str, rows: np.ndarray, texts: Sequence[Any],
             vectors: np.ndarray) -> dict[str, Any]:
    """A cluster in numbers, and the texts nearest to its middle."""
    away = np.linalg.norm(vectors[rows] - vectors[rows].mean(axis=0), axis=1)
    near = rows[np.argsort(away, kind="stable")[:_EXAMPLES]]
    return {"topic": name, "texts": len(rows), "share": round(len(rows) / len(texts), 4),
            "examples": [plain_text(plain(texts[row]), 40) for row in near]}
