"""What is refused, and with which words."""

from __future__ import annotations

import numpy as np
import pytest

from gradsim_core.errors import GroupingError
from gradsim_core.grouping import STRATEGIES, Constraints, group, groupings_by_k, objective

NAMES = ("Amharic", "Hausa", "Igbo", "Swahili", "Twi", "Yoruba")
FIVES = tuple((a, b) for a in range(4) for b in range(a))

REFUSED = [
    ({"strategy": "best"}, ["'best'", "exact", "k_means", "random"]),
    ({"k": 7}, ["K = 7", "1 to 6"]),
    ({"k": 0}, ["K = 0", "1 to 6"]),
    ({"k": 2.5}, ["2.5", "whole number"]),
    ({"k": True}, ["True", "whole number"]),
    ({"k": 2, "k_range": (1, 3)}, ["K = 2", "(1, 3)"]),
    ({"k_range": (4, 2)}, ["4", "2", "Swap"]),
    ({"k_range": (7, 9)}, ["K = 7", "1 to 6"]),
    ({"alone": float("nan")}, ["nan", "finite"]),
    ({"names": ("Amharic",)}, ["1 names", "6 languages"]),
    ({"constraints": Constraints(smallest=0)}, ["smallest is 0"]),
    ({"constraints": Constraints(largest=1.5)}, ["largest is 1.5"]),
    ({"constraints": Constraints(smallest=4, largest=3)}, ["(3)", "(4)"]),
    ({"constraints": Constraints(must_link=((0, 9),))}, ["must_link", "(0, 9)", "0 to 5"]),
    ({"constraints": Constraints(cannot_link=((2, 2),))}, ["Igbo", "itself"]),
    ({"constraints": Constraints(must_link=((0, 1), (1, 2)), cannot_link=((2, 0),))},
     ["Igbo and Amharic", "cannot-link", "Amharic, Hausa, Igbo"]),
    ({"constraints": Constraints(largest=2, must_link=((0, 1), (1, 2)))},
     ["Amharic, Hausa, Igbo", "3 languages", "2"]),
    ({"k": 4, "constraints": Constraints(smallest=2)}, ["K = 4", "at least 2", "K ≤ 3"]),
    ({"k": 2, "constraints": Constraints(largest=2)}, ["K = 2", "at most 2", "K ≥ 3"]),
    ({"constraints": Constraints(smallest=4, largest=5)}, ["6 languages", "4 to 5"]),
    ({"k": 5, "constraints": Constraints(must_link=((0, 1), (2, 3)))},
     ["K = 5", "only 4", "K ≤ 4"]),
    ({"k": 3, "constraints": Constraints(cannot_link=FIVES)},
     ["K = 3", "cannot-link", "Hausa–Amharic", "2 more"]),
]


@pytest.mark.parametrize(("asked", "words"), REFUSED)
def test_what_cannot_be_is_refused_with_the_values_in_conflict(asked, words):
    with pytest.raises(GroupingError) as caught:
        group(np.eye(6), **{"names": NAMES, **asked})
    message = str(caught.value)
    assert [word for word in words if word not in message] == []
    assert len(message) <= 400


@pytest.mark.parametrize("strategy", ["exact", "local_search", "agglomerative", "spectral",
                                      "k_means", "random"])
def test_every_strategy_refuses_more_rivals_than_groups(strategy):
    with pytest.raises(GroupingError, match=r"K = 3.*cannot-link Hausa–Amharic"):
        group(np.eye(6), strategy, k=3, names=NAMES, constraints=Constraints(cannot_link=FIVES))


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_undefined_similarity_names_the_language_at_fault(strategy, value):
    matrix = np.eye(6)
    matrix[3, :] = matrix[:, 3] = value
    with pytest.raises(GroupingError) as caught:
        group(matrix, strategy, k=2, names=NAMES)
    assert "Swahili" in str(caught.value)
    assert not any(name in str(caught.value) for name in NAMES if name != "Swahili")


def test_two_languages_at_fault_are_both_named():
    matrix = np.eye(6)
    matrix[[1, 5], :] = matrix[:, [1, 5]] = np.nan
    with pytest.raises(GroupingError, match="Hausa, Yoruba"):
        group(matrix, k=2, names=NAMES)


@pytest.mark.parametrize("shape", [(0, 0), (2, 3), (4,)])
def test_a_matrix_that_is_not_square_is_refused(shape):
    with pytest.raises(GroupingError, match="shape"):
        group(np.zeros(shape), k=1)


def test_scores_need_every_language_and_no_empty_group():
    with pytest.raises(GroupingError, match="Languages 2, 5 "):
        objective(np.eye(6), [[0, 1], [3, 4]])
    with pytest.raises(GroupingError, match="empty"):
        objective(np.eye(2), [[0, 1], []])


def test_every_k_at_once_is_for_few_languages():
    with pytest.raises(GroupingError, match="here are 30"):
        groupings_by_k(np.eye(30))


def test_a_range_is_narrowed_to_what_is_possible():
    found = group(np.eye(6), k_range=(1, 6), constraints=Constraints(smallest=2, largest=3))
    assert found.k in (2, 3)
    assert "between 2 and 3" in found.note


def test_must_links_tie_transitively():
    found = group(np.eye(6), k=4, constraints=Constraints(must_link=((4, 0), (4, 2))))
    assert (0, 2, 4) in found.groups


def test_the_input_is_left_as_it_was():
    matrix = np.full((5, 5), 0.5)
    np.fill_diagonal(matrix, np.nan)
    for strategy in STRATEGIES:
        group(matrix, strategy, k=2, lineages=[("A",)] * 5)
    assert np.isnan(np.diag(matrix)).all()
