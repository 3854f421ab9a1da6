"""How far blocks see the same languages as alike: a table of their rank correlations, in words.

Conventions
-----------
Functions are pure and return plain text and numbers; who shows it escapes it. Where layers are
taken apart, a table has a module of all layers side by side, so that the depth of each is read
along the diagonal.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.stats import rankdata

from dashboard.words.blocks import block_words
from dashboard.words.summaries import coefficient
from gradsim_core import Similarity, block_module, block_modules, block_place, block_places


def block_agreement(parts: Sequence[Similarity]) -> np.ndarray:
    """Spearman correlation of the pairs' similarities between blocks: (n_blocks, n_blocks).

    Returns
    -------
    numpy.ndarray
        Symmetric, over the pairs that both blocks define; NaN with fewer than three of them or
        where one is constant.
    """
    upper = np.triu_indices(len(parts[0].languages), 1)
    values = np.array([one.matrix[upper] for one in parts])
    n = len(values)
    table = np.full((n, n), np.nan)
    for i in range(n):
        for j in range(i, n):
            both = np.isfinite(values[i]) & np.isfinite(values[j])
            a, b = rankdata(values[i, both]), rankdata(values[j, both])
            if both.sum() > 2 and np.ptp(a) and np.ptp(b):
                table[i, j] = table[j, i] = np.corrcoef(a, b)[0, 1]
    return table


def agreement_rows(blocks: Sequence[str]) -> tuple[str, ...]:
    """The blocks as a table of their agreement has them: a module of all layers side by side.

    Examples
    --------
    >>> agreement_rows(("layer.0.attention", "layer.0.norms", "layer.1.attention", "head"))
    ('layer.0.attention', 'layer.1.attention', 'layer.0.norms', 'head')
    """
    modules, places = block_modules(blocks), block_places(blocks)
    in_layers = [block for module in modules for block in blocks if block_module(block) == module]
    at = next((i for i, place in enumerate(places) if place.startswith("layer.")), 0)
    rest = [block for block in blocks if not block_module(block)]
    return (*rest[:at], *in_layers, *rest[at:])


def agreement_sentence(table: np.ndarray, blocks: Sequence[str]) -> str:
    """Which blocks agree least, and how neighbours agree.

    Parameters
    ----------
    blocks : in the order of the table, as in `agreement_rows`
    """
    above = [(float(table[i, j]), blocks[i], blocks[j]) for i in range(len(blocks))
             for j in range(i + 1, len(blocks)) if np.isfinite(table[i, j])]
    if not above:
        return "Too few pairs of languages are defined to compare the blocks."
    apart = bool(block_modules(blocks))
    beside = [float(table[i, i + 1]) for i in range(len(blocks) - 1)
              if np.isfinite(table[i, i + 1])
              and block_module(blocks[i]) == block_module(blocks[i + 1])]
    inside = [value for value, one, other in above
              if apart and block_place(one) == block_place(other)]
    lowest, one, other = min(above)
    who = "The same module of neighbouring layers agrees" if apart else "Neighbouring blocks agree"
    said = [f"{who} at {coefficient(float(np.mean(beside)))} on average"] if beside else []
    if inside:
        said.append(f"two modules of one layer at {coefficient(float(np.mean(inside)))}")
    said.append(f"the two that agree least are {block_words(one)} and {block_words(other)} "
                f"({coefficient(lowest)}).")
    return "; ".join(said)
