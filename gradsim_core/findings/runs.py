"""Findings as runs: how one is queued, and what keeps it from being computed twice at a time."""

from __future__ import annotations

import sys

from gradsim_core.findings.record import FindingPlan, save_plan
from gradsim_core.runs import Run, submit_run
from gradsim_core.storage.store import Store

TITLES = {"measures": "Measures against transfer", "topic-or-language": "Topic or language?",
          "lower-or-higher": "Lower or higher layers?", "readings": "Which reading is best?"}
"""Kind -> what a list of runs calls it."""


def submit_finding(store: Store, signature: str, kind: str, plan: FindingPlan,
                   workers: int | None = None, threads: int | None = None) -> Run:
    """Queue a finding on a finished study; its plan is kept beside the study.

    Raises
    ------
    RunError
        If the same finding is queued or under way.
    """
    save_plan(store, signature, plan)
    argv = [sys.executable, "-m", "gradsim_core", "experiment", kind, signature,
            "--plan", plan.id, "--cache", str(store.root)]
    for option, count in (("--workers", workers), ("--threads", threads)):
        if count:
            argv += [option, str(count)]
    return submit_run(store, signature, kind, argv, key=finding_key(signature, kind, plan),
                      title=TITLES[kind])


def finding_key(signature: str, kind: str, plan: FindingPlan) -> str:
    """What runs once at a time: this question on this study."""
    return f"{signature}/{kind}/{plan.id}"
