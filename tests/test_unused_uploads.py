"""Uploads that nothing needs: told apart from all others, removed whole, and said."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from cli_cases import Gradsim
from cli_cases import gradsim_there as gradsim_there  # noqa: PLC0414 - a fixture
from made_up_studies import SIGNATURE, write_study

from gradsim_core.data import unused_uploads
from gradsim_core.data.files import HeldFile
from gradsim_core.data.unused_uploads import kept_uploads, remove_unused_uploads
from gradsim_core.data.uploads import keep_uploads
from gradsim_core.errors import RunError, StoreError
from gradsim_core.runs.table import Run, RunTable, State
from gradsim_core.storage import upload_folders
from gradsim_core.storage.store import Store
from gradsim_core.study import Study
from gradsim_core.study_text import study_yaml

DAY_S = 24 * 3600


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return write_study(tmp_path / "cache")


def upload(store: Store, content: bytes = b"text,label\n", days: float = 3.0) -> Path:
    """A file that was uploaded some days ago."""
    path = keep_uploads(store, [HeldFile("hau/train.csv", content)])
    aged(store, path, days)
    return path


def aged(store: Store, path: Path, days: float) -> None:
    then = time.time() - days * DAY_S
    for one in (path, *path.parents):
        if one == store.root / ".uploads":
            break
        os.utime(one, (then, then))


def digest_of(path: Path) -> str:
    return path.parents[1].name


def digests(store: Store) -> list[str]:
    return [one.folder.digest for one in kept_uploads(store)]


def test_what_nothing_names_goes_after_a_day(store: Store) -> None:
    old, new = upload(store, b"old\n"), upload(store, b"new\n", days=0.9)
    found = {one.folder.digest: one for one in kept_uploads(store)}
    assert found[digest_of(old)].folder.files == ("hau/train.csv",)
    assert found[digest_of(old)].folder.size_bytes == 4
    assert [one.folder.digest for one in remove_unused_uploads(store)] == [digest_of(old)]
    assert not old.parents[1].exists()
    assert new.read_bytes() == b"new\n"
    assert os.listdir(store.root / ".uploads") == [digest_of(new)], "nothing is left aside"
    assert remove_unused_uploads(store) == []
    assert [one.folder.digest for one in remove_unused_uploads(
        store, time.time() + DAY_S)] == [digest_of(new)]


def test_a_cache_without_uploads_has_none(store: Store, tmp_path: Path) -> None:
    for one in (store, Store(tmp_path / "nowhere")):
        assert kept_uploads(one) == remove_unused_uploads(one) == []


def test_an_upload_that_comes_again_is_new_again(store: Store) -> None:
    path = upload(store)
    before = path.stat().st_mtime_ns
    assert keep_uploads(store, [HeldFile("hau/train.csv", b"text,label\n")]) == path
    assert path.stat().st_mtime_ns == before, "and was not written"
    assert remove_unused_uploads(store) == []


def test_what_a_study_was_asked_with_stays(store: Store) -> None:
    path = upload(store)
    store.write_text("feed", "study.yaml", study_yaml(Study(data=str(path))))
    assert [one.studies for one in kept_uploads(store)] == [("feed",)]
    assert remove_unused_uploads(store) == []
    shutil.rmtree(store.root / "feed")
    assert len(remove_unused_uploads(store)) == 1


def test_a_yaml_that_cannot_be_read_as_one_names_its_data_all_the_same(store: Store) -> None:
    path = upload(store)
    store.write_text("feed", "study.yaml", f"data: [{path}\n")
    assert remove_unused_uploads(store) == []


@pytest.mark.parametrize("name", ["study.json", "findings/correlation-1.json"])
def test_what_a_stored_study_tells_of_stays(store: Store, name: str) -> None:
    path = upload(store)
    store.write_json("feed", name, {"study": {"data": str(path.parents[1])}})
    assert remove_unused_uploads(store) == []
    store.remove("feed", name)
    assert len(remove_unused_uploads(store)) == 1


def test_what_tensors_tell_of_stays(store: Store) -> None:
    path = upload(store)
    store.write_tensors("feed", "joined/hau-1.safetensors", {"a": np.zeros(3)},
                        {"data": str(path)})
    assert remove_unused_uploads(store) == []
    store.write_tensors("feed", "joined/hau-1.safetensors", {"a": np.zeros(3)}, {})
    assert len(remove_unused_uploads(store)) == 1


@pytest.mark.parametrize("state", ["queued", "running", "done", "failed", "interrupted"])
def test_what_a_run_names_stays(store: Store, state: State) -> None:
    path, other = upload(store, b"joins\n"), upload(store, b"other\n")
    run = Run("", SIGNATURE, "join", "key", "", ("gradsim", "join", "--data", str(path)), "", False,
              state=state)
    run = RunTable(store.root).insert(run)
    found = {one.folder.digest: one for one in kept_uploads(store)}
    assert found[digest_of(path)].runs == (run.id,)
    assert [one.folder.digest for one in remove_unused_uploads(store)] == [digest_of(other)]
    assert path.read_bytes() == b"joins\n"


@pytest.mark.parametrize(("kind", "state", "needed"), [
    ("study", "done", False), ("study", "failed", True), ("study", "cancelled", True),
    ("join", "done", False), ("join", "failed", False), ("join", "cancelled", False),
    ("join", "queued", True)])
def test_a_run_without_its_study_needs_only_what_it_may_go_on_with(
        store: Store, kind: str, state: State, needed: bool) -> None:
    path = upload(store)
    run = Run("", "feed", kind, "key", "", ("gradsim", kind, "--data", str(path)), "", True,
              state=state, ended="2026-01-01T00:00:00+00:00")
    run = RunTable(store.root).insert(run)
    store.write_text("feed", "study.yaml", "steps: 3\n")
    assert [one.runs for one in kept_uploads(store)] == [(run.id,)], "while its study stands"
    shutil.rmtree(store.root / "feed")
    assert [one.runs for one in kept_uploads(store)] == [(run.id,) if needed else ()]
    assert len(remove_unused_uploads(store)) == (not needed)
    assert path.exists() == needed


def test_a_run_that_was_killed_and_will_be_queued_again_needs_its_data(store: Store) -> None:
    path = upload(store)
    run = Run("", "feed", "join", "key", "", ("gradsim", "join", "--data", str(path)), "", True,
              state="interrupted")
    RunTable(store.root).insert(run)
    assert remove_unused_uploads(store) == []


def test_one_that_a_study_names_meanwhile_is_put_back(store: Store,
                                                      monkeypatch: pytest.MonkeyPatch) -> None:
    path, other = upload(store, b"named\n"), upload(store, b"other\n")
    aside = upload_folders.set_upload_aside

    def named_meanwhile(root: Path, digest: str) -> None:
        store.write_text("feed", "study.yaml", study_yaml(Study(data=str(path))))
        aside(root, digest)

    monkeypatch.setattr(unused_uploads, "set_upload_aside", named_meanwhile)
    assert [one.folder.digest for one in remove_unused_uploads(store)] == [digest_of(other)]
    assert path.read_bytes() == b"named\n"


def test_what_a_kill_left_aside_is_removed_or_put_back(store: Store) -> None:
    gone, named, again = (upload(store, content) for content in (b"1\n", b"2\n", b"3\n"))
    store.write_text("feed", "study.yaml", study_yaml(Study(data=str(named))))
    for path in (gone, named, again):
        upload_folders.set_upload_aside(store.root, digest_of(path))
    assert digests(store) == [], "nobody reads what is set aside"
    upload(store, b"3\n")
    assert [one.folder.digest for one in remove_unused_uploads(store)] == [
        digest_of(gone), digest_of(again), digest_of(again)], "the one that came again as well"
    assert digests(store) == [digest_of(named)]
    assert named.read_bytes() == b"2\n"
    assert os.listdir(store.root / ".uploads") == [digest_of(named)]


def test_nothing_goes_while_a_study_cannot_be_read(store: Store,
                                                   monkeypatch: pytest.MonkeyPatch) -> None:
    path = upload(store)

    def refused(self: Path) -> bytes:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "read_bytes", refused)
    with pytest.raises(StoreError, match=r"Permission denied.*none is removed"):
        remove_unused_uploads(store)
    assert path.is_file()


def test_nothing_goes_while_the_table_of_runs_cannot_be_read(store: Store) -> None:
    path = upload(store)
    RunTable(store.root).insert(Run("", SIGNATURE, "join", "key", "", ("a",), "", False))
    with sqlite3.connect(store.root / "runs.sqlite") as table:
        table.execute("UPDATE runs SET argv = 'no list'")
    with pytest.raises(RunError):
        remove_unused_uploads(store)
    assert path.is_file()


def test_a_disk_that_lets_none_go_is_told(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    path = upload(store)

    def refused(*given: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "replace", refused)
    with pytest.raises(StoreError, match="could not be removed"):
        remove_unused_uploads(store)
    assert path.is_file()


def test_other_things_below_uploads_are_left(store: Store, tmp_path: Path) -> None:
    upload(store)
    (store.root / ".uploads" / "notes").mkdir()
    (tmp_path / "mine").mkdir()
    (store.root / ".uploads" / ("a" * 32)).symlink_to(tmp_path / "mine")
    assert len(remove_unused_uploads(store)) == 1
    assert (store.root / ".uploads" / "notes").is_dir()
    assert (tmp_path / "mine").is_dir()


def test_age_counts_from_the_newest_file(store: Store) -> None:
    (one,) = [kept for kept in [upload(store)] and kept_uploads(store)]
    now = time.time()
    assert one.unused(now)
    assert not one.unused(now - 2.5 * DAY_S)
    assert not replace(one, runs=("a",)).unused(now)
    assert not replace(one, studies=("a",)).unused(now)


# the command

def test_the_command_lists_then_removes(gradsim: Gradsim, store: Store) -> None:
    assert "No uploads in" in gradsim("uploads").err
    old, new = upload(store, b"x" * 1500), upload(store, b"new\n", days=0)
    store.write_text("feedfeedfeed", "study.yaml", study_yaml(Study(
        data=str(upload(store, b"named\n")))))
    listed = gradsim("uploads")
    assert digest_of(old)[:8] in listed.out
    assert "feedfeed" in listed.out
    assert "nothing yet" in listed.out
    assert "1.5 KB" in listed.out
    assert "1 unused, 1.5 KB" in listed.err
    rows = {one["upload"]: one for one in json.loads(gradsim("uploads", "--json").out)}
    assert len(rows) == 3
    assert rows[digest_of(old)]["unused"]
    assert not rows[digest_of(new)]["unused"]
    would = gradsim("uploads", "--remove-unused")
    assert digest_of(old)[:8] in would.out
    assert "feedfeed" not in would.out
    assert old.is_file(), "only said"
    removed = gradsim("uploads", "--remove-unused", "--yes")
    assert removed.code == 0
    assert "1 upload removed, 1.5 KB freed" in removed.err
    assert not old.exists()
    assert new.is_file()
    again = gradsim("uploads", "--remove-unused", "--yes", "--json")
    assert json.loads(again.out) == {"removed": [], "freed_bytes": 0}
    assert "are unused" in gradsim("uploads").err


def test_yes_alone_removes_nothing(gradsim: Gradsim, store: Store) -> None:
    path = upload(store)
    refused = gradsim("uploads", "--yes")
    assert refused.code == 2
    assert "--remove-unused" in refused.err
    assert path.is_file()


