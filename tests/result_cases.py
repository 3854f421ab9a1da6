"""Small data for real runs, and what of their results must not depend on when they were made."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from gradsim_core.storage.store import Store

WORDS = {"deu": "hund katze haus baum stadt fluss", "spa": "perro gato casa arbol ciudad rio"}
MORE_WORDS = {**WORDS, "nld": "hond kat huis boom stad rivier",
              "ita": "cane gatto casa albero fiume monte"}


def write_data(folder: Path, words_of: Mapping[str, str] = WORDS) -> Path:
    """A small data set: pairs of words, labelled by the first."""
    for code, words in words_of.items():
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
    increments = store.read_tensors(name, "increments.safetensors")
    assert increments is not None
    return {**{key: np.ascontiguousarray(value).tobytes() for key, value in arrays.items()},
            "increments": np.ascontiguousarray(increments[0]["grams"]).tobytes(),
            "facts": repr(sorted(kept.items())).encode(),
            "scores": repr(store.read_json(name, "scores/joint.json")).encode()}


def experiment_of(store: Store, signature: str, plan_id: str) -> dict[str, bytes]:
    """An experiment and every trial of its study, without what was measured by the clock."""
    content = store.read_json(signature, f"experiments/{plan_id}.json")
    assert content is not None
    for strategy in content["strategies"]:
        del strategy["cost"]["minutes"]
    found: dict[str, Any] = {"experiment": content}
    for file in sorted(store.path(signature, "trials/any").parent.iterdir()):
        trial = store.read_json(signature, f"trials/{file.name}") or {"facts": {}}
        timeless = {key: value for key, value in trial["facts"].items() if "seconds" not in key}
        found[file.name] = {**trial, "facts": timeless}
    return {name: repr(value).encode() for name, value in found.items()}
