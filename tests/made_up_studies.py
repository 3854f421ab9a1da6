"""Small finished studies that were never trained: Grams with blocks of languages we chose.

Each language's gradient is the direction of its cluster plus a part of its own, and each half
adds noise of its own; the Grams are inner products of such vectors, so they are what Grams must
be, and the clusters and reliabilities are known beforehand.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from gradsim_core.languages.resolving import Language, resolve_or_own
from gradsim_core.prepared import RECORD, language_record, versions
from gradsim_core.results import SCORES, save_grams
from gradsim_core.similarities.gram import GramSeries
from gradsim_core.storage.store import Store
from gradsim_core.study import METHOD_VERSION, Study
from gradsim_core.study_text import study_yaml

SIGNATURE = "0123456789abcdef"
EUROPEAN = ("deu", "spa", "nld", "ita", "swe", "por", "dan", "fra")
BLOCKS = ("embeddings", "layer.0", "layer.1", "layer.2", "layer.3", "head")
HOSTILE = ("<img src=http://out.example/a.png>", "![x](http://out.example/b.png)",
           "<a href='javascript:alert(1)'>Ewe</a>", "=HYPERLINK(\"http://out.example\")",
           "www.out.example", "**bold** :red[x] $x^2$ `c` %{z}")
"""Names that would leave the page, or run, where they are read as markup."""


def made_up_series(clusters: Sequence[int], *, noise: Mapping[int, float] | None = None,
                   codes: Sequence[str] | None = None, seed: int = 0,
                   invalid: Mapping[str, str] | None = None) -> GramSeries:
    """Grams of languages whose gradients fall into clusters.

    Parameters
    ----------
    clusters : one number a language; languages of one number are alike
    noise : position -> length of the noise in each half of that language, relative to 0.3
    """
    rng = np.random.default_rng(seed)
    n, snapshots, dimensions = len(clusters), (30, 60, 90, 120), 400
    centres = rng.normal(size=(max(clusters) + 1, dimensions)) / np.sqrt(dimensions)
    centres -= centres.mean(axis=0)
    sums = np.zeros((len(snapshots), len(BLOCKS), 2 * n, 2 * n))
    for block in range(len(BLOCKS)):
        shared = 1.2 - 0.15 * block
        own = rng.normal(size=(n, dimensions)) / np.sqrt(dimensions)
        base = shared * centres[list(clusters)] + 0.8 * own
        spread = np.array([0.3 * (noise or {}).get(i, 1.0) for i in range(n)])
        half = rng.normal(size=(n, 2, dimensions)) / np.sqrt(dimensions) * spread[:, None, None]
        for at, step in enumerate(snapshots):
            vectors = step * base[:, None] + np.sqrt(step * snapshots[-1]) * half
            flat = vectors.reshape(2 * n, dimensions)
            sums[at, block] = flat @ flat.T
    steps = (sums[::1] / np.square(snapshots)[:, None, None, None]).astype(np.float32)
    return GramSeries(tuple(codes or EUROPEAN[:n]), BLOCKS, snapshots, sums, snapshots, steps,
                      dict(invalid or {}))


def write_study(root: Path, *, signature: str = SIGNATURE, series: GramSeries | None = None,
                names: Mapping[str, str] | None = None, targets: Sequence[str] = (),
                name: str = "", preset: str = "afrisenti") -> Store:
    """Write a finished study into a cache folder; its data are said to be the preset's."""
    store = Store(root)
    series = series or made_up_series([0, 1] * 4)
    languages = []
    for code in (*series.languages, *targets):
        found = resolve_or_own(code)
        own = (names or {}).get(code)
        languages.append(Language(code=code, name=own) if own else found)
    study = Study(name=name, preset=preset, steps=series.snapshots[-1], snapshots=4)
    record = {
        "signature": signature, "method_version": METHOD_VERSION,
        "study": study.model_dump(mode="json"), "task": "sequence", "metric": "weighted_f1",
        "labels": ["currency", "language", "territory", "timezone"],
        "source": "builtin, Unicode CLDR names",
        "languages": [language_record(language) for language in languages],
        "sources": list(series.languages),
        "rows": {one.code: {"train": 600, "dev": 80, "test": 80} for one in languages},
        "data_fingerprints": {one.code: f"{i:064x}" for i, one in enumerate(languages)},
        "model_fingerprint": "0" * 64, "versions": versions()}
    store.write_json(signature, RECORD, record)
    store.write_text(signature, "study.yaml", study_yaml(study))
    save_grams(store, signature, series, {
        "mode": "exact", "sketch_size": None, "packed": True, "n_parameters": 1_200_000,
        "truncated": {series.languages[0]: 3}, "lost_words": {}, "train_seconds": 61.5,
        "resumed_at": 0, "threads": 2, "peak_memory_bytes": 512_000_000})
    scores = {one.code: {"accuracy": 0.8, "macro_f1": 0.7, "weighted_f1": 0.75 - 0.01 * i}
              for i, one in enumerate(languages)}
    store.write_json(signature, SCORES, {"metric": "weighted_f1",
                                         "scores": {"dev": scores, "test": scores}})
    return store
