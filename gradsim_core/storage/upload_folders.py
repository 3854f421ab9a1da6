"""The folders of uploads as they stand on the disk, and how one goes.

Conventions
-----------
``<root>/.uploads/<digest>/`` holds what came together (see `Store.write_upload`). One that goes is
first renamed to ``.<digest>.gone``, so that nobody reads half of it; until it is cleared it can be
put back, also after a kill.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from gradsim_core.errors import StoreError

_UPLOADS = ".uploads"
_DIGEST = re.compile(r"[0-9a-f]{32}")
_GONE = re.compile(r"\.([0-9a-f]{32})\.gone")


@dataclass(frozen=True)
class UploadFolder:
    """What one upload takes on the disk.

    Attributes
    ----------
    digest : name of its folder
    files : names below it, in order
    size_bytes : of all its files
    changed : when it was uploaded last, in seconds since 1970
    """

    digest: str
    files: tuple[str, ...]
    size_bytes: int
    changed: float


def upload_folders(root: Path) -> list[UploadFolder]:
    """The uploads of a cache folder, the oldest first; those set aside are none."""
    return _oldest_first(_measured(path) for path, _ in _folders(root, _DIGEST))


def set_aside_uploads(root: Path) -> list[UploadFolder]:
    """Those that were set aside and neither cleared nor put back, under their digests."""
    return _oldest_first(_measured(path, digest) for path, digest in _folders(root, _GONE))


def touch_upload(root: Path, digest: str) -> None:
    """Note that an upload has come again, though nothing of it had to be written."""
    with suppress(OSError):  # one that is not there yet, or another user's
        os.utime(root / _UPLOADS / digest)


def set_upload_aside(root: Path, digest: str) -> None:
    """Take an upload out of sight; one that is gone already is no error.

    Raises
    ------
    StoreError
        If the disk does not let it go.
    """
    _move(root / _UPLOADS / digest, _aside(root, digest))


def put_upload_back(root: Path, digest: str) -> None:
    """Put an upload that was set aside back where it was, unless it has come again meanwhile."""
    if (root / _UPLOADS / digest).exists():
        clear_upload(root, digest)
    else:
        _move(_aside(root, digest), root / _UPLOADS / digest)


def clear_upload(root: Path, digest: str) -> None:
    """Remove an upload that was set aside.

    Raises
    ------
    StoreError
        If the disk does not let all of it go; what is left is removed the next time.
    """
    try:
        shutil.rmtree(_aside(root, digest))
    except FileNotFoundError:
        return
    except OSError as error:
        raise _stuck(_aside(root, digest), error) from None


def _oldest_first(folders: Iterable[UploadFolder]) -> list[UploadFolder]:
    return sorted(folders, key=lambda one: (one.changed, one.digest))


def _folders(root: Path, pattern: re.Pattern[str]) -> Iterator[tuple[Path, str]]:
    """Folders of uploads whose name is as the pattern says, and the digest in it."""
    with suppress(FileNotFoundError), os.scandir(root / _UPLOADS) as items:
        for item in items:
            found = pattern.fullmatch(item.name)
            if found and item.is_dir(follow_symlinks=False):
                yield Path(item.path), found[found.lastindex or 0]


def _measured(folder: Path, digest: str = "") -> UploadFolder:
    files = sorted(Path(place, name) for place, _, names in os.walk(folder) for name in names)
    total, changed = 0, 0.0
    for path in (folder, *files):
        with suppress(FileNotFoundError):
            seen = path.stat()
            changed = max(changed, seen.st_mtime)
            total += seen.st_size if path != folder else 0
    return UploadFolder(digest or folder.name, tuple(
        file.relative_to(folder).as_posix() for file in files), total, changed)


def _aside(root: Path, digest: str) -> Path:
    return root / _UPLOADS / f".{digest}.gone"


def _move(source: Path, target: Path) -> None:
    try:
        os.replace(source, target)
    except FileNotFoundError:
        return
    except OSError as error:
        raise _stuck(source, error) from None


def _stuck(path: Path, error: OSError) -> StoreError:
    return StoreError(f"{str(path)[-200:]}: could not be removed ({error.strerror}). Make its "
                      "folder writable, and ask again; everything else stands.")
