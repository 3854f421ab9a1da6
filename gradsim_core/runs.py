"""Runs: the one process that computes a study, seen and steered from outside.

Conventions
-----------
A run is a process of its own session, so it outlives the dashboard that started it. What it is
stands in its study's folder: ``run.json`` (who), ``events.jsonl`` (how far) and ``log.txt``
(what it printed); the joint scores, which come last, say that it is finished. The locks here
save work: correctness rests on the store's atomic writes alone.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime

import psutil
from filelock import FileLock, Timeout

from gradsim_core.errors import RunError
from gradsim_core.processes import end_family, living_process
from gradsim_core.progress import RunState, latest_attempt, state_from_events
from gradsim_core.results import SCORES
from gradsim_core.store import Store

RESULT = SCORES
"""The entry that a run writes last: its presence says that the study is finished."""

_NICENESS = 5
_START_TIMEOUT_S = 30.0
_TAIL_BYTES = 65_536


@dataclass(frozen=True)
class Run:
    """Who computes, or last computed, a study.

    Attributes
    ----------
    signature : of the study
    pid, create_time : the process; creation in seconds since 1970
    started : ISO time, UTC
    attempt : 1 for the study's first run
    argv : the command
    """

    signature: str
    pid: int
    create_time: float
    started: str
    attempt: int
    argv: tuple[str, ...]


_children: dict[int, tuple[subprocess.Popen, Store, str]] = {}  # started here, not yet reaped


@contextmanager
def run_lock(store: Store, signature: str) -> Iterator[None]:
    """Hold a study's lock while computing it; it falls when the process ends, however it ends.

    Raises
    ------
    RunError
        At once, if another process holds it.
    """
    with _locked(store, signature, "run.lock", timeout_s=0):
        yield


def load_run(store: Store, signature: str) -> Run | None:
    """Read who computes, or last computed, the study."""
    record = store.read_json(signature, "run.json")
    return Run(**{**record, "argv": tuple(record["argv"])}) if record else None


def record_run(store: Store, signature: str) -> Run:
    """Record this process as the study's run; one that `start_run` recorded already stands.

    Raises
    ------
    RunError
        If another process that lives is recorded.
    """
    with _locked(store, signature, "start.lock", _START_TIMEOUT_S):
        if under_way := _run_under_way(store, signature):
            if under_way.pid == os.getpid():
                return under_way
            raise _already(signature, under_way)
        store.append_event(signature, {"kind": "started"})
        return _record(store, signature, os.getpid(), (sys.executable, *sys.argv))


def run_command(store: Store, signature: str) -> list[str]:
    """The command that computes the study whose YAML stands in its folder."""
    study = store.path(signature, "study.yaml")
    return [sys.executable, "-m", "gradsim_core", "run", str(study), "--cache", str(store.root)]


def start_run(store: Store, study_yaml_text: str, signature: str,
              extra_args: Sequence[str] = (), argv: Sequence[str] | None = None) -> Run:
    """Compute a study in a process of its own, at a lower priority.

    Parameters
    ----------
    study_yaml_text : written to the study's folder
    extra_args : added to the command
    argv : the command, where it is not `run_command`'s

    Raises
    ------
    RunError
        If the study's run is under way, or its process cannot be started.
    """
    command = [*(argv or run_command(store, signature)), *extra_args]
    environment = {**os.environ, "OMP_WAIT_POLICY": "passive", "PYTHONUNBUFFERED": "1"}
    with _locked(store, signature, "start.lock", _START_TIMEOUT_S):
        if under_way := _run_under_way(store, signature):
            raise _already(signature, under_way)
        store.write_text(signature, "study.yaml", study_yaml_text)
        store.append_event(signature, {"kind": "started"})  # before the child's own events
        try:
            with open(store.path(signature, "log.txt"), "ab") as log:
                child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log,
                                         stderr=log, env=environment, start_new_session=True)
        except OSError as error:
            message = (f"{signature}: {command[0]} cannot be started ({error.strerror}). Run it "
                       f"in a terminal to see more.")
            store.append_event(signature, {"kind": "failed", "message": message})
            raise RunError(message) from None
        try:
            run = _record(store, signature, child.pid, tuple(command))
        except BaseException:
            child.kill()  # a run nobody can see or stop must not live
            child.wait()
            raise
        _children[child.pid] = (child, store, signature)
    with suppress(psutil.Error):
        process = psutil.Process(child.pid)
        process.nice(min(19, process.nice() + _NICENESS))
    return run


def run_state(store: Store, signature: str) -> RunState:
    """How far the study is, from its process, its events and its result."""
    run = load_run(store, signature)
    under_way = _run_under_way(store, signature)
    state = state_from_events(store.events(signature), alive=under_way is not None,
                              recorded=run is not None, finished=store.exists(signature, RESULT))
    run = under_way or run
    return replace(state, started=run.started, pid=run.pid) if run else state


def cancel_run(store: Store, signature: str, grace_s: float = 10.0) -> RunState:
    """End a study's run: ask, wait `grace_s` seconds, then kill; partial work is kept.

    Returns
    -------
    RunState
        Afterwards; a run that does not live is left as it is.

    Raises
    ------
    RunError
        If the process is another user's, or does not even end when killed.
    """
    run = _run_under_way(store, signature)
    leader = living_process(run.pid, run.create_time) if run else None
    if run is None or leader is None:
        return run_state(store, signature)
    store.append_event(signature, {"kind": "cancelled", "message": "stopping on request"})
    try:
        if not end_family(leader, grace_s):
            raise RunError(f"{signature}: process {run.pid} does not end. Look at it with "
                           f"`ps {run.pid}`; a disk that hangs may hold it.")
    except (PermissionError, psutil.AccessDenied):
        raise RunError(f"{signature}: process {run.pid} belongs to another user. Ask them to "
                       f"end it.") from None
    return run_state(store, signature)


def log_tail(store: Store, signature: str, lines: int = 20) -> str:
    """The last lines that the study's runs printed; empty where there is no log."""
    try:
        with open(store.path(signature, "log.txt"), "rb") as log:
            log.seek(max(0, os.fstat(log.fileno()).st_size - _TAIL_BYTES))
            text = log.read().decode(errors="replace")
    except FileNotFoundError:
        return ""
    printed = text.splitlines()
    return "\n".join(printed[max(0, len(printed) - lines):])


