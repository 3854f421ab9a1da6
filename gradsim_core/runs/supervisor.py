"""The supervisor: a process of its own that starts queued runs, and starts killed ones again.

Conventions
-----------
A cache folder has one supervisor at most, which holds a lock while it lives; it is started when
there is something to do, and ends by itself some seconds after nothing is queued or running. A
run is a child in a session of its own, marked by GRADSIM_RUN: it outlives its supervisor, and
the next one takes it up again. The lock saves work; that no run is done twice rests on the table.
"""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

import psutil
from filelock import FileLock, Timeout

from gradsim_core.errors import RunError
from gradsim_core.runs.attending import MARK, lives
from gradsim_core.runs.processes import birth, kill_processes, marked_processes
from gradsim_core.runs.table import Run, RunTable, now

NICENESS = 5
IDLE_S = 5.0
MOST_FRUITLESS = 3
"""So many kills in a row without further progress end a run: the next one would come too."""

_POLL_S = 0.25
_LOCK_TIMEOUT_S = 3.0
_TAIL_BYTES = 65_536
_WORDED = "gradsim: "

_log = logging.getLogger(__name__)
_started: dict[Path, subprocess.Popen] = {}  # the supervisor started last from here, by cache


def ensure_alive(table: RunTable) -> None:
    """Start a supervisor if there is something for it to do and none lives."""
    supervisor = _started.get(table.path)
    if supervisor is not None and supervisor.poll() is None:
        return  # or one that is just starting
    if not table.rows(state=("queued", "running"), supervised=True):
        return
    with suppress(Timeout), _only_one(table, timeout_s=0):
        command = [sys.executable, "-m", "gradsim_core", "supervise", "--cache",
                   str(table.path.parent)]
        environment = {name: value for name, value in os.environ.items() if name != MARK}
        try:
            with open(table.folder / "supervisor.log", "ab") as log:
                _started[table.path] = _spawn(command, environment, log)
        except OSError as error:
            raise RunError(f"{command[0]}: the supervisor of runs cannot be started "
                           f"({error.strerror}). Free memory or disk space; what is queued "
                           "stays.") from None


def supervise(root: Path, idle_s: float = IDLE_S) -> None:
    """Supervise a cache folder's runs until nothing has been queued or running for a while.

    Returns at once where another supervisor lives.
    """
    table = RunTable(root)
    os.setpriority(os.PRIO_PROCESS, 0, max(NICENESS, os.getpriority(os.PRIO_PROCESS, 0)))
    with suppress(Timeout):
        while True:
            with _only_one(table, _LOCK_TIMEOUT_S):
                _Supervisor(table).work(idle_s)
            # Queued after the last look, by one who saw the lock still held?
            if not table.rows(state="queued", supervised=True):
                return


