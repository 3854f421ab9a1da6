"""Progress: what an event alone says of its run."""

from __future__ import annotations

from typing import Any

import pytest

from gradsim_core.progress import MESSAGE_LENGTH, changes_from


@pytest.mark.parametrize(("event", "changes"), [
    ({"kind": "stage", "message": "Training"}, {"message": "Training", "eta_s": None}),
    ({"kind": "note", "message": "Rows are padded"}, {"message": "Rows are padded"}),
    ({"kind": "progress", "step": 2, "steps": 8, "eta_s": 9}, {"progress": 0.25, "eta_s": 9.0}),
    ({"kind": "progress", "step": 2, "steps": 8, "message": "Trial 1", "loss": 1.5},
     {"progress": 0.25, "message": "Trial 1"}),
    ({"kind": "done", "step": 8, "steps": 8}, {"progress": 1.0}),
    ({"kind": "stage", "message": "Scoring", "eta_s": 3}, {"message": "Scoring", "eta_s": 3.0}),
    ({"kind": "unheard of", "colour": "red"}, {}),
    ({}, {}),
])
def test_what_an_event_changes(event: dict[str, Any], changes: dict[str, Any]) -> None:
    assert changes_from(event) == changes


@pytest.mark.parametrize(("event", "changes"), [
    ({"step": 9, "steps": 4, "eta_s": -3}, {"progress": 1.0, "eta_s": 0.0}),
    ({"step": -1, "steps": 4, "kind": ["x"]}, {"progress": 0.0}),
    ({"step": 1, "steps": 0}, {}),
    ({"step": "2", "steps": 4, "eta_s": "soon"}, {}),
    ({"step": 2, "steps": float("nan"), "eta_s": float("inf")}, {}),
    ({"message": ["a list"], "step": 2}, {"message": "['a list']"}),
    ({"message": "x" * 9000}, {"message": "x" * MESSAGE_LENGTH}),
])
def test_odd_values(event: dict[str, Any], changes: dict[str, Any]) -> None:
    assert changes_from(event) == changes
