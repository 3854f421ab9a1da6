"""What the gradients add between two points of a training run, kept so that they can be resampled.

The sums of gradients are made of increments. Drawing increments anew, with repetition, needs the
inner products of any two of them, not only those of the sums. So at evenly spaced points the sums
are folded (see `gradients`) to a few thousand numbers a block, and in the end the differences of
neighbouring points give the cross-Grams.

Conventions
-----------
Rows as in `gradients`: ``2 * l + h`` is half h of language l. The cross-Grams of increments a <= b
stand one after the other, a first: (0, 0), (0, 1), … (0, n-1), (1, 1), …; each is
(n_blocks, 2L, 2L) float32, its rows those of a. The points hold every snapshot, or, where memory
is short, some; with fewer than `FEWEST` there is nothing to resample and none are kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations_with_replacement

import numpy as np
import torch

from gradsim_core.gradients.folding import fold_rows, fold_signs
from gradsim_core.gradients.tap import Tap
from gradsim_core.training.shards import Shards
from gradsim_core.training.shelf import Shelf

MOST, FEWEST = 16, 4
"""Increments of a run; a bootstrap over fewer would know too few combinations."""

FOLDED = 4_093
"""Numbers kept of a block at each point."""

GRAMS_BYTES = 128 * 2**20
POINTS_BYTES = 512 * 2**20


def increment_steps(steps: int, snapshots: int, n_languages: int,
                    widths: Sequence[int]) -> tuple[int, ...]:
    """Steps (from 1) that end an increment; empty where too few would fit.

    Parameters
    ----------
    snapshots : of the study; their number divides that of the increments, or is divided by it
    widths : numbers of each block that the tap keeps
    """
    def fits(n: int) -> bool:
        grams, points = increment_bytes(n, n_languages, widths)
        return n <= min(MOST, steps) and grams <= GRAMS_BYTES and points <= POINTS_BYTES

    numbers = [n for n in range(FEWEST, MOST + 1)
               if (n % snapshots == 0 or snapshots % n == 0) and fits(n)]
    return tuple(round(steps * (i + 1) / n) for n in numbers[-1:] for i in range(n))


def increment_bytes(n_increments: int, n_languages: int, widths: Sequence[int]) -> tuple[int, int]:
    """Bytes of the cross-Grams, and of the folded points while a run is under way."""
    grams = n_increments * (n_increments + 1) // 2 * len(widths) * (2 * n_languages) ** 2 * 4
    return grams, n_increments * 2 * n_languages * sum(min(one, FOLDED) for one in widths) * 4


class IncrementLog:
    """Folded sums at the points of a run.

    Attributes
    ----------
    steps : that end an increment
    points : folded sums after each of those steps that has been reached: (2L, k) float32 arrays,
        one a block, those of a step after each other; so none of them is large
    """

    def __init__(self, tap: Tap, steps: int, snapshots: int, seed: int) -> None:
        widths = [part.stop - part.start for part in tap.block_slices]
        self.steps = increment_steps(steps, snapshots, tap.n_languages, widths)
        self.points = Shelf()
        self._tap = tap
        self._signs = [fold_signs(width, FOLDED, seed + 1 + i) for i, width in enumerate(widths)]

    def record(self, step: int) -> None:
        """Fold the sums as they stand after a step, if it ends an increment."""
        if step not in self.steps:
            return
        sums = self._tap.sums
        for part, signs in zip(self._tap.block_slices, self._signs, strict=True):
            self.points.append(
                fold_rows(sums[:, part], signs.to(sums.device), FOLDED).cpu().numpy())

    def n_arrays(self, step: int) -> int:
        """How many arrays the points are once a step has been done."""
        return sum(end <= step for end in self.steps) * len(self._signs)

    def whole_points(self) -> list[np.ndarray]:
        """The points with all blocks beside each other: (2L, D) each."""
        n = len(self._signs)
        return [np.concatenate([self.points[i + block] for block in range(n)], axis=1)
                for i in range(0, len(self.points), n)]

    def gather(self, shards: Shards) -> None:
        """Bring the points of all processes together in process 0."""
        if shards.grouped:
            met = [shards.gathered(torch.from_numpy(point), self._tap.n_languages)
                   for point in self.points]
            self.points = Shelf(point.numpy() for point in met if point is not None)

    def grams(self) -> np.ndarray:
        """Cross-Grams of the increments: (n_pairs, n_blocks, 2L, 2L) float32."""
        n_rows, n_blocks = 2 * self._tap.n_languages, len(self._signs)
        n = len(self.points) // n_blocks
        found = np.empty((n * (n + 1) // 2, n_blocks, n_rows, n_rows), np.float32)
        for block in range(n_blocks if n else 0):
            increments = torch.from_numpy(
                np.stack([self.points[i * n_blocks + block] for i in range(n)]))
            for i in range(n - 1, 0, -1):  # in place: there may be much of it
                increments[i] -= increments[i - 1]
            for number, (a, b) in enumerate(combinations_with_replacement(increments, 2)):
                found[number, block] = (a.double() @ b.double().T).float().numpy()
        return found
