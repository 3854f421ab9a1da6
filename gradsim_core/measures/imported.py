"""Similarities from elsewhere: one table, or one a layer, as a measure.

Conventions
-----------
Layers are ordered by the number in their name; names that differ in nothing else are called by
it ("layer 0", "layer 1"), others keep their own. What a layer is, the source of the tables says:
in mPLM-Sim's files layer 0 is the embeddings. The values of a measure with several layers are the
mean over layers of each layer's standard scores (its values minus their mean, over their standard
deviation): no layer is chosen before any is compared, and none counts more because its cosines
spread more. A language that a layer lacks is missing there, and the mean is over the others.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Protocol

import numpy as np

from gradsim_core.errors import DataError
from gradsim_core.measures.measure import Measure

_NUMBER = re.compile(r"\d+")


class Table(Protocol):
    """A similarity that was read from a file, such as `pair_tables.SimilarityTable`."""

    @property
    def languages(self) -> tuple[str, ...]:
        """Codes, in the order of the rows."""

    def among(self, codes: Sequence[str]) -> np.ndarray:
        """The similarity of these languages; NaN where it lacks one."""


def imported(name: str, tables: Mapping[str, Table]) -> Measure:
    """Put tables together as one measure.

    Parameters
    ----------
    name : as in ``imported.<name>``
    tables : what each is called, such as the file's name without its ending -> table

    Returns
    -------
    Measure
        Symmetric; with layers where there is more than one table; languages in the order of
        their first appearance.

    Raises
    ------
    DataError
        If there is no table, or two have the same name.
    """
    if not tables:
        raise DataError("No table of a similarity was given. Name a file or a folder of them.")
    order = layer_order(list(tables))
    codes = tuple(dict.fromkeys(code for at in order for code in tables[at].languages))
    stack = np.stack([tables[at].among(codes) for at in order])
    source = f"Imported: {order[0]}" + (f" to {order[-1]}" if len(order) > 1 else "")
    title = f"Imported: {name}"
    if len(order) == 1:
        return Measure(f"imported.{name}", title, codes, stack[0], source)
    return Measure(f"imported.{name}", title, codes, mean_of_scores(stack), source,
                   f"Mean of the standard scores of {len(order)} layers.", layer_names(order),
                   stack)


def mean_of_scores(stack: np.ndarray) -> np.ndarray:
    """Mean over layers of each layer's standard scores: (N, L, L) -> (L, L).

    A layer that is the same for all pairs scores 0 for each; NaN where no layer has a value.
    """
    scores = np.full(stack.shape, np.nan)
    pairs = ~np.eye(stack.shape[1], dtype=bool)
    for score, table in zip(scores, stack, strict=True):
        there = pairs & np.isfinite(table)
        values = table[there]
        varies = len(values) > 0 and np.ptp(values) > 1e-12
        score[there] = (values - values.mean()) / values.std() if varies else 0.0
    count = np.isfinite(scores).sum(axis=0)
    return np.divide(np.nansum(scores, axis=0), count, where=count > 0,
                     out=np.full(count.shape, np.nan))


def layer_order(names: Sequence[str]) -> list[str]:
    """Names sorted by the numbers in them, then by letters.

    Examples
    --------
    >>> layer_order(["sents_layer10", "sents_layer2"])
    ['sents_layer2', 'sents_layer10']
    """
    return sorted(names, key=lambda name: ([int(one) for one in _NUMBER.findall(name)], name))


def layer_names(names: Sequence[str]) -> tuple[str, ...]:
    """What to call layers: by their number, where the names differ in nothing else.

    Examples
    --------
    >>> layer_names(["sents_layer2", "sents_layer10"]), layer_names(["lower", "upper"])
    (('layer 2', 'layer 10'), ('lower', 'upper'))
    """
    numbers = [_NUMBER.findall(name) for name in names]
    rest = {_NUMBER.sub("#", name) for name in names}
    differing = [at for at in range(len(numbers[0]))
                 if len({found[at] for found in numbers}) > 1] if len(rest) == 1 else []
    if len(differing) != 1:
        return tuple(names)
    return tuple(f"layer {int(found[differing[0]])}" for found in numbers)
