"""Languages on the map: where their marks and names are put, and what they show."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import plotly.graph_objects as go
import pytest
from made_up_studies import HOSTILE
from page_cases import laid_on

from dashboard.escaping import plotly_text
from dashboard.figures.frame import ChartText
from dashboard.figures.land import land_picture
from dashboard.figures.language_map import language_map
from dashboard.figures.map_points import MOST_LABELLED
from dashboard.figures.marks import SYMBOLS, Colouring, colouring
from dashboard.figures.placing import SIDES, label_sides, spread
from dashboard.figures.strips import Strip
from dashboard.figures.text_width import text_width
from dashboard.figures.world import place_words, with_place, world_map, world_overlay
from dashboard.loads.maps import Arranged
from dashboard.shown import LanguageFacts

TEXT = ChartText("Title", "", ("Method",))


def fact(code: str, latitude: float | None, longitude: float | None, **more: object
         ) -> LanguageFacts:
    known = LanguageFacts(code, code.upper(), code.upper(), None, "Family", "Branch", "Latn",
                          latitude, longitude, 100)
    return replace(known, **more)  # type: ignore[arg-type]


# marks and names kept apart

def test_marks_that_overlap_move_apart_and_others_stay() -> None:
    places = np.array([[0.0, 0], [0, 0], [3, 0], [100, 100]])
    found = spread(places, 14)
    np.testing.assert_array_equal(found[3], places[3])
    for one in range(3):
        for other in range(one):
            assert np.linalg.norm(found[one] - found[other]) > 13
    np.testing.assert_allclose(found[:3].mean(axis=0), places[:3].mean(axis=0), atol=0.5)
    np.testing.assert_array_equal(found, spread(places, 14))
    many = np.zeros((500, 2))
    np.testing.assert_array_equal(spread(many, 14), many)


def test_labels_stand_where_nothing_else_is() -> None:
    radii = np.array([7.0, 7.0])
    bounds = (0.0, 0.0, 200.0, 200.0)
    alone = label_sides(np.array([[50.0, 50]]), radii[:1], [40], 14, bounds)
    assert alone == ["middle right"]
    at_edge = label_sides(np.array([[190.0, 50]]), radii[:1], [40], 14, bounds)
    assert at_edge == ["middle left"]
    beside = label_sides(np.array([[50.0, 50], [75, 50]]), radii, [40, 40], 14, bounds)
    assert beside[0] != "middle right"
    assert set(beside) <= set(SIDES)
    crowd = np.array([[50.0 + 3 * i, 50 + 2 * j] for i in range(4) for j in range(4)])
    sides = label_sides(crowd, np.full(16, 7.0), [60] * 16, 14, bounds, first=[5])
    assert sides[5] != ""
    assert "" in sides


def test_text_width_knows_scripts() -> None:
    assert text_width("日本語", 10) == pytest.approx(30)
    assert text_width("አማርኛ", 10) > text_width("abcd", 10)
    assert text_width("e\u0301", 10) == text_width("e", 10)
    assert text_width("\u2068\u2069", 10) == 0
    assert text_width("", 12) == 0


# the figures

def some(n: int = 3) -> tuple[dict[str, LanguageFacts], list[str], Colouring]:
    facts = {f"l{i}": fact(f"l{i}", 10.0 * (i % 6), 8.0 * (i // 6)) for i in range(n)}
    codes = list(facts)
    strip = Strip("Branch", tuple("AB"[i % 2] for i in range(n)))
    return facts, codes, colouring(strip, codes)


def picks(figure: go.Figure) -> list[str]:
    return [token for trace in figure.data if trace.customdata is not None
            for token in trace.customdata]


def named(figure: go.Figure) -> list[str]:
    """What stands beside marks."""
    return [note.text for note in figure.layout.annotations if note.xref == "x"]


def marked_map(facts: dict[str, LanguageFacts], codes: Sequence[str], colours: Colouring,
               chosen: Sequence[str] = ()) -> go.Figure:
    return laid_on(world_map(facts, codes, colours, TEXT),
                   world_overlay(facts, codes, colours, chosen))


def test_every_language_is_picked_by_its_code_once() -> None:
    facts, codes, colours = some()
    figure = world_map(facts, codes, colours, TEXT)
    assert sorted(picks(figure)) == codes
    assert figure.layout.yaxis.scaleanchor == "x"
    assert figure.layout.images[0].source == land_picture()["source"]


def test_colour_shape_and_sign_say_the_same() -> None:
    strip = Strip("Family", ("Bantu", "Bantu", "Semitic", None), unknown="family unknown")
    found = colouring(strip, ["a", "b", "c", "d"])
    assert [(mark.sign, mark.symbol) for mark in found.marks.values()] == [
        ("A", SYMBOLS[0]), ("B", SYMBOLS[1]), ("?", "circle")]
    assert found.label_of["d"] == "family unknown"
    assert found.mark("a") == found.mark("b")
    assert len({mark.colour for mark in found.marks.values()}) == 3


def test_marked_languages_have_a_ring_and_a_bold_name() -> None:
    facts, codes, colours = some()
    marked = marked_map(facts, codes, colours, ["l2"])
    assert named(marked) == ["L0", "L1", "<b>L2</b>"]
    assert named(marked_map(facts, codes, colours)) == ["L0", "L1", "L2"]
    (ring,) = [shape for shape in marked.layout.shapes if shape.line.width == 3]
    point = next(trace for trace in marked.data
                 if trace.customdata is not None and "l2" in trace.customdata)
    at = point.customdata.index("l2")
    assert (ring.xanchor, ring.yanchor) == pytest.approx((point.x[at], point.y[at]), abs=1e-5)
    assert ring.xsizemode == ring.ysizemode == "pixel"


def test_the_legend_holds_each_label_once_or_none() -> None:
    facts, codes, colours = some(5)
    figure = world_map(facts, codes, colours, TEXT)
    named = [trace.name for trace in figure.data if trace.showlegend]
    assert sorted(named) == ["A A", "B B"]
    silent = world_map(facts, codes, colours, TEXT, legend=False)
    assert not any(trace.showlegend for trace in silent.data)


def test_places_one_upon_another_stand_aside_with_a_line() -> None:
    facts, codes, colours = some()
    same = {code: replace(one, latitude=5.0, longitude=5.0) for code, one in facts.items()}
    far = [trace for trace in world_map(facts, codes, colours, TEXT).data if trace.mode == "lines"]
    near = [trace for trace in world_map(same, codes, colours, TEXT).data if trace.mode == "lines"]
    assert len(near) == len(far) + 1
    crowd, codes, colours = some(130)
    crowd = {code: replace(one, latitude=5.0, longitude=5.0) for code, one in crowd.items()}
    hovers = [hover for trace in world_map(crowd, codes, colours, TEXT).data
              for hover in trace.hovertext or ()]
    assert len(hovers) == 130
    assert all("and 129 more here" in hover for hover in hovers)


def test_names_are_left_to_the_hover_where_there_are_many() -> None:
    facts, codes, colours = some(MOST_LABELLED + 1)
    figure = marked_map(facts, codes, colours, ["l3"])
    assert named(marked_map(facts, codes, colours)) == []
    (note,) = [note for note in figure.layout.annotations if note.text == "<b>L3</b>"]
    (ring,) = figure.layout.shapes
    assert (note.x, note.y) == (ring.xanchor, ring.yanchor), "beside its ring"
    assert max(abs(note.xshift), abs(note.yshift)) > ring.x1


def test_more_marked_names_than_anybody_can_read_are_left_to_the_hover() -> None:
    facts, codes, colours = some(MOST_LABELLED + 2)
    for n_marked, n_named in ((MOST_LABELLED, MOST_LABELLED), (MOST_LABELLED + 1, 0)):
        figure = marked_map(facts, codes, colours, codes[:n_marked])
        bold = [note.text for note in figure.layout.annotations if "<b>" in note.text]
        assert len(bold) == n_named


def test_only_languages_with_a_place_are_drawn() -> None:
    facts = {"a": fact("a", 1.0, 2.0), "b": fact("b", None, None), "c": fact("c", 0.0, 0.0)}
    assert with_place(facts, ["a", "b", "c"]) == ["a", "c"]
    assert place_words(-1.26, -36.8) == "1.3° S, 36.8° W"


def test_hostile_names_stay_text() -> None:
    facts = {f"l{i}": fact(f"l{i}", 10.0 * i, 5.0, name=name, branch=name, script=name)
             for i, name in enumerate(HOSTILE)}
    colours = colouring(Strip("Branch", HOSTILE), list(facts))
    figure = world_map(facts, list(facts), colours, ChartText(HOSTILE[0], "", (HOSTILE[2],)))
    text = figure.to_json()
    assert "<img" not in text
    assert "<a " not in text
    assert "\\u003cimg" not in text
    assert plotly_text(HOSTILE[0])[:8] in text.replace("\\u0026", "&")


def test_language_map_draws_places_and_nearest() -> None:
    facts, codes, colours = some()
    found = Arranged(tuple(codes), np.array([[0.0, 0], [1, 0], [0, 1]]), "mds", "", "", 1.0, 1.0,
                     (1, 0, 0))
    table = np.array([[1, 0.8, 0.3], [0.8, 1, 0.1], [0.3, 0.1, 1]])
    for legend in (True, False):
        figure = language_map(found, table, facts, colours, TEXT, legend=legend, dark=legend)
        assert sorted(picks(figure)) == codes
        lines = next(trace for trace in figure.data if trace.mode == "lines")
        assert list(lines.x) == [0, 1, None, 0, 0, None]
        hovers = [hover for trace in figure.data for hover in trace.hovertext or ()]
        assert any("most similar: L0 (+0.30)" in hover for hover in hovers)
    alone = Arranged(("l0",), np.zeros((1, 2)), "mds", "", "", np.nan, np.nan, ())
    assert picks(language_map(alone, np.ones((1, 1)), facts, colours, TEXT)) == ["l0"]
