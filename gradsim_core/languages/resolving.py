"""Languages: any spelling in; ISO 639-3 code, name, genealogy, script and place out.

Conventions
-----------
A *spelling* is what a file or a person writes: an ISO 639-1, 639-2 or 639-3 code, a BCP 47 tag
("pt-BR", "zh_Hant", "eng_Latn"), a Glottocode or a name. Case, accents and ``_`` for ``-`` make
no difference. Where a spelling is both a code and a name, it is the code. A name that several
languages bear is the macrolanguage's or the one with a two-letter code, if there is just one.

Sources
-------
Those of ``gradsim_core.languages.table``: Glottolog, ISO 639-3, CLDR and others.
"""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace

from gradsim_core.errors import LanguageError
from gradsim_core.languages.table import (
    BRANCHES,
    MACROLANGUAGES,
    code_key,
    codes,
    folded,
    is_script,
    names,
    table,
)

LONGEST_SPELLING = 100

_TAG = re.compile(r"([a-z]{2,3})(?:-([a-z]{3}))?(?:-([a-z]{4}))?(?:-([a-z]{2}|[0-9]{3}))?"
                  r"((?:-(?:[a-z0-9]{5,8}|[0-9][a-z0-9]{3}))*(?:-[a-z](?:-[a-z0-9]{1,8})+)*)")
"""BCP 47: language, extended language, script, region; then variants and extensions."""


@dataclass(frozen=True)
class Language:
    """One language of a study.

    Attributes
    ----------
    code : the key used everywhere: the ISO 639-3 code, or the data's own spelling if unknown
    name : English name (the spelling found, if unknown)
    iso639_3, glottocode : None where there is none
    lineage : genealogy from the family down to the language's parent; empty if unknown
    script : ISO 15924 code of the script it is mostly written in, e.g. "Latn"
    latitude, longitude : degrees, of the point the catalogues give
    note : what was chosen for the caller, e.g. "swa (macrolanguage) read as swh"; else ""
    """

    code: str
    name: str
    iso639_3: str | None = None
    glottocode: str | None = None
    lineage: tuple[str, ...] = ()
    script: str | None = None
    latitude: float | None = None
    longitude: float | None = None
    note: str = ""

    @property
    def family(self) -> str | None:
        """Top of the lineage, e.g. "Indo-European"; None if unknown."""
        return self.lineage[0] if self.lineage else None

    @property
    def branch(self) -> str | None:
        """Well-known branch, e.g. "Germanic" or "Bantu" (``BRANCHES``); else the family."""
        known = (BRANCHES[node] for node in reversed(self.lineage) if node in BRANCHES)
        return next(known, self.family)


def resolve(spelling: str) -> Language:
    """Tell the language that a spelling stands for.

    Parameters
    ----------
    spelling : a code, a tag, a Glottocode or a name; a tag's script replaces the table's

    Returns
    -------
    Language
        With its ISO 639-3 code; ``note`` says where a macrolanguage was read as one language,
        or a part of the tag (a region, a variant) was left out.

    Raises
    ------
    LanguageError
        If the spelling is empty, longer than 100 characters or has control characters; if it is
        not known (near misses are named); or if it names several languages (they are named).
    """
    text = _checked(spelling)
    found = _found(text)
    if len(found) == 1:
        return found[0]
    if found:
        raise LanguageError(f"{text[:60]!r} names several languages: {_listed(found)}. "
                            "Write the code of the one you mean.")
    near = _listed(_near(folded(text), 4) or _near(folded(text).split(" ")[0], 4))
    raise LanguageError(f"{text[:60]!r} is not a known language.{near and f' Near: {near}.'} Write "
                        "an ISO 639 code, a tag such as srp_Latn, a Glottocode or an English name.")


def resolve_or_own(spelling: str) -> Language:
    """Tell the language, or keep an unknown or ambiguous spelling as a language of its own.

    Raises
    ------
    LanguageError
        If the spelling is empty, longer than 100 characters or has control characters.
    """
    text = _checked(spelling)
    found = _found(text)
    return found[0] if len(found) == 1 else Language(code=text, name=text)


def languages_of(spellings: Iterable[str]) -> dict[str, Language]:
    """Tell the languages of one data set, with codes that never clash.

    Parameters
    ----------
    spellings : as found in the data, in any order; repeated ones count once

    Returns
    -------
    dict
        Spelling -> Language, sorted by code; the same whatever the order of the spellings. Where
        several spellings are one language ("sr_Latn" and "sr_Cyrl", "pt" and "pt-BR"), the one
        without script or region keeps the code; each other gets ``iso_Script`` if it alone has
        that script, else its own spelling. Their names then say so.

    Raises
    ------
    LanguageError
        If a spelling is empty, longer than 100 characters or has control characters.
    """
    groups = defaultdict(list)
    for spelling in sorted(set(spellings), key=str):
        groups[resolve_or_own(spelling).code].append(spelling)
    found = {spelling: language for group in groups.values()
             for spelling, language in zip(group, _told_apart(group), strict=True)}
    return dict(sorted(found.items(), key=lambda item: item[1].code))


