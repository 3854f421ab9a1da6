"""Dominance of blocks and the trend over depth: by hand, by every order, and against chance."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
from reference_statistics import ref_dominance, ref_r2, ref_relabelled
from statistics_cases import symmetric

from gradsim_core.errors import DataError
from gradsim_core.statistics import depth_trend, dominance, dominance_by_depth
from gradsim_core.statistics.depth import depth_slopes

FEW = 199


def made_up_blocks(n: int = 8, seed: int = 0, missing: int = 0
                   ) -> tuple[np.ndarray, dict[str, list[np.ndarray]]]:
    """A response of two blocks that overlap, and the blocks."""
    draw = np.random.default_rng(seed)
    family, place, labels = symmetric(draw.normal(size=(3, n, n)))
    place = place + family
    response = family + 0.5 * place + 0.5 * labels + symmetric(draw.normal(size=(n, n)))
    for table in (response, place, labels):
        cells = np.flatnonzero(~np.eye(n, dtype=bool))
        table.ravel()[draw.choice(cells, missing, replace=False)] = np.nan
    return response, {"linguistic": [family, place], "task": [labels]}


def made_up_depth(n: int = 10, n_layers: int = 5, seed: int = 0
                  ) -> tuple[np.ndarray, dict[str, list[np.ndarray]]]:
    """Layers that go over from the first block to the second."""
    draw = np.random.default_rng(seed)
    first, second = symmetric(draw.normal(size=(2, n, n)))
    depth = np.linspace(0, 1, n_layers)[:, None, None]
    noise = symmetric(draw.normal(size=(n_layers, n, n)))
    return (1 - depth) * first + depth * second + 0.7 * noise, {"first": [first],
                                                               "second": [second]}


# --- parts


@pytest.mark.parametrize("missing", [0, 4])
def test_parts_are_means_over_all_orders_of_joining(missing: int) -> None:
    response, blocks = made_up_blocks(missing=missing)
    draw = np.random.default_rng(9)
    blocks["noise"] = [draw.normal(size=(8, 8))]
    found = dominance(response, blocks, permutations=FEW)
    expected = ref_dominance(response, blocks)
    assert {part.name: part.r2 for part in found.blocks} == pytest.approx(expected)
    assert found.r2 == pytest.approx(sum(expected.values()))


def test_unrelated_predictors_keep_what_is_theirs() -> None:
    """Two predictors at right angles: each part is its own squared correlation."""
    first = symmetric(np.arange(36.0).reshape(6, 6) % 5)
    off = ~np.eye(6, dtype=bool)
    second = np.full((6, 6), np.nan)
    x = first[off] - first[off].mean()
    noise = np.random.default_rng(0).normal(size=30)
    noise -= noise.mean()
    second[off] = noise - x * (noise @ x) / (x @ x)
    second[off] *= np.sqrt((x @ x) / (second[off] @ second[off]))
    found = dominance(first + 0.5 * second, {"a": [first], "b": [second]}, permutations=FEW)
    assert [part.r2 for part in found.blocks] == pytest.approx([0.8, 0.2])
    assert found.r2 == pytest.approx(1)


def test_twins_share_alike() -> None:
    response, blocks = made_up_blocks()
    family = blocks["linguistic"][0]
    found = dominance(response, {"a": [family], "b": [2 * family + 1]}, permutations=FEW)
    alone = dominance(response, {"a": [family]}, permutations=FEW)
    assert [part.r2 for part in found.blocks] == pytest.approx([alone.r2 / 2] * 2)


# --- chance


def test_few_languages_meet_every_order() -> None:
    response, blocks = made_up_blocks(5, seed=3)
    found = dominance(response, blocks)
    null = [ref_dominance(ref_relabelled(response, order), blocks)
            for order in permutations(range(5))]
    assert found.exact
    for part in found.blocks:
        chance = [one[part.name] for one in null]
        assert part.adjusted == pytest.approx(part.r2 - np.mean(chance))
        assert part.p == pytest.approx(np.mean([one >= chance[0] - 1e-9 for one in chance]))


def test_noise_explains_nothing_beyond_chance() -> None:
    draw = np.random.default_rng(1)
    found = [dominance(symmetric(draw.normal(size=(9, 9))),
                       {"a": list(symmetric(draw.normal(size=(3, 9, 9)))),
                        "b": [symmetric(draw.normal(size=(9, 9)))]}, permutations=99)
             for _ in range(100)]
    for block in (0, 1):
        parts = [one.blocks[block] for one in found]
        assert np.mean([part.r2 for part in parts]) > 0.02
        assert np.mean([part.adjusted for part in parts]) == pytest.approx(0, abs=0.015)
        assert np.mean([part.p <= 0.1 for part in parts]) < 0.1 + 4 * np.sqrt(0.09 / 100)


def test_shares_add_up_and_never_leave_0_to_1() -> None:
    response, blocks = made_up_blocks()
    blocks["noise"] = [np.random.default_rng(2).normal(size=(8, 8))]
    shares = [part.share for part in dominance(response, blocks, permutations=FEW).blocks]
    assert sum(shares) == pytest.approx(1)
    assert min(shares) >= 0


def test_interval_holds_the_adjusted_part() -> None:
    for part in dominance(*made_up_blocks(12), permutations=FEW).blocks:
        assert part.interval is not None
        assert part.interval[0] < part.adjusted < part.interval[1]
        assert sum(part.interval) / 2 == pytest.approx(part.adjusted)


# --- what is missing


def test_constant_and_missing_predictors_are_dropped_by_name() -> None:
    response, blocks = made_up_blocks()
    named = {"linguistic": {"family": blocks["linguistic"][0], "script": np.ones((8, 8))},
             "task": {"labels": np.full((8, 8), np.nan)}}
    found = dominance(response, named, permutations=FEW)
    assert found.dropped == ("script", "labels")
    assert [part.predictors for part in found.blocks] == [("family",), ()]
    task = found.blocks[1]
    assert (task.r2, task.share, task.interval) == (0, 0, None)
    assert np.isnan(task.p)
    assert found.n_pairs == 56
    unnamed = dominance(response, {"a": [np.ones((8, 8)), blocks["task"][0]]}, permutations=FEW)
    assert (unnamed.dropped, unnamed.blocks[0].predictors) == (("a 1",), ("a 2",))


def test_no_predictor_left_explains_nothing() -> None:
    response, _ = made_up_blocks()
    found = dominance(response, {"a": [np.ones((8, 8))]}, permutations=FEW)
    assert found.r2 == 0
    assert np.isnan(found.p)


def test_language_without_predictors_takes_no_part() -> None:
    response, blocks = made_up_blocks()
    blocks["task"][0][3] = blocks["task"][0][:, 3] = np.nan
    rest = [at for at in range(8) if at != 3]
    found = dominance(response, blocks, permutations=FEW)
    smaller = dominance(response[rest][:, rest], {
        name: [table[rest][:, rest] for table in tables] for name, tables in blocks.items()},
        permutations=FEW)
    assert found.n_languages == 7
    assert found.r2 == pytest.approx(smaller.r2)
    assert found.p == smaller.p


def test_order_of_the_languages_changes_nothing() -> None:
    response, blocks = made_up_blocks(missing=2)
    order = np.random.default_rng(0).permutation(8)
    here = dominance(response, blocks, permutations=FEW)
    there = dominance(response[order][:, order], {
        name: [table[order][:, order] for table in tables] for name, tables in blocks.items()},
        permutations=FEW)
    assert [part.r2 for part in there.blocks] == pytest.approx([part.r2 for part in here.blocks])


# --- depth


def test_straight_lines() -> None:
    assert depth_slopes(np.array([0.2, 0.3, 0.4])) == pytest.approx(0.2)
    assert depth_slopes(np.array([[1, 1, 1], [2, 1, 0]])) == pytest.approx([0, -2])
    assert depth_slopes(np.array([0.0, np.nan, 0.5, np.nan])) == pytest.approx(0.75)
    assert np.isnan(depth_slopes(np.array([np.nan, 0.5])))
    profile = np.random.default_rng(0).normal(size=7)
    assert depth_slopes(profile) == pytest.approx(np.polyfit(np.linspace(0, 1, 7), profile, 1)[0])


def test_trend_without_permutations_has_no_p() -> None:
    found = depth_trend(np.array([0.0, 1.0]), np.array([[0, 1.1], [0, 0.9]] * 4))
    assert (found.slope, np.isnan(found.p)) == (1.0, True)
    assert found.interval is not None
    assert found.interval[0] < 1 < found.interval[1]


def test_layers_are_the_same_as_one_by_one() -> None:
    stack, blocks = made_up_depth()
    found = dominance_by_depth(stack, blocks, permutations=FEW)
    for layer, one in zip(stack, found.by_layer, strict=True):
        alone = dominance(layer, blocks, permutations=FEW)
        assert [part.p for part in one.blocks] == [part.p for part in alone.blocks]
        for part, other in zip(one.blocks, alone.blocks, strict=True):
            assert (part.r2, part.adjusted) == pytest.approx((other.r2, other.adjusted))
            assert part.interval == pytest.approx(other.interval)
    ahead = [one.blocks[0].adjusted - one.blocks[1].adjusted for one in found.by_layer]
    assert found.differences == pytest.approx(ahead)
    assert found.trend.slope == pytest.approx(depth_slopes(np.array(ahead)))


def test_going_over_from_one_block_to_the_other_is_a_falling_trend() -> None:
    stack, blocks = made_up_depth()
    trend = dominance_by_depth(stack, blocks, permutations=999).trend
    assert trend.interval is not None
    assert trend.interval[1] < 0
    assert trend.p < 0.01
    back = dominance_by_depth(stack[::-1], blocks, permutations=999).trend
    assert back.slope == pytest.approx(-trend.slope)
    assert back.p == pytest.approx(trend.p)


def test_layer_that_is_missing_is_left_out_of_the_trend() -> None:
    stack, blocks = made_up_depth()
    stack[2] = np.nan
    found = dominance_by_depth(stack, blocks, permutations=FEW)
    assert np.isnan(found.differences[2])
    assert found.by_layer[2].n_pairs == 0
    assert np.isfinite([found.trend.slope, found.trend.p]).all()
    assert found.trend.interval is not None


def test_r2_is_that_of_a_regression() -> None:
    response, blocks = made_up_blocks()
    tables = [table for block in blocks.values() for table in block]
    pairs = [(s, t) for s in range(8) for t in range(8) if s != t]
    assert dominance(response, blocks, permutations=1).r2 == pytest.approx(
        ref_r2(tables, response, pairs))


def test_messages() -> None:
    response, blocks = made_up_blocks()
    with pytest.raises(DataError, match="There are 0 blocks of predictors"):
        dominance(response, {})
    with pytest.raises(DataError, match="compares two blocks of predictors, but there are 1"):
        dominance_by_depth(response[None], {"a": blocks["task"]})
    with pytest.raises(DataError, match="predictor 'b 1' is of 3 languages"):
        dominance(response, {"b": [np.zeros((3, 3))]})
    with pytest.raises(DataError, match=r"responses have the shape \(0, 8, 8\)"):
        dominance_by_depth(np.zeros((0, 8, 8)), blocks)
