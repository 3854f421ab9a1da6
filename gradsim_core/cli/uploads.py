"""The command that lists the files which came through a browser, and removes unused ones."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from gradsim_core.cli.options import DEFAULT_CACHE, AsJson, Cache
from gradsim_core.cli.printing import log, print_json, print_table, size
from gradsim_core.data.unused_uploads import Upload, kept_uploads, remove_unused_uploads
from gradsim_core.errors import GradSimError
from gradsim_core.storage.store import Store


def uploads(cache: Cache = DEFAULT_CACHE,
            remove_unused: Annotated[bool, typer.Option("--remove-unused", help=(
                "Remove those that no study and no run needs and that are older than a day; "
                "with --yes."))] = False,
            yes: Annotated[bool, typer.Option("--yes", help=(
                "Do remove them; without it, only what would go is said."))] = False,
            as_json: AsJson = False) -> None:
    """List the files that were uploaded through the dashboard, or remove unused ones.

    An upload is kept for as long as any study of the cache names it, or any run that may still go
    on, and for a day anyway.

    ```
    gradsim uploads
    gradsim uploads --remove-unused               # what would go
    gradsim uploads --remove-unused --yes
    ```
    """
    store, now = Store(cache), time.time()
    if yes and not remove_unused:
        raise GradSimError("--yes says that uploads are to be removed: give --remove-unused too.")
    if remove_unused and yes:
        _say_removed(remove_unused_uploads(store), as_json)
        return
    found = [one for one in kept_uploads(store) if not remove_unused or one.unused(now)]
    if as_json:
        print_json([_row(one, now) for one in found])
        return
    if found:
        print_table(f"Uploads in {store.root / '.uploads'}",
                    ("upload", "first file", "uploaded", "needed by", "files", "size"),
                    [_line(one, now) for one in found], left=4)
    unused = [one for one in found if one.unused(now)]
    total = sum(one.folder.size_bytes for one in unused)
    if unused:
        log("{} unused, {}. Remove them: gradsim uploads --remove-unused --yes", len(unused),
            size(total))
    else:
        log("No uploads in {} are unused." if found or remove_unused else "No uploads in {}.",
            store.root)


def _say_removed(removed: list[Upload], as_json: bool) -> None:
    freed = sum(one.folder.size_bytes for one in removed)
    if as_json:
        print_json({"removed": [one.folder.digest for one in removed], "freed_bytes": freed})
    log("{} {} removed, {} freed.", len(removed), "upload" if len(removed) == 1 else "uploads",
        size(freed))


def _row(one: Upload, now: float) -> dict[str, Any]:
    return {"upload": one.folder.digest, "files": list(one.folder.files),
            "bytes": one.folder.size_bytes, "uploaded": _when(one), "studies": list(one.studies),
            "runs": list(one.runs), "unused": one.unused(now)}


def _line(one: Upload, now: float) -> tuple[object, ...]:
    folder = one.folder
    if one.studies or one.runs:
        needed = ", ".join([*(name[:8] for name in one.studies),
                            *(f"run {name}" for name in one.runs)])
    else:
        needed = "nothing" if one.unused(now) else "nothing yet"
    return (folder.digest[:8], next(iter(folder.files), ""), _when(one), needed,
            len(folder.files), size(folder.size_bytes))


def _when(one: Upload) -> str:
    return datetime.fromtimestamp(one.folder.changed, UTC).isoformat(timespec="seconds")
