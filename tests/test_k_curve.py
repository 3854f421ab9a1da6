"""Curves over the number of groups, and cuts of the tree: numbers, words, pictures, page."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from made_up_studies import EUROPEAN, HOSTILE, SIGNATURE, made_up_series, write_study
from page_cases import figures, opened_page, shown_cache, titles, words

from dashboard.cuts import ceiling_of, nearest_cut, tree_cuts
from dashboard.figures.cut_tree import cut_tree
from dashboard.figures.frame import ChartText
from dashboard.figures.heatmap_sides import picks_of
from dashboard.figures.k_curve import k_curve_chart
from dashboard.figures.plot_frame import PlotText
from dashboard.loads import curves, pictures
from dashboard.words.curves import curve_sentence, curve_table
from gradsim_core import (
    Constraints,
    KPoint,
    Reading,
    Rule,
    Store,
    decide,
    group,
    k_curve,
    load_results,
    training_script,
    tree_labels,
)
from gradsim_core.errors import GroupingError
from gradsim_core.grouping import linkage_tree


def made_up(n: int, seed: int = 0) -> np.ndarray:
    return np.corrcoef(np.random.default_rng(seed).normal(size=(n, 6)))


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty cache folder that the dashboard shows."""
    yield from shown_cache(tmp_path, monkeypatch)


# the curve

@pytest.mark.parametrize("strategy", ["exact", "agglomerative", "local_search"])
def test_each_point_is_what_the_strategy_makes_at_that_k(strategy: str) -> None:
    table = made_up(9)
    points = k_curve(table, strategy)
    assert [one.k for one in points] == list(range(1, 10))
    for one in points:
        made = group(table, strategy, k=one.k)
        assert one.objective == pytest.approx(made.objective)
        assert one.alone == sum(len(members) == 1 for members in made.groups)
        assert one.proved == (strategy == "exact") or one.proved
        assert one.chance_low <= one.chance + 1e-12
        assert one.chance <= one.chance_high + 1e-12
        if one.alone < 9:
            assert one.mean_similarity == pytest.approx(made.objective / (9 - one.alone))
    assert np.isnan(points[-1].mean_similarity), "all are alone"


def test_one_group_is_what_chance_makes_and_others_beat_it() -> None:
    table = np.full((6, 6), -0.5)
    table[:3, :3] = table[3:, 3:] = 0.9
    points = {one.k: one for one in k_curve(table)}
    assert points[1].objective == pytest.approx(points[1].chance)
    assert points[1].chance_low == pytest.approx(points[1].chance_high)
    assert points[2].objective == pytest.approx(5.4)
    assert points[2].objective > points[2].chance


def test_limits_leave_numbers_of_groups_out() -> None:
    points = k_curve(made_up(8), constraints=Constraints(smallest=3))
    assert [one.k for one in points] == [1, 2]
    cut = k_curve(made_up(8), "agglomerative", constraints=Constraints(1, 4), most=5)
    assert [one.k for one in cut] == [2, 3, 4, 5]
    with pytest.raises(GroupingError, match="language 1"):
        k_curve(made_up(4), "agglomerative",
                constraints=Constraints(must_link=((0, 1),), cannot_link=((0, 1),)))


def point(k: int, objective: float, chance: float) -> KPoint:
    return KPoint(k, objective, True, 0.5, 0, chance, chance - 0.1, chance + 0.1)


def test_a_sentence_says_what_one_more_model_brings() -> None:
    points = [point(2, 1.0, 0.2), point(3, 1.5, 0.2), point(4, 1.58, 0.27), point(5, 1.4, 0.3)]
    assert curve_sentence(points, 4) == (
        "From 3 to 4 groups the objective rises by 0.08, one more model to serve; that of random "
        "groups rises by 0.07. From 4 to 5 groups the objective falls by 0.18, one more model to "
        "serve; that of random groups rises by 0.03. With 4 groups the objective is +1.31 above "
        "that of random groups of the same sizes (above the range that holds 95% of them).")
    assert "that of random groups stays as it is" in curve_sentence(points, 3)
    assert "no 1 group" in curve_sentence(points, 1)
    assert curve_sentence(points, 9) == ("The curve ends at 5 groups: what 9 groups are worth "
                                         "beside chance is not known.")
    assert "only number" in curve_sentence(points[:1], 2)
    assert "inside the range" in curve_sentence([point(1, 0.25, 0.2), points[0]], 1)


def test_chart_and_table_hold_the_points() -> None:
    points = k_curve(made_up(7))
    figure = k_curve_chart(points, (3, 1.25), PlotText("T", "groups", "objective", ("m",)))
    line = next(one for one in figure.data if one.name == "groups looked for")
    assert list(line.x) == [1, 2, 3, 4, 5, 6, 7]
    assert list(line.y) == [one.objective for one in points]
    assert line.customdata[2] == "k 3"
    star = next(one for one in figure.data if one.name == "the groups above")
    assert (list(star.x), list(star.y)) == ([3], [1.25])
    low, high = figure.layout.yaxis.range
    assert low < min(one.chance_low for one in points)
    assert high > max(one.objective for one in points)
    table = curve_table(points)
    assert table["Groups (models to serve)"] == [1, 2, 3, 4, 5, 6, 7]
    assert table["Mean similarity in the group"][-1] is None


