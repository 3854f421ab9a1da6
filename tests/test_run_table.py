"""The run table: many writers, damage, newer versions, full disks and folders one may not write."""

from __future__ import annotations

import os
import random
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from run_cases import ONE, written
from store_cases import let_go
from store_cases import store as store  # noqa: PLC0414 - a fixture

from gradsim_core.errors import RunError, StoreError
from gradsim_core.runs import find_run, list_runs, submit_run
from gradsim_core.runs.database import VERSION, connection
from gradsim_core.runs.table import KeyTaken, Run, RunTable
from gradsim_core.storage.store import Store


def filled(store: Store, n_rows: int = 3) -> RunTable:
    for number in range(n_rows):
        written(store, key=f"k{number}", state="done")
    return RunTable(store.root)


def test_a_row_is_changed_only_if_it_still_is_so(store: Store) -> None:
    run, table = written(store), RunTable(store.root)
    assert table.row(run.id) == run
    assert not table.change(run.id, {"state": "running"}, message="no")
    assert not table.change(run.id, {"state": "queued", "pid": 7}, message="no")
    assert table.row(run.id) == run
    assert table.change(run.id, {"state": ("running", "queued"), "pid": None}, message="yes", pid=7)
    changed = table.row(run.id)
    assert changed
    assert (changed.message, changed.pid) == ("yes", 7)
    assert not table.change("unknown", {}, message="no")
    assert table.row("unknown") is None


def test_one_live_run_a_key(store: Store) -> None:
    first, table = written(store, key="k"), RunTable(store.root)
    with pytest.raises(KeyTaken):
        written(store, key="k", state="running")
    old = written(store, key="k", state="failed")
    with pytest.raises(KeyTaken):
        table.change(old.id, {}, state="queued")
    assert table.change(first.id, {}, state="done")
    assert table.change(old.id, {}, state="queued")


def test_rows_are_found_newest_first(store: Store) -> None:
    runs = [written(store, key=str(number), kind=kind, signature=signature)
            for number, (kind, signature) in enumerate([("study", "a"), ("train", "a"),
                                                        ("study", "b")])]
    table = RunTable(store.root)
    assert [run.id for run in table.rows()] == [run.id for run in runs[::-1]]
    assert table.rows(kind="study", signature="a") == [runs[0]]
    assert table.rows(runs[1].id[:8]) == [runs[1]]
    assert table.rows("%") == table.rows("_") == []  # no wildcards
    assert len({run.id for run in runs}) == 3


INSERT = """
import sys
sys.path.insert(0, "tests")
from run_cases import written
from gradsim_core.storage.store import Store
print("ready", flush=True); sys.stdin.readline()
for number in range(20):
    written(Store(sys.argv[1]), key=f"{sys.argv[2]}-{number}")
"""


