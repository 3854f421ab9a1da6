"""The gradients that a later language would have added to a finished study's sums.

The study's trajectory is kept at a few points. Between two of them the weights are laid on the
straight line, and at every step the newcomer's gradient is taken there, over the very rows that it
would have been given (see `batches`): forward and backward only, nothing is updated. So its sums
run over as many steps and rows as those of the others, and join their Grams without a scale.

What this is not: the newcomer has never been trained on. In a full recomputation the model would
have fitted it too; how near the two come is measured in the tests and the benchmark.

Conventions
-----------
Half h of the newcomer is row h. Folds use the signs of the study (its seed defines them).
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import numpy as np
import torch

from gradsim_core.data.corpus import Split
from gradsim_core.encoder.encoding import Encoded, encode_split
from gradsim_core.encoder.models import Encoder, load_encoder
from gradsim_core.errors import RunError, StoreError
from gradsim_core.gradients.increments import FOLDED
from gradsim_core.joining.keeping import folded_sums, trained_parameters
from gradsim_core.joining.kept import POINTS, Kept, sums_entry, weights_entry
from gradsim_core.progress import Observer
from gradsim_core.storage.store import Store
from gradsim_core.study import Study
from gradsim_core.training.joint import set_threads
from gradsim_core.training.passes import chosen_device, device_of, place
from gradsim_core.training.steps import Training, gradients_alone, start_training


def gradients_of(store: Store, record: Mapping[str, Any], code: str, train: Split, kept: Kept,
                 observe: Observer, threads: int | None) -> tuple[
                     dict[str, np.ndarray], tuple[tuple[int, ...], tuple[int, ...]],
                     dict[str, Any]]:
    """Take a newcomer's gradients along the kept trajectory, with its inner products.

    Parameters
    ----------
    record : of the study
    code, train : the newcomer and its training rows
    threads : of torch; None means one for a small model, else torch's choice

    Returns
    -------
    tuple
        The arrays of `newcomer_arrays`; numbers of each block in "sums" and in "points"; facts.

    Raises
    ------
    RunError, StoreError
        As `newcomer_arrays`.
    """
    study, labels = Study.model_validate(record["study"]), tuple(record["labels"])
    encoder = load_encoder(study.model, study.model_revision, record["task"], labels, study.seed,
                           study.max_length, **study.encoder_settings)
    set_threads(threads, encoder.n_weights)
    place(encoder, chosen_device(), study.recompute)
    encoded = encode_split(train, record["task"], labels, encoder.tokenizer, study.max_length)
    packed = study.packing == "auto" and encoder.first_position is not None
    training = start_training(encoder, (code,), study.model_copy(update={
        "gradients": "exact" if kept.exact else "sketch", "sketch_size": kept.size,
        "sketch_error": None}))
    observe({"kind": "stage", "message": "Taking its gradients at the kept weights"})
    arrays = newcomer_arrays(training, encoded, study, kept, store, record["signature"], packed,
                             observe)
    widths = tuple(_folded_widths(training, kept.size)), tuple(_folded_widths(training, FOLDED))
    return arrays, widths, {"truncated": encoded.truncated, "lost_words": encoded.lost_words,
                            "device": device_of(encoder).type}


def newcomer_arrays(training: Training, encoded: Encoded, study: Study, kept: Kept, store: Store,
                    signature: str, packed: bool, observe: Observer) -> dict[str, np.ndarray]:
    """Take the gradients of a training's one language along the kept trajectory.

    Parameters
    ----------
    training : fresh, with the newcomer alone; its weights are overwritten
    encoded : the newcomer's training rows

    Returns
    -------
    dict
        "own" (S, n_blocks, 2, 2) float64, the newcomer's Gram at each snapshot; "cross"
        (S, n_blocks, 2, 2L) float64, with the study's languages; "sums" (S, 2, D) float32, its
        folded sums; "points" (n, 2, E) float32, folded at the ends of the n increments;
        "crossed" (n, n, n_blocks, 2, 2L) float32, its increment a with the languages' increment b.

    Raises
    ------
    RunError
        If a gradient of the newcomer is not finite.
    StoreError
        If a kept entry is damaged or of another model.
    """
    encoder = training.encoder
    training.increments.steps = kept.increments
    own, sums, cross = [], [], []
    began, told = time.monotonic(), 0.0
    end = _weights(store, signature, 0, encoder)
    for first, last in pairwise(kept.weights):
        start, end = end, _weights(store, signature, last, encoder)
        while training.step < last:
            _stand_between(encoder, start, end, (training.step - first) / (last - first))
            _take(training, encoded, study, packed)
            now = time.monotonic()
            if now - told > 0.5 or training.step == study.steps:
                told = now
                left = (now - began) / training.step * (study.steps - training.step)
                observe({"kind": "progress", "step": training.step * study.batch_size,
                         "steps": study.steps * study.batch_size, "eta_s": round(left, 1)})
        if last not in kept.snapshots:
            continue
        own.append(training.tap.grams(training.tap.sums))
        sums.append(folded_sums(training.tap, kept.size, study.seed).cpu().numpy().copy())
        theirs = _entry(store, signature, sums_entry(last))["sums"]
        cross.append(_inner(sums[-1], theirs, _folded_widths(training, kept.size)))
    points = training.increments.whole_points()
    return {"own": np.stack(own), "cross": np.stack(cross), "sums": np.stack(sums),
            **_increments(store, signature, points, _folded_widths(training, FOLDED))}


def _take(training: Training, encoded: Encoded, study: Study, packed: bool) -> None:
    if not gradients_alone(training, {training.languages[0]: encoded}, study, packed):
        raise RunError(f"The gradient of {training.languages[0]} is not finite at step "
                       f"{training.step + 1} of the study. Check its rows; it cannot join.")


def _stand_between(encoder: Encoder, start: Mapping[str, torch.Tensor],
                   end: Mapping[str, torch.Tensor], share: float) -> None:
    """Put the encoder's weights on the line between two kept points."""
    with torch.no_grad():
        for name, parameter in trained_parameters(encoder).items():
            parameter.copy_(torch.lerp(start[name], end[name], share))


