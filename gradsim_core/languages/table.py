"""The table of the world's languages, and how codes and names are looked up in it.

``languages.csv.gz`` holds every language of ISO 639-3. It is derived once, by
``tools/derive_languages.py``, so that nothing here needs a network or a heavy library. It is
read on first use.

Conventions
-----------
A cell that is not known is an empty string. Codes in a cell are separated by a space, names by
``;``, the nodes of a lineage (family to parent) by `` > ``. An isolate is its own family; creoles
stand where Glottolog puts them, under the language that gave most of their words. Degrees are
north and east.

Sources
-------
Glottolog (CC BY 4.0), ISO 639-3 (SIL International, https://iso639-3.sil.org), LinguaMeta and
GlotScript (CC BY-SA 4.0), all as compiled by qwanqwa 1.2.1 (data CC BY-SA 4.0); Unicode CLDR
(Unicode License v3); IANA Language Subtag Registry. The table is licensed CC BY-SA 4.0.
"""

from __future__ import annotations

import csv
import gzip
import string
import unicodedata
from collections import defaultdict
from functools import cache
from pathlib import Path
from typing import NamedTuple

MACROLANGUAGES = {
    "ara": "arb", "aym": "ayr", "aze": "azj", "bal": "bcc", "bik": "bcl", "bnc": "lbk",
    "bua": "bxr", "chm": "mhr", "cre": "cwd", "del": "umu", "den": "xsl", "din": "dik",
    "doi": "dgo", "est": "ekk", "fas": "pes", "gba": "gya", "gon": "gno", "grb": "gbo",
    "grn": "gug", "hai": "hdn", "hmn": "mww", "iku": "ike", "ipk": "esk", "jrb": "aju",
    "kau": "knc", "kln": "spy", "kok": "gom", "kom": "kpv", "kon": "kng", "kpe": "xpe",
    "kur": "kmr", "lah": "pnb", "lav": "lvs", "luy": "bxk", "man": "mnk", "mlg": "plt",
    "mon": "khk", "msa": "zsm", "mwr": "dhd", "nep": "npi", "nor": "nob", "oji": "ojg",
    "ori": "ory", "orm": "gaz", "pus": "pbt", "que": "quy", "raj": "mup", "rom": "rmy",
    "sqi": "als", "srd": "src", "swa": "swh", "syr": "cld", "tmh": "ttq", "uzb": "uzn",
    "yid": "ydd", "zap": "zai", "zha": "zyb", "zho": "cmn", "zza": "diq",
}
"""Macrolanguage -> the one language of it that data in its name are mostly written in.

CLDR's choice, but for pus and que (FLORES-200's), hmn and nor (most text). Those that Glottolog
places as one language, or on which sources disagree, stand for themselves: aka, ful, hbs, san.
"""

BRANCHES = {name: name for name in (
    "Albanian", "Anatolian", "Benue-Congo", "Berber", "Bodic", "Celtic", "Chadic", "Cushitic",
    "Egyptian", "Finnic", "Germanic", "Greek", "Gur", "Indo-Aryan", "Iranian", "Italic", "Karenic",
    "Kuki-Chin-Naga", "Lolo-Burmese", "Malayo-Polynesian", "Mongolic", "Nuristani", "Oceanic",
    "Permian", "Romance", "Saami", "Samoyedic", "Semitic", "Sinitic", "Slavic", "Ubangi", "Vietic"
)} | {
    "Armenic": "Armenian", "Balto-Slavic": "Baltic", "Narrow Bantu": "Bantu",
    "North-Central Atlantic": "Atlantic", "Kwa Volta-Congo": "Kwa", "Mundaic": "Munda",
    "Greater Central Philippine": "Philippine", "Daic": "Tai",
}
"""Glottolog's node -> the well-known branch it is; the deepest one in a lineage counts."""

_PUNCTUATION = str.maketrans(string.punctuation, " " * len(string.punctuation), "'’ʼ")


class Row(NamedTuple):
    """One language of the table."""

    code: str
    iso639_1: str
    glottocode: str
    other_codes: str
    name: str
    other_names: str
    lineage: str
    script: str
    regional_scripts: str
    latitude: str
    longitude: str


@cache
def table() -> dict[str, Row]:
    """ISO 639-3 code -> row, sorted by code."""
    path = Path(__file__).with_name("languages.csv.gz")
    lines = gzip.decompress(path.read_bytes()).decode().splitlines()
    return {row[0]: Row._make(row) for row in csv.reader(lines[1:])}


@cache
def codes() -> dict[str, str]:
    """Every code, in lower case -> ISO 639-3 code."""
    return {code: row.code for row in table().values()
            for code in (row.code, row.iso639_1, row.glottocode, *row.other_codes.split()) if code}


@cache
def names() -> dict[str, list[str]]:
    """Folded name -> ISO 639-3 codes; what is one language's name is no other's second name."""
    first, second = defaultdict(list), defaultdict(list)
    for row in table().values():
        first[folded(row.name)].append(row.code)
        if row.other_names:
            for name in row.other_names.split(";"):
                second[folded(name)].append(row.code)
    return {**second, **first}


@cache
def is_script(code: str) -> bool:
    """Whether a language is written in the ISO 15924 script, or CLDR names it."""
    if any(row.script == code for row in table().values()):
        return True
    from babel import Locale

    return code in Locale("en").scripts


def code_key(text: str) -> str:
    """A code or tag as ``codes`` spells it: lower case, ``-`` between its parts."""
    return text.strip().lower().replace("_", "-")


def folded(name: str) -> str:
    """A name without case, accents, apostrophes, punctuation and spare spaces."""
    if not name.isascii():
        letters = unicodedata.normalize("NFKD", name.translate(_PUNCTUATION))
        name = "".join(letter for letter in letters if not unicodedata.combining(letter))
    return " ".join(name.translate(_PUNCTUATION).casefold().split())
