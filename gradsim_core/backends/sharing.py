"""What the machines of a cluster must have in common: one cache folder and the same packages.

A file with a random name is written into the study's folder before the work, and read by every
worker: a copy of the folder, however recent, does not have it.
"""

from __future__ import annotations

import os
import platform
import secrets
from collections.abc import Iterator
from contextlib import contextmanager

from gradsim_core.errors import RunError
from gradsim_core.prepared import versions
from gradsim_core.runs.processes import birth, living_process
from gradsim_core.storage.store import Store

_FOLDER = "cluster"


@contextmanager
def shared(store: Store, signature: str) -> Iterator[str]:
    """Let workers see inside this block that they share the cache; yields the file's name."""
    _remove_strays(store, signature)
    name = f"{_FOLDER}/{secrets.token_hex(8)}.json"
    store.write_json(signature, name, {"machine": platform.node(), "pid": os.getpid(),
                                       "birth": birth(os.getpid()), "versions": versions()})
    try:
        yield name
    finally:
        store.remove(signature, name)


def _remove_strays(store: Store, signature: str) -> None:
    """Remove what runs of this machine have left that were killed."""
    for name in store.names(signature, _FOLDER):
        entry = f"{_FOLDER}/{name}.json"
        found = store.read_json(signature, entry)
        if found and found["machine"] == platform.node() and not living_process(
                found["pid"], found["birth"] or 0.0):
            store.remove(signature, entry)


def check_shared(store: Store, signature: str, name: str) -> None:
    """Refuse to work on another cache folder, or with other packages, than whoever asked for it.

    Raises
    ------
    RunError
        If the file is not here, or the versions that numbers depend on differ.
    """
    found = store.read_json(signature, name)
    if found is None:
        raise RunError(f"the cache folder {str(store.root)[-200:]} is not the one of the machine "
                       "that started the run. Put it on storage that all machines share, under "
                       "the same path, and name it with --cache.")
    here = versions()
    other = [f"{package} {here.get(package, 'none')} instead of {version}"
             for package, version in found["versions"].items() if here.get(package) != version]
    if other:
        raise RunError(f"it has {', '.join(other)[:300]}. Numbers depend on these: install the "
                       f"versions of {found['machine'][:100]} on every machine.")
