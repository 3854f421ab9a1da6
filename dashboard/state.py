"""The selection of the page that is being built, and how widgets read and write it.

Conventions
-----------
The address is the only truth: a widget shows what the selection says, and writes a new selection
into the address when it is used (`bound`); session state holds nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import streamlit as st

from dashboard.selection import Selection, query_of, selection_from


def current_selection() -> Selection:
    """The selection in the address of the page that is being built."""
    return selection_from({key: st.query_params.get_all(key) for key in st.query_params})


def select(**changes: Any) -> None:
    """Change the selection, and the address with it."""
    selection = replace(current_selection(), **changes)
    st.query_params.from_dict(query_of(selection))


def turn_to(page: str, **changes: Any) -> None:
    """Turn to another page, with the selection changed.

    Parameters
    ----------
    page : its path in the address
    """
    query = query_of(replace(current_selection(), **changes))
    # Streamlit knows a page by its path alone, so the function given here is never called.
    st.switch_page(st.Page(lambda: None, title=page, url_path=page), query_params=query)


def bound(name: str, value: Any,
          changes: Callable[[Any], Mapping[str, Any]] | None = None) -> dict[str, Any]:
    """Arguments that make a widget show a value and write what is chosen into the address.

    Parameters
    ----------
    name : of the widget, and of the selection's field where `changes` is not given
    value : what the widget shows, in its own terms
    changes : the widget's value -> changes to the selection

    Notes
    -----
    A slider with two ends must be given some pair as its ``value`` too, or Streamlit takes it
    for one with a single end as soon as it is moved.
    """
    key = f"view.{name}"
    if key not in st.session_state or st.session_state[key] != value:
        st.session_state[key] = value

    def follow() -> None:
        chosen = st.session_state[key]
        several = tuple(chosen) if isinstance(chosen, list) else chosen
        select(**(changes(chosen) if changes else {name: several}))

    return {"key": key, "on_change": follow}
