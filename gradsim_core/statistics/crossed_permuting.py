"""Chance in a crossed design: labels of languages and topics permuted, and signs flipped.

Conventions
-----------
As in `crossed`. Cells stand in one row, language by language: cell ``language * n_topics + topic``.
p is that of `permuting`: the order that was found is one of those that chance could have drawn.
"""

from __future__ import annotations

import numpy as np

from gradsim_core.statistics.permuting import p_value

_BATCH = 500  # permutations at a time


def sign_flips(n_languages: int, permutations: int, seed: int) -> tuple[np.ndarray, bool]:
    """Signs of the languages, (B, L), and whether they are all patterns there are."""
    if 2 ** n_languages <= permutations:
        bits = np.arange(2 ** n_languages)[:, None] >> np.arange(n_languages)
        return 1.0 - 2.0 * (bits & 1), True
    return np.random.default_rng(seed).choice([-1.0, 1.0], (permutations, n_languages)), False


def flip_p(own: np.ndarray, flips: np.ndarray, exact: bool) -> float:
    """Two-sided p of the mean of one number a language, under flipped signs; NaN if one is."""
    if not np.isfinite(own).all():
        return float("nan")
    return p_value(float(own.mean()), flips @ own / len(own), "two-sided", exact)


def label_p(block: np.ndarray, permutations: int, seed: int) -> tuple[float, float]:
    """p of within language and of within topic under permuted labels, one-sided."""
    n_languages, n_topics = block.shape[:2]
    draw = np.random.default_rng([seed, 1])
    flat = block.reshape(n_languages * n_topics, -1)
    nulls: tuple[list[np.ndarray], list[np.ndarray]] = ([], [])
    places = np.arange(n_languages * n_topics).reshape(n_languages, n_topics)
    for start in range(0, permutations, _BATCH):
        n = min(_BATCH, permutations - start)
        of_language = draw.permuted(np.tile(places, (n, 1, 1)), axis=1)
        of_topic = draw.permuted(np.tile(places, (n, 1, 1)), axis=2)
        nulls[0].append(_agreement(flat, of_language))
        nulls[1].append(_agreement(flat, of_topic.swapaxes(1, 2)))
    observed = _agreement(flat, places[None]), _agreement(flat, places.T[None])
    p = [p_value(float(one[0]), np.concatenate(null), "greater", False)
         for one, null in zip(observed, nulls, strict=True)]
    return p[0], p[1]


def _agreement(flat: np.ndarray, groups: np.ndarray) -> np.ndarray:
    """Mean similarity of two cells of a group: flat (C, C), groups (B, G, size) -> (B,)."""
    defined = np.isfinite(flat)
    total = _sums(np.where(defined, flat, 0.0), groups)
    if defined.all():
        n_groups, size = groups.shape[1:]
        return total / (n_groups * size * (size - 1) / 2)
    count = _sums(defined.astype(float), groups)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def _sums(table: np.ndarray, groups: np.ndarray) -> np.ndarray:
    """Sum of a symmetric table over all pairs of different members of a group: (B,)."""
    total, size = np.zeros(len(groups)), groups.shape[2]
    if size <= groups.shape[1]:  # few members: pair after pair
        for i in range(size):
            for j in range(i + 1, size):
                total += table[groups[:, :, i], groups[:, :, j]].sum(axis=1)
        return total
    own = np.diagonal(table)
    for group in groups.swapaxes(0, 1):  # few groups: all pairs of a group, (B, size), at once
        member = np.zeros((len(groups), len(table)))
        np.put_along_axis(member, group, 1.0, axis=1)
        total += (((member @ table) * member).sum(axis=1) - member @ own) / 2
    return total
