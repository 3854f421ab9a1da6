"""Progress: a study's state from its events alone."""

from __future__ import annotations

from typing import Any

import pytest

from gradsim_core.progress import latest_attempt, state_from_events

STARTED = {"kind": "started"}
HALF = {"kind": "progress", "step": 2, "steps": 4, "eta_s": 9, "message": "training"}
DONE, CANCELLED = {"kind": "done"}, {"kind": "cancelled"}
FAILED = {"kind": "failed", "message": "afr/train.tsv:3: two columns"}


@pytest.mark.parametrize(("events", "alive", "finished", "state", "progress"), [
    ([], False, False, "absent", 0.0),
    ([], False, True, "done", 1.0),
    ([STARTED], True, False, "running", 0.0),
    ([STARTED, HALF], True, False, "running", 0.5),
    ([STARTED, HALF], True, True, "running", 0.5),  # a finished study, computed again
    ([STARTED, HALF], False, False, "interrupted", 0.5),
    ([STARTED, HALF, FAILED], False, False, "failed", 0.5),
    ([STARTED, HALF, CANCELLED], False, False, "cancelled", 0.5),
    ([STARTED, CANCELLED, FAILED], False, False, "cancelled", 0.0),  # it failed because cancelled
    ([STARTED, HALF, CANCELLED], True, False, "running", 0.5),  # asked, and not yet gone
    ([STARTED, HALF, DONE], False, True, "done", 1.0),
    ([STARTED, HALF, DONE], False, False, "absent", 0.0),  # its result was removed
    ([STARTED, FAILED, STARTED], False, False, "interrupted", 0.0),
    ([STARTED, HALF, FAILED, STARTED], True, False, "running", 0.0),
])
def test_state(events: list[dict], alive: bool, finished: bool, state: str,
               progress: float) -> None:
    seen = state_from_events(events, alive=alive, recorded=bool(events), finished=finished)
    assert (seen.state, seen.progress) == (state, progress)
    assert seen.error == (FAILED["message"] if state == "failed" else "")
    assert (seen.eta_s is not None) == (alive and progress == 0.5)


@pytest.mark.parametrize(("events", "progress", "eta_s"), [
    ([{"step": 9, "steps": 4, "eta_s": -3}], 1.0, 0.0),
    ([{"step": 1, "steps": 0}], 0.0, None),
    ([{"step": -1, "steps": 4}, {"kind": ["x"]}], 0.0, None),
    ([{"step": "2", "steps": 4, "eta_s": "soon"}], 0.0, None),
    ([{"step": 2, "steps": float("nan"), "eta_s": float("inf")}], 0.0, None),
    ([{"step": 1, "steps": 4, "eta_s": 9}, {"kind": "snapshot"}], 0.25, 9.0),
    ([{"step": 4, "steps": 4, "eta_s": 9}, {"kind": "stage"}], 1.0, None),
])
def test_odd_numbers(events: list[dict[str, Any]], progress: float, eta_s: float | None) -> None:
    seen = state_from_events(events, alive=True, recorded=True, finished=False)
    assert (seen.state, seen.progress, seen.eta_s) == ("running", progress, eta_s)


@pytest.mark.parametrize(("alive", "message"), [
    (True, "scoring"), (False, "stopped before its end; start it again to go on")])
def test_message_is_the_latest(alive: bool, message: str) -> None:
    events: list[dict[str, Any]] = [HALF, {"kind": "stage", "message": "scoring"}, {"kind": "x"}]
    seen = state_from_events(events, alive=alive, recorded=True, finished=False)
    assert seen.message == message


def test_an_attempt_begins_with_its_start() -> None:
    assert latest_attempt([FAILED, STARTED, HALF]) == [STARTED, HALF]
    assert latest_attempt([HALF]) == [HALF]
    assert latest_attempt([]) == []