def test_six_writers_make_one_table(store: Store) -> None:
    """All begin with no table at all, at the same moment."""
    root = Path(__file__).parents[1]
    writers = [subprocess.Popen([sys.executable, "-c", INSERT, str(store.root), str(who)],
                                cwd=root, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
               for who in range(6)]
    let_go(writers)
    for writer in writers:
        writer.communicate(timeout=120)
    assert [writer.returncode for writer in writers] == [0] * 6
    keys = {run.key for run in list_runs(store)}
    assert keys == {f"{who}-{number}" for who in range(6) for number in range(20)}
    database = sqlite3.connect(store.root / "runs.sqlite")
    assert database.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def uses(store: Store) -> list:
    """Every way in, each as a function."""
    return [lambda: list_runs(store), lambda: find_run(store, "a"),
            lambda: submit_run(store, ONE, "train", ["x"])]


def test_a_newer_table_is_refused_and_left_alone(store: Store) -> None:
    filled(store)
    path = store.root / "runs.sqlite"
    with sqlite3.connect(path) as database:
        database.execute(f"PRAGMA user_version = {VERSION + 1}")
    database.close()
    before = path.read_bytes()
    for use in uses(store):
        with pytest.raises(RunError, match=r"written by a newer GradSim.*Update GradSim") as error:
            use()
        assert str(path)[-100:] in str(error.value)
        assert len(str(error.value)) <= 400
    assert path.read_bytes() == before


def test_a_table_behind_a_link_is_made_there(store: Store, tmp_path: Path) -> None:
    """The cache folder on shared storage, the table on a machine's own disk."""
    own, link = tmp_path / "own" / "runs.sqlite", store.root / "runs.sqlite"
    link.parent.mkdir(exist_ok=True)
    link.symlink_to(own)
    with pytest.raises(StoreError, match="cannot be made"):
        filled(store)
    assert link.is_symlink()
    own.parent.mkdir()
    filled(store)
    assert link.is_symlink()
    assert len(list_runs(store)) == 3
    with connection(link) as table:
        table.execute("UPDATE runs SET title = 'new'")
        assert own.with_name("runs.sqlite-wal").exists()
        assert [one.name for one in store.root.glob("runs.sqlite*")] == ["runs.sqlite"]


@pytest.mark.parametrize("content", [b"", b"x", b"not a database" * 1000,
                                     b"SQLite format 3\0" + b"\0" * 5000])
def test_a_damaged_table_says_what_to_do(store: Store, content: bytes) -> None:
    filled(store)
    path = store.root / "runs.sqlite"
    path.write_bytes(content)
    for use in uses(store):
        with pytest.raises(RunError, match=r"is damaged.*Move it away.*the results stay") as error:
            use()
        assert len(str(error.value)) <= 400
    path.unlink()
    assert list_runs(store) == []
    assert filled(store, 1).rows()


def test_bit_flips_end_in_a_clear_error_or_the_rows(store: Store) -> None:
    """Damage anywhere in the file: an answer or our own error, whatever was hit."""
    filled(store, 30)
    path, draw = store.root / "runs.sqlite", random.Random(0)
    whole, told = path.read_bytes(), []
    for _ in range(150):
        data = bytearray(whole)
        for _ in range(8):
            data[draw.randrange(len(data))] ^= 1 << draw.randrange(8)
        path.write_bytes(data[:draw.choice((len(data), draw.randrange(len(data))))])
        for beside in ("-wal", "-shm"):
            path.with_name(path.name + beside).unlink(missing_ok=True)
        try:
            assert all(isinstance(run, Run) for run in list_runs(store))
        except RunError as error:
            told.append(str(error))
    assert len(told) > 20
    assert all(str(path)[-100:] in words and len(words) <= 400 for words in told)


FULL = """
import resource, sys
from gradsim_core.errors import GradSimError
from gradsim_core.runs import attend_run, list_runs, submit_run
from gradsim_core.storage.store import Store
store = Store(sys.argv[1])
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]),) * 2)
for number in range(400):
    try:
        with attend_run(store, "one", "train", key=str(number), title="x" * 200):
            pass
    except GradSimError as error:
        print(error)
        break
print(len(list_runs(store)) if store.root.joinpath("runs.sqlite").exists() else "none")
"""


@pytest.mark.parametrize("limit", [0, 10_000, 40_000])
def test_a_full_disk_says_so_and_leaves_what_there_was(store: Store, limit: int) -> None:
    store.write_json(ONE, "study.json", {"a": 1})
    done = subprocess.run([sys.executable, "-c", FULL, str(store.root), str(limit)],
                          capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    message, kept = done.stdout.splitlines()
    assert "runs.sqlite: " in message
    assert "choose another cache" in message
    assert len(message) <= 400
    assert store.read_json(ONE, "study.json") == {"a": 1}
    rows = list_runs(store)
    assert len(rows) == (0 if kept == "none" else int(kept))
    assert len(filled(store, 1).rows()) == len(rows) + 1  # and it goes on where there is room


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that every user of this machine may look into."""
    folder = Path(tempfile.mkdtemp(dir="/tmp"))
    folder.chmod(0o755)
    yield folder
    folder.chmod(0o755)
    shutil.rmtree(folder)


READ_ONLY = """
import os, sys
from gradsim_core.errors import GradSimError
from gradsim_core.runs import list_runs, submit_run
from gradsim_core.storage.store import Store
if os.getuid() == 0:
    os.setuid(65534)
store = Store(sys.argv[1])
print(len(list_runs(store)))
try:
    submit_run(store, "one", "train", ["x"])
except GradSimError as error:
    print(error)
"""


def test_a_folder_one_may_not_write_to_is_read_and_refused(open_folder: Path) -> None:
    store = Store(open_folder / "cache")
    filled(store)
    for path in (store.root / "runs.sqlite", *store.root.glob(".runs/*")):
        path.chmod(0o444)
    for folder in (store.root / ".runs", store.root):
        folder.chmod(0o555)
    done = subprocess.run([sys.executable, "-c", READ_ONLY, str(store.root)], text=True,
                          capture_output=True, check=False, timeout=60)
    store.root.chmod(0o755)
    assert done.returncode == 0, done.stderr
    count, message = done.stdout.splitlines()
    assert count == "3"
    assert "runs.sqlite: the table of runs cannot be used" in message
    assert "make the folder writable" in message


def test_a_table_that_is_held_too_long_is_said(store: Store,
                                               monkeypatch: pytest.MonkeyPatch) -> None:
    filled(store)
    monkeypatch.setattr("gradsim_core.runs.database.BUSY_TIMEOUT_S", 0.05)
    holder = sqlite3.connect(store.root / "runs.sqlite", isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    assert len(list_runs(store)) == 3  # readers need not wait
    with pytest.raises(RunError, match="Another process holds it; try again"):
        written(store, key="new")
    holder.execute("COMMIT")
    holder.close()
    written(store, key="new")


def test_nothing_is_left_open(store: Store) -> None:
    filled(store, 5)
    open_files = os.listdir("/proc/self/fd")
    filled(store, 5)
    list_runs(store)
    assert len(os.listdir("/proc/self/fd")) == len(open_files)
