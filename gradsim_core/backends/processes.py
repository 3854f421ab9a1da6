"""Tasks mapped over processes of this machine.

A worker ends when the process that began it is gone, however that ended.
"""

from __future__ import annotations

import os
import sys
import threading
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from typing import Any

Backend = Callable[[Callable[..., Any], Sequence[tuple], int, int], Iterator[tuple[int, Any]]]
"""(function, tasks, workers, threads of each) -> (number of the task, result), as they end."""

_LOOK_S = 0.5
_QUIET = "ignore:resource_tracker"
"""As of python -W. What a killed run shared in memory is removed by loky's resource tracker, which
would say so in the run's log."""


class WorkerDied(Exception):
    """A worker process of a backend ended without a result."""


def local(function: Callable[..., Any], tasks: Sequence[tuple], workers: int,
          threads: int) -> Iterator[tuple[int, Any]]:
    """Map over processes of this machine (joblib's loky)."""
    from joblib import Parallel, delayed, parallel_config
    from joblib.externals.loky.process_executor import BrokenProcessPool

    def numbered(number: int, task: tuple) -> tuple[int, Any]:
        return number, function(*task)

    if _QUIET not in sys.warnoptions:  # which the tracker is started with
        sys.warnoptions.append(_QUIET)
    # a worker that has grown is replaced between two tasks: nothing that a user need know
    warnings.filterwarnings("ignore", "A worker stopped while some jobs", UserWarning)
    with parallel_config("loky", inner_max_num_threads=threads, initializer=end_with_parent,
                         initargs=(os.getpid(),)):
        pool = Parallel(n_jobs=workers, return_as="generator_unordered", batch_size=1,
                        pre_dispatch=2 * workers, max_nbytes=None)
        try:
            yield from pool(delayed(numbered)(number, task) for number, task in enumerate(tasks))
        except BrokenProcessPool:  # joblib's TerminatedWorkerError is one
            raise WorkerDied from None


def end_with_parent(parent: int) -> None:
    """End this process soon after the one that began it, whose process id is given."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(_LOOK_S)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
