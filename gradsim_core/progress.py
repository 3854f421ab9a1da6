"""Progress: how far a study is, told from the events its runs have left.

Conventions
-----------
An event is ``{"kind": ..., "time": ISO, ...}``. "started" opens an attempt; then come "stage"
and "progress" (with "step", "steps", "eta_s", "message" where known) and "snapshot"; "done",
"failed" or "cancelled" closes it. A run that ends without a closing event was interrupted.
Send "progress" about once a second, not every step. Unknown kinds and keys change nothing.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

Event = Mapping[str, Any]


@dataclass(frozen=True)
class RunState:
    """How far a study is.

    Attributes
    ----------
    state : "absent" means never started (or its result has been removed)
    progress : 0 to 1
    message : what it does now, or how it ended, for people
    eta_s : seconds left, where known
    started, pid : of the last run, where there was one
    error : why it failed, in plain words; otherwise empty
    """

    state: Literal["absent", "running", "done", "failed", "interrupted", "cancelled"]
    progress: float = 0.0
    message: str = ""
    eta_s: float | None = None
    started: str | None = None
    pid: int | None = None
    error: str = ""


def state_from_events(events: Sequence[Event], *, alive: bool, recorded: bool,
                      finished: bool) -> RunState:
    """State of a study.

    Parameters
    ----------
    events : all of the study's, oldest first; the latest attempt counts
    alive : whether the run's process lives and has not closed its attempt
    recorded : whether there ever was a run
    finished : whether the result is there

    Returns
    -------
    RunState
        Without `started` and `pid`, which no event holds.
    """
    events = latest_attempt(events)
    last = {str(event.get("kind")): event for event in events}  # of each kind
    state = RunState("running", _progress(events), _message(events) or "starting")
    if alive:
        return replace(state, eta_s=_eta_s(events))
    if finished:
        return replace(state, state="done", progress=1.0, message="finished")
    if "done" in last or not (recorded or events):
        return RunState("absent")
    if "cancelled" in last:
        return replace(state, state="cancelled", message="cancelled")
    if "failed" in last:
        error = str(last["failed"].get("message") or "its log says more")
        return replace(state, state="failed", message="failed", error=error)
    return replace(state, state="interrupted",
                   message="stopped before its end; start it again to go on")


def latest_attempt(events: Sequence[Event]) -> Sequence[Event]:
    """The events since the last start."""
    starts = [i for i, event in enumerate(events) if event.get("kind") == "started"]
    return events[starts[-1]:] if starts else events


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, (int, float)) and math.isfinite(value) else None


def _progress(events: Sequence[Event]) -> float:
    for event in reversed(events):
        step, steps = _number(event.get("step")), _number(event.get("steps"))
        if step is not None and steps:
            return min(1.0, max(0.0, step / steps))
    return 0.0


def _eta_s(events: Sequence[Event]) -> float | None:
    for event in reversed(events):
        left = _number(event.get("eta_s"))
        if left is not None:
            return max(0.0, left)
        if event.get("kind") == "stage":
            break  # what was left of the stage before says nothing about this one
    return None


def _message(events: Sequence[Event]) -> str:
    for event in reversed(events):
        if event.get("message"):
            return str(event["message"])
    return ""
