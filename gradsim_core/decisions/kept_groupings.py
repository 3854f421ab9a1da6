"""Groupings that people kept with a study, each a decision with a name.

Conventions
-----------
An entry is ``groupings/<id>.json`` in the study's folder, sealed like all others; its id names both
decision and name, so the same grouping kept twice is one entry. One that is damaged is set aside,
and the others stand.
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
        The id.

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
    wanted = _name(name)
    others = [one.name for one in saved_groupings(store, signature)
              if one.id != _id(one.name, decision)]
    *_, free = unique_names([*others, wanted])
    content = {"name": free, "decision": decision}
    store.write_json(signature, _entry(_id(free, decision)), content)
    return _id(free, decision)


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
    if not (name.isascii() and name.isalnum()):
        return None
    content = store.read_json(signature, _entry(name))
    try:
        if content is None or _id(content["name"], content["decision"]) != name:
            return None
        return SavedGrouping(name, content["name"],
                             checked_decision(content["decision"], "A kept grouping"))
    except (GroupingError, KeyError, TypeError, ValueError):
        return None


def rename_saved(store: Store, signature: str, name: str, new: str) -> str:
    """Give a kept grouping another name, and with it another id.

    Raises
    ------
    GroupingError
        If there is none of that id, or the name is empty.
    """
    kept = load_saved(store, signature, name)
    if kept is None:
        raise GroupingError(f"Study {signature} keeps no grouping {name[:40]!r}. Save it again.")
    if _name(new) == kept.name:
        return name
    renamed = save_grouping(store, signature, new, kept.decision)
    delete_saved(store, signature, name)
    return renamed


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


def _name(name: str) -> str:
    line = group_name(name)
    if not line:
        raise GroupingError("A grouping is kept under a name. Give it one of up to 60 characters.")
    return line


def _id(name: str, decision: Mapping[str, Any]) -> str:
    return hashlib.sha256(canonical_json({"name": name, "decision": decision})).hexdigest()[:16]


def _entry(name: str) -> str:
    return f"{FOLDER}/{name}.json"
