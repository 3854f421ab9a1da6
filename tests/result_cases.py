"""Small data for real runs, and what of their results must not depend on when they were made."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from gradsim_core.store import Store

WORDS = {"deu": "hund katze haus baum stadt fluss", "spa": "perro gato casa arbol ciudad rio"}


def write_data(folder: Path) -> Path:
    """A small data set: pairs of words, labelled by the first."""
    for code, words in WORDS.items():
        rows = [f"{one} {other}\t{words.split().index(one) % 2}" for one in words.split()
                for other in words.split()]
        (folder / code).mkdir(parents=True)
        (folder / code / "train.tsv").write_text("\n".join(["text\tlabel", *rows]) + "\n")
    return folder


def bytes_of(store: Store, name: str = "0123456789abcdef") -> dict[str, bytes]:
    """Everything of a result that must not depend on when and where it was computed."""
    found = store.read_tensors(name, "grams.safetensors")
    assert found is not None
    arrays, facts = found
    kept = {key: value for key, value in facts.items() if key != "facts"}
    return {**{key: np.ascontiguousarray(value).tobytes() for key, value in arrays.items()},
            "facts": repr(sorted(kept.items())).encode(),
            "scores": repr(store.read_json(name, "scores/joint.json")).encode()}
