"""How wrong a run's sketched cosines are, from the sketch itself.

A fold errs by the inner products of different rows of two gradients. What is left of the rows is
their signed sum, and its columns are neighbours as those of the gradient were: so the sum moved
on by some columns stands for another row. Its inner products with the sum as it stands are errors
such as the fold makes. Several lags, drawn at random, give every cosine several samples, and a
block with its many cosines an estimate of their root mean square and of the largest.

Conventions
-----------
Cosines are those of any two rows, all halves of all languages (with very many, of some), of the
sums as they stand. A block no longer than its fold is kept whole and has no error. Rows without
length are left out. An error at a lag is ``(c(lag) + c(-lag)) / sqrt(2)``, as large on average as
the sum over all pairs of rows; lengths err along.

*Largest* is not what is expected of the largest error but what it stays within: every lag has one,
and all but 1 in 100 of them are no larger than what is told. Where only some rows were
taken it is widened by what a normal distribution adds for so many more pairs.

Lags are at least an eighth of the fold: a vector that all tokens share, such as their type's, is
a run of long numbers in the fold, which would meet itself at short ones.

Measured against whole gradients (`benchmarks.sketches`; a pretrained 22M encoder with real text
and the built-in model, sums of two steps, 509 to 16,381 numbers, 6 to 10 draws of the signs): 0.9
to 1.5 times the true root mean square by block, and the largest error within what was told in 96
to 100 of 100 blocks and draws. Embeddings of the built-in model, in which few numbers have a
gradient, are told 0.6 to 15 times the true error, all of them small.
"""

from __future__ import annotations

import math

import torch

from gradsim_core.training.steps import Training

_LAGS = 32
_MOST_ROWS = 140
_WITHIN = 0.99


def sketch_errors(training: Training) -> dict[str, dict[str, float]] | None:
    """Estimate the errors of a sketched run's cosines by block; None where gradients are whole.

    Returns
    -------
    dict
        Block -> "typical", the root mean square, and "largest", which none passes but rarely.

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
    """Root mean square of the errors of the cosines of folded rows, (n, k), and their limit.

    Both are 0 where fewer than two rows have a length.
    """
    n_all = len(rows)
    rows = rows[::-(-n_all // _MOST_ROWS)].cpu()
    n_taken = len(rows)
    length = torch.linalg.vector_norm(rows, dim=1, keepdim=True)
    rows = (rows / length)[length[:, 0] > 0]
    if len(rows) < 2:
        return 0.0, 0.0
    cosines = (rows @ rows.T).double()
    upper = torch.ones_like(cosines, dtype=torch.bool).triu(1)
    generator = torch.Generator().manual_seed(0)
    errors, k = [], rows.shape[1]
    for lag in torch.randint(k // 8 + 1, k - k // 8, (_LAGS,), generator=generator).tolist():
        crossed = (rows @ rows.roll(lag, dims=1).T).double() / 2**0.5
        for sign in (1.0, -1.0):
            gram = cosines + sign * (crossed + crossed.T)
            own = gram.diagonal().clamp(min=0).sqrt()
            found = (gram / own[:, None] / own[None, :] - cosines)[upper]
            errors.append(found[torch.isfinite(found)])
    every = torch.cat(errors)
    largest = torch.stack([one.abs().max() for one in errors if len(one)]).quantile(_WITHIN)
    wider = math.sqrt(math.log(n_all * n_all) / math.log(n_taken * n_taken))
    return float((every**2).mean().sqrt()), wider * float(largest)
