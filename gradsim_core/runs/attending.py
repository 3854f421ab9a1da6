"""Attending a run: the process that computes keeps its row true, from the start to the end.

Conventions
-----------
A process that the supervisor started finds its row named in the environment (GRADSIM_RUN) and
takes it over; any other opens a row of its own. Progress and heartbeats are written as well as
can be: a full disk must not end a computation whose results still fit.
"""

from __future__ import annotations

import logging
import os
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Lock, Thread
from typing import Any

import psutil

from gradsim_core.errors import GradSimError, RunError
from gradsim_core.progress import Observer, changes_from
from gradsim_core.runs.processes import (
    bears_mark,
    birth,
    kill_processes,
    living_process,
    marked_processes,
)
from gradsim_core.runs.table import KeyTaken, Run, RunTable, now
from gradsim_core.storage.store import Store

MARK = "GRADSIM_RUN"
"""Environment variable that names a supervised process's run."""

HEARTBEAT_S = 2.0
_WRITE_EVERY_S = 0.5
_NO_MEMORY = ("Not enough memory. Lower batch_size or max_length, or take gradients: sketch; see "
              "`gradsim estimate`.")

_log = logging.getLogger(__name__)


@contextmanager
def attend_run(store: Store, signature: str, kind: str, *, key: str | None = None,
               title: str = "") -> Iterator[Observer]:
    """Compute inside this block as a run: seen from outside, steered, and the only one of its key.

    Parameters
    ----------
    kind : "study", "train", "transfer" or "experiment"
    key : what is computed at most once at a time, over all studies; left out, the study's kind
    title : for people

    Yields
    ------
    Observer
        Is told how far the computation is, event by event (see `progress`).

    Raises
    ------
    RunError
        If the key's run is under way, or this process's run was cancelled before it began; and
        in place of what a lack of memory raised in the block. All else that the block raises
        goes on its way, and is recorded: a GradSimError as it is, a KeyboardInterrupt as a
        cancelled run, other exceptions by type and message.
    """
    table = RunTable(store.root)
    key = run_key(signature, kind) if key is None else key
    run = _taken_over(table, key) or _opened(table, signature, kind, key, title)
    attendance = _Attendance(table, run)
    with attendance.beating():
        try:
            yield attendance.observe
        except KeyboardInterrupt:
            attendance.end("cancelled", message="Stopped from the keyboard.")
            raise
        except GradSimError as error:
            attendance.end("failed", error=str(error)[:1000])
            raise
        except Exception as error:
            words = f"{type(error).__name__}: {error}"[:400]
            if isinstance(error, MemoryError) or "allocate memory" in words:
                attendance.end("failed", error=_NO_MEMORY)
                raise RunError(_NO_MEMORY) from None
            attendance.end("failed", error=words)
            raise
        except BaseException:
            attendance.end("interrupted", message="Left before its end.")
            raise
        attendance.end("done", progress=1.0, message="Finished.")


def run_key(signature: str, kind: str) -> str:
    """The key of a study's only run of a kind."""
    return f"{signature}/{kind}"


def own_command() -> tuple[str, ...]:
    """The command that started this process."""
    return (sys.executable, *sys.orig_argv[1:])


def working_folder() -> str:
    """The folder this process works in; the home folder where that has been removed."""
    try:
        return os.getcwd()
    except FileNotFoundError:
        return str(Path.home())


def already(run: Run | None, key: str) -> RunError:
    """That a key's run is under way."""
    if run is None:
        return RunError(f"{key[:100]}: already under way. Wait for it, or see `gradsim runs`.")
    who = f"pid {run.pid} since {run.started}" if run.pid else f"queued since {run.created}"
    return RunError(f"{key[:100]}: already under way (run {run.id}, {who}). Wait for it, or cancel "
                    f"it: gradsim runs cancel {run.id}")


def settle_dead(table: RunTable, run: Run) -> None:
    """Free the key of a run that says it is running though its process is gone."""
    if run.state == "running" and not lives(run):
        if run.supervised:
            kill_processes(marked_processes(MARK, run.id))  # what it started, if it is left
        table.change(run.id, {"state": "running", "pid": run.pid},
                     state="cancelled" if run.cancelling else "interrupted", ended=now(),
                     eta_s=None, pid=None)


