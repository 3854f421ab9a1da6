"""The table of languages: well formed, true to known facts, and found by every code and name."""

from __future__ import annotations

import csv
import gzip
import random
import re
from pathlib import Path

import pytest

from gradsim_core.languages import table as language_table
from gradsim_core.languages.resolving import Language, resolve
from gradsim_core.languages.table import BRANCHES, MACROLANGUAGES, Row, codes, folded, names, table

TABLE = Path(language_table.__file__).with_name("languages.csv.gz")


# the slow twins: read the file again, look at every row

def ref_rows() -> list[dict[str, str]]:
    with gzip.open(TABLE, "rt", encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def ref_bearers(rows: list[dict[str, str]], name: str) -> set[str]:
    """Codes of the rows whose name is this, letter for letter; else whose second name is."""
    first = {row["code"] for row in rows if row["name"] == name}
    return first or {row["code"] for row in rows if name in row["other_names"].split(";")}


# the table

def test_table_is_small_deterministic_and_sorted() -> None:
    data = TABLE.read_bytes()
    assert len(data) < 600_000
    assert data[4:8] == bytes(4), "gzip header holds a time: two derivations would differ"
    rows = ref_rows()
    assert len(rows) > 7_500
    assert list(rows[0]) == list(Row._fields)
    read = [row["code"] for row in rows]
    assert read == sorted(set(read)) == list(table())


def test_every_cell_of_the_table_is_well_formed() -> None:
    shapes = {"code": "[a-z]{3}", "iso639_1": "[a-z]{2}", "glottocode": "[a-z0-9]{4}[0-9]{4}",
              "script": "[A-Z][a-z]{3}", "latitude": r"-?\d{1,2}\.\d\d",
              "longitude": r"-?\d{1,3}\.\d\d", "name": r"[^;]+",
              "regional_scripts": "[A-Z]{2}:[A-Z][a-z]{3}( [A-Z]{2}:[A-Z][a-z]{3})*"}
    for row in ref_rows():
        for column, shape in shapes.items():
            assert not row[column] or re.fullmatch(shape, row[column]), (row["code"], column)
        assert row["code"]
        assert row["name"]
        assert abs(float(row["latitude"] or 0)) <= 90
        assert abs(float(row["longitude"] or 0)) <= 180


def test_most_languages_have_a_family_a_script_and_a_place() -> None:
    rows = ref_rows()
    for column, share in [("lineage", 0.95), ("script", 0.95), ("latitude", 0.97)]:
        assert sum(bool(row[column]) for row in rows) > share * len(rows), column


def test_every_macrolanguage_reads_as_an_individual_language_that_has_a_place() -> None:
    assert set(MACROLANGUAGES) | set(MACROLANGUAGES.values()) <= set(table())
    assert not set(MACROLANGUAGES) & set(MACROLANGUAGES.values())
    for one in map(resolve, MACROLANGUAGES.values()):
        assert one.family, one.code
        assert one.latitude is not None, one.code


def test_every_branch_is_a_node_of_one_family_only() -> None:
    families: dict[str, set[str]] = {node: set() for node in BRANCHES}
    for row in table().values():
        path = row.lineage.split(" > ")
        for node in families.keys() & set(path):
            families[node].add(path[0])
    assert {node for node, found in families.items() if len(found) != 1} == set()


# hand-checked facts

@pytest.mark.parametrize(("code", "name", "family", "branch", "script"), [
    ("deu", "German", "Indo-European", "Germanic", "Latn"),
    ("spa", "Spanish", "Indo-European", "Romance", "Latn"),
    ("lat", "Latin", "Indo-European", "Italic", "Latn"),
    ("rus", "Russian", "Indo-European", "Slavic", "Cyrl"),
    ("lit", "Lithuanian", "Indo-European", "Baltic", "Latn"),
    ("hin", "Hindi", "Indo-European", "Indo-Aryan", "Deva"),
    ("pes", "Iranian Persian", "Indo-European", "Iranian", "Arab"),
    ("ell", "Greek", "Indo-European", "Greek", "Grek"),
    ("pcm", "Nigerian Pidgin", "Indo-European", "Germanic", "Latn"),
    ("tha", "Thai", "Tai-Kadai", "Tai", "Thai"),
    ("amh", "Amharic", "Afro-Asiatic", "Semitic", "Ethi"),
    ("hau", "Hausa", "Afro-Asiatic", "Chadic", "Latn"),
    ("som", "Somali", "Afro-Asiatic", "Cushitic", "Latn"),
    ("kin", "Kinyarwanda", "Atlantic-Congo", "Bantu", "Latn"),
    ("twi", "Twi", "Atlantic-Congo", "Kwa", "Latn"),
    ("wol", "Wolof", "Atlantic-Congo", "Atlantic", "Latn"),
    ("tur", "Turkish", "Turkic", "Turkic", "Latn"),
    ("fin", "Finnish", "Uralic", "Finnic", "Latn"),
    ("hun", "Hungarian", "Uralic", "Uralic", "Latn"),
    ("yue", "Cantonese", "Sino-Tibetan", "Sinitic", "Hant"),
    ("jpn", "Japanese", "Japonic", "Japonic", "Jpan"),
    ("eus", "Basque", "Basque", "Basque", "Latn"),
])
def test_known_facts(code: str, name: str, family: str, branch: str, script: str) -> None:
    one = resolve(code)
    assert (one.code, one.iso639_3) == (code, code)
    assert (one.name, one.family, one.branch, one.script) == (name, family, branch, script)


def test_german_stands_in_germany() -> None:
    german = resolve("deu")
    assert german.latitude == pytest.approx(51, abs=3)
    assert german.longitude == pytest.approx(11, abs=4)
    assert german.glottocode == "stan1295"
    assert german.lineage[0] == "Indo-European"
    assert "West Germanic" in german.lineage
    assert "German" not in german.lineage, "a lineage ends with the parent"


def test_branch_is_the_deepest_well_known_node() -> None:
    path = ("Indo-European", "Italic", "Romance", "Oil")
    assert Language("x", "X", lineage=path).branch == "Romance"
    assert Language("x", "X", lineage=path[:2]).branch == "Italic"
    assert Language("x", "X", lineage=("Quechuan", "Southern Quechua")).branch == "Quechuan"
    assert Language("x", "X").branch is None
    assert Language("x", "X").family is None


# codes and names

def test_every_code_of_the_table_resolves_to_its_row() -> None:
    assert len(codes()) > 20 * 700
    for code, row in table().items():
        own = MACROLANGUAGES.get(code, code)
        for spelling in [code, row.iso639_1, row.glottocode, *row.other_codes.split()]:
            if spelling:
                assert resolve(spelling).code == own, spelling
                assert resolve(spelling.upper()).code == own, spelling


def test_no_code_belongs_to_two_languages() -> None:
    seen = [code for row in ref_rows()
            for code in [row["code"], row["iso639_1"], row["glottocode"],
                         *row["other_codes"].split()] if code]
    assert len(seen) == len(set(seen))


def test_names_resolve_as_a_search_through_the_file_would() -> None:
    rows = ref_rows()
    known = sorted({name for row in rows
                    for name in [row["name"], *row["other_names"].split(";")] if name})
    chosen = random.Random(0).sample([name for name in known if name.lower() not in codes()], 300)
    for name in chosen:
        expected = {MACROLANGUAGES.get(code, code) for code in ref_bearers(rows, name)}
        bearers = {MACROLANGUAGES.get(code, code) for code in names()[folded(name)]}
        assert expected <= bearers, name
        if len(bearers) == 1:
            assert resolve(name).code in expected, name


def test_folded_name_has_no_case_accent_or_punctuation() -> None:
    assert folded("Èdè  Yorùbá") == "ede yoruba"
    assert folded("Ta'izzi-Adeni Arabic") == folded("TAIZZI_ADENI ARABIC") == "taizzi adeni arabic"
    assert folded("N’Ko") == folded("N'Ko") == "nko"
    assert folded("हिन्दी") == folded("हिन्दी") != folded("हिन्द")
