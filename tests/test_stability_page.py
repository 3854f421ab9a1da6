"""How sure groups and branches are, as the pages show it."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from made_up_studies import EUROPEAN, HOSTILE, SIGNATURE
from page_cases import cache as cache  # noqa: PLC0414 - a fixture
from page_cases import opened_page, words
from page_views import groups, similarity
from robustness_cases import stretches, write_stretches
from streamlit.testing.v1 import AppTest
from test_figures import TEXT

from dashboard.exports import together_csv
from dashboard.figures.companions import companions_heatmap
from dashboard.figures.frame import ChartText
from dashboard.figures.heatmap import similarity_heatmap
from dashboard.figures.nearest import nearest_bars
from dashboard.loads import stabilities
from dashboard.words.summaries import Neighbour, stability_sentence
from gradsim_core import Reading, Rule, Similarity, Stability, linkage_tree, newick

CLUSTERS = (0, 1, 0, 1, 2, 2)


def shown(page: Callable[[], None], **query: str) -> AppTest:
    app = opened_page(page, **query)
    assert not app.error
    return app


# pages


def test_the_groups_page_says_how_sure_it_is(cache: Path) -> None:
    write_stretches(cache, stretches(CLUSTERS, 0.3))
    text = words(shown(groups, k="3"))
    assert "drawn anew 200 times, just these groups come out in 100% of the resamples" in text
    assert "no language changes group" in text
    assert "changes 0%" in text
    assert "From step 10 of 80 on the groups stay the same" in text


def test_wavering_languages_are_named(cache: Path) -> None:
    write_stretches(cache, stretches((0,) * 6, 30.0))
    text = words(shown(groups, k="3"))
    found = stabilities.stability_of(SIGNATURE, Reading(), Rule(k=3)).stability
    assert found is not None
    assert found.changes.max() > 0.1
    worst = found.languages[int(found.changes.argmax())]
    name = {"deu": "German", "spa": "Spanish", "nld": "Dutch", "ita": "Italian",
            "swe": "Swedish", "por": "Portuguese"}[worst]
    assert f"Most often {name} ({100 * found.changes.max():.0f}%)" in text


def test_without_increments_pages_stand_and_say_why(cache: Path) -> None:
    write_stretches(cache, stretches(CLUSTERS, 0.3), keep_increments=False)
    for page in (groups, similarity):
        text = words(shown(page))
        assert "cannot be said" in text
        assert "kept no increments" in text
    assert "From step 10 of 80" in words(shown(groups, k="3"))


def test_many_languages_are_resampled_on_demand(cache: Path,
                                                monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dashboard.views.groups.stability.MOST_UNASKED", 5)
    write_stretches(cache, stretches(CLUSTERS, 0.3))
    app = shown(groups, k="3")
    assert "drawn anew 200 times" not in words(app)
    button = next(one for one in app.button if one.label == "Draw anew")
    button.click().run()
    assert app.query_params["sure"] in ("1", ["1"])
    assert "drawn anew 200 times" in words(app)


def test_the_similarity_page_has_intervals_and_support(cache: Path) -> None:
    write_stretches(cache, stretches(CLUSTERS, 0.3))
    app = shown(similarity)
    table = next(one.value for one in app.dataframe if "95% interval" in one.value)
    assert re.fullmatch(r"[+−]\d\.\d\d to [+−]\d\.\d\d", table["95% interval"].iloc[0])


def test_finished_anew_is_resampled_anew(cache: Path) -> None:
    write_stretches(cache, stretches(CLUSTERS, 0.3))
    before, _ = stabilities.certainty_of(SIGNATURE, Reading())
    assert before is stabilities.certainty_of(SIGNATURE, Reading())[0], "resampled once"
    write_stretches(cache, stretches(CLUSTERS, 3.0, seed=1))
    after, _ = stabilities.certainty_of(SIGNATURE, Reading())
    assert before is not None
    assert after is not None
    assert not np.allclose(before.low, after.low)


# figures, words and files

TREE = linkage_tree(np.array([[1, .9, .1], [.9, 1, .2], [.1, .2, 1]]))
FOUND = Similarity(("deu", "nld", "ita"), np.array([[1, .9, .1], [.9, 1, .2], [.1, .2, 1]]),
                   np.ones(3), ("layer.0",), "cosine_of_mean", "raw", 10)


def test_supported_branches_are_filled() -> None:
    figure = similarity_heatmap(FOUND, (0, 1, 2), TEXT, tree=TREE, support=np.array([0.9, 0.3]))
    dots = next(trace for trace in figure.data if trace.yaxis == "y2" and trace.mode == "markers")
    assert len(set(dots.marker.color)) == 2
    assert dots.text[0].startswith("found in 90% of resamples")
    plain = similarity_heatmap(FOUND, (0, 1, 2), TEXT, tree=TREE)
    bare = next(trace for trace in plain.data if trace.yaxis == "y2" and trace.mode == "markers")
    assert not any("resamples" in text for text in bare.text)


def test_whiskers_hold_the_intervals() -> None:
    rows = [Neighbour("nld", 0.5, 0.9), Neighbour("ita", -0.1, 0.9)]
    bars = nearest_bars(rows, {}, "x", intervals={"nld": (0.2, 0.6), "ita": (-0.4, 0.1)}).data[0]
    assert np.add(bars.x, bars.error_x.array) == pytest.approx([0.6, 0.1])
    assert np.subtract(bars.x, bars.error_x.arrayminus) == pytest.approx([0.2, -0.4])
    assert not nearest_bars(rows, {}, "x").data[0].error_x.visible


def test_companions_are_shares_in_the_order_given() -> None:
    together = np.array([[1, .25, 0], [.25, 1, .5], [0, .5, 1]])
    figure = companions_heatmap(together, ("deu", HOSTILE[0], "ita"), {}, [("a", 2), ("b", 1)],
                                ChartText("t", "s", ("m",)))
    cells = figure.data[0]
    assert cells.z[0][1] == pytest.approx(0.25)
    assert np.isnan(cells.z[1][1])
    assert (cells.zmin, cells.zmax) == (0, 1)
    assert list(figure.data[1].text) == ["25", "0", "25", "50", "0", "50"]
    assert "<img" not in figure.to_json()
    assert len(figure.layout.shapes) == 2


def test_newick_carries_the_support() -> None:
    names = ["deu", "nld", "ita"]
    assert newick(TREE, names, [0.97, 1.0]) == "(ita:0.425,(nld:0.05,deu:0.05)97:0.375)100;"
    assert newick(TREE, names) == "(ita:0.425,(nld:0.05,deu:0.05):0.375);"


def test_shares_go_into_a_csv_and_a_sentence() -> None:
    found = Stability(EUROPEAN[:2], np.array([0, 1]), np.array([[1, .3], [.3, 1]]),
                      np.array([0.3, 0.0]), 0.7, 200, 0)
    assert together_csv(found, {"deu": "=German"}, [1, 0]).splitlines() == [
        "code,name,group,changes,spa,deu", "spa,,2,0.0,1.0,0.3", "deu,'=German,1,0.3,0.3,1.0"]
    assert stability_sentence(found, {"deu": "German"}) == (
        "With the training's steps drawn anew 200 times, just these groups come out in 70% of the "
        "resamples. Most often German (30%) changes group.")
