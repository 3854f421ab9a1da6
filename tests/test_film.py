"""Similarities over training: which snapshots are shown, how near each is to the last, the film."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import plotly.graph_objects as go
import pytest
from made_up_studies import HOSTILE, made_up_series
from scipy.stats import spearmanr

from dashboard.figures.film import MOST_BESIDE, snapshot_film, snapshot_panels
from dashboard.figures.frame import ChartText
from dashboard.figures.panel_frame import PanelRows
from dashboard.film import (
    MOST_FRAMES,
    MOST_NUMBERS,
    Film,
    film_of,
    film_sentence,
    film_table,
    frames_line,
    taken_snapshots,
)
from dashboard.shown import Picture, drawn
from gradsim_core import similarity

SERIES = made_up_series([0, 1] * 4, noise={1: 4.0})
SIDES = [similarity(SERIES, snapshot=at) for at in range(4)]
LAST = drawn(Picture(SIDES[-1], (), None, {}, {}, {}), SIDES[-1])
FILM = film_of(SIDES, LAST)
TEXT = ChartText("Title", "similarity", ("first", "second"))


def rows(codes: tuple[str, ...]) -> PanelRows:
    return PanelRows(codes, codes, codes, codes, dict.fromkeys(codes, "Branch"))


@pytest.mark.parametrize("n_snapshots", [2, 8, 1000])
@pytest.mark.parametrize("n_rows", [2, 12, 100, 300, 2000])
def test_what_a_browser_is_sent_is_bounded(n_snapshots: int, n_rows: int) -> None:
    taken = taken_snapshots(n_snapshots, n_rows)
    assert taken[-1] == n_snapshots - 1
    assert taken == sorted(set(taken))
    assert len(taken) <= MOST_FRAMES
    assert len(taken) * n_rows ** 2 <= MOST_NUMBERS or len(taken) == 2


def test_frames_stand_in_the_order_of_the_last() -> None:
    assert FILM.frames.dtype == np.float32
    assert FILM.steps == (30, 60, 90, 120)
    assert FILM.codes == tuple(SIDES[-1].languages[i] for i in LAST.order)
    for frame, side in zip(FILM.frames, SIDES, strict=True):
        assert np.allclose(frame, side.matrix[np.ix_(LAST.order, LAST.order)], atol=1e-6)


def test_closeness_is_the_rank_correlation_of_the_pairs() -> None:
    upper = np.triu_indices(8, 1)
    assert FILM.closeness[0] == pytest.approx(
        spearmanr(SIDES[0].matrix[upper], SIDES[-1].matrix[upper]).statistic)
    assert FILM.closeness[-1] == pytest.approx(1.0)
    assert FILM.closeness[0] < FILM.closeness[2]
    assert FILM.branches[-1] == FILM.possible == 6
    assert FILM.means[1] == pytest.approx(SIDES[1].matrix[upper].mean())


def test_undefined_pairs_are_left_out() -> None:
    broken = SIDES[0].matrix.copy()
    broken[2, :] = broken[:, 2] = np.nan
    film = film_of([replace(SIDES[0], matrix=broken), SIDES[-1]], LAST)
    kept = [i for i in range(8) if i != 2]
    upper = np.triu_indices(7, 1)
    assert film.closeness[0] == pytest.approx(spearmanr(
        SIDES[0].matrix[np.ix_(kept, kept)][upper],
        SIDES[-1].matrix[np.ix_(kept, kept)][upper]).statistic)
    nothing = film_of([replace(SIDES[0], matrix=np.full((8, 8), np.nan)), SIDES[-1]], LAST)
    assert np.isnan(nothing.closeness[0])
    assert nothing.branches[0] is None
    assert film_table(nothing)["Rank correlation with the last"][0] is None


def test_a_sentence_says_from_when_on_the_picture_stood() -> None:
    film = Film(("a",), (10, 20, 30, 40), np.zeros((4, 1, 1)), (0.5, 0.97, 0.96, 1.0), (1, 2, 2, 3),
                3, (0.0,) * 4)
    assert film_sentence(film) == (
        "At step 10 pairs rank as at step 40 with a correlation of 0.50, and 1 of 3 branches of "
        "the tree stand; from step 20 on it stays above 0.95.")
    late = replace(film, closeness=(0.5, 0.97, 0.9, 1.0))
    assert film_sentence(late).endswith("stand."), "it fell below again"
    assert frames_line(film, 4) == "all 4 snapshots"
    assert frames_line(film, 9) == "4 snapshots of 9, evenly, so that the browser holds them"


def test_each_snapshot_is_a_frame_on_one_scale() -> None:
    figure = snapshot_film(FILM.frames, FILM.steps, rows(FILM.codes), TEXT, limit=0.8)
    assert [frame.name for frame in figure.frames] == ["30", "60", "90", "120"]
    assert all(frame.traces == (0,) for frame in figure.frames)
    cells = figure.data[0]
    assert (cells.type, cells.coloraxis) == ("heatmap", "coloraxis")
    assert np.array_equal(cells.z, figure.frames[-1].data[0].z, equal_nan=True), "the last first"
    off = ~np.eye(8, dtype=bool)
    for frame, z in zip(figure.frames, FILM.frames, strict=True):
        assert np.array_equal(np.array(frame.data[0].z)[off], z[off])
        assert np.isnan(np.array(frame.data[0].z)[~off]).all()
    play, pause = figure.layout.updatemenus[0].buttons
    assert play.args[1]["frame"]["redraw"], "or the cells stay as they are"
    assert list(pause.args[0]) == [None]
    assert [list(step.args[0]) for step in figure.layout.sliders[0].steps] == [
        ["30"], ["60"], ["90"], ["120"]]
    assert figure.layout.coloraxis.cmin == -0.8


def test_undefined_cells_are_explained() -> None:
    frames = FILM.frames.copy()
    assert "undefined" not in [one.name for one in snapshot_film(
        frames, FILM.steps, rows(FILM.codes), TEXT, limit=0.8).data]
    frames[0, 1, 2] = np.nan
    for draw in (snapshot_film, snapshot_panels):
        figure = draw(frames, FILM.steps, rows(FILM.codes), TEXT, limit=0.8)
        assert "undefined" in [one.name for one in figure.data]


@pytest.mark.parametrize("n_frames", [2, 4, 20])
def test_few_snapshots_stand_side_by_side_the_last_among_them(n_frames: int) -> None:
    frames = np.repeat(FILM.frames[:1], n_frames, axis=0)
    steps = tuple(range(1, n_frames + 1))
    figure = snapshot_panels(frames, steps, rows(FILM.codes), TEXT, limit=0.8)
    maps = [one for one in figure.data if one.type == "heatmap"]
    assert len(maps) == min(n_frames, MOST_BESIDE)
    assert len({(one.xaxis, one.yaxis) for one in maps}) == len(maps)
    told = [note.text for note in figure.layout.annotations]
    assert {"step 1", f"step {n_frames}"} <= set(told)


@pytest.mark.parametrize("draw", [snapshot_film, snapshot_panels])
def test_names_stay_text(draw: object) -> None:
    figure: go.Figure = draw(FILM.frames[:, :6, :6], FILM.steps,  # type: ignore[operator]
                             rows(HOSTILE), TEXT, limit=0.5)
    text = json.dumps(figure.to_plotly_json()["layout"], default=str)
    assert "&lt;img" in text
    assert "<img" not in text
    assert "<a href" not in text
