"""A language that has joined a study: its Grams with the others, as kept beside the study.

Conventions
-----------
``joined/<code>-<id>.safetensors``; the id names study, code and rows of the newcomer, so the same
question has the same entry, and other rows have another one. The study's own Grams, record and
signature stay as they are.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from gradsim_core.errors import StoreError
from gradsim_core.storage.store import Store
from gradsim_core.study import canonical_json

FOLDER = "joined"

METHOD = 1
"""Raised whenever the same newcomer would have other Grams than before."""


@dataclass(frozen=True, eq=False)
class Joined:
    """A newcomer with its inner products.

    Attributes
    ----------
    language : as in a study's record ("code", "name", …)
    id : names its rows and the study
    facts : "rows" of each split, "data_fingerprint", "source", "seconds", …
    arrays : as of `newcomer.newcomer_arrays`
    widths, point_widths : numbers of each block in "sums", and in "points"
    """

    language: Mapping[str, Any]
    id: str
    facts: Mapping[str, Any]
    arrays: Mapping[str, np.ndarray]
    widths: tuple[int, ...]
    point_widths: tuple[int, ...]

    @property
    def code(self) -> str:
        return str(self.language["code"])

    @property
    def name(self) -> str:
        """What names it in commands and decisions."""
        return f"{self.code}-{self.id}"


def joined_id(signature: str, code: str, data_fingerprint: str) -> str:
    """Twelve digits that name a newcomer's rows and the study."""
    parts = {"method": METHOD, "study": signature, "code": code, "data": data_fingerprint}
    return hashlib.sha256(canonical_json(parts)).hexdigest()[:12]


def save_joined(store: Store, signature: str, joined: Joined) -> None:
    """Write a newcomer beside its study."""
    store.write_tensors(signature, _entry(joined.name), joined.arrays, {
        "language": dict(joined.language), "id": joined.id, "facts": dict(joined.facts),
        "widths": list(joined.widths), "point_widths": list(joined.point_widths)})


def load_joined(store: Store, signature: str, name: str) -> Joined | None:
    """Read a newcomer by ``code-id``; None where it is not there."""
    found = store.read_tensors(signature, _entry(name))
    if found is None:
        return None
    arrays, facts = found
    return Joined(facts["language"], facts["id"], facts["facts"], arrays, tuple(facts["widths"]),
                  tuple(facts["point_widths"]))


def joined_names(store: Store, signature: str) -> list[str]:
    """The newcomers of a study as ``code-id``, those that came last first."""
    return [name for name in store.names(signature, FOLDER)
            if name.rpartition("-")[0]]


def chosen_names(store: Store, signature: str, asked: Sequence[str]) -> list[str]:
    """The newcomers meant, in the order of their codes.

    Parameters
    ----------
    asked : codes, each for the one that joined last, or ``code-id``; "all" for every code

    Raises
    ------
    StoreError
        If none has joined by that name, or one language is asked for twice.
    """
    there = joined_names(store, signature)
    newest: dict[str, str] = {}
    for name in there:
        newest.setdefault(name.rpartition("-")[0], name)
    chosen: dict[str, str] = {}
    for one in (newest if "all" in asked else asked):
        name = newest.get(one, one)
        if name not in there:
            known = ", ".join(sorted(newest)) or "none"
            raise StoreError(f"No language {one[:40]!r} has joined study {signature}. Joined: "
                             f"{known}. Add it with: gradsim join {signature} --language "
                             f"{one[:40]}")
        code = name.rpartition("-")[0]
        if chosen.get(code, name) != name:
            raise StoreError(f"{code} is asked for twice ({chosen[code]}, {name}). Name one.")
        chosen[code] = name
    return [chosen[code] for code in sorted(chosen)]


def _entry(name: str) -> str:
    return f"{FOLDER}/{name}.safetensors"
