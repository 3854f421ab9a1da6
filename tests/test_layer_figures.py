"""Figures along depth: what stands where, on which scale, and that text stays text."""

from __future__ import annotations

import json
import re

import numpy as np
import plotly.graph_objects as go
import pytest
from layer_cases import HIGHER, LOWER, TEXT
from made_up_findings import made_up_lower_or_higher, made_up_topic_or_language
from made_up_studies import BLOCKS, HOSTILE

from dashboard.figures.depth_lines import LINE_COLOURS, DepthLine, depth_lines
from dashboard.figures.frame import ChartText
from dashboard.figures.movers import pair_moves
from dashboard.figures.palette import luminance, palette
from dashboard.figures.panels import (
    MOST_WITH_NUMBERS,
    Panel,
    PanelRows,
    square_panels,
    symmetric_limit,
)
from dashboard.layers import Move
from dashboard.words.layers import (
    share_lines,
    share_table,
    share_text,
    span_lines,
    span_table,
    span_text,
)

CONTENT, SPANS = made_up_lower_or_higher(), made_up_topic_or_language()


def rows(n: int = 8) -> PanelRows:
    codes = tuple(f"l{i:02}" for i in range(n))
    return PanelRows(codes, codes, codes, codes, dict.fromkeys(codes, "Branch"))


def heatmaps(figure: go.Figure, axis: str) -> list[go.Heatmap]:
    return [one for one in figure.data if one.type == "heatmap" and one.xaxis == axis]


def marked(figure: go.Figure) -> list[go.Scatter]:
    """The lines of a chart along depth: those with values."""
    return [one for one in figure.data if one.mode == "lines+markers" and one.x[0] is not None]


def numbers(figure: go.Figure) -> list[go.Scatter]:
    """The numbers in cells, a panel each."""
    return [one for one in figure.data
            if one.type == "scatter" and one.mode == "text" and one.xaxis != "x3"]


# panels

def test_two_panels_share_order_and_scale() -> None:
    panels = [Panel("Lower layers", LOWER.matrix), Panel("Higher layers", HIGHER.matrix)]
    figure = square_panels(panels, rows(), TEXT, limit=0.6)
    (left,), (right,) = heatmaps(figure, "x"), heatmaps(figure, "x2")
    assert left.coloraxis == right.coloraxis == "coloraxis", "one scale"
    assert (figure.layout.coloraxis.cmin, figure.layout.coloraxis.cmax) == (-0.6, 0.6)
    off = ~np.eye(8, dtype=bool)
    assert np.allclose(np.array(left.z)[off], LOWER.matrix[off])
    assert np.allclose(np.array(right.z)[off], HIGHER.matrix[off])
    assert not np.isfinite(np.array(left.z)[~off]).any(), "the diagonal says nothing"
    assert left.text == right.text, "one order"
    assert figure.layout.xaxis2.matches == "x"
    assert figure.layout.yaxis2.matches == "y", "zooming moves both"
    assert figure.layout.xaxis.domain[1] < figure.layout.xaxis2.domain[0]
    notes = [note.text for note in figure.layout.annotations]
    assert {"Lower layers", "Higher layers", "first line", "second line"} <= set(notes)


def test_undefined_cells_are_grey_and_in_the_legend() -> None:
    broken = LOWER.matrix.copy()
    broken[2, 3] = broken[3, 2] = np.nan
    figure = square_panels([Panel("", LOWER.matrix), Panel("", broken)], rows(), TEXT, limit=0.6)
    assert len(heatmaps(figure, "x")) == 1
    _, grey = heatmaps(figure, "x2")
    assert np.argwhere(np.isfinite(np.array(grey.z))).tolist() == [[2, 3], [3, 2]]
    assert "undefined" in [one.name for one in figure.data]


def test_each_panel_hatches_its_own_languages_and_the_legend_says_so_once() -> None:
    panels = [Panel("a", LOWER.matrix, (1,)), Panel("b", HIGHER.matrix, (1, 4))]
    figure = square_panels(panels, rows(), TEXT, limit=0.6)
    hatches = [one for one in figure.data if one.name == "low reliability"]
    assert [one.xaxis for one in hatches] == ["x", "x2"]
    assert [one.showlegend for one in hatches] == [True, False]
    assert len(hatches[1].x) > len(hatches[0].x)


@pytest.mark.parametrize("several", [1, 2])
@pytest.mark.parametrize("n", [2, 12, 13, 20, 21, 70, 130])
def test_cells_hold_numbers_while_they_can_be_read(n: int, several: int) -> None:
    table = np.random.default_rng(0).uniform(-1, 1, (n, n))
    figure = square_panels([Panel("", table)] * several, rows(n), TEXT, limit=1.0)
    assert len(numbers(figure)) == several * (n <= MOST_WITH_NUMBERS[several > 1])
    assert 150 < figure.layout.height < 2200


def test_numbers_are_black_or_white_and_short_where_there_is_little_room() -> None:
    table = np.array([[1.0, -0.126], [0.4, 1.0]])
    one, two = (square_panels([Panel("", table)] * n, rows(2), TEXT, limit=0.4) for n in (1, 2))
    first, second = (numbers(figure)[0] for figure in (one, two))
    assert first.text == ("−0.13", "0.40")
    assert second.text == ("−.13", ".40")
    assert first.textfont.color == ("#000000", "#FFFFFF")


def test_what_is_almost_zero_has_no_sign() -> None:
    table = np.array([[1.0, -0.004], [0.004, 1.0]])
    figure = square_panels([Panel("", table)], rows(2), TEXT, limit=0.4)
    assert numbers(figure)[0].text == ("0.00", "0.00")


