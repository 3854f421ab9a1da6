"""Edited groups that were left for others: kept in the address, to be taken up again.

Conventions
-----------
Pure. What is kept is the part of an address that makes the groups: study and reading, the rule or
the saved grouping that they come from, and the edits. So what is taken up again is what
was left, whatever was chosen in between.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, urlencode

from dashboard.editing import live_edits
from dashboard.selection import DEFAULT, Selection, query_of, selection_from

MOST_ASIDE = 3
"""Edited groups that an address keeps; the oldest give way."""

_KEPT = ("study", "blocks", "reading", "correction", "snapshot", "strategy", "k", "smallest",
         "largest", "together", "apart", "opened", "edits", "undone")


def put_aside(selection: Selection) -> dict[str, Any]:
    """Changes to a selection that leave its edits, and keep the groups that were edited.

    Examples
    --------
    >>> put_aside(replace(DEFAULT, k=3, edits=('["new",["deu"]]',)))["aside"]
    ('k=3&edits=%5B%22new%22%2C%5B%22deu%22%5D%5D',)
    >>> put_aside(DEFAULT)
    {'edits': (), 'undone': 0}
    """
    left: dict[str, Any] = {"edits": (), "undone": 0}
    if not live_edits(selection.edits, selection.undone):
        return left
    kept = urlencode(query_of(replace(DEFAULT, **_of(selection))), doseq=True)
    return {**left, "aside": (*_without(selection, kept), kept)[-MOST_ASIDE:]}


def kept_groups(kept: str) -> Selection:
    """The selection that shows groups which were put aside."""
    return replace(DEFAULT, **_of(selection_from(parse_qs(kept, keep_blank_values=True))))


def taken_up(selection: Selection, kept: str) -> dict[str, Any]:
    """Changes to a selection that show edited groups again; those edited now are put aside."""
    rest = replace(selection, aside=_without(selection, kept))
    return {"aside": rest.aside, **put_aside(rest), **_of(kept_groups(kept))}


def forgotten(selection: Selection, kept: str) -> dict[str, Any]:
    """Changes to a selection that keep some edited groups no longer."""
    return {"aside": _without(selection, kept)}


def _of(selection: Selection) -> dict[str, Any]:
    return {name: getattr(selection, name) for name in _KEPT}


def _without(selection: Selection, kept: str) -> tuple[str, ...]:
    return tuple(one for one in selection.aside if one != kept)
