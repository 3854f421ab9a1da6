"""How the blocks of a study agree, in numbers and in trees, and how sure changes are; kept.

Conventions
-----------
As in `data`: caches are shared and capped, and keyed on everything their content depends on.
"""

from __future__ import annotations

import numpy as np
import streamlit as st

from dashboard.agreement import agreement_rows, block_agreement
from dashboard.film import Film, film_of, taken_snapshots
from dashboard.layers import Sides
from dashboard.loads.data import results, stamp, store
from dashboard.loads.pictures import part
from dashboard.sides import FacingTrees, facing_trees, side_of
from gradsim_core import (
    GradSimError,
    Reading,
    Store,
    load_increments,
    read_similarity,
    resampled_similarities,
    spread_around,
)

RESAMPLES = 200
_PARTS = ("grams.safetensors", "increments.safetensors")

Bounds = tuple[np.ndarray, np.ndarray]


def agreement(signature: str, reading: Reading) -> np.ndarray:
    """Spearman correlation of the similarities of all pairs of blocks, in depth order."""
    return _agreement(str(store().root), signature, stamp(signature, _PARTS),
                      reading.model_copy(update={"blocks": "all"}))


def change_bounds(signature: str, reading: Reading, sides: Sides) -> tuple[Bounds | None, str]:
    """95% intervals of each pair's change, as lower and upper (L, L); else None, and why."""
    try:
        return _change_bounds(str(store().root), signature, stamp(signature, _PARTS),
                              reading.model_copy(update={"blocks": "all"}), sides)
    except GradSimError as error:
        return None, str(error)


def tree_pair(signature: str, reading: Reading, sides: Sides,
              codes: tuple[str, ...]) -> FacingTrees | None:
    """The trees of two sides face to face; None where too few languages are defined in both.

    Parameters
    ----------
    codes : of the languages shown, as in `part`
    """
    return _tree_pair(str(store().root), signature, stamp(signature), reading, sides, codes)


@st.cache_resource(max_entries=32, show_spinner="Untangling the trees …")
def _tree_pair(root: str, signature: str, written: tuple[int, ...], reading: Reading, sides: Sides,
               codes: tuple[str, ...]) -> FacingTrees | None:
    loaded = results(signature)
    whole, pools = part(signature, reading.model_copy(update={"blocks": "layers"}), codes)
    first, second = (side_of(read_similarity(loaded, reading.model_copy(update={"blocks": name})),
                             whole.found.languages, pools)
                     for name in (sides.first, sides.second))
    return facing_trees(first, second)


def reliabilities(signature: str, reading: Reading) -> dict[str, float]:
    """Block -> mean reliability of the languages there; NaN where none is defined."""
    return _reliabilities(str(store().root), signature, stamp(signature, _PARTS),
                          reading.model_copy(update={"blocks": "layers"}))


@st.cache_resource(max_entries=32, show_spinner=False)
def _reliabilities(root: str, signature: str, written: tuple[int, ...],
                   reading: Reading) -> dict[str, float]:
    loaded, found = results(signature), {}
    for block in loaded.series.blocks:
        read = read_similarity(loaded, reading.model_copy(update={"blocks": block})).reliability
        known = read[np.isfinite(read)]
        found[block] = float(known.mean()) if len(known) else float("nan")
    return found


def training_film(signature: str, reading: Reading, codes: tuple[str, ...]) -> Film:
    """How the similarities of the languages shown grew over training."""
    return _training_film(str(store().root), signature, stamp(signature, _PARTS),
                          reading.model_copy(update={"snapshot": -1}), codes)


@st.cache_resource(max_entries=8, show_spinner="Reading every snapshot …")
def _training_film(root: str, signature: str, written: tuple[int, ...], reading: Reading,
                   codes: tuple[str, ...]) -> Film:
    loaded = results(signature)
    last, pools = part(signature, reading, codes)
    rows = last.found.languages
    taken = taken_snapshots(len(loaded.series.snapshots), len(rows))
    return film_of([side_of(read_similarity(loaded, reading.model_copy(update={"snapshot": at})),
                            rows, pools) for at in taken], last)


@st.cache_resource(max_entries=32, show_spinner=False)
def _agreement(root: str, signature: str, written: tuple[int, ...],
               reading: Reading) -> np.ndarray:
    loaded = results(signature)
    return block_agreement([read_similarity(loaded, reading.model_copy(update={"blocks": block}))
                            for block in agreement_rows(loaded.series.blocks)])


@st.cache_resource(max_entries=16, show_spinner="Resampling the gradients …")
def _change_bounds(root: str, signature: str, written: tuple[int, ...], reading: Reading,
                   sides: Sides) -> tuple[Bounds | None, str]:
    loaded, increments = results(signature), load_increments(Store(root), signature)
    if increments is None:
        return None, "This study kept nothing to resample, so changes have no intervals."
    found = [read_similarity(loaded, reading.model_copy(update={"blocks": name}))
             for name in (sides.first, sides.second)]
    drawn = [resampled_similarities(  # the same seed: both meet the same resamples
        loaded.series, increments, name, one.reading, one.correction, reading.snapshot,
        resamples=RESAMPLES) for name, one in zip((sides.first, sides.second), found, strict=True)]
    return spread_around(found[1].matrix - found[0].matrix, drawn[1] - drawn[0]), ""
