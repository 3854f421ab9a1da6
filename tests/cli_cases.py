"""Calls of the command line within this process, for its tests."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from made_up_studies import write_study

from gradsim_core.cli import main
from gradsim_core.storage.store import Store


@dataclass(frozen=True)
class Answer:
    """What a command left: exit code, data and words."""

    code: int
    out: str
    err: str


class Gradsim:
    """Calls `gradsim ...` as the console script does."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
        self.monkeypatch, self.capsys = monkeypatch, capsys

    def __call__(self, *arguments: object) -> Answer:
        self.monkeypatch.setattr(sys, "argv", ["gradsim", *map(str, arguments)])
        self.capsys.readouterr()
        code = 0
        try:
            main()
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else int(end.code is not None)
        return Answer(code, *self.capsys.readouterr())


@pytest.fixture
def gradsim(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
            tmp_path: Path) -> Gradsim:
    """The command, with a cache that holds one finished study."""
    write_study(tmp_path / "cache", targets=("tir",))
    monkeypatch.setenv("GRADSIM_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("COLUMNS", "100")
    return Gradsim(monkeypatch, capsys)


@pytest.fixture(name="gradsim")
def gradsim_there(store: Store, monkeypatch: pytest.MonkeyPatch,
                  capsys: pytest.CaptureFixture[str]) -> Gradsim:
    """The command over the cache folder of the test's fixture `store`."""
    monkeypatch.setenv("GRADSIM_CACHE", str(store.root))
    monkeypatch.setenv("COLUMNS", "160")
    return Gradsim(monkeypatch, capsys)
