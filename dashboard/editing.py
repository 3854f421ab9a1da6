"""Changes to groups by hand: small steps that an address can hold, undone and done again.

Conventions
-----------
Pure. An edit is a JSON list that begins with its name:

- ``["move", codes, anchor]``: the languages, to the group in which the anchor stands
- ``["new", codes]``: the languages, out of wherever they stand, into a group of their own
- ``["merge", anchor, other]``: the other's group, into the anchor's
- ``["rename", anchor, name]``: the anchor's group
- ``["out", codes]``: the languages, out of all groups

A group is meant by one of its languages, its *anchor*, so that an edit still says the same after
others. Groups are in the order of the study (see `hand` in the core), names are unique. An edit
that does not fit, because the groups come from elsewhere now, is skipped and told; what is no edit
at all, which only an address written by hand can hold, is passed over.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from gradsim_core import NamedGroup, group_name, unique_names

MOST_EDITS = 100
"""Edits that an address takes; who has made so many had better save the groups."""

Members = dict[str, list[str]]
"""Name of a group -> its codes, in the order of the groups."""


@dataclass(frozen=True)
class Edited:
    """Groups after edits.

    Attributes
    ----------
    groups : with unique names, in the order of the study
    applied : how many edits changed something
    skipped : for each that did not fit, why, as plain text
    """

    groups: tuple[NamedGroup, ...]
    applied: int
    skipped: tuple[str, ...]


# edits and their text

def move_to(codes: Sequence[str], anchor: str) -> str:
    """Languages to the group of another language."""
    return _text("move", list(codes), anchor)


def new_group(codes: Sequence[str]) -> str:
    """Languages into a group of their own."""
    return _text("new", list(codes))


def merge(anchor: str, other: str) -> str:
    """Two groups into one, which keeps the name of the first."""
    return _text("merge", anchor, other)


def rename(anchor: str, name: str) -> str:
    """Another name for a group."""
    return _text("rename", anchor, group_name(name))


def leave_out(codes: Sequence[str]) -> str:
    """Languages out of all groups."""
    return _text("out", list(codes))


def _text(*parts: Any) -> str:
    return json.dumps(parts, ensure_ascii=False, separators=(",", ":"))


# done and undone

def live_edits(edits: Sequence[str], undone: int) -> tuple[str, ...]:
    """The edits that are not undone."""
    return tuple(edits[:max(0, len(edits) - undone)])


def with_edit(edits: Sequence[str], undone: int, edit: str) -> dict[str, Any]:
    """Changes to a selection that make one more edit; what was undone is forgotten."""
    return {"edits": (*live_edits(edits, undone), edit)[:MOST_EDITS], "undone": 0}


def with_undone(edits: Sequence[str], undone: int, by: int) -> dict[str, Any]:
    """Changes to a selection that undo so many more edits, or (negative) do them again."""
    return {"undone": min(len(edits), max(0, min(undone, len(edits)) + by))}


# what they make of groups

def edited(groups: Iterable[NamedGroup], edits: Sequence[str], codes: Sequence[str]) -> Edited:
    """Groups after edits, in order.

    Parameters
    ----------
    groups : none of whose languages stands twice
    codes : of all languages that can be grouped, in the order of the study
    """
    given = list(groups)
    members: Members = {name: list(one.languages) for name, one in zip(
        unique_names(one.name for one in given), given, strict=True)}
    applied, skipped = 0, []
    for text in edits[:MOST_EDITS]:
        edit = _read(text)
        if edit is None:
            continue
        problem = _EDITS[edit[0]](members, set(codes), *edit[1:])
        applied += not problem
        skipped += [problem] * bool(problem)
    place = {code: at for at, code in enumerate(codes)}
    found = [NamedGroup(name=name, languages=tuple(sorted(held, key=place.__getitem__)))
             for name, held in members.items()]
    return Edited(tuple(sorted(found, key=lambda one: place[one.languages[0]])), applied,
                  tuple(skipped))


def _read(text: str) -> list[Any] | None:
    """An edit's parts; None where it is none."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(found, list) or not found or not isinstance(found[0], str):
        return None
    kinds = _PARTS.get(found[0])
    fits = kinds is not None and len(kinds) == len(found) - 1 and all(
        isinstance(part, kind) for part, kind in zip(found[1:], kinds, strict=True))
    listed = [one for part in found if isinstance(part, list) for one in part]
    if not fits or not all(isinstance(one, str) for one in listed):
        return None
    return [list(dict.fromkeys(part)) if isinstance(part, list) else part for part in found]


def _move(members: Members, known: set[str], codes: list[str], anchor: str) -> str:
    target = _group_of(members, anchor)
    problem = _unknown(codes, known) or ("" if target else f"{anchor} is in no group")
    coming = [code for code in codes if target and code not in members[target]]
    if problem or not coming:
        return problem or "the languages stand there already"
    _take(members, coming)
    members[str(target)] += coming
    return ""


def _new(members: Members, known: set[str], codes: list[str]) -> str:
    if not codes or (problem := _unknown(codes, known)):
        return "no language is named" if not codes else problem
    if any(set(held) == set(codes) for held in members.values()):
        return "the languages are a group already"
    _take(members, codes)
    members[unique_names([*members, ""])[-1]] = codes
    return ""


def _merge(members: Members, known: set[str], anchor: str, other: str) -> str:
    first, second = _group_of(members, anchor), _group_of(members, other)
    if first is None or second is None:
        return f"{anchor if first is None else other} is in no group"
    if first == second:
        return f"{anchor} and {other} share a group already"
    members[first] += members.pop(second)
    return ""


def _rename(members: Members, known: set[str], anchor: str, name: str) -> str:
    old = _group_of(members, anchor)
    if old is None:
        return f"{anchor} is in no group"
    others = [one for one in members if one != old]
    new = unique_names([*others, name])[-1]
    if new == old or not group_name(name):
        return "the group has that name already" if new == old else "a name is needed"
    renamed = {new if one == old else one: held for one, held in members.items()}
    members.clear()
    members.update(renamed)
    return ""


def _out(members: Members, known: set[str], codes: list[str]) -> str:
    grouped = {code for held in members.values() for code in held}
    if problem := _unknown(codes, known):
        return problem
    if not grouped & set(codes) or grouped <= set(codes):
        return ("at least one language must stay in a group" if grouped & set(codes)
                else "the languages are in no group")
    _take(members, codes)
    return ""


def _take(members: Members, codes: Sequence[str]) -> None:
    """Take languages out of their groups; a group that is left empty is gone."""
    for name in list(members):
        members[name] = [code for code in members[name] if code not in codes]
        if not members[name]:
            del members[name]


def _group_of(members: Members, anchor: str) -> str | None:
    return next((name for name, held in members.items() if anchor in held), None)


def _unknown(codes: Sequence[str], known: set[str]) -> str:
    missing = [code for code in codes if code not in known]
    return f"{', '.join(missing[:5])} cannot be grouped here" if missing else ""


_EDITS: dict[str, Callable[..., str]] = {
    "move": _move, "new": _new, "merge": _merge, "rename": _rename, "out": _out}
_PARTS: dict[str, tuple[type, ...]] = {"move": (list, str), "new": (list,), "merge": (str, str),
                                       "rename": (str, str), "out": (list,)}