def test_many_languages_are_cut_by_the_tree_unasked(cache: Path) -> None:
    codes = tuple(f"x{i:02}" for i in range(20))
    write_study(cache, series=made_up_series([0, 1, 2, 3] * 5, codes=codes))
    reading = Reading(correction="raw")
    found = curves.curve(SIGNATURE, reading, Rule())
    assert found.strategy == "agglomerative"
    assert curves.curve(SIGNATURE, reading, Rule(k=3)) is found, "K changes no curve"
    links = curves.curve(SIGNATURE, reading, Rule(must_link=(("x00", "x01"),)))
    assert links.points != found.points


# the cut

@pytest.mark.parametrize("n", [2, 3, 8, 25])
@pytest.mark.parametrize("seed", range(4))
def test_a_cut_makes_the_groups_of_the_strategy(n: int, seed: int) -> None:
    table = made_up(n, seed)
    tree = linkage_tree(table)
    off = table[~np.eye(n, dtype=bool)]
    ceiling = max(1.0, float(off.max()))
    cuts = tree_cuts(tree, ceiling)
    assert [cut.k for cut in cuts] == list(range(1, n + 1)), "no two merges are as high"
    for cut in cuts:
        by_height = tree_labels(tree, height=ceiling - cut.similarity)
        assert np.array_equal(by_height, tree_labels(tree, k=cut.k))
        made = group(table, "agglomerative", k=cut.k).groups
        assert {tuple(np.flatnonzero(by_height == one)) for one in range(cut.k)} == set(made)
    assert [cut.similarity for cut in cuts] == sorted(cut.similarity for cut in cuts)


def test_merges_at_one_height_have_no_cut_between_them() -> None:
    tree = np.array([[0, 1, .2, 2], [2, 3, .2, 2], [4, 5, .6, 4]])
    cuts = tree_cuts(tree, 1.0)
    assert [cut.k for cut in cuts] == [1, 2, 4]
    assert cuts[1].similarity == pytest.approx(0.6)
    assert nearest_cut(cuts, 3).k == 2
    flat = np.array([[0, 1, .3, 2], [2, 3, .3, 3]])
    assert [cut.k for cut in tree_cuts(flat, 1.0)] == [1, 3]


def test_the_line_stands_between_the_merges_it_keeps_and_those_it_undoes() -> None:
    table = made_up(6)
    tree, names = linkage_tree(table), list(HOSTILE)
    cut = nearest_cut(tree_cuts(tree, 1.0), 3)
    figure = cut_tree(tree, 1.0, names, names, cut, [2, 2, 1, 1, 1, 3],
                      ChartText("T", "s", ("m",)), marked={names[0]})
    assert [note.text for note in figure.layout.annotations if len(note.text) == 1
            and note.text.isdigit()] == ["2", "1", "3"]
    merges = next(one for one in figure.data if one.customdata is not None
                  and one.customdata[0] == "clade 0")
    kept = [y > cut.similarity for y in merges.y]
    assert sum(kept) == 3
    assert merges.marker.color[0] != merges.marker.color[-1]
    lines = [shape for shape in figure.layout.shapes if shape.type == "line"]
    assert lines[0].y0 == cut.similarity
    tokens = {token for one in figure.data if one.customdata is not None
              for token in one.customdata}
    assert tokens == set(picks_of(tree, names))
    text = json.dumps(figure.to_plotly_json()["layout"], default=str)
    assert "<img" not in text
    assert "<b>&lt;img" in text, "the marked one is bold"


# the page

def groups() -> None:
    from dashboard.views.groups.page import groups_page

    groups_page()


def test_page_shows_the_curve_and_the_cut(cache: Path) -> None:
    write_study(cache, series=made_up_series([0, 1, 2] * 2 + [0, 1], codes=EUROPEAN))
    app = opened_page(groups, strategy="agglomerative", k="3")
    assert not app.error
    assert "What each number of groups is worth" in " ".join(titles(app))
    assert "one more model to serve" in words(app)
    assert "3 groups by a cut of the tree" in " ".join(titles(app))
    slider = app.select_slider(key="view.cut")
    assert slider.value == 3
    shown = pictures.picture(SIGNATURE, Reading(correction="raw"))
    assert shown.tree is not None
    cuts = {cut.k: cut for cut in tree_cuts(shown.tree, ceiling_of(shown))}
    assert slider.options[0].endswith("1 group")
    (cut,) = (one for one, title in zip(figures(app), titles(app), strict=True)
              if "cut of the tree" in title)
    numbers = [note["text"] for note in cut["layout"]["annotations"]
               if note["text"].isdigit()]
    assert sorted(numbers) == ["1", "2", "3"], "those of the cards, wherever they stand"
    slider.set_value(5).run()
    assert not app.exception
    assert app.query_params["k"] in ("5", ["5"])
    assert "5 groups by a cut of the tree" in " ".join(titles(app))
    assert f"{cuts[5].similarity:+.2f}".replace("-", "−") in slider.options[4]


def test_moving_the_line_leaves_other_ways_behind(cache: Path) -> None:
    write_study(cache)
    app = opened_page(groups, folds="cut")
    assert "made another way" in words(app)
    slider = app.select_slider(key="view.cut")
    slider.set_value(slider.value + 1).run()
    assert app.query_params["strategy"] in ("agglomerative", ["agglomerative"])
    assert "made another way" not in words(app)


def test_groups_can_be_taken_away_as_a_script(cache: Path) -> None:
    write_study(cache)
    app = opened_page(groups, folds="script", strategy="agglomerative", k="2")
    (code,) = app.code
    loaded = load_results(Store(cache), SIGNATURE)
    reading = Reading(correction="raw")
    assert code.value.strip() == training_script(decide(
        loaded, reading, Rule(strategy="agglomerative", k=2))).strip()
    assert "has no hub id" in words(app)
    assert not opened_page(groups).code, "only once it is asked for"
