"""How sure groups are: shares worked out by hand, and studies whose certainty we chose."""

from __future__ import annotations

import json
from itertools import permutations
from pathlib import Path

import numpy as np
import pytest
from cli_cases import Gradsim
from made_up_studies import SIGNATURE
from robustness_cases import STEPS, stretches, write_stretches

from gradsim_core.decisions.decision import Reading, Rule
from gradsim_core.errors import StudyError
from gradsim_core.grouping import linkage_tree
from gradsim_core.grouping.stability import (
    branch_support,
    clades,
    co_membership,
    group_changes,
    settled_at,
)
from gradsim_core.results import load_increments, load_results
from gradsim_core.similarities.gram import similarity
from gradsim_core.similarities.resampling import resampled_similarities, spread_around
from gradsim_core.similarities.robustness import Certainty, Stability, certainty, stability
from gradsim_core.similarities.settled import settling
from gradsim_core.storage.store import Store

CLUSTERS = (0, 1, 0, 1, 2, 2)


# by hand


def test_co_membership_counts_resamples():
    found = co_membership(np.array([[0, 0, 1], [5, 2, 2], [1, 1, 1], [7, 8, 9]]))
    np.testing.assert_array_equal(found, [[1, .5, .25], [.5, 1, .5], [.25, .5, 1]])


@pytest.mark.parametrize(("labels", "changed"), [
    ([1, 1, 0, 0], [0, 0, 0, 0]),  # the same groups by other numbers
    ([0, 1, 1, 1], [0, 1, 0, 0]), ([2, 2, 2, 0], [0, 0, 1, 0]), ([4, 4, 4, 9], [0, 0, 1, 0])])
def test_who_is_left_after_matching_has_changed(labels, changed):
    found = group_changes(np.array([0, 0, 1, 1]), np.array([labels]))
    np.testing.assert_array_equal(found, changed)


def test_matching_keeps_as_many_languages_as_any_other():
    rng = np.random.default_rng(0)
    for _ in range(50):
        groups, labels = rng.integers(0, 3, 7), rng.integers(0, 3, 7)
        best = min(np.sum(np.array(order)[groups] != labels) for order in permutations(range(3)))
        assert group_changes(groups, labels[None]).sum() == best


def tree_of(pairs, n=4):
    matrix = np.zeros((n, n))
    for level, pair in enumerate(pairs):
        matrix[pair, pair[::-1]] = 0.9 - 0.1 * level
    return linkage_tree(matrix, ordered=False)


def test_a_branch_is_supported_by_the_trees_that_have_it():
    tree = tree_of([(0, 1), (2, 3)])
    other = tree_of([(0, 2), (1, 3)])
    assert clades(tree) == [{0, 1}, {2, 3}, {0, 1, 2, 3}]
    np.testing.assert_array_equal(branch_support(tree, [tree, other, tree, other]), [.5, .5, 1])


@pytest.mark.parametrize(("labels", "first"), [
    ([[0, 0, 1], [0, 1, 1], [1, 0, 0]], 1), ([[0, 0, 1], [0, 1, 1], [1, 1, 0]], 2),
    ([[0, 1, 1], [3, 2, 2]], 0), ([[0, 1, 1], [0, 0, 1], [0, 1, 1]], 2), ([[0, 0]], 0)])
def test_groups_have_settled_when_nothing_changes_any_more(labels, first):
    assert settled_at([np.array(one) for one in labels]) == first


# studies


def stability_of(root: Path, parts, rule=None, reading=None, **more) -> Stability:
    store = write_stretches(root, parts)
    return stability(load_results(store, SIGNATURE), load_increments(store, SIGNATURE),
                     reading or Reading(), rule or Rule(k=3), **more)


def certainty_of(root: Path, parts, reading=None, **more) -> Certainty:
    store = write_stretches(root, parts)
    return certainty(load_results(store, SIGNATURE), load_increments(store, SIGNATURE),
                     reading or Reading(), **more)


@pytest.mark.parametrize("reading", ["cosine_of_mean", "mean_cosine"])
def test_clear_groups_are_certain(tmp_path, reading):
    found = stability_of(tmp_path, stretches(CLUSTERS, 0.3), reading=Reading(reading=reading))
    assert found.same == 1
    assert (found.changes == 0).all()
    np.testing.assert_array_equal(found.together == 1, np.equal.outer(CLUSTERS, CLUSTERS))
    assert (found.resamples, found.undefined) == (200, 0)
    sure = certainty_of(tmp_path, stretches(CLUSTERS, 0.3), Reading(reading=reading))
    pairs = [sorted(clade) for clade in clades(sure.tree)[:3]]
    assert sorted(pairs) == [[0, 2], [1, 3], [4, 5]]
    assert (sure.support[:3] == 1).all()
    assert (sure.low < sure.high)[~np.eye(6, dtype=bool)].all()
    assert (sure.resamples, sure.undefined) == (200, 0)


