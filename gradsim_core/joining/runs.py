"""Joining as a run: how one is queued, and what keeps it from being computed twice at a time."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

from gradsim_core.joining.record import joined_id
from gradsim_core.joining.rows import Newcomer
from gradsim_core.runs import Run, submit_run
from gradsim_core.storage.store import Store

JOIN = "join"
"""The kind of a run in which a language joins a study."""


def submit_join(store: Store, signature: str, newcomer: Newcomer, data: str | Path | None = None,
                columns: Mapping[str, str] | None = None) -> Run:
    """Queue the joining of a language.

    Parameters
    ----------
    newcomer : read from ``data`` with ``columns`` (see `rows.newcomer_rows`)

    Raises
    ------
    RunError
        If the same rows are queued or under way.
    """
    argv = [sys.executable, "-m", "gradsim_core", "join", signature,
            "--language", newcomer.language.code, "--cache", str(store.root)]
    if data is not None:
        argv += ["--data", str(Path(data).expanduser().absolute())]
    if columns:
        argv += ["--columns", ",".join(f"{role}={name}" for role, name in columns.items())]
    return submit_run(store, signature, JOIN, argv, key=join_key(signature, newcomer),
                      title=f"{newcomer.language.name} joins")


def join_key(signature: str, newcomer: Newcomer) -> str:
    """What runs once at a time: these rows in this study."""
    code = newcomer.language.code
    return f"{signature}/{JOIN}/{code}-{joined_id(signature, code, newcomer.fingerprint)}"
