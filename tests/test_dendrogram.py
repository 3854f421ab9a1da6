"""The tree over a heatmap stands where its languages stand."""

from __future__ import annotations

import numpy as np
import pytest
from made_up_studies import made_up_series

from dashboard.figures.dendrogram import dendrogram
from gradsim_core import leaf_order, linkage_tree, similarity


def test_dendrogram_of_three_languages_by_hand() -> None:
    tree = np.array([[0, 2, 0.4, 2], [1, 3, 0.9, 3]])  # (0, 2) at 0.6, then 1 at 0.1
    drawn = dendrogram(tree, ceiling=1.0)
    assert leaf_order(tree) == (1, 0, 2)
    assert drawn.members == [(0, 2), (1, 0, 2)]
    assert drawn.nodes_x == [1.5, 0.75]
    assert drawn.nodes_y == pytest.approx([0.6, 0.1])
    foot = 0.6 + 0.12 * 0.5
    assert drawn.foot == pytest.approx(foot)
    assert drawn.lines_x == [1, 1, 2, 2, None, 0, 0, 1.5, 1.5, None]
    assert [y for y in drawn.lines_y if y is not None] == pytest.approx(
        [foot, 0.6, 0.6, foot, foot, 0.1, 0.1, 0.6])


@pytest.mark.parametrize("seed", range(4))
def test_tree_stands_over_the_columns_it_joins(seed: int) -> None:
    found = similarity(made_up_series([0, 0, 1, 1, 2, 2, 0, 1], seed=seed))
    tree = linkage_tree(found.matrix)
    drawn = dendrogram(tree, 1.0)
    place = {leaf: at for at, leaf in enumerate(leaf_order(tree))}
    for x, members in zip(drawn.nodes_x, drawn.members, strict=True):
        at = sorted(place[leaf] for leaf in members)
        assert at == list(range(at[0], at[-1] + 1)), "a clade's columns stand side by side"
        assert at[0] < x < at[-1]
    for y, members in zip(drawn.nodes_y, drawn.members, strict=True):
        assert y <= drawn.nodes_y[0] + 1e-12
        assert len(members) >= 2


def test_tree_of_equal_heights_has_a_foot_above_it() -> None:
    assert dendrogram(np.array([[0, 1, 0.5, 2]]), 1.0).foot > 0.5
