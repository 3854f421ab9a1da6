"""What a cluster of this machine alone leaves when the process that began it is killed, ended.

Ray's processes see that their driver is gone, and end; but the agents of its raylet go on for
ever. So a small process of its own watches. It is told which processes were started, through a
pipe that the driver alone holds; when the pipe ends, and so the driver has, however that was, those
that are still there are ended. Until it is told, it knows them by a mark in their environment.

Conventions
-----------
The watcher reads a line ``pid birth`` for each process (see `runs.processes`). The mark is in the
driver's own environment only while the processes are begun. What was running before, or was started
by others, is never touched.
"""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress

import psutil

from gradsim_core.runs.processes import birth, kill_processes, living_process, marked_processes

MARK = "GRADSIM_WATCHED"
"""The environment variable that names the watcher of a process."""

_OWN_END_S = 3.0
"""Seconds in which Ray's processes may end by themselves."""

_LOOK_S = 0.1
_WATCHER = f"import sys; from {__name__} import watch; watch(sys.stdin, sys.argv[1])"


@contextmanager
def watched(begin: Callable[[], None]) -> Iterator[None]:
    """Begin something that starts processes, and have these watched inside this block.

    At the end of the block they are left to whoever began them; if this process is killed in it,
    or while it begins, they are ended.

    Parameters
    ----------
    begin : returns once the processes are there
    """
    name = secrets.token_hex(8)
    watcher = subprocess.Popen([sys.executable, "-c", _WATCHER, name], stdin=subprocess.PIPE,
                               start_new_session=True)
    try:
        before = _descendants()
        with _marked(name):
            begin()
        told = "".join(f"{pid} {birth(pid) or 0.0!r}\n" for pid in _descendants() - before)
        assert watcher.stdin is not None
        with suppress(BrokenPipeError):  # somebody has ended it
            watcher.stdin.write(told.encode())
            watcher.stdin.flush()
        yield
    finally:
        watcher.kill()
        watcher.communicate()


def watch(lines: Iterable[str], name: str) -> None:
    """End the processes that lines name, or that bear the mark, once there are no more lines.

    Some of Ray's write their title over their environment, and the one that started them ends with
    the driver at once. So until lines have come, it is looked up what marked ones have started.
    """
    told: list[psutil.Process | None] = []
    reader = threading.Thread(target=_read, args=(lines, told), daemon=True)
    reader.start()
    known = _marked_families(name)
    while reader.is_alive():
        reader.join(None if told else _LOOK_S)
        if not told:
            known |= _marked_families(name)
    known |= {one for one in told if one}
    deadline = time.monotonic() + _OWN_END_S
    while left := [one for one in known if living_process(one.pid, one.create_time())]:
        if time.monotonic() > deadline:
            kill_processes(left)
        time.sleep(_LOOK_S)


def _read(lines: Iterable[str], told: list[psutil.Process | None]) -> None:
    for line in lines:
        pid, born = line.split()
        told.append(living_process(int(pid), float(born)))


def _marked_families(name: str) -> set[psutil.Process]:
    return {one for marked in marked_processes(MARK, name) for one in _family(marked)}


def _family(one: psutil.Process) -> list[psutil.Process]:
    try:
        return [one, *one.children(recursive=True)]
    except psutil.Error:
        return [one]


@contextmanager
def _marked(name: str) -> Iterator[None]:
    """What is started inside this block bears the mark."""
    before = os.environ.get(MARK)
    os.environ[MARK] = name
    try:
        yield
    finally:
        if before is None:
            del os.environ[MARK]
        else:
            os.environ[MARK] = before


def _descendants() -> set[int]:
    return {process.pid for process in psutil.Process().children(recursive=True)}
