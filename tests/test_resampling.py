"""Resampled similarities, against gradients that are added up anew for every resample."""

import numpy as np
import pytest
from test_gram import BLOCKS, N_STEPS, made_vectors, series_of

from gradsim_core.errors import StudyError
from gradsim_core.similarities.block_ranges import block_indexes
from gradsim_core.similarities.corrections import CORRECTIONS, read_grams
from gradsim_core.similarities.gram import READINGS, similarity
from gradsim_core.similarities.resampling import (
    Increments,
    resample_counts,
    resampled_similarities,
    spread_around,
)

ENDS = (2, 5, 6)


def increments_of(vectors, ends=ENDS):
    """The cross-Grams of what is added between the ends, pair by pair."""
    starts = (0, *ends[:-1])
    parts = [[block[a:b].sum(axis=0).reshape(2 * block.shape[1], -1) for block in vectors]
             for a, b in zip(starts, ends, strict=True)]
    grams = [[one @ other.T for one, other in zip(parts[a], parts[b], strict=True)]
             for a in range(len(parts)) for b in range(a, len(parts))]
    return Increments(ends, np.array(grams))


def ref_resampled(vectors, chosen, reading, correction, counts):
    """Every increment repeated as often as it was drawn, then read as ever."""
    bounds = [(0, 2), (2, 5), (5, 6)][:len(counts)]
    joined = np.concatenate([vectors[b] for b in chosen], axis=-1)
    drawn = np.concatenate([joined[a:b] for (a, b), count in zip(bounds, counts, strict=True)
                            for _ in range(count)])
    rows = drawn.reshape(len(drawn), -1, drawn.shape[-1])
    moments = rows.sum(axis=0)[None] if reading == "cosine_of_mean" else rows
    return read_grams(np.array([one @ one.T for one in moments]), correction)


@pytest.mark.parametrize("correction", CORRECTIONS)
@pytest.mark.parametrize("reading", READINGS)
@pytest.mark.parametrize("snapshot", [1, 2])
def test_a_resample_is_the_similarity_of_repeated_increments(reading, correction, snapshot):
    vectors = made_vectors()
    counts = np.array([[0, 2, 1], [3, 0, 0], [1, 1, 1]])[:, :snapshot + 1]
    found = resampled_similarities(series_of(vectors), increments_of(vectors), "encoder", reading,
                                   correction, snapshot, counts=counts)
    for matrix, row in zip(found, counts, strict=True):
        expected = ref_resampled(vectors, block_indexes("encoder", BLOCKS), reading, correction,
                                 row)
        np.testing.assert_allclose(matrix, expected, atol=2e-5)
    assert np.nanmax(np.abs(found[0] - found[1])) > 0.01


def test_the_run_itself_is_given_back_even_by_rough_cross_grams():
    vectors = made_vectors()
    exact = increments_of(vectors)
    rough = Increments(ENDS, exact.grams + np.random.default_rng(0).normal(
        scale=0.5, size=exact.grams.shape))
    found = resampled_similarities(series_of(vectors), rough, counts=np.ones((1, 3), dtype=int))
    np.testing.assert_array_equal(found[0], similarity(series_of(vectors)).matrix)


def test_a_language_without_gradients_stays_undefined():
    vectors = made_vectors()
    found = resampled_similarities(series_of(vectors, invalid="c"), increments_of(vectors),
                                   resamples=5)
    assert np.isnan(found[:, 2]).all()
    assert np.isnan(found[:, :, 2]).all()
    assert np.isfinite(found[:, :2, :2]).all()


def test_each_resample_draws_as_many_as_there_are():
    counts = resample_counts(7, 500, seed=3)
    assert (counts.sum(axis=1) == 7).all()
    np.testing.assert_array_equal(counts, resample_counts(7, 500, seed=3))
    assert (counts != resample_counts(7, 500, seed=4)).any()
    assert counts.mean(axis=0) == pytest.approx(np.ones(7), abs=0.2)


def test_a_snapshot_between_the_increments_is_refused_with_those_that_do():
    vectors = made_vectors()
    assert N_STEPS == 6
    with pytest.raises(StudyError, match=r"step 5.*snapshot: 0, 2"):
        resampled_similarities(series_of(vectors), increments_of(vectors, (2, 6)), snapshot=1)


def test_intervals_lie_around_the_values_as_wide_as_the_resamples_spread():
    drawn = np.linspace(0, 1, 101)[:, None, None] * np.array([[0, 1], [1, 0]])
    low, high = spread_around(np.array([[1, 0.8], [0.8, 1]]), drawn)
    np.testing.assert_allclose(low, [[1, 0.325], [0.325, 1]], atol=1e-9)
    np.testing.assert_allclose(high, [[1, 1.275], [1.275, 1]], atol=1e-9)
    drawn[3, 0, 1] = np.nan
    assert np.isnan(spread_around(np.eye(2), drawn)[0][0, 1])
