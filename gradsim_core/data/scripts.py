"""The script that texts are written in, told from the letters' Unicode names.

Conventions
-----------
Scripts are ISO 15924 codes. Only letters count, each occurrence once.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import cache
from typing import Literal

from gradsim_core.languages.own_names import script_name

_SCRIPTS = {"LATIN": "Latn", "CYRILLIC": "Cyrl", "GREEK": "Grek", "ARABIC": "Arab",
            "HEBREW": "Hebr", "ETHIOPIC": "Ethi", "DEVANAGARI": "Deva", "BENGALI": "Beng",
            "GURMUKHI": "Guru", "GUJARATI": "Gujr", "ORIYA": "Orya", "TAMIL": "Taml",
            "TELUGU": "Telu", "KANNADA": "Knda", "MALAYALAM": "Mlym", "SINHALA": "Sinh",
            "THAI": "Thai", "LAO": "Laoo", "MYANMAR": "Mymr", "KHMER": "Khmr", "TIBETAN": "Tibt",
            "GEORGIAN": "Geor", "ARMENIAN": "Armn", "HANGUL": "Hang", "CJK": "Hani",
            "HIRAGANA": "Hira", "KATAKANA": "Kana", "CHEROKEE": "Cher", "NKO": "Nkoo",
            "TIFINAGH": "Tfng", "MONGOLIAN": "Mong", "THAANA": "Thaa", "SYRIAC": "Syrc",
            "OL": "Olck", "CHAKMA": "Cakm", "MEETEI": "Mtei", "ADLAM": "Adlm", "VAI": "Vaii"}

WRITTEN_WITH = {"Jpan": {"Hani", "Hira", "Kana"}, "Kore": {"Hang", "Hani"}, "Hans": {"Hani"},
                 "Hant": {"Hani"}, "Aran": {"Arab"}}
"""ISO 15924 codes that stand for several scripts, or for a style of one."""


def main_script(texts: Iterable[str]) -> tuple[str, float]:
    """The commonest script of all letters, and its share of them; ("", 0) without letters."""
    letters = Counter("".join(texts))
    scripts: Counter[str] = Counter()
    for letter, count in letters.items():
        if letter.isalpha():
            scripts[_script(letter)] += count
    if not scripts:
        return "", 0.0
    script, count = scripts.most_common(1)[0]
    return script, count / scripts.total()


def script_findings(name: str, usual: str | None, script: str,
                    share: float) -> Iterator[tuple[Literal["caution", "note"], str]]:
    """What to know of the script of a language's texts: another than the usual one, or a mixture.

    Parameters
    ----------
    name : of the language
    usual : the script it is mostly written in; None if that is not known
    script, share : as `main_script` finds them
    """
    expected, words = WRITTEN_WITH.get(usual or "", {usual}), script_name(script)
    if script and usual and script not in expected:
        yield "caution", (f"is written in the {words} script ({share:.0%} of the letters), but "
                          f"{name} is mostly written in the {script_name(usual)} one.")
    elif script and usual not in WRITTEN_WITH and share < 0.8:
        yield "note", f"mixes scripts: {share:.0%} of its letters are {words}."


@cache
def _script(letter: str) -> str:
    """Script of a letter; the first word of its name where we have no code."""
    name = unicodedata.name(letter, "UNKNOWN").split()[0].partition("-")[0]
    return _SCRIPTS.get(name, name.title())
