"""Similarity from Grams, against the same readings taken from explicit gradient vectors."""

import numpy as np
import pytest

from gradsim_core.errors import StudyError
from gradsim_core.similarities.gram import (
    CORRECTIONS,
    READINGS,
    GramSeries,
    block_indexes,
    half_similarities,
    similarity,
)

BLOCKS = ("embeddings", "layer.0", "layer.1", "layer.2", "head")
WIDTHS = (6, 9, 4, 7, 3)
N_STEPS = 6
SNAPSHOTS = (2, 5, 6)
SPECS = ("encoder", "lower", "higher", "all", "layer.1", "head", "embeddings:layer.0",
         "layer.0:head")


def made_vectors(n_languages=5, seed=0, noise=0.5):
    """Gradients by block: each (n_steps, L, 2 halves, width), alike within a language."""
    rng = np.random.default_rng(seed)
    return [rng.normal(size=(1, n_languages, 1, width))
            + noise * rng.normal(size=(N_STEPS, n_languages, 2, width)) for width in WIDTHS]


def series_of(vectors, step_numbers=range(1, N_STEPS + 1), invalid=(), codes="abcdefgh"):
    n_languages = vectors[0].shape[1]
    flat = [block.reshape(N_STEPS, 2 * n_languages, -1) for block in vectors]
    sums = [[_gram(block[:step].sum(axis=0)) for block in flat] for step in SNAPSHOTS]
    steps = [[_gram(block[step - 1]) for block in flat] for step in step_numbers]
    return GramSeries(tuple(codes[:n_languages]), BLOCKS, SNAPSHOTS, np.array(sums),
                      tuple(step_numbers), np.array(steps, dtype=np.float32),
                      dict.fromkeys(invalid, "told so"))


def _gram(rows):
    return rows @ rows.T


# the slow twin: one long vector a language, and nothing but inner products of vectors


def ref_similarity(vectors, chosen, reading, correction, step):
    joined = np.concatenate([vectors[b] for b in chosen], axis=-1)[:step]  # (t, L, 2, width)
    moments = joined.sum(axis=0)[None] if reading == "cosine_of_mean" else joined
    n_languages = joined.shape[1]
    reliability = np.array([np.mean([_cosine(*moment[i]) for moment in moments])
                            for i in range(n_languages)])
    if correction == "noise_corrected":
        return _ref_noise_corrected(moments), reliability
    # Cosines averaged over moments are those of the unit vectors of all moments put in a row.
    units = np.array([np.concatenate([_unit(moment[i].sum(axis=0)) for moment in moments])
                      for i in range(n_languages)])
    if correction in ("centred", "all_but_top"):
        units = units - units.mean(axis=0)
    if correction == "all_but_top":
        top = np.linalg.svd(units)[2][0]
        units = np.array([unit - (unit @ top) * top for unit in units])
    return np.array([[_cosine(a, b) for b in units] for a in units]), reliability


def _ref_noise_corrected(moments):
    n_languages = moments.shape[1]
    matrix = np.eye(n_languages)
    for i in range(n_languages):
        for j in range(n_languages):
            if i != j:
                over, under_i, under_j = [], [], []
                for (a0, a1), (b0, b1) in zip(moments[:, i], moments[:, j], strict=True):
                    lengths = np.sqrt([_length(a0) * _length(a1), _length(b0) * _length(b1)])
                    over.append((a0 + a1) / 2 @ (b0 + b1) / 2 / lengths.prod())
                    under_i.append(_cosine(a0, a1))
                    under_j.append(_cosine(b0, b1))
                matrix[i, j] = np.mean(over) / np.sqrt(np.mean(under_i) * np.mean(under_j))
    return matrix


def _length(vector):
    return np.sqrt(vector @ vector)


def _unit(vector):
    return vector / _length(vector)


def _cosine(a, b):
    return a @ b / (_length(a) * _length(b))


@pytest.mark.parametrize("correction", CORRECTIONS)
@pytest.mark.parametrize("reading", READINGS)
@pytest.mark.parametrize("spec", SPECS)
def test_every_reading_equals_that_of_the_vectors(spec, reading, correction):
    vectors = made_vectors()
    series = series_of(vectors)
    chosen = block_indexes(spec, BLOCKS)
    for snapshot, step in enumerate(SNAPSHOTS):
        found = similarity(series, spec, reading, correction, snapshot)
        matrix, reliability = ref_similarity(vectors, chosen, reading, correction, step)
        np.testing.assert_allclose(found.matrix, matrix, atol=2e-5)
        np.testing.assert_allclose(found.reliability, reliability, atol=2e-5)
        assert found.step == step
        assert found.blocks == tuple(BLOCKS[i] for i in chosen)
        assert (found.reading, found.correction) == (reading, correction)
        assert found.languages == tuple("abcde")


