"""Finished experiments that were never run: scores drawn at random around gains we chose.

The comparison and the verdict are the engine's own, so that everything in the content fits
together; only the scores, the groups and the costs are made up.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
from made_up_studies import EUROPEAN, SIGNATURE

from gradsim_core import Plan, Store
from gradsim_core.experiments.comparison import RANDOM, compare
from gradsim_core.experiments.plans import TITLES, USES_TEST
from gradsim_core.experiments.verdict import verdict

GAINS = {"gradient": 0.021, "monolingual": -0.034, "all_languages": 0.0, "family": 0.012,
         RANDOM: -0.008, "oracle": 0.028, "hand": 0.004, "table": 0.009}
NAMES = {"deu": "German", "spa": "Spanish", "nld": "Dutch", "ita": "Italian", "swe": "Swedish",
         "por": "Portuguese", "dan": "Danish", "fra": "French", "pol": "Polish", "ces": "Czech",
         "fin": "Finnish", "hun": "Hungarian"}


def made_up_experiment(codes: Sequence[str] = EUROPEAN, *, plan: Plan | None = None,
                       names: Mapping[str, str] = NAMES, signature: str = SIGNATURE,
                       gains: Mapping[str, float] | None = None, title: str = "",
                       left_out: str = "") -> dict[str, Any]:
    """The content of an experiment on these languages.

    Parameters
    ----------
    gains : strategy -> fraction that it scores above one model for all
    title : of the first strategy, if not its own
    left_out : why a language was not compared
    """
    plan, gains = plan or Plan(), {**GAINS, **(gains or {})}
    draw = np.random.default_rng(len(codes))
    n, shape = len(codes), (plan.seeds, len(codes))
    level = draw.uniform(0.52, 0.84, n)
    shared = 0.006 * draw.normal(size=(plan.seeds, 1))
    scores = {name: np.clip(level + gains[name] + 0.012 * draw.normal(size=n) + shared
                            + 0.006 * draw.normal(size=shape), 0, 1)
              for name in plan.strategies}
    draws = None
    if RANDOM in scores:
        draws = np.clip(level + gains[RANDOM] + 0.011 * draw.normal(size=(plan.draws, 1, 1))
                        + 0.01 * draw.normal(size=(plan.draws, *shape)), 0, 1)
        scores[RANDOM] = draws.mean(axis=0)
    found = compare(scores, draws, languages=list(codes), resamples=999)
    groups = {name: _groups(name, codes) for name in scores}
    titles = {name: TITLES[name] for name in scores}
    if title:
        titles[plan.strategies[0]] = title
    return {
        "$schema": "gradsim.experiment/1", "id": plan.id,
        "study": {"signature": signature, "name": "Made-up study", "source": "made up",
                  "model": "tiny-bytes", "task": "sequence", "metric": "weighted_f1"},
        "plan": plan.model_dump(mode="json"),
        "budget": {"steps": 120, "batch_size": 16, "patience": 0, "adaptation_steps": 0,
                   "examples": 1920},
        "metric": "weighted_f1", "split": "test",
        "languages": [{"code": code, "name": names.get(code, code)} for code in codes],
        "left_out": [{"code": "rus", "name": "Russian", "reason": left_out}] if left_out else [],
        "seeds": list(range(plan.seeds)),
        "strategies": [{
            "name": name, "title": titles[name], "how": _how(name, groups[name]),
            "groups": groups[name], "uses_test_scores": name in USES_TEST,
            "scores": table.tolist(), "mean": found.strategies[name].mean,
            "interval": _pair(found.strategies[name].interval),
            "per_language": [{"code": code, "mean": one.mean, "interval": _pair(one.interval)}
                             for code, one in zip(codes, found.per_language[name], strict=True)],
            "gains": {other: {**asdict(gain), "interval": _pair(gain.interval)}
                      for other, gain in found.gains[name].items()},
            "cost": {"models": len(groups[name] or [1, 1]), "examples": 1920 * n,
                     "minutes": 0.4 + 0.1 * len(name)}} for name, table in scores.items()],
        "random": None if draws is None or found.random is None else {
            "draws": plan.draws, "groupings": [[list(codes)]] * plan.draws,
            "means": list(found.random.means), "percentile": found.random.percentile,
            "p": found.random.p},
        "dev": {name: float(table.mean()) for name, table in scores.items()},
        "verdict": verdict(found, plan.strategies[0], "weighted_f1", titles)}


def write_experiment(store: Store, content: Mapping[str, Any]) -> None:
    """Put an experiment where the engine would have put it."""
    store.write_json(content["study"]["signature"], f"experiments/{content['id']}.json", content)


def _groups(name: str, codes: Sequence[str]) -> list[list[str]] | None:
    if name == RANDOM:
        return None
    if name == "monolingual":
        return [[code] for code in codes]
    parts = {"all_languages": 1, "family": 3}.get(name, 2)
    return [sorted(codes[at::parts]) for at in range(parts)]


def _how(name: str, groups: list[list[str]] | None) -> str:
    sizes = f"K = {len(groups)}" if groups else "sizes as the first"
    return {"gradient": f"exact, {sizes}, encoder, raw", "monolingual": "",
            "all_languages": ""}.get(name, sizes)


def _pair(interval: tuple[float, float] | None) -> list[float] | None:
    return None if interval is None else list(interval)
