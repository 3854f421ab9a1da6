"""How a forward and backward pass is computed: where, in which numbers, how much at a time.

Conventions
-----------
A *device* is a setting of the machine, like the number of threads: ``auto`` is the first CUDA
device where there is one, else the CPU (see `devices`).

*bfloat16* computes the forward and backward pass of a loss under autocast. Weights, their
gradients and what is made of them stay float32 or finer, and scores are predicted in float32.

A half batch in pieces adds up to the gradient of its mean loss: the mean loss of each piece
counts by its share of the sequences, or of the labelled tokens.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import replace
from typing import Literal

import numpy as np
import torch
from transformers import PreTrainedModel

from gradsim_core.devices import asked_device
from gradsim_core.encoder.encoding import IGNORE, Encoded
from gradsim_core.encoder.models import Encoder
from gradsim_core.errors import ModelError, RunError
from gradsim_core.training.batches import Batch


def chosen_device(asked: str | None = None) -> torch.device:
    """The device to compute on.

    Parameters
    ----------
    asked : a name in `devices.DEVICES`; None: the one that this process was asked for

    Raises
    ------
    RunError
        If there is no CUDA device for "cuda".
    """
    name, found = asked or asked_device(), torch.cuda.is_available()
    if name == "cuda" and not found:
        raise RunError("There is no CUDA device that PyTorch can use here. Set --device to cpu, "
                       "or to auto.")
    return torch.device("cuda" if found and name != "cpu" else "cpu")


def place(encoder: Encoder, device: torch.device, recompute: bool) -> None:
    """Move an encoder to a device, and let it compute activations twice if asked.

    Raises
    ------
    ModelError
        If activations are to be computed twice and the model cannot.
    """
    before = list(encoder.model.parameters())
    encoder.model.to(device)
    # as a rule the same objects with other data; some devices need new ones
    now = dict(zip(map(id, before), encoder.model.parameters(), strict=True))
    for block in encoder.blocks.values():
        block[:] = [now.get(id(parameter), parameter) for parameter in block]
    if not recompute:
        return
    inner = encoder.model if isinstance(encoder.model, PreTrainedModel) else next(
        (module for module in encoder.model.modules() if isinstance(module, PreTrainedModel)), None)
    if inner is None or not inner.supports_gradient_checkpointing:
        raise ModelError(f"{encoder.model.config.model_type} models cannot compute activations "
                         "twice. Set recompute to false; a smaller batch_size or micro_rows saves "
                         "memory too.")
    # keeps dropout: torch restores the random state of the first pass before the second
    inner.activation_checkpointing_enable({"use_reentrant": False})


def device_of(encoder: Encoder) -> torch.device:
    """Where an encoder's weights are."""
    device: torch.device = next(encoder.model.parameters()).device
    return device


def on_device(batch: Batch, device: torch.device) -> Batch:
    """The batch with its tensors on a device."""
    if device.type == "cpu":
        return batch
    return replace(batch, inputs={name: one.to(device) for name, one in batch.inputs.items()},
                   labels=batch.labels.to(device), tokens=batch.tokens.to(device),
                   first=None if batch.first is None else batch.first.to(device))


def computing_in(precision: Literal["float32", "bfloat16"],
                 device: torch.device) -> AbstractContextManager[None]:
    """The context of a loss that is computed in such numbers."""
    autocast: AbstractContextManager[None] = torch.autocast(
        device.type, torch.bfloat16, enabled=precision == "bfloat16")
    return autocast


def pieces(encoded: Encoded, rows: np.ndarray,
           most: int | None) -> list[tuple[np.ndarray, float]]:
    """Cut the rows of a half batch.

    Parameters
    ----------
    most : rows of a piece; None: all

    Returns
    -------
    list of (rows, weight)
        Weights of the pieces' mean losses, which add up to 1; pieces without a label are left out,
        unless none has any.
    """
    if most is None or len(rows) <= most:
        return [(rows, 1.0)]
    parts = np.split(rows, range(most, len(rows), most))
    counts = [sum(int(np.count_nonzero(encoded.labels[row] != IGNORE)) for row in part)
              for part in parts]
    total = sum(counts)
    found = [(part, count / total) for part, count in zip(parts, counts, strict=True) if count]
    return found or [(parts[0], 1.0)]
