"""Trees: what is joined at which height, the order of leaves, cuts and Newick."""

from __future__ import annotations

import re
from itertools import pairwise

import numpy as np
import pytest
from scipy.cluster.hierarchy import cophenet, leaves_list
from skbio import TreeNode

from gradsim_core.errors import GroupingError
from gradsim_core.grouping import LINKAGES, group, leaf_order, linkage_tree, newick, tree_labels

THREE = np.array([[1.0, 0.8, 0.2], [0.8, 1.0, 0.4], [0.2, 0.4, 1.0]])


def random_similarity(seed: int, n_languages: int) -> np.ndarray:
    matrix = np.random.default_rng(seed).uniform(-1, 1, (n_languages, n_languages))
    return (matrix + matrix.T) / 2


def ref_average_linkage(similarity) -> list[tuple[frozenset, float]]:
    """Join the pair of groups with the least mean distance, again and again."""
    groups = [frozenset([leaf]) for leaf in range(len(similarity))]
    joined = []
    while len(groups) > 1:
        def mean_distance(pair):
            return np.mean([1 - similarity[a][b] for a in pair[0] for b in pair[1]])

        pairs = [(one, other) for i, one in enumerate(groups) for other in groups[:i]]
        nearest = min(pairs, key=mean_distance)
        joined.append((nearest[0] | nearest[1], float(mean_distance(nearest))))
        groups = [g for g in groups if g not in nearest] + [joined[-1][0]]
    return joined


def clades(tree) -> list[tuple[frozenset, float]]:
    nodes = [frozenset([leaf]) for leaf in range(len(tree) + 1)]
    for left, right, _, _ in tree:
        nodes.append(nodes[int(left)] | nodes[int(right)])
    return list(zip(nodes[len(tree) + 1:], tree[:, 2], strict=True))


def read_newick(text: str):
    """A plain recursive reader: (label or list of children, length)."""
    signs = re.findall(r"'(?:[^']|'')*'|[(),:;]|[^\s(),:;']+", text)
    assert "".join(signs) == text

    def node(position):
        if signs[position] == "(":
            children = []
            while signs[position] in "(,":
                child, position = node(position + 1)
                children.append(child)
            assert signs[position] == ")"
            body, position = children, position + 1
        else:
            label = signs[position]
            body = label[1:-1].replace("''", "'") if label.startswith("'") else label
            position += 1
        length = 0.0
        if signs[position] == ":":
            length, position = float(signs[position + 1]), position + 2
        return (body, length), position

    tree, position = node(0)
    assert signs[position:] == [";"]
    return tree


def leaf_paths(node, above=()) -> dict:
    """Leaf label -> the (node, length) pairs from the root down to it."""
    body, length = node
    path = (*above, (id(node), length))
    if isinstance(body, str):
        return {body: path}
    return {label: found for child in body for label, found in leaf_paths(child, path).items()}


def test_three_languages_by_hand():
    tree = linkage_tree(THREE)
    assert tree[:, 2] == pytest.approx([0.2, 0.7])
    assert leaf_order(tree) in ((0, 1, 2), (2, 1, 0))  # 1 is nearer to 2 than 0 is
    assert read_newick(newick(tree, ["a", "b", "c"]))[0]


@pytest.mark.parametrize("seed", range(5))
def test_average_linkage_equals_the_slow_twin(seed):
    matrix = random_similarity(seed, 9)
    found, wanted = clades(linkage_tree(matrix)), ref_average_linkage(matrix)
    assert [members for members, _ in found] == [members for members, _ in wanted]
    assert [height for _, height in found] == pytest.approx([height for _, height in wanted])


@pytest.mark.parametrize("method", LINKAGES)
def test_every_linkage_orders_leaves_and_rises(method):
    tree = linkage_tree(random_similarity(1, 12), method)
    assert sorted(leaf_order(tree)) == list(range(12))
    assert list(leaf_order(tree)) == leaves_list(tree).tolist()
    assert (np.diff(tree[:, 2]) >= -1e-12).all()
    assert (tree[:, 2] >= 0).all()


def test_leaf_order_puts_the_similar_side_by_side():
    matrix = random_similarity(2, 12)

    def similarity_along(order):
        return sum(matrix[a, b] for a, b in pairwise(order))

    ordered, plain = linkage_tree(matrix), linkage_tree(matrix, ordered=False)
    assert similarity_along(leaf_order(ordered)) > similarity_along(leaf_order(plain))
    assert {members for members, _ in clades(ordered)} == {m for m, _ in clades(plain)}


def test_similarity_above_one_lifts_all_heights_alike():
    matrix = random_similarity(3, 8)
    matrix[0, 1] = matrix[1, 0] = 1.0
    plain, lifted = linkage_tree(matrix), linkage_tree(matrix + 0.25)
    assert clades(plain)[0][1] == pytest.approx(0)
    assert [m for m, _ in clades(plain)] == [m for m, _ in clades(lifted)]
    assert lifted[:, 2] == pytest.approx(plain[:, 2])


