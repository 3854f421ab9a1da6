"""Uploads that nothing needs any more: which they are, and how they go.

Conventions
-----------
An upload is needed by whatever names its digest: a study as it was asked for or stored, what was
found with it, and any run of a study that stands, whatever its state (one that failed may be
resumed). A run whose study's folder is gone needs it only while it may still come to something:
it is live, or it makes its study anew when it is resumed.
It is left alone for a day, because a study that is being described names its data in an address
alone. What cannot be read could name any, so that then none is removed.
"""

from __future__ import annotations

import re
import struct
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from gradsim_core.errors import StoreError
from gradsim_core.runs.steering import STUDY, list_runs
from gradsim_core.runs.table import Run
from gradsim_core.storage.store import Store
from gradsim_core.storage.upload_folders import (
    UploadFolder,
    clear_upload,
    put_upload_back,
    set_aside_uploads,
    set_upload_aside,
    upload_folders,
)

KEPT_S = 24 * 3600.0
"""Seconds for which an upload that nothing names is kept."""

_DIGEST = re.compile(rb"[0-9a-f]{32}")
_TEXTS = (".yaml", ".json")
_LENGTH = struct.Struct("<Q")  # a safetensors file begins with the length of its header
_LONGEST_HEADER = 1 << 26


@dataclass(frozen=True)
class Upload:
    """An upload, and what needs it.

    Attributes
    ----------
    folder : what it takes on the disk
    studies : signatures of the studies that name it
    runs : ids of the runs that name it
    """

    folder: UploadFolder
    studies: tuple[str, ...] = ()
    runs: tuple[str, ...] = ()

    def unused(self, now: float) -> bool:
        """Whether nothing names it, and it is older than a day.

        Parameters
        ----------
        now : seconds since 1970
        """
        return not self.studies and not self.runs and now - self.folder.changed > KEPT_S


def kept_uploads(store: Store) -> list[Upload]:
    """The uploads of a cache folder, the oldest first, each with what names it.

    Raises
    ------
    StoreError, RunError
        If a file of a study, or the table of runs, cannot be read.
    """
    return _with_names(store, upload_folders(store.root))


def remove_unused_uploads(store: Store, now: float | None = None) -> list[Upload]:
    """Remove the uploads that are not used, and say which they were.

    They are set aside first, and looked at again, so that one that a study has begun to name
    meanwhile is put back. What a kill left set aside is dealt with the same way.

    Parameters
    ----------
    now : seconds since 1970; left out, the time it is

    Raises
    ------
    StoreError, RunError
        As `kept_uploads`, and nothing is removed; or if the disk does not let one go.
    """
    at = time.time() if now is None else now
    found, removed = kept_uploads(store), _settled(store, at)
    for one in found:
        if one.unused(at):
            set_upload_aside(store.root, one.folder.digest)
    return [*removed, *_settled(store, at)]


def _settled(store: Store, at: float) -> list[Upload]:
    """Those set aside that are not used still, removed; the others are put back."""
    removed = []
    for one in _with_names(store, set_aside_uploads(store.root)):
        if one.unused(at):
            clear_upload(store.root, one.folder.digest)
            removed.append(one)
        else:
            put_upload_back(store.root, one.folder.digest)
    return removed


def _with_names(store: Store, folders: list[UploadFolder]) -> list[Upload]:
    if not folders:
        return []
    seen = list_runs(store)  # before the studies: what is done by now has its study there
    studies = {signature: _named_in(store, signature) for signature in store.signatures()}
    runs = {run.id: set(_DIGEST.findall(" ".join(run.argv).encode(errors="replace")))
            for run in seen if run.signature in studies or _may_go_on(run)}
    return [Upload(folder, *(tuple(sorted(name for name, found in named.items()
                                          if folder.digest.encode() in found))
                             for named in (studies, runs))) for folder in folders]


def _may_go_on(run: Run) -> bool:
    """Whether a run without a study can still make something of its data."""
    return run.coming or (run.kind == STUDY and run.state != "done")


def _named_in(store: Store, signature: str) -> set[bytes]:
    """Whatever looks like a digest in what a study's folder says, its data's paths among it."""
    folder = store.path(signature, "study.json").parent
    return {digest for file in folder.rglob("*") if file.is_file()
            for digest in _DIGEST.findall(_words(file))}


def _words(file: Path) -> bytes:
    """A file's text; of tensors, what stands in their header."""
    try:
        if file.suffix in _TEXTS:
            return file.read_bytes()
        return b"".join(_header(file)) if file.suffix == ".safetensors" else b""
    except FileNotFoundError:
        return b""  # removed meanwhile
    except OSError as error:
        raise StoreError(f"{str(file)[-200:]}: could not be read ({error.strerror}), so that it is "
                         "not known which uploads it needs, and none is removed. Make it readable."
                         ) from None


def _header(file: Path) -> Iterator[bytes]:
    with file.open("rb") as stream:
        start = stream.read(_LENGTH.size)
        if len(start) == _LENGTH.size:
            yield stream.read(min(_LENGTH.unpack(start)[0], _LONGEST_HEADER))
