"""Reports of findings: whole, and harmless whatever the names."""

from __future__ import annotations

import csv
import io
import re
import xml.etree.ElementTree as ET
from typing import Any

import numpy as np
import pytest
from finding_cases import CODES, measure_of, record_of, scores_of, transfer_of
from made_up_experiments import made_up_experiment
from made_up_studies import EUROPEAN, HOSTILE
from markdown_it import MarkdownIt

from gradsim_core.experiments.figures import report_figures
from gradsim_core.experiments.report import report_markdown
from gradsim_core.findings.plans import MeasuresPlan
from gradsim_core.findings.report import REPORTS, finding_report, summary_rows
from gradsim_core.findings.transfer.measures import ranked_measures
from gradsim_core.measures import Measure

TRANSFER = transfer_of()


def content_of(names: dict[str, str] | None = None, title: str = "Gradients") -> dict[str, Any]:
    draw = np.random.default_rng(2)
    layers = np.stack([TRANSFER, draw.normal(size=TRANSFER.shape)])
    measures: list[Measure] = [
        measure_of("gradient", TRANSFER, title=title, note=title, layers=("layer.0", title[:40]),
                   by_layer=layers),
        measure_of("imported.x", draw.normal(size=TRANSFER.shape), title=title, source=title),
        measure_of("family", np.ones_like(TRANSFER))]
    seeds = np.stack([TRANSFER, TRANSFER + 0.05 * draw.normal(size=TRANSFER.shape)])
    content = ranked_measures(record_of(names=names, targets=("fin",)), scores_of(seeds),
                              {one.name: one for one in measures}, MeasuresPlan(permutations=199))
    return {**content, "not_measured": [{"name": "topic", "title": title, "reason": title}]}


def test_the_report_says_everything_and_refers_to_its_figures() -> None:
    content = content_of()
    files = finding_report("measures", content)
    report = files["report.md"]
    assert report.startswith("# Which measure predicts transfer? Made-up study\n\n**")
    for heading in ("Ranking", "By layer", "By target", "The scores", "The measures", "Left out",
                    "Method"):
        assert f"\n## {heading}\n" in report
    figures = {name for name in files if name.endswith(".svg")}
    assert figures == {"ranking.svg", "layers.svg", "transfer.svg", "scatter.svg"}
    assert set(re.findall(r"\]\(([\w.]+)\)", report)) == figures
    assert content["id"] in report
    assert "Finnish (fin): it has no training rows" in report
    assert "Somebody 1999" in report
    for sentence in content["method"]:
        assert sentence[:40] in report.replace("\\", "").replace("\u200b", "")


def test_the_tables_hold_every_number() -> None:
    content = content_of()
    files = finding_report("measures", content)
    rows = list(csv.DictReader(io.StringIO(files["table.csv"])))
    assert [row["name"] for row in rows] == [one["name"] for one in content["measures"]]
    first = content["measures"][0]
    assert float(rows[0]["spearman"]) == first["target_spearman"]["value"]
    assert rows[0]["best_layer"] == "layer.0"
    assert rows[2]["spearman"] == ""
    pairs = list(csv.DictReader(io.StringIO(files["pairs.csv"])))
    assert len(pairs) == len(CODES) * (len(CODES) - 1)
    assert float(pairs[0]["gradient"]) == TRANSFER[0, 1]
    assert [row["measure"] for row in summary_rows("measures", content)] == [
        one["title"] for one in content["measures"]]


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_do_nothing(name: str) -> None:
    files = finding_report("measures", content_of(dict.fromkeys(CODES[:3], name), name))
    tokens = MarkdownIt("commonmark").enable("table").parse(files["report.md"])
    inline = [child for token in tokens for child in token.children or ()]
    assert {child.attrs["src"] for child in inline if child.type == "image"} == {
        "ranking.svg", "layers.svg", "transfer.svg", "scatter.svg"}
    assert not [child for child in inline if child.type in ("link_open", "html_inline")]
    assert not [token for token in tokens if token.type == "html_block"]
    for text in files.values():
        if text.startswith("<?xml"):
            tags = {one.tag.rpartition("}")[2] for one in ET.fromstring(text).iter()}
            assert not tags & {"a", "img", "image", "script"}
    for row in csv.reader(io.StringIO(files["table.csv"])):
        assert not [cell for cell in row if cell[:1] in ("=", "@", "+")]


def test_every_kind_of_finding_has_a_report() -> None:
    assert set(REPORTS) == {"measures", "topic-or-language", "lower-or-higher", "readings"}


# the figures of a grouping experiment

def test_the_grouping_report_has_its_figures() -> None:
    content = made_up_experiment()
    figures = report_figures(content)
    assert set(figures) == {"strategies.svg", "languages.svg"}
    report = report_markdown(content, figures)
    assert set(re.findall(r"!\[[^]]*\]\((.*?)\)", report)) == set(figures)
    assert ".svg" not in report_markdown(content), "alone it refers to no file"
    shown = " ".join("".join(one.itertext()) for one in ET.fromstring(figures["languages.svg"])
                     .iter("{http://www.w3.org/2000/svg}text"))
    assert "Gradient groups over one model for all" in shown
    assert all(language["name"] in shown for language in content["languages"])
    assert "95% intervals over seeds" in shown


def test_one_strategy_alone_has_no_gains_to_draw() -> None:
    content = made_up_experiment()
    content["strategies"] = content["strategies"][:1]
    assert set(report_figures(content)) == {"strategies.svg"}


def test_two_seeds_give_dots_without_intervals() -> None:
    content = made_up_experiment()
    for strategy in content["strategies"]:
        strategy["scores"] = strategy["scores"][:2]
    whole, two = (report_figures(one)["languages.svg"] for one in (made_up_experiment(), content))
    bar = "stroke: #0072b2; stroke-opacity"
    assert (whole.count(bar), two.count(bar)) == (len(EUROPEAN), 0)
