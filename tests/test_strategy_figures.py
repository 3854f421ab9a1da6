"""Charts of strategies: what stands where, what it is called, and that text stays text."""

from __future__ import annotations

import itertools
import re
from typing import Any

import numpy as np
import plotly.graph_objects as go
import pytest
from made_up_experiments import made_up_experiment
from made_up_studies import HOSTILE

from dashboard.figures.palette import STRATEGY_COLOURS, luminance, palette, strategy_colour
from dashboard.figures.strategies import (
    GIVEN_SYMBOLS,
    MOST_WITH_INTERVALS,
    SYMBOLS,
    Measured,
    language_dots,
    strategy_dots,
)
from dashboard.words.experiments import chart_text
from gradsim_core import MOST_GIVEN, Plan, given_name
from gradsim_core.experiments.plans import TITLES

CONTENT = made_up_experiment()
TEXT = chart_text(CONTENT, "Study")
SEES = {  # linear RGB as readers of one kind see it (Machado, Oliveira and Fernandes 2009)
    "all": np.eye(3),
    "protan": np.array([[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216],
                        [-0.003882, -0.048116, 1.051998]]),
    "deutan": np.array([[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413],
                        [-0.011820, 0.042940, 0.968881]]),
    "tritan": np.array([[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602],
                        [0.004733, 0.691367, 0.303900]])}


def strategy(name: str, content: dict[str, Any] = CONTENT) -> dict[str, Any]:
    return next(one for one in content["strategies"] if one["name"] == name)


def marks(figure: go.Figure, title: str) -> go.Scatter:
    return next(trace for trace in figure.data if trace.name == title)


def lab(colour: str, seen: np.ndarray) -> np.ndarray:
    """CIE L*a*b* of a colour, as seen."""
    channels = np.array([int(colour[i:i + 2], 16) / 255 for i in (1, 3, 5)])
    linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    xyz = np.array([[.4124, .3576, .1805], [.2126, .7152, .0722], [.0193, .1192, .9505]]) @ (
        np.clip(seen @ linear, 0, 1)) / np.array([.9505, 1, 1.089])
    f = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


# all languages together

def test_strategies_stand_in_the_order_of_the_plan_with_mean_and_interval() -> None:
    figure = strategy_dots(CONTENT, TEXT)
    assert figure.layout.yaxis.ticktext == (
        "Gradient groups", "One model a language", "One model for all", "Family groups",
        "Random groups", "Oracle groups †")
    assert figure.layout.yaxis.range[0] > figure.layout.yaxis.range[1], "from the top down"
    for row, one in enumerate(CONTENT["strategies"]):
        trace = marks(figure, figure.layout.yaxis.ticktext[row])
        assert trace.y == (row,)
        assert trace.x[0] == pytest.approx(100 * one["mean"])
        assert trace.x[0] + trace.error_x.array[0] == pytest.approx(100 * one["interval"][1])
        assert trace.x[0] - trace.error_x.arrayminus[0] == pytest.approx(100 * one["interval"][0])
        low, high = figure.layout.xaxis.range
        assert low < 100 * one["interval"][0] < 100 * one["interval"][1] < high
        assert f"{100 * one['mean']:.1f}" in [note.text for note in figure.layout.annotations]


def test_gains_are_drawn_over_one_model_for_all() -> None:
    figure = strategy_dots(CONTENT, TEXT, over="all_languages")
    gain = strategy("gradient")["gains"]["all_languages"]
    trace = marks(figure, "Gradient groups")
    assert trace.x[0] == pytest.approx(100 * gain["mean"])
    assert trace.x[0] + trace.error_x.array[0] == pytest.approx(100 * gain["interval"][1])
    itself = marks(figure, "One model for all")
    assert (itself.x[0], itself.error_x.array[0], itself.error_x.arrayminus[0]) == (0, 0, 0)
    assert [shape.x0 for shape in figure.layout.shapes] == [0], "a line at no gain"
    assert "points" in trace.customdata[0]
    assert f"+{100 * gain['mean']:.1f}" in trace.customdata[0]


@pytest.mark.parametrize("over", ["", "all_languages"])
def test_each_random_grouping_is_a_faint_dot_on_its_row(over: str) -> None:
    figure = strategy_dots(CONTENT, TEXT, over=over)
    dots = next(trace for trace in figure.data if trace.marker.opacity)
    less = strategy(over)["mean"] if over else 0
    assert np.allclose(dots.x, [100 * (mean - less) for mean in CONTENT["random"]["means"]])
    assert dots.marker.opacity < 0.5
    row = [one["name"] for one in CONTENT["strategies"]].index("random")
    assert max(abs(y - row) for y in dots.y) < 0.5
    assert len(set(dots.y)) == len(dots.y), "equal means do not hide each other"
    without = {**CONTENT, "random": None}
    assert not any(trace.marker.opacity for trace in strategy_dots(without, TEXT).data)


def test_what_was_chosen_on_test_scores_is_hollow_and_marked() -> None:
    for figure in (strategy_dots(CONTENT, TEXT), language_dots(CONTENT, TEXT)):
        assert marks(figure, "Oracle groups †").marker.symbol.endswith("-open")
        assert not marks(figure, "Gradient groups").marker.symbol.endswith("-open")


