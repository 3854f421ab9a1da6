"""At which steps weights are kept, and how much room that takes, known before a run.

Between two steps whose weights are kept, a newcomer's gradients are taken on the straight line (see
`newcomer`). So the weights of a small model, which take little room, are kept more often than at
its snapshots: at every step, where that fits.
"""

from __future__ import annotations

from collections.abc import Sequence

from gradsim_core.gradients.increments import increment_bytes, increment_steps
from gradsim_core.gradients.sketch_size import sketch_size_of
from gradsim_core.study import Study, snapshot_steps

WEIGHTS_BYTES = 256 * 2**20
"""Weights beyond those of the snapshots are kept while all take no more than this."""


def weights_steps(study: Study, n_parameters: int) -> tuple[int, ...]:
    """Steps whose weights are kept: the start (0), all snapshots, and more while they are small."""
    recorded = snapshot_steps(study.steps, study.snapshots)
    room = WEIGHTS_BYTES // (4 * n_parameters) - 1  # beside the start
    for n in range(min(study.steps, room), study.snapshots, -1):
        steps = recorded | snapshot_steps(study.steps, n)
        if len(steps) <= room:
            return (0, *sorted(steps))
    return (0, *sorted(recorded))


def kept_bytes(study: Study, n_languages: int, widths: Sequence[int], *, exact: bool) -> int:
    """Bytes that a study with keep_weights keeps besides its results.

    Parameters
    ----------
    widths : trained parameters of each block
    exact : whether the study takes whole gradients
    """
    size = sketch_size_of(study, n_languages, len(widths))
    folded = [min(width, size) for width in widths]
    tapped = list(widths) if exact else folded
    n = len(increment_steps(study.steps, study.snapshots, n_languages, tapped))
    return (len(weights_steps(study, sum(widths))) * sum(widths) * 4
            + study.snapshots * 2 * n_languages * sum(folded) * 4
            + increment_bytes(n, n_languages, tapped)[1])
