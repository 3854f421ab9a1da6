"""The checkpoint of a joint trial: all that it needs to go on to the same bytes.

Weights, moments and sums are written at every checkpoint. What a run only adds to (Grams and
folded points) is written along where it is little; else it goes to the study's folder as it is
made, and a checkpoint counts it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import cast

import numpy as np
import torch

from gradsim_core.gradients.increments import increment_bytes
from gradsim_core.gradients.sketch_size import FOLD_VERSION
from gradsim_core.joining.keeping import Keeper
from gradsim_core.storage.store import Store
from gradsim_core.study import Study
from gradsim_core.training.optimization import restore_state, state_arrays
from gradsim_core.training.shelf import Shelf
from gradsim_core.training.steps import Training

CHECKPOINT = "checkpoint.safetensors"
ON_DISK_BYTES = 2**20
"""Grams and points that take so much a moment, or few that take 16 times as much together, are
kept on disk while a run is under way."""


def put_on_disk(training: Training, study: Study, store: Store, name: str) -> None:
    """Keep out of memory what there will be much of."""
    if training.shards.grouped:
        return
    n_blocks, log = len(training.encoder.blocks), training.increments
    grams = n_blocks * (2 * len(training.languages)) ** 2 * 4
    points = increment_bytes(1, len(training.languages), training.tap.widths)[1]
    for shelf, folder, n, n_bytes in (
            (training.sums, "sums", study.snapshots, 2 * grams),
            (training.steps, "steps", study.steps, grams),
            (log.points, "points", len(log.steps), points)):
        if goes_to_disk(n_bytes, n):
            shelf.put_on_disk(store, name, f"running/{folder}")


def goes_to_disk(n_bytes: int, n: int) -> bool:
    """Whether what n moments leave, so many bytes each, is kept on disk while a run goes on."""
    return n_bytes >= ON_DISK_BYTES or (n < 100 and n * n_bytes >= 16 * ON_DISK_BYTES)


def save_checkpoint(training: Training, store: Store, name: str, seconds: float = 0.0) -> None:
    """Write where a training stands, and how many seconds it took to come there."""
    meet, n_languages = training.shards.gathered, len(training.languages)
    shelves = {"steps": training.steps, "sums": training.sums,
               "points": training.increments.points}
    points = () if shelves["points"].on_disk else shelves["points"]
    rows = {"tap.sums": meet(training.tap.sums, n_languages),
            **{f"point.{i}": meet(torch.from_numpy(point), n_languages)
               for i, point in enumerate(points)}}
    if training.shards.rank:
        return
    arrays = {**{key: shelves[key].stacked() for key in ("steps", "sums")
                 if not shelves[key].on_disk},
              **{key: some.cpu().numpy() for key, some in rows.items() if some is not None},
              **state_arrays(training.encoder, training.optimizer)}
    store.write_tensors(name, CHECKPOINT, arrays, {
        "step": training.step, "snapshots": training.snapshots,
        "step_numbers": training.step_numbers, "invalid": training.invalid,
        "typical": training.tap.typical, "fold_version": FOLD_VERSION, "seconds": seconds,
        "on_disk": {key: len(shelf) for key, shelf in shelves.items() if shelf.on_disk}})


def resume(training: Training, store: Store, name: str, keeper: Keeper | None = None) -> int:
    """Take up the last checkpoint, if there is a sound one; returns the steps already done.

    One that stands behind weights that were to be kept, and were not, is of no use.
    """
    found = store.read_tensors(name, CHECKPOINT)
    training.shards.check_same(found[1]["step"] if found else 0, "checkpoint")
    if found is None or (keeper is not None and not keeper.has_until(training, found[1]["step"])):
        return 0
    arrays, facts = found
    own = training.shards.rows(len(training.languages))
    on_disk, log = facts.get("on_disk", {}), training.increments
    n_points, n_sums = log.n_arrays(facts["step"]), len(facts["snapshots"]) * len(
        training.encoder.blocks)
    if not training.tap.exact and facts.get("fold_version", 1) != FOLD_VERSION:
        return 0
    if (on_disk.get("points", sum(key.startswith("point.") for key in arrays)) != n_points
            or on_disk.get("sums", len(arrays.get("sums", ()))) != n_sums):
        return 0  # of a version that laid them out otherwise
    points = [arrays[f"point.{i}"][own] for i in range(0 if "points" in on_disk else n_points)]
    shelves = [_filled(shelf, on_disk.get(key), held) for key, shelf, held in (
        ("sums", training.sums, arrays.get("sums")), ("points", log.points, points),
        ("steps", training.steps, arrays.get("steps")))]
    if not all(shelf is not None for shelf in shelves):
        for shelf in (training.sums, log.points, training.steps):
            shelf.clear()
        return 0
    training.sums, log.points, training.steps = cast(list[Shelf], shelves)
    training.step, training.snapshots = facts["step"], facts["snapshots"]
    training.step_numbers, training.invalid = facts["step_numbers"], facts["invalid"]
    training.tap.typical, training.seconds = facts.get("typical", 0.0), facts.get("seconds", 0.0)
    training.tap.sums.copy_(torch.from_numpy(arrays["tap.sums"][own]))
    restore_state(training.encoder, training.optimizer, arrays, training.step)
    return training.step


def _filled(shelf: Shelf, n: int | None, held: Iterable[np.ndarray] | None) -> Shelf | None:
    """A shelf as a checkpoint has it; None where what it should have on disk is not there."""
    if n is None:
        return Shelf(() if held is None else held) if not shelf.on_disk else None
    return shelf if shelf.on_disk and shelf.find(n) else None


def tidy(training: Training, store: Store, name: str) -> None:
    """Remove what only an unfinished run needs."""
    store.remove(name, CHECKPOINT)
    for shelf in (training.sums, training.steps, training.increments.points):
        shelf.clear()
