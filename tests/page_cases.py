"""Pages without a browser: opened at an address, and what is read off them."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import plotly.graph_objects as go
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from dashboard.figures.frame import add_all
from dashboard.figures.overlay import Overlay
from dashboard.loads.umap_process import UmapProcess

_TEXTS = ("markdown", "caption", "info", "error", "warning", "success", "header", "subheader")


def shown_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty cache folder that the dashboard shows; nothing is remembered afterwards."""
    monkeypatch.setenv("GRADSIM_CACHE", str(tmp_path))
    monkeypatch.setattr(UmapProcess, "_start", lambda self: None)  # maps stay "being prepared"
    yield tmp_path
    st.cache_resource.clear()
    st.cache_data.clear()


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty cache folder that the dashboard shows."""
    yield from shown_cache(tmp_path, monkeypatch)


def opened_page(page: Callable[[], None], **query: object) -> AppTest:
    """A page that has run once."""
    app = AppTest.from_function(page, default_timeout=60)
    for key, value in query.items():
        app.query_params[key] = value  # type: ignore[assignment]
    app.run()
    assert not app.exception
    return app


def words(app: AppTest) -> str:
    """All that the page says, without what makes its Markdown harmless."""
    return "\n".join(str(element.value) for kind in _TEXTS for element in app.get(kind)
                     ).replace("\\", "").replace("\u200b", "")


def button(app: AppTest, label: str) -> Any:
    """The one button of a label."""
    (found,) = [one for one in app.button if one.label == label]
    return found


def labels(app: AppTest) -> list[str]:
    """What the buttons say."""
    return [one.label for one in app.button]


def titles(app: AppTest) -> list[str]:
    """Titles of the charts."""
    return [figure["layout"]["title"]["text"] for figure in figures(app)]


def figures(app: AppTest) -> list[dict[str, Any]]:
    """The charts' figures, as the browser shows them, with what lies over them."""
    return [whole(chart) for chart in charts(app)]


def whole(chart: dict[str, Any]) -> dict[str, Any]:
    """A chart's figure with what lies over it."""
    figure = chart["figure"]
    over = {kind: [*figure["layout"].get(kind, ()), *more] for kind, more in chart["over"].items()}
    return {**figure, "layout": {**figure["layout"], **over}}


def charts(app: AppTest) -> list[dict[str, Any]]:
    """All that the browser gets of each chart: figure, over, alt, config, picks, library."""
    found = [one.proto.bytes.split(b"\n") for one in app.get("bidi_component")
             if one.proto.component_name == "gradsim.chart"]
    return [{**json.loads(words), "figure": json.loads(figure)} for words, figure in found]


def laid_on(figure: go.Figure, over: Overlay) -> go.Figure:
    """A figure with what lies over it, as `whole` is one of a page."""
    found = go.Figure(figure)
    add_all(found, over.notes, over.shapes)
    return found


_LIVE = (r"(?<!\\)<", r"(?<!\\)\[x", r"www\\?\.", r":\\?/", r"(?<!\\)\*bold", ":red")


def live_markup(said: str) -> list[str]:
    """What of a page's words a browser would take for tags, links, bold or colour."""
    return [found for one in _LIVE for found in re.findall(one, said)]
