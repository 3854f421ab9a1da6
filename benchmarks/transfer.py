"""Does the built-in study's similarity predict transfer? ``python -m benchmarks.transfer``.

One model a language is trained on that language alone, long enough to learn the task, and
scored on all languages; then every correction and block of the joint trial's
similarity is ranked against those scores. Per target: Spearman over the other languages,
averaged over targets. Pooled: Spearman over pairs, after taking each target's mean out. Family:
the same for "of one branch or not". This is what the built-in data's default correction rests on;
it is one data set, one gradient seed, and no interval.
"""

from __future__ import annotations

import argparse

import numpy as np
from scipy.stats import spearmanr

from gradsim_core.data import Corpus
from gradsim_core.execution import run_trials
from gradsim_core.gram import CORRECTIONS, GramSeries, similarity
from gradsim_core.joint import run_joint_trial
from gradsim_core.prepared import Prepared, prepare, study_record
from gradsim_core.results import load_results
from gradsim_core.store import Store
from gradsim_core.study import Study
from gradsim_core.trials import Trial, load_trial, study_budget, trial_of


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cache", default="cache")
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--transfer-steps", type=int, default=200)
    parser.add_argument("--steps", type=int, default=Study().steps)
    parser.add_argument("--batch-size", type=int, default=Study().batch_size)
    options = parser.parse_args()
    study = Study(steps=options.steps, batch_size=options.batch_size)
    store = Store(options.cache)
    prepared = prepare(study)
    if not store.exists(prepared.signature, "grams.safetensors"):
        run_joint_trial(prepared, store, observe=lambda event: None)
    series = load_results(store, prepared.signature).series
    runs = transfer(prepared, store, options.transfer_steps, options.seeds)
    report(series, prepared.corpus, runs)


def transfer(prepared: Prepared, store: Store, steps: int, seeds: int) -> np.ndarray:
    """(seed, source, target) accuracy over dev and test of models trained on one language each."""
    budget, record = study_budget(prepared.study, steps=steps), study_record(prepared)
    trials = [[trial_of((code,), seed, budget) for code in prepared.sources]
              for seed in range(seeds)]
    run_trials(prepared, store, [one for row in trials for one in row], observe=lambda event: None)

    def accuracy(trial: Trial, target: str) -> float:
        scores = load_trial(store, record, trial)["scores"]
        rows = [record["rows"][target][split] for split in ("dev", "test")]
        return float(np.average([scores[split][target]["accuracy"] for split in ("dev", "test")],
                                weights=rows))

    return np.array([[[accuracy(trial, target) for target in prepared.sources] for trial in row]
                     for row in trials])


def _rank_correlation(a: np.ndarray, b: np.ndarray) -> float:
    """Spearman's; NaN where a measure says the same of all."""
    return float(spearmanr(a, b)[0]) if np.ptp(a) and np.ptp(b) else float("nan")


def report(series: GramSeries, corpus: Corpus, runs: np.ndarray) -> None:
    scores, n = runs.mean(axis=0), len(series.languages)
    pairs, off = np.triu_indices(n, 1), ~np.eye(n, dtype=bool)
    gains = scores - scores.mean(axis=0)
    mutual = ((gains + gains.T) / 2)[pairs]

    def agreement(matrix: np.ndarray) -> tuple[float, float]:
        per_target = [_rank_correlation(np.delete(matrix[:, t], t), np.delete(scores[:, t], t))
                      for t in range(n)]
        return float(np.nanmean(per_target)), _rank_correlation(matrix[pairs], mutual)

    branch = np.array([corpus.languages[code].branch for code in series.languages])
    print(f"{n} languages, {len(runs)} seeds; zero-shot accuracy {scores[off].mean():.3f}, own "
          f"language {np.diag(scores).mean():.3f}")
    if len(runs) > 1:
        print(f"agreement of two seeds of transfer: r = "
              f"{np.corrcoef(runs[0][off], runs[1][off])[0, 1]:.2f}")
    print(f"{'measure':<16}{'blocks':<14}{'per target':>12}{'pooled':>9}")
    print("{:<16}{:<14}{:>12.2f}{:>9.2f}".format(
        "same branch", "", *agreement((branch[:, None] == branch[None, :]).astype(float))))
    for correction in CORRECTIONS:
        for blocks in ("encoder", "lower", "higher", "head"):
            found = similarity(series, blocks, correction=correction).matrix
            print("{:<16}{:<14}{:>12.2f}{:>9.2f}".format(
                correction, blocks, *agreement(np.nan_to_num(found))))


if __name__ == "__main__":
    main()
