"""Slow and obvious twins of the gradient engine: one row at a time, float64, no tricks."""

from __future__ import annotations

import copy

import numpy as np
import torch
from torch.nn import functional

from gradsim_core.encoder.encoding import IGNORE
from gradsim_core.training.batches import rows_at


def ref_step_gradients(encoder, encoded, languages, step, batch_size, seed):
    """One flat float64 gradient a (language, half) and block: list over blocks of (2L, n)."""
    model = copy.deepcopy(encoder.model).double().eval()
    parameter_of = dict(zip(
        [id(p) for p in encoder.model.parameters()], model.parameters(), strict=True))
    rows = []
    for code in languages:
        for half in (0, 1):
            chosen = rows_at(len(encoded[code]), step, batch_size // 2, seed, code, half)
            model.zero_grad()
            total, count = 0.0, 0
            for row in chosen:
                ids = torch.tensor(encoded[code].ids[row].astype(np.int64))[None]
                labels = torch.tensor(encoded[code].labels[row]).reshape(-1)
                logits = model(input_ids=ids).logits.reshape(-1, model.config.num_labels)
                total = total + functional.cross_entropy(
                    logits, labels, ignore_index=IGNORE, reduction="sum")
                count += int((labels != IGNORE).sum())
            (total / count).backward()
            rows.append([
                np.concatenate([_gradient(parameter_of[id(p)]) for p in block])
                for block in encoder.blocks.values()])
    return [np.stack([row[b] for row in rows]) for b in range(len(encoder.blocks))]


def _gradient(parameter):
    grad = parameter.grad
    return np.zeros(parameter.numel()) if grad is None else grad.reshape(-1).numpy().copy()


def ref_cosines(rows):
    """Cosine of every pair of rows, one pair at a time."""
    n = len(rows)
    result = np.full((n, n), np.nan)
    for i in range(n):
        for j in range(n):
            length = np.sqrt((rows[i] @ rows[i]) * (rows[j] @ rows[j]))
            if length > 0:
                result[i, j] = (rows[i] @ rows[j]) / length
    return result
