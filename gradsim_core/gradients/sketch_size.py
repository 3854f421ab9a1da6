"""How many numbers a sketch needs for an error, and how large an error it leaves room for.

A fold adds rows of k numbers with random signs (see `folding`). The inner product of two folds is
the true one plus, for every two rows r ≠ r', the inner product of row r of the one gradient with
row r' of the other, with a random sign. Where different rows of a gradient have no more to do with
each other than random directions, each such term is about ``|x_r| |y_r'| / sqrt(k)`` and all of
them together ``|x| |y| / sqrt(k)``; divided by the lengths, whose errors go along, the standard
deviation of a cosine c is ``(1 - c²) / sqrt(k)``, as that of a correlation of k pairs of numbers.

Conventions
-----------
The *error* is the largest of any cosine of two halves of two languages, in any block and at any
snapshot: N of them. With a tail no heavier than the normal distribution's, all are within
``sqrt(2 ln(2 N / 0.05) / k)`` in 19 draws of the signs of 20 (a union bound, which takes N cosines
for N independent chances and so is wide: they are not).

The signs of the pattern make rows strange to each other whatever they were (see `folding`), but
not their columns: where few numbers of a gradient are long, fewer than k share its length. So the
bound is taken EXCESS times as wide; k is odd and has no divisor but itself, which keeps its rows
from falling together with those of weight matrices; and the error is estimated anew from every
run (see `sketch_error`).

Measured (`benchmarks.sketches`), the largest error of several draws over the bound without EXCESS:
0.7 to 0.8 for a pretrained 22M encoder with real text, 6 languages, 2 steps and 1,021 to 16,381
numbers (root mean square 0.0063 for 16,381, where the formula allows 0.0078), and 0.7 to 0.9 for
the built-in model. Corrected similarities divide by what two halves share, and magnify errors by
as much.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from gradsim_core.errors import StudyError
from gradsim_core.study import Study

FOLD_VERSION = 2
"""Of the signs of folds (see `folding`): sketches under other signs do not go together."""

RISK = 0.05
"""Chance that some cosine of a run is off by more than its error."""

EXCESS = 1.5
"""The bound is so many times that of random rows; the largest measured was 0.9 times it."""

MOST = 2**24


def sketch_size_of(study: Study, n_languages: int, n_blocks: int) -> int:
    """Numbers a block that a study's sketch keeps: as it says, or as its error asks.

    Raises
    ------
    StudyError
        If the error asks for more numbers than a sketch may have.
    """
    if study.sketch_error is None:
        return study.sketch_size
    return size_for_error(study.sketch_error, n_cosines(n_languages, n_blocks, study.snapshots))


def n_cosines(n_languages: int, n_blocks: int, n_snapshots: int) -> int:
    """Cosines of two halves that a run records, over blocks and snapshots."""
    return n_languages * (2 * n_languages - 1) * n_blocks * n_snapshots


def error_bound(size: int, cosines: int) -> float:
    """Error that none of the cosines passes, up to RISK, under what the module assumes."""
    return EXCESS * math.sqrt(2 * math.log(2 * cosines / RISK) / size)


def size_for_error(error: float, cosines: int) -> int:
    """The smallest prime number of a block's numbers whose `error_bound` is within an error.

    Raises
    ------
    StudyError
        If that is more than a sketch may have.
    """
    size = max(67, math.ceil(EXCESS**2 * 2 * math.log(2 * cosines / RISK) / error**2))
    if size > MOST:
        raise StudyError(f"sketch_error {error:g} asks for {size:,} numbers a block, more than the "
                         f"{MOST:,} that a sketch may have. Raise it, or set gradients to exact.")
    while not _is_prime(size):
        size += 1
    return size


def _is_prime(number: int) -> bool:
    return all(number % divisor for divisor in range(2, math.isqrt(number) + 1))


def sketch_sentence(facts: Mapping[str, Any]) -> str | None:
    """What the facts of a run say of its sketch; None where gradients are whole."""
    if facts["mode"] == "exact":
        return None
    said = f"{facts['sketch_size']:,} numbers a block stand for its gradient"
    errors = facts.get("sketch_error")
    if not errors:
        return f"{said[0].upper()}{said[1:]}."
    typical = max(one["typical"] for one in errors.values())
    block, largest = max(((name, one["largest"]) for name, one in errors.items()),
                         key=lambda pair: pair[1])
    if not largest:
        return f"{said}, all of it."
    return (f"{said}: cosines are off by about {typical:.4f}, and in 19 runs of 20 none by more "
            f"than {largest:.3f} ({block}), as estimated from the sketch itself.")
