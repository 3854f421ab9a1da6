"""Sections on the study itself: the question, its data, similarity, layers and groups."""

from __future__ import annotations

from typing import Any

import numpy as np

from dashboard.figures.frame import ChartText
from dashboard.figures.heatmap import colour_limit, similarity_heatmap
from dashboard.figures.heatmap_frame import HeatmapText
from dashboard.figures.panels import Panel, PanelRows, square_panels, symmetric_limit
from dashboard.layers import Sides, fitting_sides, layers_sentence, moves
from dashboard.report.content import Reported
from dashboard.report.elements import chart, listing, paragraph, section, table, text, unfolded
from dashboard.words.groups import how_made
from dashboard.words.summaries import (
    CORRECTION_WORDS,
    READING_WORDS,
    count,
    method_lines,
    neighbours,
    number,
    picture_sentence,
    proof_sentence,
    stability_sentence,
    support_line,
    ties_sentence,
    unreliable,
)
from gradsim_core import (
    GradSimError,
    Similarity,
    metric_name,
    read_similarity,
    settling_sentence,
)

_SHOWN = {"model": "Model", "steps": "Training steps", "batch_size": "Rows a language and step",
          "seed": "Seed", "snapshots": "Snapshots", "max_length": "Longest text, in tokens",
          "gradients": "Gradients kept", "preconditioner": "Gradients scaled by"}
MOST_MOVES, MOST_NEAREST = 15, 3


def study_section(shown: Reported) -> str:
    """What was asked, and of what."""
    record = shown.results.record
    asked = record["study"]
    rows: dict[str, Any] = {
        "Data": record["source"], "Task": record["task"], "Metric": metric_name(record["metric"]),
        "Labels": ", ".join(record["labels"])[:300],
        **{words: asked[key] for key, words in _SHOWN.items() if asked.get(key) is not None}}
    return section(
        "study", "What was asked",
        table({"Setting": list(rows), "Value": [str(value) for value in rows.values()]}),
        unfolded("Every setting", table({"Setting": list(asked), "Value": [
            "–" if value is None or value == [] else str(value) for value in asked.values()]})))


def data_section(shown: Reported) -> str:
    """Rows and scores of the joint model, language by language."""
    record, metric = shown.results.record, shown.results.record["metric"]
    scores = (shown.results.scores or {}).get("scores", {})
    codes, sources = list(shown.names), set(record["sources"])

    def percent(split: str) -> list[float | None]:
        found = (scores.get(split, {}).get(code, {}).get(metric) for code in codes)
        return [None if value is None else 100 * value for value in found]

    columns = {
        "Language": [shown.names[code] for code in codes], "Code": codes,
        "Family": [shown.languages[code].family or "unknown" for code in codes],
        "Branch": [shown.branches[code] or "unknown" for code in codes],
        "Script": [one["script"] or "unknown" for one in record["languages"]],
        **{f"{split.capitalize()} rows": [record["rows"].get(code, {}).get(split, 0)
                                          for code in codes] for split in ("train", "dev", "test")},
        "Role": ["trained on" if code in sources else "target only" for code in codes],
        f"Joint model on test, {metric_name(metric)} %": percent("test")}
    return section("data", f"Data of {count(len(codes), 'language')}", table(columns, 1))


def similarity_section(shown: Reported) -> str:
    """The heatmap with its tree, and the nearest of every language."""
    found, steps = shown.found, shown.results.record["study"]["steps"]
    scale = ("cosine", "similarity") if found.correction == "raw" else (
        CORRECTION_WORDS.get(found.correction, found.correction), "cosine")
    words = HeatmapText(
        f"Similarity of {count(len(found.languages), 'language')}: {shown.title}", scale,
        (*method_lines(found, shown.results.signature, steps, colour_limit(found)),
         *support_line(shown.sure)), shown.names, shown.branches)
    figure = similarity_heatmap(
        found, shown.order, words, tree=shown.tree, hatched=unreliable(found),
        support=shown.sure.support if shown.sure else None)
    said = picture_sentence(found, shown.names, shown.branches)
    codes = [found.languages[i] for i in shown.order]
    matrix: dict[str, list[Any]] = {"Language": [shown.label(code) for code in codes],
                                    "Reliability": [float(found.reliability[i])
                                                    for i in shown.order]}
    matrix |= {code: [float(found.matrix[row, at]) for row in shown.order]
               for code, at in zip(codes, shown.order, strict=True)}
    left_out = [f"{shown.label(code)} is left out: {why}"
                for code, why in shown.results.series.invalid.items()]
    return section(
        "similarity", "Which languages are alike", paragraph(said),
        chart(figure, f"Heatmap. {said}", matrix), listing(left_out),
        paragraph(f"How sure the tree is cannot be said: {shown.why_unsure}", "faint")
        if shown.why_unsure else "", "<h3>Nearest languages</h3>", _nearest(shown))


