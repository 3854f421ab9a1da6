"""Keeping what a later language needs, while a joint trial runs (see `kept`).

Keeping changes no number of the run. A study that is finished can be trained once more to keep its
weights: the training is repeated, must give the Grams there are, and leaves them as they are.
"""

from __future__ import annotations

import numpy as np
import torch

from gradsim_core.errors import RunError
from gradsim_core.folding import fold_rows, fold_signs
from gradsim_core.gradients import Tap
from gradsim_core.increments import increment_bytes
from gradsim_core.joining.kept import (
    POINTS,
    check_room,
    kept_bytes,
    sums_entry,
    weights_entry,
)
from gradsim_core.models import Encoder
from gradsim_core.progress import Observer
from gradsim_core.store import Store
from gradsim_core.training import Training

SAME = 1e-3
"""A repeated training's Grams may differ by this share of their largest number (rounding)."""


def begin_keeping(training: Training, store: Store, signature: str, snapshots: tuple[int, ...],
                  size: int, resumed_at: int, observe: Observer) -> None:
    """Make sure that there is room, tell how much is taken, and keep the weights of the start.

    Parameters
    ----------
    snapshots : steps at which weights will be kept
    resumed_at : step of the checkpoint that was taken up, else 0

    Raises
    ------
    RunError
        If the disk is short.
    """
    if training.shards.rank:
        return
    widths = block_widths(training.encoder)
    kept_widths = [part.stop - part.start for part in training.tap.block_slices]
    points = increment_bytes(len(training.increments.steps), len(training.languages), kept_widths)
    n_bytes = kept_bytes(training.encoder.n_parameters, len(snapshots), len(training.languages),
                         widths, size, points[1])
    there = sum(store.exists(signature, weights_entry(step)) for step in (0, *snapshots))
    check_room(store, n_bytes * (len(snapshots) + 1 - there) // (len(snapshots) + 1))
    observe({"kind": "note", "message":
             f"Weights are kept at {len(snapshots)} snapshots: {n_bytes / 1e6:,.0f} MB"})
    if resumed_at == 0:
        _keep_weights(training.encoder, store, signature, 0)


def is_missing(store: Store, signature: str, snapshots: tuple[int, ...], step: int) -> bool:
    """Whether a checkpoint at a step stands behind a snapshot that was not kept."""
    return not all(store.exists(signature, name) for at in (0, *snapshots) if at <= step
                   for name in (weights_entry(at), *([sums_entry(at)] if at else [])))


def keep_snapshot(training: Training, store: Store, signature: str, size: int, seed: int) -> None:
    """Keep weights and folded sums as they stand after the training's step."""
    folded = training.shards.gathered(folded_sums(training.tap, size, seed),
                                      len(training.languages))
    if folded is None:
        return
    store.write_tensors(signature, sums_entry(training.step), {"sums": folded.cpu().numpy()},
                        {"languages": list(training.languages), "size": size})
    _keep_weights(training.encoder, store, signature, training.step)


def end_keeping(training: Training, store: Store, signature: str, size: int) -> None:
    """Keep the points of the increments, which says that all is kept."""
    store.write_tensors(
        signature, POINTS,
        {f"point.{i}": point.cpu().numpy() for i, point in enumerate(training.increments.points)},
        {"steps": list(training.increments.steps), "snapshots": list(training.snapshots),
         "size": size, "exact": training.tap.exact, "languages": list(training.languages),
         "blocks": list(training.encoder.blocks)})


def check_repeated(sums: np.ndarray, again: np.ndarray) -> None:
    """Make sure that a repeated training went the way of the first.

    Parameters
    ----------
    sums, again : (S, n_blocks, 2L, 2L) Grams of the first and of the repeated training

    Raises
    ------
    RunError
        If they differ by more than rounding.
    """
    if sums.shape != again.shape or not np.abs(sums - again).max() <= SAME * np.abs(sums).max():
        raise RunError("Trained once more to keep its weights, this study went another way than "
                       "the first time: another machine or other versions of PyTorch round "
                       "otherwise. Its results stand as they are, and no weights are kept. Run it "
                       "in a new folder: gradsim run --keep-weights --cache …")


def folded_sums(tap: Tap, size: int, seed: int) -> torch.Tensor:
    """The sums folded to at most ``size`` numbers a block; sketches are so already.

    Returns
    -------
    torch.Tensor
        (rows of the tap, n_blocks * size at most) float32
    """
    if not tap.exact:
        return tap.sums
    parts = []
    for i, part in enumerate(tap.block_slices):
        width = part.stop - part.start
        signs = fold_signs(width, size, seed + 1 + i).to(tap.sums.device)
        parts.append(fold_rows(tap.sums[:, part], signs, size))
    return torch.cat(parts, dim=1)


def block_widths(encoder: Encoder) -> list[int]:
    """Parameters of each block."""
    return [sum(one.numel() for one in block) for block in encoder.blocks.values()]


def trained_parameters(encoder: Encoder) -> dict[str, torch.nn.Parameter]:
    """The parameters of all blocks by their names in the model."""
    ours = {id(one) for one in encoder.parameters}
    return {name: one for name, one in encoder.model.named_parameters() if id(one) in ours}


def _keep_weights(encoder: Encoder, store: Store, signature: str, step: int) -> None:
    store.write_tensors(signature, weights_entry(step), {
        name: one.detach().cpu().numpy() for name, one in trained_parameters(encoder).items()},
        {"step": step})
