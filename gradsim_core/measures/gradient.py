"""Gradients: the similarity that a study's joint run recorded, as a measure beside the others.

Conventions
-----------
Values are the study's reading (see `gradsim_core.similarities.gram`); every block of parameters is
a layer, read in the same way, in depth order. The halves are those of each language's rows, dealt
before training: a half is read from its own Grams alone.

Sources
-------
Wang et al., "GradSim", EMNLP 2023 (arXiv 2310.15269); Fifty et al. 2021 (arXiv 2109.04617).
"""

from __future__ import annotations

import numpy as np

from gradsim_core.measures.measure import Measure
from gradsim_core.similarities.block_ranges import block_places
from gradsim_core.similarities.gram import GramSeries, half_similarities, similarity

SOURCE = "Gradients of the joint run, after Wang et al., EMNLP 2023"


def gradient(series: GramSeries, correction: str = "raw", blocks: str = "layers",
             reading: str = "cosine_of_mean", snapshot: int = -1) -> Measure:
    """Read a study's Grams as a measure with one layer a place (embeddings, layers, head).

    Parameters
    ----------
    series, blocks, reading, correction, snapshot : as in `gram.similarity`

    Returns
    -------
    Measure
        Symmetric, with halves; NaN for languages whose gradients are not used.

    Raises
    ------
    StudyError
        As `gram.similarity`.
    """
    def read(block: str) -> tuple[np.ndarray, np.ndarray]:
        how = (reading, correction, snapshot)
        return similarity(series, block, *how).matrix, half_similarities(series, block, *how)

    values, halves = read(blocks)
    places = block_places(series.blocks)
    layers = [read(place) for place in places]
    unused = "; ".join(f"{code}: {why}" for code, why in series.invalid.items())
    return Measure(
        "gradient", "Gradients", series.languages, values, SOURCE,
        f"{reading}, {correction}, {blocks}, step ".replace("_", " ").capitalize()
        + f"{series.snapshots[snapshot]}."
        + (f" Not used: {unused}." if unused else ""),
        layers=places, by_layer=np.stack([matrix for matrix, _ in layers]), halves=halves,
        layer_halves=np.stack([half for _, half in layers], axis=1))
