"""Similarities from gradients that are there already: Grams, folds, calls, random projections.

What TRAK and dattri project is looked for in ``.venv-peers`` (see `peers`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import torch

from benchmarks.growth import WIDTH, made_work
from benchmarks.loops import LOOPS
from benchmarks.turns import turns
from gradsim_core.data import Corpus
from gradsim_core.gradients.folding import fold_rows, fold_signs
from gradsim_core.gradients.tap import block_gram

PROJECTED = 512


def from_gradients(corpus: Corpus, runs: int) -> list[dict[str, Any]]:
    """Similarities of 12 languages' halves from their gradients, which are there already."""
    work = made_work(corpus, 12, 8)
    tap = replace(work.training.tap, exact=True)
    work.training.tap = tap
    work.training.increments.steps = ()
    LOOPS["ours"](work, True)
    gradients, widths = tap.step, [sum(one.numel() for one in block)
                                   for block in work.encoder.blocks.values()]
    ends = np.cumsum(widths)
    parts = [slice(int(end - width), int(end)) for end, width in zip(ends, widths, strict=True)]
    ways: dict[str, tuple[str, Callable[[], Any]]] = {
        "Grams by block, whole gradients": ("ours", lambda: [
            block_gram(gradients[:, part]) for part in parts]),
        **{f"fold to {size:,} by block, Grams": ("ours", partial(_folded, gradients, parts, size))
           for size in (WIDTH, PROJECTED)},
        "a cosine call a pair and block": ("usual", lambda: _calls(gradients, parts)),
        "one float32 product": ("limit", lambda: [gradients @ gradients.T]),
        **_projections(gradients)}
    exact = _cosines(gradients.double() @ gradients.double().T)
    errors = {}
    for name, (_, act) in ways.items():
        found = act()
        if isinstance(found, list):
            whole = sum(torch.as_tensor(one, dtype=torch.float64) for one in found)
            wrong = (_cosines(whole) - exact)[np.triu_indices(len(exact), 1)]
            errors[name] = f"RMSE {np.sqrt((wrong ** 2).mean()):.4f}, worst {abs(wrong).max():.4f}"
    return turns(f"similarity of 12 languages (24 halves) from gradients of "
                 f"{gradients.shape[1]:,} numbers in {len(parts)} blocks", ways, runs, errors)


def _folded(gradients: torch.Tensor, parts: list[slice], size: int) -> list[np.ndarray]:
    return [block_gram(fold_rows(gradients[:, part], fold_signs(part.stop - part.start, size, i),
                                 size)) for i, part in enumerate(parts)]


def _calls(gradients: torch.Tensor, parts: list[slice]) -> tuple[float, ...]:
    return tuple(float(torch.nn.functional.cosine_similarity(
        gradients[i, part], gradients[j, part], dim=0))
        for part in parts for i in range(len(gradients)) for j in range(i))


def _projections(gradients: torch.Tensor) -> dict[str, tuple[str, Callable[[], Any]]]:
    """What is installed of TRAK's and dattri's projectors; says what is not."""
    found: dict[str, tuple[str, Callable[[], Any]]] = {}
    n_rows, width = gradients.shape
    device = torch.device("cpu")

    def product(rows: torch.Tensor) -> list[torch.Tensor]:
        return [rows @ rows.T]

    try:
        from trak.projectors import BasicProjector, ProjectionType

        def traked() -> list[torch.Tensor]:
            projector = BasicProjector(width, PROJECTED, 0, ProjectionType.rademacher, device)
            return product(projector.project(gradients.clone(), 0))

        found[f"TRAK BasicProjector, {PROJECTED} numbers"] = "peer", traked
    except ImportError as error:
        print(f"traker does not run here ({error}); see the head of benchmarks/peers.py")
    try:
        from dattri.func.projection import random_project

        def dattried() -> list[torch.Tensor]:
            project = random_project(gradients, n_rows, PROJECTED, 32, proj_type="rademacher")
            return product(project(gradients))

        found[f"dattri random_project, {PROJECTED} numbers"] = "peer", dattried
    except ImportError as error:
        print(f"dattri does not run here ({error}); see the head of benchmarks/peers.py")
    return found


def _cosines(gram: torch.Tensor) -> np.ndarray:
    length = gram.diagonal().sqrt()
    return (gram / length[:, None] / length[None, :]).numpy()
