"""Measures kept with a study: one entry each, and why others cannot be had.

Conventions
-----------
An entry is ``measures/<name>.safetensors`` in the study's folder: arrays as in `Measure`, all else
in its metadata, with the version of the method that made it. An entry of another version, or of
other languages, counts as absent, so that it is computed anew.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from gradsim_core.errors import StoreError
from gradsim_core.measures import Measure
from gradsim_core.measuring.uriel import uriel_version
from gradsim_core.storage.store import Store

IMPORTED = "imported."
LEFT_OUT = "measures/left-out.json"

_VERSION = 2
"""Raised when a measure's definition changes."""

_WORDS = "2"
"""Raised when text is cut into words in another way."""

_ARRAYS = ("values", "by_layer", "halves", "layer_halves")
_IMPORTED_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,59}")


def save_measure(store: Store, signature: str, measure: Measure) -> None:
    """Keep a measure with a study, in place of the one of that name there may be."""
    store.write_tensors(signature, _entry(measure.name), {
        name: array for name in _ARRAYS if (array := getattr(measure, name)) is not None}, {
        "name": measure.name, "title": measure.title, "languages": list(measure.languages),
        "source": measure.source, "note": measure.note, "layers": list(measure.layers),
        "directed": measure.directed, "version": _VERSION, "data": _data_version(measure.name)})


def load_measure(store: Store, signature: str, name: str,
                 languages: Sequence[str]) -> Measure | None:
    """Read a kept measure; None where there is none, or it is out of date."""
    found = store.read_tensors(signature, _entry(name))
    if found is None:
        return None
    arrays, facts = found
    if (facts["version"] != _VERSION or facts["languages"] != list(languages)
            or _data_version(name) not in (facts["data"], None)):
        return None
    return Measure(facts["name"], facts["title"], tuple(facts["languages"]),
                   source=facts["source"], note=facts["note"], layers=tuple(facts["layers"]),
                   directed=facts["directed"], **arrays)


def imported_measures(store: Store, signature: str) -> list[str]:
    """Names of the imported measures that are kept with a study, sorted."""
    return sorted(name for name in store.names(signature, "measures")
                  if name.startswith(IMPORTED))


def imported_name(name: str) -> str:
    """The full name of an imported measure.

    Raises
    ------
    StoreError
        If the name is not 1-60 letters, digits, '-' and '_'.
    """
    if not _IMPORTED_NAME.fullmatch(name):
        raise StoreError(f"{name!r:.80} is not a name to keep a similarity under: 1-60 letters, "
                         "digits, '-' and '_'. Choose another.")
    return f"{IMPORTED}{name}"


def save_left_out(store: Store, signature: str, reasons: Mapping[str, str]) -> None:
    """Keep why measures of a study cannot be had: name -> reason."""
    if dict(reasons) != left_out_measures(store, signature):
        store.write_json(signature, LEFT_OUT, {"reasons": dict(reasons)})


def left_out_measures(store: Store, signature: str) -> dict[str, str]:
    """Why measures of a study could not be had when it was last tried: name -> reason."""
    kept = store.read_json(signature, LEFT_OUT)
    return dict(kept["reasons"]) if kept else {}


def _entry(name: str) -> str:
    return f"measures/{name}.safetensors"


def _data_version(name: str) -> str | None:
    """The version of what a measure is made from: its data, where installed, or what a word is."""
    if name.startswith("lexical."):
        return _WORDS
    return uriel_version() if name.startswith("typology.") else None
