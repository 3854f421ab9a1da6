"""A store with two entries, and looks behind its scenes, for the tests of the store."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gradsim_core.storage.store import Store

ONE, TWO = "0123456789abcdef", "fedcba9876543210"
JSON, TENSORS = "study.json", "grams.safetensors"

CONTENT = {"name": "ʻŌlelo “Hawaiʻi”\t\x00", "rows": 804, "scores": [0.1, -1e300, None, True]}

ARRAYS: dict[str, np.ndarray] = {
    "sums": np.linspace(-1, 1, 60).reshape(3, 4, 5),
    "steps": np.array([[1.5, np.nan]], np.float32),
    "mask": np.array([True, False, True]),
    "bytes": np.arange(7, dtype=np.uint8),
    "rows": np.array([[2**62, -1]]),
    "step": np.array(240),
    "none": np.zeros((0, 3)),
}

METADATA = {"blocks": ["embeddings", "head"], "invalid": {"hau": "NaN at step 3"}, "seed": 0}


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """An empty store."""
    return Store(tmp_path / "cache")


def filled_store(root: Path) -> Store:
    """A store with one JSON and one safetensors entry of study ONE."""
    store = Store(root)
    store.write_json(ONE, JSON, CONTENT)
    store.write_tensors(ONE, TENSORS, ARRAYS, METADATA)
    return store


def read(store: Store, name: str, signature: str = ONE) -> Any:
    """Either kind of entry by its name."""
    kind = store.read_json if name.endswith(".json") else store.read_tensors
    return kind(signature, name)


def quarantined(store: Store) -> list[str]:
    """The reasons of all entries set aside."""
    return [file.read_text() for file in sorted(store.root.glob(".quarantine/*.reason.txt"))]


def let_go(writers: Sequence[subprocess.Popen[str]]) -> None:
    """Let processes go on together, each of which says that it is ready and waits for a line."""
    for writer in writers:
        assert writer.stdout
        assert writer.stdout.readline() == "ready\n"
    for writer in writers:
        assert writer.stdin
        writer.stdin.write("\n")
        writer.stdin.flush()
