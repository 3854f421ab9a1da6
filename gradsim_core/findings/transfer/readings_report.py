"""The report of "readings": what choosing is worth, one choice at a time, and every reading."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from gradsim_core.experiments.report import markdown_table, prose_text
from gradsim_core.findings.charts import dots
from gradsim_core.findings.report_sections import (
    figure,
    heading,
    left_out_section,
    method_line,
    method_section,
)
from gradsim_core.findings.transfer.measures_words import between, p_words, short
from gradsim_core.findings.transfer.reading_stack import FACTORS
from gradsim_core.findings.transfer.readings_words import FACTOR_TITLES, level_words, reading_words
from gradsim_core.spreadsheet import csv_text, plain_text

Content = Mapping[str, Any]

_SHOWN = 15
_FIXED = {"default": "The study's default", "plain": "Plain: raw cosines of all layers"}


def report_files(content: Content) -> dict[str, str]:
    """Write the report of a finding's content: Markdown, tables and figures, by file name."""
    figures = _figures(content)
    sections = [heading("Which reading is best?", content), _choosing(content), _effects(content),
                _readings(content), _undefined(content), left_out_section(content),
                method_section(content)]
    return {"report.md": "\n\n".join(filter(None, sections)) + "\n",
            "table.csv": csv_text(_table_rows(content)),
            "choices.csv": csv_text(_effect_rows(content)), **figures}


def summary_rows(content: Content) -> list[dict[str, str]]:
    """The highest readings and the fixed ones, as plain text; the keys are headings."""
    rows = [_row(reading_words(one), str(rank), one)
            for rank, one in enumerate(content["readings"][:_SHOWN], 1)]
    return [*rows, *(_row(_FIXED[one["name"]], str(one["rank"]), one)
                     for one in content["fixed"])]


def _row(title: str, rank: str, one: Mapping[str, Any]) -> dict[str, str]:
    found, pooled = one["target_spearman"], one["pooled"]
    return {"reading": plain_text(title, 120), "rank": rank,
            "Spearman per target": short(found["value"]),
            "95% interval": between(found["interval"]),
            "p": p_words(found["p"]), "p, corrected": p_words(found["p_corrected"]),
            "pooled Pearson": short(pooled["value"]),
            "its p, corrected": p_words(pooled["p_corrected"])}


def _choosing(content: Content) -> str:
    choice = content["choice"]
    if choice is None:
        return ("## What choosing is worth\n\nToo few languages to choose on one half and to score "
                "on the other.")
    rows = [["The highest, on the half it was chosen on", *_range(choice["looked"])],
            ["The same reading, on the other half", *_range(choice["scored"])],
            *([_FIXED[name], *_range(found)] for name, found in choice["fixed"].items())]
    often = [[prose_text(reading_words(one), 120), f"{100 * one['share']:.0f}%"]
             for one in choice["often"]]
    return "\n\n".join([
        "## What choosing is worth", figure("choice.svg", "Chosen and fixed readings on languages "
                                            "that they were not chosen on"),
        markdown_table(["reading", "mean over halvings", "nine of ten halvings"], rows),
        "Chosen most often:", markdown_table(["reading", "of choices"], often)])


def _range(found: Mapping[str, Any]) -> tuple[str, str]:
    return short(found["mean"]), ("–" if found["low"] is None
                                  else between([found["low"], found["high"]]))


def _effects(content: Content) -> str:
    rows = []
    for one in content["effects"]:
        share = (content["choice"] or {"levels": {}})["levels"].get(one["factor"], {}).get(
            one["level"])
        difference = one["difference"] or {"value": None, "interval": None}
        rows.append([FACTOR_TITLES[one["factor"]], prose_text(level_words(one["level"]), 60),
                     short(one["mean"]),
                     "reference" if one["difference"] is None else short(difference["value"]),
                     "–" if one["difference"] is None else between(difference["interval"]),
                     f"{one['n']:,}", "–" if share is None else f"{100 * share:.0f}%"])
    return "\n\n".join([
        "## One choice at a time", figure("choices.svg", "Difference that each choice makes, "
                                          "everything else equal"),
        markdown_table(["choice", "level", "mean", "difference", "95% interval", "readings",
                        "chosen on a half"], rows, left=2)])


def _readings(content: Content) -> str:
    rows = summary_rows(content)
    return "\n\n".join([
        f"## The highest of {len(content['readings']):,} readings", "The highest of many flatters "
        "itself: p is corrected for all of them, the intervals are not. All are in the table.",
        markdown_table([prose_text(key) for key in rows[0]],
                       [[prose_text(cell) for cell in row.values()] for row in rows])])


def _undefined(content: Content) -> str:
    missing = content["undefined"]
    if not missing:
        return ""
    kinds = dict.fromkeys(f"{level_words(one['correction'])}, {one['blocks']}" for one in missing)
    return (f"## Undefined\n\n{len(missing):,} readings have fewer than half of the pairs and take "
            f"no part: {prose_text('; '.join(kinds), 600)}.")


def _figures(content: Content) -> dict[str, str]:
    shown = [one for one in content["effects"] if one["difference"] is not None]
    found = {"choices.svg": dots(
        [f"{FACTOR_TITLES[one['factor']]}: {level_words(one['level'])}" for one in shown],
        [one["difference"]["value"] for one in shown],
        [one["difference"]["interval"] for one in shown],
        title="What each choice changes, everything else equal",
        unit="difference in mean Spearman's correlation per target",
        method=method_line(content, "Against plain gradients, cosine of the mean, raw, all layers, "
                           "at the end; 95% intervals over languages."))} if shown else {}
    choice = content["choice"]
    if choice is not None:
        lines = {"Highest, on its own half": choice["looked"],
                 "The same, on the other half": choice["scored"],
                 **{_FIXED[name]: one for name, one in choice["fixed"].items()}}
        found["choice.svg"] = dots(
            list(lines), [one["mean"] for one in lines.values()],
            [None if one["low"] is None else (one["low"], one["high"]) for one in lines.values()],
            title="A reading chosen on half of the languages",
            unit="mean Spearman's correlation per target",
            method=method_line(content, f"Mean and the range of nine of ten of "
                               f"{choice['halvings']:,} random halvings."))
    return found


def _table_rows(content: Content) -> Iterator[list[object]]:
    """One line a reading with all digits."""
    yield ["rank", *FACTORS, "step", "coverage", "spearman", "low", "high", "p", "p_corrected",
           "pooled_pearson", "pooled_p", "pooled_p_corrected"]
    for rank, one in enumerate(content["readings"], 1):
        found, pooled = one["target_spearman"], one["pooled"]
        yield [rank, *(one[factor] for factor in FACTORS), one["step"], one["coverage"],
               found["value"], *(found["interval"] or (None, None)), found["p"],
               found["p_corrected"], pooled["value"], pooled["p"], pooled["p_corrected"]]
    for one in content["undefined"]:
        yield [None, *(one[factor] for factor in FACTORS), one["step"], one["coverage"],
               *[None] * 8]


def _effect_rows(content: Content) -> Iterator[list[object]]:
    """One line a level of a choice."""
    yield ["choice", "level", "reference", "mean", "difference", "low", "high", "readings"]
    for one in content["effects"]:
        found = one["difference"] or {"value": None, "interval": None}
        yield [one["factor"], one["level"], one["reference"], one["mean"], found["value"],
               *(found["interval"] or (None, None)), one["n"]]