@pytest.mark.parametrize("correction", CORRECTIONS)
@pytest.mark.parametrize("reading", READINGS)
def test_a_half_is_read_as_if_it_were_all_there_is(reading, correction):
    vectors = made_vectors()
    halves = half_similarities(series_of(vectors), "encoder", reading, correction, 1)
    for half, found in enumerate(halves):
        twice = [np.repeat(block[:, :, half:half + 1], 2, axis=2) for block in vectors]
        alone = similarity(series_of(twice), "encoder", reading,
                           "raw" if correction == "noise_corrected" else correction, 1)
        np.testing.assert_allclose(found, alone.matrix, atol=2e-5)
    assert np.abs(halves[0] - halves[1]).max() > 0.01


def hand_made(halves):
    """One block, one step, of given gradients (L, 2, width)."""
    rows = np.array(halves, dtype=float).reshape(2 * len(halves), -1)
    gram = _gram(rows)[None, None]
    return GramSeries(tuple("abcdefgh"[:len(halves)]), ("layer.0",), (1,), gram, (1,),
                      gram.astype(np.float32))


@pytest.mark.parametrize("reading", READINGS)
@pytest.mark.parametrize(("correction", "expected"), [
    # halves (3, 4) and (4, 3), sum (7, 7); halves (1, 0) twice, sum (2, 0)
    ("raw", 14 / (7 * np.sqrt(2) * 2)),
    ("noise_corrected", 3.5 / np.sqrt(24 * 1)),
    ("centred", -1.0),
    ("all_but_top", np.nan)])
def test_two_languages_by_hand(reading, correction, expected):
    series = hand_made([[(3, 4), (4, 3)], [(1, 0), (1, 0)]])
    found = similarity(series, "layer.0", reading, correction)
    assert found.matrix[0, 1] == pytest.approx(expected, nan_ok=True)
    assert found.matrix[1, 0] == pytest.approx(expected, nan_ok=True)
    assert found.mean_off_diagonal == pytest.approx(expected, nan_ok=True)
    np.testing.assert_allclose(found.reliability, [24 / 25, 1])


def test_noise_correction_recovers_what_noise_hides():
    """Two languages of one direction under much noise: the corrected cosine is about 1."""
    rng = np.random.default_rng(0)
    signal = rng.normal(size=4000)
    series = hand_made(signal + 2 * rng.normal(size=(2, 2, 4000)))
    raw = similarity(series, "layer.0").matrix[0, 1]
    corrected = similarity(series, "layer.0", correction="noise_corrected").matrix[0, 1]
    assert raw < 0.5
    assert corrected == pytest.approx(1, abs=0.1)


def test_centring_takes_out_what_all_languages_share():
    """Three languages at right angles to each other on top of one large shared direction."""
    shared = np.array([5.0, 0, 0, 0])
    series = hand_made([[shared + own] * 2 for own in np.eye(4)[1:]])
    assert similarity(series, "layer.0").matrix[0, 1] > 0.9
    centred = similarity(series, "layer.0", correction="centred").matrix
    np.testing.assert_allclose(centred[~np.eye(3, dtype=bool)], -0.5)


@pytest.mark.parametrize("correction", CORRECTIONS)
@pytest.mark.parametrize("reading", READINGS)
def test_the_length_of_a_gradient_does_not_matter(reading, correction):
    vectors = made_vectors()
    scale = np.array([1, 1e3, 1e-3, 7, 0.2])[None, :, None, None]
    plain = similarity(series_of(vectors), "encoder", reading, correction)
    scaled = similarity(series_of([block * scale for block in vectors]), "encoder", reading,
                        correction)
    np.testing.assert_allclose(scaled.matrix, plain.matrix, atol=2e-5)
    np.testing.assert_allclose(scaled.reliability, plain.reliability, atol=2e-5)


@pytest.mark.parametrize("correction", CORRECTIONS)
@pytest.mark.parametrize("reading", READINGS)
def test_the_order_of_languages_does_not_matter(reading, correction):
    vectors, order = made_vectors(), [3, 0, 4, 1, 2]
    plain = similarity(series_of(vectors), "all", reading, correction)
    moved = similarity(series_of([block[:, order] for block in vectors]), "all", reading,
                       correction)
    np.testing.assert_allclose(moved.matrix, plain.matrix[np.ix_(order, order)], atol=1e-8)


