"""How much room keeping weights takes, known before a run."""

from __future__ import annotations

from collections.abc import Sequence

from gradsim_core.gradients.increments import increment_bytes, increment_steps
from gradsim_core.gradients.sketch_size import sketch_size_of
from gradsim_core.study import Study


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
    return ((study.snapshots + 1) * sum(widths) * 4
            + study.snapshots * 2 * n_languages * sum(folded) * 4
            + increment_bytes(n, n_languages, tapped)[1])
