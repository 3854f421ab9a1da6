"""The command line: its help, and what it answers from a finished study, with which exit code."""

from __future__ import annotations

import csv
import io
import json
import re
from pathlib import Path
from typing import Any

import pytest
from cli_cases import Gradsim
from cli_cases import gradsim as gradsim  # noqa: PLC0414 - a fixture
from made_up_studies import EUROPEAN, SIGNATURE
from run_cases import written
from store_cases import store as store  # noqa: PLC0414 - a fixture

from gradsim_core.cli import COMMANDS, options
from gradsim_core.decisions.decision import Reading, Rule
from gradsim_core.grouping import STRATEGIES
from gradsim_core.storage.store import Store
from gradsim_core.study import Study

# help

@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(gradsim: Gradsim, command: str) -> None:
    answer = gradsim(command, "--help")
    assert (answer.code, answer.err) == (0, "")
    assert max(map(len, answer.out.splitlines())) <= 100
    assert f"gradsim {command}" in answer.out


@pytest.mark.parametrize(("command", "models"), [
    ("run", [Study]), ("estimate", [Study]), ("similarity", [Reading]),
    ("group", [Reading, Rule]), ("export", [Reading, Rule])])
def test_every_setting_is_an_option_of_the_same_name(gradsim: Gradsim, command: str,
                                                     models: list[Any]) -> None:
    text = gradsim(command, "--help").out
    fields = [(name, field) for model in models for name, field in model.model_fields.items()]
    assert len(fields) >= 4
    for name, field in fields:
        assert re.search(rf"--{name.replace('_', '-')}(?![\w-])", text)
        assert field.description.split()[0] in text


def test_strategies_are_listed_in_the_help(gradsim: Gradsim) -> None:
    text = gradsim("group", "--help").out
    assert all(name in text for name in STRATEGIES)


def test_settings_reach_the_study(monkeypatch: pytest.MonkeyPatch, gradsim: Gradsim,
                                  tmp_path: Path) -> None:
    """One value for every setting, through the options and through YAML with an override."""
    values: dict[str, Any] = {
        "name": "A", "preset": "afrisenti", "data": "/d", "hub_config": "c", "hub_revision": "r",
        "columns": {"text": "tweet", "label": "mood"}, "languages": ("hau", "ibo"),
        "task": "sequence", "rows": 50, "lowercase": False, "model": "m", "model_revision": "v",
        "max_length": 64, "steps": 20, "batch_size": 6, "learning_rate": 0.01, "warmup": 0.2,
        "weight_decay": 0.3, "seed": 4, "snapshots": 5, "gradients": "sketch",
        "sketch_size": 128, "packing": "off", "score_rows": 40, "by_topic": True,
        "topics": "t.json", "preconditioner": "adam", "lora_rank": 4, "micro_rows": 2,
        "precision": "bfloat16", "recompute": True, "sketch_error": 0.1,
        "block_detail": "module", "keep_weights": True}
    assert set(values) == set(Study.model_fields) - {"hub"}  # which excludes preset and data
    seen: list[Study] = []

    def stop(study: Study) -> None:
        seen.append(study)
        raise SystemExit(0)

    monkeypatch.setattr("gradsim_core.cli.computing.prepare", stop)
    given: list[str] = []
    for name, value in values.items():
        flag = f"--{name.replace('_', '-')}"
        if isinstance(value, bool):
            given += [flag if value else f"--no-{flag[2:]}"]
        elif name == "columns":
            given += [flag, "text=tweet, label=mood"]
        else:
            given += [flag, ",".join(value) if isinstance(value, tuple) else str(value)]
    gradsim("run", *given)
    assert seen[-1] == Study(**values)
    file = tmp_path / "study.yaml"
    file.write_text("steps: 30\nbatch_size: 8\nlanguages: [de, nl]\n")
    gradsim("estimate", file, "--batch-size", "10")
    assert seen[-1] == Study(steps=30, batch_size=10, languages=("de", "nl"))
    gradsim("run")
    assert seen[-1] == Study()


# answers from a finished study

@pytest.mark.parametrize("arguments", [
    ("list",), ("show",), ("show", SIGNATURE[:4]), ("similarity",), ("group", "--k", "2"),
    ("export", "--k", "2")])
def test_json_is_one_value_on_standard_output(gradsim: Gradsim,
                                              arguments: tuple[str, ...]) -> None:
    flags = () if arguments[0] == "export" else ("--json",)
    answer = gradsim(*arguments, *flags)
    assert (answer.code, answer.err) == (0, "")
    found = json.loads(answer.out, parse_constant=pytest.fail)
    assert SIGNATURE in answer.out
    assert found


def test_similarity_in_every_format(gradsim: Gradsim) -> None:
    found = json.loads(gradsim("similarity", "--json", "--blocks", "lower").out)
    assert found["languages"] == list(EUROPEAN)
    assert found["blocks"] == ["layer.0", "layer.1"]
    rows = list(csv.reader(io.StringIO(
        gradsim("similarity", "--format", "csv", "--blocks", "lower").out)))
    assert rows[0] == ["language", *EUROPEAN, "reliability"]
    for row, numbers, reliability in zip(rows[1:], found["matrix"], found["reliability"],
                                         strict=True):
        assert [float(cell) for cell in row[1:]] == [*numbers, reliability]
    tree = gradsim("similarity", "--format", "newick").out.strip()
    assert tree.endswith(";")
    assert all(code in tree for code in EUROPEAN)
    table = gradsim("similarity", "--correction", "raw").out
    assert "cosine_of_mean, raw, layer.0…layer.3, step 120" in table
    assert "German" in table
    assert "…" not in table.split("\n", 1)[1]  # no cell is cut