@contextmanager
def _locked(store: Store, signature: str, name: str, timeout_s: float) -> Iterator[None]:
    lock = FileLock(store.folder(signature) / name)
    try:
        lock.acquire(timeout=timeout_s)
    except Timeout:
        raise _already(signature, _run_under_way(store, signature)) from None
    except OSError as error:
        raise RunError(f"{lock.lock_file}: cannot be locked ({error.strerror}). Make the cache "
                       f"folder writable, or choose another.") from None
    try:
        yield
    finally:
        lock.release()


def _record(store: Store, signature: str, pid: int, argv: tuple[str, ...]) -> Run:
    last = load_run(store, signature)
    started = datetime.now(UTC).isoformat(timespec="seconds")
    run = Run(signature, pid, psutil.Process(pid).create_time(), started,
              last.attempt + 1 if last else 1, argv)
    store.write_json(signature, "run.json", asdict(run))
    return run


def _run_under_way(store: Store, signature: str) -> Run | None:
    """The recorded run, if its process lives and has not said that it is done or has failed."""
    _reap_children()
    run = load_run(store, signature)
    if run is None or living_process(run.pid, run.create_time) is None:
        return None
    kinds = {str(event.get("kind")) for event in latest_attempt(store.events(signature))}
    return None if kinds & {"done", "failed"} else run


def _reap_children() -> None:
    """Collect ended children, and note why one failed that could not say so itself."""
    for pid, (child, store, signature) in list(_children.items()):
        code = child.poll()
        if code is None or _children.pop(pid, None) is None:
            continue
        kinds = {str(event.get("kind")) for event in latest_attempt(store.events(signature))}
        if code > 0 and not kinds & {"done", "failed", "cancelled"}:
            last = log_tail(store, signature, lines=1) or "it printed nothing"
            store.append_event(signature, {"kind": "failed",
                                           "message": f"exit code {code}: {last[-300:]}"})


def _already(signature: str, run: Run | None) -> RunError:
    who = f"pid {run.pid} since {run.started}" if run else "another process"
    return RunError(f"{signature}: already under way ({who}). Wait for it, or cancel it.")
