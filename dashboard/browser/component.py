"""The chart that stands on a page: plotly.js in a component of our own, changed in place.

Streamlit's own chart is another one for every change of its figure: the browser throws the old one
away and builds the new one up, names, ticks and all. This one keeps what has not changed: a heatmap
of 100 languages has its marks a third sooner, and the page does not flicker.

The browser gets plotly.js from the installed plotly package, through this server.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import plotly
import streamlit as st
from streamlit.components.v2.get_bidi_component_manager import get_bidi_component_manager
from streamlit.components.v2.manifest_scanner import ComponentConfig, ComponentManifest

from dashboard.figures.overlay import Overlay

_SCRIPT = Path(__file__).with_name("chart.js").read_text(encoding="utf-8")
_LIBRARY = "gradsim.plotly"

_chart = st.components.v2.component("gradsim.chart", js=_SCRIPT, isolate_styles=False)
_ahead = st.components.v2.component("gradsim.ahead", js="""
    const asked = new Set();
    export default function fetchAhead({data}) {
        if (asked.has(data)) return;
        asked.add(data);
        document.head.append(Object.assign(document.createElement("link"), {
            rel: "preload", as: "script", href: new URL(data, document.baseURI)}));
    }""")


def standing_chart(figure: str, over: Overlay, key: str, alt: str, config: Mapping[str, Any],
                   on_pick: Callable[[list[str]], None] | None = None) -> None:
    """Show a plotly figure where the page is being built.

    Parameters
    ----------
    figure : as JSON
    over : what lies over it
    key : the chart's own among all of the session; the next figure under it changes this one
    alt : what the figure shows, for readers who cannot see it; plain text
    config : plotly.js's options
    on_pick : called before the next run with the words in the ``customdata`` of the points that
        were clicked or enclosed, an empty list when a reader takes a choice back
    """
    words = json.dumps({"alt": alt, "config": config, "picks": on_pick is not None,
                        "library": _library(), "over": {"annotations": over.notes,
                                                        "shapes": over.shapes}})
    data = f"{words}\n{figure}".encode()
    if on_pick is None:
        _chart(key=key, data=data)
    else:
        _chart(key=key, data=data,
               on_picked_change=lambda: on_pick(_words(st.session_state[key].picked)))


def fetch_ahead() -> None:
    """Let the browser fetch plotly.js while the server still makes the page."""
    _ahead(key="ahead", data=_library())


def _library() -> str:
    """Address of plotly.js, which this server gives out from now on."""
    manager = get_bidi_component_manager()
    if manager.get_component_asset_root(_LIBRARY) is None:
        package, name = _LIBRARY.split(".")
        manager.register_from_manifest(
            ComponentManifest(package, plotly.__version__, [ComponentConfig(name, "package_data")]),
            Path(plotly.__file__).parent)
    return f"_stcore/bidi-components/{_LIBRARY}/plotly.min.js"


def _words(told: Any) -> list[str]:
    return [one for one in told if isinstance(one, str)] if isinstance(told, list) else []
