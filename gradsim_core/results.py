"""A finished study's results, as read from the store: record, Grams, scores."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from gradsim_core.data import PRESETS
from gradsim_core.errors import StoreError
from gradsim_core.prepared import RECORD
from gradsim_core.similarities.gram import GramSeries
from gradsim_core.similarities.resampling import Increments
from gradsim_core.storage.store import Store
from gradsim_core.study import Study

GRAMS = "grams.safetensors"
INCREMENTS = "increments.safetensors"
SCORES = "scores/joint.json"


@dataclass(frozen=True)
class Results:
    """What a finished study left behind.

    Attributes
    ----------
    record : content of study.json
    series : the Grams
    facts : how the run went: mode, packing, seconds, peak memory, truncated rows
    scores : joint scores, or None while they are not there yet
    """

    record: dict[str, Any]
    series: GramSeries
    facts: dict[str, Any]
    scores: dict[str, Any] | None

    @property
    def signature(self) -> str:
        return self.record["signature"]

    @property
    def default_correction(self) -> str:
        """How these similarities are read unless the reader says otherwise."""
        preset = PRESETS.get(Study.model_construct(**self.record["study"]).source)
        return preset.correction if preset else "raw"

    @property
    def names(self) -> dict[str, str]:
        """Code -> English name of every language of the study."""
        return {language["code"]: language["name"] for language in self.record["languages"]}


def save_grams(store: Store, signature: str, series: GramSeries, facts: dict[str, Any]) -> None:
    """Write a run's Grams with the facts of the run."""
    store.write_tensors(signature, GRAMS, {"sums": series.sums, "steps": series.steps}, {
        "languages": list(series.languages), "blocks": list(series.blocks),
        "snapshots": list(series.snapshots), "step_numbers": list(series.step_numbers),
        "invalid": dict(series.invalid), "facts": facts})


def save_increments(store: Store, signature: str, grams: np.ndarray,
                    steps: tuple[int, ...]) -> None:
    """Write the cross-Grams of a run's increments (see `resampling.Increments`)."""
    store.write_tensors(signature, INCREMENTS, {"grams": grams}, {"steps": list(steps)})


def load_increments(store: Store, signature: str) -> Increments | None:
    """Read the increments of a study's run; None where none are kept."""
    found = store.read_tensors(signature, INCREMENTS)
    if found is None or not found[1]["steps"]:
        return None
    return Increments(tuple(found[1]["steps"]), np.asarray(found[0]["grams"]))


def load_results(store: Store, signature: str) -> Results:
    """Read a study's results.

    Raises
    ------
    StoreError
        If there is no such study, or it is not finished (or its entry was damaged).
    """
    record = store.read_json(signature, RECORD)
    found = store.read_tensors(signature, GRAMS)
    if record is None or found is None:
        asked = store.path(signature, "study.yaml")
        if asked.is_file():
            raise StoreError(f"Study {signature} is not finished. Go on with: gradsim run "
                             f"{str(asked)[-200:]}")
        raise StoreError(f"Study {signature!r} is not in the cache. Run it with `gradsim run`; "
                         f"{_studies_there(store)}.")
    arrays, facts = found
    series = GramSeries(
        tuple(facts["languages"]), tuple(facts["blocks"]), tuple(facts["snapshots"]),
        np.asarray(arrays["sums"]), tuple(facts["step_numbers"]), np.asarray(arrays["steps"]),
        facts["invalid"])
    return Results(record, series, facts["facts"], store.read_json(signature, SCORES))


def is_finished(store: Store, signature: str) -> bool:
    """Whether a study's record, its Grams and its scores are all there."""
    return all(store.exists(signature, name) for name in (RECORD, GRAMS, SCORES))


def find_signature(store: Store, prefix: str) -> str:
    """Complete a signature from its first digits.

    Raises
    ------
    StoreError
        If no study, or more than one, begins so.
    """
    matches = [name for name in store.signatures() if name.startswith(prefix)]
    if len(matches) == 1:
        return matches[0]
    if matches:
        raise StoreError(f"{len(matches)} studies begin with {prefix!r}: "
                         f"{', '.join(matches[:5])}{' …' * (len(matches) > 5)}. Give more digits.")
    raise StoreError(f"No study begins with {prefix[:60]!r}; {_studies_there(store)}. See `gradsim "
                     "list`, or name another folder with --cache.")


def _studies_there(store: Store) -> str:
    return (f"studies in {str(store.root)[-120:]}: {', '.join(store.signatures()[:5]) or 'none'}")
