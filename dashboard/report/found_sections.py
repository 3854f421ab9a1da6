"""Sections on what was found: experiments, findings, imported tables; and how to check it all."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

from dashboard.figures.depth_lines import depth_lines
from dashboard.figures.layer_line import layer_line
from dashboard.figures.measure_dots import measure_dots
from dashboard.figures.strategies import strategy_dots
from dashboard.report.content import Reported
from dashboard.report.elements import (
    chart,
    for_script,
    listing,
    paragraph,
    section,
    table,
    text,
    unfolded,
)
from dashboard.words import correlations as correlation_words
from dashboard.words import experiments as experiment_words
from dashboard.words import layers as layer_words
from dashboard.words.glossary import Term
from dashboard.words.summaries import verdict_words
from gradsim_core import decision_json

_LAYERS = {
    layer_words.SHARES: ("What explains each layer", layer_words.share_lines,
                         layer_words.share_text, layer_words.share_table, "%"),
    layer_words.SPANS: ("Topic or language", layer_words.span_lines, layer_words.span_text,
                        layer_words.span_table, "")}


def experiments_section(shown: Reported) -> str:
    """Every experiment's verdict, chart and numbers, the newest first."""
    if not shown.experiments:
        return section("experiments", "Do groups help?", paragraph(
            "Not found out yet: no groups of this study have been trained and compared."))
    return section("experiments", "Do groups help?", *(
        part for content in shown.experiments for part in _experiment(content, shown.title)))


def _experiment(content: Mapping[str, Any], title: str) -> list[str]:
    figure = strategy_dots(content, experiment_words.chart_text(content, title))
    return [f"<h3>{text(experiment_words.experiment_label(content), 160)}</h3>",
            paragraph(content["verdict"], "verdict"),
            paragraph(experiment_words.facts_line(content), "faint"),
            chart(figure, f"Dot chart, one row a strategy. {content['verdict']}",
                  experiment_words.strategy_table(content)),
            unfolded("Language by language, mean score in percent",
                     table(experiment_words.language_table(content, None), 1)),
            unfolded("Groups", table(experiment_words.group_table(content))),
            listing(_left_out(content))]


def findings_section(shown: Reported) -> str:
    """Correlations with transfer, and what was found about layers and readings."""
    parts = []
    for content in shown.findings["measures"]:
        parts += _measures(content, shown.title)
    for kind in _LAYERS:
        for content in shown.findings[kind]:
            parts += _along_layers(kind, content, shown.title)
    for content in shown.findings["readings"]:
        parts += ["<h3>Which reading</h3>", paragraph(verdict_words(content), "verdict"),
                  _method(content)]
    if shown.scores or shown.similarities:
        parts += ["<h3>Imported tables</h3>", listing([
            *(f"scores: {name}" for name in shown.scores),
            *(f"similarity: {name}" for name in shown.similarities)])]
    return section("findings", "Does similarity predict transfer, and what explains it?", *(
        parts or [paragraph("Not found out yet: no measure has been held against transfer, and no "
                            "layer has been explained.")]))


def _measures(content: Mapping[str, Any], title: str) -> list[str]:
    words = correlation_words
    parts = [f"<h3>Similarity and transfer: {text(words.finding_label(content), 160)}</h3>",
             paragraph(verdict_words(content), "verdict"),
             paragraph(words.facts_line(content), "faint")]
    if content["measures"]:
        figure = measure_dots(content["measures"], words.measures_text(content, title))
        parts.append(chart(figure, f"Dot chart, one row a measure. {verdict_words(content)}",
                           words.measures_table(content)))
        first = next((one for one in content["measures"] if one["layers"]), None)
        if first:
            figure = layer_line(first["layers"], words.best_layer(first),
                                words.layers_text(content, first, title))
            parts += [paragraph(words.layer_sentence(first)),
                      chart(figure, f"Line over layers. {words.layer_sentence(first)}",
                            words.layer_table(first["layers"]))]
    return [*parts, _method(content), listing(_left_out(content))]


