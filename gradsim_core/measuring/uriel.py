"""URIEL's features of languages, from the arrays that the optional package urielplus ships.

Conventions
-----------
Features are 0 or 1, and NaN where no source says; where sources differ, 1 if any says so (the
package's own union). Languages are found by ISO 639-3 code; one that URIEL has nothing on under
its own code is looked up under its macrolanguage's.

The package's arrays are read, and its code is not run: at its first use that code writes into
the place where it is installed, sets the level of everybody's logging and logs each call. The
further sources that it can take in (Grambank, APiCS, eWAVE) are therefore not in: that takes a
minute and gigabytes each time.

Sources
-------
Khan et al., "URIEL+", COLING 2025; Littell et al., "URIEL and lang2vec", EACL 2017. The data are
CC BY-SA 4.0; they come with the package and are no part of this one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib import metadata, util
from pathlib import Path

import numpy as np

from gradsim_core.errors import DataError, choice
from gradsim_core.languages.resolving import Language
from gradsim_core.languages.table import MACROLANGUAGES

KINDS = {"syntactic": ("features", "S_"), "phonological": ("features", "P_"),
         "inventory": ("features", "INV_"), "featural": ("features", ""),
         "genetic": ("family_features", "")}
"""Kind -> file of the package, and how its features' names begin."""

_INSTALL = 'pip install "gradsim[typology]"'


@dataclass(frozen=True)
class Features:
    """Features of some languages.

    Attributes
    ----------
    values : (L, F) float64: 0, 1, or NaN where no source says
    agreement : (L,) share of a feature's sources that say the same, mean over the features that
        have several; NaN where none has
    version : of the package
    """

    values: np.ndarray
    agreement: np.ndarray
    version: str


def uriel_version() -> str | None:
    """The version of urielplus that is installed, or None."""
    try:
        return metadata.version("urielplus")
    except metadata.PackageNotFoundError:
        return None


def uriel_features(kind: str, languages: Sequence[Language]) -> Features:
    """Read the features of one kind.

    Raises
    ------
    DataError
        If the kind is unknown, or the package is not installed or lays its data out otherwise.
    """
    if kind not in KINDS:
        raise DataError(choice("Kind of typology", kind[:40], KINDS))
    version = uriel_version()
    if version is None:
        raise DataError("Typology needs the package urielplus, which is not installed: "
                        f"{_INSTALL}.")
    name, start = KINDS[kind]
    rows, names, data = _arrays(name, version)
    chosen = np.char.startswith(names, start)
    macro = {one: several for several, one in MACROLANGUAGES.items()}
    values = np.full((len(languages), int(chosen.sum())), np.nan)
    agreement = np.full(len(languages), np.nan)
    for i, language in enumerate(languages):
        code = language.iso639_3 or ""
        for spelling in (code, macro.get(code, "")):
            if spelling in rows and (data[rows[spelling]][chosen] >= 0).any():
                values[i], agreement[i] = _union(data[rows[spelling]][chosen])
                break
    return Features(values, agreement, version)


def _union(sources: np.ndarray) -> tuple[np.ndarray, float]:
    """What any source says (F,), and how far sources agree, from (F, sources)."""
    known = sources >= 0
    count, ones = known.sum(axis=1), (sources * known).sum(axis=1)
    several = count > 1
    share = np.maximum(ones, count - ones)[several] / count[several]
    agreement = float(share.mean()) if several.any() else float("nan")
    return np.where(count > 0, sources.max(axis=1), np.nan), agreement


@lru_cache(maxsize=2)
def _arrays(name: str, version: str) -> tuple[dict[str, int], np.ndarray, np.ndarray]:
    """Code -> row, names of features, and the data (languages, features, sources); -1 unknown."""
    found = util.find_spec("urielplus")
    folder = Path(found.origin).parent if found and found.origin else Path()
    path = folder / "database" / "original_uriel" / f"{name}.npz"
    try:
        with np.load(path, allow_pickle=False) as arrays:
            codes, names, data = arrays["langs"], arrays["feats"], arrays["data"]
    except (OSError, KeyError, ValueError) as error:
        raise DataError(f"The package urielplus {version} does not hold its data as expected "
                        f"({path.name}: {type(error).__name__}). Install the version that GradSim "
                        f"was tested with: {_INSTALL}.") from None
    return {str(code): row for row, code in enumerate(codes)}, names, data
