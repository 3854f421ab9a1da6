"""Trees face to face: rows of filtered and pooled pictures, what is drawn, said and marked."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from made_up_studies import EUROPEAN, HOSTILE, made_up_series, write_study
from page_cases import cache as cache  # noqa: PLC0414 - a fixture
from page_cases import figures, laid_on, opened_page, titles, words
from scipy.cluster.hierarchy import cophenet

from dashboard.figures.frame import ChartText
from dashboard.figures.movers import move_picks, pair_moves
from dashboard.figures.panel_frame import panel_overlay
from dashboard.figures.panels import MOST_WITH_NUMBERS, Panel, PanelRows, square_panels
from dashboard.figures.tanglegram import (
    Names,
    in_shared_branches,
    merge_token,
    tangle_picks,
    tanglegram,
)
from dashboard.layers import Move, moves
from dashboard.sides import FacingTrees, crossings_sentence, facing_trees, side_of, trees_sentence
from gradsim_core import Similarity, leaf_order, similarity

SERIES = made_up_series([0, 1, 2, 0, 1, 2, 0, 1], noise={1: 3.0})
LOWER, HIGHER = similarity(SERIES, "embeddings"), similarity(SERIES, "head")
TEXT = ChartText("Title", "similarity", ("first",))
NAMES = Names({code: code for code in EUROPEAN}, {code: f"{code} in full" for code in EUROPEAN})


def facing(first: Similarity = LOWER, second: Similarity = HIGHER) -> FacingTrees:
    found = facing_trees(first, second)
    assert found is not None
    return found


def layers() -> None:
    from dashboard.views.layers.page import layers_page

    layers_page()


# rows

def test_a_side_has_the_rows_of_the_picture() -> None:
    part = side_of(LOWER, ("nld", "deu", "fra"), {})
    at = [LOWER.languages.index(code) for code in ("nld", "deu", "fra")]
    assert np.array_equal(part.matrix, LOWER.matrix[np.ix_(at, at)])
    assert np.array_equal(part.reliability, LOWER.reliability[at])


def test_pools_have_the_mean_over_their_pairs() -> None:
    pools = {"deu": ("deu", "nld"), "spa": ("spa", "ita", "por"), "fra": ("fra",)}
    part = side_of(LOWER, tuple(pools), pools)
    at = {code: LOWER.languages.index(code) for code in EUROPEAN}
    between = [LOWER.matrix[at[a], at[b]] for a in pools["deu"] for b in pools["spa"]]
    assert part.matrix[0, 1] == pytest.approx(np.mean(between))
    assert part.matrix[0, 0] == pytest.approx(LOWER.matrix[at["deu"], at["nld"]]), "within"
    assert part.matrix[2, 2] == 1.0, "a pool of one"
    broken = LOWER.matrix.copy()
    broken[at["deu"]] = broken[:, at["deu"]] = np.nan
    left = side_of(replace(LOWER, matrix=broken), tuple(pools), pools)
    assert left.matrix[0, 1] == pytest.approx(
        np.mean([LOWER.matrix[at["nld"], at[b]] for b in pools["spa"]]))


def test_trees_are_of_the_languages_that_both_define() -> None:
    broken = HIGHER.matrix.copy()
    broken[2] = broken[:, 2] = np.nan
    found = facing(second=replace(HIGHER, matrix=broken))
    assert found.left_out == (HIGHER.languages[2],)
    assert len(found.codes) == 7
    assert facing_trees(side_of(LOWER, ("deu", "nld"), {}),
                        side_of(HIGHER, ("deu", "nld"), {})) is None


def test_moves_are_among_the_languages_shown() -> None:
    found = moves(LOWER, HIGHER, None, {"deu", "nld", "fra"})
    assert {frozenset(one.pair) for one in found} == {
        frozenset(pair) for pair in (("deu", "nld"), ("deu", "fra"), ("nld", "fra"))}
    assert len(moves(LOWER, HIGHER)) == 28


# words

def test_sentences_tell_crossings_and_agreement() -> None:
    found = facing()
    tangle = replace(found.tangle, crossings=9, before=31, proved=True)
    assert crossings_sentence(replace(found, tangle=tangle)) == (
        "8 languages, 9 crossings, the fewest possible (31 before untangling)")
    assert crossings_sentence(replace(found, tangle=replace(tangle, proved=False))) == (
        "8 languages, 9 crossings (31 before untangling)")
    agreement = replace(found.agreement, correlation=-0.25, p=0.5, shared=((0, 0),), possible=6)
    assert trees_sentence(replace(found, agreement=agreement)) == (
        "Pairs that one tree joins early the other joins early too with a rank correlation of "
        "−0.25 (p = 0.50, languages relabelled at random); 1 of 6 branches are in both trees.")
    assert "correlation of 0.25 (" in trees_sentence(
        replace(found, agreement=replace(agreement, correlation=0.25)))
    undefined = replace(agreement, correlation=float("nan"))
    assert trees_sentence(replace(found, agreement=undefined)) == (
        "1 of 6 branches are in both trees.")


# figures

def test_each_language_is_joined_to_itself() -> None:
    found = facing()
    figure = tanglegram(found, NAMES, ("Lower", "Higher"), TEXT, marked={"deu"})
    orders = [leaf_order(tree) for tree in (found.tangle.first, found.tangle.second)]
    ends = set()
    for line in (one for one in figure.data if one.xaxis == "x2" and one.mode == "lines"):
        for at in range(0, len(line.y), 3):
            ends.add((line.y[at], line.y[at + 1]))
    assert ends == {(orders[0].index(leaf), orders[1].index(leaf)) for leaf in range(8)}
    kinds = {one.name: one for one in figure.data if one.name}
    assert len(kinds["marked"].y) == 3
    assert kinds["marked"].line.width > kinds["in a branch of both trees"].line.width
    assert len({one.line.dash or "solid" for one in kinds.values()}) > 1 or len(kinds) < 3
    labels = [one for one in figure.data if one.mode == "text"]
    assert all("<b>deu</b>" in one.text for one in labels)
    for side, one in enumerate(labels):
        assert [one.y[leaf] for leaf in orders[side]] == list(range(8))


def test_both_trees_grow_towards_the_middle_on_one_scale() -> None:
    found = facing()
    layout = tanglegram(found, NAMES, ("Lower", "Higher"), TEXT).layout
    assert tuple(reversed(layout.xaxis.range)) == tuple(layout.xaxis3.range)
    low = 1 - max(cophenet(found.tangle.first).max(), cophenet(found.tangle.second).max())
    assert layout.xaxis.range[0] < low < layout.xaxis.range[1]


def test_clicks_pick_languages_and_branches() -> None:
    found = facing()
    figure = tanglegram(found, NAMES, ("Lower", "Higher"), TEXT)
    tokens = {token for one in figure.data if one.customdata is not None
              for token in one.customdata}
    picks = tangle_picks(found)
    assert tokens == set(picks)
    assert set(picks[merge_token(0, 6)]) == set(EUROPEAN)
    for row, other in found.agreement.shared:
        assert set(picks[merge_token(0, row)]) == set(picks[merge_token(1, other)])
        assert set(picks[merge_token(0, row)]) <= in_shared_branches(found)


def test_hostile_names_are_no_markup() -> None:
    whole = made_up_series([0, 1] * 3, codes=HOSTILE)
    found = facing(similarity(whole, "embeddings"), similarity(whole, "head"))
    same = {code: code for code in HOSTILE}
    figure = tanglegram(found, Names(same, same), (HOSTILE[0], HOSTILE[1]), TEXT,
                        marked={HOSTILE[2]})
    text = json.dumps(figure.to_plotly_json(), default=str)
    assert "&lt;img" in text
    for live in ("<img", "<a href"):
        assert live not in text


def test_marked_languages_stand_out_in_panels_and_moves() -> None:
    codes = tuple(EUROPEAN)
    rows = PanelRows(codes, codes, codes, codes)
    figure = laid_on(
        square_panels([Panel("a", LOWER.matrix), Panel("b", HIGHER.matrix)], rows, TEXT, limit=1.0),
        panel_overlay(rows, {codes[2]}, several=2))
    frames = [one for one in figure.layout.shapes if not one.fillcolor]
    assert [(one.xref, one.yref) for one in frames] == [("x", "y")] * 2 + [("x2", "y2")] * 2
    assert [(one.y0, one.y1) for one in figure.layout.shapes if one.fillcolor] == [(1.5, 2.5)]
    points = [one for one in figure.data if one.customdata is not None]
    assert [one.xaxis for one in points] == ["x4", "x5"]
    assert points[0].customdata[2] == "language 2"
    moved = [Move(("deu", "spa"), 0.1, 0.5)]
    chart = pair_moves(moved, {}, ("a", "b"), TEXT, marked={"spa"})
    assert chart.layout.yaxis.ticktext == ("deu – <b>spa</b>",)
    assert move_picks(moved) == {"pair 0": ("deu", "spa")}


@pytest.mark.parametrize("n", [100, 300])
def test_many_languages_make_no_text_per_cell(n: int) -> None:
    codes = tuple(f"x{i:03}" for i in range(n))
    rows = PanelRows(codes, codes, tuple(f"Language {i}" for i in range(n)), codes)
    table = np.random.default_rng(0).uniform(-1, 1, (n, n))
    figure = square_panels([Panel("a", table), Panel("b", table)], rows, TEXT, limit=1.0)
    assert n > MOST_WITH_NUMBERS[1]
    for one in figure.data:
        if one.type == "heatmap" and one.coloraxis:
            assert one.text is None
            assert "%{y} – %{x}" in one.hovertemplate
    assert figure.layout.xaxis.ticktext[-1] == f"Language {n - 1}", "names for the hover"
    assert len(figure.layout.xaxis4.tickvals) < n / 2, "labels that have room"
    assert len(figure.to_json()) < 2 * n * n * 8 + 120_000
    assert figure.layout.height < 1300


# the page

def test_page_shows_trees_marks_and_filters(cache: Path) -> None:
    write_study(cache, series=SERIES, name="Eight")
    app = opened_page(layers, folds="table-trees", left="embeddings", right="head", chosen="deu",
                      naming="english")
    assert not app.error
    said = words(app)
    assert "8 languages, " in said
    assert "before untangling)" in said
    assert any(title.startswith("Two trees, ") for title in titles(app))
    table = next(one.value for one in app.dataframe if "Rows apart" in one.value)
    assert sorted(table["Row in embeddings"]) == list(range(1, 9))
    assert sorted(table["Row in head"]) == list(range(1, 9))
    apart = (table["Row in embeddings"] - table["Row in head"]).abs()
    assert (apart == table["Rows apart"]).all()
    some = opened_page(layers, only=["deu", "nld", "fra", "dan"])
    assert "4 languages, " in words(some)
    beside = figures(some)[0]
    assert len(beside["layout"]["xaxis"]["ticktext"]) == 4
    assert "over 6 pairs" in words(some)
    one = opened_page(layers, only=["deu"])
    assert "Take one of them back" in words(one)


def test_two_languages_have_no_trees_to_compare(cache: Path) -> None:
    write_study(cache, series=SERIES)
    app = opened_page(layers, only=["deu", "nld"])
    assert not app.error
    assert "no two trees to compare" in words(app)


def test_film_is_shown_once_asked_for(cache: Path) -> None:
    write_study(cache, series=SERIES, name="Eight")
    app = opened_page(layers)
    assert not any("over training" in title for title in titles(app))
    app.toggle(key="view.film").set_value(True).run()
    assert not app.exception
    assert app.query_params["film"] in ("1", ["1"])
    assert "Similarity over training: Eight" in titles(app)
    assert "How near each snapshot is to the last: Eight" in titles(app)
    assert "At step 30 pairs rank as at step 120" in words(app)
    film = next(one for one, title in zip(figures(app), titles(app), strict=True)
                if "over training" in title)
    assert [frame["name"] for frame in film["frames"]] == ["30", "60", "90", "120"]
    assert not opened_page(layers, film="7").error
