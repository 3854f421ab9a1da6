"""Studies whose blocks follow the family or the labels of languages, as we chose."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from made_up_studies import BLOCKS, SIGNATURE, write_study

from gradsim_core import Results, load_results
from gradsim_core.findings.layers.lower_or_higher import LowerOrHigherPlan
from gradsim_core.measures import Measure
from gradsim_core.similarities.gram import GramSeries

CODES = ("deu", "spa", "nld", "ita", "swe", "por", "dan", "fra", "pol", "ces", "fin", "hun")
FAMILY = np.array([0, 1] * 6)
LABELS = np.array([0] * 4 + [1] * 4 + [2] * 4)
FALLING, RISING = (0.4, 0.32, 0.24, 0.16, 0.08, 0.0), (0.0, 0.08, 0.16, 0.24, 0.32, 0.4)
PLAN = LowerOrHigherPlan(linguistic=("family",), task=("distribution.labels",), permutations=999,
                         correction="raw")


def alike(kinds: Sequence[int]) -> np.ndarray:
    """1 for two languages of one kind, else 0."""
    return np.equal.outer(kinds, kinds).astype(float)


def series(family: Sequence[float], labels: Sequence[float], *, noise: float = 0.05,
           invalid: Mapping[str, str] | None = None, seed: int = 0,
           blocks: tuple[str, ...] = BLOCKS) -> GramSeries:
    """Grams whose blocks hold these weights of family and of labels, and pairs of their own."""
    rng, n = np.random.default_rng(seed), len(CODES)
    sums = []
    for of_family, of_labels in zip(family, labels, strict=True):
        own = rng.normal(size=(n, 4))
        gram = (0.5 * np.eye(n) + of_family * alike(FAMILY) + of_labels * alike(LABELS)
                + noise * own @ own.T)
        sums.append(np.kron(gram, np.ones((2, 2))))
    stack = np.array(sums)[None]
    return GramSeries(CODES, blocks, (120,), stack, (120,), stack.astype(np.float32),
                      dict(invalid or {}))


def results(tmp_path: Path, **how: Any) -> Results:
    return load_results(write_study(tmp_path, series=series(**how)), SIGNATURE)


def measure(name: str, values: np.ndarray, *, directed: bool = False) -> Measure:
    return Measure(name, name.title(), CODES, values, "made up", directed=directed)


MEASURES = {"family": measure("family", alike(FAMILY)),
            "distribution.labels": measure("distribution.labels", alike(LABELS))}
