"""Derive ``gradsim_core/languages/languages.csv.gz``, from which languages are resolved.

Run by maintainers when a source has a new version, from the project's root::

    python tools/derive_languages.py

Loading qwanqwa takes 6 s and 400 MB; the derived table takes 0.1 s and is all that is shipped.

Conventions
-----------
One row for each language that ISO 639-3 knows today (living, historical, extinct, constructed,
and macrolanguages), sorted by code. Within a cell codes are separated by a space, names by
``;`` and the nodes of a lineage by `` > ``. Same versions of the sources, same bytes.

- name: CLDR's English name; else qwanqwa's English name; else Glottolog's. Individual languages
  that would share a name, and have none in CLDR, take their longest one: "Aja (Benin)".
- lineage: Glottolog's, from the family to the parent. An isolate is its own family. Glottolog's
  "Bookkeeping", "Unattested" and "Unclassifiable" are no families: no lineage.
- script: CLDR's likely script; else the one script that qwanqwa calls canonical; else none.
- regional_scripts: where CLDR expects another script in a region, as ``TW:Hant``.
- other_codes: ISO 639-2/B, retired codes with one successor, Wikipedia's own codes.

Sources and licences
--------------------
The table is a work derived from the data of qwanqwa and is licensed as that is, CC BY-SA 4.0.

- qwanqwa 1.2.1 (W. Poelman; code Apache-2.0, compiled data CC BY-SA 4.0), from which are taken:
  Glottolog (Hammarström, Forkel, Haspelmath, Bank; CC BY 4.0): glottocodes, lineages, coordinates;
  ISO 639-3 (SIL International, https://iso639-3.sil.org; free with attribution): codes, status;
  ISO 639-1 and 639-2 (Library of Congress); LinguaMeta (Google; CC BY-SA 4.0): English names;
  GlotScript (CC BY-SA 4.0): some scripts; Wikimedia (CC BY-SA 4.0): Wikipedia's codes.
- Unicode CLDR through Babel 2.18 (Unicode License v3): names, scripts, aliases.
- IANA Language Subtag Registry through language_data 1.4.0 (public): further English names.
"""

from __future__ import annotations

import csv
import gzip
import io
import os
import re
import sys
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

from babel import Locale
from babel.core import get_global
from babel.localedata import locale_identifiers

TABLE = Path(__file__).parents[1] / "gradsim_core" / "languages" / "languages.csv.gz"
COLUMNS = ("code", "iso639_1", "glottocode", "other_codes", "name", "other_names", "lineage",
           "script", "regional_scripts", "latitude", "longitude")
NO_FAMILY = ("Bookkeeping", "Unattested", "Unclassifiable")

# Everyday English names that none of the sources gives.
EXTRA_NAMES = {
    "ary": "Darija", "bel": "Belorussian", "bua": "Buryat", "chu": "Old Church Slavonic",
    "ckb": "Sorani", "cmn": "Mandarin", "fas": "Farsi", "ful": "Fulfulde", "gla": "Scots Gaelic",
    "gle": "Irish Gaelic", "grc": "Ancient Greek", "ilo": "Ilocano;Ilokano",
    "ind": "Bahasa Indonesia", "kir": "Kirghiz", "kmr": "Kurmanji", "lug": "Luganda",
    "luo": "Dholuo", "mni": "Meitei", "mri": "Te Reo Māori", "mya": "Myanmar", "nno": "Nynorsk",
    "nob": "Bokmål;Bokmaal;Norwegian Bokmaal", "oji": "Ojibwe", "orm": "Afaan Oromo",
    "orv": "Old East Slavic", "pcm": "Naija", "run": "Kirundi", "sah": "Yakut", "slv": "Slovene",
    "sme": "North Sami", "ssw": "Swazi", "tsn": "Setswana", "tso": "Xitsonga", "tzm": "Tamazight",
    "uig": "Uighur", "ven": "Tshivenda",
}


def languages() -> list[Any]:
    """Every languoid of qwanqwa that is in ISO 639-3 today, sorted by code."""
    import qq

    database = qq.Database.load()
    found = [one for one in database.query(qq.Languoid)
             if one.iso_639_3 and one.status is not None and one.scope is not None
             and one.scope.name != "SPECIAL"]
    return sorted(found, key=lambda one: one.iso_639_3)


def iana_names() -> dict[str, list[str]]:
    """Subtag -> English names, from the IANA Language Subtag Registry."""
    from language_data.registry_parser import parse_registry

    return {item["Subtag"]: item["Description"] for item in parse_registry()
            if item["Type"] == "language"}


def endonyms() -> dict[str, str]:
    """CLDR language code -> the language's name in itself."""
    names = {}
    for code in locale_identifiers():
        if "_" not in code:
            name = Locale(code).languages.get(code)
            if name:
                names[code] = name
    return names


