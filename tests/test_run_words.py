"""Runs in words: how far, how long, what comes before, and where they are shown."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from dashboard.words.runs import KIND_WORDS, doing, how_long, in_short, shown_at, waiting_for
from gradsim_core import Run

NOW = datetime(2026, 1, 1, 12, 10, tzinfo=UTC)
RUN = Run("a1", "0123456789abcdef", "study", "k", "", (), "", True, state="running", progress=0.25,
          message="learning *all*", eta_s=42.0, started="2026-01-01T12:00:00+00:00", attempt=1,
          created="2026-01-01T12:00:00+00:00")
QUEUED = replace(RUN, id="b2", state="queued", started=None, eta_s=None, progress=0.0,
                 created="2026-01-01T12:05:00+00:00")


def test_a_run_under_way() -> None:
    assert how_long(RUN, [RUN], NOW) == "Running for 10 min, about 40 s left."
    assert how_long(replace(RUN, eta_s=None, attempt=2), [], NOW) == \
        "Running for 10 min, time left: not known yet; attempt 2."
    assert how_long(RUN, [], datetime(2026, 1, 1, 11, tzinfo=UTC)).startswith("Running for 0 s"), \
        "a clock that was set back shows no negative time"
    assert in_short(RUN) == "25%, about 40 s left"
    assert doing(RUN) == "Learning *all*"


def test_a_run_that_waits_says_what_comes_first() -> None:
    earlier = replace(QUEUED, id="c3", created="2026-01-01T12:01:00+00:00")
    later = replace(QUEUED, id="d4", created="2026-01-01T12:09:00+00:00")
    assert waiting_for(QUEUED, [QUEUED]) == "Next in turn: it starts in a moment."
    assert waiting_for(QUEUED, [QUEUED, later]) == "Next in turn: it starts in a moment."
    assert waiting_for(QUEUED, [RUN, QUEUED, later]) == "Other runs come first: 1 run under way."
    assert how_long(QUEUED, [RUN, earlier, QUEUED, later]) == \
        "Other runs come first: 1 run under way, 1 waiting before it."
    assert in_short(QUEUED) == "waits for its turn"


def test_a_killed_run_goes_on() -> None:
    killed = replace(RUN, state="interrupted")
    assert doing(killed) == "It was killed, and goes on in a moment."


@pytest.mark.parametrize(("kind", "page"), [
    ("study", "study"), ("train", "training"), ("experiment", "training"),
    ("measures", "correlation"), ("transfer", "correlation"), ("lower-or-higher", "layers"),
    ("topic-or-language", "layers"), ("of another version", "study")])
def test_each_kind_has_its_page(kind: str, page: str) -> None:
    found, changes = shown_at(replace(RUN, kind=kind))
    assert found == page
    assert changes["study"] == "01234567"


def test_every_kind_has_a_word() -> None:
    assert {"study", "experiment", "train", "transfer", "measures", "lower-or-higher",
            "topic-or-language"} <= KIND_WORDS.keys()
