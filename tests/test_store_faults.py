"""Full disks, killed writers, many at once: the old entry or the new one, no third thing."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from store_cases import (
    ARRAYS,
    CONTENT,
    JSON,
    METADATA,
    ONE,
    TENSORS,
    filled_store,
    let_go,
    quarantined,
)

from gradsim_core.errors import StoreError
from gradsim_core.storage import atomic
from gradsim_core.storage.store import Store

ROOT = Path(__file__).parents[1]


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return filled_store(tmp_path / "cache")


def python(code: str, *arguments: object) -> subprocess.Popen:
    """A Python of its own that runs a script."""
    return subprocess.Popen([sys.executable, "-c", code, *map(str, arguments)], cwd=ROOT,
                            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                            text=True)


FULL_DISK = """
import resource, sys
import numpy as np
from gradsim_core.errors import StoreError
from gradsim_core.storage.store import Store
store = Store(sys.argv[1])
resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
for write in (lambda: store.write_json("one", "study.json", {"a": "x" * 30_000}),
              lambda: store.write_tensors("one", "grams.safetensors", {"a": np.ones(9999)}, {})):
    try:
        write()
    except StoreError as error:
        print(error)
"""


def test_full_disk_leaves_the_old_entries(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.write_json("one", JSON, CONTENT)
    store.write_tensors("one", TENSORS, ARRAYS, METADATA)
    out, err = python(FULL_DISK, tmp_path).communicate(timeout=60)
    messages = out.splitlines()
    assert [Path(line.split(":")[0]).name for line in messages] == [JSON, TENSORS], err
    assert all("could not be written (" in line and "intact" in line for line in messages)
    assert store.read_json("one", JSON) == CONTENT
    assert store.read_tensors("one", TENSORS) is not None
    assert list(tmp_path.rglob("*.tmp")) == []


def test_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file where the cache should be")
    with pytest.raises(StoreError, match=rf"cache/{ONE}/study.json.*could not be written"):
        Store(tmp_path / "cache").write_json(ONE, JSON, {})


WRITE_MANY = """
import sys
import numpy as np
from gradsim_core.storage.store import Store
store = Store(sys.argv[1])
print("ready", flush=True); sys.stdin.readline()
for version in range(15):
    store.write_json("one", "study.json", {"version": version, "rows": [version] * 500})
    store.write_tensors("one", "grams.safetensors", {"a": np.full(5000, version)}, {"v": version})
"""


def test_four_writers_of_one_key(tmp_path: Path) -> None:
    writers = [python(WRITE_MANY, tmp_path, who) for who in range(4)]
    let_go(writers)
    store, reads = Store(tmp_path), 0
    while any(writer.poll() is None for writer in writers):
        found, grams = store.read_json("one", JSON), store.read_tensors("one", TENSORS)
        assert found is None or found["rows"] == [found["version"]] * 500
        assert grams is None or set(grams[0]["a"]) == {grams[1]["v"]}
        reads += found is not None and grams is not None
    for writer in writers:
        writer.communicate()
    assert [writer.returncode for writer in writers] == [0] * 4
    assert reads > 0
    assert (store.read_json("one", JSON) or {})["version"] == 14
    assert quarantined(store) == []
    assert list(tmp_path.rglob("*.tmp")) == []


DIE_AT = """
import os, sys
from gradsim_core.storage import atomic
from gradsim_core.storage.store import Store
store, function, at = Store(sys.argv[1]), sys.argv[2], int(sys.argv[3])
real, calls = getattr(os, function), 0
def dying(*arguments):
    global calls
    calls += 1
    if calls == at: os._exit(77)
    return real(*arguments)
setattr(os, function, dying)
store.write_json("one", "study.json", {"version": 2})
"""


@pytest.mark.parametrize(("function", "at", "version"), [
    ("fsync", 1, 1), ("replace", 1, 1), ("fsync", 2, 2)])
def test_death_at_each_point_of_a_write(tmp_path: Path, function: str, at: int,
                                        version: int) -> None:
    store = Store(tmp_path)
    store.write_json("one", JSON, {"version": 1})
    writer = python(DIE_AT, tmp_path, function, at)
    writer.communicate(timeout=60)
    assert writer.returncode == 77
    assert store.read_json("one", JSON) == {"version": version}
    assert len(store.sweep()) == (version == 1)
    assert os.listdir(tmp_path / "one") == [JSON]


@pytest.mark.parametrize(("options", "code"), [((), 0), (("--in-place",), 1)])
def test_kill_9_loses_nothing_and_the_control_does(options: tuple[str, ...], code: int) -> None:
    kills = "12" if code == 0 else "16"
    done = subprocess.run([sys.executable, "tests/kill_store.py", "--kills", kills, *options],
                          cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)},
                          capture_output=True, text=True, check=False)
    assert done.stdout.startswith(f"seed 0: {kills} kills"), done.stderr
    assert done.returncode == code, done.stdout
    assert ("0 lost, 0 wrong, 0 torn, 0 strays left" in done.stdout) == (code == 0)


def test_sweep_takes_only_strays(store: Store) -> None:
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    host, folder = atomic._HOST, store.root / ONE
    stray = folder / f".study.json.{host}.{gone.pid}.0123abcd.tmp"
    living = folder / f".study.json.{host}.{os.getpid()}.0123abcd.tmp"
    elsewhere = folder / f".study.json.other-host.{gone.pid}.0123abcd.tmp"
    old = folder / ".study.json.other-host.1.0123abcd.tmp"
    alike = folder / f"study.json.{host}.{gone.pid}.0123abcd.tmp"
    for file in (stray, living, elsewhere, old, alike):
        file.write_text("half")
    os.utime(old, (time.time() - 90_000,) * 2)
    assert set(store.sweep()) == {stray, old}
    assert living.exists()
    assert elsewhere.exists()
    assert alike.exists()
    assert store.read_json(ONE, JSON) == CONTENT
    assert store.sweep() == []