def cleaned(name: str) -> str:
    """A name without the registry's remarks and without what separates names in a cell."""
    name = re.sub(r" \((individual language|macrolanguage|[^()]*\d{4}[^()]*)\)$", "", name)
    return name.replace(";", ",").strip()


def names(one: Any, cldr: Any, iana: dict[str, list[str]], own: dict[str, str],
          count: Counter[str]) -> tuple[str, list[str]]:
    """The name to show, and the other names."""
    short = one.iso_639_1 or one.iso_639_3
    known = [cldr.get(short), one.name_in("en"), one.name, *iana.get(short, [])]
    known = [cleaned(name) for name in known if name]
    first = known[0]
    if count[first] > 1 and short not in cldr and not one.is_macrolanguage:
        first = max(known, key=len)
    known += [own.get(short, ""), *EXTRA_NAMES.get(one.iso_639_3, "").split(";")]
    return first, list(dict.fromkeys(name for name in known if name and name != first))


def lineage(one: Any) -> list[str]:
    """Glottolog's path from the family to the parent."""
    path = [node.name for node in reversed(one.family_tree)]
    if not path and one.glottocode and one.is_language:
        return [one.name]  # an isolate
    return [] if path[:1] and path[0] in NO_FAMILY else path


def scripts(one: Any, regions: dict[str, list[tuple[str, str]]]) -> tuple[str, str]:
    """The main script, and the scripts expected in certain regions."""
    likely = get_global("likely_subtags")
    macro = get_global("language_aliases").get(one.iso_639_3)
    key = next((key for key in (one.iso_639_1, one.iso_639_3, macro) if key in likely), "")
    if not key:
        canonical = [script.iso_15924 for script in one.canonical_scripts]
        return (canonical[0] if len(canonical) == 1 else ""), ""
    main = likely[key].split("_")[1]
    return main, " ".join(f"{region}:{script}" for region, script in regions[key]
                          if script != main)


def scripts_by_region() -> dict[str, list[tuple[str, str]]]:
    """CLDR language code -> (region, likely script there), sorted."""
    regions = defaultdict(list)
    for tag, full in sorted(get_global("likely_subtags").items()):
        language, _, region = tag.partition("_")
        if re.fullmatch("[A-Z]{2}", region):
            regions[language].append((region, full.split("_")[1]))
    return regions


def other_codes(found: list[Any]) -> dict[str, list[str]]:
    """ISO 639-3 code -> its further codes; none of them is the code of another language."""
    taken = {code for one in found for code in (one.iso_639_3, one.iso_639_1)}
    by_code = {code: one.iso_639_3 for one in found for code in (one.iso_639_1, one.iso_639_3)}
    codes = defaultdict(list)

    def add(code: str | None, iso: str) -> None:
        code = (code or "").strip("\ufeff").lower()  # qwanqwa 1.2.1 keeps one byte order mark
        if re.fullmatch(r"[a-z]{2,3}|[a-z]+(-[a-z]+)+", code) and code not in taken:
            taken.add(code)
            codes[iso].append(code)

    for one in found:
        add(one.iso_639_2b, one.iso_639_3)
    for code, target in sorted(get_global("language_aliases").items()):
        if target in by_code:
            add(code, by_code[target])
    for one in found:
        for old in one.deprecated_codes or []:
            if not old.split_into:
                add(old.code, one.iso_639_3)
    for one in found:
        add(one.wikipedia.code if one.wikipedia else None, one.iso_639_3)
    return {iso: sorted(found_codes) for iso, found_codes in codes.items()}


def rows() -> list[tuple[str, ...]]:
    """The rows of the table, in the order of COLUMNS."""
    found = languages()
    cldr, iana, own = Locale("en").languages, iana_names(), endonyms()
    further, regions = other_codes(found), scripts_by_region()
    count = Counter(cleaned(cldr.get(one.iso_639_1 or one.iso_639_3) or one.name_in("en")
                            or one.name) for one in found if not one.is_macrolanguage)
    table = []
    for one in found:
        name, others = names(one, cldr, iana, own, count)
        script, regional = scripts(one, regions)
        place = ["" if degrees is None else f"{degrees:.2f}"
                 for degrees in (one.latitude, one.longitude)]
        table.append((one.iso_639_3, one.iso_639_1 or "", one.glottocode or "",
                      " ".join(further.get(one.iso_639_3, [])), name, ";".join(others),
                      " > ".join(lineage(one)), script, regional, *place))
    return table


def main() -> None:
    """Write the table; the same sources give the same bytes."""
    table = rows()
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows(table)
    data = gzip.compress(text.getvalue().encode(), compresslevel=9, mtime=0)
    partial = TABLE.with_suffix(".partial")
    partial.write_bytes(data)
    os.replace(partial, TABLE)
    sys.stdout.write(f"{TABLE}: {len(table):,} languages, {len(data):,} bytes\n")


if __name__ == "__main__":
    main()
