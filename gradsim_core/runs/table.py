"""The run table: one row a run, read and written by many processes at once.

Conventions
-----------
The table is ``<root>/runs.sqlite``. A row is changed only if it still is as expected, in one
statement, so that of two who want the same only one has it; a unique index sees to it that a key
has one live (queued or running) run at most. Times are ISO, UTC. No result is in the table:
without it, only the history of runs is lost.
"""

from __future__ import annotations

import json
import secrets
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, get_args

from gradsim_core.runs.database import connection, damaged, make_database, make_folder

State = Literal["queued", "running", "done", "failed", "cancelled", "interrupted"]
LIVE: tuple[State, ...] = ("queued", "running")


@dataclass(frozen=True)
class Run:
    """One run, as its row says.

    Attributes
    ----------
    id : ten random hexadecimal digits
    signature, kind, key, title : of which study; "study", "train" …; what is computed at most
        once at a time; for people
    argv, folder : the command, and the folder that it is started in
    supervised : whether the supervisor starts it, and starts it again after a kill
    log : path of what it prints; empty for a run in somebody's terminal
    state : as last written; `runs.seen` tells whether it still is so
    progress, message, eta_s : 0 to 1; what it does now; seconds left, where known
    error : why it failed, in plain words; otherwise empty
    pid, create_time, heartbeat : its process (born in seconds since 1970), and its last beat
    cancelling : whether it has been asked to end
    attempt : how often it was started
    furthest, passed, fruitless : the most progress of any attempt; the same when an attempt last
        got further than all before; the attempts since, in a row, that did not
    created, started, ended : of the row; of the latest attempt; of the run
    """

    id: str
    signature: str
    kind: str
    key: str
    title: str
    argv: tuple[str, ...]
    folder: str
    supervised: bool
    log: str = ""
    state: State = "queued"
    progress: float = 0.0
    message: str = ""
    eta_s: float | None = None
    error: str = ""
    pid: int | None = None
    create_time: float | None = None
    heartbeat: str | None = None
    cancelling: bool = False
    attempt: int = 0
    furthest: float = 0.0
    passed: float = 0.0
    fruitless: int = 0
    created: str = ""
    started: str | None = None
    ended: str | None = None

    @property
    def live(self) -> bool:
        """Whether it waits for its turn or runs."""
        return self.state in LIVE

    @property
    def coming(self) -> bool:
        """Whether it is live, or was killed just now and will be queued again by itself."""
        killed = self.state == "interrupted" and self.supervised and self.ended is None
        return self.live or killed


_COLUMNS = tuple(field.name for field in fields(Run))
_FLAGS = ("supervised", "cancelling")


class KeyTaken(Exception):
    """Another live run has the key."""


class RunTable:
    """The runs of a cache folder.

    Parameters
    ----------
    root : the cache folder; the table is made at the first write
    """

    def __init__(self, root: Path) -> None:
        self.path = root / "runs.sqlite"

    @property
    def folder(self) -> Path:
        """Where the logs and locks of runs are; made where it is not there."""
        return make_folder(self.path.parent / ".runs")

    def insert(self, run: Run) -> Run:
        """Add a run; the same with its new id, time and log.

        Raises
        ------
        KeyTaken
            If a live run has its key.
        RunError
            If the table cannot be written.
        """
        make_database(self.path)
        run = replace(run, id=secrets.token_hex(5), created=now())
        if run.supervised:
            run = replace(run, log=str(self.folder / f"{run.id}.log"))
        names, places = ", ".join(_COLUMNS), ", ".join("?" * len(_COLUMNS))
        try:
            with connection(self.path) as table:
                table.execute(f"INSERT INTO runs ({names}) VALUES ({places})",
                              [_stored(getattr(run, name)) for name in _COLUMNS])
        except sqlite3.IntegrityError as error:
            raise KeyTaken from error
        return run

    def change(self, run_id: str, where: Mapping[str, Any], **values: Any) -> bool:
        """Change a run's row, if its columns still are as `where` says.

        Parameters
        ----------
        where : column -> its value, or a tuple of several that will do

        Returns
        -------
        bool
            Whether it was so, and has been changed.

        Raises
        ------
        KeyTaken
            If it would be live, and another live run has its key.
        """
        wanted, given = _condition({"id": run_id, **where})
        changes = ", ".join(f"{name} = ?" for name in values)
        try:
            with connection(self.path) as table:
                done = table.execute(f"UPDATE runs SET {changes} WHERE {wanted}",
                                     [*map(_stored, values.values()), *given])
                return done.rowcount > 0
        except sqlite3.IntegrityError as error:
            raise KeyTaken from error

    def rows(self, id_prefix: str = "", **where: Any) -> list[Run]:
        """The runs whose columns are as given, newest first; none where there is no table."""
        if not self.path.exists():
            return []
        wanted, given = _condition(where)
        with connection(self.path) as table:
            found = table.execute(
                f"SELECT {', '.join(_COLUMNS)} FROM runs WHERE {wanted} AND substr(id, 1, ?) = ? "
                "ORDER BY number DESC", [*given, len(id_prefix), _stored(id_prefix)]).fetchall()
        try:
            return [_run(row) for row in found]
        except (ValueError, TypeError):
            raise damaged(self.path, "a row cannot be read") from None

    def row(self, run_id: str) -> Run | None:
        """One run by its whole id."""
        return next(iter(self.rows(id=run_id)), None)


def now() -> str:
    """The time as ISO, UTC."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def _condition(where: Mapping[str, Any]) -> tuple[str, list[Any]]:
    parts: list[str] = ["1"]
    given: list[Any] = []
    for name, value in where.items():
        if isinstance(value, tuple):
            parts.append(f"{name} IN ({', '.join('?' * len(value))})")
            given += value
        else:
            parts.append(f"{name} IS ?")  # equal, also where it is NULL
            given.append(value)
    return " AND ".join(parts), [_stored(value) for value in given]


def _stored(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode(errors="replace").decode()  # half a pair is no UTF-8
    return json.dumps(value) if isinstance(value, tuple) else value


def _run(row: Sequence[Any]) -> Run:
    values: dict[str, Any] = dict(zip(_COLUMNS, row, strict=True))
    values["argv"] = tuple(map(str, json.loads(values["argv"])))
    if values["state"] not in get_args(State) or not 0.0 <= values["progress"] <= 1.0:
        raise ValueError("no such state or progress")
    return Run(**{**values, **{name: bool(values[name]) for name in _FLAGS}})
