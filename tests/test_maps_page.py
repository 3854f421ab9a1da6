"""Maps on the Similarity page without a browser: what they show, wait for, and say."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from architecture_rules import loaded_by
from made_up_studies import HOSTILE, SIGNATURE, made_up_series, write_study
from page_cases import cache as cache  # noqa: PLC0414 - a fixture
from page_cases import figures, opened_page, titles, words
from streamlit.testing.v1 import AppTest

from dashboard.loads.maps import (
    Arranged,
    arranged,
    colour_of,
    faithful_sentence,
    missing_sentence,
    strips_with,
)
from dashboard.loads.pictures import picture
from dashboard.loads.umap_process import UmapProcess, UmapUnavailable
from gradsim_core import Reading, mds_layout

WAITING = "UMAP is being prepared; it appears by itself."


def answers(monkeypatch: pytest.MonkeyPatch,
            answer: Exception | Callable[[np.ndarray], np.ndarray] | None) -> None:
    """Let the process make maps at once, never (None), or fail."""
    def layout(_self: UmapProcess, similarity: np.ndarray, _seed: int = 0) -> np.ndarray | None:
        if isinstance(answer, Exception):
            raise answer
        return None if answer is None else answer(similarity)

    monkeypatch.setattr(UmapProcess, "layout", layout)
    monkeypatch.setattr(UmapProcess, "waiting", lambda _self, _key: answer is None)


def maps_page(**query: object) -> AppTest:
    def page() -> None:
        from dashboard.views.similarity.page import similarity_page
        similarity_page()
    return opened_page(page, **query)


def map_titles(app: AppTest) -> list[str]:
    return [title for title in titles(app) if title.startswith(("Where", "Map of"))]


def spec(app: AppTest, start: str) -> dict[str, Any]:
    """The figure of the chart whose title begins so."""
    (found,) = [one for one in figures(app)
                if one["layout"]["title"]["text"].startswith(start)]
    return found


def test_the_mds_map_stands_until_umap_is_there(cache: Path,
                                                monkeypatch: pytest.MonkeyPatch) -> None:
    write_study(cache, name="Own")
    answers(monkeypatch, None)
    app = maps_page()
    assert map_titles(app) == ["Where 8 languages are spoken: Own",
                               "Map of similarities, by MDS: Own"]
    assert WAITING in words(app)
    answers(monkeypatch, mds_layout)
    app = maps_page()
    assert map_titles(app)[1] == "Map of similarities, by UMAP: Own"
    assert WAITING not in words(app)


def test_mds_asks_nobody(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_study(cache)
    answers(monkeypatch, AssertionError("the process was asked"))
    app = maps_page(arrangement="mds")
    assert "by MDS" in map_titles(app)[1]
    assert "trustworthiness" in words(app)


def test_what_will_not_come_is_said(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_study(cache)
    answers(monkeypatch, UmapUnavailable("it ended"))
    app = maps_page()
    assert "there is no UMAP map now, because it ended." in words(app)
    assert WAITING not in words(app)


def test_colours_follow_the_first_strip(cache: Path) -> None:
    write_study(cache)
    for strips, title in ((("script",), "Script"), (("size", "script"), "Branch"),
                          (("group",), "Group")):
        app = maps_page(strips=list(strips), arrangement="mds")
        lines = [one["text"] for one in spec(app, "Where")["layout"]["annotations"]]
        assert any(line.startswith(f"{title} by colour") for line in lines)
    assert strips_with(("branch", "size"), "group") == ("group", "size")
    assert strips_with(("size",), "family") == ("family", "size")
    assert colour_of(("family", "branch")) == "family"


def test_marked_and_filtered_languages(cache: Path) -> None:
    write_study(cache)
    app = maps_page(chosen=["deu"], only=["deu", "nld", "swe"], arrangement="mds")
    for start in ("Where 3 languages", "Map of"):
        figure = spec(app, start)
        tokens = [token for trace in figure["data"] for token in trace.get("customdata", ())]
        assert sorted(tokens) == ["deu", "nld", "swe"]
        names = [note["text"] for note in figure["layout"]["annotations"]]
        assert {"<b>German</b>", "Dutch", "Swedish"} <= set(names)


def test_languages_without_place_or_similarity_are_told(cache: Path) -> None:
    write_study(cache, series=made_up_series([0, 1, 0, 1], codes=["deu", "nld", "x1", "x2"]))
    app = maps_page(arrangement="mds")
    assert "Not on the map, because no catalogue tells their place: x1, x2." in words(app)
    write_study(cache, signature="f" * 16, series=made_up_series([0, 1], codes=["x1", "x2"]))
    app = maps_page(study="ffff", arrangement="mds")
    assert "No place is known for any of these languages" in words(app)
    assert [title[:26] for title in map_titles(app)] == ["Map of similarities, by MD"]
    assert spec(app, "Map of")["layout"]["showlegend"]


def test_hostile_names_are_text(cache: Path) -> None:
    names = {name: name for name in HOSTILE}
    write_study(cache, names=names, series=made_up_series([0, 1] * 3, codes=HOSTILE))
    app = maps_page(arrangement="mds")
    assert "](http" not in "\n".join(str(one.value) for one in app.get("caption"))
    figure = spec(app, "Map of")
    for trace in figure["data"]:
        trace.pop("customdata", None)  # codes as they are: never shown
    assert "<img" not in json.dumps(figure)
    assert "&lt;img" in json.dumps(figure)


def test_maps_of_other_blocks_lie_over_the_same(cache: Path) -> None:
    write_study(cache)

    def page() -> None:
        pass

    opened_page(page)
    whole = picture(SIGNATURE, Reading())
    alone = arranged(whole, whole.found.languages, whole, "mds")
    np.testing.assert_allclose(alone.layout, mds_layout(whole.found.matrix), atol=1e-9)
    for blocks in ("lower", "layer.3", "embeddings"):
        other = picture(SIGNATURE, Reading(blocks=blocks))
        found = arranged(other, other.found.languages, whole, "mds")
        here, there = found.layout - found.layout.mean(axis=0), alone.layout
        turn = here.T @ there  # symmetric and positive once no turn brings them nearer
        np.testing.assert_allclose(turn, turn.T, atol=1e-9)
        assert (np.linalg.eigvalsh((turn + turn.T) / 2) > -1e-9).all()


def told(trust: float, agreement: float) -> str:
    return faithful_sentence(Arranged(("a",) * 5, np.zeros((5, 2)), "mds", "", "", trust,
                                      agreement, ()))


def test_sentences_say_how_far_to_believe_a_map() -> None:
    assert told(0.95, 0.9) == ("Who lies near on the map is near (trustworthiness 0.95 of 1); the "
                               "distances, too, can be read off it (Spearman 0.90 with the "
                               "dissimilarities).")
    assert "mostly near" in told(0.8, 0.6)
    assert "only roughly" in told(0.8, 0.6)
    assert "believe the heatmap" in told(0.6, 0.1)
    assert "long distances mean little" in told(0.6, 0.1)
    assert missing_sentence("because", [], {}) == ""
    assert missing_sentence("because", list("abcdefghij"), {"a": "A"}).endswith(
        "A, b, c, d, e, f, g, h and 2 more.")


def test_the_server_loads_no_umap() -> None:
    heavy = ("umap", "sklearn", "numba", "torch")
    pages = "import dashboard.views.similarity.page, dashboard.views.study.beside"
    assert loaded_by(pages, heavy) == set()
