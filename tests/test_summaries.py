"""The dashboard's sentences say what the numbers say."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from dashboard.views.groups.rule import STRATEGY_WORDS
from dashboard.views.reading import CORRECTION_LABELS, READING_LABELS
from dashboard.words.summaries import (
    CORRECTION_WORDS,
    LOW_RELIABILITY,
    READING_WORDS,
    about,
    branch_means,
    duration,
    moved_members,
    neighbours,
    picture_sentence,
    proof_sentence,
    size,
    ties_sentence,
    unreliable,
)
from gradsim_core import CORRECTIONS, READINGS, STRATEGIES, Grouping, Similarity


def three(matrix: list[list[float]], reliability: list[float],
          reading: str = "cosine_of_mean") -> Similarity:
    return Similarity(("deu", "nld", "spa"), np.array(matrix, float), np.array(reliability),
                      ("layer.0",), reading, "raw", 10)


FOUND = three([[1, 0.4, -0.2], [0.4, 1, 0.1], [-0.2, 0.1, 1]], [0.9, 0.4, np.nan])
BRANCHES = {"deu": "Germanic", "nld": "Germanic", "spa": "Romance"}
NAMES = {"deu": "German", "nld": "Dutch", "spa": "Spanish"}


def test_picture_sentence_by_hand() -> None:
    assert branch_means(FOUND, BRANCHES) == (pytest.approx(0.4), pytest.approx(-0.05))
    assert picture_sentence(FOUND, NAMES, BRANCHES) == (
        "Pairs within a branch average +0.40, other pairs −0.05; a language's two halves agree "
        "with reliability 0.65 on average (lowest: Dutch, 0.40).")
    assert picture_sentence(FOUND, NAMES, {}).startswith("Two different languages average +0.10;")


def test_every_choice_of_the_engine_has_words() -> None:
    assert set(CORRECTION_WORDS) == set(CORRECTION_LABELS) == set(CORRECTIONS)
    assert set(READING_WORDS) == set(READING_LABELS) == set(LOW_RELIABILITY) == set(READINGS)
    assert set(STRATEGY_WORDS) == set(STRATEGIES)


def test_reliability_below_the_threshold_of_the_reading_is_marked() -> None:
    assert unreliable(FOUND) == [1, 2], "an undefined reliability is none"
    assert unreliable(replace(FOUND, reading="mean_cosine")) == [2]


def test_neighbours_leave_out_what_is_undefined() -> None:
    matrix = FOUND.matrix.copy()
    matrix[0, 1] = matrix[1, 0] = np.nan
    assert [one.code for one in neighbours(FOUND, "deu")] == ["nld", "spa"]
    assert [one.code for one in neighbours(replace(FOUND, matrix=matrix), "deu")] == ["spa"]


@pytest.mark.parametrize(("made", "words"), [
    ({"bound": 1.0, "proved": True}, "Proved optimal"),
    ({"bound": 1.02, "proved": False}, "more than 0.020 higher"),
    ({"bound": 1.0002, "proved": False}, "best possible score"),
    ({"bound": None, "proved": False}, "no bound")])
def test_proof_in_words(made: dict, words: str) -> None:
    assert words in proof_sentence(Grouping(((0,),), "exact", 1, 1.0, **made))


@pytest.mark.parametrize(("ties", "words"), [
    ({"near_ties": None}, "not counted"), ({"near_ties": 0}, "No other"),
    ({"near_ties": 1}, "1 other grouping scores"),
    ({"near_ties": 4000, "near_ties_at_least": True}, "At least 4,000 other groupings score")])
def test_near_ties_in_words(ties: dict, words: str) -> None:
    assert words in ties_sentence(Grouping(((0,),), "exact", 1, 1.0, 1.0, True, **ties))


@pytest.mark.parametrize(("groups", "other", "moved"), [
    (((0, 1), (2, 3)), ((2, 3), (0, 1)), []), (((0, 1, 2), (3,)), ((0, 1), (2, 3)), [2]),
    (((0, 1), (2, 3)), ((0, 1, 2, 3),), [2, 3])])
def test_members_that_change_company(groups: tuple, other: tuple, moved: list[int]) -> None:
    assert moved_members(groups, other) == moved


@pytest.mark.parametrize(("seconds", "words"), [
    (0.4, "0 s"), (59.4, "59 s"), (62, "1 min 2 s"), (600, "10 min"), (7500, "2 h 5 min"),
    (None, "not known yet")])
def test_duration(seconds: float | None, words: str) -> None:
    assert duration(seconds) == words


def test_estimates_are_round() -> None:
    assert [about(s) for s in (1, 43, 100, 289)] == ["5 s", "45 s", "2 min", "5 min"]
    assert [size(n) for n in (100, 5e8, 1.24e9)] == ["1 kB", "500 MB", "1.2 GB"]
