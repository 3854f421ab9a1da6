"""How wrong a run's sketched cosines are, from the sketch itself.

A fold of k numbers is folded once more, to half as many: its columns are paired at random, and the
two of a pair are added, with one sign for all. That makes the errors that a fold of half the size
has over one of the whole, and these are as large as the whole one's own, because the variance of
a fold is as one over its size. Either sign, and several ways to pair, give every cosine several
samples of an error, and a block with its many cosines an estimate of their root mean square and
of the largest.

Conventions
-----------
Cosines are those of any two rows, all halves of all languages (with very many, of some), of the
sums as they stand. A block no longer than its fold is kept whole and has no error. Rows without
length are left out.

Assumed: the columns of a fold have as much to do with each other as the rows that were added
into them (see `sketch_size`). The tests compare the estimate with exact gradients.
"""

from __future__ import annotations

import torch

from gradsim_core.training import Training

_PAIRINGS = 8
_MOST_ROWS = 200


def sketch_errors(training: Training) -> dict[str, dict[str, float]] | None:
    """Estimate the errors of a sketched run's cosines by block; None where gradients are whole.

    Returns
    -------
    dict
        Block -> "typical", the root mean square, and "largest".

    Notes
    -----
    Every process of a run in shards takes part; those that are not process 0 learn of no errors.
    """
    tap = training.tap
    if tap.exact:
        return None
    found = {}
    for (name, block), columns in zip(tap.encoder.blocks.items(), tap.block_slices, strict=True):
        rows = training.shards.gathered(tap.sums[:, columns], len(training.languages))
        if rows is not None:
            whole = sum(parameter.numel() for parameter in block) <= rows.shape[1]
            typical, largest = (0.0, 0.0) if whole else fold_error(rows)
            found[name] = {"typical": round(typical, 5), "largest": round(largest, 5)}
    return found


def fold_error(rows: torch.Tensor) -> tuple[float, float]:
    """Root mean square and largest error of the cosines of folded rows, (n, k).

    Both are 0 where fewer than two rows have a length.
    """
    rows = rows[::-(-len(rows) // _MOST_ROWS)].cpu()
    length = torch.linalg.vector_norm(rows, dim=1, keepdim=True)
    rows = (rows / length)[length[:, 0] > 0].double()
    if len(rows) < 2:
        return 0.0, 0.0
    cosines, half = rows @ rows.T, rows.shape[1] // 2
    upper = torch.ones_like(cosines, dtype=torch.bool).triu(1)
    generator = torch.Generator().manual_seed(0)
    errors = []
    for _ in range(_PAIRINGS):
        order = torch.randperm(rows.shape[1], generator=generator)
        crossed = rows[:, order[:half]] @ rows[:, order[half:2 * half]].T
        for sign in (1.0, -1.0):
            gram = cosines + sign * (crossed + crossed.T)
            own = gram.diagonal().clamp(min=0).sqrt()
            found = (gram / own[:, None] / own[None, :] - cosines)[upper]
            errors.append(found[torch.isfinite(found)])
    every = torch.cat(errors)
    largest = torch.stack([one.abs().max() for one in errors if len(one)])
    return float((every**2).mean().sqrt()), float(largest.median())
