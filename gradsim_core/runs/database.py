"""The database under the run table: made whole, opened for one statement, its refusals worded.

Conventions
-----------
The file is in WAL mode, which needs a local disk. It is made beside and then takes its name, so
that nobody sees half a table. A connection is opened for each statement: nothing is shared
between threads or forked processes.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock

from gradsim_core.errors import RunError, StoreError

VERSION = 1
"""Raised whenever older versions of GradSim could no longer read the table."""

BUSY_TIMEOUT_S = 30.0
_DISK = ("locked", "full", "readonly", "I/O", "unable to open")
"""What SQLite says when the disk or another process is the cause, not the file's content."""

SCHEMA = ("""
CREATE TABLE runs (
    number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE,
    signature TEXT NOT NULL, kind TEXT NOT NULL, key TEXT NOT NULL, title TEXT NOT NULL,
    argv TEXT NOT NULL, folder TEXT NOT NULL, supervised INTEGER NOT NULL, log TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN
        ('queued', 'running', 'done', 'failed', 'cancelled', 'interrupted')),
    progress REAL NOT NULL, message TEXT NOT NULL, eta_s REAL, error TEXT NOT NULL,
    pid INTEGER, create_time REAL, heartbeat TEXT, cancelling INTEGER NOT NULL,
    attempt INTEGER NOT NULL, furthest REAL NOT NULL, passed REAL NOT NULL,
    fruitless INTEGER NOT NULL, created TEXT NOT NULL, started TEXT, ended TEXT)
""", """
CREATE UNIQUE INDEX one_live_run_a_key ON runs (key) WHERE state IN ('queued', 'running')
""")


@contextmanager
def connection(path: Path) -> Iterator[sqlite3.Connection]:
    """Open the database, made already, until the block ends.

    Raises
    ------
    StoreError
        If it cannot be made.
    RunError
        If it is damaged or of a newer version, or the disk refuses; `sqlite3.IntegrityError`
        alone is left to the caller.
    """
    table = None
    try:
        table = _opened(path)
        yield table
    except sqlite3.IntegrityError:
        raise
    except sqlite3.OperationalError as error:
        if not any(word in str(error) for word in _DISK):
            raise damaged(path, str(error)) from None
        step = ("Another process holds it; try again. It must lie on a local disk."
                if "locked" in str(error) else
                "Results stored before are intact. Free space, make the folder writable, or "
                "choose another cache.")
        raise RunError(f"{_short(path)}: the table of runs cannot be used ({error}). "
                       f"{step}") from None
    except (sqlite3.Error, UnicodeDecodeError) as error:
        raise damaged(path, str(error)) from None
    finally:
        if table is not None:
            with suppress(sqlite3.Error):
                table.close()


def make_database(path: Path) -> None:
    """Make an empty database where there is none; where a link leads, if there is one."""
    if path.exists():
        return
    folder, place = make_folder(path.parent / ".runs"), Path(os.path.realpath(path))
    fresh = place.with_name(f"{place.name}.new")
    try:
        with FileLock(folder / "table.lock"):
            if path.exists():
                return
            fresh.unlink(missing_ok=True)
            table = sqlite3.connect(fresh, isolation_level=None)
            try:
                for statement in ("PRAGMA journal_mode = WAL", *SCHEMA,
                                  f"PRAGMA user_version = {VERSION}"):
                    table.execute(statement)
            finally:
                table.close()  # the last to close leaves no WAL beside
            fresh.replace(place)
    except (OSError, sqlite3.OperationalError) as error:
        raise StoreError(f"{_short(path)}: cannot be made ({error}). Free space, make the folder "
                       "writable, or choose another cache.") from None


def make_folder(folder: Path) -> Path:
    """Make sure that the folder of the runs' logs and locks is there."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(f"{_short(folder)}: cannot be made ({error.strerror}). Make the cache "
                       "folder writable, or choose another.") from None
    return folder


def damaged(path: Path, why: str) -> RunError:
    """What is wrong with the file, and what to do."""
    return RunError(f"{_short(path)}: the table of runs is damaged ({why[:80]}). Move it away, "
                    f"with {path.name}-wal and -shm if they are there: only the history of runs "
                    "is in it, the results stay.")


def _opened(path: Path) -> sqlite3.Connection:
    try:
        return _checked(path, sqlite3.connect(f"{path.as_uri()}?mode=rw", uri=True,
                                              timeout=BUSY_TIMEOUT_S, isolation_level=None))
    except sqlite3.OperationalError as error:
        if "locked" in str(error):
            raise
        # In a folder that nobody may write to, a WAL database is read in this way alone.
        return _checked(path, sqlite3.connect(f"{path.as_uri()}?mode=ro&immutable=1", uri=True,
                                              isolation_level=None))


def _checked(path: Path, table: sqlite3.Connection) -> sqlite3.Connection:
    try:
        (version,) = table.execute("PRAGMA user_version").fetchone()
        if version > VERSION:
            raise RunError(f"{_short(path)}: written by a newer GradSim (table of runs {version}; "
                           f"this one reads {VERSION}). Update GradSim, or choose another cache.")
        if version < VERSION:
            raise damaged(path, "it holds no such table")
    except BaseException:
        table.close()
        raise
    return table


def _short(path: Path) -> str:
    return str(path)[-150:]
