"""Crossed designs: cells by hand, slow twins, simulated cells that have nothing to find."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from gradsim_core.statistics.crossed import (
    crossed,
    own_differences,
    pair_means,
    ratio_effects,
    trend_of_difference,
    trend_of_ratios,
)
from gradsim_core.statistics.crossed_permuting import label_p, sign_flips


def made_cells(n_languages: int = 6, n_topics: int = 3, *, language: float = 1.0,
               topic: float = 1.0, noise: float = 0.5, seed: int = 0, n_blocks: int = 1,
               dimensions: int = 40) -> np.ndarray:
    """Inner products of vectors that are a language's part, a topic's, and noise."""
    draw = np.random.default_rng(seed)
    topics = np.linalg.qr(draw.normal(size=(dimensions, n_topics)))[0].T * np.sqrt(topic)
    stack = []
    for _ in range(n_blocks):
        languages = draw.normal(size=(n_languages, 1, dimensions)) * np.sqrt(language / dimensions)
        vectors = (languages + topics + draw.normal(size=(n_languages, n_topics, dimensions))
                   * np.sqrt(noise / dimensions)).reshape(-1, dimensions)
        stack.append((vectors @ vectors.T).reshape((n_languages, n_topics) * 2))
    return np.stack(stack)


def ref_means(block: np.ndarray, languages: list[int]) -> tuple[float, float, float]:
    """Every two cells, one after the other."""
    kinds: tuple[list[float], list[float], list[float]] = ([], [], [])
    cells = list(product(languages, range(block.shape[1])))
    for i, (language, topic) in enumerate(cells):
        for other, another in cells[i + 1:]:
            kind = 0 if language == other else 1 if topic == another else 2
            kinds[kind].append(block[language, topic, other, another])
    return tuple(float(np.mean(own)) for own in kinds)  # type: ignore[return-value]


def test_two_by_two_by_hand() -> None:
    """German and Dutch, art and sport: four cells, six pairs."""
    #          deu.art deu.sport nld.art nld.sport
    table = [[9.0, 0.8, 0.5, 0.1], [0.8, 9.0, 0.2, 0.7], [0.5, 0.2, 9.0, 0.4], [0.1, 0.7, 0.4, 9.0]]
    cells = np.array(table).reshape(1, 2, 2, 2, 2)
    np.testing.assert_allclose(pair_means(cells), [[0.6, 0.6, 0.15]])
    found, = crossed(cells, permutations=99)
    assert (found.difference.value, found.difference.interval) == (pytest.approx(0), None)
    np.testing.assert_allclose(own_differences(cells), [[0.2], [-0.2]])
    assert found.difference.p == 1


@pytest.mark.parametrize("seed", range(3))
def test_means_are_those_of_the_obvious_twin(seed: int) -> None:
    cells = made_cells(5, 4, seed=seed, n_blocks=2)
    for block, means in zip(cells, pair_means(cells), strict=True):
        np.testing.assert_allclose(means, ref_means(block, [0, 1, 2, 3, 4]))
    np.testing.assert_allclose(pair_means(cells, [4, 1, 2])[1], ref_means(cells[1], [1, 2, 4]))
    means = pair_means(cells)
    np.testing.assert_allclose(own_differences(cells).mean(axis=0), means[:, 0] - means[:, 1])


def test_missing_cells_are_left_out_of_the_means() -> None:
    cells = made_cells(4, 3)
    cells[0, 1, 2], cells[0, :, :, 1, 2] = np.nan, np.nan
    kept = [float(np.nanmean(values)) for values in (
        [cells[0, a, s, b, t] for a in range(4) for b in range(4) for s in range(3)
         for t in range(3) if a != b and s != t],)]
    assert np.isfinite(pair_means(cells)).all()
    assert abs(pair_means(cells)[0, 2] - kept[0]) < 0.2  # means of languages' means: near, not same
    found, = crossed(cells, permutations=199)
    assert np.isfinite([found.within_language.p, found.within_topic.p, found.difference.p]).all()


def test_the_order_of_languages_topics_and_blocks_does_not_matter() -> None:
    cells = made_cells(6, 3, n_blocks=3)
    order, topics = np.array([3, 0, 5, 1, 4, 2]), np.array([2, 0, 1])
    turned = cells[:, order][:, :, topics][:, :, :, order][:, :, :, :, topics]
    one, other = crossed(cells, permutations=99), crossed(turned[::-1], permutations=99)
    for a, b in zip(one, other[::-1], strict=True):
        assert a.difference.value == pytest.approx(b.difference.value)
        assert a.difference.p == b.difference.p  # 64 patterns of signs: all of them
        np.testing.assert_allclose(a.difference.interval, b.difference.interval)
        np.testing.assert_allclose(a.within_topic.interval, b.within_topic.interval)


def test_swapping_the_roles_turns_the_difference_round() -> None:
    cells = made_cells(4, 4, language=2)
    swapped = cells.transpose(0, 2, 1, 4, 3)
    means, other = pair_means(cells)[0], pair_means(swapped)[0]
    np.testing.assert_allclose(means, other[[1, 0, 2]])
    one, = crossed(cells, permutations=999)
    back, = crossed(swapped, permutations=999)
    assert abs(one.within_language.p - back.within_topic.p) < 0.05


def test_what_is_there_is_found() -> None:
    for seed in range(3):
        language, = crossed(made_cells(8, 4, topic=0, seed=seed), permutations=999)
        topic, = crossed(made_cells(8, 4, language=0, seed=seed), permutations=999)
        assert language.difference.interval is not None
        assert topic.difference.interval is not None
        assert language.difference.interval[0] > 0 > topic.difference.interval[1]
        assert max(language.difference.p, topic.difference.p) < 0.02
        assert (language.within_language.p, topic.within_topic.p) == (0.001, 0.001)
        assert min(language.within_topic.p, topic.within_language.p) > 0.01


def test_all_sign_patterns_where_they_are_few() -> None:
    flips, exact = sign_flips(3, 99, 0)
    assert exact
    assert {tuple(row) for row in flips} == set(product((1.0, -1.0), repeat=3))
    flips, exact = sign_flips(12, 999, 0)
    assert (flips.shape, exact) == ((999, 12), False)
    assert set(np.unique(flips)) == {-1.0, 1.0}


def test_the_true_signs_are_among_all_patterns_where_cells_are_missing() -> None:
    """Of 64 patterns two give the languages' own mean slope, or more: no p is below 2 / 64."""
    for seed in (17, 18, 19):
        cells = made_cells(language=0, topic=0, n_blocks=3, seed=seed)
        draw = np.random.default_rng(seed)
        for block, language in zip(draw.integers(3, size=3), draw.integers(6, size=3), strict=True):
            cells[block, language, :2] = cells[block, :, :, language, :2] = np.nan
        assert trend_of_difference(cells, permutations=64).p >= 2 / 64


