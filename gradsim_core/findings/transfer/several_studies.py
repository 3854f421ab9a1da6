"""Measures in several studies: each study first, then the mean, and a guard against pooling.

Conventions
-----------
A study takes part with its newest finding "measures"; a measure takes part where two studies or
more have it. What counts is the mean of the studies' own values; the pooled one is there to be
compared with it, and ``reversed`` says that it has the sign that most studies do not have
(Simpson's paradox; see `statistics.combining`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from gradsim_core.errors import StudyError
from gradsim_core.experiments.report import markdown_table, prose_text
from gradsim_core.findings.record import list_findings, load_finding, number, pair
from gradsim_core.findings.transfer.measures_words import between, p_words, short
from gradsim_core.results import find_signature
from gradsim_core.statistics.combining import combine
from gradsim_core.storage.store import Store

Content = Mapping[str, Any]

_KIND = "measures"


def other_contents(store: Store, signature: str, beside: Sequence[str]) -> list[Content]:
    """The newest findings "measures" of other studies, by first digits of their signatures.

    Raises
    ------
    StudyError
        If one of them has none, or is the study itself.
    """
    found: list[Content] = []
    for prefix in dict.fromkeys(beside):
        other = find_signature(store, prefix)
        names = list_findings(store, other, _KIND)
        content = load_finding(store, other, _KIND, names[0]) if names else None
        if other == signature:
            raise StudyError(f"--beside {prefix[:40]}: that is the study itself. Name others.")
        if content is None:
            raise StudyError(f"--beside {prefix[:40]}: study {other} has no ranking of measures "
                             f"yet. Run `gradsim experiment measures {other}` first.")
        found.append(content)
    return found


def combined_measures(contents: Sequence[Content], *, permutations: int,
                      seed: int) -> dict[str, Any]:
    """Combine the headline of every measure over studies, as JSON; the highest mean first."""
    found: list[dict[str, Any]] = []
    for name, title in _titles(contents).items():
        tables = {one["study"]["signature"]: (_table(measure["values"]), _table(one["transfer"]))
                  for one in contents for measure in one["measures"] if measure["name"] == name}
        if len(tables) < 2:
            continue
        several = combine(tables, permutations=permutations, seed=seed)
        found.append({
            "name": name, "title": title, "mean": number(several.mean),
            "interval": pair(several.interval), "pooled": number(several.pooled),
            "reversed": several.reversed,
            "values": [{"signature": signature, "value": number(one.value), "p": number(one.p),
                        "sign": several.signs[signature]}
                       for signature, one in several.studies.items()]})
    found.sort(key=lambda one: (one["mean"] is None, -(one["mean"] or 0.0)))
    return {"studies": [{**one["study"], "finding": one["id"]} for one in contents],
            "measures": found}


def _titles(contents: Sequence[Content]) -> dict[str, str]:
    return {measure["name"]: measure["title"] for one in reversed(contents)
            for measure in one["measures"]}


def _table(values: Sequence[Sequence[float | None]]) -> np.ndarray:
    return np.array(values, dtype=float)


def several_section(content: Content) -> str:
    """The section of the report; empty where there is one study."""
    several = content.get("combined")
    if not several:
        return ""
    studies = [one["signature"] for one in several["studies"]]
    rows = []
    for one in several["measures"]:
        own = {value["signature"]: value for value in one["values"]}
        rows.append([prose_text(one["title"], 60),
                     *(f"{short(own[name]['value'])} ({p_words(own[name]['p'])})"
                       if name in own else "–" for name in studies),
                     short(one["mean"]), between(one["interval"]), short(one["pooled"]),
                     "yes" if one["reversed"] else "no"])
    named = [f"{prose_text(one['signature'], 16)}: {prose_text(one['name'], 60)}, "
             f"{prose_text(one['model'], 60)}" for one in several["studies"]]
    return "\n\n".join([
        "## Several studies", "\n".join(f"- {one}" for one in named),
        "Each study's own headline with its p, not corrected; then their mean, with Student's 95% "
        "interval over studies (three or more). Pairs of all studies thrown together are shown "
        "only to be distrusted: reversed means that they have the sign that most studies do not "
        "have.", markdown_table(["measure", *(name[:8] for name in studies), "mean", "95% interval",
                                 "thrown together", "reversed"], rows)])
