"""How near a language that joins later comes to one that was there: rank correlations.

The same newcomer, with the same rows, four ways:

*joined*: at the weights that a finished study kept, at snapshots, of a small model at every step;
*every step*: its gradient at the weights of every step, still not trained on;
*trained*: a full recomputation of the study with the newcomer, which is trained on;
*another seed*: that recomputation with another seed: how much of it is no accident.

``python -m benchmarks.joining --newcomers nob,cat`` prints a line a newcomer and correction: how
the newcomer's similarities to the study's languages rank and correlate between two of them,
and how the study's own languages do between two full trainings, with the newcomer and without:
what no way of joining can pass for sure.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from scipy.stats import pearsonr, spearmanr

from gradsim_core.joining.adding import add_language
from gradsim_core.joining.rows import newcomer_rows
from gradsim_core.joining.series import with_joined
from gradsim_core.prepared import prepare
from gradsim_core.progress import silent
from gradsim_core.results import Results, load_results
from gradsim_core.similarities.gram import GramSeries, similarity
from gradsim_core.storage.store import Store
from gradsim_core.study import Study
from gradsim_core.study_text import load_study
from gradsim_core.training.joint import run_joint_trial

CORRECTIONS = ("raw", "centred", "all_but_top")


def finished(study: Study, store: Store) -> Results:
    """The study, run in a store."""
    prepared = prepare(study)
    run_joint_trial(prepared, store, silent, 1)
    return load_results(store, prepared.signature)


def joined(study: Study, code: str, store: Store, snapshots: int) -> GramSeries:
    """The study's Grams with the newcomer, from weights kept at so many snapshots."""
    results = finished(study.model_copy(update={"keep_weights": True, "snapshots": snapshots}),
                       store)
    name = add_language(store, results, newcomer_rows(results.record, code), silent, 1).name
    return with_joined(store, results, [name]).series


def row(series: GramSeries, code: str, others: Sequence[str], correction: str,
        blocks: str) -> np.ndarray:
    """Similarities of a language to others."""
    found = similarity(series, blocks, correction=correction)
    at = found.languages.index(code)
    return found.matrix[at, [found.languages.index(one) for one in others]]


def main() -> None:
    """Print a line a newcomer and correction."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--study", type=Path, help="YAML; left out: the built-in study")
    asked.add_argument("--newcomers", required=True, help="codes, with commas between")
    asked.add_argument("--steps", type=int, help="of every run; left out: the study's")
    asked.add_argument("--blocks", default="layers")
    asked.add_argument("--every-step", action="store_true", help="compare with every step too")
    asked.add_argument("--seeds", type=int, default=0, help="further full recomputations")
    given = asked.parse_args()
    study = load_study(given.study) if given.study else Study()
    if given.steps:
        study = study.model_copy(update={"steps": given.steps})
    with tempfile.TemporaryDirectory() as folder:
        store = Store(folder)
        own = [*prepare(study).corpus.languages]
        for code in given.newcomers.split(","):
            base = study.model_copy(update={"languages": tuple(one for one in own if one != code)})
            few = joined(base, code, store, study.snapshots)
            every = joined(base, code, store, study.steps) if given.every_step else None
            whole = study.model_copy(update={"languages": tuple({*own, code})})
            full, *again = (
                finished(whole.model_copy(update={"seed": whole.seed + i}), store).series
                for i in range(1 + given.seeds))
            others = [one for one in few.languages if one != code]
            for correction in CORRECTIONS:
                report(code, correction, given.blocks, others, few, every, full, again)


def report(code: str, correction: str, blocks: str, others: Sequence[str], few: GramSeries,
           every: GramSeries | None, full: GramSeries, again: Sequence[GramSeries]) -> None:
    """Print how the ways compare."""
    rows = {"joined": row(few, code, others, correction, blocks),
            "trained": row(full, code, others, correction, blocks)}
    if every is not None:
        rows["every step"] = row(every, code, others, correction, blocks)
    seeds = [row(one, code, others, correction, blocks) for one in again]
    upper = np.triu_indices(len(others), 1)
    pairs = [np.stack([row(one, other, others, correction, blocks) for other in others])[upper]
             for one in (few, full)]
    words = [f"joined and {name}: rank {spearmanr(rows['joined'], found)[0]:.3f}, "
             f"linear {pearsonr(rows['joined'], found)[0]:.3f}"
             for name, found in rows.items() if name != "joined"]
    if seeds:
        words.append("another seed and trained: rank " + ", ".join(
            f"{spearmanr(one, rows['trained'])[0]:.3f}" for one in seeds))
    print(f"{code:8}{correction:12}", "; ".join(words),
          f"; the others, without and with it: rank {spearmanr(*pairs)[0]:.3f}", flush=True)


if __name__ == "__main__":
    main()
