"""Several studies together, and the pooled value that says the opposite; ceilings."""

from __future__ import annotations

import numpy as np
import pytest
from reference_statistics import ref_statistic
from scipy.stats import pearsonr, spearmanr, t
from statistics_cases import made_up

from gradsim_core.errors import DataError
from gradsim_core.scores.tables import Scores, seed_agreement
from gradsim_core.statistics import associate, ceiling, combine

FEW = 99


def shifted(near: float, gained: float, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    similarity, transfer = made_up(6, relation=5, seed=seed)
    return similarity + near, transfer + gained


# --- several studies


def test_pooling_that_reverses_every_study() -> None:
    """Models in which near languages help; the nearer a model's languages, the worse it does.

    By hand: 0, 1, 2 against 0, 1, 2 in each of two studies, the second moved by (+10, -10).
    """
    near = np.array([[9, 0, 1], [2, 9, 0], [1, 2, 9]], dtype=float)
    small = combine({"a": (near, near), "b": (near + 10, near - 10)}, "pearson", permutations=FEW)
    assert {name: one.value for name, one in small.studies.items()} == pytest.approx(
        {"a": 1, "b": 1})
    spread, apart = 2 / 3, 25.0  # variance within a study, and of the studies' means
    assert small.pooled == pytest.approx((spread - apart) / (spread + apart))
    assert small.reversed is True
    assert small.interval is None

    found = combine({name: shifted(20 * at, -20 * at, at) for at, name in enumerate("abc")},
                    permutations=FEW)
    assert found.signs == {"a": 1, "b": 1, "c": 1}
    assert found.mean > 0.3
    assert found.pooled < -0.5
    assert found.reversed is True


def test_studies_that_agree_are_not_reversed() -> None:
    found = combine({"a": shifted(0, 0), "b": shifted(1, 1, seed=1)}, permutations=FEW)
    assert found.pooled > 0
    assert found.reversed is False


def test_taking_effects_out_first_undoes_the_reversal() -> None:
    studies = {name: shifted(20 * at, -20 * at, at) for at, name in enumerate("abc")}
    assert combine(studies, "pearson", permutations=FEW).reversed
    assert not combine(studies, "pearson", adjust="both", permutations=FEW).reversed


def test_each_study_stands_for_itself() -> None:
    studies = {"a": made_up(6), "b": made_up(9, seed=1, missing=3), "c": made_up(7, seed=2)}
    found = combine(studies, "spearman", permutations=FEW)
    for name, (near, gained) in studies.items():
        assert found.studies[name] == associate(near, gained, "spearman", permutations=FEW)
    values = [one.value for one in found.studies.values()]
    half = t.ppf(0.975, 2) * np.std(values, ddof=1) / np.sqrt(3)
    assert found.mean == pytest.approx(np.mean(values))
    assert found.interval == pytest.approx((np.mean(values) - half,
                                            min(np.mean(values) + half, 1)))


@pytest.mark.parametrize(("statistic", "scipys"), [
    ("target_spearman", spearmanr), ("spearman", spearmanr), ("pearson", pearsonr)])
def test_pooled_is_over_all_pairs(statistic: str, scipys) -> None:
    studies = {"a": made_up(6, missing=2), "b": made_up(7, seed=1)}
    x, y = [], []
    for near, gained in studies.values():
        pairs = np.isfinite(near + gained) & ~np.eye(len(near), dtype=bool)
        x.extend(near[pairs])
        y.extend(gained[pairs])
    assert combine(studies, statistic, permutations=FEW).pooled == pytest.approx(
        scipys(x, y).statistic)


def test_undefined_study_has_no_sign_and_no_part_in_the_mean() -> None:
    near, gained = made_up(6, seed=1)
    found = combine({"a": (near, gained), "flat": (np.ones((6, 6)), gained)}, "pearson",
                    permutations=FEW)
    assert found.signs == {"a": 1, "flat": 0}
    assert found.mean == found.studies["a"].value


def test_no_study_is_refused() -> None:
    with pytest.raises(DataError, match="no study to combine"):
        combine({})


# --- ceilings


def made_up_seeds(n_seeds: int, noise: float, n: int = 12) -> np.ndarray:
    draw = np.random.default_rng(1)
    return draw.normal(size=(n, n)) + noise * draw.normal(size=(n_seeds, n, n))


@pytest.mark.parametrize("n_seeds", [2, 3, 4, 5])
def test_pooled_transfer_reliability_is_that_of_the_scores(n_seeds: int) -> None:
    values = made_up_seeds(n_seeds, 0.8)
    values[0, 2, 3] = np.nan
    names = tuple("abcdefghijkl")
    agreement = seed_agreement(Scores(names, names, "", "", tuple(range(n_seeds)), values, ""))
    assert ceiling(None, values, "pearson").transfer_reliability == pytest.approx(
        agreement.reliability)


@pytest.mark.parametrize("adjust", ["none", "both"])
@pytest.mark.parametrize("statistic", ["target_spearman", "spearman"])
def test_two_halves_by_hand(statistic: str, adjust: str) -> None:
    seeds, halves = made_up_seeds(2, 0.5), made_up_seeds(2, 1.0)
    off = np.where(np.eye(12, dtype=bool), np.nan, 0)
    found = ceiling(halves, seeds, statistic, adjust=adjust)
    r_t, r_s = (ref_statistic(two[0] + off, two[1] + off, statistic, adjust)
                for two in (seeds, halves))
    assert found.transfer_reliability == pytest.approx(2 * r_t / (1 + r_t))
    assert found.similarity_reliability == pytest.approx(2 * r_s / (1 + r_s))
    assert found.value == pytest.approx(np.sqrt(found.transfer_reliability
                                                * found.similarity_reliability))


def test_true_similarity_reaches_the_ceiling() -> None:
    """What the noisy transfer is a reading of correlates with it as highly as can be."""
    draw = np.random.default_rng(0)
    truth = draw.normal(size=(40, 40))
    seeds = truth + draw.normal(size=(4, 40, 40))
    found = ceiling(None, seeds, "pearson")
    assert found.value == pytest.approx(np.sqrt(1 / 1.25), abs=0.02)
    assert associate(truth, seeds.mean(axis=0), "pearson", permutations=1).value == pytest.approx(
        found.value, abs=0.02)


def test_unknown_similarity_reliability_counts_as_one() -> None:
    found = ceiling(None, made_up_seeds(3, 0.5))
    assert np.isnan(found.similarity_reliability)
    assert found.value == pytest.approx(np.sqrt(found.transfer_reliability))


def test_one_seed_tells_no_ceiling() -> None:
    found = ceiling(made_up_seeds(2, 0.5), made_up_seeds(1, 0.5))
    assert np.isnan([found.transfer_reliability, found.value]).all()
    assert np.isfinite(found.similarity_reliability)


def test_halves_that_disagree_tell_no_ceiling() -> None:
    seeds = made_up_seeds(2, 0.3)
    found = ceiling(np.stack([seeds[0], -seeds[0] + 0.3 * seeds[1]]), seeds, "pearson")
    assert found.similarity_reliability < 0 or np.isnan(found.similarity_reliability)
    both = ceiling(None, np.stack([seeds[0], -seeds[0] + seeds[1]]), "pearson")
    assert both.transfer_reliability < 0
    assert np.isnan(both.value)


def test_messages() -> None:
    seeds = made_up_seeds(2, 0.5)
    with pytest.raises(DataError, match=r"transfer has the shape \(12, 12\)"):
        ceiling(None, seeds[0])
    with pytest.raises(DataError, match=r"halves of the similarity have the shape \(1, 12, 12\)"):
        ceiling(seeds[:1], seeds)
    with pytest.raises(DataError, match="similarity is of 3 languages"):
        ceiling(np.zeros((2, 3, 3)), seeds)
