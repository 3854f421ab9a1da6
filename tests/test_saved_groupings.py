"""Groupings that are kept with a study: saved, damaged, compared, and listed."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cli_cases import Gradsim
from cli_cases import gradsim_there as gradsim_there  # noqa: PLC0414 - a fixture
from decision_cases import results as results  # noqa: PLC0414 - a fixture
from decision_cases import store as store  # noqa: PLC0414 - a fixture
from hypothesis import given
from hypothesis import strategies as st
from made_up_studies import SIGNATURE
from sklearn.metrics import adjusted_rand_score

from gradsim_core.decisions.decision import Reading, Rule, decide, decision_json, read_similarity
from gradsim_core.decisions.hand import NamedGroup
from gradsim_core.decisions.kept_groupings import (
    _id,
    agreement,
    damaged_groupings,
    delete_saved,
    load_saved,
    save_grouping,
    saved_groupings,
    serving_groups,
    worth,
)
from gradsim_core.errors import GroupingError
from gradsim_core.grouping.agreement import adjusted_rand_index, moved
from gradsim_core.results import Results
from gradsim_core.storage.store import Store


def decided(results: Results, **rule: Any) -> dict[str, Any]:
    return decide(results, Reading(), Rule(**rule))


def by_hand(results: Results, *groups: str) -> dict[str, Any]:
    return decided(results, strategy="hand", hand=tuple(
        NamedGroup(languages=tuple(one.split())) for one in groups))


# kept

def test_what_is_kept_is_there_with_all_its_bytes(store: Store, results: Results) -> None:
    decision = decided(results, k=2)
    name = save_grouping(store, SIGNATURE, "Two", decision)
    kept = load_saved(store, SIGNATURE, name)
    assert kept is not None
    assert (kept.name, kept.id) == ("Two", name)
    assert decision_json(dict(kept.decision)) == decision_json(decision)
    assert (store.root / SIGNATURE / "groupings" / f"{name}.json").is_file()


def test_the_same_kept_twice_is_one_and_others_of_its_name_get_a_number(store: Store,
                                                                       results: Results) -> None:
    first, second = decided(results, k=2), decided(results, k=3)
    assert save_grouping(store, SIGNATURE, "A", first) == save_grouping(
        store, SIGNATURE, "A", first)
    save_grouping(store, SIGNATURE, "A", second)
    save_grouping(store, SIGNATURE, " A\n", second)
    assert [one.name for one in saved_groupings(store, SIGNATURE)] == ["A", "A 2"]


def test_deleted(store: Store, results: Results) -> None:
    name = save_grouping(store, SIGNATURE, "A", decided(results, k=2))
    delete_saved(store, SIGNATURE, name)
    delete_saved(store, SIGNATURE, name)
    assert saved_groupings(store, SIGNATURE) == []


def test_a_damaged_one_is_told_and_the_others_stand(store: Store, results: Results) -> None:
    names = [save_grouping(store, SIGNATURE, f"{k}", decided(results, k=k)) for k in (2, 3)]
    file = store.root / SIGNATURE / "groupings" / f"{names[0]}.json"
    file.write_bytes(file.read_bytes().replace(b"deu", b"eng", 1))
    assert damaged_groupings(store, SIGNATURE) == []
    assert [one.id for one in saved_groupings(store, SIGNATURE)] == names[1:]
    assert damaged_groupings(store, SIGNATURE) == names[:1]
    assert load_saved(store, SIGNATURE, names[0]) is None
    save_grouping(store, SIGNATURE, "2", decided(results, k=2))
    assert damaged_groupings(store, SIGNATURE) == []


@pytest.mark.parametrize("name", ["", "..", "../study", "a/b", "x" * 40, "²", "a" * 16])
def test_no_id_leads_elsewhere(store: Store, name: str) -> None:
    assert load_saved(store, SIGNATURE, name) is None
    delete_saved(store, SIGNATURE, name)
    assert store.exists(SIGNATURE, "study.json")


@pytest.mark.parametrize("name", ["", " \n", "\u202e"])
def test_a_name_is_needed(store: Store, results: Results, name: str) -> None:
    with pytest.raises(GroupingError, match="under a name"):
        save_grouping(store, SIGNATURE, name, decided(results, k=2))


def test_other_studies_and_shapes_are_refused(store: Store, results: Results) -> None:
    decision = decided(results, k=2)
    decision["study"]["signature"] = "ff"
    with pytest.raises(GroupingError, match="of study ff"):
        save_grouping(store, SIGNATURE, "A", decision)
    with pytest.raises(GroupingError, match="not a decision"):
        save_grouping(store, SIGNATURE, "A", {"groups": []})


def test_fifty_are_listed_at_once(store: Store, results: Results) -> None:
    decision = decided(results, k=2)
    for at in range(50):
        content = {"name": f"{at:02}", "decision": decision}
        store.write_json(SIGNATURE, f"groupings/{_id(f'{at:02}', decision)}.json", content)
    began = time.perf_counter()
    found = saved_groupings(store, SIGNATURE)
    assert [one.name for one in found] == [f"{at:02}" for at in range(50)]
    assert time.perf_counter() - began < 1.0


# compared

@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=2, max_size=12))
def test_the_index_is_scikit_learns(pairs: list[tuple[int, int]]) -> None:
    one, other = zip(*pairs, strict=True)
    assert adjusted_rand_index(one, other) == pytest.approx(adjusted_rand_score(one, other))
    left = [i for i in range(len(pairs)) if i not in moved(one, other)]
    assert adjusted_rand_index([one[i] for i in left], [other[i] for i in left]) == 1.0
    assert len(moved(one, other)) == len(moved(other, one))


def test_what_moves_is_named(results: Results) -> None:
    best = serving_groups(decided(results, k=2))
    other = serving_groups(by_hand(results, "deu nld swe ita", "spa por fra"))
    found = agreement(best, other)
    assert found.moved == ("ita",)
    assert found.only_one == ("dan",)
    assert found.only_other == ()
    assert found.index is not None
    assert 0 < found.index < 1
    assert agreement({}, {}).index is None


def test_worth_is_the_engines_objective(results: Results) -> None:
    for rule in ({"k": 3}, {"strategy": "overlapping", "k": 3}, {"k": 8}):
        decision = decided(results, **rule)
        codes = [[one["code"] for one in group["languages"]] for group in decision["groups"]]
        found = worth(read_similarity(results, Reading()), codes, serving_groups(decision))
        assert found == pytest.approx(decision["result"]["objective"])
    similarity = read_similarity(results, Reading())
    similarity.matrix[0] = np.nan
    assert worth(similarity, codes, {"deu": 0}) == 0.0, "alone"
    assert worth(similarity, [["deu", "nld"]], {"deu": 0}) is None
    assert worth(similarity, [["deu", "xxx"]], {"deu": 0}) is None


# the command

def test_the_command_keeps_lists_and_gives(gradsim: Gradsim, tmp_path: Path,
                                           results: Results) -> None:
    assert "keeps no groupings" in gradsim("groupings").err
    for k in (2, 3):
        file = tmp_path / f"k{k}.json"
        file.write_text(decision_json(decided(results, k=k)))
        assert gradsim("groupings", "--keep", file, "--name", f"K is {k}").code == 0
    listed = json.loads(gradsim("groupings", "--json").out)
    assert [(one["name"], one["k"]) for one in listed] == [("K is 2", 2), ("K is 3", 3)]
    assert listed[0]["adjusted_rand_index"][listed[0]["id"]] == 1.0
    assert listed[0]["adjusted_rand_index"][listed[1]["id"]] < 1.0
    shown = gradsim("groupings", "--show", listed[1]["id"][:6])
    assert shown.out == file.read_text()
    assert "1 K is 2" in gradsim("groupings").out
    missing = gradsim("groupings", "--show", "zzz")
    assert (missing.code, missing.out) == (2, "")
    assert listed[0]["id"] in missing.err


def test_the_command_keeps_nothing_that_does_not_hold(gradsim: Gradsim, tmp_path: Path,
                                                      results: Results) -> None:
    decision = decided(results, k=2)
    decision["result"]["objective"] += 1
    (tmp_path / "d.json").write_text(decision_json(decision))
    refused = gradsim("groupings", "--keep", tmp_path / "d.json")
    assert refused.code == 2
    assert "does not hold" in refused.err
    assert "keeps no groupings" in gradsim("groupings").err
