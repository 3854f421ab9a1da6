"""What a cluster of this machine alone leaves when the process that began it is killed, ended.

Ray's processes see that their driver is gone, and end; but the agents of its raylet go on for
ever. So a small process of its own watches. It is told which processes were started, through a
pipe that the driver alone holds; when the pipe ends, and so the driver has, however that was, those
that are still there are ended.

Conventions
-----------
The watcher reads a line ``pid birth`` for each process (see `runs.processes`). What was running
before, or was started by others, is never touched.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress

import psutil

from gradsim_core.runs.processes import birth, kill_processes, living_process

_OWN_END_S = 3.0
"""Seconds in which Ray's processes may end by themselves."""

_LOOK_S = 0.1
_WATCHER = f"import sys; from {__name__} import watch; watch(sys.stdin)"


@contextmanager
def watched(begin: Callable[[], None]) -> Iterator[None]:
    """Begin something that starts processes, and have these watched inside this block.

    At the end of the block they are left to whoever began them; if this process is killed in it,
    they are ended.

    Parameters
    ----------
    begin : returns once the processes are there
    """
    watcher = subprocess.Popen([sys.executable, "-c", _WATCHER], stdin=subprocess.PIPE,
                               start_new_session=True)
    try:
        before = _descendants()
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


def watch(lines: Iterable[str]) -> None:
    """End the processes that lines name, once there are no more lines."""
    told = [line.split() for line in lines]
    deadline = time.monotonic() + _OWN_END_S
    while left := [one for pid, born in told if (one := living_process(int(pid), float(born)))]:
        if time.monotonic() > deadline:
            kill_processes(left)
            return
        time.sleep(_LOOK_S)


def _descendants() -> set[int]:
    return {process.pid for process in psutil.Process().children(recursive=True)}