def test_group_says_how_sure_it_is(gradsim: Gradsim) -> None:
    answer = gradsim("group", "--k", "2", "--must-link", "German,nl", "--cannot-link", "de,fra")
    assert answer.code == 0
    (line,) = [line for line in answer.out.splitlines() if "German (deu)" in line]
    assert "Dutch (nld)" in line
    assert "French (fra)" not in line
    assert "proved optimal" in answer.err
    assert "tir is not grouped: it has no training rows" in answer.err
    for strategy in STRATEGIES:
        free = strategy in ("family", "monolingual", "all_languages")
        answer = gradsim("group", "--strategy", strategy, *(() if free else ("--k", "3")))
        assert answer.code == 0, answer.err
        assert "Objective" in answer.err
        assert "None" not in answer.err


def test_export_is_verified(gradsim: Gradsim, tmp_path: Path) -> None:
    file = tmp_path / "groups.json"
    answer = gradsim("export", "--k", "2", "-o", file)
    assert (answer.code, answer.out) == (0, "")
    assert file.read_text() == gradsim("export", "--k", "2").out  # the same bytes
    assert file.read_text() == gradsim("export", "--k", "2", "-o", "-").out
    answer = gradsim("verify", file)
    assert (answer.code, answer.out) == (0, "")
    assert "holds: the same 2 groups follow" in answer.err
    assert json.loads(gradsim("verify", file, "--json").out) == {"holds": True, "differences": []}
    decision = json.loads(file.read_text())
    decision["result"]["objective"] = 99.0
    file.write_text(json.dumps(decision))
    answer = gradsim("verify", file)
    assert answer.code == 1
    assert "result.objective: the file says 99.0" in answer.err
    answer = gradsim("verify", file, "--json")
    assert (answer.code, json.loads(answer.out)["holds"]) == (1, False)


def test_list_and_show(gradsim: Gradsim, store: Store) -> None:
    assert SIGNATURE in gradsim("list").out
    (row,) = json.loads(gradsim("list", "--json").out)
    assert (row["state"], row["languages"], row["steps"]) == ("done", 9, 120)
    answer = gradsim("show")
    assert "German" in answer.out
    assert "75.0" in answer.out  # percent on screen
    assert "reliability over layer.0…layer.3" in " ".join(answer.out.split())
    assert f"Study {SIGNATURE}" in answer.err
    store.remove(SIGNATURE, "scores/joint.json")
    answer = gradsim("show")
    assert answer.code == 0
    assert "German" in answer.out  # what there is
    (row,) = json.loads(gradsim("list", "--json").out)
    assert row["state"] == "absent"


@pytest.mark.parametrize("name", ["grams.safetensors", "study.json"])
def test_a_study_of_which_a_part_is_damaged_is_not_called_done(gradsim: Gradsim, store: Store,
                                                               name: str) -> None:
    """Whatever is asked of it, the next step is the run that computes it anew."""
    store.write_text(SIGNATURE, "study.yaml", "name: Mine\nsteps: 8\n")
    with store.path(SIGNATURE, name).open("r+b") as file:
        file.truncate(100)
    again = f"gradsim run {store.path(SIGNATURE, 'study.yaml')}"
    answer = gradsim("show", SIGNATURE)
    assert answer.code == 0
    assert again in "".join(answer.err.split("\n"))
    (row,) = json.loads(gradsim("list", "--json").out)
    assert row["state"] == "absent"
    refused = gradsim("similarity", SIGNATURE)
    assert refused.code == 2
    assert again in refused.err


def test_a_study_under_way_is_shown_and_listed(gradsim: Gradsim, store: Store) -> None:
    other = "fedcba9876543210"
    store.write_text(other, "study.yaml", "name: Mine\nsteps: 8\n")
    run = written(store, signature=other, state="running", pid=1, create_time=1.0, progress=0.25)
    states = {row["signature"]: row["state"] for row in
              json.loads(gradsim("list", "--json").out)}
    assert states == {SIGNATURE: "done", other: "interrupted"}
    answer = gradsim("show", other[:3])
    assert (answer.code, answer.out) == (0, "")
    assert "Mine" in answer.err
    assert "interrupted, 25% of its steps done" in answer.err
    assert "gradsim run" in answer.err
    found = json.loads(gradsim("show", other, "--json").out)
    assert (found["state"], found["progress"]) == ("interrupted", 0.25)
    assert found["run"]["id"] == run.id
    assert SIGNATURE in gradsim("group", "--k", "2").out  # the newest finished one
    answer = gradsim("group", other)
    assert answer.code == 2
    assert "is not" in answer.err


def test_an_empty_cache_says_how_to_start(gradsim: Gradsim, tmp_path: Path) -> None:
    for command in ("show", "similarity", "group"):
        answer = gradsim(command, "--cache", tmp_path / "none")
        assert answer.code == 2
        assert "gradsim run" in answer.err
    answer = gradsim("list", "--cache", tmp_path / "none")
    assert (answer.code, answer.out) == (0, "")
    assert not (tmp_path / "none").exists()


def test_doctor(gradsim: Gradsim) -> None:
    rows = json.loads(gradsim("doctor", "--json").out)
    found = {row["what"]: row["ok"] for row in rows}
    assert found["torch"]
    assert found["built-in data"]
    assert "threads" in found


def test_options_of_unknown_kinds_would_be_noticed() -> None:
    kinds = {options._kind(field.annotation)[0] for model in (Study, Reading, Rule)
             for field in model.model_fields.values()}
    assert kinds == {str, int, float, bool, list, Path}
