"""Estimates of described studies, under way and made; one a signature, whoever asks for it.

Conventions
-----------
Kept by the signature of the study, so that a change that changes nothing measures nothing. The
keep is capped; what falls out of it is ended.
"""

from __future__ import annotations

import threading
from collections import OrderedDict

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


def end_estimate(signature: str) -> None:
    """End an estimate that is under way, or forget one that failed; a made one stays."""
    with _lock:
        found = _kept.get(signature)
        if found is not None and found.state != "done":
            found.end()
            del _kept[signature]
