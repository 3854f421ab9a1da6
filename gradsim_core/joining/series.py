"""A study's Grams with languages that joined later: everything downstream reads them alike.

Conventions
-----------
Newcomers stand behind the study's own languages. The study's inner products are its own, to the
last digit; those with newcomers come from folds. Single steps have no Grams with newcomers, so
``mean_cosine`` cannot be read with them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from gradsim_core.errors import StoreError
from gradsim_core.joining.record import Joined, chosen_names, load_joined
from gradsim_core.results import Results, load_increments
from gradsim_core.similarities.gram import GramSeries
from gradsim_core.similarities.resampling import Increments
from gradsim_core.storage.store import Store


def with_joined(store: Store, results: Results, asked: Sequence[str]) -> Results:
    """A study's results together with languages that joined it.

    Parameters
    ----------
    asked : codes or ``code-id`` of newcomers, "all" for every one; none: the results as they are

    Raises
    ------
    StoreError
        If one of them has not joined the study, or its entry is damaged or does not fit.
    """
    found = _found(store, results, asked)
    if not found:
        return results
    series = joined_series(results.series, found)
    codes = {one.code for one in found}
    record = {**results.record,
              "languages": [language for language in results.record["languages"]
                            if language["code"] not in codes]
              + [dict(one.language) for one in found],
              "rows": {**results.record["rows"], **{one.code: one.facts["rows"] for one in found}},
              "joined": [{"code": one.code, "name": one.language["name"], "id": one.id,
                          "rows": one.facts["rows"]["train"],
                          "data_fingerprint": one.facts["data_fingerprint"]} for one in found]}
    return replace(results, record=record, series=series)


def joined_series(series: GramSeries, found: Sequence[Joined]) -> GramSeries:
    """The Grams of a run with newcomers behind its languages."""
    for one in found:
        if one.arrays["cross"].shape[:2] != series.sums.shape[:2] \
                or one.arrays["cross"].shape[3] != series.sums.shape[2]:
            raise StoreError(f"{one.name} joined another run of this study. Let it join anew with "
                             "`gradsim join`.")
    sums = series.sums
    for at, one in enumerate(found):
        others = [_inner(one.arrays["sums"], other.arrays["sums"], one.widths)
                  for other in found[:at]]
        cross = np.concatenate([one.arrays["cross"], *others], axis=3)
        sums = _bordered(sums, cross, one.arrays["own"])
    return GramSeries(
        (*series.languages, *(one.code for one in found)), series.blocks, series.snapshots, sums,
        (), np.zeros((0, *sums.shape[1:]), dtype=np.float32), series.invalid)


def joined_increments(store: Store, results: Results) -> Increments | None:
    """The increments of a study with the newcomers that its results hold; None without any."""
    increments = load_increments(store, results.signature)
    found = _found(store, results, [f"{one['code']}-{one['id']}"
                                    for one in results.record.get("joined", ())])
    if increments is None or not found:
        return increments
    n = len(increments.steps)
    rows, columns = np.triu_indices(n)  # increments a <= b, a first
    grams = increments.grams
    for at, one in enumerate(found):
        # (a of the newcomer, b of the others, n_blocks, 2, 2 of each)
        crossed = np.concatenate([one.arrays["crossed"],
                                  *(_crossed(one, other) for other in found[:at])], axis=4)
        own = _crossed(one, one)
        below = crossed[rows, columns]  # newcomer's a with the others' b
        beside = crossed[columns, rows].swapaxes(-1, -2)  # the others' a with the newcomer's b
        grams = np.concatenate([
            np.concatenate([grams, beside], axis=3),
            np.concatenate([below, own[rows, columns]], axis=3)], axis=2).astype(np.float32)
    return Increments(increments.steps, grams)


def _found(store: Store, results: Results, asked: Sequence[str]) -> list[Joined]:
    found = []
    for name in chosen_names(store, results.signature, asked):
        one = load_joined(store, results.signature, name)
        if one is None:
            raise StoreError(f"The entry of {name} was damaged. Let it join anew with `gradsim "
                             "join`.")
        found.append(one)
    return found


def _bordered(grams: np.ndarray, cross: np.ndarray, own: np.ndarray) -> np.ndarray:
    """Grams (…, n, n) with two more rows and columns."""
    return np.concatenate([np.concatenate([grams, cross.swapaxes(-1, -2)], axis=-1),
                           np.concatenate([cross, own], axis=-1)], axis=-2)


def _inner(a: np.ndarray, b: np.ndarray, widths: Sequence[int]) -> np.ndarray:
    """Inner products of folded rows by block: (…, n_blocks, 2, 2) float64."""
    ends = np.cumsum(widths)
    return np.stack([np.matmul(a[..., end - width:end].astype(np.float64),
                               b[..., end - width:end].astype(np.float64).swapaxes(-1, -2))
                     for end, width in zip(ends, widths, strict=True)], axis=-3)


def _crossed(one: Joined, other: Joined) -> np.ndarray:
    """One newcomer's increment a with another's increment b: (n, n, n_blocks, 2, 2)."""
    a, b = (np.diff(points, axis=0, prepend=np.zeros_like(points[:1]))
            for points in (one.arrays["points"], other.arrays["points"]))
    return _inner(a[:, None], b[None], one.point_widths)
