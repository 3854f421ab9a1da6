"""The report of "topic-or-language": cells that share a language and cells that share a topic."""

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
from gradsim_core.findings.transfer.measures_words import between, p_words, short
from gradsim_core.spreadsheet import csv_text, plain_text

Content = Mapping[str, Any]

KIND_TITLES = {"within_language": "Same language, other topic",
               "within_topic": "Same topic, other language", "neither": "Neither"}
_CHART, _DIFFERENCE_CHART = "blocks.svg", "difference.svg"


def report_files(content: Content) -> dict[str, str]:
    """Write the report of a finding's content: Markdown, table and figures, by file name."""
    sections = [heading("Topic or language?", content), _blocks(content), _depth(content),
                _readings(content), left_out_section(content), method_section(content)]
    return {"report.md": "\n\n".join(filter(None, sections)) + "\n",
            "table.csv": csv_text(_table_rows(content)), _CHART: _chart(content),
            _DIFFERENCE_CHART: _difference_chart(content)}


def summary_rows(content: Content) -> list[dict[str, str]]:
    """One row a block, and a span of blocks, as plain text; the keys are headings."""
    return [{"block": plain_text(one["block"], 40), **_effect_cells(one)}
            for one in (*content["blocks"], *content["spans"])]


def _effect_cells(one: Content) -> dict[str, str]:
    return {**{title: short(one[kind]["value"]) for kind, title in KIND_TITLES.items()},
            "difference": short(one["difference"]["value"]),
            "95% interval": between(one["difference"]["interval"]),
            **{f"p {what}": p_words(one[kind]["p"]).removeprefix("p ").removeprefix("= ")
               for what, kind in (("language", "within_language"), ("topic", "within_topic"),
                                  ("difference", "difference"))}}


def _chart(content: Content) -> str:
    names = [one["block"] for one in content["blocks"]]
    lines = {title: ([one[kind]["value"] for one in content["blocks"]],
                     [one[kind]["interval"] for one in content["blocks"]])
             for kind, title in KIND_TITLES.items()}
    return bands(names, lines, unit="mean similarity",
                 title=f"Cells that share a language or a topic: "
                       f"{plain_text(content['study']['name'], 60)}",
                 method=method_line(content, _read_as(content)))


def _difference_chart(content: Content) -> str:
    blocks = content["blocks"]
    return bands([one["block"] for one in blocks], {"Language minus topic": (
        [one["difference"]["value"] for one in blocks],
        [one["difference"]["interval"] for one in blocks])}, unit="difference of similarity",
        title=f"Above zero the language matters more: {plain_text(content['study']['name'], 60)}",
        method=method_line(content, _read_as(content)))


def _read_as(content: Content) -> str:
    read = content["reading"]
    words = f"{read['reading']}, {read['correction']}, step {read['step']}".replace("_", " ")
    return (f"{len(content['cells'])} cells (language x topic); {words}; bands: 95% intervals over "
            "languages.")


def _blocks(content: Content) -> str:
    rows = summary_rows(content)
    parts = ["## Block by block",
             figure(_CHART, "Similarity of cells that share a language, a topic or neither"),
             figure(_DIFFERENCE_CHART, "Language minus topic, block by block"),
             _table(rows),
             prose_text("Language and topic: is the similarity larger than under random labels? "
                        "Difference: do they matter differently? Encoder, lower and higher are "
                        "blocks together.")]
    corrected = [{"block": plain_text(one["block"], 40), "halves agree": short(one["reliability"]),
                  **{title: short(one["corrected"][kind]["value"])
                     for kind, title in KIND_TITLES.items()},
                  "difference": short(one["corrected"]["difference"]["value"]),
                  "95% interval": between(one["corrected"]["difference"]["interval"])}
                 for one in (*content["blocks"], *content["spans"]) if one["corrected"]]
    if corrected:
        parts += ["### Without noise", _table(corrected)]
    return "\n\n".join(parts)


def _depth(content: Content) -> str:
    trend = content["trend"]
    if trend["slope"] is None or len(trend["blocks"]) < 2:
        return ""
    first, last = (prose_text(name, 40) for name in (trend["blocks"][0], trend["blocks"][-1]))
    crossed = "No block is led by the other one than a block before it." if (
        content["crossover"] is None) else (
        f"The lead changes sides in {prose_text(content['crossover'], 40)}.")
    return (f"## Over depth\n\nFrom {first} to {last} language minus topic changes by "
            f"{short(trend['slope'])} (95% interval {between(trend['interval'])}; "
            f"{prose_text(p_words(trend['p']))}). {crossed}")


def _readings(content: Content) -> str:
    rows = [{"reading of all layers": f"{one['correction'].replace('_', ' ')}, step "
             f"{one['step']:,}", **_effect_cells(one)} for one in content["readings"]]
    return "\n\n".join(["## Read otherwise", _table(rows)]) if rows else ""


def _table(rows: Sequence[Mapping[str, str]]) -> str:
    return markdown_table([prose_text(key) for key in rows[0]],
                          [[prose_text(cell) for cell in row.values()] for row in rows])


def _table_rows(content: Content) -> Iterator[list[object]]:
    kinds = (*KIND_TITLES, "difference")
    yield ["block", "correction", "step", *(f"{kind.replace('_', ' ')} {what}" for kind in kinds
                                            for what in ("value", "low", "high", "p")),
           "reliability"]
    own = content["reading"]
    for one in (*content["blocks"], *content["spans"], *content["readings"]):
        read = {**own, **one}
        cells: list[object] = [one.get("block", "layers"), read["correction"], read["step"]]
        for kind in kinds:
            cells += [one[kind]["value"], *(one[kind]["interval"] or (None, None)),
                      one[kind].get("p")]
        yield [*cells, one.get("reliability")]
