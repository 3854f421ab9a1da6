"""What a study keeps so that languages can join it later: names, sizes, and whether it is whole.

Conventions
-----------
``kept/weights-<step>.safetensors`` holds the trained parameters by their names in the model, as
they stood after a step: at the start (0), at every snapshot, and at more steps where the model is
small (see `sizes`). ``kept/sums-<step>.safetensors``
holds the gradient sums of all languages at a snapshot, each block folded to at most the sketch
size (see `folding`); rows as in `gradients`. ``kept/points.safetensors`` holds the folded sums at
the ends of the increments (see `increments`). ``kept/facts.json`` is written last, so that where it
is, all is.
"""

from __future__ import annotations

import shutil
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from gradsim_core.errors import RunError, StoreError
from gradsim_core.gradients.sketch_size import FOLD_VERSION
from gradsim_core.storage.store import Store

POINTS = "kept/points.safetensors"
FACTS = "kept/facts.json"

_SPARE_BYTES = 64 * 2**20
"""What is left of a disk that weights are kept on."""


@dataclass(frozen=True)
class Kept:
    """What a finished study has kept.

    Attributes
    ----------
    weights : steps whose weights are kept, the start (0) first; all snapshots are among them
    snapshots : steps (from 1) with sums
    size : numbers kept of a block's sums, at most
    exact : whether the study took whole gradients, which were folded to be kept
    increments : steps that end an increment; empty where there is nothing to resample
    """

    weights: tuple[int, ...]
    snapshots: tuple[int, ...]
    size: int
    exact: bool
    increments: tuple[int, ...]


def weights_entry(step: int) -> str:
    """Name of the entry with the weights after a step."""
    return f"kept/weights-{step:07d}.safetensors"


def sums_entry(step: int) -> str:
    """Name of the entry with the folded sums after a step."""
    return f"kept/sums-{step:07d}.safetensors"


def find_kept(store: Store, signature: str) -> Kept | None:
    """What the study has kept; None where it was not asked to, or a part is gone.

    Folds under other signs than ours are of no use: a newcomer's would not go with them.
    """
    facts = store.read_json(signature, FACTS)
    if facts is None or "weights" not in facts:
        return None
    if not (facts["patterned"] if facts["exact"] else facts["fold_version"] == FOLD_VERSION):
        return None
    kept = Kept(tuple(facts["weights"]), tuple(facts["snapshots"]), facts["size"], facts["exact"],
                tuple(facts["steps"]))
    entries = [POINTS, *map(weights_entry, kept.weights), *map(sums_entry, kept.snapshots)]
    return kept if all(store.exists(signature, name) for name in entries) else None


def need_kept(store: Store, signature: str) -> Kept:
    """What the study has kept.

    Raises
    ------
    StoreError
        If it has not; the message says how to keep it now.
    """
    kept = find_kept(store, signature)
    if kept is None:
        file = store.path(signature, "study.yaml")
        raise StoreError(
            f"Study {signature} keeps no weights, so no language can join it. Keep them now with "
            f"`gradsim run {_short(file)} --keep-weights`: it trains once more, which takes about "
            "as long as the first time, and leaves all results as they are.")
    return kept


def check_room(store: Store, n_bytes: int) -> None:
    """Refuse to keep weights on a disk that has no room for them.

    Raises
    ------
    RunError
        If less than ``n_bytes`` and a little more are free.
    """
    free = free_bytes(store.root)
    if free is not None and free < n_bytes + _SPARE_BYTES:
        raise RunError(f"keep_weights needs {n_bytes / 1e9:.2f} GB in {_short(store.root)}, and "
                       f"{free / 1e9:.2f} GB are free. Free space, name another folder with "
                       "--cache, take fewer snapshots, or leave keep_weights out.")


def free_bytes(folder: Path) -> int | None:
    """Free bytes of the disk that a folder is, or will be, on; None where it cannot be told."""
    for place in (folder, *folder.parents):
        with suppress(OSError):
            return shutil.disk_usage(place).free
    return None


def _short(path: Path) -> str:
    return str(path)[-150:]
