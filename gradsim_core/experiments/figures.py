"""The figures of a grouping experiment's report, from its content alone.

Conventions
-----------
Percent and percentage points, as in the report. Gains on a language are paired by seed, with
Student's 95% interval, which fewer than three seeds do not have.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from scipy.stats import t

from gradsim_core.experiments.report import LANGUAGES_FIGURE, STRATEGIES_FIGURE
from gradsim_core.experiments.verdict import metric_name, phrase
from gradsim_core.findings.charts import dots
from gradsim_core.spreadsheet import plain_text

_FEWEST_SEEDS = 3
_AGAINST = ("all_languages", "monolingual")


def report_figures(content: Mapping[str, Any]) -> dict[str, str]:
    """Draw the figures that a report refers to: file name -> SVG."""
    figures = {STRATEGIES_FIGURE: _strategies(content)}
    names = [strategy["name"] for strategy in content["strategies"]]
    against = next((one for one in (*_AGAINST, *names[1:]) if one in names[1:]), None)
    if against:
        figures[LANGUAGES_FIGURE] = _languages(content, against)
    return figures


def _strategies(content: Mapping[str, Any]) -> str:
    ranked = sorted(content["strategies"], key=lambda one: -one["mean"])
    return dots([plain_text(one["title"], 60) + " †" * one["uses_test_scores"] for one in ranked],
                [100 * one["mean"] for one in ranked],
                [None if one["interval"] is None else [100 * end for end in one["interval"]]
                 for one in ranked], zero=False, title="What each strategy scores",
                unit=f"{metric_name(content['metric'])}, %",
                method=_method(content, "Mean over languages and seeds with its 95% interval; "
                               "intervals of paired gains are narrower, see the table."))


def _languages(content: Mapping[str, Any], against: str) -> str:
    first = content["strategies"][0]
    tables = {one["name"]: np.array(one["scores"], float) for one in content["strategies"]}
    gains = 100 * (tables[first["name"]] - tables[against])  # (n_seeds, n_languages)
    order = np.argsort(-gains.mean(axis=0), kind="stable")
    titles = {one["name"]: one["title"] for one in content["strategies"]}
    return dots([f"{content['languages'][at]['name']} ({content['languages'][at]['code']})"
                 for at in order], [float(gains[:, at].mean()) for at in order],
                [_interval(gains[:, at]) for at in order],
                title=f"What each language gains: {plain_text(first['title'], 60)} over "
                      f"{phrase(against, titles)}",
                unit=f"{metric_name(content['metric'])}, percentage points",
                method=_method(content, "Paired by seed; 95% intervals over seeds (Student)."))


def _interval(values: np.ndarray) -> Sequence[float] | None:
    n = len(values)
    if n < _FEWEST_SEEDS:
        return None
    half = float(t.isf(0.025, n - 1) * values.std(ddof=1) / np.sqrt(n))
    return float(values.mean()) - half, float(values.mean()) + half


def _method(content: Mapping[str, Any], words: str) -> str:
    study, n = content["study"], len(content["seeds"])
    return (f"{words} {len(content['languages'])} languages, {n} seed{'s' * (n != 1)}, "
            f"{plain_text(content['split'], 20)} rows; study {study['signature']} "
            f"({plain_text(study['name'], 60)}), experiment {content['id']}.")
