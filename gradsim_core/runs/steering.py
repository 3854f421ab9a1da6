"""Steering: runs queued, seen, cancelled and resumed from outside.

Conventions
-----------
A run is queued in the run table and started by the supervisor, in a process of its own that
outlives whoever asked for it; or it is attended in somebody's terminal. Reading needs no
supervisor: a run whose process is gone is reported as interrupted, whatever its row says.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import psutil

from gradsim_core.backends.place import with_place
from gradsim_core.devices import with_device
from gradsim_core.errors import RunAskedError, RunError
from gradsim_core.runs.attending import (
    MARK,
    already,
    lives,
    run_key,
    settle_dead,
    working_folder,
)
from gradsim_core.runs.processes import end_family, kill_processes, living_process, marked_processes
from gradsim_core.runs.supervisor import ensure_alive, log_tail
from gradsim_core.runs.table import LIVE, KeyTaken, Run, RunTable, now
from gradsim_core.storage.store import Store

STUDY = "study"
"""The kind of a run that computes a study's joint trial."""

StudyState = Literal["absent", "queued", "running", "done", "failed", "interrupted", "cancelled"]

_log = logging.getLogger(__name__)
_STOPPED = "Stopped before its end; resume it to go on."


def submit_run(store: Store, signature: str, kind: str, argv: Sequence[str], *,
               key: str | None = None, title: str = "") -> Run:
    """Queue a command, which is run in a process of its own as soon as there is room.

    Parameters
    ----------
    signature : of the study that it belongs to
    kind : "study", "train", "transfer" or "experiment"
    argv : a command that attends its run with the same key (see `attend_run`)
    key : what is computed at most once at a time, over all studies; left out, the study's kind
    title : for people

    Raises
    ------
    RunError
        If the key's run is queued or under way, or the table cannot be written.
    """
    table, key = RunTable(store.root), run_key(signature, kind) if key is None else key
    run = Run("", signature, kind, key, title[:200], tuple(with_place(with_device(argv))),
              working_folder(), True, message="Waiting for its turn.")
    for holder in table.rows(key=key, state="running"):
        settle_dead(table, holder)
    try:
        run = table.insert(run)
    except KeyTaken:
        raise already(next(iter(table.rows(key=key, state=LIVE)), None), key) from None
    ensure_alive(table)
    return run


def submit_study(store: Store, signature: str, study_yaml_text: str, title: str = "") -> Run:
    """Queue the run of a study, whose YAML is written to its folder."""
    store.write_text(signature, "study.yaml", study_yaml_text)
    file = store.path(signature, "study.yaml")
    argv = [sys.executable, "-m", "gradsim_core", "run", str(file), "--cache", str(store.root)]
    return submit_run(store, signature, STUDY, argv, title=title)


def ensure_supervisor(store: Store) -> None:
    """Make sure that a supervisor lives, if any run waits for one; where it cannot, say so."""
    try:
        ensure_alive(RunTable(store.root))
    except RunError as error:
        _log.warning("%s", error)  # whoever only looks can go on looking


def list_runs(store: Store, signature: str | None = None, kind: str | None = None,
              live: bool = False) -> list[Run]:
    """The runs there are, newest first, as they are now.

    Parameters
    ----------
    signature, kind : only those of this study, of this kind
    live : only those that are queued or running
    """
    wanted: dict[str, Any] = {"signature": signature, "kind": kind, "state": LIVE if live else None}
    given = {name: value for name, value in wanted.items() if value is not None}
    table = RunTable(store.root)
    runs = [_seen(table, run) for run in table.rows(**given)]
    return [run for run in runs if run.live] if live else runs


def known_runs(store: Store, signature: str | None = None, kind: str | None = None) -> list[Run]:
    """As `list_runs`, for whoever shows results; none where the table of runs cannot be read.

    No result depends on the table. What is wrong with it is told by `ensure_supervisor`.
    """
    try:
        return list_runs(store, signature, kind)
    except RunError:
        return []


