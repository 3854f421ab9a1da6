"""Checking a decision: derive it anew from the cache, and say what differs.

Conventions
-----------
A decision file is data from anywhere: its shape is checked before anything is computed from it.
What is compared is everything but the versions of the packages that wrote the file; numbers that
differ by less than TOLERANCE are the same, because other machines round otherwise.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from gradsim_core.decisions.decision import SCHEMA, Reading, Rule, decide
from gradsim_core.errors import GroupingError
from gradsim_core.joining.series import with_joined
from gradsim_core.results import load_results
from gradsim_core.storage.store import Store

TOLERANCE = 1e-6

_COMPARED = ("study", "joined", "similarity", "rule", "result", "groups", "not_grouped",
             "alternatives")


class _Joined(BaseModel):
    """A language that joined the study later."""

    code: str
    id: str


class _Decision(BaseModel):
    """The shape of a decision file: what must be there to check it."""

    model_config = ConfigDict(extra="allow")

    schema_: Literal["urn:gradsim:decision:1"] = Field(alias="$schema")
    study: dict[str, Any]
    similarity: dict[str, Any]
    rule: Rule
    groups: list[dict[str, Any]]
    joined: list[_Joined] = []


def load_decision(path: str | Path) -> dict[str, Any]:
    """Read a decision file.

    Raises
    ------
    GroupingError
        If it cannot be read, is not JSON, or is not a decision of this version.
    """
    path = Path(path)
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8 text"
        raise GroupingError(f"{str(path)[-150:]}: cannot be read ({reason}). Give a file that "
                            "`gradsim export` wrote.") from None
    return decision_from(text, str(path))


def decision_from(text: str, where: str) -> dict[str, Any]:
    """Read a decision from the text of a file.

    Raises
    ------
    GroupingError
        If it is not JSON, or not a decision of this version; the message begins with `where`.
    """
    try:
        decision = json.loads(text)
    except json.JSONDecodeError as error:
        raise GroupingError(f"{where[-150:]}:{error.lineno}: not JSON ({error.msg}). Give a "
                            "file that `gradsim export` wrote.") from None
    except (ValueError, RecursionError) as error:  # a number of 5,000 digits, 10,000 brackets
        raise GroupingError(f"{where[-150:]}: not a decision ({str(error)[:80]}). Give a file "
                            "that `gradsim export` wrote.") from None
    return checked_decision(decision, where)


def checked_decision(decision: Any, where: str) -> dict[str, Any]:
    """Make sure that something is a decision of this version (see `load_decision`)."""
    try:
        _Decision.model_validate(decision)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"]) or "the whole file"
        raise GroupingError(f"{where[-150:]}: not a decision of this version: {key[:60]}: "
                            f"{first['msg'][:80]}. Its $schema must be {SCHEMA!r}; export it "
                            "again.") from None
    return decision


def check_decision(decision: dict[str, Any], store: Store) -> list[str]:
    """Derive a decision anew from the cache and list what differs.

    Parameters
    ----------
    decision : as `load_decision` gives it
    store : must hold the results of the decision's study

    Returns
    -------
    list of str
        One sentence a difference; empty if the decision holds.

    Raises
    ------
    StoreError
        If the study's results are not in the cache.
    GroupingError, StudyError
        If the decision's own rule cannot be met, or its similarity cannot be read so.
    """
    results = with_joined(store, load_results(store, str(decision["study"].get("signature"))),
                          [f"{one.code}-{one.id}" for one in
                           _Decision.model_validate(decision).joined])
    asked = {key: decision["similarity"].get(key) for key in Reading.model_fields}
    try:
        reading = Reading.model_validate(asked)
    except ValidationError as error:
        first = error.errors()[0]
        raise GroupingError(f"The decision's similarity.{first['loc'][0]} is wrong: "
                            f"{first['msg'][:80]}. Export it again.") from None
    again = decide(results, reading, Rule.model_validate(decision["rule"]))
    return [line for part in _COMPARED
            for line in _differences(part, decision.get(part), again.get(part))]


def _differences(path: str, given: Any, derived: Any) -> list[str]:
    if isinstance(derived, dict) and isinstance(given, dict):
        keys = sorted({*given, *derived})
        return [line for key in keys
                for line in _differences(f"{path}.{key}", given.get(key), derived.get(key))]
    if isinstance(derived, list) and isinstance(given, list) and len(given) == len(derived):
        return [line for i, (a, b) in enumerate(zip(given, derived, strict=True))
                for line in _differences(f"{path}[{i}]", a, b)]
    if _same(given, derived):
        return []
    return [f"{path[:80]}: the file says {_short(given)}, the cache gives {_short(derived)}"]


def _same(given: Any, derived: Any) -> bool:
    """Numbers within the tolerance, which NaN is not of anything; true is not 1."""
    if isinstance(derived, float) and type(given) in (int, float):
        return abs(given) < 1e300 and abs(given - derived) <= TOLERANCE
    return type(given) is type(derived) and given == derived


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 80 else text[:77] + "…"
