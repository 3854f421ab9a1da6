"""Damaged, misplaced and newer entries: all told, none used, set aside with the reason."""

from __future__ import annotations

import hashlib
import random
from pathlib import Path

import pytest
from store_cases import CONTENT, JSON, ONE, TENSORS, TWO, filled_store, quarantined, read

from gradsim_core.errors import StoreError
from gradsim_core.storage import entries
from gradsim_core.storage.store import Store


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return filled_store(tmp_path / "cache")


@pytest.mark.parametrize("name", [JSON, TENSORS])
def test_every_flipped_bit_is_found(store: Store, name: str) -> None:
    path = store.path(ONE, name)
    good, dice = path.read_bytes(), random.Random(0)
    for _ in range(50):
        bad = bytearray(good)
        bad[dice.randrange(len(bad))] ^= 1 << dice.randrange(8)
        path.write_bytes(bad)
        assert read(store, name) is None
        assert not path.exists()
    assert len(quarantined(store)) == 50


@pytest.mark.parametrize("name", [JSON, TENSORS])
def test_every_truncation_is_found(store: Store, name: str) -> None:
    path = store.path(ONE, name)
    good, dice = path.read_bytes(), random.Random(0)
    lengths = [0, 1, 8, 30, len(good) - 1, *(dice.randrange(len(good)) for _ in range(25))]
    for length in lengths:
        path.write_bytes(good[:length])
        assert read(store, name) is None
    assert len(quarantined(store)) == len(lengths) == 30
    path.write_bytes(good + b"\n")
    assert read(store, name) is None


@pytest.mark.parametrize(("name", "other"), [
    (JSON, "scores/joint.json"), (TENSORS, "checkpoint.safetensors")])
def test_swapped_entries_are_found(store: Store, name: str, other: str,
                                   caplog: pytest.LogCaptureFixture) -> None:
    for signature, new in ((TWO, name), (ONE, other)):
        path = store.path(signature, new)
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(store.path(ONE, name).read_bytes())
        assert read(store, new, signature) is None
        assert f"it is the entry {ONE}/{name}" in caplog.text
        assert str(path) in caplog.text
    assert len(quarantined(store)) == 2
    assert read(store, name) is not None


def resealed(data: bytes, old: bytes, new: bytes) -> bytes:
    """The entry with a change, under a digest that fits."""
    digest = data.split(b'"sha256":', 1)[1].split(b'"')[1]
    assert data.count(old) == 1
    changed = data.replace(digest, b"0" * 64).replace(old, new)
    return changed.replace(b"0" * 64, hashlib.sha256(changed).hexdigest().encode())


@pytest.mark.parametrize(("name", "old", "new"), [
    (JSON, b'"format": 1', b'"format": 7'), (TENSORS, b'"format":"1"', b'"format":"7"')])
def test_newer_format_asks_for_an_update(store: Store, name: str, old: bytes, new: bytes) -> None:
    path = store.path(ONE, name)
    path.write_bytes(resealed(path.read_bytes(), old, new))
    with pytest.raises(StoreError, match=rf"{ONE}/{name}.*format 7.*Update GradSim") as error:
        read(store, name)
    assert len(str(error.value)) <= 400
    assert path.exists()  # it is good, only not for us
    assert quarantined(store) == []


@pytest.mark.parametrize(("name", "old", "new"), [
    (JSON, b'"content"', b'"contens"'), (JSON, b'"rows": 804', b'"rows": 80,'),
    (TENSORS, b'"dtype":"BOOL"', b'"dtype":"BOOK"'),
    (TENSORS, b'"shape":[3,4,5]', b'"shape":[3,4,6]')])
def test_nonsense_under_a_fitting_digest_is_set_aside(store: Store, name: str, old: bytes,
                                                      new: bytes) -> None:
    path = store.path(ONE, name)
    path.write_bytes(resealed(path.read_bytes(), old, new))
    assert read(store, name) is None
    assert len(quarantined(store)) == 1


def test_quarantine_keeps_the_bytes_and_the_reason(store: Store) -> None:
    path = store.path(ONE, JSON)
    path.write_bytes(bad := path.read_bytes()[:-9])
    assert store.read_json(ONE, JSON) is None
    (kept,) = (file for file in (store.root / ".quarantine").iterdir() if file.suffix != ".txt")
    assert kept.read_bytes() == bad
    assert "SHA-256" in quarantined(store)[0]
    assert str(path) in quarantined(store)[0]
    store.write_json(ONE, JSON, CONTENT)
    assert store.read_json(ONE, JSON) == CONTENT


def test_entry_rewritten_meanwhile_is_not_set_aside(store: Store,
                                                    monkeypatch: pytest.MonkeyPatch) -> None:
    def fail_after_rewrite(*_: object) -> None:
        store.write_json(ONE, JSON, {"new": 1})
        raise ValueError("damaged")

    with monkeypatch.context() as patch:
        patch.setattr(entries, "json_content", fail_after_rewrite)
        assert store.read_json(ONE, JSON) is None
    assert store.read_json(ONE, JSON) == {"new": 1}
    assert quarantined(store) == []