def find_run(store: Store, id_prefix: str) -> Run:
    """The one run whose id begins so, as it is now.

    Raises
    ------
    RunAskedError
        If no run, or more than one, begins so.
    """
    table = RunTable(store.root)
    found = table.rows(id_prefix)
    if len(found) == 1:
        return _seen(table, found[0])
    known = ", ".join(run.id for run in (found or table.rows())[:5]) or "none"
    raise RunAskedError(f"{'No run begins' if not found else f'{len(found)} runs begin'} with "
                        f"{id_prefix!r:.60}. Runs here: {known}. See `gradsim runs`.")


def study_run(store: Store, signature: str) -> Run | None:
    """The newest run that computes, or computed, the study itself, as `known_runs` has it."""
    return next(iter(known_runs(store, signature, STUDY)), None)


def study_state(run: Run | None, finished: bool) -> StudyState:
    """How far a study is, from its newest run and whether its results are there."""
    if run is not None and run.live:
        return run.state
    if finished:
        return "done"
    return "absent" if run is None or run.state == "done" else run.state


def cancel_run(store: Store, run_id: str, grace_s: float = 10.0) -> Run:
    """End a run: ask its processes, wait `grace_s` seconds, then kill; partial work is kept.

    Returns
    -------
    Run
        Afterwards; one that is not live is left as it is.

    Raises
    ------
    RunError
        If there is no such run, its process is another user's, or does not even end when killed.
    """
    table, run = RunTable(store.root), find_run(store, run_id)
    cancelled = {"state": "cancelled", "ended": now(), "eta_s": None, "pid": None}
    if table.change(run.id, {"state": "queued", "pid": None}, **cancelled,
                    message="Cancelled before it was started."):
        kill_processes(marked_processes(MARK, run.id))  # one that was just being started
    elif table.change(run.id, {"state": "running"}, cancelling=True):
        run = table.row(run.id) or run
        try:
            _end_processes(run, grace_s)
        except RunError:
            table.change(run.id, {"state": "running"}, cancelling=False)
            raise
        table.change(run.id, {"state": "running", "cancelling": True}, **cancelled)
    return find_run(store, run.id)


def resume_run(store: Store, run_id: str) -> Run:
    """Queue a run again that failed, was cancelled or was interrupted; it goes on where it was.

    Raises
    ------
    RunError
        If it is live or done, or another run of its key is live.
    """
    table, run = RunTable(store.root), find_run(store, run_id)
    if run.live:
        raise already(run, run.key)
    if run.state == "done":
        raise RunError(f"Run {run.id} is done: there is nothing left to resume. Start it anew.")
    settle_dead(table, table.row(run.id) or run)
    log = run.log or str(table.folder / f"{run.id}.log")
    try:
        table.change(run.id, {"state": ("failed", "cancelled", "interrupted")}, state="queued",
                     supervised=True, cancelling=False, fruitless=0, error="", ended=None, log=log,
                     pid=None, message="Waiting for its turn.")
    except KeyTaken:
        raise already(next(iter(table.rows(key=run.key, state=LIVE)), None), run.key) from None
    ensure_alive(table)
    return find_run(store, run.id)


def run_log(store: Store, run_id: str, lines: int = 20) -> str:
    """The last lines that a run printed; empty where it printed nothing, or in a terminal."""
    run = find_run(store, run_id)
    return log_tail(Path(run.log), lines) if run.log else ""


def _seen(table: RunTable, run: Run) -> Run:
    """A run as it is, which is not as its row says when it was killed."""
    if run.state != "running" or lives(run):
        return run
    again = table.row(run.id) or run
    if again != run:  # it has said meanwhile how it ended, or was started again
        return _seen(table, again)
    if run.cancelling:
        return replace(run, state="cancelled", eta_s=None)
    return replace(run, state="interrupted", message=_STOPPED, eta_s=None)


def _end_processes(run: Run, grace_s: float) -> None:
    leader = living_process(run.pid, run.create_time or 0.0) if run.pid else None
    try:
        if leader is not None and not end_family(leader, grace_s):
            raise RunError(f"Run {run.id}: process {run.pid} does not end. Look at it with "
                           f"`ps {run.pid}`; a disk that hangs may hold it.")
    except (PermissionError, psutil.AccessDenied):
        raise RunError(f"Run {run.id}: process {run.pid} belongs to another user. Ask them to "
                       f"end it.") from None
    if run.supervised:
        with suppress(psutil.Error):
            kill_processes(marked_processes(MARK, run.id))
