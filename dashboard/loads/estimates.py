"""Estimates of described studies, under way and made; one a signature, whoever asks for it.

Conventions
-----------
Kept by the signature of the study, so that a change that changes nothing measures nothing. The
keep is capped; what falls out of it is ended.
"""

from __future__ import annotations

import shutil
import threading
from collections import OrderedDict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import psutil

from dashboard.words.summaries import size
from gradsim_core import StudyEstimate

COMING = ("waiting", "measuring")
MOST_KEPT = 32

_kept: OrderedDict[str, StudyEstimate] = OrderedDict()
_lock = threading.Lock()


def estimate_of(signature: str, study_yaml: str) -> StudyEstimate:
    """The study's estimate, begun if there is none, or if it was ended before it was made."""
    with _lock:
        found = _kept.get(signature)
        if found is None or found.state == "ended":
            found = _kept[signature] = StudyEstimate(study_yaml)
        _kept.move_to_end(signature)
        while len(_kept) > MOST_KEPT:
            _kept.popitem(last=False)[1].end()
        return found


def shortage(found: Mapping[str, Any], root: Path, memory_bytes: int | None = None,
             disk_bytes: int | None = None) -> str:
    """What this machine has too little of for a study, and what to do; "" if there is enough.

    Parameters
    ----------
    found : an estimate
    root : the cache folder
    memory_bytes, disk_bytes : free now; None to look
    """
    if memory_bytes is None:
        memory_bytes = psutil.virtual_memory().available
    if disk_bytes is None:
        place = next(folder for folder in (root, *root.parents) if folder.is_dir())
        disk_bytes = shutil.disk_usage(place).free
    needed = found["disk_bytes"] + found["checkpoint_bytes"]
    parts = []
    if found["peak_memory_bytes"] > memory_bytes:
        parts.append(f"It needs about {size(found['peak_memory_bytes'])} of memory, and "
                     f"{size(memory_bytes)} are free: choose a smaller model, fewer languages or "
                     "sketched gradients, or wait for other work to end.")
    if needed > disk_bytes:
        parts.append(f"It needs about {size(needed)} of disk, and {size(disk_bytes)} are free "
                     f"where the cache folder stands: free some, or choose another folder.")
    return " ".join(parts)


def end_estimate(signature: str) -> None:
    """End an estimate that is under way, or forget one that failed; a made one stays."""
    with _lock:
        found = _kept.get(signature)
        if found is not None and found.state != "done":
            found.end()
            del _kept[signature]
