"""The store: entries come back as they were written, and nothing leaves its folder."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path

import numpy as np
import pytest
from safetensors import safe_open
from store_cases import ARRAYS, CONTENT, JSON, METADATA, ONE, TENSORS, TWO, filled_store

from gradsim_core.errors import StoreError
from gradsim_core.storage import entries
from gradsim_core.storage.store import Store


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return filled_store(tmp_path / "cache")


# what is written is read

def test_json_comes_back(store: Store) -> None:
    assert store.read_json(ONE, JSON) == CONTENT
    assert "ʻŌlelo" in store.path(ONE, JSON).read_text(encoding="utf-8")  # legible for people


def test_tensors_come_back(store: Store) -> None:
    found = store.read_tensors(ONE, TENSORS)
    assert found is not None
    arrays, metadata = found
    assert metadata == METADATA
    assert arrays.keys() == ARRAYS.keys()
    for key, array in ARRAYS.items():
        assert arrays[key].dtype == array.dtype
        assert arrays[key].shape == array.shape
        assert arrays[key].tobytes() == array.tobytes()
        assert arrays[key].flags.aligned
        assert arrays[key].flags.writeable


def test_the_library_reads_our_tensors(store: Store) -> None:
    with safe_open(store.path(ONE, TENSORS), framework="np") as file:
        assert set(file.keys()) == set(ARRAYS)
        for key, array in ARRAYS.items():
            np.testing.assert_array_equal(file.get_tensor(key), array)
        assert json.loads(file.metadata()["metadata"]) == METADATA


def test_digest_is_that_of_the_file_with_zeros_in_its_place(store: Store) -> None:
    for name in (JSON, TENSORS):
        data = store.path(ONE, name).read_bytes()
        digest = data.split(b'"sha256":', 1)[1].split(b'"')[1]
        assert len(digest) == 64
        assert hashlib.sha256(data.replace(digest, b"0" * 64)).hexdigest() == digest.decode()


def test_any_layout_of_an_array_gives_the_same_bytes(store: Store) -> None:
    array = np.arange(12.0).reshape(3, 4)
    written = set()
    strided = np.repeat(array, 2, axis=1)[:, ::2]
    for same in (array, np.asfortranarray(array), array.astype(">f8"), strided):
        store.write_tensors(ONE, "same.safetensors", {"a": same, "b": array.T}, {})
        written.add(store.path(ONE, "same.safetensors").read_bytes())
    assert len(written) == 1


def test_dense_arrays_are_not_copied() -> None:
    array = np.zeros(1000)
    assert np.shares_memory(entries.tensor_entry(ONE, TENSORS, {"a": array}, {})[1], array)


def test_absent_entry_is_none(store: Store) -> None:
    assert store.read_json(TWO, JSON) is None
    assert store.read_tensors(ONE, "other.safetensors") is None
    assert not store.exists(TWO, JSON)
    assert store.size_bytes(TWO) == 0
    assert Store(store.root / "nowhere").signatures() == []


def test_remove(store: Store) -> None:
    store.remove(ONE, JSON)
    store.remove(ONE, JSON)
    assert not store.exists(ONE, JSON)
    assert store.exists(ONE, TENSORS)


def test_signatures_newest_first_and_nothing_else(store: Store) -> None:
    store.write_json(TWO, "scores/joint.json", {})
    (store.root / "README.md").write_text("not a study")
    (store.root / ".quarantine").mkdir()
    os.utime(store.root / TWO, (1, 1))
    assert store.signatures() == [ONE, TWO]
    os.utime(store.root / ONE, (0, 0))
    assert store.signatures() == [TWO, ONE]


def test_size_is_that_of_all_files(store: Store) -> None:
    store.write_json(ONE, "scores/joint.json", {})
    files = [path for path in (store.root / ONE).rglob("*") if path.is_file()]
    assert len(files) == 3
    assert store.size_bytes(ONE) == sum(len(path.read_bytes()) for path in files)


# what is refused

@pytest.mark.parametrize(("content", "message"), [
    ({"a": [1, {"b": float("nan")}]}, r"content\.a\[1\]\.b is nan"),
    ({"a": np.float32("inf")}, r"content\.a is inf"),
    ({"a": {3: 1}}, r"content\.a has the key 3"),
    ({"a": {1, 2}}, r"content\.a is a set"),
    ({"a": "\ud800"}, r"content\.a is not valid Unicode"),
])
def test_json_refuses_and_names_the_key(store: Store, content: dict, message: str) -> None:
    with pytest.raises(StoreError, match=message):
        store.write_json(ONE, JSON, content)
    with pytest.raises(StoreError, match=message.replace("content", "metadata")):
        store.write_tensors(ONE, TENSORS, {}, content)
    assert store.read_json(ONE, JSON) == CONTENT


def test_numpy_numbers_become_json_numbers(store: Store) -> None:
    store.write_json(ONE, JSON, {"a": np.int64(3), "b": (np.float64(0.5), np.bool_(True))})
    assert store.read_json(ONE, JSON) == {"a": 3, "b": [0.5, True]}


@pytest.mark.parametrize("array", [np.zeros(2, complex), np.array(["a"]), np.array([object()]),
                                   np.zeros(2, np.float16)], ids=lambda array: array.dtype.name)
def test_other_dtypes_are_refused(store: Store, array: np.ndarray) -> None:
    with pytest.raises(StoreError, match=rf"'culprit' is {array.dtype}.*float32, float64"):
        store.write_tensors(ONE, TENSORS, {"culprit": array}, {})


@pytest.mark.parametrize("name", [
    "", ".", "..", "../study.json", "a/../../b.json", "/etc/x.json", "a//b.json", "a\\b.json",
    ".hidden.json", "scores/.json", "x.json\n", "x\0.json", "a/b/c/d/e.json", "é.json",
    "x" * 101 + ".json", "~/x.json", "x.txt", "x.safetensors"])
def test_names_stay_inside(store: Store, name: str) -> None:
    for call in (lambda: store.write_json(ONE, name, {}), lambda: store.read_json(ONE, name)):
        with pytest.raises(StoreError) as error:
            call()
        assert repr(name)[:50] in str(error.value)
        assert len(str(error.value)) <= 400


@pytest.mark.parametrize("signature", ["", ".", "..", "../x", "a/b", ".quarantine", "README.md",
                                       "a" * 65, "0123\n", "ABC", "/tmp"])
def test_signatures_stay_inside(store: Store, signature: str) -> None:
    for call in (lambda: store.write_json(signature, JSON, {}),
                 lambda: store.read_json(signature, JSON), lambda: store.size_bytes(signature)):
        with pytest.raises(StoreError, match="not a study signature") as error:
            call()
        assert repr(signature)[:50] in str(error.value)