# language by language

def test_a_row_a_language_and_a_mark_a_strategy() -> None:
    figure = language_dots(CONTENT, TEXT)
    assert figure.layout.yaxis.ticktext[:2] == ("German (deu)", "Spanish (spa)")
    assert len(figure.data) == len(CONTENT["strategies"])
    for trace, one in zip(figure.data, CONTENT["strategies"], strict=True):
        assert np.allclose(trace.x, [100 * row["mean"] for row in one["per_language"]])
        assert np.allclose(np.array(trace.x) - trace.error_x.arrayminus,
                           [100 * row["interval"][0] for row in one["per_language"]])
        assert [round(y) for y in trace.y] == list(range(8)), "inside the row of its language"
    assert len({trace.y[0] for trace in figure.data}) == len(figure.data), "none hides another"


def test_gains_leave_out_what_they_are_over() -> None:
    gains = {one["name"]: [Measured(1.0, (0.5, 1.5))] * 8 for one in CONTENT["strategies"]}
    figure = language_dots(CONTENT, TEXT, gains=gains, over="all_languages")
    assert "One model for all" not in [trace.name for trace in figure.data]
    assert set(figure.data[0].x) == {1.0}
    low, high = figure.layout.xaxis.range
    assert low < 0
    assert high > 1.5
    assert 0 in [shape.x0 for shape in figure.layout.shapes if shape.x0 == shape.x1]


@pytest.mark.parametrize("n", [1, 12, MOST_WITH_INTERVALS, MOST_WITH_INTERVALS + 1, 130])
def test_many_languages_have_no_lines_and_the_text_says_so(n: int) -> None:
    content = made_up_experiment([f"l{i:03}" for i in range(n)])
    text = chart_text(content, "Study", by_language=True)
    figure = language_dots(content, text)
    drawn = n <= MOST_WITH_INTERVALS
    assert all(trace.error_x.visible == drawn for trace in figure.data)
    assert any("Lines: 95%" in line for line in text.method) == drawn
    assert 150 < figure.layout.height < 3000


def test_one_seed_has_no_interval_in_a_language() -> None:
    content = made_up_experiment(plan=Plan.model_validate({"seeds": 1}))
    figure = language_dots(content, TEXT)
    assert set(figure.data[0].error_x.array) == {0}
    assert "interval" not in figure.data[0].customdata[0]
    assert "No intervals" in chart_text(content, "x", by_language=True).method[1]


# colours and words

def test_every_strategy_has_a_colour_and_a_shape_of_its_own() -> None:
    assert set(STRATEGY_COLOURS) == set(SYMBOLS) == set(TITLES)
    assert set(GIVEN_SYMBOLS) == {given_name(at) for at in range(MOST_GIVEN)}
    shapes = [*SYMBOLS.values(), *GIVEN_SYMBOLS.values()]
    assert len(set(shapes)) == len(shapes)
    assert strategy_colour("unknown", False) == palette(False).bar


@pytest.mark.parametrize("dark", [False, True])
def test_colours_are_told_apart_on_their_page_with_any_colour_vision(dark: bool) -> None:
    page = luminance(palette(dark).page)
    colours = [own[dark] for own in STRATEGY_COLOURS.values()]
    for colour in colours:
        pair = sorted([page, luminance(colour)])
        assert (pair[1] + 0.05) / (pair[0] + 0.05) >= 3
    for a, b in itertools.combinations(colours, 2):
        for seen in SEES.values():
            assert np.linalg.norm(lab(a, seen) - lab(b, seen)) >= 20


def test_title_axis_and_method_are_in_the_picture_itself() -> None:
    figure = strategy_dots(CONTENT, TEXT)
    assert figure.layout.title.text == "Weighted F1: Study"
    assert figure.layout.xaxis.title.text == "weighted F1 on test, %"
    said = " ".join(note.text for note in figure.layout.annotations)
    for part in ("1,920 examples a language under every strategy", "seeds 0, 1, 2", "8 languages",
                 "bootstrap over seeds and languages", "20 random groupings",
                 CONTENT["study"]["signature"], CONTENT["id"]):
        assert part in said
    assert all(len(line) < 130 for line in TEXT.method), "fits a chart of usual width"


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("over", ["", "all_languages"])
def test_hostile_names_are_no_markup_in_figures(name: str, over: str) -> None:
    codes = (name, "hau", "ibo")
    content = made_up_experiment(codes, names={name: name}, title=name)
    text = chart_text(content, name, over=over)
    gains = {one["name"]: [Measured(1.0, None)] * 3 for one in content["strategies"]}
    for figure in (strategy_dots(content, text, over=over),
                   language_dots(content, text, gains=gains if over else None, over=over)):
        written = figure.to_json()
        assert "example" in written or "bold" in written, "the name is there"
        allowed = re.sub(r"\\u003c(br|extra)\\u003e|\\u003c\\u002fextra\\u003e|</?(br|extra)>", "",
                         written)
        assert "<" not in allowed
        assert "\\u003c" not in allowed
        assert "%{z}" not in allowed
        assert not re.search(r"\$[^$\"]+\$", allowed)
