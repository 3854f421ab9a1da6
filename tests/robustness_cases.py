"""Finished studies whose increments we chose: clusters of languages, and noise in every stretch."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from made_up_studies import EUROPEAN, SIGNATURE, write_study

from gradsim_core.results import save_increments
from gradsim_core.similarities.gram import GramSeries
from gradsim_core.storage.store import Store

STEPS = (10, 20, 30, 40, 50, 60, 70, 80)
BLOCKS = ("embeddings", "layer.0", "layer.1", "head")


def stretches(clusters: Sequence[int], noise: float, seed: int = 0,
              turned: int = 0) -> list[np.ndarray]:
    """Gradients by block: each (n_increments, 2L, width).

    Parameters
    ----------
    noise : length of each stretch's noise in each half, relative to the cluster's direction
    turned : so many first stretches have the clusters in another order
    """
    rng = np.random.default_rng(seed)
    members = np.array(clusters)
    found = []
    for _ in BLOCKS:
        centres = np.eye(max(clusters) + 1, 60)
        base = np.stack([centres[np.roll(members, 1) if at < turned else members]
                         for at in range(len(STEPS))])
        spread = noise / np.sqrt(60) * rng.normal(size=(len(STEPS), len(members), 2, 60))
        found.append((base[:, :, None] + spread).reshape(len(STEPS), -1, 60))
    return found


def write_stretches(root: Path, parts: Sequence[np.ndarray],
                    keep_increments: bool = True) -> Store:
    """A finished study of these gradients, each stretch an increment and a snapshot."""
    n_languages = parts[0].shape[1] // 2
    sums = np.array([[block[:at + 1].sum(axis=0) @ block[:at + 1].sum(axis=0).T
                      for block in parts] for at in range(len(STEPS))])
    steps = np.array([[block[at] @ block[at].T for block in parts]
                      for at in range(len(STEPS))], dtype=np.float32)
    series = GramSeries(EUROPEAN[:n_languages], BLOCKS, STEPS, sums, STEPS, steps)
    store = write_study(root, series=series)
    if keep_increments:
        pairs = [(a, b) for a in range(len(STEPS)) for b in range(a, len(STEPS))]
        grams = np.array([[block[a] @ block[b].T for block in parts] for a, b in pairs])
        save_increments(store, SIGNATURE, grams.astype(np.float32), STEPS)
    return store
