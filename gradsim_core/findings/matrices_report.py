"""The report of similarities from elsewhere: what they go with by layer, their groups, the map."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from gradsim_core.experiments.report import markdown_table, prose_text
from gradsim_core.findings.charts import bands, heatmap
from gradsim_core.findings.report_sections import figure
from gradsim_core.findings.transfer.measures_words import p_words, short
from gradsim_core.spreadsheet import csv_text, plain_text

Content = Mapping[str, Any]


def report_files(content: Content) -> dict[str, str]:
    """Write the report: Markdown, tables, figures and the content, by file name."""
    drawn = {"similarity.svg": _map(content)}
    if content["against"] and len(content["layers"]) > 1:
        drawn["layers.svg"] = _lines(content)
    sections = [
        f"# A similarity from elsewhere: {prose_text(content['name'], 80)}",
        f"**{prose_text(content['verdict'], 2_000)}**",
        "\n".join(f"- {prose_text(one)}" for one in content["understood"]),
        _against(content, "layers.svg" in drawn), _groups(content),
        "## The languages", figure("similarity.svg", "Similarity of the languages, in tree order"),
        _left_out(content),
        "## How this was computed\n\n" + "\n".join(f"- {prose_text(one, 600)}"
                                                   for one in content["method"]),
        "## Sources\n\n" + "\n".join(
            f"- {prose_text(one['title'])}: {prose_text(one['source'])}. "
            f"{prose_text(one['note'], 600)}" for one in content["against"])]
    return {"report.md": "\n\n".join(filter(None, sections)) + "\n",
            "layers.csv": csv_text(_layer_rows(content)),
            "groups.csv": csv_text(_group_rows(content)),
            "similarity.csv": csv_text(_matrix_rows(content)), **drawn,
            "matrices.json": json.dumps(content, indent=2, ensure_ascii=False) + "\n"}


def summary_rows(content: Content) -> list[dict[str, str]]:
    """One row a layer, as plain text; the keys are headings."""
    return [{"layer": plain_text(one["layer"], 40), "mean": short(one["mean"]),
             "spread": _digits(one["sd"]), **{
                 plain_text(other["title"], 40): _correlation(other["layers"][at])
                 for other in content["against"]},
             "groups as next layer": short(one["ari_next"]),
             "groups as branches": short(one["ari_branches"])}
            for at, one in enumerate(content["layers"])]


def _digits(value: float | None) -> str:
    return "–" if value is None else f"{value:.2g}"


def _correlation(one: Mapping[str, Any]) -> str:
    """A correlation with its corrected p."""
    return f"{short(one['value'])} ({p_words(one['p_corrected'])})"


def _against(content: Content, drawn: bool) -> str:
    rows = summary_rows(content)
    return "\n\n".join(filter(None, [
        "## By layer", figure("layers.svg", "What each layer goes with") if drawn else "",
        "Correlations with their p, corrected for all layers; agreement of groups is the adjusted "
        "Rand index.", markdown_table(
            [prose_text(key) for key in rows[0]],
            [[prose_text(cell) for cell in row.values()] for row in rows])]))


def _groups(content: Content) -> str:
    names = {one["code"]: one["name"] for one in content["languages"]}
    best = _shown_layer(content)
    lines = [f"{number}. " + ", ".join(prose_text(names[code], 40) for code in group)
             for number, group in enumerate(best["groups"], 1)]
    return "\n\n".join([
        f"## Groups in {prose_text(best['layer'], 40)}",
        "The layer whose groups agree most with known branches; those of all layers are in "
        "groups.csv.", "\n".join(lines)])


def _shown_layer(content: Content) -> Mapping[str, Any]:
    """The layer whose groups agree most with branches."""
    return max(content["layers"], key=lambda one: (
        -1.0 if one["ari_branches"] is None else one["ari_branches"]))


def _left_out(content: Content) -> str:
    if not content["left_out"]:
        return ""
    return "\n".join(["## Not compared", "", *(
        f"- {prose_text(one['name'], 60)}: {prose_text(one['reason'])}"
        for one in content["left_out"])])


def _lines(content: Content) -> str:
    lines = {one["title"]: ([row["value"] for row in one["layers"]],
                            [row["interval"] for row in one["layers"]])
             for one in content["against"]}
    return bands([one["layer"] for one in content["layers"]], lines, along="layer",
                 title=f"What each layer goes with: {plain_text(content['name'], 60)}",
                 unit="Spearman's correlation over pairs",
                 method=f"{len(content['languages'])} languages; bands: 95% intervals over "
                        f"languages, each for itself. {content['source']}.")


def _map(content: Content) -> str:
    names = [one["name"] for one in content["languages"]]
    layered = len(content["layers"]) > 1
    return heatmap(content["values"], names, names,
                   title=f"Similarity of {len(names)} languages: {plain_text(content['name'], 60)}",
                   unit="mean of standard scores of layers" if layered else "similarity",
                   method=f"Order by average linkage. {content['source']}.", diverging=layered)


def _layer_rows(content: Content) -> Iterator[list[object]]:
    yield ["layer", "against", "spearman", "low", "high", "p", "p_corrected", "pairs"]
    for one in content["against"]:
        for row in one["layers"]:
            yield [row["layer"], one["name"], row["value"], *(row["interval"] or (None, None)),
                   row["p"], row["p_corrected"], one["n_pairs"]]


def _group_rows(content: Content) -> Iterator[list[object]]:
    yield ["layer", "group", "code", "name"]
    names = {one["code"]: one["name"] for one in content["languages"]}
    for one in content["layers"]:
        for number, group in enumerate(one["groups"], 1):
            yield from ([one["layer"], number, code, names[code]] for code in group)


def _matrix_rows(content: Content) -> Iterator[list[object]]:
    codes = [one["code"] for one in content["languages"]]
    yield ["language", *codes]
    yield from ([code, *row] for code, row in zip(codes, content["values"], strict=True))
