"""The report of "measures": ranking, layers, targets, and where each measure comes from."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from gradsim_core.experiments.report import markdown_table, prose_text
from gradsim_core.experiments.verdict import metric_name
from gradsim_core.findings.charts import bands, dots, heatmap, scatter
from gradsim_core.findings.report_sections import (
    figure,
    heading,
    language_names,
    left_out_section,
    method_line,
    method_section,
)
from gradsim_core.findings.transfer.measures_words import between, p_words, short
from gradsim_core.findings.transfer.several_studies import several_section
from gradsim_core.spreadsheet import csv_text, plain_text

Content = Mapping[str, Any]

_MOST_COLUMNS = 6
_HEADLINE = "mean Spearman's correlation per target"


def report_files(content: Content) -> dict[str, str]:
    """Write the report of a finding's content: Markdown, tables and figures, by file name."""
    figures = _figures(content)
    sections = [
        heading("Which measure predicts transfer?", content),
        "## Ranking", figure("ranking.svg", "The measures, ranked, with intervals"),
        _ranking(content), _layers(content, "layers.svg" in figures), _targets(content),
        "## The scores", figure("transfer.svg", "The scores, sources by targets"),
        *([figure("scatter.svg", "The first measure against the scores")]
          if "scatter.svg" in figures else []),
        several_section(content), _sources(content), left_out_section(content),
        method_section(content)]
    return {"report.md": "\n\n".join(filter(None, sections)) + "\n",
            "table.csv": csv_text(_table_rows(content)), "pairs.csv": csv_text(_pairs(content)),
            **figures}


def summary_rows(content: Content) -> list[dict[str, str]]:
    """One row a measure, as plain text; the keys are headings."""
    return [{"measure": plain_text(one["title"], 60),
             "Spearman per target": short(one["target_spearman"]["value"]),
             "95% interval": between(one["target_spearman"]["interval"]),
             "p, corrected": p_words(one["target_spearman"]["p_corrected"]),
             "behind the first": _behind(one), "of ceiling": _percent(one["ceiling"]["share"]),
             "beyond controls": _beyond(one["incremental"]),
             "of pairs": _percent(one["coverage"])} for one in content["measures"]]


def _other_rows(content: Content) -> list[dict[str, str]]:
    """One row a measure with the other statistics."""
    return [{"measure": plain_text(one["title"], 60), "Kendall": short(one["mean"]["kendall"]),
             "NDCG@3": short(one["mean"]["ndcg3"]),
             "regret@1, points": _points(one["mean"]["regret1"]),
             **{title: f"{short(found['value'])} ({p_words(found['p'])})" for title, found in (
                 ("pooled Pearson", one["pooled"]["pearson"]),
                 ("pooled Spearman", one["pooled"]["spearman"]),
                 ("doubly centred", one["pooled"]["both"]))}} for one in content["measures"]]


def _behind(one: Mapping[str, Any]) -> str:
    found = one["behind_first"]
    return "–" if found is None or found["value"] is None else (
        f"{short(found['value'])} ({between(found['interval'])})")


def _beyond(found: Mapping[str, Any] | None) -> str:
    if found is None or found["gain"] is None:
        return "–"
    return f"{short(found['gain'])} ({between(found['interval'])}), {p_words(found['p'])}"


def _points(fraction: float | None) -> str:
    return "–" if fraction is None else f"{100 * fraction:.1f}"


def _percent(fraction: float | None) -> str:
    return "–" if fraction is None else f"{100 * fraction:.0f}%".replace("-", "−")


def _ranking(content: Content) -> str:
    notes = ("Beyond controls: share of the variation in languages left out that the measure "
             "explains and its controls do not. Below, NDCG@3 is 1 where the three nearest sources "
             "are the three best; regret@1 is what is lost by taking the nearest source instead of "
             "the best. More than all of the ceiling means that its halves are noisier than said.")
    return "\n\n".join([_table(summary_rows(content)), prose_text(notes, 600),
                        _table(_other_rows(content))])


def _table(rows: Sequence[Mapping[str, str]]) -> str:
    return markdown_table([prose_text(key) for key in rows[0]],
                          [[prose_text(cell) for cell in row.values()] for row in rows])


def _layered(content: Content) -> list[Mapping[str, Any]]:
    return [one for one in content["measures"] if one["layers"]]


def _layers(content: Content, drawn: bool) -> str:
    parts = ["## By layer"] if _layered(content) else []
    if drawn:
        parts.append(figure("layers.svg", "Correlation with transfer by layer"))
    for one in _layered(content):
        best = next((layer for layer in one["layers"] if layer["layer"] == one["best_layer"]), None)
        words = "" if best is None else (
            f": best at {prose_text(best['layer'], 40)} "
            f"({short(best['value'])}, {p_words(best['p_corrected'])} corrected for "
            f"{len(one['layers'])} layers)")
        parts.append(f"**{prose_text(one['title'], 60)}**{words}.\n\n" + markdown_table(
            ["layer", "Spearman per target", "95% interval", "p, corrected"],
            [[prose_text(layer["layer"], 40), short(layer["value"]), between(layer["interval"]),
              p_words(layer["p_corrected"])] for layer in one["layers"]]))
    return "\n\n".join(parts)


def _targets(content: Content) -> str:
    chosen = list(content["measures"][:_MOST_COLUMNS - 1])
    chosen += [one for one in content["measures"][_MOST_COLUMNS - 1:] if one["name"] == "gradient"]
    rows = [[f"{prose_text(language['name'], 60)} ({prose_text(language['code'], 20)})",
             *(short(one["per_target"][at]["spearman"]) for one in chosen)]
            for at, language in enumerate(content["languages"])]
    return "\n\n".join(["## By target", "Spearman's correlation of nearness with scores on each "
                        "language, of the first measures.", markdown_table(
                            ["target", *(prose_text(one["title"], 60) for one in chosen)], rows)])


