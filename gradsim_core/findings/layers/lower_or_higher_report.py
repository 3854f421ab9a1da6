"""The report of "lower-or-higher": what each side explains, block by block, and the trend."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from gradsim_core.experiments.report import markdown_table, prose_text
from gradsim_core.findings.charts import bands
from gradsim_core.findings.report_sections import (
    figure,
    heading,
    left_out_section,
    method_line,
    method_section,
)
from gradsim_core.findings.transfer.measures_words import between, p_words
from gradsim_core.spreadsheet import csv_text, plain_text

Content = Mapping[str, Any]

SIDE_TITLES = {"linguistic": "Linguistic measures", "task": "Measures of the task"}
_CHART = "blocks.svg"


def report_files(content: Content) -> dict[str, str]:
    """Write the report of a finding's content: Markdown, table and figure, by file name."""
    drawn = {_CHART: _chart(content)} if _shown(content) else {}
    sections = [heading("Lower or higher layers?", content), _blocks(content, bool(drawn)),
                _trend(content), _modules(content), _measures(content), left_out_section(content),
                method_section(content)]
    return {"report.md": "\n\n".join(filter(None, sections)) + "\n",
            "table.csv": csv_text(_table_rows(content)), **drawn}


def summary_rows(content: Content) -> list[dict[str, str]]:
    """One row a block, as plain text; the keys are headings."""
    return _summaries(content, content["blocks"])


def _summaries(content: Content, blocks: Sequence[Content]) -> list[dict[str, str]]:
    return [{"block": plain_text(one["block"], 40), **{
        f"{side}{what}": text for side in _shown(content)
        for what, text in ((", %", _percent(one[side]["share"])),
                           (", 95% interval", _interval(one[side]["interval"])),
                           (", p", p_words(one[side]["p"])),
                           (", with chance", _percent(one[side]["r2"])))},
        "both, with chance": _percent(one["total_r2"])} for one in blocks]


def _shown(content: Content) -> list[str]:
    """The sides that have measures."""
    return [side for side in SIDE_TITLES if content["predictors"][side]]


def _chart(content: Content) -> str:
    lines = {SIDE_TITLES[side]: (
        [_times_100(one[side]["share"]) for one in content["blocks"]],
        [None if (ends := one[side]["interval"]) is None else [100 * end for end in ends]
         for one in content["blocks"]]) for side in _shown(content)}
    return bands([one["block"] for one in content["blocks"]], lines,
                 title=f"What explains each block: {plain_text(content['study']['name'], 60)}",
                 unit="share of the variance above chance, %",
                 method=method_line(content, "General dominance of each side in R², less its mean "
                                    "under permuted labels; bands: 95% intervals over languages."))


def _blocks(content: Content, drawn: bool) -> str:
    rows = summary_rows(content)
    if not rows:
        return ""
    parts = ["## Block by block"]
    if drawn:
        parts.append(figure(_CHART, "What each side explains, block by block"))
    parts += [_as_table(rows), prose_text(
        "Percent of a block's variance, chance taken off; with chance: the part of R² before "
        "that.")]
    return "\n\n".join(parts)


def _as_table(rows: Sequence[dict[str, str]]) -> str:
    return markdown_table([prose_text(key) for key in rows[0]],
                          [[prose_text(cell) for cell in row.values()] for row in rows])


def _modules(content: Content) -> str:
    """What each side explains of the modules, where layers are taken apart."""
    rows = _summaries(content, [one for part in content.get("modules", ())
                                for one in part["blocks"]])
    return f"## Module by module\n\n{_as_table(rows)}" if rows else ""


def _trend(content: Content) -> str:
    trend = content["trend"]
    if trend["slope"] is None:
        return ""
    blocks = [prose_text(name, 40) for name in (trend["blocks"][0], trend["blocks"][-1])]
    return (f"## Trend\n\nFrom {blocks[0]} to {blocks[1]} linguistic minus task share changes by "
            f"{between([trend['slope']] * 2).split(' to ')[0]} of the variance (95% interval "
            f"{between(trend['interval'])}; {prose_text(p_words(trend['p']))}).")


def _measures(content: Content) -> str:
    titles = content["titles"]
    lines = [f"- {title}: " + (", ".join(
        f"{prose_text(titles.get(name, name), 60)} ({prose_text(name, 60)})"
        for name in content["predictors"][side]) or "none")
        for side, title in SIDE_TITLES.items()]
    lines += [f"- Not used: {prose_text(titles.get(one['name'], one['name']), 60)} "
              f"({prose_text(one['reason'].rstrip('.'))})" for one in content["unused"]]
    return "\n".join(["## Measures", "", *lines])


def _table_rows(content: Content) -> Iterator[list[object]]:
    yield ["block", *(f"{side} {what}" for side in SIDE_TITLES
                      for what in ("share", "low", "high", "p", "r2")), "total r2", "in trend"]
    in_trend = {name for part in (content, *content.get("modules", ()))
                for name in part["trend"]["blocks"]}
    for one in [*content["blocks"], *(row for part in content.get("modules", ())
                                      for row in part["blocks"])]:
        cells: list[object] = []
        for side in SIDE_TITLES:
            found = one[side]
            cells += [found["share"], *(found["interval"] or (None, None)), found["p"],
                      found["r2"]]
        yield [one["block"], *cells, one["total_r2"],
               "yes" if one["block"] in in_trend else "no"]


def _times_100(fraction: float | None) -> float | None:
    return None if fraction is None else 100 * fraction


def _percent(fraction: float | None) -> str:
    return "–" if fraction is None else f"{100 * fraction:.1f}".replace("-", "−")


def _interval(ends: Any) -> str:
    return "–" if ends is None else " to ".join(_percent(end) for end in ends)