def ref_label_p(block: np.ndarray, permutations: int, seed: int) -> tuple[float, float]:
    """Labels drawn anew one permutation at a time, and every pair looked at."""
    draw = np.random.default_rng(seed)
    n_languages, n_topics = block.shape[:2]
    observed = ref_means(block, list(range(n_languages)))
    extreme = [0, 0]
    for _ in range(permutations):
        order = np.stack([draw.permutation(n_languages) for _ in range(n_topics)], axis=1)
        turned = block[order, np.arange(n_topics)][:, :, order, np.arange(n_topics)]
        extreme[0] += ref_means(turned, list(range(n_languages)))[0] >= observed[0] - 1e-9
        order = np.stack([draw.permutation(n_topics) for _ in range(n_languages)])
        rows = np.arange(n_languages)[:, None]
        turned = block[rows, order][:, :, rows, order]
        extreme[1] += ref_means(turned, list(range(n_languages)))[1] >= observed[1] - 1e-9
    return (1 + extreme[0]) / (1 + permutations), (1 + extreme[1]) / (1 + permutations)


@pytest.mark.parametrize("shape", [(5, 3), (3, 5)])  # few members a group, and few groups
def test_label_p_is_that_of_the_obvious_twin(shape: tuple[int, int]) -> None:
    block = made_cells(*shape, language=0.08, topic=0.1, seed=4)[0]
    fast, slow = label_p(block, 2_999, 0), ref_label_p(block, 499, 1)
    for one, other in zip(fast, slow, strict=True):
        assert abs(one - other) < 4 * np.sqrt(max(one * (1 - one), 0.01) / 499)


def test_p_is_uniform_where_there_is_nothing() -> None:
    """Neither language nor topic: no p is small more often than it says."""
    found = np.array([label_p(made_cells(6, 3, language=0, topic=0, seed=seed)[0], 99, seed)
                      for seed in range(150)])
    for share in (0.05, 0.2):
        assert ((found <= share).mean(axis=0) < share + 3 * np.sqrt(share / 150)).all()
        assert ((found <= share).mean(axis=0) > share - 3 * np.sqrt(share / 150)).all()


def test_equal_parts_give_no_difference_more_often_than_said() -> None:
    """Language and topic matter alike: 95% intervals hold zero, few p are small."""
    held, small = 0, 0
    for seed in range(150):
        found, = crossed(made_cells(8, 3, language=1, topic=1, seed=seed), permutations=256)
        assert found.difference.interval is not None
        held += found.difference.interval[0] <= 0 <= found.difference.interval[1]
        small += found.difference.p <= 0.05
    assert held >= 0.89 * 150
    assert small <= 0.10 * 150


# over depth

def test_a_trend_from_language_to_topic_is_found() -> None:
    cells = np.concatenate([made_cells(8, 3, language=2 - i / 2, topic=i / 2, seed=9)
                            for i in range(5)])
    trend = trend_of_difference(cells, permutations=999)
    means = pair_means(cells)
    slope = np.polyfit(np.linspace(0, 1, 5), means[:, 0] - means[:, 1], 1)[0]
    assert trend.slope == pytest.approx(slope)
    assert trend.interval is not None
    assert trend.interval[1] < 0
    assert trend.p == pytest.approx(2 / 256)  # all signs as they are, or all turned
    level = trend_of_difference(np.repeat(cells[:1], 4, axis=0))
    assert level.slope == pytest.approx(0, abs=1e-12)
    assert trend_of_ratios(cells, np.ones((5, 8, 3))).slope == pytest.approx(slope)


def test_ratios_are_of_means() -> None:
    cells = made_cells(6, 3, n_blocks=2)
    length = np.random.default_rng(0).uniform(0.5, 3, size=(2, 6, 3))
    first, second = ratio_effects(cells, length)
    np.testing.assert_allclose(
        [first.within_language.value, first.within_topic.value, first.neither.value],
        pair_means(cells)[0] / length[0].mean())
    assert second.difference.value == pytest.approx(
        second.within_language.value - second.within_topic.value)
    assert np.isnan(second.difference.p)
    nothing, _ = ratio_effects(cells, length - np.array([9, 0])[:, None, None])
    assert np.isnan(nothing.difference.value)
    assert nothing.difference.interval is None
