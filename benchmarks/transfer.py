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
import torch
from scipy.stats import spearmanr

from gradsim_core.data import Corpus
from gradsim_core.encoding import Encoded, encode_split
from gradsim_core.evaluation import predict
from gradsim_core.gram import CORRECTIONS, GramSeries, similarity
from gradsim_core.joint import run_joint_trial
from gradsim_core.models import load_encoder
from gradsim_core.prepared import prepare
from gradsim_core.results import load_results
from gradsim_core.store import Store
from gradsim_core.study import Study
from gradsim_core.training import start_training, train_step


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cache", default="cache")
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--transfer-steps", type=int, default=200)
    options = parser.parse_args()
    study, store = Study(), Store(options.cache)
    prepared = prepare(study)
    if not store.exists(prepared.signature, "grams.safetensors"):
        run_joint_trial(prepared, store, observe=lambda event: None)
    series = load_results(store, prepared.signature).series
    longer = study.model_copy(update={"steps": options.transfer_steps})
    runs = np.stack([transfer(prepared.corpus, longer, seed) for seed in range(options.seeds)])
    report(series, prepared.corpus, runs)


def transfer(corpus: Corpus, study: Study, seed: int) -> np.ndarray:
    """(source, target) accuracy over dev and test of models trained on one language each."""
    codes = list(corpus.languages)
    rows = {}
    for name in ("train", "dev", "test"):
        encoder = load_encoder(study.model, None, corpus.task, corpus.labels, seed,
                               study.max_length)
        rows[name] = {code: encode_split(corpus.split(code, name), corpus.task, corpus.labels,
                                         encoder.tokenizer, study.max_length) for code in codes}
    scores = np.zeros((len(codes), len(codes)))
    for i, source in enumerate(codes):
        encoder = load_encoder(study.model, None, corpus.task, corpus.labels, seed,
                               study.max_length)
        alone = study.model_copy(update={"seed": seed, "gradients": "sketch", "sketch_size": 64})
        training = start_training(encoder, (source,), alone)
        for _ in range(study.steps):
            train_step(training, rows["train"], alone, packed=True)
        for j, target in enumerate(codes):
            scores[i, j] = np.mean([right for name in ("dev", "test")
                                    for right in correct(encoder, rows[name][target])])
    return scores


def correct(encoder, rows: Encoded) -> list[bool]:
    return [int(found) == int(label) for found, label in
            zip(predict(encoder, rows, packed=True), rows.labels, strict=True)]


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
    torch.set_num_threads(1)
    main()
