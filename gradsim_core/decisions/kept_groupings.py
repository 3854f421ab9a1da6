"""Groupings that people kept with a study, each a decision with a name.

Conventions
-----------
An entry is ``groupings/<id>.json`` in the study's folder, sealed like all others. Its id is made
from the decision and the name that it was kept under, so the same grouping kept twice is one entry.
A name given later is a label in the entry, which then tells the first one too (``kept_as``): the id
stays. One that is damaged is set aside, and the others stand.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gradsim_core.decisions.hand import group_name, unique_names
from gradsim_core.decisions.verification import checked_decision
from gradsim_core.errors import GroupingError
from gradsim_core.grouping.agreement import adjusted_rand_index, moved
from gradsim_core.similarities.gram import Similarity
from gradsim_core.storage.store import Store
from gradsim_core.study import canonical_json

FOLDER = "groupings"


@dataclass(frozen=True)
class SavedGrouping:
    """A decision that was kept under a name."""

    id: str
    name: str
    decision: Mapping[str, Any]


@dataclass(frozen=True)
class Agreement:
    """How alike two groupings are, over the languages that both group.

    Attributes
    ----------
    index : adjusted Rand index; None with fewer than two such languages
    moved : codes, the fewest to move so that one becomes the other
    only_one, only_other : codes that only one of them groups
    """

    index: float | None
    moved: tuple[str, ...]
    only_one: tuple[str, ...]
    only_other: tuple[str, ...]


def save_grouping(store: Store, signature: str, name: str, decision: Mapping[str, Any]) -> str:
    """Keep a decision under a name; a name that another one has gets a number.

    Returns
    -------
    str
        The id; that of the entry that keeps the same decision under the same name already, if any.

    Raises
    ------
    GroupingError
        If the name is empty, or the decision is none, of another study, or holds languages that
        joined later.
    StoreError
        If the disk does not take it.
    """
    decision = checked_decision(dict(decision), "The grouping")
    if decision["study"].get("signature") != signature:
        raise GroupingError(f"The grouping is of study {decision['study'].get('signature')!s:.40}, "
                            f"not of {signature}. Keep it with its own study.")
    if decision.get("joined"):
        raise GroupingError("This decision holds languages that joined the study later; groupings "
                            "kept with a study are of its own languages. Check it with `gradsim "
                            "verify`, or export it without --joined.")
    kept, said = saved_groupings(store, signature), canonical_json(decision)
    same = {one.name: one.id for one in kept if canonical_json(one.decision) == said}
    free = _free_name(name, [one.name for one in kept if one.name not in same])
    if free in same:
        return same[free]
    first, ids = free, {one.id for one in kept}
    while _id(first, decision) in ids:  # of one that was kept under this name, and renamed
        first += " (again)"
    _write(store, signature, _id(first, decision), free, first, decision)
    return _id(first, decision)


def saved_groupings(store: Store, signature: str) -> list[SavedGrouping]:
    """The groupings that are kept with a study, by name; damaged ones are set aside."""
    found = (load_saved(store, signature, name) for name in store.names(signature, FOLDER))
    return sorted(filter(None, found), key=lambda one: (one.name.casefold(), one.id))


def damaged_groupings(store: Store, signature: str) -> list[str]:
    """Ids of kept groupings that were found damaged and set aside (see `store`)."""
    start = f"{signature}.{FOLDER}."
    aside = {file.name.removeprefix(start).partition(".")[0] for file in
             (store.path(signature, "study.json").parents[1] / ".quarantine").glob(f"{start}*")}
    return sorted(name for name in aside if not store.exists(signature, _entry(name)))


def load_saved(store: Store, signature: str, name: str) -> SavedGrouping | None:
    """One kept grouping by its id; None where there is none, or it was damaged."""
    kept = _read(store, signature, name)
    return kept[0] if kept else None


def rename_saved(store: Store, signature: str, name: str, new: str) -> str:
    """Give a kept grouping another name; one that another has gets a number.

    Returns
    -------
    str
        The id, as it was: links that name it go on to lead to it.

    Raises
    ------
    GroupingError
        If there is none of that id, or the name is empty.
    StoreError
        If the disk does not take it; the old name then stands.
    """
    found = _read(store, signature, name)
    if found is None:
        raise GroupingError(f"Study {signature} keeps no grouping {name[:40]!r}. Save it again.")
    kept, first = found
    free = _free_name(new, [one.name for one in saved_groupings(store, signature)
                            if one.id != name])
    if free != kept.name:
        _write(store, signature, name, free, first, kept.decision)
    return name


def delete_saved(store: Store, signature: str, name: str) -> None:
    """Forget a kept grouping; one that is not there is no error."""
    if name.isascii() and name.isalnum():
        store.remove(signature, _entry(name))


def serving_groups(decision: Mapping[str, Any]) -> dict[str, int]:
    """Code -> position of the group that serves the language."""
    return {code: at for at, group in enumerate(decision["groups"])
            for code in group.get("serves", [one["code"] for one in group["languages"]])}


def agreement(one: Mapping[str, int], other: Mapping[str, int]) -> Agreement:
    """How alike two groupings are.

    Parameters
    ----------
    one, other : code -> group, as `serving_groups` gives it
    """
    both = [code for code in one if code in other]
    first, second = [one[code] for code in both], [other[code] for code in both]
    return Agreement(
        adjusted_rand_index(first, second) if len(both) > 1 else None,
        tuple(both[i] for i in moved(first, second)) if both else (),
        tuple(code for code in one if code not in other),
        tuple(code for code in other if code not in one))


def worth(found: Similarity, groups: Sequence[Sequence[str]], serves: Mapping[str, int],
          alone: float = 0.0) -> float | None:
    """The objective of groups under any similarity; None where one of theirs is undefined.

    Parameters
    ----------
    groups : codes of each
    serves : code -> position of the group that serves the language
    """
    place = {code: at for at, code in enumerate(found.languages)}
    total = []
    for code, at in serves.items():
        others = [one for one in groups[at] if one != code]
        if code not in place or any(one not in place for one in others):
            return None
        row = found.matrix[place[code]]
        total.append(math.fsum(row[place[one]] for one in others) / len(others) if others
                     else alone)
    value = math.fsum(total)
    return value if math.isfinite(value) else None


def _free_name(name: str, others: Sequence[str]) -> str:
    """A name as it is kept: on one line, and with a number where another one has it."""
    if not group_name(name):
        raise GroupingError("A grouping is kept under a name. Give it one of up to 60 characters.")
    return unique_names([*others, name])[-1]


def _read(store: Store, signature: str, name: str) -> tuple[SavedGrouping, str] | None:
    """A kept grouping and the name that its id is made from; None where it is not there or bad."""
    if not (name.isascii() and name.isalnum()):
        return None
    content = store.read_json(signature, _entry(name))
    try:
        if content is None:
            return None
        label, decision = str(content["name"]), content["decision"]
        first = str(content.get("kept_as", label))
        if _id(first, decision) != name:
            return None
        return SavedGrouping(name, label, checked_decision(decision, "A kept grouping")), first
    except (GroupingError, KeyError, TypeError, ValueError):
        return None


def _write(store: Store, signature: str, name: str, label: str, first: str,
           decision: Mapping[str, Any]) -> None:
    """Publish an entry; `first`, which its id is made from, stands in it where it is another."""
    store.write_json(signature, _entry(name), {
        "name": label, **({"kept_as": first} if first != label else {}),
        "decision": dict(decision)})


def _id(name: str, decision: Mapping[str, Any]) -> str:
    return hashlib.sha256(canonical_json({"name": name, "decision": decision})).hexdigest()[:16]


def _entry(name: str) -> str:
    return f"{FOLDER}/{name}.json"
