"""Hand-made groups from JSON: the shapes that people write, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from made_up_studies import EUROPEAN, write_study

from gradsim_core.decisions.decision import Reading, Rule, decide, decision_json
from gradsim_core.errors import GroupingError
from gradsim_core.experiments.group_files import groups_from, read_groups
from gradsim_core.results import load_results

KNOWN = ("deu", "nld", "spa", "own-dialect")
GROUPS = (("deu", "nld"), ("spa",))


def written(folder: Path, content: str | bytes) -> Path:
    file = folder / "groups.json"
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    return file


def refusal(path: Path | str, *culprits: str) -> None:
    with pytest.raises(GroupingError) as caught:
        read_groups(path, KNOWN)
    message = str(caught.value)
    assert [one for one in culprits if one not in message] == []
    assert len(message) <= 400


@pytest.mark.parametrize("content", [
    [["deu", "nld"], ["spa"]],
    [["nld", "deu"], ["spa"]],
    ["deu, nld", "spa"],
    {"groups": [["deu", "nld"], ["spa"]]},
    {"groups": {"north": ["deu", "nld"], "south": ["spa"]}},
    {"north": ["deu", "nld"], "south": "spa"},
    [{"name": "north", "languages": [{"code": "deu"}, {"code": "nld"}]}, {"languages": "spa"}],
    [["German", "nl"], ["Spanish"]],
    [[" deu ", "dut"], ["es"]],
])
def test_every_shape_gives_the_same_groups(tmp_path: Path, content: Any) -> None:
    assert read_groups(written(tmp_path, json.dumps(content)), KNOWN) == GROUPS


def test_a_byte_order_mark_is_no_fault(tmp_path: Path) -> None:
    file = written(tmp_path, b"\xef\xbb\xbf" + json.dumps(GROUPS).encode())
    assert read_groups(file, KNOWN) == GROUPS


def test_a_code_of_the_study_is_taken_as_it_is(tmp_path: Path) -> None:
    assert read_groups(written(tmp_path, '[["own-dialect", "deu"]]'), KNOWN) == (
        ("deu", "own-dialect"),)


def test_a_decision_is_read(tmp_path: Path) -> None:
    results = load_results(write_study(tmp_path / "cache"), "0123456789abcdef")
    text = decision_json(decide(results, Reading(), Rule(k=2)))
    assert read_groups(written(tmp_path, text), EUROPEAN) == (
        tuple(sorted(EUROPEAN[0::2])),
        tuple(sorted(EUROPEAN[1::2])))


@pytest.mark.parametrize(("content", "culprits"), [
    ("[[", ["groups.json:1", "not JSON"]),
    ('[["deu"],\n["nld",]]', ["groups.json:2", "not JSON"]),
    ("[" * 100_000, ["groups.json", "not JSON"]),
    (b"\xff\xfe[]", ["UTF-8"]),
    ("[]", ["holds no groups"]),
    ("{}", ["holds no groups"]),
    ("3", ["holds no groups"]),
    ("null", ["holds no groups"]),
    ('[["deu"], []]', ["group 2", "no list of languages"]),
    ('[["deu"], 7]', ["group 2", "no list of languages"]),
    ('[{"members": ["deu"]}]', ["group 1", "no list of languages"]),
    ('[["deu", 7]]', ["group 1", "'7'"]),
    ('["deu,,nld"]', ["group 1", "no language"]),
    ('[["deu", "German"]]', ["group 1", "names deu twice"]),
    ('[["deu"], ["Klingonese"]]', ["group 2", "'Klingonese'", "deu, nld, own-dialect, spa"]),
    ('[["fin"]]', ["'fin'", "not one of this study's"]),
    (json.dumps([["x" * 5_000]]), ["not one of this study's"]),
])
def test_what_is_refused(tmp_path: Path, content: str | bytes, culprits: list[str]) -> None:
    refusal(written(tmp_path, content), *culprits)


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    refusal(tmp_path / "none.json", "none.json", "No such file")
    refusal(tmp_path, "directory")
    refusal(tmp_path / ("x" * 240) / "none.json", "cannot be read")


def test_groups_of_a_command_name_the_option() -> None:
    assert groups_from(["deu,nld", "es"], KNOWN, "--languages") == GROUPS
    with pytest.raises(GroupingError, match="--languages: group 2: language 'fin'"):
        groups_from(["deu", "fin"], KNOWN, "--languages")