def test_limit_holds_every_value_off_the_diagonals() -> None:
    small, large = np.array([[9.0, 0.11], [0.2, 9.0]]), np.array([[9.0, -0.43], [np.nan, 9.0]])
    assert symmetric_limit([small]) == pytest.approx(0.2)
    assert symmetric_limit([small, large]) == pytest.approx(0.45)
    assert symmetric_limit([np.full((2, 2), np.nan)]) == 0.05
    assert symmetric_limit([np.full((2, 2), 7.0)]) == 1.0, "a corrected similarity may exceed 1"


# along depth

def test_lines_bands_and_hollow_marks_are_those_of_the_content() -> None:
    figure = depth_lines(BLOCKS, share_lines(CONTENT), share_text(CONTENT, "Study"), unit="%")
    linguistic, task = marked(figure)
    values = [one["linguistic"]["share"] for one in CONTENT["blocks"]]
    shown = dict(zip(linguistic.x, linguistic.y, strict=True))
    assert [shown[i] for i in range(6)] == pytest.approx([100 * value for value in values])
    hollow = dict(zip(task.x, task.marker.color, strict=True))
    for at, one in enumerate(CONTENT["blocks"]):
        assert (hollow[at] == palette(False).page) == (one["task"]["p"] > 0.05)
    at = list(linguistic.x).index(5)
    assert linguistic.x[at - 1] is None, "no line leads into the head"
    assert None not in list(linguistic.x)[:5]
    band = figure.data[0]
    low, high = CONTENT["blocks"][2]["linguistic"]["interval"]
    assert sorted(y for x, y in zip(band.x, band.y, strict=True) if x == 2) == pytest.approx(
        [100 * low, 100 * high])
    assert "95% interval 34.0 to 52.0" in linguistic.customdata[0]
    assert "p = 0.001" in linguistic.customdata[0]
    assert [one.name for one in figure.data if one.showlegend is None and one.name] == [
        "Linguistic measures", "Measures of the task"]


def test_a_side_without_measures_is_not_drawn() -> None:
    content = made_up_lower_or_higher(task=None)
    figure = depth_lines(BLOCKS, share_lines(content), share_text(content, "x"), unit="%")
    assert len(marked(figure)) == 1
    table = share_table(content)
    assert "Linguistic, %" in table
    assert not any(key.startswith("Task") for key in table)


def test_gaps_and_missing_intervals_leave_blanks() -> None:
    line = DepthLine("x", (0.1, None, 0.3, 0.4), ((0.0, 0.2), None, None, (0.3, 0.5)), (None,) * 4)
    figure = depth_lines(("a", "b", "c", "head"), [line], TEXT)
    (drawn,) = marked(figure)
    assert list(drawn.x) == [0, None, 2, None, 3, None]
    band = figure.data[0]
    assert 2 not in band.x
    assert {x for x in band.x if x is not None and x > 2.5} == {2.88, 3.12}, "a bar for the head"


def test_topic_and_language_lines_with_the_crossing_point() -> None:
    figure = depth_lines(BLOCKS, span_lines(SPANS), span_text(SPANS, "Study"),
                         crossover=SPANS["crossover"])
    assert len(marked(figure)) == 3
    assert [shape.x0 for shape in figure.layout.shapes] == [2.5], "before layer.2"
    assert any("dotted" in line for line in span_text(SPANS, "x").method)
    without = {**SPANS, "crossover": None}
    assert not any("dotted" in line for line in span_text(without, "x").method)
    table = span_table(SPANS)
    assert table["Within language"] == pytest.approx(
        [one["within_language"]["value"] for one in SPANS["blocks"]])
    assert len(set(map(len, table.values()))) == 1


def test_tables_hold_every_number_of_the_chart() -> None:
    table = share_table(CONTENT)
    assert table["Block"] == ["embeddings", "layer 0", "layer 1", "layer 2", "layer 3", "head"]
    assert table["Linguistic, %"] == [42.0, 36.0, 30.0, 21.0, 12.0, 5.0]
    assert table["Task, 95% interval"][0] == "−6.0 to 12.0"


@pytest.mark.parametrize("dark", [False, True])
def test_line_colours_stand_out_from_their_page(dark: bool) -> None:
    page = luminance(palette(dark).page)
    for colours in LINE_COLOURS:
        low, high = sorted([page, luminance(colours[dark])])
        assert (high + 0.05) / (low + 0.05) >= 3


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_are_no_markup_in_figures(name: str) -> None:
    text = ChartText(name, name, (name,))
    labels = PanelRows((name, "b"), (name, "b"), (name, "b"), (name, "b"), {name: name, "b": "B"})
    lines = [DepthLine(name, (0.1, 0.2), ((0, 1), (0, 1)), (0.01, 0.2))]
    table = np.array([[1.0, 0.3], [0.3, 1.0]])
    for figure in (square_panels([Panel(name, table, (0,))] * 2, labels, text, limit=0.5),
                   pair_moves([Move((name, "b"), 0.1, 0.2, (0.05, 0.2))], {name: name},
                              (name, name), text),
                   depth_lines((name, "head"), lines, text)):
        written = json.dumps(json.loads(figure.to_json()), ensure_ascii=False)
        assert any(part in written for part in ("example", "bold", "alert")), "the name is there"
        allowed = re.sub(r"</?(br|extra)>", "", written)
        assert "<" not in allowed
        assert "%{z}" not in allowed.replace("%{z:+.3f}", "")
        assert not re.search(r"\$[^$\"]+\$", allowed)
