"""Finished correlations that were never computed: similarities and scores drawn at random.

What a page works out from the numbers fits together: the tables of each target are Spearman's,
Kendall's and the others' own; only intervals, p values and ceilings are made up.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from made_up_experiments import NAMES
from made_up_studies import BLOCKS, EUROPEAN, SIGNATURE
from scipy.stats import kendalltau, spearmanr

from gradsim_core.findings.transfer.measures_words import p_words, short

GERMANIC = ("deu", "nld", "swe", "dan")
MEASURES = {"gradient": ("Gradients", 0.9), "lexical.ngrams": ("Shared character n-grams", 0.6),
            "family": ("Family tree", 0.4), "geographic": ("Geographic nearness", 0.2),
            "distribution.size": ("Size of the source", 0.0)}
"""Name -> title, and how much of it is the transfer itself."""


def made_up_measures(codes: Sequence[str] = EUROPEAN, *, names: Mapping[str, str] = NAMES,
                     signature: str = SIGNATURE, title: str = "", left_out: str = "",
                     scores: str = "", best_layer: bool = True, name: str = "",
                     identity: str = "00ff00ff00ff00ff") -> dict[str, Any]:
    """The content of the finding "measures" on these languages.

    Parameters
    ----------
    title : of the first measure, if not its own
    left_out : why a language was not compared
    scores : name of imported scores; "" for the study's own transfer
    best_layer : whether one layer is best beyond chance
    name : of the study
    """
    draw, n = np.random.default_rng(len(codes)), len(codes)
    kin = np.array([[(a in GERMANIC) == (b in GERMANIC) for b in codes] for a in codes], float)
    transfer = np.clip(0.35 + 0.15 * kin + 0.08 * draw.normal(size=(1, n))
                       + 0.04 * draw.normal(size=(n, n)), 0, 1)
    if n > 3:
        transfer[0, 1] = np.nan  # a cell that nobody trained
    measures = []
    for at, (key, (words, share)) in enumerate(MEASURES.items()):
        noise = draw.normal(size=(n, n))
        values = share * (transfer - 0.4) / 0.12 + (1.2 - share) * (noise + noise.T) / 2
        values = np.tanh(values / 2)
        if key == "geographic":
            values[:, -1] = values[-1, :] = np.nan
        measures.append(_measure(key, (title if not at else "") or words, codes, values, transfer,
                                 at, best_layer))
    first = measures[0]["target_spearman"]
    return {
        "$schema": "gradsim.measures/1", "id": identity,
        "study": {"signature": signature, "name": name or "Made-up study", "source": "made up",
                  "model": "tiny-bytes", "task": "sequence", "metric": "weighted_f1"},
        "versions": {"gradsim": "0"},
        "plan": {"scores": scores or "transfer", "seeds": 3, "permutations": 9999,
                 "resamples": 1999},
        "languages": [{"code": code, "name": names.get(code, code),
                       "branch": "Germanic" if code in GERMANIC else "Romance"} for code in codes],
        "left_out": [{"code": "rus", "name": "Russian", "reason": left_out}] if left_out else [],
        "verdict": f"{measures[0]['title']} predict transfer best: mean Spearman "
                   f"{short(first['value'])} ({p_words(first['p_corrected'])} after correction).",
        "method": ["p: the languages' labels are permuted 9,999 times, rows and columns "
                   "together.", "Intervals: languages are drawn with replacement 1,999 times."],
        "scores": {"kind": "imported" if scores else "transfer", "name": scores,
                   "metric": "weighted_f1", "split": "test", "gain_over": "",
                   "seeds": [0] if scores else [0, 1, 2],
                   "budget": None if scores else {"steps": 72, "batch_size": 16},
                   "origin": "one language a model",
                   "agreement": {"correlation": 0.8, "reliability": 0.92}},
        "transfer": _table(transfer), "measures": measures,
        "permutations": {"count": 9999, "exact": False},
        "not_measured": [{"name": "distribution.script", "title": "Same script",
                          "reason": "All pairs share a script."}]}


def _measure(name: str, title: str, codes: Sequence[str], values: np.ndarray,
             transfer: np.ndarray, rank: int, best_layer: bool) -> dict[str, Any]:
    np.fill_diagonal(values, np.nan)
    targets = [_target(code, values[:, at], transfer[:, at], at) for at, code in enumerate(codes)]
    keys = ("spearman", "kendall", "ndcg3", "regret1")
    mean = {key: float(np.mean(known)) if (known := [
        one[key] for one in targets if one[key] is not None]) else None for key in keys}
    value = mean["spearman"] or 0.0
    p = (0.0001, 0.012, 0.09, 0.4, 0.8)[rank]
    result = {"value": value, "interval": [value - 0.2, min(1.0, value + 0.15)], "p": p}
    layers = [] if rank else [
        {"layer": block, "value": value - 0.08 * abs(at - 3), "interval": [
            value - 0.08 * abs(at - 3) - 0.2, value - 0.08 * abs(at - 3) + 0.2],
         "p": 0.002, "p_corrected": 0.01 if best_layer and at == 3 else 0.2}
        for at, block in enumerate(BLOCKS)]
    return {
        "name": name, "title": title, "source": "made up", "note": "", "directed": rank == 4,
        "coverage": float(np.isfinite(values).sum() / max(1, len(codes) * (len(codes) - 1))),
        "values": _table(values), "per_target": targets, "mean": mean,
        "target_spearman": {**result, "p_corrected": min(1.0, 3 * p)},
        "pooled": {"pearson": result, "spearman": result, "both": result},
        "ceiling": {"similarity": None if rank else 0.85, "transfer": 0.92,
                    "value": 0.88 if not rank else 0.96, "share": value / 0.9},
        "incremental": None if rank else {
            "controls": ["family", "geographic"], "error_controls": 0.2, "error_both": 0.31,
            "gain": 0.11, "interval": [0.02, 0.2], "beta": 0.4, "p": 0.03, "n_pairs": 55,
            "n_languages": len(codes)},
        "behind_first": {"value": 0.1 * rank, "interval": [0.1 * rank - 0.12, 0.1 * rank + 0.12]}
        if rank else None,
        "layers": layers, "best_layer": BLOCKS[3] if layers else None}


def _target(code: str, similarity: np.ndarray, transfer: np.ndarray, at: int) -> dict[str, Any]:
    known = np.isfinite(similarity) & np.isfinite(transfer)
    known[at] = False
    a, b = similarity[known], transfer[known]
    if len(a) < 3:
        return {"code": code, "spearman": None, "kendall": None, "ndcg3": None, "regret1": None,
                "n": len(a)}
    return {"code": code, "spearman": float(spearmanr(a, b).statistic),
            "kendall": float(kendalltau(a, b).statistic), "ndcg3": 0.8,
            "regret1": float(b.max() - b[np.argmax(a)]), "n": len(a)}


def _table(values: np.ndarray) -> list[list[float | None]]:
    return [[float(one) if np.isfinite(one) else None for one in row] for row in values]
