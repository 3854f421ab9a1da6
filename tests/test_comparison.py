"""Comparing strategies: means, paired gains, intervals, and ranks among draws."""

from __future__ import annotations

import numpy as np
import pytest
from comparison_cases import made_up, made_up_draws
from reference_comparison import ref_gain, ref_interval, ref_percentile
from scipy.stats import t

from gradsim_core.errors import DataError
from gradsim_core.experiments.comparison import RANDOM, Gain, compare, side_of_zero

# --- by hand

def test_two_seeds_and_two_languages_by_hand() -> None:
    found = compare({"a": np.array([[0.5, 0.7], [0.7, 0.9]]),
                     "b": np.array([[0.4, 0.8], [0.4, 0.8]])})
    assert found.strategies["a"].mean == pytest.approx(0.7)
    gain = found.gains["a"]["b"]  # differences: 0.1 -0.1 / 0.3 0.1
    assert gain.mean == pytest.approx(0.1)
    assert (gain.wins, gain.of) == (1, 2)
    assert found.gains["b"]["a"].wins == 0
    # Seeds lie at 0 and 0.2, languages at 0.2 and 0: each draws -0.1, 0, 0.1 (1, 2, 1 of 4) times
    # sqrt(2), so 1 in 16 of all sums is 0.2 * sqrt(2), more than 2.5%; two degrees of freedom.
    widest = 0.2 * np.sqrt(2) * t.ppf(0.975, 2) / 1.959964
    assert gain.interval == pytest.approx((0.1 - widest, 0.1 + widest), abs=1e-6)


def test_languages_get_students_interval_over_seeds() -> None:
    found = compare({"a": np.array([[0.5, 0.99], [0.6, 0.9], [0.7, 0.99]])})
    first, second = found.per_language["a"]
    half = 4.302653 * 0.1 / np.sqrt(3)
    assert first.mean == pytest.approx(0.6)
    assert first.interval == pytest.approx((0.6 - half, 0.6 + half), abs=1e-6)
    assert second.interval is not None
    assert second.interval[1] == 1.0, "no score is above 1"
    assert compare({"a": np.full((2, 2), 0.5)}).per_language["a"][0].interval is None


def test_rank_among_random_groupings_by_hand() -> None:
    draws = np.array([0.5, 0.6, 0.6, 0.8])[:, None, None]
    found = compare({"a": np.array([[0.6]]), "b": np.array([[0.9]])}, draws).random
    assert found is not None
    assert found.means == (0.5, 0.6, 0.6, 0.8)
    assert found.percentile == {"a": 0.5, "b": 1.0}, "one below, two ties; all below"
    assert found.p == {"a": 4 / 5, "b": 1 / 5}
    assert found.below == {"a": 1, "b": 4}


# --- against the twin

@pytest.mark.parametrize(("n_seeds", "n_languages"), [(3, 4), (4, 5), (1, 5), (5, 1)])
def test_intervals_are_those_of_all_resamples(n_seeds: int, n_languages: int) -> None:
    scores = made_up(n_seeds, n_languages, noise=0.05)
    found = compare(scores, resamples=60_000)
    for a, b in (("gradient", "family"), ("all_languages", "gradient")):
        gain = found.gains[a][b]
        mean, wins = ref_gain(scores[a], scores[b])
        expected = ref_interval(scores[a] - scores[b])
        assert (gain.mean, gain.wins) == (pytest.approx(mean), wins)
        assert gain.interval == pytest.approx(expected, abs=0.02 * (expected[1] - expected[0]))


def test_seeds_and_languages_share_their_degrees_of_freedom() -> None:
    gains = (np.array([[-0.03], [0.03]]) + np.array([-0.06, -0.03, 0.0, 0.0, 0.03, 0.06]))
    low, high = compare({"a": 0.5 + gains, "b": np.full((2, 6), 0.5)},
                        resamples=60_000).gains["a"]["b"].interval
    expected = ref_interval(gains)
    assert high - low == pytest.approx(expected[1] - expected[0], rel=0.03)


def test_random_draws_are_drawn_anew_too() -> None:
    scores = made_up(3, 4, noise=0.03)
    draws = made_up_draws(scores["family"], n_draws=4)
    gain = compare(scores, draws, resamples=60_000).gains["gradient"][RANDOM]
    expected = ref_interval(scores["gradient"] - draws)
    assert gain.interval == pytest.approx(expected, abs=0.02 * (expected[1] - expected[0]))
    assert gain.mean == pytest.approx(ref_gain(scores["gradient"], draws.mean(axis=0))[0])


def test_ranks_are_those_of_counting() -> None:
    scores = made_up()
    draws = made_up_draws(scores["family"])
    found = compare(scores, draws).random
    assert found is not None
    for name, table in scores.items():
        expected = ref_percentile(table.mean(), draws.mean(axis=(1, 2)))
        assert (found.percentile[name], found.p[name]) == pytest.approx(expected)


# --- invariants

def test_a_gain_there_and_back_are_opposite() -> None:
    scores = made_up(noise=0.03)
    found = compare(scores, made_up_draws(scores["family"]))
    for a, row in found.gains.items():
        assert a not in row
        for b, gain in row.items():
            back = found.gains[b][a]
            assert gain.mean == -back.mean
            assert gain.interval is not None
            assert back.interval == (-gain.interval[1], -gain.interval[0])
            assert gain.clear == -back.clear
            assert gain.wins + back.wins == gain.of, "no ties among made-up numbers"


