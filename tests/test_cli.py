"""The command line: what it prints where, and with which exit code it ends."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from cli_cases import Gradsim
from made_up_studies import EUROPEAN, SIGNATURE, made_up_series, write_study
from run_cases import written

from gradsim_core.cli import COMMANDS, options
from gradsim_core.cli.printing import visible
from gradsim_core.decisions.decision import Reading, Rule
from gradsim_core.grouping import STRATEGIES
from gradsim_core.runs import list_runs
from gradsim_core.storage.store import Store
from gradsim_core.study import Study

SCRIPT = Path(sys.executable).with_name("gradsim")


@pytest.fixture
def gradsim(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
            tmp_path: Path) -> Gradsim:
    """The command, with a cache that holds one finished study."""
    write_study(tmp_path / "cache", targets=("tir",))
    monkeypatch.setenv("GRADSIM_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("COLUMNS", "100")
    return Gradsim(monkeypatch, capsys)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "cache")


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
    assert all(field.annotation for field in Study.model_fields.values())
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
    assert f"Study {SIGNATURE}" in answer.err
    store.remove(SIGNATURE, "scores/joint.json")
    answer = gradsim("show")
    assert answer.code == 0
    assert "German" in answer.out  # what there is
    (row,) = json.loads(gradsim("list", "--json").out)
    assert row["state"] == "absent"


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


# names from data

NASTY = {"deu": "[red]x[/] [/]", "nld": "\x1b[31mred\x1b]0;t\x07", "spa": "two\nlines\r\t",
         "ita": "a\u202eb\u2028c", "swe": ":smile: \\", "por": "\ud800 \x9b1m", "dan": "=1+1",
         "fra": "[link=http://x.example]x[/link]"}


def test_names_neither_steer_the_terminal_nor_break_a_table(gradsim: Gradsim,
                                                            tmp_path: Path) -> None:
    root = tmp_path / "nasty"
    names = {code: name for code, name in NASTY.items() if "\ud800" not in name}
    write_study(root, names=names)
    for command in (["similarity"], ["group", "--k", "2"], ["show"], ["list"]):
        answer = gradsim(*command, "--cache", root)
        assert answer.code == 0, answer.err
        for text in (answer.out, answer.err):
            assert not set(text) & set("\x1b\x07\x9b\r\t\u202e\u2028")
        lines = [line for line in answer.out.splitlines() if line[:1] in "│┃"]
        assert lines
        assert all(line.count("│") in (0, lines[-1].count("│")) for line in lines)
    table = gradsim("similarity", "--cache", root).out
    for shown in ("[red]x[/] [/]", r"\x1b[31mred\x1b]0;t\x07", r"two\nlines\r\t", ":smile: \\",
                  "[link=http://x.example]x[/link]"):
        assert shown in table


def test_visible_spells_out_what_steers_and_leaves_scripts_alone() -> None:
    assert visible(NASTY["por"]) == r"\ud800 \x9b1m"
    assert visible(NASTY["ita"]) == r"a\u202eb\u2028c"
    plain = "Kiswahili, አማርኛ, العربية, فارسی می\u200cخواهم, 日本語, Igbo ụ́, 👍🏽"
    assert visible(plain) == plain


def test_csv_cells_are_no_formulas(gradsim: Gradsim, tmp_path: Path) -> None:
    codes = ("=1+1", "@x", "+y", "-z")
    write_study(tmp_path / "f", series=made_up_series([0, 1, 0, 1], codes=codes))
    text = gradsim("similarity", "--format", "csv", "--cache", tmp_path / "f").out
    rows = list(csv.reader(io.StringIO(text)))
    assert rows[0][1:5] == [f"'{code}" for code in codes]
    assert [row[0] for row in rows[1:]] == rows[0][1:5]


# the real command

def run_script(*arguments: object, **more: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run([str(SCRIPT), *map(str, arguments)], capture_output=True, text=True,
                          check=False, timeout=120, **more)


def test_a_run_from_its_start_to_a_verified_decision(tmp_path: Path) -> None:
    """The installed command, on the built-in data: twice, in processes of their own."""
    tiny = ("--steps", 2, "--snapshots", 1, "--batch-size", 2, "--languages", "deu,nl",
            "--rows", 20, "--cache", tmp_path, "--threads", 1, "--json")
    first = run_script("run", *tiny)
    assert first.returncode == 0, first.stderr
    answer = json.loads(first.stdout)
    assert answer["reused"] is False
    assert set(answer["scores"]["scores"]["test"]) == {"deu", "nld"}
    lines = first.stderr.splitlines()
    assert "Training" in lines
    assert not any("\r" in line or "%|" in line for line in lines)  # fit for a log
    store = Store(tmp_path)
    name = answer["signature"]
    (run,) = list_runs(store)
    assert (run.state, run.signature, run.kind, run.supervised) == ("done", name, "study", False)
    again = run_script("run", store.path(name, "study.yaml"), "--cache", tmp_path, "--json")
    assert json.loads(again.stdout) == {**answer, "reused": True}  # its file asks the same


def test_a_pipe_that_closes_early_is_no_error(tmp_path: Path) -> None:
    write_study(tmp_path)
    command = f"{SCRIPT} similarity --json --cache {tmp_path} | head -c 1"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False,
                          timeout=60)
    assert (done.stdout, done.stderr) == ("{", "")


def test_output_that_is_not_unicode_is_spelled_out(tmp_path: Path) -> None:
    write_study(tmp_path)
    done = run_script("similarity", "--cache", tmp_path, env={
        **os.environ, "PYTHONIOENCODING": "ascii"})
    assert done.returncode == 0, done.stderr
    assert "German" in done.stdout


def test_options_of_unknown_kinds_would_be_noticed() -> None:
    kinds = {options._kind(field.annotation)[0] for model in (Study, Reading, Rule)
             for field in model.model_fields.values()}
    assert kinds == {str, int, float, bool, list, Path}