def test_groups_of_noise_are_not(tmp_path):
    found = stability_of(tmp_path, stretches((0,) * 6, 30.0))
    assert found.same < 0.5
    assert found.changes.mean() > 0.1


def test_one_wavering_language_is_found(tmp_path):
    parts = stretches(CLUSTERS, 0.3)
    for block in parts:
        block[::2, [2, 3]] = block[::2, [0, 1]] + 0.01  # language 1 is with 0 every other stretch
        block[1::2, [2, 3]] = block[1::2, [6, 7]] + 0.01
    found = stability_of(tmp_path, parts)
    assert found.changes.argmax() in (1, 3)
    assert found.changes[[4, 5]].max() < 0.05


def test_the_same_seed_gives_the_same(tmp_path):
    parts = stretches(CLUSTERS, 3.0)
    one, same, other = (certainty_of(tmp_path, parts, seed=seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one.low, same.low)
    assert (one.low != other.low).any()


def test_intervals_end_where_cosines_end(tmp_path):
    parts = stretches(CLUSTERS, 0.3)
    for block in parts:
        block[0, [2, 3]] *= -1  # once, language 1 goes the other way
    sure = certainty_of(tmp_path, parts)
    results = load_results(Store(tmp_path), SIGNATURE)
    increments = load_increments(Store(tmp_path), SIGNATURE)
    correction = results.default_correction
    low, high = spread_around(
        similarity(results.series, correction=correction).matrix,
        resampled_similarities(results.series, increments, correction=correction, resamples=200))
    assert (high > 1).any()
    np.testing.assert_allclose(sure.high, np.minimum(high, 1), atol=1e-12)
    np.testing.assert_allclose(sure.low, np.maximum(low, -1), atol=1e-12)


def test_k_is_that_of_the_groups_in_question(tmp_path):
    found = stability_of(tmp_path, stretches(CLUSTERS, 3.0), Rule())
    store = write_stretches(tmp_path, stretches(CLUSTERS, 3.0))
    fixed = stability(load_results(store, SIGNATURE), load_increments(store, SIGNATURE), Reading(),
                      Rule(k=len(set(found.groups.tolist()))))
    np.testing.assert_array_equal(found.together, fixed.together)


def test_a_study_without_increments_says_so(tmp_path):
    store = write_stretches(tmp_path, stretches(CLUSTERS, 0.3), keep_increments=False)
    assert load_increments(store, SIGNATURE) is None
    with pytest.raises(StudyError, match=f"{SIGNATURE} kept no increments"):
        stability(load_results(store, SIGNATURE), None, Reading(), Rule())
    with pytest.raises(StudyError, match=f"{SIGNATURE} kept no increments"):
        certainty(load_results(store, SIGNATURE), None, Reading())


def test_groups_that_turn_settle_when_the_turn_has_been_outweighed(tmp_path):
    store = write_stretches(tmp_path, stretches(CLUSTERS, 0.05, turned=2))
    found = settling(load_results(store, SIGNATURE), Reading(), Rule(k=3))
    assert found.steps == STEPS
    assert found.step == 50  # after four, two stretches stand against two
    assert found.saved == pytest.approx(1 - 50 / 80)
    assert found.agreement[0] < found.agreement[-1] == 1


# the command


@pytest.fixture
def gradsim(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
            tmp_path: Path) -> Gradsim:
    monkeypatch.setenv("GRADSIM_CACHE", str(tmp_path))
    monkeypatch.setenv("COLUMNS", "120")
    return Gradsim(monkeypatch, capsys)


def test_the_command_says_how_sure_it_is(gradsim, tmp_path):
    write_stretches(tmp_path, stretches(CLUSTERS, 0.3))
    answer = gradsim("stability", "--k", 3, "--resamples", 50)
    assert answer.code == 0
    assert "50 resamples" in answer.out
    assert "Just these groups came out in 50 of 50 resamples." in answer.err
    assert "From step 10 of 80 on the groups stay the same" in answer.err
    found = json.loads(gradsim("stability", "--k", 3, "--resamples", 50, "--json").out)
    assert found["changes"] == dict.fromkeys(found["languages"], 0.0)
    assert {"languages": ["deu", "nld"], "support": 1.0} in found["branches"]


def test_without_increments_the_command_still_says_when_groups_settled(gradsim, tmp_path):
    write_stretches(tmp_path, stretches(CLUSTERS, 0.3), keep_increments=False)
    answer = gradsim("stability", "--k", 3)
    assert answer.code == 2
    assert "From step 10 of 80" in answer.err
    assert "kept no increments" in answer.err
