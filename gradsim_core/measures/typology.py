"""Typology: how alike languages are in syntax, sounds and descent, by URIEL's features.

Conventions
-----------
The similarity is 1 minus the angular distance 2/pi · arccos(cosine) of two languages' features,
over the features that are known of both, as in URIEL+. A language with none of the features that
are compared counts as a vector of equal small numbers, as there. Other than there, a pair needs
twenty features known of both to have a value: by eleven, Tsonga would be farther from Swahili, a
Bantu language like itself, than from Portuguese.

Sources
-------
Khan et al., "URIEL+: Enhancing Linguistic Inclusion and Usability in a Typological and
Multilingual Knowledge Base", COLING 2025 (distance); Littell et al., EACL 2017 (features).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gradsim_core.measures.measure import Measure

FEWEST_SHARED = 20

TITLES = {"syntactic": "Typology: syntax", "phonological": "Typology: phonology",
          "inventory": "Typology: sound inventory", "featural": "Typology: all features",
          "genetic": "Typology: genealogy by URIEL"}


def typology(kind: str, codes: Sequence[str], features: np.ndarray,
             agreement: np.ndarray | None = None, version: str = "") -> Measure:
    """Compare languages by their features.

    Parameters
    ----------
    kind : a name in TITLES
    codes : L of them
    features : (L, F): 0, 1, or NaN where unknown
    agreement : (L,) how far the sources of each language's features agree, for the note
    version : of the data, for the source

    Returns
    -------
    Measure
        Symmetric, 0 to 1; NaN for pairs of which too little is known. The note tells how much is
        known, and how far sources agree.
    """
    values, shared = angular_similarity(features)
    values = np.where(shared >= FEWEST_SHARED, values, np.nan)
    return Measure(f"typology.{kind}", TITLES[kind], tuple(codes), values,
                   f"URIEL through urielplus {version} (CC BY-SA 4.0); Khan et al., COLING 2025",
                   _confidence(codes, features, shared, agreement))


def angular_similarity(features: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Compare rows over what is known of both.

    Parameters
    ----------
    features : (L, F), NaN where unknown

    Returns
    -------
    similarity : (L, L), 0 to 1 for features of 0 and 1; NaN where nothing is known of both
    shared : (L, L), number of features known of both
    """
    known = np.isfinite(features).astype(np.float64)
    filled = np.nan_to_num(features)
    shared = known @ known.T
    length = np.sqrt(filled**2 @ known.T)  # [l, m]: of l's features over those known of both
    empty, other_empty = length == 0, length.T == 0
    # A vector of zeros stands for one of equal numbers: its inner product is a sum.
    totals = filled @ known.T
    inner = np.where(empty & other_empty, shared, np.where(
        empty, totals.T, np.where(other_empty, totals, filled @ filled.T)))
    even = np.sqrt(shared)
    scale = np.where(empty, even, length) * np.where(other_empty, even, length.T)
    cosine = np.divide(inner, scale, where=scale > 0, out=np.full(inner.shape, np.nan))
    return 1 - 2 * np.arccos(np.clip(cosine, -1, 1)) / np.pi, shared


def _confidence(codes: Sequence[str], features: np.ndarray, shared: np.ndarray,
                agreement: np.ndarray | None) -> str:
    """What is known, and how far sources agree, in a sentence each."""
    pairs = shared[~np.eye(len(codes), dtype=bool)]
    unknown = [code for code, row in zip(codes, features, strict=True)
               if not np.isfinite(row).any()]
    said = [f"Of {features.shape[1]:,} features {np.median(pairs):,.0f} are known of both "
            f"languages of a pair (median; {pairs.min():,.0f} to {pairs.max():,.0f}; at least "
            f"{FEWEST_SHARED} are asked for)."
            ] if pairs.size else []
    if agreement is not None and np.isfinite(agreement).any():
        said.append(f"Where several sources tell a feature, {np.nanmean(agreement):.0%} of them "
                    "agree.")
    if unknown:
        said.append(f"Nothing is known of: {', '.join(unknown)}.")
    return " ".join(said)
