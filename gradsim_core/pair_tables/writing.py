"""Score tables written down: CSV to take away, and imported tables kept with a study.

Conventions
-----------
CSV holds fractions with all their digits, and reads back by `read_scores` (gains, which may be
negative, do not). A missing score is an empty cell; in JSON it is null.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

from gradsim_core.errors import StoreError, choice
from gradsim_core.scores.tables import Scores
from gradsim_core.spreadsheet import csv_text
from gradsim_core.storage.store import Store

LAYOUTS = ("long", "wide")

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,59}")


def scores_csv(scores: Scores, layout: str = "long", names: Mapping[str, str] | None = None) -> str:
    """A table as CSV.

    Parameters
    ----------
    layout : "long", one row a seed, source and target; or "wide", one row a seed and source
    names : code -> English name, for a column beside the source (and, if long, the target)

    Raises
    ------
    StoreError
        If the layout is unknown.
    """
    if layout not in LAYOUTS:
        raise StoreError(choice("Layout", layout[:40], LAYOUTS))
    return csv_text((_wide if layout == "wide" else _long)(scores, names))


def _long(scores: Scores, names: Mapping[str, str] | None) -> list[list[object]]:
    header = ["source", "source_name", "target", "target_name"] if names else ["source", "target"]
    value = f"gain_over_{scores.gain_over}" if scores.gain_over else "score"
    rows: list[list[object]] = [[*header, "seed", "metric", "split", value]]
    for k, seed in enumerate(scores.seeds):
        for i, source in enumerate(scores.sources):
            for j, target in enumerate(scores.targets):
                rows.append([*_named(source, names), *_named(target, names), seed, scores.metric,
                             scores.split, float(scores.values[k, i, j])])
    return rows


def _wide(scores: Scores, names: Mapping[str, str] | None) -> list[list[object]]:
    by_seed = len(scores.seeds) > 1
    header = ["source", *(["name"] if names else []), *(["seed"] if by_seed else [])]
    rows: list[list[object]] = [[*header, *scores.targets]]
    for k, seed in enumerate(scores.seeds):
        for i, source in enumerate(scores.sources):
            rows.append([*_named(source, names), *([seed] if by_seed else []),
                         *map(float, scores.values[k, i])])
    return rows


def _named(code: str, names: Mapping[str, str] | None) -> list[str]:
    return [code, names.get(code, "")] if names else [code]


def save_imported(store: Store, signature: str, name: str, scores: Scores) -> None:
    """Keep an imported table with a study, in place of the one of that name there may be.

    Raises
    ------
    StoreError
        If the name is not 1-60 letters, digits, '-' and '_', or the disk does not take it.
    """
    store.write_json(signature, _entry(name), {
        "sources": list(scores.sources), "targets": list(scores.targets),
        "metric": scores.metric, "split": scores.split, "seeds": list(scores.seeds),
        "values": [[[None if math.isnan(value) else float(value) for value in row]
                    for row in table] for table in scores.values],
        "origin": scores.origin})


def load_imported(store: Store, signature: str, name: str) -> Scores:
    """Read a table that was kept with a study.

    Raises
    ------
    StoreError
        If there is none of that name.
    """
    kept: dict[str, Any] | None = store.read_json(signature, _entry(name))
    if kept is None:
        there = ", ".join(imported_names(store, signature)[:10]) or "none"
        raise StoreError(f"Study {signature} has no imported scores {name!r}. There are: {there}. "
                         "Import some with `gradsim import-scores`.")
    return Scores(tuple(kept["sources"]), tuple(kept["targets"]), kept["metric"], kept["split"],
                  tuple(kept["seeds"]), kept["values"], kept["origin"])


def imported_names(store: Store, signature: str) -> list[str]:
    """The tables that are kept with a study, by name."""
    folder = store.path(signature, _entry("any")).parent
    return sorted(file.stem.removeprefix("imported-") for file in folder.glob("imported-*.json"))


def _entry(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise StoreError(f"{name!r:.80} is not a name to keep scores under: 1-60 letters, digits, "
                         "'-' and '_'. Choose another.")
    return f"scores/imported-{name}.json"
