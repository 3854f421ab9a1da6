"""Runs that play an act instead of computing, for the tests of runs."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence

from gradsim_core.runs import Run, run_state, start_run
from gradsim_core.store import Store

ONE = "0123456789abcdef"

PLAY = """
import json, os, signal, subprocess, sys, time
folder = os.path.join({root!r}, "{one}")
def tell(kind, **more):
    with open(os.path.join(folder, "events.jsonl"), "a") as log:
        log.write(json.dumps(dict(kind=kind, **more)) + chr(10))
def finish():
    os.makedirs(os.path.join(folder, "scores"), exist_ok=True)
    open(os.path.join(folder, "scores", "joint.json"), "w").close()
    tell("done")
def wait_for(name):
    while not os.path.exists(os.path.join({root!r}, name)):
        time.sleep(0.01)
"""


def start(store: Store, act: str, extra_args: Sequence[str] = ()) -> Run:
    """Start a run that plays the act instead of computing."""
    code = PLAY.format(root=str(store.root), one=ONE) + act
    return start_run(store, "steps: 3\n", ONE, extra_args, [sys.executable, "-c", code])


def until(condition: Callable[[], bool], within_s: float = 20.0) -> None:
    """Wait until it holds, and fail where it never does."""
    deadline = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < deadline, "it did not come about in time"
        time.sleep(0.01)


def state(store: Store) -> str:
    """The state alone."""
    return run_state(store, ONE).state
