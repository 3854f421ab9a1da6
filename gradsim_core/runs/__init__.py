"""Runs: what computes, or has computed, seen and steered from outside.

`steering` is the way in. Under it lie the `table` of runs with its `database`, the `supervisor`
that starts each run in a process of its own, and `attending`, by which that process keeps its row
true; `processes` tells who lives.
"""

from gradsim_core.runs.attending import attend_run
from gradsim_core.runs.steering import (
    STUDY,
    StudyState,
    cancel_run,
    ensure_supervisor,
    find_run,
    known_runs,
    list_runs,
    resume_run,
    run_log,
    study_run,
    study_state,
    submit_run,
    submit_study,
)
from gradsim_core.runs.table import Run

__all__ = ["STUDY", "Run", "StudyState", "attend_run", "cancel_run", "ensure_supervisor",
           "find_run", "known_runs", "list_runs", "resume_run", "run_log", "study_run",
           "study_state", "submit_run", "submit_study"]
