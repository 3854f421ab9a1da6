"""What groups are worth that were filled at random: the reference for those that were looked for.

Conventions
-----------
Similarity is (L, L), row l counts for language l, the diagonal never counts; the objective is that
of `result`. Groups that were looked for are always worth more than random ones; what tells is by
how much, and whether that still grows with their number.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gradsim_core.errors import GroupingError


def random_objectives(similarity: np.ndarray, sizes: Sequence[int], *, draws: int = 200,
                      alone: float = 0.0, seed: int = 0) -> np.ndarray:
    """Objectives of groups of given sizes whose languages were drawn at random.

    Parameters
    ----------
    similarity : (L, L), finite off the diagonal
    sizes : languages in each group, L in all
    alone : score of a language that is alone in its group

    Returns
    -------
    ndarray
        (draws,) float64

    Raises
    ------
    GroupingError
        If the sizes do not hold L languages.

    Examples
    --------
    >>> random_objectives(np.array([[1, .5, .5], [.5, 1, .5], [.5, .5, 1]]), [2, 1], draws=2)
    array([1., 1.])
    """
    n_languages = len(similarity)
    if sum(sizes) != n_languages or min(sizes, default=0) < 1:
        raise GroupingError(f"Groups of {', '.join(map(str, sizes[:12]))} languages do not hold "
                            f"{n_languages} exactly. Change the sizes.")
    weights = np.repeat([1 / (size - 1) if size > 1 else 0.0 for size in sizes], sizes)
    group = np.repeat(np.arange(len(sizes)), sizes)
    shares = np.where(group[:, None] == group, weights[:, None], 0.0)  # (L, L) of places
    np.fill_diagonal(shares, 0.0)
    draw = np.random.default_rng(seed)
    matrix = np.array(similarity, dtype=np.float64)
    np.fill_diagonal(matrix, 0.0)
    found = np.empty(draws)
    for at in range(draws):
        order = draw.permutation(n_languages)
        found[at] = (matrix[np.ix_(order, order)] * shares).sum()
    return found + alone * sum(size == 1 for size in sizes)
