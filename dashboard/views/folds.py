"""What is folded away until a reader opens it; which folds stand open is in the address."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import streamlit as st

from dashboard.state import bound, current_selection

if TYPE_CHECKING:
    from streamlit.elements.lib.mutable_expander_container import ExpanderContainer


def fold(label: str, name: str, *, usual: bool = False, icon: str | None = None,
         ) -> ExpanderContainer:
    """A fold of the page; its ``open`` says whether to fill it where that takes time.

    Parameters
    ----------
    name : its own on the page, short: it stands in the address
    usual : whether it stands open if the address says nothing of it
    """
    folds = current_selection().folds
    shown = (usual or name in folds) and f"-{name}" not in folds
    return st.expander(label, icon=icon, **bound(
        f"fold.{name}", shown, lambda is_open: _turned(name, is_open, usual)))


def _turned(name: str, is_open: bool, usual: bool) -> Mapping[str, Any]:
    rest = tuple(one for one in current_selection().folds if one not in (name, f"-{name}"))
    return {"folds": rest if is_open == usual else (*rest, name if is_open else f"-{name}")}
