"""What worker processes are asked to do in the tests of execution; and a process that asks them.

``python execution_cases.py FOLDER`` maps one long task over two workers, so that one is busy and
one is idle.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path

from gradsim_core.errors import StudyError
from gradsim_core.execution import local


def double(number: int) -> int:
    """A task that just answers."""
    return 2 * number


def refuse(number: int, folder: str) -> int:
    """The third task is refused; the others take longer than it."""
    (Path(folder) / str(os.getpid())).touch()
    if number == 2:
        raise StudyError("Number 2 is too much. Take 1.")
    time.sleep(0.5 if number < 2 else 60)
    return number


def die_at(number: int, culprit: int) -> int:
    """One task takes its process with it."""
    if number == culprit:
        os._exit(1)
    return number


def sleep_long(folder: str) -> None:
    """A task that outlasts any test."""
    (Path(folder) / "busy").touch()
    time.sleep(300)


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.default_int_handler)  # what began us may ignore it
    import execution_cases  # the functions under a name that workers can import

    list(local(execution_cases.sleep_long, [(sys.argv[1],)], 2, 1))
