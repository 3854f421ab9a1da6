"""Genealogy: how much of their lines of descent two languages share.

Conventions
-----------
A language's path is its lineage, from the family down to its parent, and the language itself. The
similarity of two is 2 · shared / (depth + depth'): depths are nodes of the paths, shared are the
nodes that both paths begin with. It is 0 between families, and 1 between two varieties of one
language. An isolate is a family of its own; a language whose lineage is unknown has no value.

Sources
-------
Wu and Palmer, "Verb semantics and lexical selection", ACL 1994 (similarity of two nodes of a
tree); the tree is Glottolog's, as in `gradsim_core.languages.table`. Branches that scholars split
finely have deep paths: dividing by the mean depth of the two answers for that in part.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import takewhile

import numpy as np

from gradsim_core.languages.resolving import Language
from gradsim_core.measures.measure import Measure

SOURCE = ("Glottolog's genealogy (CC BY 4.0) through qwanqwa 1.2.1; path similarity of Wu and "
          "Palmer, ACL 1994")


def family(languages: Sequence[Language]) -> Measure:
    """Compare languages by their genealogy.

    Returns
    -------
    Measure
        Symmetric, from 0 (no known relation) to 1 (one language); NaN where a lineage is unknown.
    """
    values = np.array([[shared_path(one, other) for other in languages] for one in languages])
    values = values.reshape(len(languages), len(languages))
    unknown = [one.name for one in languages if not one.lineage]
    note = f"No lineage is known of: {', '.join(unknown)}." if unknown else ""
    return Measure("family", "Genealogy", tuple(one.code for one in languages), values, SOURCE,
                   note)


def shared_path(one: Language, other: Language) -> float:
    """Share of two languages' paths that is common to both; NaN if a lineage is unknown.

    Examples
    --------
    >>> german = Language("deu", "German", "deu", lineage=("Indo-European", "Germanic"))
    >>> spanish = Language("spa", "Spanish", "spa", lineage=("Indo-European", "Italic", "Romance"))
    >>> shared_path(german, spanish)  # 2 · 1 / (3 + 4)
    0.2857142857142857
    """
    if not one.lineage or not other.lineage:
        return float("nan")
    paths = [(*it.lineage, it.iso639_3 or it.code) for it in (one, other)]
    shared = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(*paths, strict=False)))
    return 2 * shared / (len(paths[0]) + len(paths[1]))