def _sources(content: Content) -> str:
    lines = [f"- **{prose_text(one['title'], 60)}** ({prose_text(one['name'], 60)}): "
             f"{prose_text(one['source']).rstrip('.')}."
             f"{' ' + prose_text(one['note'], 600) if one['note'] else ''}"
             for one in content["measures"]]
    lines += [f"- Without {prose_text(one['title'], 60)}: {prose_text(one['reason'])}"
              for one in content.get("not_measured") or ()]
    return "\n".join(["## The measures", "", *lines])


def _figures(content: Content) -> dict[str, str]:
    names = list(language_names(content).values())
    ranked, scores = content["measures"], content["scores"]
    metric = metric_name(scores["metric"]) or "score"
    unit = f"gain in {metric}" if scores["gain_over"] else metric
    found = {
        "ranking.svg": dots(
            [one["title"] for one in ranked], [one["target_spearman"]["value"] for one in ranked],
            [one["target_spearman"]["interval"] for one in ranked], unit=_HEADLINE,
            title="How well each measure predicts transfer",
            method=method_line(content, "95% intervals over languages.")),
        "transfer.svg": heatmap(
            content["transfer"], names, names, title="What each source scores on each target",
            unit=unit, across=("trained on", "tested on"), diverging=bool(scores["gain_over"]),
            method=method_line(content, f"Mean of {len(scores['seeds'])} seeds."))}
    layered = _layered(content)[:4]
    if layered:
        longest = max(layered, key=lambda one: len(one["layers"]))
        at = [layer["layer"] for layer in longest["layers"]]
        found["layers.svg"] = bands(at, {one["title"]: _along(one, at) for one in layered},
                                    title="Prediction of transfer by layer", unit=_HEADLINE,
                                    method=method_line(content, "95% intervals over languages."))
    if ranked[0]["target_spearman"]["value"] is not None:
        found["scatter.svg"] = _scatter(content, ranked[0], unit)
    return found


def _along(one: Mapping[str, Any], at: Sequence[str]) -> tuple[list[Any], list[Any]]:
    known = {layer["layer"]: layer for layer in one["layers"]}
    return ([known.get(name, {}).get("value") for name in at],
            [known.get(name, {}).get("interval") for name in at])


def _scatter(content: Content, one: Mapping[str, Any], unit: str) -> str:
    gained = np.array(content["transfer"], dtype=float)
    gained = gained - _column_means(gained)
    languages = content["languages"]
    cells = [(s, t) for s in range(len(languages)) for t in range(len(languages))
             if s != t and one["values"][s][t] is not None and math.isfinite(gained[s, t])]
    branches = [languages[s]["branch"] or "branch unknown" for s, t in cells]
    same = [branch if languages[t]["branch"] == languages[s]["branch"] else "two branches"
            for branch, (s, t) in zip(branches, cells, strict=True)]
    best = sorted(range(len(cells)), key=lambda at: -abs(gained[cells[at]]))[:6]
    return scatter([one["values"][s][t] for s, t in cells], [gained[cell] for cell in cells], same,
                   title=f"{plain_text(one['title'], 60)} and transfer",
                   units=(one["title"], f"{unit}, less the target's mean"),
                   labels={at: f"{languages[cells[at][0]]['code']} → "
                               f"{languages[cells[at][1]]['code']}" for at in best},
                   method=method_line(content, "One point a source and target; colours for "
                                      "pairs within one branch."))


def _column_means(table: np.ndarray) -> np.ndarray:
    count = np.isfinite(table).sum(axis=0)
    return np.divide(np.nansum(table, axis=0), count, where=count > 0,
                     out=np.full(len(table), np.nan))


def _table_rows(content: Content) -> Iterator[list[object]]:
    """One line a measure with all digits."""
    yield ["rank", "name", "title", "spearman", "low", "high", "p", "p_corrected", "kendall",
           "ndcg3", "regret1", "pooled_pearson", "pooled_spearman", "doubly_centred", "ceiling",
           "share_of_ceiling", "behind_first", "behind_low", "behind_high", "gain_beyond_controls",
           "gain_low", "gain_high", "gain_p", "controls", "coverage", "best_layer", "source"]
    for rank, one in enumerate(content["measures"], 1):
        head, behind = one["target_spearman"], one["behind_first"] or {}
        more = one["incremental"] or {}
        yield [rank, one["name"], one["title"], head["value"], *_ends(head), head["p"],
               head["p_corrected"], *(one["mean"][key] for key in ("kendall", "ndcg3", "regret1")),
               *(one["pooled"][key]["value"] for key in ("pearson", "spearman", "both")),
               one["ceiling"]["value"], one["ceiling"]["share"], behind.get("value"),
               *_ends(behind), more.get("gain"), *_ends(more), more.get("p"),
               " ".join(more.get("controls") or ()), one["coverage"], one["best_layer"],
               one["source"]]


def _ends(found: Mapping[str, Any]) -> Sequence[float | None]:
    return found.get("interval") or (None, None)


def _pairs(content: Content) -> Iterator[list[object]]:
    """One line a source and target: the score and every measure's value."""
    codes = list(language_names(content))
    yield ["source", "target", "score", *(one["name"] for one in content["measures"])]
    for s, source in enumerate(codes):
        for t, target in enumerate(codes):
            if s != t:
                yield [source, target, content["transfer"][s][t],
                       *(one["values"][s][t] for one in content["measures"])]