def lives(run: Run) -> bool:
    """Whether the run's process lives: that very one, not another that got its id."""
    if run.pid is None:
        return False
    if living_process(run.pid, run.create_time or 0.0) is not None:
        return True
    try:  # a clock that was set moves births; the mark stays
        return run.supervised and bears_mark(psutil.Process(run.pid), MARK, run.id)
    except psutil.Error:
        return False


def _taken_over(table: RunTable, key: str) -> Run | None:
    """The row that the supervisor started this process for."""
    run = table.row(os.environ.get(MARK, ""))
    if run is None or run.key != key:
        return None  # not supervised, or started by a supervised run for something else
    me = {"pid": os.getpid(), "create_time": birth(os.getpid())}
    for pid in (None, os.getpid()):
        if table.change(run.id, {"state": ("queued", "running"), "pid": pid}, state="running",
                        started=now(), heartbeat=now(), **me):
            return run
    run = table.row(run.id) or run
    if run.live:
        raise already(run, key)
    raise RunError(f"Run {run.id} is {run.state}, so it does not start. Resume it with: gradsim "
                   f"runs resume {run.id}")


def _opened(table: RunTable, signature: str, kind: str, key: str, title: str) -> Run:
    """A new row for this process."""
    run = Run("", signature, kind, key, title, own_command(), working_folder(), supervised=False,
              state="running", message="Starting.", pid=os.getpid(),
              create_time=birth(os.getpid()), heartbeat=now(), attempt=1, started=now())
    for last in (False, True):
        try:
            return table.insert(run)
        except KeyTaken:
            holder = next(iter(table.rows(key=key, state=("queued", "running"))), None)
            if last or (holder and (holder.state == "queued" or lives(holder))):
                raise already(holder, key) from None
            if holder:
                settle_dead(table, holder)
    raise already(None, key)


class _Attendance:
    """What is written of one run by the process that computes it."""

    def __init__(self, table: RunTable, run: Run) -> None:
        self.table, self.id = table, run.id
        self.furthest = run.furthest
        self.waiting: dict[str, Any] = {}  # told, and not yet written
        self.written = -_WRITE_EVERY_S
        self.refusal = ""
        self.turn = Lock()  # of the computation and of its heartbeat

    def observe(self, event: Mapping[str, Any]) -> None:
        """Take down what an event says; progress at most twice a second."""
        with self.turn:
            self.waiting |= changes_from(event)
            self.furthest = max(self.furthest, self.waiting.get("progress", 0.0))
            last = event.get("kind") != "progress" or self.waiting.get("progress") == 1.0
            if last or time.monotonic() - self.written >= _WRITE_EVERY_S:
                self._write_waiting()

    def end(self, state: str, **values: Any) -> None:
        """Record how it ended; what fails after it was asked to end is cancelled."""
        ended = {"furthest": self.furthest, **self.waiting, **values, "state": state,
                 "ended": now(), "eta_s": None, "pid": None}
        with self.turn:
            asked = state != "done" and self._write({**ended, "state": "cancelled", "error": ""},
                                                    {"cancelling": True})
            if not asked:
                self._write(ended)

    @contextmanager
    def beating(self) -> Iterator[None]:
        """Write a heartbeat, and what waits, every few seconds until the block ends."""
        over = Event()

        def beat() -> None:
            while not over.wait(HEARTBEAT_S):
                with self.turn:
                    self._write_waiting()

        heart = Thread(target=beat, daemon=True, name="heartbeat")
        heart.start()
        try:
            yield
        finally:
            over.set()
            heart.join()

    def _write_waiting(self) -> None:
        self._write({"furthest": self.furthest, "heartbeat": now(), **self.waiting})
        self.waiting, self.written = {}, time.monotonic()

    def _write(self, values: Mapping[str, Any], where: Mapping[str, Any] | None = None) -> bool:
        still = {"state": "running", "pid": os.getpid(), **(where or {})}
        try:
            return self.table.change(self.id, still, **values)
        except RunError as error:
            if str(error) != self.refusal:  # once, not at every heartbeat
                self.refusal = str(error)
                _log.warning("%s", error)
            return False
