"""The frame around the code: pins, packaging, Streamlit's settings, make targets, words."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from importlib import metadata
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PIN = re.compile(r"(?P<name>[A-Za-z0-9][A-Za-z0-9._-]*)==(?P<version>[0-9][0-9A-Za-z.]*)"
                 r"(?:\s+#\s*(?P<why>\S.*))?")


def lines(name: str) -> list[str]:
    """The lines of a file that are not empty and not only comment."""
    text = (ROOT / name).read_text(encoding="utf-8")
    return [line.strip() for line in text.splitlines()
            if line.strip() and not line.strip().startswith("#")]


def pins(rows: list[str]) -> dict[str, re.Match[str]]:
    """Pinned distributions by normalised name; anything but an exact pin is an error."""
    found: dict[str, re.Match[str]] = {}
    for row in rows:
        match = PIN.fullmatch(row)
        assert match, f"not an exact pin: {row}"
        name = normal(match["name"])
        assert name not in found, f"pinned twice: {name}"
        found[name] = match
    return found


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


RUN = pins(lines("requirements.txt")[1:])
DEV = pins(lines("requirements-dev.txt")[1:])
PEERS = pins(lines("requirements-peers.txt"))
PEER_IMPORTS = {"traker": "trak", "dattri": "dattri"}
"""Distribution -> package, of what benchmarks compare with where it is installed."""

EXTRAS = {normal(re.split(r"[<>=]", row)[0]) for rows in tomllib.loads(
    (ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"]
    .values() for row in rows}


# pins

def test_requirements_begin_with_the_project_itself() -> None:
    assert lines("requirements.txt")[0] == "-e ."
    assert lines("requirements-dev.txt")[0] == "-r requirements.txt"
    assert len(RUN) > 10
    assert len(DEV) > 3
    assert RUN.keys() & DEV.keys() == set()


@pytest.mark.parametrize("name", [*RUN, *DEV])
def test_tested_version_is_the_pinned_one(name: str) -> None:
    pinned = (RUN | DEV)[name]["version"]
    assert metadata.version(name).split("+")[0] == pinned


@pytest.mark.parametrize("row", ["torch", "torch>=2", "torch==2.*", "torch==2.1 ; x", "git+x"])
def test_loose_pin_is_refused(row: str) -> None:
    with pytest.raises(AssertionError, match=re.escape(row)):
        pins([row])


def third_party(folders: tuple[str, ...]) -> dict[str, str]:
    """Top-level packages imported from outside -> a file that does."""
    own = {"gradsim_core", "dashboard", "benchmarks"} | {
        path.stem for path in (ROOT / "tests").rglob("*.py")}
    found = {}
    for folder in folders:
        for path in sorted((ROOT / folder).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                names = ([alias.name for alias in node.names] if isinstance(node, ast.Import) else
                         [node.module] if isinstance(node, ast.ImportFrom) and node.module else [])
                for top in {name.split(".")[0] for name in names}:
                    if top not in sys.stdlib_module_names | own:
                        found[top] = path.relative_to(ROOT).as_posix()
    return found


def unpinned(imported: dict[str, str], pinned: set[str]) -> dict[str, str]:
    owners = metadata.packages_distributions()
    return {name: path for name, path in imported.items()
            if not {normal(owner) for owner in owners.get(name, ())} & pinned}


def test_every_import_of_the_product_is_pinned() -> None:
    imported = third_party(("gradsim_core", "dashboard"))
    assert {"numpy", "torch"} <= imported.keys()
    assert DEV.keys() >= EXTRAS, "what is optional for users is tested here"
    assert unpinned(imported, set(RUN) | EXTRAS) == {}


def test_every_import_of_the_tests_is_pinned() -> None:
    imported = third_party(("tests", "benchmarks", "tools"))
    assert "pytest" in imported
    assert PEERS.keys() == PEER_IMPORTS.keys()
    assert unpinned(imported, set(RUN | DEV)) == dict.fromkeys(
        PEER_IMPORTS.values(), "benchmarks/projections.py")


def test_missing_pin_is_found() -> None:
    assert unpinned({"yaml": "a.py", "numpy": "b.py"}, {"numpy"}) == {"yaml": "a.py"}


def test_pin_that_nothing_imports_says_what_for() -> None:
    owners = metadata.packages_distributions()
    used = {normal(owner) for name in third_party(("gradsim_core", "dashboard"))
            for owner in owners.get(name, ())}
    assert [name for name, match in RUN.items() if name not in used and not match["why"]] == []


def test_every_package_folder_is_packaged() -> None:
    """Setuptools takes folders with an __init__.py alone."""
    folders = {path.parent for top in ("gradsim_core", "dashboard")
               for path in (ROOT / top).rglob("*.py")}
    assert folders
    assert [folder for folder in folders if not (folder / "__init__.py").exists()] == []


# Streamlit

CONFIG = (ROOT / ".streamlit" / "config.toml").read_text(encoding="utf-8")


def without_reason(text: str) -> list[str]:
    """Settings that have no comment on the line above."""
    rows = [row.strip() for row in text.splitlines()]
    return [row for above, row in zip(["", *rows], rows, strict=False)
            if row and row[0] not in "#[" and not above.startswith("#")]


def test_every_streamlit_setting_has_its_reason() -> None:
    assert without_reason(CONFIG) == []
    assert without_reason("[a]\nb = 1\n# why\nc = 2\nd = 3") == ["b = 1", "d = 3"]


def test_every_streamlit_setting_exists() -> None:
    from streamlit import config

    def flat(table: dict, prefix: str = "") -> list[str]:
        return [name for key, value in table.items() for name in
                (flat(value, f"{prefix}{key}.") if isinstance(value, dict) else [f"{prefix}{key}"])]

    settings = flat(tomllib.loads(CONFIG))
    assert len(settings) > 10
    assert [name for name in settings if name not in config._config_options_template] == []


def test_streamlit_keeps_to_this_machine() -> None:
    settings = tomllib.loads(CONFIG)
    assert settings["server"]["address"] == "127.0.0.1"
    assert set(settings["server"]["allowedHosts"]) == {"localhost", "127.0.0.1"}
    assert settings["server"]["maxUploadSize"] <= 20
    assert settings["client"]["showErrorDetails"] == "none"
    assert settings["browser"]["gatherUsageStats"] is False


# make

def make(*arguments: str) -> str:
    return subprocess.run(["make", *arguments], cwd=ROOT, capture_output=True, text=True,
                          check=True).stdout


def test_make_alone_lists_the_targets() -> None:
    listed = re.findall(r"^  make (\w+) {2,}\S", make(), re.MULTILINE)
    assert {"run", "test", "lint", "bench"} <= set(listed)


@pytest.mark.parametrize(("target", "command"), [
    ("run", "gradsim dashboard --port \"8600\""), ("test", "pytest"), ("lint", "mypy"),
    ("bench", "benchmarks.gradients")])
def test_make_target_runs(target: str, command: str) -> None:
    assert command in make("-n", target, "PORT=8600")


# words

WORDS = re.compile(r"\bissue #?\d+\b|\bT[O]DO\b|\bF[I]XME\b|/w[o]rk/|\.\./s[h]ared")


def forbidden_words(name: str, text: str) -> list[str]:
    return [] if name == ".ci/run" else [
        f"{name}:{number}: {line.strip()[:80]}" for number, line in enumerate(text.splitlines(), 1)
        if WORDS.search(line)]


def test_no_word_of_the_workshop_stays() -> None:
    done = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=False)
    if done.returncode:
        pytest.skip("not a git checkout: the list of tracked files is not known")
    names = [name for name in done.stdout.decode().split("\0")
             if name and (ROOT / name).is_file()]
    assert "Makefile" in names
    found = []
    for name in names:
        content = (ROOT / name).read_bytes()
        if b"\0" not in content:
            found += forbidden_words(name, content.decode("utf-8", errors="replace"))
    assert found == []


@pytest.mark.parametrize("word", ["see iss" + "ue 12", "iss" + "ue #3", "# TO" + "DO: x",
                                  "FIX" + "ME", "/wo" + "rk/main", "../sha" + "red/data"])
def test_word_of_the_workshop_is_found(word: str) -> None:
    assert forbidden_words("a.py", f"first\n{word}") == [f"a.py:2: {word}"]
    assert forbidden_words("a.py", "an issue, a framework/part, shared") == []