class _Supervisor:
    """One supervisor's children, by run, and what it does with the table."""

    def __init__(self, table: RunTable) -> None:
        self.table = table
        self.at_once = _runs_at_once()
        self.children: dict[str, subprocess.Popen] = {}

    def work(self, idle_s: float) -> None:
        self._find_unclaimed()
        last = time.monotonic()
        while time.monotonic() - last < idle_s:
            if self.children and not self.table.path.exists():
                for run_id in self.children:  # a run that nobody can see or stop must not live
                    kill_processes(marked_processes(MARK, run_id))
                return
            try:
                if self._round():
                    last = time.monotonic()
            except RunError as error:  # such as a full disk: runs go on, and so do we
                _log.warning("%s", error)
            time.sleep(_POLL_S)

    def _round(self) -> bool:
        """Take down who ended, start who waits; whether there is anything left."""
        for run_id, child in list(self.children.items()):
            if child.poll() is not None:
                self._take_down(run_id, child.pid, child.returncode)
                del self.children[run_id]
        for run in self.table.rows(state="running"):
            if run.id not in self.children and not lives(run):
                self._take_down(run.id, run.pid, None)
        running = self.table.rows(state="running", supervised=True)
        queued = self.table.rows(state="queued", supervised=True)[::-1]  # the oldest first
        for run in queued[:max(0, self.at_once - len(running))]:
            self._start(run)
        return bool(running or queued or self.children)

    def _find_unclaimed(self) -> None:
        """Take up runs whose process was started by a supervisor that could not write it down."""
        for run in self.table.rows(state="queued", supervised=True):
            for process in marked_processes(MARK, run.id)[:1]:
                with suppress(psutil.Error):
                    self.table.change(run.id, {"state": "queued"}, state="running",
                                      pid=process.pid, create_time=process.create_time())

    def _start(self, run: Run) -> None:
        begun = {"attempt": run.attempt + 1, "started": now(), "ended": None,
                 "message": "Starting."}
        if not self.table.change(run.id, {"state": "queued", "pid": None}, **begun):
            return
        environment = {**os.environ, MARK: run.id, "GRADSIM_CACHE": str(self.table.path.parent),
                       "OMP_WAIT_POLICY": "passive", "PYTHONUNBUFFERED": "1"}
        try:
            with open(run.log, "ab") as log:
                child = _spawn(run.argv, environment, log, run.folder)
        except (OSError, ValueError, IndexError) as error:
            self.table.change(run.id, {"state": "queued"}, state="failed", ended=now(), error=(
                f"{run.argv[0] if run.argv else 'nothing'} cannot be started in {run.folder} "
                f"({getattr(error, 'strerror', None) or error}). Run it in a terminal to see "
                "more.")[-400:])
            return
        self.children[run.id] = child
        if not self.table.change(run.id, {"state": "queued"}, state="running", pid=child.pid,
                                 create_time=birth(child.pid)):
            row = self.table.row(run.id)
            if row is None or row.state == "cancelled" or (row.live and row.pid != child.pid):
                with suppress(ProcessLookupError):  # cancelled, or claimed, in between
                    os.killpg(child.pid, signal.SIGKILL)

    def _take_down(self, run_id: str, pid: int | None, code: int | None) -> None:
        """Record how a run ended whose process is gone, if it has not said so itself.

        Parameters
        ----------
        code : how the process ended; None where only its parent, who is gone, could know
        """
        run = self.table.row(run_id)
        if run is None or run.state != "running" or run.pid != pid:
            return
        if run.supervised:
            kill_processes(marked_processes(MARK, run.id))  # what it started, if it is left
        self.table.change(run.id, {"state": "running", "pid": pid, "cancelling": run.cancelling},
                          **_end(run, code))


def _end(run: Run, code: int | None) -> dict[str, Any]:
    """What becomes of a run whose process ended without a word."""
    end: dict[str, Any] = {"ended": now(), "eta_s": None, "pid": None}
    if run.cancelling:
        return {**end, "state": "cancelled"}
    if code == 0:
        return {**end, "state": "done", "progress": 1.0, "message": "Finished."}
    if code is not None and code > 0:
        last = log_tail(Path(run.log), 1) or "it printed nothing"
        worded = last.startswith(_WORDED)  # the command line's own refusal: the whole story
        return {**end, "state": "failed", "error": last.removeprefix(_WORDED)[:400] if worded
                else f"exit code {code}: {last[-300:]}"}
    if not run.supervised:
        return {**end, "state": "interrupted"}
    further = run.furthest > run.passed
    fruitless = 0 if further else run.fruitless + 1
    end |= {"passed": run.furthest, "fruitless": fruitless}
    if fruitless < MOST_FRUITLESS:
        return {**end, "state": "queued", "message": "It was killed, and goes on in a moment."}
    return {**end, "state": "failed", "error":
            f"It was killed {fruitless} times in a row without getting further, perhaps for lack "
            f"of memory. What was done is kept. Free memory, then: gradsim runs resume {run.id}"}


def log_tail(path: Path, lines: int) -> str:
    """The last lines of a log; empty where there is none."""
    try:
        with open(path, "rb") as log:
            log.seek(max(0, os.fstat(log.fileno()).st_size - _TAIL_BYTES))
            printed = log.read().decode(errors="replace").splitlines()
    except OSError:
        return ""
    return "\n".join(printed[max(0, len(printed) - lines):])


@contextmanager
def _only_one(table: RunTable, timeout_s: float) -> Iterator[None]:
    """Hold the supervisor's lock; it falls when the process ends, however it ends."""
    lock = FileLock(table.folder / "supervisor.lock")
    try:
        lock.acquire(timeout=timeout_s)
    except Timeout:
        raise
    except OSError as error:
        raise RunError(f"{lock.lock_file}: cannot be locked ({error.strerror}). Make the cache "
                       f"folder writable, or choose another.") from None
    try:
        yield
    finally:
        lock.release()


def _spawn(command: Sequence[str], environment: Mapping[str, str], log: IO[bytes],
           folder: str | None = None) -> subprocess.Popen:
    """Start a process in a session of its own."""
    return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                            env=environment, cwd=folder, start_new_session=True)


def _runs_at_once() -> int:
    try:
        return max(1, int(os.environ.get("GRADSIM_RUNS_AT_ONCE", "1")))
    except ValueError:
        return 1
