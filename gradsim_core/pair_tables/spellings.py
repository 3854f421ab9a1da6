"""Languages of a table: any spelling in, codes that agree with a study's out.

Conventions
-----------
As in data sets (`gradsim_core.languages.resolving`), "swa" is read as swh, and its note says so; an
unknown or ambiguous spelling stays a language of its own. Spellings that name one language in
different scripts ("zho_Hans", "zho_Hant") are languages of their own, ``cmn_Hans`` and
``cmn_Hant``; all other spellings of one language share its code. Where a study's codes are known,
a spelling takes the code that is the same language in the same script there.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import replace

from gradsim_core.languages.resolving import Language, languages_of, resolve_or_own

_Kind = tuple[str, str | None]  # code without script, script


def told_languages(spellings: Iterable[str], known: Collection[str] = ()) -> dict[str, Language]:
    """Tell the language of every spelling.

    Parameters
    ----------
    spellings : in any order, repeats allowed
    known : a study's codes

    Returns
    -------
    dict
        Spelling -> Language in order of first appearance; `note` says what was chosen.

    Raises
    ------
    LanguageError
        If a spelling cannot be a language's name (empty, too long, control characters).
    """
    found = {spelling: resolve_or_own(spelling) for spelling in dict.fromkeys(spellings)}
    taken: dict[_Kind, str] = {}
    for code in sorted(known, key=lambda one: (resolve_or_own(one).code != one, one)):
        taken.setdefault(_kind(resolve_or_own(code)), code)
    free = _representatives({spelling: one for spelling, one in found.items()
                             if spelling not in known and _kind(one) not in taken})
    told = languages_of(free.values())
    told_of_kind = {kind: _apart(told[spelling], kind, taken) for kind, spelling in free.items()}
    return {spelling:
            replace(one, code=spelling) if spelling in known else
            replace(one, code=taken[_kind(one)]) if _kind(one) in taken else
            replace(told_of_kind[_kind(one)], note=one.note)
            for spelling, one in found.items()}


def _kind(language: Language) -> _Kind:
    return language.code, language.script


def _representatives(found: dict[str, Language]) -> dict[_Kind, str]:
    """The plainest spelling of every language and script."""
    best: dict[_Kind, str] = {}
    for spelling, one in sorted(found.items(), key=lambda item: (
            item[0] != item[1].code, item[1].note, len(item[0]), item[0])):
        best.setdefault(_kind(one), spelling)
    return best


def _apart(language: Language, kind: _Kind, taken: dict[_Kind, str]) -> Language:
    """A language whose code is a study's for another script, with a code of its own."""
    if language.code not in taken.values() or kind[1] is None:
        return language
    return replace(language, code=f"{kind[0]}_{kind[1]}", name=f"{language.name} ({kind[1]})")