def test_a_shift_of_all_scores_changes_no_gain() -> None:
    scores = made_up(noise=0.03)
    moved = compare({name: table + 0.1 for name, table in scores.items()})
    for a, row in compare(scores).gains.items():
        for b, gain in row.items():
            assert moved.gains[a][b].interval == pytest.approx(gain.interval, abs=1e-12)


def test_a_language_that_is_hard_for_all_widens_no_gain() -> None:
    scores = made_up()
    hard = np.array([0.3, 0, 0, 0])
    found, harder = compare(scores), compare({k: v - hard for k, v in scores.items()})
    assert harder.gains["gradient"]["family"].interval == pytest.approx(
        found.gains["gradient"]["family"].interval, abs=1e-12)


def test_the_order_of_seeds_and_languages_does_not_matter() -> None:
    scores = made_up(3, 6, noise=0.03)
    turned = {name: table[[2, 0, 1]][:, [3, 1, 5, 0, 4, 2]] for name, table in scores.items()}
    found, other = (compare(tables, resamples=40_000).gains["gradient"]["family"]
                    for tables in (scores, turned))
    assert found.interval is not None
    width = found.interval[1] - found.interval[0]
    assert other.mean == pytest.approx(found.mean)
    assert other.wins == found.wins
    assert other.interval == pytest.approx(found.interval, abs=0.03 * width)


def test_other_strategies_do_not_change_a_gain() -> None:
    scores = made_up()
    alone = compare({name: scores[name] for name in ("gradient", "family")})
    assert alone.gains["gradient"]["family"] == compare(scores).gains["gradient"]["family"]


def test_the_same_scores_give_the_same_numbers() -> None:
    scores = made_up()
    draws = made_up_draws(scores["family"])
    assert compare(scores, draws) == compare(scores, draws)
    assert compare(scores, draws, seed=1) != compare(scores, draws)


def test_random_takes_its_place_in_the_order() -> None:
    scores = made_up()
    draws = made_up_draws(scores["family"])
    assert list(compare(scores, draws).strategies)[-1] == RANDOM
    found = compare({"gradient": scores["gradient"], RANDOM: draws.mean(axis=0),
                     "family": scores["family"]}, draws)
    assert list(found.strategies) == ["gradient", RANDOM, "family"]
    assert found.strategies[RANDOM].mean == pytest.approx(draws.mean())
    assert RANDOM not in found.random.percentile


def test_few_seeds_that_differ_give_a_wide_interval() -> None:
    """Where the seed decides, the plain bootstrap of three seeds is far too sure of itself."""
    luck = np.array([-0.01, 0.0, 0.01])[:, None]
    flat = np.full((3, 12), 0.5)
    low, high = compare({"a": flat + luck, "b": flat}).gains["a"]["b"].interval
    students = t.ppf(0.975, 2) * 0.01 / np.sqrt(3)
    assert high - low == pytest.approx(2 * students, rel=0.15)


# --- little to go by

def test_equal_scores_have_no_difference() -> None:
    table = np.random.default_rng(0).uniform(0.3, 0.9, (3, 5))
    found = compare({"a": table, "b": table.copy()}, np.stack([table] * 20))
    for other in ("b", RANDOM):
        gain = found.gains["a"][other]
        assert gain.interval == pytest.approx((0, 0), abs=1e-12)
        assert (gain.clear, gain.wins) == (0, 0)
    assert found.random.percentile["a"] == 0.5
    assert found.random.p["a"] == 1.0


def test_one_cell_has_no_interval() -> None:
    found = compare({"a": np.array([[0.5]]), "b": np.array([[0.6]])})
    assert found.gains["a"]["b"] == Gain(pytest.approx(-0.1), None, 0, 1)
    assert found.gains["a"]["b"].clear == 0
    assert found.strategies["a"].interval is None


def test_side_of_zero() -> None:
    assert [side_of_zero(interval) for interval in (
        (0.1, 0.2), (-0.2, -0.1), (-0.1, 0.1), (0.0, 0.2), (1e-17, 0.2), None)] == [
            1, -1, 0, 0, 0, 0]


# --- refusals

@pytest.mark.parametrize(("cell", "message"), [
    (float("nan"), r"'family'.*language swe with seed number 2.*no score"),
    (71.3, r"'family'.*language swe with seed number 2.*71\.3.*Divide percent by 100"),
    (-0.1, r"'family'.*-0\.1.*fractions")])
def test_a_score_that_is_none_is_named(cell: float, message: str) -> None:
    scores = made_up()
    scores["family"][1, 2] = cell
    with pytest.raises(DataError, match=message):
        compare(scores, languages=("dan", "deu", "swe", "nld"))


def test_other_seeds_or_languages_are_refused() -> None:
    with pytest.raises(DataError, match=r"a \(3, 2\), b \(3, 1\)"):
        compare({"a": np.zeros((3, 2)), "b": np.zeros((3, 1))})
    with pytest.raises(DataError, match="no strategy"):
        compare({})