def _weights(store: Store, signature: str, step: int, encoder: Encoder) -> dict[str, torch.Tensor]:
    arrays = _entry(store, signature, weights_entry(step))
    shapes = {name: tuple(one.shape) for name, one in trained_parameters(encoder).items()}
    if shapes != {name: array.shape for name, array in arrays.items()}:
        raise StoreError(f"The weights that study {signature} keeps are of another model than "
                         "loads now. Take the versions of packages that `gradsim show` names.")
    device = device_of(encoder)
    return {name: torch.from_numpy(array).to(device) for name, array in arrays.items()}


def _entry(store: Store, signature: str, name: str) -> dict[str, np.ndarray]:
    found = store.read_tensors(signature, name)
    if found is None:
        raise StoreError(f"{signature}/{name} is gone or was damaged. Keep the weights anew: "
                         "gradsim run --keep-weights, with the settings of the study.")
    return found[0]


def _folded_widths(training: Training, size: int) -> list[int]:
    return [min(part.stop - part.start, size) for part in training.tap.block_slices]


def _inner(a: np.ndarray, b: np.ndarray, widths: list[int]) -> np.ndarray:
    """Inner products of rows by block: (n_blocks, rows of a, rows of b) float64."""
    ends = np.cumsum(widths)
    return np.stack([a[:, end - width:end].astype(np.float64)
                     @ b[:, end - width:end].astype(np.float64).T
                     for end, width in zip(ends, widths, strict=True)])


def _increments(store: Store, signature: str, points: list[np.ndarray],
                widths: list[int]) -> dict[str, np.ndarray]:
    """The newcomer's points, and its increments with those of the languages."""
    if not points:
        return {}
    arrays = _entry(store, signature, POINTS)
    theirs = [arrays[f"point.{i}"] for i in range(len(points))]
    ours, others = (np.diff(np.stack(some), axis=0, prepend=np.zeros_like(some[:1]))
                    for some in (points, theirs))
    crossed = np.stack([np.stack([_inner(a, b, widths) for b in others]) for a in ours])
    return {"points": np.stack(points), "crossed": crossed.astype(np.float32)}
