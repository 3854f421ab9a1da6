"""Verification: decisions that somebody changed, and files that are none."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from decision_cases import store as store  # noqa: PLC0414 - a fixture
from made_up_studies import SIGNATURE

from gradsim_core.decisions.decision import Reading, Rule, decide
from gradsim_core.decisions.verification import check_decision, checked_decision, load_decision
from gradsim_core.errors import GradSimError, GroupingError, StoreError, StudyError
from gradsim_core.results import load_results
from gradsim_core.storage.store import Store


@pytest.fixture
def decision(store: Store) -> dict[str, Any]:
    """The study's two groups."""
    return decide(load_results(store, SIGNATURE), Reading(), Rule(k=2))


def _swap(decision: dict[str, Any]) -> None:
    first, second = (group["languages"] for group in decision["groups"][:2])
    first[0], second[0] = second[0], first[0]


def _set(*path: Any, to: Any) -> Callable[[dict[str, Any]], None]:
    def change(decision: dict[str, Any]) -> None:
        part = decision
        for key in path[:-1]:
            part = part[key]
        assert part[path[-1]] != to
        part[path[-1]] = to

    return change


def _drop(*path: Any) -> Callable[[dict[str, Any]], None]:
    def change(decision: dict[str, Any]) -> None:
        part = decision
        for key in path[:-1]:
            part = part[key]
        del part[path[-1]]

    return change


@pytest.mark.parametrize(("change", "where"), [
    (_swap, "groups[0].languages[0].code"),
    (_set("groups", 0, "languages", 0, "reliability", to=0.5), "groups[0].languages[0].reliab"),
    (_set("groups", 0, "languages", 0, "name", to="Klingon"), "groups[0].languages[0].name"),
    (_drop("groups", 1), "groups: the file says"),
    (_set("result", "objective", to=99.0), "result.objective: the file says 99.0"),
    (_set("result", "objective", to=float("nan")), "result.objective"),
    (_set("result", "objective", to=10**400), "result.objective"),
    (_set("result", "proved", to="yes"), "result.proved"),
    (_set("study", "model_fingerprint", to="f" * 64), "study.model_fingerprint"),
    (_set("study", "study", "steps", to=7), "study.study.steps"),
    (_set("study", "data_fingerprints", "deu", to="0"), "study.data_fingerprints.deu"),
    (_set("similarity", "mean_off_diagonal", to=1.0), "similarity.mean_off_diagonal"),
    (_set("similarity", "blocks", to="lower"), "similarity.block_names"),
    (_set("rule", "k", to=3), "result.k"),
    (_drop("rule", "seed"), "rule.seed"),
    (_set("not_grouped", to=[]), "not_grouped"),
    (_set("alternatives", to=[{"objective": 1.0, "groups": []}]), "alternatives"),
])
def test_every_change_is_found(store: Store, decision: dict[str, Any], change: Callable,
                               where: str) -> None:
    changed = copy.deepcopy(decision)
    change(changed)
    lines = check_decision(changed, store)
    assert any(where in line for line in lines), lines
    assert all(len(line) <= 400 for line in lines)
    assert check_decision(decision, store) == []


def test_true_and_false_are_no_numbers(store: Store, decision: dict[str, Any]) -> None:
    decision["rule"]["alone"] = False
    assert check_decision(decision, store) == [
        "rule.alone: the file says false, the cache gives 0.0"]


def test_small_roundings_are_no_change(store: Store, decision: dict[str, Any]) -> None:
    decision["result"]["objective"] += 1e-9
    assert check_decision(decision, store) == []
    decision["result"]["objective"] += 1e-5
    assert len(check_decision(decision, store)) == 1


@pytest.mark.parametrize(("change", "error", "words"), [
    (_set("study", "signature", to="ffff000011112222"), StoreError, "'ffff000011112222'"),
    (_set("study", "signature", to="../../etc"), StoreError, "'../../etc'"),
    (_drop("study", "signature"), StoreError, "'None'"),
    (_set("similarity", "reading", to="cosine"), StudyError, "'cosine'"),
    (_set("similarity", "snapshot", to="last"), GroupingError, "similarity.snapshot"),
    (_set("rule", "strategy", to="magic"), GroupingError, "'magic'"),
    (_set("rule", "k", to=40), GroupingError, "40"),
])
def test_what_cannot_be_checked_is_named(store: Store, decision: dict[str, Any], change: Callable,
                                         error: type[GradSimError], words: str) -> None:
    change(decision)
    with pytest.raises(error, match=words) as caught:
        check_decision(decision, store)
    assert len(str(caught.value)) <= 400


@pytest.mark.parametrize(("change", "words"), [
    (_set("$schema", to="urn:gradsim:decision:9"), r"\$schema"),
    (_drop("$schema"), r"\$schema"), (_drop("groups"), "groups"), (_drop("rule"), "rule"),
    (_set("groups", to="all"), "groups"), (_set("rule", "k", to=0), "rule.k"),
    (lambda decision: decision["rule"].update(magic=1), "rule.magic"),
])
def test_other_shapes_are_refused(decision: dict[str, Any], change: Callable, words: str) -> None:
    change(decision)
    with pytest.raises(GroupingError, match=words) as caught:
        checked_decision(decision, "d.json")
    assert len(str(caught.value)) <= 400


@pytest.mark.parametrize(("content", "words"), [
    (b"", r"d\.json:1: not JSON"), (b'{\n"a": \n}', r"d\.json:3: not JSON"),
    (b"[]", "the whole file"), (b"null", "the whole file"), (b"\xff\xfe\x00", "not UTF-8"),
    (b"[" * 100_000, "recursion|not JSON"), (b"1" * 5_000, "not a decision"),
])
def test_other_files_are_refused(tmp_path: Path, content: bytes, words: str) -> None:
    file = tmp_path / "d.json"
    file.write_bytes(content)
    with pytest.raises(GroupingError, match=words) as caught:
        load_decision(file)
    assert len(str(caught.value)) <= 400
    with pytest.raises(GroupingError, match="No such file"):
        load_decision(tmp_path / "none.json")
