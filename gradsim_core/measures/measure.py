"""What a measure is: one similarity of languages, with where it comes from.

Conventions
-----------
Rows are sources (trained on), columns targets (tested on); most measures are symmetric, and
`Measure.directed` says which are not. Larger is nearer. NaN is missing: it is never filled in
here. The diagonal is NaN: a language is compared with others alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from gradsim_core.errors import DataError


@dataclass(frozen=True, eq=False)
class Measure:
    """A similarity of languages.

    Attributes
    ----------
    name : as in `MEASURES`, such as "lexical.ngrams"
    title : what people call it
    languages : codes, L of them
    values : (L, L) float64, the reading that is compared with other measures
    source : citation, in one line
    note : coverage, confidence, choices: what a reader must know; may be empty
    layers : names in depth order, N of them; empty for a measure without layers
    by_layer : (N, L, L) float64, or None without layers
    halves : (2, L, L) float64 where two disjoint halves of the data each give the measure, for its
        split-half reliability; else None
    layer_halves : (2, N, L, L) float64, or None
    directed : whether value[s, t] may differ from value[t, s]
    """

    name: str
    title: str
    languages: tuple[str, ...]
    values: np.ndarray
    source: str
    note: str = ""
    layers: tuple[str, ...] = ()
    by_layer: np.ndarray | None = None
    halves: np.ndarray | None = None
    layer_halves: np.ndarray | None = None
    directed: bool = False

    def __post_init__(self) -> None:
        n, n_layers = len(self.languages), len(self.layers)
        shapes = {"values": (n, n), "by_layer": (n_layers, n, n), "halves": (2, n, n),
                  "layer_halves": (2, n_layers, n, n)}
        for name, shape in shapes.items():
            given = getattr(self, name)
            if given is None:
                continue
            array = np.array(given, dtype=np.float64)
            if array.shape != shape:
                raise DataError(f"Measure {self.name!r}: {name} of {n} languages and {n_layers} "
                                f"layers cannot have the shape {array.shape}. Pass {shape}.")
            array[..., range(n), range(n)] = np.nan
            array.setflags(write=False)
            object.__setattr__(self, name, array)

    @property
    def coverage(self) -> float:
        """Share of the pairs of two different languages that have a value."""
        n = len(self.languages)
        return float(np.isfinite(self.values).sum() / (n * (n - 1))) if n > 1 else float("nan")

    def among(self, codes: Sequence[str]) -> Measure:
        """The measure of these languages, in their order; NaN where it lacks one."""
        at = [self.languages.index(code) if code in self.languages else -1 for code in codes]
        lacking = np.array(at) < 0

        def chosen(array: np.ndarray | None) -> np.ndarray | None:
            if array is None:
                return None
            found = array[..., at, :][..., at].copy()
            found[..., lacking, :] = np.nan
            found[..., lacking] = np.nan
            return found

        values = chosen(self.values)
        assert values is not None
        return Measure(self.name, self.title, tuple(codes), values, self.source, self.note,
                       self.layers, chosen(self.by_layer), chosen(self.halves),
                       chosen(self.layer_halves), self.directed)
