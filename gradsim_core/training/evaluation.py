"""Predictions of a trained encoder, and its scores on every language of a study.

All languages' rows are predicted together, in order of length: a language by itself has too few
rows for full batches of one length.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import islice
from typing import Any

import numpy as np
import torch

from gradsim_core.data.corpus import SPLITS, Corpus, Split
from gradsim_core.encoder.encoding import IGNORE, Encoded, encode_split, joined
from gradsim_core.encoder.models import Encoder
from gradsim_core.training.batches import batch_logits, collate
from gradsim_core.training.metrics import sequence_scores, token_scores
from gradsim_core.training.passes import device_of, on_device

_BATCH_TOKENS = 2048

Texts = Mapping[str, Mapping[str, Encoded]]
"""Split -> code -> rows as token ids."""


def encode_corpus(corpus: Corpus, tokenizer: Any, max_length: int,
                  splits: Sequence[str] = SPLITS) -> Texts:
    """Tokenize the splits of every language."""
    return {name: {code: encode_split(corpus.split(code, name), corpus.task, corpus.labels,
                                      tokenizer, max_length) for code in corpus.languages}
            for name in splits}


def evaluate(encoder: Encoder, corpus: Corpus, texts: Texts, packed: bool) -> dict[str, Any]:
    """Score dev and test of every language, as far as they are among the texts.

    Returns
    -------
    dict
        "metric": the data set's headline metric; "scores": split -> code -> metric -> fraction
        (a language without rows in a split is absent there).
    """
    asked = [(name, code) for name in ("dev", "test") for code, rows in texts.get(name, {}).items()
             if len(rows)]
    found = iter(predict(encoder, joined(texts[name][code] for name, code in asked), packed))
    scores: dict[str, dict[str, dict[str, float]]] = {
        name: {} for name in ("dev", "test") if name in texts}
    for name, code in asked:
        encoded = texts[name][code]
        scores[name][code] = _split_scores(corpus, corpus.split(code, name), encoded,
                                           list(islice(found, len(encoded))))
    return {"metric": corpus.metric, "scores": scores}


def _split_scores(corpus: Corpus, split: Split, encoded: Encoded,
                  found: list[np.ndarray]) -> dict[str, float]:
    if corpus.task == "sequence":
        return sequence_scores(split.labels, [corpus.labels[int(row)] for row in found])
    return token_scores(split.labels, _word_labels(split, encoded, found, corpus.labels),
                        entities=corpus.metric == "entity_f1")


def predict(encoder: Encoder, encoded: Encoded, packed: bool) -> list[np.ndarray]:
    """Predicted label indexes: () a sequence row, (n_tokens,) a token row, in row order.

    Rows are batched by length, about 2,048 tokens at a time, the longest first: what shorter ones
    need fits where these were, and the memory that is held does not grow.
    """
    encoder.model.eval()
    found: list[np.ndarray] = [np.zeros(())] * len(encoded)
    for rows in reversed(by_length(encoded.lengths)):
        batch = on_device(collate(encoder, encoded, rows, packed), device_of(encoder))
        with torch.inference_mode():
            labels = batch_logits(encoder, batch).argmax(-1)
        if labels.ndim == 2:  # tokens: take those of each sequence out of the rows
            ends = np.cumsum([len(encoded.ids[row]) for row in rows])
            of_rows = np.split(labels[batch.tokens].cpu().numpy(), ends[:-1])
        else:
            of_rows = list(labels.cpu().numpy())
        for row, predicted in zip(rows, of_rows, strict=True):
            found[row] = predicted
    return found


def by_length(lengths: np.ndarray) -> list[np.ndarray]:
    """Rows in order of length, in batches of about 2,048 tokens."""
    order = np.argsort(lengths, kind="stable")
    batches, start = [], 0
    while start < len(order):
        stop = start + 1
        while stop < len(order) and (stop + 1 - start) * lengths[order[stop]] <= _BATCH_TOKENS:
            stop += 1
        batches.append(order[start:stop])
        start = stop
    return batches


def _word_labels(split: Split, encoded: Encoded, found: list[np.ndarray],
                 labels: tuple[str, ...]) -> list[list[str]]:
    """Predictions on first pieces, a word each; words without a piece count as O, not found."""
    result = []
    for gold, expected, words, predicted in zip(
            split.labels, encoded.labels, encoded.words, found, strict=True):
        row = ["O"] * len(gold)
        for word, label in zip(words, predicted[expected != IGNORE], strict=True):
            row[word] = labels[int(label)]
        result.append(row)
    return result
