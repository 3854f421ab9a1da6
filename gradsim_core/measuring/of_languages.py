"""Measures that need nothing but the languages: genealogy, place and typology."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from gradsim_core.errors import DataError, choice
from gradsim_core.languages.resolving import Language
from gradsim_core.measures import Measure
from gradsim_core.measures.family import family
from gradsim_core.measures.geographic import geographic
from gradsim_core.measures.typology import typology
from gradsim_core.measuring.uriel import uriel_features


def _typology(kind: str) -> Callable[[Sequence[Language]], Measure]:
    def make(languages: Sequence[Language]) -> Measure:
        found = uriel_features(kind, languages)
        return typology(kind, [one.code for one in languages], found.values, found.agreement,
                        found.version)

    return make


LANGUAGE_MEASURES: dict[str, Callable[[Sequence[Language]], Measure]] = {
    "family": family, "geographic": geographic,
    **{f"typology.{kind}": _typology(kind) for kind in (
        "syntactic", "phonological", "inventory", "featural", "genetic")}}
"""Name -> function of the languages."""


def language_measure(name: str, languages: Sequence[Language]) -> Measure:
    """One measure of some languages.

    Raises
    ------
    DataError
        If the name is unknown, or the measure needs a package that is not installed.
    """
    check_name(name)
    return LANGUAGE_MEASURES[name](languages)


def check_name(name: str) -> None:
    """Refuse the name of a measure that is not known, before anything is computed."""
    if name not in LANGUAGE_MEASURES:
        raise DataError(choice("Measure of languages alone", name[:60], LANGUAGE_MEASURES))
