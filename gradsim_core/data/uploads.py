"""Files that came through a browser, kept under the cache folder so that runs can read them.

Conventions
-----------
What came together stands in ``<cache>/.uploads/<digest>/``, whose digest is of names and contents:
the same upload is kept once, and never changes; `unused_uploads` says when it goes. A name is what
remains of the browser's after everything is taken out that could lead elsewhere; a language's
spelling in it is left as it is.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Sequence
from pathlib import Path

from gradsim_core.data.files import HeldFile
from gradsim_core.data.readers import ENDINGS
from gradsim_core.data.rows import shown
from gradsim_core.errors import DataError
from gradsim_core.storage.store import Store
from gradsim_core.storage.upload_folders import touch_upload

MOST_UPLOADED_BYTES = 100_000_000
"""Of all files of one upload; larger data is named by its path, and never copied."""

_FORBIDDEN = re.compile(r"[^\w.,()+ -]")
_LONGEST = 150
"""Bytes of a name: disks take 255, and a file that is being written bears a longer one."""

_DIGITS = 32


def keep_uploads(store: Store, files: Sequence[HeldFile]) -> Path:
    """Keep files as one data set.

    Parameters
    ----------
    files : with the names that the browser gave them, which may hold folders

    Returns
    -------
    Path
        Of the file, or of the folder that holds them all: what a study gives as `data`.

    Raises
    ------
    DataError
        If there is none, they are too large, a name cannot be kept or stands twice, or an ending
        is none of those that can be read.
    StoreError
        If the disk does not take them.
    """
    size = sum(len(file.content) for file in files)
    if not files or size > MOST_UPLOADED_BYTES:
        raise DataError(f"{len(files):,} files of {size / 1e6:,.0f} MB together cannot be "
                        f"uploaded; {MOST_UPLOADED_BYTES / 1e6:.0f} MB are possible. Put them "
                        "into a folder of this machine, and give its path.")
    kept: dict[str, bytes] = {}
    for file in files:
        name = upload_name(file.name)
        if name in kept:
            raise DataError(f"{shown(name)}: two files have this name. Rename one of them.")
        kept[name] = file.content
    digest = hashlib.sha256()
    for name in sorted(kept):
        digest.update(f"{name}\0{hashlib.sha256(kept[name]).hexdigest()}\0".encode())
    folder = digest.hexdigest()[:_DIGITS]
    touch_upload(store.root, folder)  # it is new again, and not removed as unused
    paths = [store.write_upload(folder, name, content) for name, content in kept.items()]
    return paths[0] if len(paths) == 1 else store.root / ".uploads" / folder


def upload_name(name: str) -> str:
    """What a file is kept as: its own name, its folder's before it, and nothing else.

    Examples
    --------
    >>> upload_name("../../hau/train.tsv")
    'hau/train.tsv'
    """
    parts = [_part(part) for part in re.split(r"[/\\]", unicodedata.normalize("NFC", name))]
    kept = [part for part in parts if part][-2:]
    if not kept or Path(kept[-1]).suffix.lower() not in ENDINGS:
        raise DataError(f"{shown(name)}: cannot be read by its ending. Use one of: "
                        f"{', '.join(ENDINGS)}.")
    return "/".join(kept)


def _part(part: str) -> str:
    """A file's or folder's name without what no name should hold; its ending is kept."""
    clean = re.sub(r"^[\W_]+", "", _FORBIDDEN.sub("-", part)).strip(" .")
    stem, point, ending = clean.rpartition(".")
    if not stem:
        return _cut(clean, _LONGEST)
    return f"{_cut(stem, _LONGEST - len(ending.encode()) - 1)}{point}{ending}"


def _cut(text: str, n_bytes: int) -> str:
    return text.encode()[:max(n_bytes, 1)].decode(errors="ignore")
