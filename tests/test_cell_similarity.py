"""Similarities of cells, read from Grams: in their order, and free of noise."""

from __future__ import annotations

import numpy as np
import pytest
from topic_or_language_cases import CODES, made_series

from gradsim_core.findings.topics.cell_similarity import cell_similarities, noise_free_products
from gradsim_core.similarities.gram import GramSeries, similarity


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
