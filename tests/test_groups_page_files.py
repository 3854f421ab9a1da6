"""Files of groups on their page: exported and brought back, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest
from groups_page_cases import EDITS, shown_decision
from made_up_studies import SIGNATURE, made_up_series, write_study
from page_cases import cache as cache  # noqa: PLC0414 - a fixture

from dashboard.loads.data import results
from dashboard.loads.groupings import saved_reading
from dashboard.loads.saved import brought
from dashboard.selection import Selection
from gradsim_core import GradSimError, Reading, Rule, decide, decision_json, save_grouping

OTHER = "fedcba9876543210"


SHOWN = {
    "rule": Selection(k=3, correction="raw"),
    "links": Selection(k=3, together=("deu", "spa"), apart=("nld", "swe"), correction="centred"),
    "overlapping": Selection(strategy="overlapping", k=3, correction="raw"),
    "hand": Selection(k=2, correction="raw", edits=EDITS),
    "lower": Selection(k=2, correction="raw", blocks="embeddings:layer.1", snapshot=1),
    "all": Selection(strategy="all_languages", correction="raw", edits=EDITS[:1])}


@pytest.mark.parametrize("case", SHOWN)
def test_exported_and_brought_back_it_is_the_same_bytes(cache: Path, case: str) -> None:
    store = write_study(cache, targets=("tir",))
    _, decision = shown_decision(SHOWN[case])
    text = decision_json(decision)
    found = brought(SIGNATURE, Reading(), "mine.json", text.encode())
    assert found.differences == ()
    assert (found.name, found.signature) == ("mine", SIGNATURE)
    name = save_grouping(store, SIGNATURE, found.name, found.decision)
    reading = saved_reading(found.decision)
    _, again = shown_decision(Selection(
        opened=name, blocks=reading.blocks, correction=reading.correction or "",
        snapshot=reading.snapshot))
    assert decision_json(again) == text


def test_a_file_that_was_changed_is_told_and_opens_as_made_by_hand(cache: Path) -> None:
    write_study(cache)
    _, decision = shown_decision(SHOWN["rule"])
    decision["groups"][0]["languages"][0], decision["groups"][1]["languages"][0] = (
        decision["groups"][1]["languages"][0], decision["groups"][0]["languages"][0])
    decision["result"]["objective"] = 99.0
    found = brought(SIGNATURE, Reading(), "mine.json", decision_json(decision).encode())
    assert any("result.objective: the file says 99.0" in line for line in found.differences)
    assert found.decision["rule"]["strategy"] == "hand"
    assert found.decision["result"]["objective"] != 99.0


def test_groups_of_ones_own_are_brought(cache: Path) -> None:
    write_study(cache)
    text = "north: [German, nl, swe, dan]\nsouth: Spanish, ita\n"
    found = brought(SIGNATURE, Reading(blocks="lower"), "mine.yaml", text.encode())
    assert [one["name"] for one in found.decision["groups"]] == ["north", "south"]
    assert found.decision["similarity"]["blocks"] == "lower"
    assert {one["code"] for one in found.decision["not_grouped"]} == {"por", "fra"}


@pytest.mark.parametrize(("name", "data", "words"), [
    ("a.json", b"\xff\xfe", "not UTF-8"), ("a.json", b"{", "not JSON"),
    ("a.json", b"3", "no groups"),
    ("a.json", b'{"$schema": "urn:gradsim:decision:9"}', "not a decision of this version"),
    ("a.json", b'[["tur", "deu"]]', "'tur' of group 1 is not among"),
    ("a.json", b"[" * 99_999, "not JSON"), ("a.yaml", b"a: [", "not YAML"),
    ("a.json", b" " * 5_000_001, "may have 5 MB")])
def test_other_files_are_refused(cache: Path, name: str, data: bytes, words: str) -> None:
    write_study(cache)
    with pytest.raises(GradSimError, match=words) as caught:
        brought(SIGNATURE, Reading(), name, data)
    assert len(str(caught.value)) <= 400


def test_a_decision_of_another_study_is_opened_with_that(cache: Path) -> None:
    store = write_study(cache)
    write_study(cache, signature=OTHER, series=made_up_series([0, 0, 1, 1]))
    decision = decide(results(OTHER), Reading(), Rule(k=2))
    text = decision_json(decision).encode()
    found = brought(SIGNATURE, Reading(), "other.json", text)
    assert (found.signature, found.differences) == (OTHER, ())
    for part in ("grams.safetensors", "study.json", "scores/joint.json"):
        store.remove(OTHER, part)
    with pytest.raises(GradSimError, match=OTHER):
        brought(SIGNATURE, Reading(), "gone.json", text)
