"""Progress: what an event of a computation says about its run.

Conventions
-----------
An event is ``{"kind": ..., "message": ...}``: "stage", "note" and "snapshot" say what happens,
"progress" (with "step", "steps", "eta_s" where known) how far it is, "done" that all is there.
Send "progress" about once a second, not every step. Unknown kinds and keys, and numbers that
are none, change nothing.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

Observer = Callable[[dict[str, Any]], None]
"""Is told each event of a computation."""

MESSAGE_LENGTH = 400


def silent(event: dict[str, Any]) -> None:
    """Tell nobody."""


def changes_from(event: Mapping[str, Any]) -> dict[str, Any]:
    """What an event changes of a run: its progress (0 to 1), message and seconds left."""
    changes: dict[str, Any] = {}
    step, steps = _number(event.get("step")), _number(event.get("steps"))
    if step is not None and steps:
        changes["progress"] = min(1.0, max(0.0, step / steps))
    if event.get("message"):
        changes["message"] = str(event["message"])[:MESSAGE_LENGTH]
    left = _number(event.get("eta_s"))
    if left is not None:
        changes["eta_s"] = max(0.0, left)
    elif event.get("kind") == "stage":
        changes["eta_s"] = None  # what was left of the stage before says nothing about this one
    return changes


def _number(value: object) -> float | None:
    number = isinstance(value, (int, float)) and math.isfinite(value)
    return float(value) if number else None  # type: ignore[arg-type]
