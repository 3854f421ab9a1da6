"""Processes: told by id and birth, and ended with all they started.

Conventions
-----------
A process id is given again once its process is gone, so a process is known by its id AND the
time it was created (seconds since 1970). A zombie, which has ended but was not collected by
its parent, counts as dead. A *family* is a process, its leader, followed by its descendants. A
*mark* is an environment variable given to a process, and so to its descendants: it tells them
also when the leader is gone.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Sequence
from contextlib import suppress

import psutil

_SAME_BIRTH_S = 2.0  # psutil adds the boot time, which moves when the clock is set
_GRACE_S = 1.0
_KILL_TIMEOUT_S = 5.0
_POLL_S = 0.02


def living_process(pid: int, create_time: float) -> psutil.Process | None:
    """The process while it lives; never another that got its id."""
    try:
        process = psutil.Process(pid)
        same = abs(process.create_time() - create_time) < _SAME_BIRTH_S
        return process if same and _lives(process) else None
    except psutil.Error:
        return None


def birth(pid: int) -> float | None:
    """When a process was created, in seconds since 1970; None if it is gone."""
    try:
        return psutil.Process(pid).create_time()
    except psutil.Error:
        return None


def bears_mark(process: psutil.Process, name: str, value: str) -> bool:
    """Whether a process lives, is this user's, and was started with the mark."""
    try:
        return process.environ().get(name) == value and _lives(process)
    except (psutil.Error, OSError):
        return False


def marked_processes(name: str, value: str) -> list[psutil.Process]:
    """The living processes of this user that were started with the mark, oldest first."""
    found = [one for one in psutil.process_iter() if bears_mark(one, name, value)]
    return sorted(found, key=lambda process: (process.create_time(), process.pid))


def kill_processes(processes: Sequence[psutil.Process]) -> None:
    """End what a dead process has left; those that are gone, or were another's, are passed over.

    They are asked first (SIGTERM), with a short grace: the one among them that removes what the
    workers shared in memory heeds no such word, but ends by itself when the last of them is gone.
    """
    for number, within_s in ((signal.SIGTERM, _GRACE_S), (signal.SIGKILL, _KILL_TIMEOUT_S)):
        for process in processes:
            with suppress(psutil.Error):
                process.send_signal(number)
        if _ended(processes, within_s):
            return


def end_family(leader: psutil.Process, grace_s: float) -> bool:
    """Ask a process and its descendants to end (SIGTERM), and kill those left after the grace.

    Returns
    -------
    bool
        Whether all have ended.

    Raises
    ------
    PermissionError, psutil.AccessDenied
        If one belongs to another user.
    """
    try:
        family = [leader, *leader.children(recursive=True)]
    except psutil.NoSuchProcess:
        return True
    _send(family, signal.SIGTERM)
    if _ended(family, grace_s):
        return True
    _send(family, signal.SIGKILL)
    return _ended(family, _KILL_TIMEOUT_S)


def _send(family: Sequence[psutil.Process], number: signal.Signals) -> None:
    """Signal the group that the leader leads, if any, and once each those outside of it."""
    leader, group = family[0], None
    with suppress(ProcessLookupError):
        if leader.is_running() and os.getsid(leader.pid) == leader.pid:
            group = leader.pid
            os.killpg(group, number)
    for process in family:
        with suppress(ProcessLookupError, psutil.NoSuchProcess):
            if os.getpgid(process.pid) != group:
                process.send_signal(number)


def _ended(family: Sequence[psutil.Process], within_s: float) -> bool:
    deadline = time.monotonic() + within_s
    while any(_lives(process) for process in family):
        if time.monotonic() >= deadline:
            return False
        time.sleep(_POLL_S)
    return True


def _lives(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