def search(text: str, limit: int = 10) -> list[Language]:
    """Find languages for a search box: exact code or name, prefix, part of a name, near miss.

    Parameters
    ----------
    text : what was typed; anything at all
    limit : the most languages to return, at least 1

    Returns
    -------
    list of Language
        Best first, each code once; languages with a two-letter code go before others as good.
    """
    key, code = folded(text[:LONGEST_SPELLING]), codes().get(code_key(text))
    hits = [(0, False, 0, "", code)] if code else []
    for name, bearers in names().items() if key else ():
        rank = (1 if name == key else 2 if name.startswith(key)
                else 3 if f" {key}" in name else 4 if key in name else None)
        if rank:
            hits += [(rank, not table()[code].iso639_1, len(name), name, code) for code in bearers]
    best = _once([_language(hit[-1]) for hit in sorted(hits)[:2 * limit]])
    if len(key) > 3 and len(best) < limit:
        best = _once(best + _near(key, limit))
    return best[:limit]


def _checked(spelling: str) -> str:
    """The spelling without outer spaces, if it can stand in a file and on a page."""
    if not isinstance(spelling, str) or not spelling.strip():
        raise LanguageError(f"A language must be a text, not {spelling!r:.40}. Name it by a code "
                            "such as deu, or by its English name.")
    if len(spelling) > LONGEST_SPELLING:
        raise LanguageError(f"{spelling[:40]!a}… is no language: it has {len(spelling):,} letters, "
                            f"and {LONGEST_SPELLING} are allowed. Check the column or folder.")
    for letter in spelling:
        kind = unicodedata.category(letter)
        joiner = letter in "\u200c\u200d"  # these are spelling in Persian and in Indic scripts
        if kind in {"Cc", "Cs", "Zl", "Zp"} or (kind == "Cf" and not joiner):
            raise LanguageError(f"{spelling[:40]!a} is no language: it has the control character "
                                f"U+{ord(letter):04X}. Remove it from the data.")
    return spelling.strip()


def _found(text: str) -> list[Language]:
    """The languages a checked spelling may stand for: none, one or several."""
    key = code_key(text)
    if key in codes():
        return [_language(codes()[key])]
    named = names().get(folded(text), [])
    if named:
        known = [code for code in named if table()[code].iso639_1 or code in MACROLANGUAGES]
        return _once([_language(code) for code in known or named])
    tag = _TAG.fullmatch(key)
    if not tag:
        return []
    language, extended, script, region, variants = tag.groups(default="")
    code = codes().get(extended or language)
    if not code or (script and not is_script(script.title())):
        return []
    regional = dict(pair.split(":") for pair in table()[code].regional_scripts.split())
    left_out = f"{region.upper()}{variants}".strip("-")
    return [_language(code, script.title() or regional.get(region.upper(), ""), left_out)]


def _language(code: str, script: str = "", left_out: str = "") -> Language:
    """The language of a row, or the one that stands for a macrolanguage."""
    row = table()[MACROLANGUAGES.get(code, code)]
    notes = [f"{code} (macrolanguage) read as {row.code}"] if row.code != code else []
    notes += [f"{left_out} left out"] if left_out else []
    latitude, longitude = (float(degrees) if degrees else None
                           for degrees in (row.latitude, row.longitude))
    return Language(row.code, row.name, row.code, row.glottocode or None,
                    tuple(row.lineage.split(" > ")) if row.lineage else (),
                    script or row.script or None, latitude, longitude, "; ".join(notes))


def _told_apart(spellings: list[str]) -> list[Language]:
    """The language of each spelling; they are all one language, and get codes of their own."""
    found = [resolve_or_own(spelling) for spelling in spellings]
    if len(found) == 1:
        return found
    plain = [code_key(spelling) in codes() or folded(spelling) in names() or not one.iso639_3
             for spelling, one in zip(spellings, found, strict=True)]
    first = min(range(len(found)), key=lambda i: (
        not plain[i], spellings[i] != found[i].code, found[i].note, len(spellings[i]), i))
    scripts = [language.script for language in found]
    for i, language in enumerate(found):
        if i == first and plain[i]:
            continue
        script = scripts[i] if scripts.count(scripts[i]) == 1 else None
        code = f"{language.code}_{script}" if script else spellings[i]
        found[i] = replace(language, code=code, name=f"{language.name} ({script or code})")
    return found


def _near(key: str, limit: int) -> list[Language]:
    """Languages whose name, or code if they have a two-letter one, looks like the folded text."""
    common = {code: row.code for row in table().values() if row.iso639_1
              for code in (row.code, row.iso639_1)}
    hits = difflib.get_close_matches(key, [*common, *names()], n=limit, cutoff=0.75)
    return _once([_language(code) for hit in hits
                  for code in ([common[hit]] if hit in common else names()[hit])])[:limit]


def _once(languages: list[Language]) -> list[Language]:
    """Each code where it first stands."""
    found: dict[str, Language] = {}
    for language in languages:
        found.setdefault(language.code, language)
    return list(found.values())


def _listed(languages: list[Language]) -> str:
    """At most four languages as "German (deu)"; more would not fit in a message."""
    return ", ".join(f"{language.name[:40]} ({language.code})" for language in languages[:4])