def test_the_tree_of_few_languages():
    assert linkage_tree(np.ones((1, 1))).shape == (0, 4)
    assert leaf_order(np.zeros((0, 4))) == (0,)
    assert newick(np.zeros((0, 4)), ["Ewe"]) == "Ewe;"
    assert newick(linkage_tree(np.array([[1, 0.5], [0.5, 1]])), ["a", "b"]) == "(a:0.25,b:0.25);"


@pytest.mark.parametrize("seed", range(3))
def test_cuts_give_exactly_k_groups_and_nest(seed):
    tree = linkage_tree(random_similarity(seed, 10))
    finer = None
    for k in range(10, 0, -1):
        labels = tree_labels(tree, k=k)
        assert sorted(set(labels.tolist())) == list(range(k))
        assert labels[0] == 0  # numbered by first member
        if finer is not None:
            assert len(set(zip(finer.tolist(), labels.tolist(), strict=True))) == k + 1
        finer = labels


def test_ties_are_cut_into_exactly_k_groups():
    tree = linkage_tree(np.full((6, 6), 0.5))
    assert [len(set(tree_labels(tree, k=k).tolist())) for k in range(1, 7)] == [1, 2, 3, 4, 5, 6]


def test_a_cut_at_a_height_keeps_what_is_joined_below():
    tree = linkage_tree(THREE)
    assert tree_labels(tree, height=0.1).tolist() == [0, 1, 2]
    assert tree_labels(tree, height=0.5).tolist() == [0, 0, 1]
    assert tree_labels(tree, height=0.9).tolist() == [0, 0, 0]


def test_the_strategy_cuts_the_tree_that_is_drawn():
    matrix = random_similarity(6, 15)
    labels = tree_labels(linkage_tree(matrix), k=4)
    groups = tuple(tuple(np.flatnonzero(labels == label).tolist()) for label in range(4))
    assert group(matrix, "agglomerative", k=4).groups == groups


NAMES = ["plain", "two words", "it's", "a_b", "(x,y);", "Yorùbá", "[note]", "a:b", "日本語", ""]


def test_newick_is_read_back_with_names_and_distances():
    tree = linkage_tree(random_similarity(4, len(NAMES)))
    text = newick(tree, NAMES)
    paths = leaf_paths(read_newick(text))
    assert set(paths) == set(NAMES)
    height = tree[-1, 2] / 2
    depth = {name: sum(length for _, length in path) for name, path in paths.items()}
    assert list(depth.values()) == pytest.approx([height] * len(NAMES))  # ultrametric
    joined = cophenet(tree)
    pairs = list(zip(*np.triu_indices(len(NAMES), 1), strict=True))
    assert len(pairs) == len(joined)
    for (a, b), distance in zip(pairs, joined, strict=True):
        one, other = paths[NAMES[a]], paths[NAMES[b]]
        apart = sum(length for _, length in set(one) ^ set(other))
        assert apart == pytest.approx(distance, abs=1e-7)


def test_newick_notes_stand_behind_names_as_readers_of_trees_expect_them():
    names = ["Ewe", "Ewe (Volta)", "Fon"]
    tree = linkage_tree(THREE)
    text = newick(tree, names, notes={"Ewe (Volta)": "joined=later"})
    assert "'Ewe (Volta)'[&joined=later]:" in text
    assert text.count("[") == 1
    assert text.replace("[&joined=later]", "") == newick(tree, names)
    read = TreeNode.read([text])
    assert {tip.name for tip in read.tips()} == set(names)


def test_newick_quotes_only_what_needs_it():
    text = newick(linkage_tree(np.eye(4)), ["plain", "it's", "a b", "line\nbreak"])
    for label in ("plain:", "'it''s':", "'a b':", "'line break':"):
        assert label in text


def test_a_deep_tree_needs_no_deep_stack():
    # a chain: each language is a little further from all before it
    n_languages = 1500
    rank = np.arange(n_languages)
    matrix = 1 - np.maximum(rank[:, None], rank[None, :]) / n_languages
    tree = linkage_tree(matrix, "single", ordered=False)
    assert len(leaf_order(tree)) == n_languages
    assert newick(tree, [f"l{i}" for i in rank]).count("(") == n_languages - 1


@pytest.mark.parametrize(("call", "message"), [
    (lambda: linkage_tree(THREE, "ward"), "'ward'.*average, complete"),
    (lambda: linkage_tree(THREE * np.nan), "NaN"),
    (lambda: tree_labels(linkage_tree(THREE)), "Give one"),
    (lambda: tree_labels(linkage_tree(THREE), k=2, height=0.1), "Give one"),
    (lambda: tree_labels(linkage_tree(THREE), k=4), "into 4 groups"),
    (lambda: newick(linkage_tree(THREE), ["a"]), "1 names for a tree of 3"),
])
def test_what_is_refused(call, message):
    with pytest.raises(GroupingError, match=message):
        call()
