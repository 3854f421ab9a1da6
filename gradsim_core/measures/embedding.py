"""Embedding similarity: how near two languages' sentences lie inside an encoder, layer by layer.

`embeddings.study_embeddings(prepared)` gives the states; then one call each:
``cosine_gap(states)`` is the measure ``embedding.cosine``, ``csls(states)`` is ``embedding.csls``.

Conventions
-----------
A sentence's state at a layer is a vector x. At every layer the mean over languages of their mean
states is taken out first, because encoders' states share a few large directions that would make
every cosine about 1; then every state is scaled to length 1. Row i of a language is in half
i % 2, and each half gives the measure by itself, from its own centre on. A measure's values are
the plain mean over all layers, the output of the embeddings included: no layer is chosen after
the scores are known. The sentences need not be translations of each other.

cosine gap(l, m)
    mean cosine of a sentence of l and one of m, less the mean cosine of two different sentences
    of l, and of m (half each). 0: the two languages' sentences lie as if they were one language's;
    the farther below, the farther apart. It is minus half the squared distance of the two clouds
    of unit vectors (their maximum mean discrepancy with the cosine as kernel, estimated without
    bias; Gretton et al. 2012, JMLR 13).
CSLS(l, m)
    for each sentence x of l the mean of 2 cos(x, y) - r(x) - r(y) over its 10 best sentences y of
    m; the mean over x; and the mean of both directions. r(x) is how near x lies to any language:
    the mean, over all other languages, of its mean cosine with its 10 nearest sentences there.
    What is near everything (a hub) is near nothing in particular.

Sources: mPLM-Sim (Lin et al. 2024, Findings of EACL) takes the mean cosine of mean-pooled parallel
sentences, layer by layer; here the sentences are the study's own, so pairs are all pairs, and what
the sentences of one language have in common is measured and taken off. CSLS: Conneau et al. 2018
(ICLR), with k = 10, for two sets of words; here r averages over all other languages, so that one
scale holds for all pairs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from gradsim_core.errors import DataError
from gradsim_core.measures.measure import Measure

NEIGHBOURS = 10
"""Nearest sentences that count in CSLS, as in Conneau et al. 2018."""

FEWEST = 4
"""Sentences that a language must have: two in each half."""

_SOURCE = ("mean-pooled states of the study's model before training, over the study's training "
           "text")

_Read = Callable[[Sequence[np.ndarray]], np.ndarray]


@dataclass(frozen=True, eq=False)
class SentenceStates:
    """Sentences of several languages inside an encoder.

    Attributes
    ----------
    languages : codes, L of them
    layers : names in depth order, N of them: the blocks whose output the states are
    states : one array a language, (N, n_sentences, n_dimensions); row i is in half i % 2
    note : which model, how many sentences, what was left out
    """

    languages: tuple[str, ...]
    layers: tuple[str, ...]
    states: tuple[np.ndarray, ...]
    note: str = ""

    def __post_init__(self) -> None:
        for code, array in zip(self.languages, self.states, strict=True):
            if array.ndim != 3 or len(array) != len(self.layers) or array.shape[1] < FEWEST:
                raise DataError(f"Language {code!r}: its states have the shape {array.shape}, but "
                                f"({len(self.layers)}, sentences, dimensions) with at least "
                                f"{FEWEST} sentences are needed. Leave the language out.")


def cosine_gap(states: SentenceStates) -> Measure:
    """How much nearer two sentences of one language are than two of different ones, negated."""
    return _measure("embedding.cosine", "Embedding cosine gap", states, _gaps,
                    f"Cosine gap of {_SOURCE} (after Lin et al. 2024, mPLM-Sim)")


def csls(states: SentenceStates) -> Measure:
    """Nearness of two languages' sentences, corrected for how near each is to all languages."""
    return _measure("embedding.csls", "Embedding CSLS", states, _csls,
                    f"CSLS of {_SOURCE} (after Conneau et al. 2018)")


def _measure(name: str, title: str, states: SentenceStates, read: _Read, source: str) -> Measure:
    def by_layer(rows: slice) -> np.ndarray:
        return np.stack([read(_units([array[layer, rows] for array in states.states]))
                         for layer in range(len(states.layers))])

    whole = by_layer(slice(None))
    halves = np.stack([by_layer(slice(half, None, 2)) for half in (0, 1)])
    return Measure(name, title, states.languages, whole.mean(axis=0), source,
                   " ".join(filter(None, [f"Mean over all {len(states.layers)} layers.",
                                          states.note])),
                   states.layers, whole, halves.mean(axis=1), halves)


def _units(rows: Sequence[np.ndarray]) -> list[np.ndarray]:
    """Sentences as unit vectors from the centre of the languages' means; one at it stays zero."""
    centre = np.mean([one.mean(axis=0, dtype=np.float64) for one in rows], axis=0)
    units = []
    for one in rows:
        away = one - centre
        length = np.linalg.norm(away, axis=1, keepdims=True)
        units.append(np.divide(away, length, where=length > 0, out=np.zeros_like(away)))
    return units


def _gaps(units: Sequence[np.ndarray]) -> np.ndarray:
    """Mean cosines across languages less those within: (L, L)."""
    sums = np.stack([one.sum(axis=0) for one in units])
    counts = np.array([len(one) for one in units], dtype=float)
    products = sums @ sums.T
    with_itself = np.array([(one ** 2).sum() for one in units])
    within = (np.diagonal(products) - with_itself) / (counts * (counts - 1))
    return products / np.outer(counts, counts) - (within[:, None] + within) / 2


def _csls(units: Sequence[np.ndarray]) -> np.ndarray:
    """CSLS of every pair of languages: (L, L), NaN on the diagonal."""
    n = len(units)
    narrow = [one.astype(np.float32) for one in units]  # half the time; the best 10 are averaged
    to_all = [np.zeros(len(one)) for one in units]
    for i, j in zip(*np.triu_indices(n, 1), strict=True):
        cosines = narrow[i] @ narrow[j].T
        to_all[i] += _mean_of_best(cosines) / (n - 1)
        to_all[j] += _mean_of_best(cosines.T) / (n - 1)
    found = np.full((n, n), np.nan)
    for i, j in zip(*np.triu_indices(n, 1), strict=True):
        scores = 2 * (narrow[i] @ narrow[j].T) - to_all[i][:, None] - to_all[j]
        there, back = _mean_of_best(scores).mean(), _mean_of_best(scores.T).mean()
        found[i, j] = found[j, i] = (there + back) / 2
    return found


def _mean_of_best(scores: np.ndarray) -> np.ndarray:
    """Mean of the NEIGHBOURS largest numbers of each row (of all, where there are fewer)."""
    k = min(NEIGHBOURS, scores.shape[1])
    best = np.partition(scores, scores.shape[1] - k, axis=1)[:, -k:]
    return best.mean(axis=1, dtype=np.float64)