def _along_layers(kind: str, content: Mapping[str, Any], title: str) -> list[str]:
    heading, lines, words, numbers, unit = _LAYERS[kind]
    parts = [f"<h3>{text(heading)}</h3>", paragraph(verdict_words(content), "verdict"),
             paragraph(layer_words.facts_line(content), "faint")]
    drawn = lines(content)
    if drawn and content["blocks"]:
        figure = depth_lines([one["block"] for one in content["blocks"]], drawn,
                             words(content, title), unit=unit, crossover=content.get("crossover"))
        parts.append(chart(figure, f"Lines over the blocks. {verdict_words(content)}",
                           numbers(content)))
    layers, by_module = layer_words.module_lines(content)
    if by_module:
        parts.append(chart(depth_lines(layers, by_module, layer_words.module_text(content, title),
                                       unit=unit),
                           "Lines over the layers, one a module: what the languages explain more "
                           "than the task.", layer_words.module_table(content)))
    return [*parts, _method(content), listing(_left_out(content))]


def _method(content: Mapping[str, Any]) -> str:
    return unfolded("How it was computed", listing(content.get("method", ())))


def _left_out(content: Mapping[str, Any]) -> list[str]:
    return [f"Left out: {one.get('name', one['code'])}, because {one['reason']}."
            for one in content.get("left_out", ())]


def method_section(shown: Reported, terms: list[Term]) -> str:
    """What is computed, in words, and what the words mean."""
    glossary = "".join(f"<dt>{text(term.name)}</dt><dd>{text(term.meaning, 600)} "
                       f'<span class="faint">{text(term.source)}</span></dd>' for term in terms)
    return section(
        "method", "Method",
        paragraph("One model is trained on all languages together. At every step each language "
                  "gives an equally large batch in two disjoint halves, and the gradient of each "
                  "half is taken at the same parameters. What is kept are inner products of the "
                  "gradients, block by block; similarities are cosines worked out from them. The "
                  "idea is that of GradSim (Wang, Adel, Lange, Strötgen, Schütze, EMNLP 2023, "
                  "arXiv 2310.15269); where its abstract is silent, the choices are named above."),
        paragraph("Groups maximise the sum over languages of the mean similarity to the other "
                  "members of their group. Whether they help is only found out by training them "
                  "at equal budget, which an experiment does."),
        unfolded("What the words mean", f"<dl>{glossary}</dl>"))


def checking_section(shown: Reported) -> str:
    """Signature, versions, the decision itself, and how to have it derived anew."""
    record = shown.results.record
    facts = {"Signature": shown.results.signature, "Method version": record["method_version"],
             "Fingerprint of the model": record["model_fingerprint"][:16],
             **{f"Version of {name}": value for name, value in record["versions"].items()}}
    parts = [table({"What": list(facts), "Value": [str(value) for value in facts.values()]})]
    if shown.decision is not None:
        written = decision_json(shown.decision)
        name = f"gradsim-{shown.results.signature[:8]}-groups.json"
        coded = base64.b64encode(written.encode()).decode()
        parts += [
            paragraph("The groups stand in this file as a decision, with all that they follow "
                      "from. Save it, and have it derived anew where the study's results are (or "
                      "where the same study has been run again):"),
            f"<pre>gradsim verify {text(name)}</pre>",
            f'<p><a download="{text(name)}" href="data:application/json;base64,{coded}">Save the '
            "decision as JSON</a></p>",
            unfolded("The decision", f"<pre>{_lines(written)}</pre>"),
            f'<script type="application/json" id="decision">{for_script(written)}</script>']
    return section("check", "Check it", *parts)


def _lines(written: str) -> str:
    """Text with its line breaks."""
    return "\n".join(" " * (len(line) - len(line.lstrip(" "))) + text(line, 100_000)
                     for line in written.splitlines())
