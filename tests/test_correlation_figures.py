"""Figures and words of the Correlation page: every number in its place, every name as text."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from made_up_correlations import made_up_measures
from made_up_studies import EUROPEAN, HOSTILE

from dashboard.exports import pairs_csv
from dashboard.figures.layer_line import layer_line
from dashboard.figures.measure_dots import measure_dots
from dashboard.figures.plot_frame import PlotText
from dashboard.figures.transfer_scatter import (
    ACROSS,
    MOST_DRAWN_AS_SHAPES,
    UNKNOWN_PAIR,
    pairs_of,
    transfer_scatter,
)
from dashboard.words import correlations as words
from dashboard.words.summaries import p_words

TEXT = PlotText("A title", "across", "up", ("how it was made",))


def texts(figure: Any) -> str:
    """Every text of a figure, one a line."""
    layout = figure.layout
    found = [layout.title.text, layout.xaxis.title.text, layout.yaxis.title.text,
             *(layout.xaxis.ticktext or ()), *(layout.yaxis.ticktext or ()),
             *(one.text for one in layout.annotations)]
    for trace in figure.data:
        found += [trace.name, *(trace.customdata if trace.customdata is not None else ())]
    return "\n".join(str(one) for one in found if one is not None)


def named(figure: Any, name: str) -> Any:
    (found,) = [trace for trace in figure.data if trace.name == name]
    return found


# measures side by side

def test_measures_stand_in_order_with_interval_and_ceiling() -> None:
    measures = made_up_measures()["measures"]
    figure = measure_dots(measures, TEXT, chosen="family")
    clear, unclear = named(figure, "beyond chance"), named(figure, "not beyond chance")
    assert list(clear.y) == [0, 1], "p corrected 0.0003 and 0.036"
    assert list(unclear.y) == [2, 3, 4]
    assert (clear.marker.symbol, unclear.marker.symbol) == ("circle", "circle-open")
    for trace in (clear, unclear):
        for x, row, up, down in zip(trace.x, trace.y, trace.error_x.array,
                                    trace.error_x.arrayminus, strict=True):
            found = measures[row]["target_spearman"]
            assert x == found["value"]
            assert [x - down, x + up] == pytest.approx(found["interval"])
    ceilings = named(figure, "ceiling that noise sets")
    assert list(ceilings.x) == [one["ceiling"]["value"] for one in measures]
    assert list(figure.layout.yaxis.ticktext) == [one["title"] for one in measures]
    (marked,) = [one for one in figure.layout.shapes if one.type == "rect"]
    assert (marked.y0, marked.y1) == (1.5, 2.5), "the chosen row"
    low, high = figure.layout.xaxis.range
    assert low < min(measures[-1]["target_spearman"]["interval"]) < 0.97 < high


def test_measure_without_a_value_keeps_its_row() -> None:
    measures = made_up_measures()["measures"]
    measures[-1]["target_spearman"] = {"value": None, "interval": None, "p": None,
                                       "p_corrected": None}
    measures[-1]["ceiling"] = dict.fromkeys(("similarity", "transfer", "value", "share"))
    figure = measure_dots(measures, TEXT)
    assert list(named(figure, "not beyond chance").y) == [2, 3]
    assert len(figure.layout.yaxis.ticktext) == 5
    assert "undefined" in texts(figure)


# pairs

def test_pairs_are_those_with_both_numbers() -> None:
    content = made_up_measures()
    measure = content["measures"][0]
    pairs = pairs_of(content, measure)
    assert len(pairs.source) == 8 * 7 - 1, "one was not trained"
    assert (0, 1) not in set(zip(pairs.source, pairs.target, strict=True))
    for s, t, x, y in zip(pairs.source, pairs.target, pairs.similarity, pairs.transfer,
                          strict=True):
        assert x == measure["values"][s][t]
        assert y == pytest.approx(100 * content["transfer"][s][t])
    assert len(pairs_of(content, content["measures"][3]).source) == 7 * 6 - 1


def test_targets_means_are_taken_out_over_the_pairs_shown() -> None:
    content = made_up_measures()
    measure = content["measures"][0]
    plain, within = pairs_of(content, measure), pairs_of(content, measure, within=True)
    for target in range(8):
        at = [i for i, t in enumerate(plain.target) if t == target]
        for before, after in ((plain.similarity, within.similarity),
                              (plain.transfer, within.transfer)):
            own = np.array([before[i] for i in at])
            assert [after[i] for i in at] == pytest.approx(list(own - own.mean()))


def test_each_branch_has_colour_and_shape_and_hover_names_both() -> None:
    content = made_up_measures()
    content["languages"][7]["branch"] = None
    figure = transfer_scatter(content, content["measures"][0], TEXT)
    names = [trace.name for trace in figure.data]
    assert names == [ACROSS, "Both Germanic", "Both Romance", UNKNOWN_PAIR]
    assert len({trace.marker.symbol for trace in figure.data}) == 4, "not by colour alone"
    assert sum(len(trace.x) for trace in figure.data) == 55
    assert len(named(figure, UNKNOWN_PAIR).x) == 14
    first = named(figure, "Both Germanic")
    at = [(s, t) for s in (0, 2, 4, 6) for t in (0, 2, 4, 6) if s != t].index((0, 2))
    assert first.customdata[at].startswith("German (deu) → Dutch (nld)<br>Both Germanic<br>")
    assert f"{100 * content['transfer'][0][2]:.1f} %" in first.customdata[at]
    assert figure.layout.legend.orientation == "h"


def test_marks_of_very_many_pairs_are_small() -> None:
    content = made_up_measures([f"x{at:02}" for at in range(80)])
    many = named(transfer_scatter(content, content["measures"][0], TEXT), "Both Romance")
    content = made_up_measures()
    few = named(transfer_scatter(content, content["measures"][0], TEXT), "Both Romance")
    assert 3 <= many.marker.size <= 0.6 * few.marker.size


def test_units_are_points_where_they_are_differences() -> None:
    content = made_up_measures()
    measure = content["measures"][0]
    assert "points" in texts(transfer_scatter(content, measure, TEXT, within=True))
    content["scores"]["gain_over"] = "majority"
    text = words.scatter_text(content, measure, "X", 5, within=False)
    assert text.y == "gain over majority, weighted F1 on test, percentage points"
    assert words.scatter_text(made_up_measures(), measure, "X", 5, within=False).y.endswith(", %")


def test_many_pairs_are_drawn_by_the_graphics() -> None:
    codes = [f"q{chr(97 + at // 26)}{chr(97 + at % 26)}" for at in range(70)]
    content = made_up_measures(codes)
    figure = transfer_scatter(content, content["measures"][0], TEXT)
    assert MOST_DRAWN_AS_SHAPES < 70 * 69
    assert {trace.type for trace in figure.data} == {"scattergl"}


# layers

def test_line_band_and_best_layer() -> None:
    measure = made_up_measures()["measures"][0]
    best = words.best_layer(measure)
    assert best == "layer.2"
    figure = layer_line(measure["layers"], best, TEXT)
    band, line, star = figure.data
    assert band.fill == "toself"
    assert list(band.y[:6]) == [one["interval"][1] for one in measure["layers"]]
    assert list(line.y) == [one["value"] for one in measure["layers"]]
    assert (list(star.x), star.marker.symbol) == ([3], "star")
    assert "p = 0.010" in star.name.replace("&lt;", "<")
    assert list(figure.layout.xaxis.ticktext)[:2] == ["embeddings", "layer 0"]


def test_no_layer_is_marked_when_none_is_beyond_chance() -> None:
    measure = made_up_measures(best_layer=False)["measures"][0]
    assert words.best_layer(measure) is None
    assert words.layer_sentence(measure).startswith("No layer is best beyond chance")
    figure = layer_line(measure["layers"], None, TEXT)
    assert "star" not in {trace.marker.symbol for trace in figure.data}
    assert words.layer_sentence({**measure, "best_layer": None}) == (
        "No layer is best beyond chance.")


def test_band_stops_where_there_is_no_interval() -> None:
    layers = made_up_measures()["measures"][0]["layers"]
    layers[2] = {**layers[2], "value": None, "interval": None}
    bands = [trace for trace in layer_line(layers, None, TEXT).data if trace.fill == "toself"]
    assert [sorted(set(band.x)) for band in bands] == [[0, 1], [3, 4, 5]]


# words and tables

def test_tables_hold_the_numbers_of_the_content() -> None:
    content = made_up_measures()
    measure = content["measures"][0]
    targets = words.target_table(content, measure)
    assert targets["Target"] == ["German", "Spanish", "Dutch", "Italian", "Swedish",
                                 "Portuguese", "Danish", "French", "Mean over targets"]
    assert targets["Spearman"][-1] == round(measure["mean"]["spearman"], 3)
    assert targets["Regret@1, points"][3] == round(100 * measure["per_target"][3]["regret1"], 2)
    assert targets["Sources"][:2] == [7, 6]
    measures = words.measures_table(content)
    assert measures["p corrected"] == ["< 0.001", "0.036", "0.27", "1.00", "1.00"]
    assert len({len(column) for column in measures.values()}) == 1
    assert words.layer_table(measure["layers"])["Layer"] == [
        "embeddings", "layer 0", "layer 1", "layer 2", "layer 3", "head"]


def test_sentences_say_what_is_known() -> None:
    content = made_up_measures()
    said = " ".join(words.measure_sentences(content["measures"][0]))
    assert "Beyond these controls (Genealogy, Distance on the map)" in said
    assert "+11.0 points" in said
    behind = " ".join(words.measure_sentences(content["measures"][1]))
    assert "It lies 0.10 (95% interval −0.02 to 0.22) behind the first measure." in behind
    high = {**content["measures"][1], "ceiling": {"similarity": None, "transfer": 0.5,
                                                  "value": 0.1, "share": 1.5}}
    assert "all that noise allows (ceiling 0.10)" in " ".join(words.measure_sentences(high))
    assert words.facts_line(made_up_measures(scores="published")).startswith(
        "8 languages · 1 seed · 5 measures · weighted F1 on test · imported scores published")


@pytest.mark.parametrize(("p", "said"), [(None, "p undefined"), (float("nan"), "p undefined"),
                                         (0.0001, "p < 0.001"), (0.0123, "p = 0.012"),
                                         (0.25, "p = 0.25"), (1.0, "p = 1.00")])
def test_p_in_words(p: float | None, said: str) -> None:
    assert p_words(p) == said


def test_pairs_as_csv() -> None:
    content = made_up_measures()
    lines = pairs_csv(content, content["measures"][0]).splitlines()
    assert lines[0] == "source,source_name,target,target_name,measure,similarity,transfer"
    assert len(lines) == 1 + 8 * 7
    assert lines[1].startswith("deu,German,spa,Spanish,gradient,")
    assert lines[1].endswith(","), "not trained: empty"


@pytest.mark.parametrize("dark", [False, True])
def test_hostile_names_stay_text(dark: bool) -> None:
    names = dict(zip(HOSTILE, HOSTILE, strict=True))
    content = made_up_measures(HOSTILE, names=names, title=HOSTILE[0])
    content["languages"][1]["branch"] = content["languages"][3]["branch"] = HOSTILE[2]
    measure = content["measures"][0]
    for layer in measure["layers"]:
        layer["layer"] = HOSTILE[0]
    figures = [
        measure_dots(content["measures"], words.measures_text(content, HOSTILE[0]), dark=dark),
        transfer_scatter(content, measure, words.scatter_text(
            content, measure, HOSTILE[1], 1, within=False), dark=dark),
        layer_line(measure["layers"], HOSTILE[0], words.layers_text(
            content, measure, HOSTILE[2]), dark=dark)]
    for figure in figures:
        said = texts(figure).replace("<br>", "")
        assert "out.example" in said
        assert "<" not in said
        assert "%{" not in said
    assert not any(line.startswith("=") or ",=" in line
                   for line in pairs_csv(content, measure).splitlines())


def test_every_chart_names_axes_study_and_finding() -> None:
    content = made_up_measures()
    measure = content["measures"][0]
    for text in (words.measures_text(content, "Name"), words.layers_text(content, measure, "Name"),
                 words.scatter_text(content, measure, "Name", 55, within=True)):
        assert text.title.endswith("Name")
        assert text.x
        assert content["study"]["signature"] in text.method[-1]
        assert content["id"] in text.method[-1]
    assert len(EUROPEAN) == 8
