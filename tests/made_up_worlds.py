"""Whole caches that were never computed: studies of real languages with all that pages can show.

Any number of languages, spread over the families of the world, with an experiment, a
correlation and both findings on layers, so that every page has something in every place.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from made_up_correlations import made_up_measures
from made_up_experiments import made_up_experiment, write_experiment
from made_up_findings import made_up_lower_or_higher, made_up_topic_or_language, write_finding
from made_up_studies import made_up_series, write_study

from gradsim_core import Store
from gradsim_core.languages.resolving import resolve, resolve_or_own
from gradsim_core.languages.table import MACROLANGUAGES, table

SMALL, LARGE = "0012000000000012", "0100000000000100"
SEVERAL = ("deu", "spa", "nld", "ita", "swe", "por", "hau", "ibo", "yor", "amh", "arb", "cmn")
"""Twelve languages in five scripts, of five families."""


def world_codes(n: int) -> tuple[str, ...]:
    """Codes of languages whose place, script and branch are known, the same ones each time."""
    whole = [row for row in table().values() if row.latitude and row.script and row.lineage
             and row.code not in MACROLANGUAGES]
    known = [row.code for row in whole if row.iso639_1]
    rest = [row.code for row in whole if not row.iso639_1]
    found = list(dict.fromkeys([*SEVERAL, *known, *rest[::len(rest) // max(1, n)], *rest]))
    assert len(found) >= n, f"the table has {len(found)} such languages"
    return tuple(found[:n])


def write_world(cache: Path, n: int = 12, *, signature: str = SMALL, name: str = "",
                codes: Sequence[str] | None = None,
                names: Mapping[str, str] | None = None) -> Store:
    """Write a study of n languages with an experiment, a correlation and findings on layers.

    Parameters
    ----------
    codes, names : of the languages, where they are not to be the world's
    """
    codes = tuple(codes or world_codes(n))
    called = dict(names or {code: resolve(code).name for code in codes})
    clusters = [(at * 5) % max(2, len(codes) // 4) for at in range(len(codes))]
    noise = {at: 9.0 for at in range(2, len(codes), 12)}
    store = write_study(cache, signature=signature, names=names,
                        name=name or f"{len(codes)} languages",
                        series=made_up_series(clusters, noise=noise, codes=codes))
    write_experiment(store, made_up_experiment(codes, names=called, signature=signature))
    measures = made_up_measures(codes, names=called, signature=signature)
    for one in measures["languages"]:
        one["branch"] = resolve_or_own(one["code"]).branch
    write_finding(store, measures)
    for made_up in (made_up_lower_or_higher, made_up_topic_or_language):
        write_finding(store, made_up(codes, names=called, signature=signature))
    return store
