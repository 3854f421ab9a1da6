"""Every reading of a study's gradients, side by side.

Conventions
-----------
A reading is one choice of each of `FACTORS`: what the gradients are divided by (`preconditioner`),
how cosines are averaged, how they are corrected, which blocks count, and at which snapshot. Blocks
are named as in `gram.block_indexes`, and names that mean the same blocks are read once. Snapshots
are those nearest to a quarter, to half and to all of the training.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np

from gradsim_core.errors import StudyError
from gradsim_core.similarities.block_ranges import block_indexes, block_modules, block_places
from gradsim_core.similarities.corrections import CORRECTIONS
from gradsim_core.similarities.gram import READINGS, GramSeries, similarity

FACTORS = ("preconditioner", "reading", "correction", "blocks", "snapshot")
SNAPSHOTS: Mapping[str, float] = {"last": 1.0, "half": 0.5, "quarter": 0.25}


@dataclass(frozen=True)
class ReadAs:
    """One reading, a level of every factor, and the step that the snapshot was taken at."""

    preconditioner: str
    reading: str
    correction: str
    blocks: str
    snapshot: str
    step: int

    def level(self, factor: str) -> str:
        """Its level of a factor."""
        return str(getattr(self, factor))


def block_choices(blocks: tuple[str, ...]) -> list[str]:
    """Names of the sets of blocks that are read, each set once; modules are read over all layers.

    Examples
    --------
    >>> block_choices(("embeddings", "layer.0", "layer.1", "head"))
    ['layers', 'encoder', 'lower', 'higher', 'embeddings', 'head', 'all']
    """
    places = block_places(blocks)
    layers = [name for name in places if name.startswith("layer.")]
    names = ["layers", "encoder", *(["lower", "higher"] if layers else []), *block_modules(blocks),
             *places, "all"]
    found: dict[tuple[int, ...], str] = {}
    for name in names:
        try:
            found.setdefault(tuple(block_indexes(name, blocks)), name)
        except StudyError:
            continue  # one layer has no higher half
    return list(found.values())


def snapshot_choices(snapshots: Sequence[int]) -> dict[str, int]:
    """Name -> index of the snapshot nearest to that share of the training, each index once.

    Examples
    --------
    >>> snapshot_choices((10, 20, 30, 40)), snapshot_choices((40,))
    ({'last': 3, 'half': 1, 'quarter': 0}, {'last': 0})
    """
    steps, found = np.array(snapshots), dict[str, int]()
    for name, share in SNAPSHOTS.items():
        at = int(np.abs(steps - share * steps[-1]).argmin())
        if at not in found.values():
            found[name] = at
    return found


def all_readings(series: Mapping[str, GramSeries],
                 codes: Sequence[str]) -> tuple[list[ReadAs], np.ndarray]:
    """Read every combination.

    Parameters
    ----------
    series : preconditioner -> Grams of the same model, with the same blocks and snapshots
    codes : the languages that are compared

    Returns
    -------
    tuple
        N readings, and their similarities (N, L, L); NaN where undefined, and on the diagonal.
    """
    readings, stack = [], []
    for name, grams in series.items():
        at = [grams.languages.index(code) if code in grams.languages else -1 for code in codes]
        lacking = np.array(at) < 0
        for how, correction, blocks, (when, index) in product(
                READINGS, CORRECTIONS, block_choices(grams.blocks),
                snapshot_choices(grams.snapshots).items()):
            found = similarity(grams, blocks, how, correction, index)
            matrix = found.matrix[np.ix_(at, at)].copy()
            matrix[lacking] = matrix[:, lacking] = np.nan
            np.fill_diagonal(matrix, np.nan)
            readings.append(ReadAs(name, how, correction, blocks, when, found.step))
            stack.append(matrix)
    return readings, np.stack(stack)
