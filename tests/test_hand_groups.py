"""Groups made by hand: what they are worth, how a decision holds them, and how it is checked."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cli_cases import Gradsim
from decision_cases import results as results  # noqa: PLC0414 - a fixture
from decision_cases import store as store  # noqa: PLC0414 - a fixture
from hypothesis import given
from hypothesis import strategies as st
from made_up_studies import EUROPEAN, SIGNATURE
from robustness_cases import stretches, write_stretches

from gradsim_core.decisions.decision import Reading, Rule, decide, decision_json
from gradsim_core.decisions.hand import LONGEST_NAME, NamedGroup, coded, unique_names
from gradsim_core.decisions.verification import check_decision
from gradsim_core.errors import GroupingError
from gradsim_core.experiments.group_files import read_named_groups
from gradsim_core.grouping import Constraints, by_hand, group, objective
from gradsim_core.grouping.by_hand import MOST_SOLVED, breaches
from gradsim_core.results import Results, load_increments, load_results
from gradsim_core.similarities.robustness import stability
from gradsim_core.similarities.settled import settling
from gradsim_core.storage.store import Store

NEAR = np.array([[1, .9, .1, .2], [.9, 1, .3, .1], [.1, .3, 1, .8], [.2, .1, .8, 1]])


@pytest.fixture
def gradsim(store: Store, monkeypatch: pytest.MonkeyPatch,
            capsys: pytest.CaptureFixture[str]) -> Gradsim:
    monkeypatch.setenv("GRADSIM_CACHE", str(store.root))
    return Gradsim(monkeypatch, capsys)


def hand(**groups: str) -> tuple[NamedGroup, ...]:
    return tuple(NamedGroup(name=name, languages=tuple(codes.split()))
                 for name, codes in groups.items())


GROUPS = hand(north="deu nld swe", south="spa ita por fra", islands="dan")


def decided(results: Results, groups: tuple[NamedGroup, ...] = GROUPS,
            **rule: Any) -> dict[str, Any]:
    return decide(results, Reading(), Rule(strategy="hand", hand=groups, **rule))


# worth

def test_the_objective_is_that_of_the_groups_and_the_bound_that_of_the_best() -> None:
    made = by_hand(NEAR, [[2, 0], [3, 1]])
    assert made.groups == ((0, 2), (1, 3))
    assert made.objective == pytest.approx(0.1 + 0.1 + 0.1 + 0.1)
    assert made.bound == pytest.approx(0.9 + 0.9 + 0.8 + 0.8) == group(NEAR, k=2).objective
    assert not made.proved
    best = by_hand(NEAR, [[0, 1], [2, 3]])
    assert (best.gap, best.proved) == (0.0, False)


def test_a_language_left_out_counts_for_nothing() -> None:
    made = by_hand(NEAR, [[2, 3], [0]])
    assert made.serves == (0, -1, 1, 1)
    assert made.objective == pytest.approx(1.6)
    assert made.bound == group(NEAR[np.ix_([0, 2, 3], [0, 2, 3])], k=2).objective
    assert "1 left out" in made.note


@given(st.data())
def test_no_groups_pass_their_bound(data: st.DataObject) -> None:
    n = data.draw(st.integers(2, MOST_SOLVED + 4))
    rng = np.random.default_rng(data.draw(st.integers(0, 99)))
    matrix = rng.uniform(-1, 1, (n, n))
    labels = data.draw(st.lists(st.integers(0, 3), min_size=n, max_size=n))
    groups = [[i for i in range(n) if labels[i] == label] for label in sorted(set(labels))]
    made = by_hand(matrix, groups)
    assert made.objective == pytest.approx(objective(matrix, groups))
    assert made.bound is not None
    assert made.bound >= made.objective
    assert made.k == len(groups)


def test_limits_that_are_met_lower_the_bound_and_broken_ones_are_told() -> None:
    limits = Constraints(cannot_link=((0, 1),))
    assert by_hand(NEAR, [[0], [1, 2, 3]], constraints=limits).gap == pytest.approx(0)
    assert by_hand(NEAR, [[0], [1, 2, 3]]).gap == pytest.approx(3.4 - 1.2)
    made = by_hand(NEAR, [[0, 1], [2, 3]], constraints=limits, names=["Ewe", "Twi", "Ga", "Fon"])
    assert made.note == "Made by hand. Not as asked: Ewe and Twi share a group."
    told = breaches([[0, 1, 2], [3]], Constraints(2, 2, ((0, 3),), ()), ["a", "b", "c", "d"])
    assert told == ["a group of 1 language, at least 2 asked", "a group of 3 languages, at most 2 "
                    "asked", "a and d stand apart"]
    many = breaches([[0, 1, 2, 3]], Constraints(cannot_link=(
        (0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3))), "abcd")
    assert many[-1] == "2 more pairs share a group"


@pytest.mark.parametrize("groups", [[], [[]], [[0, 1], []], [[0, 1], [1, 2]], [[0, 0]]])
def test_what_is_no_grouping_is_refused(groups: list[list[int]]) -> None:
    with pytest.raises(GroupingError, match="each language once"):
        by_hand(NEAR, groups)


# names

@given(st.lists(st.text(max_size=80), max_size=12))
def test_names_become_unique_and_stay_so(names: list[str]) -> None:
    found = unique_names(names)
    assert len(set(found)) == len(found) == len(names)
    assert all(0 < len(name) <= LONGEST_NAME for name in found)
    assert unique_names(found) == found


def test_a_name_is_one_short_line() -> None:
    assert NamedGroup(name="a\nb\u202e" + "x" * 99, languages=("deu",)).name.startswith("a b x")
    assert unique_names(["north", "", "north", "north 2"]) == (
        "north", "group 2", "north 3", "north 2")


def test_spellings_become_codes_in_the_order_of_the_study() -> None:
    found = coded(hand(b="Italian German", a="nl"), EUROPEAN)
    assert [(one.name, one.languages) for one in found] == [("b", ("deu", "ita")), ("a", ("nld",))]
    with pytest.raises(GroupingError, match="'tur' of group 2 is not among those grouped"):
        coded(hand(a="deu", b="tur"), EUROPEAN)
    with pytest.raises(GroupingError, match="'deu' stands twice"):
        coded(hand(a="deu nld", b="German"), EUROPEAN)


# decisions

def test_a_decision_holds_names_and_groups_and_can_be_checked(store: Store,
                                                              results: Results) -> None:
    decision = decided(results)
    assert [(one["name"], [each["code"] for each in one["languages"]])
            for one in decision["groups"]] == [
        ("north", ["deu", "nld", "swe"]), ("south", ["spa", "ita", "por", "fra"]),
        ("islands", ["dan"])]
    assert decision["result"]["proved"] is False
    assert decision["result"]["gap"] > 0
    again = json.loads(decision_json(decision))
    assert check_decision(again, store) == []
    assert decision_json(decide(results, Reading(), Rule.model_validate(again["rule"]))) == \
        decision_json(decision)


def test_order_and_spelling_change_no_byte(results: Results) -> None:
    other = hand(islands="Danish", south="fra Spanish por ita", north="sv deu nl")
    assert decision_json(decided(results, other)) == decision_json(decided(results))


def test_who_is_left_out_is_named(store: Store, results: Results) -> None:
    decision = decided(results, hand(a="deu nld", b="spa ita por fra"))
    assert decision["not_grouped"] == [
        {"code": "swe", "reason": "left out by hand"},
        {"code": "dan", "reason": "left out by hand"},
        {"code": "tir", "reason": "it has no training rows: a target only"}]
    assert check_decision(decision, store) == []


def test_broken_limits_are_told_not_refused(store: Store, results: Results) -> None:
    decision = decided(results, k=2, smallest=2, must_link=(("deu", "Danish"),))
    assert "a group of 1 language, at least 2 asked" in decision["result"]["note"]
    assert "German and Danish stand apart" in decision["result"]["note"]
    assert check_decision(decision, store) == []


@pytest.mark.parametrize(("path", "value", "where"), [
    (("groups", 0, "name"), "west", "groups[0].name"),
    (("result", "objective"), 7.0, "result.objective"),
    (("result", "proved"), True, "result.proved"),
    (("rule", "hand", 0, "languages"), ["deu", "nld"], "not_grouped"),
    (("rule", "hand", 0, "name"), "a\nb", "rule.hand[0].name")])
def test_a_change_is_found(store: Store, results: Results, path: tuple[Any, ...], value: Any,
                           where: str) -> None:
    decision = copy.deepcopy(json.loads(decision_json(decided(results))))
    part = decision
    for key in path[:-1]:
        part = part[key]
    part[path[-1]] = value
    assert any(line.startswith(where) for line in check_decision(decision, store))


@pytest.mark.parametrize("rule", [{"strategy": "hand"}, {"hand": GROUPS}])
def test_the_strategy_and_the_groups_go_together(results: Results, rule: dict[str, Any]) -> None:
    with pytest.raises(GroupingError, match="go together"):
        decide(results, Reading(), Rule(**rule))


def test_a_rule_without_hand_made_groups_is_written_as_it_always_was() -> None:
    assert "hand" not in Rule().model_dump()
    assert "hand" not in Rule().model_dump_json()
    assert Rule.model_validate(Rule(strategy="hand", hand=GROUPS).model_dump()).hand == GROUPS


# certainty

def test_stability_holds_hand_made_groups_against_the_best_ones(tmp_path: Path) -> None:
    store = write_stretches(tmp_path, stretches([0, 0, 0, 1, 1, 1], 0.2))
    results, codes = load_results(store, SIGNATURE), EUROPEAN[:6]
    increments = load_increments(store, SIGNATURE)
    rule = Rule(strategy="hand", hand=hand(a=" ".join(codes[:2]), b=" ".join(codes[2:5])))
    found = stability(results, increments, Reading(), rule, resamples=20)
    assert found.languages == codes[:5], "the sixth is left out"
    assert dict(zip(found.languages, found.changes, strict=True))[codes[2]] == 1.0
    assert found.same == 0.0
    with pytest.raises(GroupingError, match="by hand"):
        settling(results, Reading(), rule)


# files and commands

@pytest.mark.parametrize(("name", "text"), [
    ("g.json", '{"north": ["deu", "nl"], "south": "Spanish, ita"}'),
    ("g.yaml", "north: [deu, nl]\nsouth: Spanish, ita\n"),
    ("g.yml", "groups:\n- {name: north, languages: [deu, nl]}\n"
              "- {name: south, languages: [{code: Spanish}, ita]}\n")])
def test_named_groups_are_read(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text)
    assert read_named_groups(tmp_path / name) == hand(north="deu nl", south="Spanish ita")


@pytest.mark.parametrize(("name", "text", "words"), [
    ("g.yaml", "a: [b", "not YAML"), ("g.json", "a: [b]", "not JSON"), ("g.yaml", "", "no groups"),
    ("g.yaml", "!!python/object/apply:os.system ['true']", "not YAML"),
    ("g.json", '{"a": [3]}', "holds '3', no language"), ("g.json", '{"a": []}', "no list")])
def test_other_files_are_refused(tmp_path: Path, name: str, text: str, words: str) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(GroupingError, match=words) as caught:
        read_named_groups(tmp_path / name)
    assert len(str(caught.value)) <= 400


def test_the_command_exports_and_verifies(gradsim: Gradsim, tmp_path: Path,
                                          results: Results) -> None:
    file, out = tmp_path / "mine.yaml", tmp_path / "out.json"
    file.write_text("north: deu, nld, swe\nsouth: [es, it, pt, fr]\nislands: Danish\n")
    assert gradsim("export", "--hand", file, "-o", out).code == 0
    assert out.read_text() == decision_json(decided(results))
    assert gradsim("verify", out).code == 0
    assert gradsim("export", "--hand", out).out == out.read_text(), "a decision is a group file"
    shown = gradsim("group", "--hand", file)
    assert "below the best" in shown.err
    assert "islands" in shown.out
    refused = gradsim("export", "--hand", file, "--strategy", "exact")
    assert (refused.code, refused.out) == (2, "")
    assert "go together" in refused.err
