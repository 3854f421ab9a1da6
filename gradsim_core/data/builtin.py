"""The built-in data: names of territories, languages, currencies and time zones in 126 languages.

Real multilingual text that needs no download: the names that Unicode CLDR gives, through Babel.
One row is the name, in one language, of one item; its label says which kind of item.

Conventions
-----------
An item is a kind and a CLDR key, and a row's id is ``kind:key`` (``territory:DE``). Items stand in
one order, by hash, for all languages; a language takes the first of each kind that it has a name
of its own for: as many of every kind as it has of its rarest, and 220 at most, because otherwise
the balance of the labels, which differs by branch, and not the language would decide. A row that
copies the English name is left out (but not in English itself), so is a name that the language
already has for another item. Items whose English name holds a digit are left out (historical
currencies, "1992–1994": the digits alone would tell the kind), so are names of nothing ("unknown
currency") and of variants of a language ("Swiss German"). The split goes by item, 80/10/10: the
same items stand in the same split in every language, because many names are spelled alike in
several. Languages with fewer than 60 rows of a kind are not offered. A time zone's name is its
metazone's long standard name.

Source: Unicode CLDR 47 (in Babel 2.18), base locales only.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from gradsim_core.data.assembly import wanted_spellings
from gradsim_core.data.regions import region
from gradsim_core.data.rows import Part, Row, hash_order, hash_split
from gradsim_core.errors import DataError
from gradsim_core.languages.resolving import languages_of

KINDS = ("territory", "language", "currency", "timezone")
"""The labels."""

CAP = 220
"""Most rows of a kind in a language."""

MINIMUM = 60
"""Fewest rows of each kind that a language must have."""

DEFAULT_LANGUAGES = ("deu", "nld", "swe", "dan", "spa", "ita", "por", "fra",
                     "pol", "ces", "slk", "hrv")
"""Four Germanic, four Romance and four Slavic languages, all in Latin script."""

_SECTION = {"territory": "territories", "language": "languages", "currency": "currency_names"}

_NOTHING = {"territory:ZZ", "territory:XA", "territory:XB", "currency:XXX", "currency:XTS",
            "language:und", "language:mul", "language:mis", "language:zxx"}

_SAME_AS_ANOTHER = {"no"}  # CLDR: Norwegian is the parent of Bokmål (nb), name by name


def builtin_parts(languages: Sequence[str]) -> list[Part]:
    """Names by language and split.

    Parameters
    ----------
    languages : in any spelling; "all" or none: every language offered (see Conventions)

    Returns
    -------
    list of Part
        One a language and split, the rows in the items' order.

    Raises
    ------
    DataError
        If CLDR has no names, or too few, in a language.
    """
    known = languages_of(locales())
    wanted = wanted_spellings(languages, known)
    every = len(wanted) == len(known)
    parts: list[Part] = []
    for locale in wanted:
        rows = _rows(locale)
        counts = {kind: sum(row.label == kind for row in rows) for kind in KINDS}
        if min(counts.values()) < MINIMUM:
            if every:
                continue
            few = ", ".join(f"{count} of kind {kind}" for kind, count in counts.items()
                            if count < MINIMUM)
            raise DataError(f"built-in data: {known[locale].name} ({known[locale].code}) has too "
                            f"few names of its own: {few}, {MINIMUM} are needed. "
                            "Leave it out of `languages`.")
        by_split: dict[str, list[Row]] = {"train": [], "dev": [], "test": []}
        for row in rows:
            by_split[hash_split(row.id)].append(row)
        parts += [Part(locale, split, chosen, f"Unicode CLDR, locale {locale} (split by item)")
                  for split, chosen in by_split.items()]
    return parts


@cache
def locales() -> tuple[str, ...]:
    """Base locales of CLDR: languages, without territory or script."""
    from babel import localedata

    return tuple(sorted(name for name in localedata.locale_identifiers()
                        if "_" not in name and name not in _SAME_AS_ANOTHER))


def _rows(locale: str) -> list[Row]:
    """The rows of one language: for each kind the first items, in hash order, that it has."""
    english, own = _english_items(), _names(locale)
    of_kind: dict[str, list[Row]] = {kind: [] for kind in KINDS}
    seen: set[str] = set()
    for kind, rows in of_kind.items():
        for key, english_name in english[kind]:
            name = own[kind].get(key, "").strip()
            folded = name.casefold()
            copied = locale != "en" and folded == english_name.casefold()
            if name and not copied and folded not in seen:
                seen.add(folded)
                rows.append(Row(name, kind, region(kind, key), f"{kind}:{key}"))
    room = min(CAP, *map(len, of_kind.values()))
    chosen = [row for rows in of_kind.values() for row in rows[:room]]
    return sorted(chosen, key=lambda row: _place(row.id))


@cache
def _english_items() -> dict[str, list[tuple[str, str]]]:
    """Kind -> (key, English name) of the items, in the one order for all languages."""
    return {kind: sorted(((key, name) for key, name in names.items()
                          if f"{kind}:{key}" not in _NOTHING
                          and not (kind == "language" and "_" in key)
                          and not any(char.isdigit() for char in name)),
                         key=lambda item: _place(f"{kind}:{item[0]}"))
            for kind, names in _names("en").items()}


def _place(name: str) -> bytes:
    """Sort key of an item by its id: one order, without regard to kind or language."""
    return hash_order(name, "items")


def _names(locale: str) -> dict[str, Mapping[str, str]]:
    """Kind -> key -> name, as CLDR has them for a base locale."""
    from babel import localedata

    data: Mapping[str, Any] = localedata.load(locale)
    found: dict[str, Mapping[str, str]] = {
        kind: data.get(section, {}) for kind, section in _SECTION.items()}
    found["timezone"] = {key: names["long"]["standard"]
                         for key, names in data.get("meta_zones", {}).items()
                         if "standard" in names.get("long", {})}
    return found
