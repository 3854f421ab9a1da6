"""The command line: names from data stay text, and what the real command writes where."""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from cli_cases import Gradsim
from cli_cases import gradsim as gradsim  # noqa: PLC0414 - a fixture
from made_up_studies import made_up_series, write_study

from gradsim_core.cli.printing import visible
from gradsim_core.results import INCREMENTS
from gradsim_core.runs import list_runs
from gradsim_core.storage.store import Store

SCRIPT = Path(sys.executable).with_name("gradsim")


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
    increments = store.path(name, INCREMENTS)
    whole = increments.read_bytes()
    increments.write_bytes(whole[:-1])
    once_more = run_script("run", store.path(name, "study.yaml"), "--cache", tmp_path, "--threads",
                           1, "--json")
    assert json.loads(once_more.stdout)["reused"] is False, "what is damaged is computed anew"
    assert increments.read_bytes() == whole


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


def test_ctrl_c_while_packages_are_loaded_is_no_traceback() -> None:
    """The first second of a command; it is interrupted when the first of them is asked for."""
    code = """
import os, signal, sys
class Interrupt:
    def find_spec(self, name, *rest):
        if name == "gradsim_core.cli":
            os.kill(os.getpid(), signal.SIGINT)
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background jobs ignore it
sys.meta_path.insert(0, Interrupt())
from gradsim_core.__main__ import main
main()
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True,
                          check=False, timeout=60)
    assert (done.returncode, done.stderr) == (1, "gradsim: Stopped.\n")
