"""Runs in words: what one does, how far it is, what it waits for, and where it is shown.

Conventions
-----------
Pure. Everything returned is plain text; who shows it escapes what comes from data.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from dashboard.words.summaries import about, count, duration
from gradsim_core import Run

KIND_WORDS = {"study": "Study", "experiment": "Comparison", "train": "Training",
              "transfer": "Transfer", "measures": "Correlation", "lower-or-higher": "Layers",
              "topic-or-language": "Topic or language", "readings": "Readings",
              "join": "A language joins"}
PAGE_OF = {"experiment": "training", "train": "training", "transfer": "correlation",
           "measures": "correlation", "readings": "correlation", "lower-or-higher": "layers",
           "topic-or-language": "layers", "join": "groups"}
"""Kind -> path of the page that follows such a run; the others are followed on the Study page."""


def shown_at(run: Run) -> tuple[str, dict[str, Any]]:
    """The page that follows a run, and the selection that it needs there."""
    page = PAGE_OF.get(run.kind, "study")
    changes: dict[str, Any] = {"study": run.signature[:8]}
    if page == "study":
        changes["studying"] = "chosen"
    if page == "correlation":
        changes["correlating"] = "found"
    if page == "training":
        changes["planning"] = 0
    return page, changes


def doing(run: Run) -> str:
    """What a run does now."""
    if not run.live:
        return "It was killed, and goes on in a moment."
    return run.message[:1].upper() + run.message[1:]


def how_long(run: Run, others: Sequence[Run], now: datetime | None = None) -> str:
    """Since when a run is under way and how long it will take, or what comes before it.

    Parameters
    ----------
    others : all runs that are coming
    now : for tests
    """
    if run.state == "queued" or not run.started:
        return waiting_for(run, others)
    seconds = ((now or datetime.now(UTC)) - datetime.fromisoformat(run.started)).total_seconds()
    left = f"about {about(run.eta_s)} left" if run.eta_s is not None else "time left: not known yet"
    again = f"; attempt {run.attempt}" if run.attempt > 1 else ""
    return f"Running for {duration(max(0, seconds))}, {left}{again}."


def waiting_for(run: Run, others: Sequence[Run]) -> str:
    """What comes before a run that waits for its turn."""
    before = [one for one in others if one.id != run.id]
    running = sum(one.state != "queued" for one in before)
    earlier = sum(one.state == "queued" and one.created < run.created for one in before)
    if not running and not earlier:
        return "Next in turn: it starts in a moment."
    parts = [f"{count(running, 'run')} under way"] if running else []
    parts += [f"{earlier} waiting before it"] if earlier else []
    return f"Other runs come first: {', '.join(parts)}."


def in_short(run: Run) -> str:
    """How far a run is, in a few words."""
    if run.state == "queued":
        return "waits for its turn"
    left = f", about {about(run.eta_s)} left" if run.eta_s is not None else ""
    return f"{run.progress:.0%}{left}"