@pytest.mark.parametrize("correction", CORRECTIONS)
@pytest.mark.parametrize("reading", READINGS)
def test_a_similarity_is_symmetric_with_a_diagonal_of_one(reading, correction):
    series = series_of(made_vectors())
    before = series.sums.copy(), series.steps.copy()
    matrix = similarity(series, "all", reading, correction).matrix
    np.testing.assert_allclose(matrix, matrix.T, atol=1e-12)
    np.testing.assert_array_equal(np.diag(matrix), 1)
    np.testing.assert_array_equal(series.sums, before[0])  # reading leaves the Grams alone
    np.testing.assert_array_equal(series.steps, before[1])


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("correction", CORRECTIONS)
@pytest.mark.parametrize("reading", READINGS)
@pytest.mark.parametrize("fault", ["invalid", "zero"])
def test_a_language_without_gradients_is_undefined_and_the_others_are_as_without_it(
        fault, reading, correction):
    vectors = made_vectors()
    if fault == "zero":
        for block in vectors:
            block[:, 2] = 0
    found = similarity(series_of(vectors, invalid="c" if fault == "invalid" else ""), "all",
                       reading, correction)
    others = [0, 1, 3, 4]
    without = similarity(series_of([block[:, others] for block in vectors]), "all", reading,
                         correction)
    assert np.isnan(found.matrix[2]).all()
    assert np.isnan(found.matrix[:, 2]).all()
    assert np.isnan(found.reliability[2])
    np.testing.assert_allclose(found.matrix[np.ix_(others, others)], without.matrix)
    assert found.mean_off_diagonal == pytest.approx(without.mean_off_diagonal)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("reading", READINGS)
def test_halves_that_disagree_leave_the_corrected_similarity_undefined(reading):
    series = hand_made([[(1, 1), (1, -3)], [(1, 0), (1, 0)], [(1, 1), (1, 1)]])
    found = similarity(series, "layer.0", reading, "noise_corrected")
    assert found.reliability[0] < 0
    assert np.isnan(found.matrix[0]).all()
    assert np.isnan(found.matrix[:, 0]).all()
    assert found.matrix[1, 2] == pytest.approx(np.sqrt(0.5))
    assert np.isfinite(similarity(series, "layer.0", reading, "raw").matrix).all()


@pytest.mark.filterwarnings("error")
def test_the_mean_of_nothing_defined_is_undefined():
    found = similarity(hand_made([[(0, 0), (0, 0)], [(0, 0), (0, 0)]]), "layer.0")
    assert np.isnan(found.matrix).all()
    assert np.isnan(found.mean_off_diagonal)


def test_mean_cosine_takes_the_recorded_steps_up_to_the_snapshot():
    vectors = made_vectors()
    thinned = series_of(vectors, step_numbers=(1, 3, 5))
    found = similarity(thinned, "all", "mean_cosine", snapshot=1)
    kept = [block[[0, 2, 4]] for block in vectors]
    expected, _ = ref_similarity(kept, range(5), "mean_cosine", "raw", 3)
    np.testing.assert_allclose(found.matrix, expected, atol=1e-5)
    first_alone, _ = ref_similarity(vectors, range(5), "mean_cosine", "raw", 1)
    np.testing.assert_allclose(similarity(thinned, "all", "mean_cosine", snapshot=0).matrix,
                               first_alone, atol=1e-5)


def test_snapshots_count_from_either_end():
    series = series_of(made_vectors())
    assert [similarity(series, snapshot=i).step for i in (0, 1, 2, -1, -3)] == [2, 5, 6, 6, 2]


@pytest.mark.parametrize(("n_layers", "lower", "higher"), [
    (1, [1], None), (2, [1], [2]), (3, [1, 2], [3]), (12, [*range(1, 7)], [*range(7, 13)])])
def test_lower_and_higher_are_halves_of_the_layers(n_layers, lower, higher):
    names = ("embeddings", *(f"layer.{i}" for i in range(n_layers)), "head")
    assert block_indexes("lower", names) == lower
    assert block_indexes("encoder", names) == list(range(n_layers + 1))
    assert block_indexes("all", names) == list(range(n_layers + 2))
    assert block_indexes(f"layer.{n_layers - 1}", names) == [n_layers]
    if higher is None:
        with pytest.raises(StudyError, match=r"'higher': there are none.* 1 layer"):
            block_indexes("higher", names)
    else:
        assert block_indexes("higher", names) == higher


@pytest.mark.parametrize(("arguments", "culprits"), [
    ({"blocks": "layer.7"}, ["'layer.7'", "embeddings", "head"]),
    ({"blocks": "layer.2:layer.0"}, ["'layer.2:layer.0'"]),
    ({"blocks": "layer.1:"}, ["'layer.1:'"]),
    ({"blocks": ":layer.1"}, ["':layer.1'"]),
    ({"blocks": ""}, ["''"]),
    ({"reading": "median"}, ["'median'", *READINGS]),
    ({"correction": "whitened"}, ["'whitened'", *CORRECTIONS]),
    ({"snapshot": 3}, ["Snapshot 3", "has 3"]),
    ({"snapshot": -4}, ["Snapshot -4", "has 3"])])
def test_what_a_series_does_not_have_is_named(arguments, culprits):
    with pytest.raises(StudyError) as caught:
        similarity(series_of(made_vectors()), **arguments)
    message = str(caught.value)
    assert [culprit for culprit in culprits if culprit not in message] == []
    assert len(message) <= 400
