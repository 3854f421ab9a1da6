"""Figures, kept for the next look at the same numbers.

Conventions
-----------
A figure is a pure function of what it is given, so it is kept under exactly that: the function's
name and the content of every argument. Nobody may change a kept figure. It pays where arguments are
arrays; tables of facts take longer to look through than the figure takes to draw.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import streamlit as st


def drawn(draw: Callable[..., Any], *given: Any, **options: Any) -> Any:
    """The figure that a function of `figures` makes of what it is given."""
    return _drawn(f"{draw.__module__}.{draw.__qualname__}", given, options, draw)


@st.cache_resource(max_entries=64, show_spinner=False)
def _drawn(name: str, given: tuple[Any, ...], options: dict[str, Any],
           _draw: Callable[..., Any]) -> Any:
    return _draw(*given, **options)
