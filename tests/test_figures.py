"""Figures: what stands where, in which colour, and that text from data stays text."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import plotly.graph_objects as go
import pytest
from made_up_studies import HOSTILE
from page_cases import laid_on

from dashboard.figures import palette as colours
from dashboard.figures.heatmap import (
    MOST_WITH_NUMBERS,
    colour_limit,
    heatmap_overlay,
    similarity_heatmap,
)
from dashboard.figures.heatmap_frame import HeatmapText, language_label
from dashboard.figures.heatmap_sides import CELLS_PX, frame_names
from dashboard.figures.nearest import nearest_bars
from dashboard.figures.text_width import text_width
from dashboard.words.summaries import Neighbour
from gradsim_core import Similarity, leaf_order, linkage_tree

CODES = ("amh", "hau", "ibo")
MATRIX = np.array([[1, 0.2, 0.6], [0.2, 1, -0.4], [0.6, -0.4, 1]])
TEXT = HeatmapText("Title", ("cosine",), ("method",), {"amh": "Amharic", "hau": "Hausa",
                                                       "ibo": "Igbo"},
                   {"amh": "Semitic", "hau": "Chadic", "ibo": None})


def found_in(matrix: np.ndarray, reliability: object = None,
             codes: tuple[str, ...] = CODES) -> Similarity:
    values = np.full(len(matrix), 0.9) if reliability is None else np.array(reliability, float)
    return Similarity(codes, np.array(matrix, float), values, ("layer.0",), "cosine_of_mean",
                      "raw", 10)


def traces(figure: go.Figure, kind: str, **wanted: object) -> list:
    return [trace for trace in figure.data if trace.type == kind
            and all(getattr(trace, key) == value for key, value in wanted.items())]


def cells(figure: go.Figure) -> go.Heatmap:
    return traces(figure, "heatmap", showscale=None)[0]


def texts(figure: go.Figure) -> str:
    """Everything that plotly would read as its own markup."""
    return figure.to_json()


# the heatmap

def test_cells_follow_the_order_and_leave_the_diagonal_out() -> None:
    figure = similarity_heatmap(found_in(MATRIX), (2, 0, 1), TEXT)
    z = np.asarray(cells(figure).z)
    assert z.dtype == np.float32
    assert np.isnan(np.diag(z)).all()
    assert z[0, 1] == np.float32(0.6)   # ibo, amh
    assert z[2, 0] == np.float32(-0.4)  # hau, ibo
    assert figure.layout.yaxis4.ticktext == ("Igbo (ibo)", "Amharic (amh)", "Hausa (hau)")
    assert figure.layout.xaxis4.ticktext == ("ibo", "amh", "hau")
    assert figure.layout.yaxis.range[0] > figure.layout.yaxis.range[1], "rows run downwards"
    assert figure.layout.xaxis.ticktext == ("Igbo", "Amharic", "Hausa"), "told by the hover"
    assert cells(figure).hovertemplate.startswith("%{y} – %{x}")


@pytest.mark.parametrize(("largest", "limit"), [
    (0.31, 0.35), (0.35, 0.35), (-0.62, 0.65), (0.0, 0.05), (3.7, 1.0), (0.999, 1.0)])
def test_colours_are_symmetric_and_led_by_the_cells_off_the_diagonal(largest: float,
                                                                   limit: float) -> None:
    matrix = np.array([[1, largest], [largest, 1]])
    assert colour_limit(found_in(matrix, codes=("a", "b"))) == pytest.approx(limit)
    trace = cells(similarity_heatmap(found_in(matrix, codes=("a", "b")), (0, 1), TEXT))
    assert (trace.zmin, trace.zmax) == (pytest.approx(-limit), pytest.approx(limit))
    assert trace.colorbar.ticktext[0] == f"−{limit:.2f}"


def test_undefined_cells_are_grey_and_in_the_legend() -> None:
    matrix = MATRIX.copy()
    matrix[1] = matrix[:, 1] = np.nan
    figure = similarity_heatmap(found_in(matrix), (0, 2, 1), TEXT)
    grey = traces(figure, "heatmap", colorscale=((0.0, colours.LIGHT.undefined),
                                                 (1.0, colours.LIGHT.undefined)))
    assert len(grey) == 1
    expected = [[0, 0, 1], [0, 0, 1], [1, 1, 0]]
    assert (np.isfinite(np.asarray(grey[0].z)) == np.array(expected, bool)).all()
    assert "undefined" in [trace.name for trace in figure.data]
    whole = similarity_heatmap(found_in(MATRIX), (0, 1, 2), TEXT)
    assert "undefined" not in [trace.name for trace in whole.data]


@pytest.mark.parametrize("n", [MOST_WITH_NUMBERS, MOST_WITH_NUMBERS + 1])
def test_many_languages_have_no_numbers_in_cells(n: int) -> None:
    codes = tuple(f"l{i:02}" for i in range(n))
    figure = similarity_heatmap(found_in(np.eye(n), codes=codes), range(n), TEXT)
    numbers = [trace for trace in traces(figure, "scatter", mode="text") if trace.xaxis is None]
    assert len(numbers) == (n <= MOST_WITH_NUMBERS)


@pytest.mark.parametrize("dark", [False, True])
def test_numbers_can_be_read_on_their_cells(dark: bool) -> None:
    figure = similarity_heatmap(found_in(MATRIX), (0, 1, 2), TEXT, dark=dark)
    numbers = next(trace for trace in traces(figure, "scatter", mode="text")
                   if trace.xaxis is None)
    assert list(numbers.text) == ["0.20", "0.60", "0.20", "−0.40", "0.60", "−0.40"]
    scale, limit = colours.palette(dark).diverging, colour_limit(found_in(MATRIX))
    for text, ink in zip(numbers.text, numbers.textfont.color, strict=True):
        value = float(text.replace("−", "-"))
        under = colours.luminance(colours.colour_at(scale, 0.5 + value / limit / 2))
        pair = sorted([under, colours.luminance(ink)])
        assert (pair[1] + 0.05) / (pair[0] + 0.05) >= 4.5


def test_languages_not_to_be_trusted_are_hatched_and_their_bars_stand_out() -> None:
    figure = similarity_heatmap(found_in(MATRIX, [0.9, -0.2, 0.8]), (2, 1, 0), TEXT, hatched=[1])
    lines = next(trace for trace in figure.data if trace.name == "low reliability")
    assert lines.fillpattern.shape == "/"
    assert lines.x[:5] == (-0.5, 2.5, 2.5, -0.5, -0.5), "the whole row"
    assert lines.y[:5] == (0.5, 0.5, 1.5, 1.5, 0.5)
    bars = traces(figure, "bar")[0]
    assert list(bars.marker.pattern.shape) == ["", "/", ""]
    assert bars.marker.color[1] != bars.marker.color[0]
    assert list(bars.customdata) == ["0.800", "-0.200", "0.900"]
    assert figure.layout.xaxis2.range[0] < -0.2
    calm = similarity_heatmap(found_in(MATRIX), (0, 1, 2), TEXT)
    assert "low reliability" not in [trace.name for trace in calm.data]
    numbers = traces(figure, "scatter", mode="text", xaxis=None)[0]
    assert figure.data.index(numbers) > figure.data.index(lines), "else they are struck out"


@pytest.mark.parametrize("low", [[1], [0], [0, 1], [1, 3], [0, 1, 2, 3], [3]])
def test_each_cell_of_a_language_not_to_be_trusted_is_hatched_once(low: list[int]) -> None:
    codes = ("a", "b", "c", "d")
    figure = similarity_heatmap(found_in(np.eye(4), codes=codes), range(4), TEXT, hatched=low)
    lines = next(trace for trace in figure.data if trace.name == "low reliability")
    covered = np.zeros((4, 4), int)
    for at in range(0, len(lines.x), 6):
        x, y = lines.x[at:at + 5], lines.y[at:at + 5]
        covered[int(min(y) + 0.5):int(max(y) + 0.5), int(min(x) + 0.5):int(max(x) + 0.5)] += 1
    expected = [[int(row in low or column in low) for column in range(4)] for row in range(4)]
    assert covered.tolist() == expected


def test_branches_have_colour_and_letter() -> None:
    figure = similarity_heatmap(found_in(MATRIX), (0, 1, 2), TEXT)
    legend = [trace.name for trace in figure.data if trace.showlegend]
    assert legend == ["A  Chadic", "B  Semitic", "?  Branch unknown"]
    letters = next(trace for trace in traces(figure, "scatter", mode="text")
                   if trace.xaxis == "x3")
    assert list(letters.text) == ["B", "A", "?"]


def test_tree_and_cells_share_their_axis() -> None:
    found = found_in(MATRIX)
    tree = linkage_tree(found.matrix)
    figure = similarity_heatmap(found, leaf_order(tree), TEXT, tree=tree)
    lines = traces(figure, "scatter", mode="lines")[0]
    assert lines.yaxis == "y2"
    assert lines.xaxis in (None, "x")
    nodes = traces(figure, "scatter", mode="markers", yaxis="y2")[0]
    order = [CODES[i] for i in leaf_order(tree)]
    assert nodes.text[-1] == ", ".join(order)
    assert nodes.text[0] == ", ".join(code for code in order if code != "hau")
    assert figure.layout.yaxis2.range[0] > figure.layout.yaxis2.range[1], "roots on top"


def test_groups_are_framed_where_their_languages_stand() -> None:
    figure = similarity_heatmap(found_in(MATRIX), (2, 0, 1), TEXT,
                                groups=[("group 1", 2), ("group 2", 1)])
    frames = [(shape.x0, shape.x1, shape.y0, shape.y1) for shape in figure.layout.shapes]
    assert frames == [(-0.5, 1.5, -0.5, 1.5), (1.5, 2.5, 1.5, 2.5)]
    titles = [note.text for note in figure.layout.annotations if note.yref == "y2"]
    assert titles == ["group 1", "group 2"]


def test_names_of_groups_never_run_into_each_other() -> None:
    assert frame_names([("west", 6), ("group 2", 6)]) == ["west", "group 2"]
    several = frame_names([(f"group {at + 1}", 2) for at in range(20)])
    assert several == [str(at + 1) for at in range(20)], "numbers alone have room"
    many = [(f"group {at + 1}", 2) for at in range(50)]
    written = [(at, name) for at, name in enumerate(frame_names(many)) if name]
    assert len(written) > 20
    for (a, left), (b, right) in pairwise(written):
        between = (b - a) * 2 * CELLS_PX / 100
        assert between > (text_width(left, 11) + text_width(right, 11)) / 2


@pytest.mark.parametrize("n", [2, 12, 60, 130])
def test_heatmap_is_big_enough_and_never_endless(n: int) -> None:
    codes = tuple(f"x{i:03}" for i in range(n))
    figure = similarity_heatmap(found_in(np.eye(n), codes=codes), range(n), TEXT)
    assert 300 <= figure.layout.height <= 1600
    assert len(figure.layout.yaxis4.ticktext) == min(n, 65 if n > 100 else n)
    assert len(figure.layout.xaxis4.ticktext) <= 60


def test_title_scale_and_method_are_in_the_picture_itself() -> None:
    figure = similarity_heatmap(found_in(MATRIX), (0, 1, 2), TEXT)
    assert figure.layout.title.text == "Title"
    assert cells(figure).colorbar.title.text == "cosine"
    assert "method" in [note.text for note in figure.layout.annotations]


def test_a_large_matrix_is_small_on_the_wire() -> None:
    n = 130
    codes = tuple(f"x{i:02}" for i in range(n))
    rng = np.random.default_rng(0)
    figure = similarity_heatmap(found_in(rng.normal(size=(n, n)), codes=codes), range(n), TEXT)
    assert len(figure.to_json()) < 600_000


# neighbours

def test_nearest_bars_run_from_the_nearest_down() -> None:
    rows = [Neighbour("ibo", 0.6, 0.9), Neighbour("hau", -0.2, 0.1)]
    figure = nearest_bars(rows, TEXT.names, "Nearest", hatched=["hau"])
    bars = figure.data[0]
    assert list(bars.x) == [0.6, -0.2]
    assert list(bars.text) == ["+0.60", "−0.20"]
    assert figure.layout.yaxis.ticktext == ("Igbo (ibo)", "Hausa (hau)")
    assert figure.layout.yaxis.range[0] > figure.layout.yaxis.range[1]
    assert list(bars.marker.pattern.shape) == ["", "/"]
    assert figure.layout.xaxis.range[0] < -0.6 < 0.6 < figure.layout.xaxis.range[1]
    assert nearest_bars(rows[:1], TEXT.names, "x").layout.xaxis.range[0] == 0


# text from data

@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_are_no_markup_in_figures(name: str) -> None:
    codes = (name, "hau", "ibo")
    text = HeatmapText(name, (name,), (name,), {name: name}, {name: name})
    tree = linkage_tree(MATRIX)
    figure = similarity_heatmap(found_in(MATRIX, codes=codes), leaf_order(tree), text, tree=tree,
                                groups=[(name, 1)])
    bars = nearest_bars([Neighbour(name, 0.5, 0.5)], {name: name}, name)
    for written in (texts(figure), texts(bars)):
        allowed = re.sub(r"\\u003c(br|extra)\\u003e|\\u003c\\u002fextra\\u003e|</?(br|extra)>", "",
                         written)
        assert "<" not in allowed
        assert "\\u003c" not in allowed
        assert "%{z}" not in allowed.replace("%{z:", "")
        assert not re.search(r"\$[^$\"]+\$", allowed)


def test_label_holds_name_and_code() -> None:
    assert language_label("hau", {"hau": "Hausa"}, 20) == "Hausa (hau)"
    assert language_label("own", {}, 20) == "own"
    assert language_label("x", {"x": "A" * 30}, 8) == "AAAAAAA… (x)"


# marks

def test_marked_languages_are_framed_and_their_names_stand_on_a_band() -> None:
    figure = marked_heatmap(found_in(MATRIX), (2, 0, 1), {"ibo", "amh"})
    colour = colours.LIGHT.mark
    frames = [one for one in figure.layout.shapes if one.line.color == colour]
    assert len(frames) == 2, "two neighbours share a frame over rows and one over columns"
    assert {(one.y0, one.y1) for one in frames} == {(-0.5, 1.5), (-0.5, 2.5)}
    (band,) = [one for one in figure.layout.shapes if one.fillcolor == colour]
    assert (band.y0, band.y1, band.x0) == (-0.5, 1.5, -figure.layout.margin.l)
    assert (band.xsizemode, band.layer) == ("pixel", "below")


def marked_heatmap(found: Similarity, order: Sequence[int], marked: set[str]) -> go.Figure:
    return laid_on(similarity_heatmap(found, order, TEXT),
                   heatmap_overlay([found.languages[i] for i in order], TEXT.names, marked))


def test_a_marked_language_is_named_even_where_not_all_have_room() -> None:
    codes = tuple(f"x{i:03}" for i in range(260))

    def notes(marked: set[str]) -> list[str]:
        figure = marked_heatmap(found_in(np.eye(260), codes=codes), range(260), marked)
        assert len(figure.layout.yaxis4.ticktext) < 120
        return [note.text for note in figure.layout.annotations if note.yref == "y"]

    assert notes({"x101"}) == ["x101"]
    assert notes({"x102"}) == [], "it has its label"
    assert notes({f"x{i:03}" for i in range(1, 93, 2)}) == [], "so many are left to the hover"


def test_zoom_is_kept_for_the_same_languages_alone() -> None:
    def revision(order: tuple[int, ...], codes: tuple[str, ...] = CODES) -> object:
        return similarity_heatmap(found_in(MATRIX, codes=codes), order, TEXT).layout.uirevision

    assert revision((0, 1, 2)) == revision((2, 1, 0))
    assert revision((0, 1, 2)) != revision((0, 1, 2), ("amh", "hau", "yor"))


def test_the_diagonal_of_pools_is_shown() -> None:
    z = np.asarray(cells(similarity_heatmap(found_in(MATRIX), (0, 1, 2), TEXT, diagonal=True)).z)
    assert np.isfinite(z).all()
