"""The memory of this process: how much it ever had, and giving back what it does not use.

Every micro-batch has tensors of other sizes, and what they leave is cut into pieces that the C
library keeps but often cannot use again. So a plain training loop grows, too, step after step,
by far more than it needs at any time.
"""

from __future__ import annotations

import ctypes
import resource
import sys
from collections.abc import Callable
from pathlib import Path

STEPS_BETWEEN = 8
"""Optimizer steps after which free memory is given back: its pages cost a little to have again."""


def peak_memory_bytes() -> int:
    """Largest resident size of this process so far.

    Notes
    -----
    Linux counts what a process was forked from into ``ru_maxrss``, so its status is read first.
    """
    try:
        status = Path("/proc/self/status").read_text()
        return int(status.partition("VmHWM:")[2].split()[0]) * 1024
    except (OSError, IndexError, ValueError):  # no Linux
        unit = 1 if sys.platform == "darwin" else 1024
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def give_back_memory(step: int) -> None:
    """Give free memory back to the system, every few steps; where there is no glibc, nothing.

    Parameters
    ----------
    step : optimizer steps done
    """
    if step % STEPS_BETWEEN == 0 and _TRIM is not None:
        _TRIM(0)


def _glibc_trim() -> Callable[[int], int] | None:
    try:
        trim: Callable[[int], int] = ctypes.CDLL(None).malloc_trim
    except (AttributeError, OSError, TypeError):  # other C libraries, other systems
        return None
    return trim


_TRIM = _glibc_trim()
