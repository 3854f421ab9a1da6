"""Made-up languages in families, and tables of what lies between them: for `type_one`.

A language stands near the centre of its family, and two languages are the nearer, the less far
apart they stand. So the pairs of one language, and of one family, are alike in everything: what a
plain p over pairs takes for many observations is few.
"""

from __future__ import annotations

import numpy as np

_DIMENSIONS = 3
_WITHIN = 0.7  # spread of a family's languages; that of the centres is 1


def families(n_languages: int, draw: np.random.Generator, n_families: int = 4) -> np.ndarray:
    """The family of each language, none of them promised to anyone."""
    return draw.integers(n_families, size=n_languages)


def nearness(member: np.ndarray, draw: np.random.Generator,
             centres: np.ndarray | None = None) -> np.ndarray:
    """(L, L) minus the distances of languages around their families' centres (drawn if None)."""
    if centres is None:
        centres = draw.normal(size=(member.max() + 1, _DIMENSIONS))
    at = centres[member] + _WITHIN * draw.normal(size=(len(member), centres.shape[1]))
    return -np.linalg.norm(at[:, None] - at[None], axis=2)


def symmetric_noise(n: int, draw: np.random.Generator) -> np.ndarray:
    noise = draw.normal(size=(n, n))
    return (noise + noise.T) / np.sqrt(2)


def directed(table: np.ndarray, draw: np.random.Generator, *, effects: float = 1.0,
             noise: float = 0.5) -> np.ndarray:
    """A table with effects of sources and of targets on top, and noise of single cells."""
    n = len(table)
    return (table + effects * draw.normal(size=(n, 1)) + effects * draw.normal(size=(1, n))
            + noise * draw.normal(size=(n, n)))


def related(n_languages: int, strength: float, draw: np.random.Generator,
            centres: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
    """A noisy similarity and a directed transfer that both depend on how near languages are."""
    near = nearness(families(n_languages, draw), draw, centres)
    return (near + 0.35 * symmetric_noise(n_languages, draw),
            directed(strength * near, draw, noise=0.6))
