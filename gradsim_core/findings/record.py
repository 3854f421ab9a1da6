"""What a finding leaves behind: one JSON, from which report, table and page are made.

Conventions
-----------
An entry is ``findings/<kind>-<id>.json`` in the study's folder, where the id names the plan; its
plan stands in ``plans/<id>.json``, so that a run which was cut off can go on. A plan is a frozen
model with an ``id``. Scores are fractions; what is undefined is null.
"""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Mapping, Sequence
from typing import Any, Protocol, TypeVar

import numpy as np
from pydantic import BaseModel, ValidationError

from gradsim_core.errors import StoreError
from gradsim_core.languages.resolving import Language
from gradsim_core.prepared import versions
from gradsim_core.storage.store import Store
from gradsim_core.study import canonical_json

_ID = re.compile(r"[0-9a-f]{16}")


class FindingPlan(Protocol):
    """What every plan has: an id, and itself as JSON."""

    @property
    def id(self) -> str:
        """Its name: the same question on the same study has the same."""

    def model_dump(self, *, mode: str) -> dict[str, Any]:
        """Itself as JSON."""


_Plan = TypeVar("_Plan", bound=BaseModel)


def plan_id(plan: BaseModel) -> str:
    """The first 16 digits of a SHA-256 of all of a plan."""
    return hashlib.sha256(canonical_json(plan.model_dump(mode="json"))).hexdigest()[:16]


def save_finding(store: Store, signature: str, kind: str, name: str,
                 content: Mapping[str, Any]) -> None:
    """Keep a finding's content beside its study."""
    store.write_json(signature, f"findings/{kind}-{name}.json", content)


def load_finding(store: Store, signature: str, kind: str, name: str) -> dict[str, Any] | None:
    """Read a finding's content; None while it is not finished."""
    return store.read_json(signature, f"findings/{kind}-{name}.json")


def list_findings(store: Store, signature: str, kind: str) -> list[str]:
    """Ids of a study's finished findings of one kind, newest first."""
    return [name.removeprefix(f"{kind}-") for name in store.names(signature, "findings")
            if name.startswith(f"{kind}-") and _ID.fullmatch(name.removeprefix(f"{kind}-"))]


def save_plan(store: Store, signature: str, plan: FindingPlan) -> None:
    """Keep a plan beside its study."""
    store.write_json(signature, f"plans/{plan.id}.json", plan.model_dump(mode="json"))


def load_plan(store: Store, signature: str, name: str, model: type[_Plan]) -> _Plan:
    """Read a plan that was kept.

    Raises
    ------
    StoreError
        If there is none of this name, or it is a plan of another kind.
    """
    found = store.read_json(signature, f"plans/{name}.json")
    try:
        if found is not None and plan_id(plan := model.model_validate(found)) == name:
            return plan
    except ValidationError:
        pass
    raise StoreError(f"Study {signature} has no such plan {name[:40]!r}. Start the experiment "
                     "anew.")


def finding_head(record: Mapping[str, Any], kind: str, plan: FindingPlan,
                 codes: Sequence[str]) -> dict[str, Any]:
    """What every content begins with: schema, id, study, versions, plan and languages.

    Parameters
    ----------
    record : the study's record (study.json)
    codes : the languages that are compared, in order
    """
    known = {one["code"]: Language(one["code"], one["name"], lineage=tuple(one["lineage"]))
             for one in record["languages"]}
    return {
        "$schema": f"gradsim.{kind}/1", "id": plan.id,
        "study": {**{key: record[key] for key in ("signature", "source", "task", "metric")},
                  "name": record["study"]["name"] or record["source"],
                  "model": record["study"]["model"]},
        "versions": versions(), "plan": plan.model_dump(mode="json"),
        "languages": [{"code": code, "name": known[code].name, "branch": known[code].branch}
                      for code in codes]}


def number(value: float | None) -> float | None:
    """A finite float, or None (JSON has no NaN)."""
    return None if value is None or not math.isfinite(value) else float(value)


def pair(interval: Sequence[float] | None) -> list[float] | None:
    """An interval as JSON; None where a bound is undefined."""
    if interval is None or not all(map(math.isfinite, interval)):
        return None
    return [float(bound) for bound in interval]


def numbers(table: np.ndarray) -> list[list[float | None]]:
    """A matrix as JSON."""
    return [[number(value) for value in row] for row in table]
