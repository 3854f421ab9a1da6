"""Measures and scores that can be worked out by hand, as findings see them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from made_up_studies import EUROPEAN

from gradsim_core.findings.plans import MeasuresPlan
from gradsim_core.findings.transfer.measures import ranked_measures
from gradsim_core.languages.resolving import Language, resolve_or_own
from gradsim_core.measures import Measure
from gradsim_core.prepared import language_record
from gradsim_core.scores.tables import Scores

CODES = EUROPEAN[:6]
"""Two branches, in turns: deu, spa, nld, ita, swe, por."""


def record_of(codes: Sequence[str] = CODES, names: Mapping[str, str] | None = None,
              targets: Sequence[str] = (), untested: Sequence[str] = ()) -> dict[str, Any]:
    """The record of a study (study.json), as far as findings read it."""
    languages = [Language(code=code, name=(names or {})[code]) if code in (names or {})
                 else resolve_or_own(code) for code in (*codes, *targets)]
    return {"signature": "0123456789abcdef", "source": "made up", "task": "sequence",
            "metric": "weighted_f1", "sources": list(codes),
            "languages": [language_record(one) for one in languages],
            "rows": {one.code: {"train": 0 if one.code in targets else 8, "dev": 3,
                                "test": 0 if one.code in untested else 4} for one in languages},
            "study": {"name": "Made-up study", "model": "tiny-bytes", "steps": 5, "batch_size": 4,
                      "snapshots": 4}}


def scores_of(values: np.ndarray, codes: Sequence[str] = CODES, **changes: Any) -> Scores:
    """A square table; values are (seeds, L, L), or (L, L) of one seed."""
    table = np.asarray(values, dtype=float).reshape(-1, len(codes), len(codes))
    return Scores(**{"sources": tuple(codes), "targets": tuple(codes), "metric": "weighted_f1",
                     "split": "test", "seeds": tuple(range(len(table))), "values": table,
                     "origin": "made up", **changes})


def measure_of(name: str, values: np.ndarray, codes: Sequence[str] = CODES,
               **changes: Any) -> Measure:
    """A measure with these values."""
    return Measure(**{"name": name, "title": name.capitalize(), "languages": tuple(codes),
                      "values": values, "source": "Somebody 1999", **changes})


def transfer_of(n: int = len(CODES), seed: int = 0) -> np.ndarray:
    """Scores in which no two are equal, nearly symmetric."""
    draw = np.random.default_rng(seed)
    half = draw.uniform(0.2, 0.8, size=(n, n))
    return (half + half.T) / 2 + 0.01 * draw.uniform(size=(n, n))


def ranked(measures: Sequence[Measure], transfer: np.ndarray, codes: Sequence[str] = CODES,
           plan: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """The content of "measures" on these, with few permutations."""
    return ranked_measures(record_of(codes), scores_of(transfer, codes),
                           {one.name: one for one in measures},
                           MeasuresPlan.model_validate({"permutations": 199, **(plan or {})}))


def by_name(content: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """The measures of a content."""
    return {one["name"]: one for one in content["measures"]}
