"""Atomic files: a reader sees the old file or the new one, whole, whatever happens meanwhile.

Conventions
-----------
A file is first written as ``.<name>.<host>.<pid>.<random>.tmp`` in its own folder, flushed to
the disk, and then takes its name in one rename, which is flushed too: that outlives a kill and
a power cut. A kill in between leaves only the temporary file, whose name says who wrote it.
"""

from __future__ import annotations

import errno
import os
import re
import secrets
import socket
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

import psutil

_HOST = re.sub(r"[^A-Za-z0-9-]", "-", socket.gethostname())[:40] or "host"
_TEMPORARY = re.compile(r"\..+\.(?P<host>[A-Za-z0-9-]+)\.(?P<pid>\d+)\.[0-9a-f]{8}\.tmp")
_STRAY_AFTER_S = 24 * 3600.0


def publish(path: Path, chunks: Sequence[memoryview]) -> None:
    """Write a file, or replace the one there is, making its folder where needed.

    Parameters
    ----------
    chunks : the file's bytes, in order

    Raises
    ------
    OSError
        If the disk does not take it; the old file then stands and no temporary one is left.
    """
    temporary = path.with_name(
        f".{path.name}.{_HOST}.{os.getpid()}.{secrets.token_hex(4)}.tmp")
    try:
        make_folder(path.parent)
        with open(temporary, "xb") as file:
            for chunk in chunks:
                file.write(chunk)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
        sync_folder(path.parent)
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


def make_folder(folder: Path) -> None:
    """Make a folder and those above it, each flushed to the disk."""
    if not folder.is_dir():
        make_folder(folder.parent)
        folder.mkdir(exist_ok=True)
        sync_folder(folder.parent)


def sync_folder(folder: Path) -> None:
    """Flush a folder's list of files to the disk."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):  # some network disks have no such
            raise
    finally:
        os.close(handle)


def files_under(folder: Path) -> Iterator[Path]:
    """Every file below a folder; none where it does not exist."""
    for place, _, names in os.walk(folder):
        yield from (Path(place, name) for name in names)


def remove_strays(folder: Path) -> list[Path]:
    """Remove temporary files below a folder whose writer is gone.

    Returns
    -------
    list of Path
        The files removed: those of a dead process of this host, or older than a day.
    """
    removed = []
    for file in files_under(folder):
        found = _TEMPORARY.fullmatch(file.name)
        with suppress(OSError):
            if found and _is_stray(file, found["host"], int(found["pid"])):
                file.unlink()
                removed.append(file)
    return removed


def _is_stray(file: Path, host: str, pid: int) -> bool:
    if time.time() - file.stat().st_mtime > _STRAY_AFTER_S:
        return True
    return host == _HOST and not psutil.pid_exists(pid)