def _nearest(shown: Reported) -> str:
    codes = [shown.found.languages[i] for i in shown.order]
    near = [neighbours(shown.found, code) for code in codes]
    columns: dict[str, list[Any]] = {"Language": [shown.label(code) for code in codes]}
    for at, word in enumerate(("Nearest", "second", "third")[:MOST_NEAREST]):
        columns[word] = [f"{shown.label(rows[at].code)}, {number(rows[at].similarity)}"
                         if at < len(rows) else "–" for rows in near]
    columns["Reliability"] = [float(shown.found.reliability[i]) for i in shown.order]
    return table(columns, 2)


def layers_section(shown: Reported) -> str:
    """Lower and higher blocks on one order and one scale, and what moves most."""
    sides = fitting_sides("lower", "higher", shown.results.series.blocks)
    try:
        first, second = (read_similarity(shown.results, shown.reading.model_copy(
            update={"blocks": name, "correction": shown.found.correction}))
            for name in (sides.first, sides.second))
    except GradSimError as error:
        return section("layers", "Lower and higher layers", paragraph(error))
    found = moves(first, second)
    top = found[:MOST_MOVES]
    return section(
        "layers", "Lower and higher layers",
        paragraph(layers_sentence(found, shown.names, sides)),
        chart(_panels(shown, first, second, sides),
              f"Two heatmaps on one order and one scale: {' and '.join(sides.words)}."),
        "<h3>What moves most</h3>",
        table({"Pair": [" – ".join(shown.names.get(code, code) for code in one.pair)
                        for one in top],
               sides.titles[0]: [one.first for one in top],
               sides.titles[1]: [one.second for one in top],
               "Change": [one.change for one in top]}, 2) if top else "")


def _panels(shown: Reported, first: Similarity, second: Similarity, sides: Sides) -> Any:
    codes = [shown.found.languages[i] for i in shown.order]
    names = tuple(shown.names.get(code, code) for code in codes)
    rows = PanelRows(tuple(map(shown.label, codes)), tuple(codes), names, tuple(codes),
                     shown.branches)
    panels = []
    for title, part in zip(sides.titles, (first, second), strict=True):
        low = set(unreliable(part))
        panels.append(Panel(title, part.matrix[np.ix_(shown.order, shown.order)],
                            tuple(at for at, i in enumerate(shown.order) if i in low)))
    limit = symmetric_limit([panel.values for panel in panels])
    found = shown.found
    method = (f"{READING_WORDS[found.reading].capitalize()}, "
              f"{CORRECTION_WORDS.get(found.correction, found.correction)}; step {found.step}; "
              "order of the heatmap above", f"one scale, to ±{limit:.2f}; study "
              f"{shown.results.signature}")
    words = ChartText(f"{sides.titles[0]} beside {sides.titles[1].lower()}: {shown.title}",
                      "cosine", method)
    return square_panels(panels, rows, words, limit=limit)


def groups_section(shown: Reported) -> str:
    """The groups, what they are worth, and how sure they are."""
    made, decision = shown.made, shown.decision
    if made is None or decision is None:
        return section("groups", "Which languages to train together",
                       paragraph(shown.why_no_groups))
    changes = dict(zip(shown.steady.languages, shown.steady.changes.tolist(), strict=True)
                   ) if shown.steady else {}
    cards = []
    for group in decision["groups"]:
        members = "".join(f"<li>{text(shown.label(one['code']), 120)}{_wavers(changes, one)}</li>"
                          for one in group["languages"])
        cards.append(f'<div class="card"><h3>{text(group["name"], 80)}</h3>'
                     f"<ul>{members}</ul></div>")
    sure = [stability_sentence(shown.steady, shown.names)] if shown.steady else [
        f"How sure the groups are cannot be said: {shown.why_unsteady}"]
    sure += [settling_sentence(shown.settled)] if shown.settled else []
    out = [f"{shown.label(one['code'])}: {one['reason']}" for one in decision["not_grouped"]]
    return section(
        "groups", "Which languages to train together",
        paragraph(f"{count(made.k, 'group')} {how_made(made.strategy)}, objective "
                  f"{made.objective:.3f} (the sum over languages of the mean similarity to the "
                  f"others of their group). {proof_sentence(made)} {ties_sentence(made)}"),
        paragraph(made.note, "faint") if made.note else "",
        f'<div class="cards">{"".join(cards)}</div>', *map(paragraph, sure),
        f"<h3>Not grouped</h3>{listing(out)}" if out else "")


def _wavers(changes: dict[str, float], one: dict[str, Any]) -> str:
    share = changes.get(one["code"], 0.0)
    return f' <span class="faint">changes in {100 * share:.0f}%</span>' if share >= 0.005 else ""
