"""Bad inputs: each ends with exit code 2 and a message that names the culprit."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from cli_cases import Gradsim
from made_up_studies import SIGNATURE, made_up_series, write_study

Case = tuple[list[str], list[str]]
"""The arguments, and what the message must name."""

LINKS = ["--must-link", "deu,nld", "--cannot-link", "Dutch,German"]

PLAIN: dict[str, Case] = {
    "odd batch size": (["run", "--batch-size", "7"], ["batch_size", "even", "7"]),
    "number out of bounds": (["run", "--steps", "0"], ["steps", "1", "0"]),
    "no number": (["run", "--steps", "many"], ["--steps", "integer"]),
    "unknown option": (["run", "--stepps", "3"], ["--stepps"]),
    "unknown choice": (["run", "--gradients", "all"], ["gradients", "exact", "all"]),
    "more snapshots than steps": (["run", "--steps", "4"], ["snapshots (8)", "steps (4)"]),
    "unknown preset": (["run", "--preset", "afrosenti"], ["afrosenti", "afrisenti"]),
    "missing data": (["run", "--data", "no/such/folder"], ["no/such/folder"]),
    "preset and hub": (["run", "--preset", "builtin", "--hub", "a/b"], ["hub"]),
    "hub out of reach": (["run", "--hub", "nobody/nothing", "--languages", "deu,nld"],
                         ["nobody/nothing"]),
    "unknown language": (["run", "--languages", "deu,Germann"], ["Germann"]),
    "language that the data lack": (["run", "--languages", "deu,gaz"], ["gaz"]),
    "one language": (["run", "--languages", "deu"], ["two languages"]),
    "unknown model": (["run", "--model", "no/such-model"], ["no/such-model"]),
    "columns": (["run", "--columns", "text:tweet"], ["--columns", "text:tweet"]),
    "missing study": (["run", "no-study.yaml"], ["no-study.yaml"]),
    "unknown strategy": (["group", "--strategy", "magic"], ["magic", "exact"]),
    "K too large": (["group", "--k", "9"], ["9", "8"]),
    "K of zero": (["group", "--k", "0"], ["--k", "0"]),
    "links in conflict": (["group", *LINKS], ["Dutch", "German", "link"]),
    "link to nobody": (["group", "--must-link", "deu,Klingon"], ["Klingon"]),
    "link of three": (["group", "--must-link", "deu,nld,swe"], ["--must-link", "deu,nld,swe"]),
    "unknown blocks": (["similarity", "--blocks", "layer.12"], ["layer.12", "head (6 blocks)"]),
    "blocks backwards": (["similarity", "--blocks", "layer.3:layer.1"], ["layer.3:layer.1"]),
    "unknown reading": (["similarity", "--reading", "cosine"], ["cosine", "mean_cosine"]),
    "unknown correction": (["similarity", "--correction", "nice"], ["nice", "centred"]),
    "snapshot out of range": (["similarity", "--snapshot", "4"], ["4", "-1"]),
    "unknown format": (["similarity", "--format", "xlsx"], ["--format", "xlsx", "newick"]),
    "unknown signature": (["show", "ffff"], ["ffff", SIGNATURE]),
    "ambiguous prefix": (["show", "0123"], ["0123", "2 studies"]),
    "cache that cannot be written": (["run", "--rows", "4", "--cache", "/proc/gradsim"],
                                     ["/proc/gradsim"]),
    "unknown backend": (["run", "--backend", "slurm"], ["slurm", "local, ray"]),
    "an address without a cluster": (["run", "--address", "a:1"], ["a:1", "--backend ray"]),
    "workers without a cluster": (["run", "--workers", "2"], ["--workers 2", "--backend ray"]),
    "unknown run": (["runs", "show", "abc"], ["'abc'", "none"]),
    "no port": (["dashboard", "--port", "70000"], ["--port", "65535"]),
    "missing decision": (["verify", "none.json"], ["none.json"]),
    "unknown command": (["grop"], ["grop"]),
}


def _file(name: str, content: str, *before: str) -> Callable[[Path], list[str]]:
    def made(folder: Path) -> list[str]:
        (folder / name).write_bytes(content.encode("latin-1"))
        return [*before, str(folder / name)]

    return made


WITH_FILES: dict[str, tuple[Callable[[Path], list[str]], list[str]]] = {
    "bad YAML": (_file("s.yaml", "steps: 4\nmodel: [a\nseed: 1\n", "run"), ["s.yaml:3"]),
    "unknown setting": (_file("s.yaml", "step: 4\n", "run"), ["s.yaml", "'step'", "steps"]),
    "a study that is a list": (_file("s.yaml", "- steps\n", "run"), ["s.yaml", "list"]),
    "not UTF-8": (_file("s.yaml", "name: \xff\n", "run"), ["s.yaml", "UTF-8"]),
    "not JSON": (_file("d.json", '{\n"a": 1,,\n}', "verify"), ["d.json:2"]),
    "another schema": (_file("d.json", json.dumps({
        "$schema": "urn:other:1", "study": {}, "similarity": {}, "rule": {}, "groups": []}),
        "verify"), ["d.json", "$schema", "urn:gradsim:decision:1"]),
    "a cache that is a file": (_file("f", "", "list", "--cache"), ["--cache", "is a file"]),
    "data without labels": (_file("x.tsv", "text\tlang\na\tdeu\n", "run", "--data"), ["x.tsv"]),
}


@pytest.fixture
def gradsim(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
            tmp_path: Path) -> Gradsim:
    """The command, in a folder of its own, with a cache that holds two finished studies."""
    for signature in (SIGNATURE, "0123000000000000"):
        write_study(tmp_path / "cache", signature=signature, series=made_up_series([0, 1] * 4))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GRADSIM_CACHE", "cache")
    monkeypatch.setenv("COLUMNS", "100")
    return Gradsim(monkeypatch, capsys)


def check(gradsim: Gradsim, arguments: list[str], named: list[str]) -> str:
    """The message, after its exit code, length and words have been checked."""
    answer = gradsim(*arguments)
    warnings, ours, said = answer.err.rpartition("gradsim: ")
    message = " ".join((ours + said).split())
    assert (answer.code, answer.out) == (2, ""), message
    assert all(word in message for word in named), message
    assert "Traceback" not in message
    if message.startswith("gradsim: "):  # usage errors come in a box of Typer's
        assert len(message) <= 400 + len("gradsim: ")
        assert message.endswith((".", "!"))
    else:
        assert (warnings, message[:14]) == ("", "Usage: gradsim")
    return message


@pytest.mark.parametrize("what", PLAIN)
def test_arguments(gradsim: Gradsim, what: str) -> None:
    check(gradsim, *PLAIN[what])


@pytest.mark.parametrize("what", WITH_FILES)
def test_files(gradsim: Gradsim, tmp_path: Path, what: str) -> None:
    made, named = WITH_FILES[what]
    check(gradsim, made(tmp_path), named)


def test_a_result_that_cannot_be_written(gradsim: Gradsim) -> None:
    check(gradsim, ["export", "-o", "cache/none/x.json/y/" + "z" * 300], ["zzz", "cannot be"])
