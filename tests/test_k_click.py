"""A click on the curve over the number of groups: what its points say, and what that changes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from made_up_studies import EUROPEAN, SIGNATURE, made_up_series, write_study
from page_cases import figures, opened_page, shown_cache, words
from streamlit.testing.v1 import AppTest

from dashboard.figures.k_curve import k_curve_chart, k_token
from dashboard.figures.plot_frame import PlotText
from dashboard.selection import Selection
from dashboard.views import chart
from dashboard.views.groups.curve import k_turns
from gradsim_core import KPoint, Reading, Rule, decide, load_results, save_grouping

POINTS = [KPoint(k, 1.0 + k, True, 0.5, 0, 0.2, 0.1, 0.3) for k in (2, 3, 5)]
SAID = "A click on a point takes its number of groups"


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty cache folder that the dashboard shows."""
    yield from shown_cache(tmp_path, monkeypatch)


def groups() -> None:
    from dashboard.views.groups.page import groups_page

    groups_page()


def line(clicked: bool) -> tuple[Any, Any]:
    figure = k_curve_chart(POINTS, (3, 4.0), PlotText("T", "x", "y", ("m",)), clicked=clicked)
    return figure, next(one for one in figure.data if one.name == "groups looked for")


def test_each_point_bears_the_token_of_its_k() -> None:
    figure, points = line(clicked=True)
    assert list(points.customdata) == [k_token(2), k_token(3), k_token(5)]
    assert k_turns(POINTS) == {k_token(k): {"k": k} for k in (2, 3, 5)}
    assert figure.layout.clickmode == "event"
    assert ["click to take it" in text for text in points.hovertext] == [True, False, True]
    figure, points = line(clicked=False)
    assert figure.layout.clickmode == "none"
    assert "click" not in "".join(points.hovertext)


@pytest.mark.parametrize(("words", "changed"), [
    (["k 5"], {"k": 5}), (["k 9"], None), ([], None)])
def test_a_click_changes_the_selection(monkeypatch: pytest.MonkeyPatch, words: list[str],
                                       changed: dict[str, int] | None) -> None:
    asked: list[dict[str, Any]] = []
    monkeypatch.setattr(chart, "select", lambda **changes: asked.append(changes))
    chart._turn(words, k_turns(POINTS))
    assert asked == ([] if changed is None else [changed])


@pytest.mark.parametrize(("words", "marked", "then"), [
    (["a", "b"], (), ("deu", "nld")), (["b"], ("deu",), ("nld",)),
    (["a", "b"], ("deu", "nld"), ()), ([], ("deu",), ()), (["stranger"], ("deu",), None)])
def test_a_click_marks_and_a_second_one_takes_it_back(
        monkeypatch: pytest.MonkeyPatch, words: list[str], marked: tuple[str, ...],
        then: tuple[str, ...] | None) -> None:
    asked: list[dict[str, Any]] = []
    monkeypatch.setattr(chart, "current_selection", lambda: Selection(chosen=marked))
    monkeypatch.setattr(chart, "select", lambda **changes: asked.append(changes))
    chart._pick(words, {"a": ("deu",), "b": ("nld",)})
    assert asked == ([] if then is None else [{"chosen": then}])


def curve_of(app: AppTest) -> dict[str, Any]:
    (found,) = [one for one in figures(app)
                if "What each number of groups is worth" in json.dumps(one)]
    return found


@pytest.mark.parametrize(("query", "clicked"), [
    ({}, True), ({"strategy": "agglomerative", "k": "3"}, True),
    ({"strategy": "random", "k": "3"}, True),
    ({"strategy": "family"}, False), ({"strategy": "monolingual"}, False),
    ({"k": "2", "edits": '["new",["deu"]]'}, False)])
def test_points_are_clicked_where_the_strategy_takes_a_k(cache: Path, query: dict[str, str],
                                                         clicked: bool) -> None:
    write_study(cache, series=made_up_series([0, 1, 2] * 2 + [0, 1], codes=EUROPEAN))
    app = opened_page(groups, **query)
    assert (SAID in words(app)) == clicked
    assert (curve_of(app)["layout"]["clickmode"] == "event") == clicked


def test_a_saved_grouping_keeps_its_own_k(cache: Path) -> None:
    store = write_study(cache)
    name = save_grouping(store, SIGNATURE, "A", decide(
        load_results(store, SIGNATURE), Reading(), Rule(k=2)))
    assert SAID not in words(opened_page(groups, opened=name))
