"""Scores of predictions against labels, as fractions.

``accuracy`` counts words (token tasks) or rows; ``macro_f1`` and ``weighted_f1`` average
scikit-learn's F1 of every label that occurs or is predicted; ``entity_f1`` is the micro-averaged F1
over whole entities of seqeval (Nakayama 2018, after the CoNLL-2000 evaluation), for BIO tags.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence

import numpy as np


def sequence_scores(gold: Sequence[str], predicted: Sequence[str]) -> dict[str, float]:
    """Score one label a row: accuracy, macro and weighted F1."""
    from sklearn.metrics import precision_recall_fscore_support

    accuracy = float(np.mean([g == p for g, p in zip(gold, predicted, strict=True)]))
    _, _, f1, support = precision_recall_fscore_support(gold, predicted, zero_division=0)
    return {
        "accuracy": accuracy,
        "macro_f1": float(np.mean(f1)),
        "weighted_f1": float(np.average(f1, weights=support)),
    }


def token_scores(gold: Sequence[Sequence[str]], predicted: Sequence[Sequence[str]],
                 entities: bool) -> dict[str, float]:
    """Score one label a word: accuracy over words and, for BIO tags, entity F1."""
    flat = [(g, p) for gs, ps in zip(gold, predicted, strict=True)
            for g, p in zip(gs, ps, strict=True)]
    scores = {"accuracy": float(np.mean([g == p for g, p in flat]))}
    if entities:
        from seqeval.metrics import f1_score

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a tag set without entities scores 0, silently
            scores["entity_f1"] = float(f1_score(
                [list(row) for row in gold], [list(row) for row in predicted], zero_division=0))
    return scores
