"""What a run makes on its way, in memory and on disk."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from joint_cases import ONE, made_prepared, small_encoder, trial
from result_cases import bytes_of

from gradsim_core.errors import RunError
from gradsim_core.storage.store import Store
from gradsim_core.training import checkpoints
from gradsim_core.training import joint as joint_module
from gradsim_core.training.shelf import Shelf

ARRAYS = [np.full((2, 3), i, np.float32) for i in range(4)]


@pytest.mark.parametrize("on_disk", [False, True])
def test_a_shelf_gives_back_what_was_put_there(tmp_path: Path, on_disk: bool) -> None:
    shelf, store = Shelf(), Store(tmp_path)
    if on_disk:
        shelf.put_on_disk(store, ONE, "running/sums")
    for array in ARRAYS:
        shelf.append(array)
    assert len(shelf) == 4
    assert np.array_equal(shelf[1], ARRAYS[1])
    assert np.array_equal(shelf[-1], ARRAYS[3])
    assert np.array_equal(shelf.stacked(), np.stack(ARRAYS))
    assert len(list(tmp_path.rglob("*.safetensors"))) == 4 * on_disk
    with pytest.raises(IndexError):
        shelf[4]
    with pytest.raises(ValueError, match="stay there"):
        shelf.put_on_disk(store, ONE, "running/sums")
    shelf.clear()
    assert not len(shelf)
    assert not list(tmp_path.rglob("*.safetensors"))


def test_what_is_not_there_is_not_found_and_what_is_damaged_is_said(tmp_path: Path) -> None:
    store = Store(tmp_path)
    first, second = Shelf(), Shelf()
    for shelf in (first, second):
        shelf.put_on_disk(store, ONE, "running/points")
    for array in ARRAYS[:2]:
        first.append(array)
    assert not second.find(3)
    assert not len(second)
    assert second.find(2)
    file = store.path(ONE, "running/points/1.safetensors")
    file.write_bytes(file.read_bytes()[:-1] + b"x")
    with pytest.raises(RunError, match="Run it again"):
        second.stacked()


@pytest.fixture
def prepared(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(joint_module, "load_encoder", small_encoder)
    clock = iter(range(10**9))  # every step is told, because time runs faster
    monkeypatch.setattr(joint_module, "time",
                        SimpleNamespace(monotonic=lambda: float(next(clock))))
    return made_prepared(gradients="sketch", sketch_size=64, steps=8, snapshots=4)


@pytest.mark.parametrize("cut_at", [None, 5, "Similarity is ready"])
def test_a_run_with_shelves_on_disk_leaves_the_same_bytes(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch, prepared,
        cut_at: int | str | None) -> None:
    memory, disk = Store(tmp_path / "memory"), Store(tmp_path / "disk")
    trial(prepared, memory)
    monkeypatch.setattr(checkpoints, "ON_DISK_BYTES", 1)
    if cut_at:
        trial(prepared, disk, cut_at)
        assert list(disk.path(ONE, "running").rglob("*.safetensors"))
    trial(prepared, disk)
    assert bytes_of(disk) == bytes_of(memory)
    assert not list(disk.path(ONE, "running").rglob("*.safetensors"))


def test_a_run_whose_part_is_gone_starts_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
                                              prepared) -> None:
    whole, cut = Store(tmp_path / "whole"), Store(tmp_path / "cut")
    monkeypatch.setattr(checkpoints, "ON_DISK_BYTES", 1)
    trial(prepared, whole)
    trial(prepared, cut, 5)
    cut.remove(ONE, "running/points/0.safetensors")
    assert "Training" in [event.get("message") for event in trial(prepared, cut)]
    assert bytes_of(cut) == bytes_of(whole)
