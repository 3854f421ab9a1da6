"""Findings that were never computed: numbers along depth that we chose, in the engine's format."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from made_up_studies import BLOCKS, EUROPEAN, SIGNATURE

from gradsim_core import Store

NAMES = {"deu": "German", "spa": "Spanish", "nld": "Dutch", "ita": "Italian", "swe": "Swedish",
         "por": "Portuguese", "dan": "Danish", "fra": "French"}
FALLING, RISING = (0.42, 0.36, 0.30, 0.21, 0.12, 0.05), (0.02, 0.05, 0.11, 0.18, 0.27, 0.40)


def finding_head(kind: str, name: str, codes: Sequence[str], names: Mapping[str, str],
                 signature: str, left_out: str) -> dict[str, Any]:
    """What the contents of all kinds begin with."""
    return {
        "$schema": f"gradsim.{kind}/1", "id": name,
        "study": {"signature": signature, "source": "made up", "task": "sequence",
                  "metric": "weighted_f1", "name": "Made-up study", "model": "tiny-bytes"},
        "versions": {"gradsim": "0.1.0"}, "plan": {},
        "languages": [{"code": code, "name": names.get(code, code),
                       "branch": "Germanic" if at % 2 == 0 else "Italic"}
                      for at, code in enumerate(codes)],
        "left_out": [{"code": "rus", "name": "Russian", "reason": left_out}] if left_out else []}


def made_up_lower_or_higher(codes: Sequence[str] = EUROPEAN, *, name: str = "aa11aa11aa11aa11",
                            names: Mapping[str, str] = NAMES, signature: str = SIGNATURE,
                            linguistic: Sequence[float] | None = FALLING,
                            task: Sequence[float] | None = RISING, verdict: str = "",
                            left_out: str = "", title: str = "Family") -> dict[str, Any]:
    """Content of `lower-or-higher` over `BLOCKS`.

    Parameters
    ----------
    linguistic, task : a share a block; None for a side without measures
    title : of the family measure
    """
    sides = {"linguistic": linguistic, "task": task}
    full = linguistic is not None and task is not None
    return {
        **finding_head("lower-or-higher", name, codes, names, signature, left_out),
        "plan": {"linguistic": ["family", "distribution.script"], "task": ["distribution.labels"],
                 "centred": True, "permutations": 9999, "resamples": 1999, "seed": 0},
        "reading": {"reading": "cosine_of_mean", "correction": "raw", "step": 120},
        "n_pairs": len(codes) * (len(codes) - 1) // 2,
        "predictors": {side: [] if shares is None else
                       ["family", "distribution.script"] if side == "linguistic" else
                       ["distribution.labels"] for side, shares in sides.items()},
        "unused": [{"name": "topic", "side": "task", "reason": "it is not available"}],
        "titles": {"family": title, "distribution.script": "Script",
                   "distribution.labels": "Label distribution", "topic": "Topics"},
        "blocks": [{"block": block, **{side: _share(shares, at) for side, shares in sides.items()},
                    "total_r2": 0.55} for at, block in enumerate(BLOCKS)],
        "trend": {"blocks": [block for block in BLOCKS if block != "head"],
                  **({"slope": -0.62, "interval": [-0.81, -0.33], "p": 0.0007} if full else
                     {"slope": None, "interval": None, "p": None})},
        "verdict": verdict or ("The higher the block, the more task and the less language: made "
                               "up." if full else "Nothing can be compared: made up."),
        "method": ["Made up, with 9,999 permutations.", "8 languages, 28 pairs."]}


def _share(shares: Sequence[float] | None, at: int) -> dict[str, Any]:
    if shares is None:
        return {"share": None, "r2": None, "interval": None, "p": None}
    return {"share": shares[at], "r2": shares[at] + 0.1,
            "interval": [shares[at] - 0.08, shares[at] + 0.1],
            "p": 0.001 if shares[at] > 0.1 else 0.3}


def made_up_topic_or_language(codes: Sequence[str] = EUROPEAN, *, name: str = "bb22bb22bb22bb22",
                              names: Mapping[str, str] = NAMES, signature: str = SIGNATURE,
                              verdict: str = "", left_out: str = "",
                              topics: Sequence[str] = ("sport", "politics")) -> dict[str, Any]:
    """Content of `topic-or-language` over `BLOCKS`: language first, topic at the end."""
    def span(value: float) -> dict[str, Any]:
        return {"value": value, "interval": [value - 0.06, value + 0.07], "p": 0.01}

    return {
        **finding_head("topic-or-language", name, codes, names, signature, left_out),
        "topics": list(topics),
        "reading": {"reading": "cosine_of_mean", "correction": "centred", "step": 120},
        "cells": [{"code": f"{code}.{at}", "language": code, "topic": topic, "rows": 120 + at}
                  for code in codes for at, topic in enumerate(topics)],
        "blocks": [{"block": block, "within_language": span(0.5 + low), "neither": span(0.2),
                    "within_topic": span(0.3 + high),
                    "difference": span(0.2 + low - high)}
                   for block, low, high in zip(BLOCKS, FALLING, RISING, strict=True)],
        "trend": {"slope": -0.58, "interval": [-0.7, -0.4], "p": 0.001},
        "crossover": "layer.2",
        "verdict": verdict or "Language counts more up to layer.1, topic from layer.2 on: made up.",
        "method": ["Made up, cell by cell.", "16 cells."]}


def write_finding(store: Store, content: Mapping[str, Any]) -> None:
    """Put a finding where the engine would have put it."""
    kind = content["$schema"].removeprefix("gradsim.").removesuffix("/1")
    store.write_json(content["study"]["signature"], f"findings/{kind}-{content['id']}.json",
                     content)
