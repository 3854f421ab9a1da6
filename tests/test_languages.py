"""Languages: every spelling that data use is told, and no two get the same code."""

from __future__ import annotations

import contextlib
import csv
import gzip
import os
import random
import re
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gradsim_core.errors import LanguageError
from gradsim_core.languages import table as language_table
from gradsim_core.languages.resolving import Language, languages_of, resolve, resolve_or_own, search
from gradsim_core.languages.table import BRANCHES, MACROLANGUAGES, Row, codes, folded, names, table

TABLE = Path(language_table.__file__).with_name("languages.csv.gz")
AFRISENTI = "amh arq ary hau ibo kin orm pcm por swa tir tso twi yor".split()
MASAKHANER = "hau ibo kin lug luo pcm sna swa wol yor".split()
PUD = "ar cs de en es fi fr hi id is it pl pt ru sv tr".split()


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


# spellings

@pytest.mark.parametrize(("spelling", "code"), [
    ("de", "deu"), ("DEU", "deu"), ("ger", "deu"), ("stan1295", "deu"), ("german", "deu"),
    ("Deutsch", "deu"), (" de ", "deu"), ("fre", "fra"), ("dut", "nld"), ("iw", "heb"),
    ("mo", "ron"), ("bh", "bho"), ("pt-BR", "por"), ("eng_Latn", "eng"), ("EN-us", "eng"),
    ("de-DE-1996", "deu"), ("ca_ES_VALENCIA", "cat"), ("de-x-own", "deu"), ("zh-yue", "yue"),
    ("zh_min_nan", "nan"), ("Yoruba", "yor"), ("yorùbá", "yor"), ("Èdè Yorùbá", "yor"),
    ("NORWEGIAN BOKMAL", "nob"), ("Ancient_Greek", "grc"), ("Français", "fra"),
    ("Aja (Benin)", "ajg"), ("Castilian", "spa"), ("Luganda", "lug"), ("Upper Sorbian", "hsb"),
    ("Русский", "rus"), ("日本語", "jpn"), ("sh", "hbs"), ("hr", "hrv"), ("twi", "twi"),
])
def test_resolve_reads_spelling(spelling: str, code: str) -> None:
    assert resolve(spelling).code == code


@pytest.mark.parametrize(("spelling", "code", "script"), [
    ("sr", "srp", "Cyrl"), ("sr_Latn", "srp", "Latn"), ("srp-latn-RS", "srp", "Latn"),
    ("sr-ME", "srp", "Latn"), ("zh", "cmn", "Hans"), ("zh-Hant", "cmn", "Hant"),
    ("zh-TW", "cmn", "Hant"), ("cmn_Hani", "cmn", "Hani"), ("uz-AF", "uzn", "Arab"),
    ("pa-PK", "pan", "Arab"), ("ko", "kor", "Kore"), ("deu_Runr", "deu", "Runr"),
])
def test_a_tag_sets_the_script(spelling: str, code: str, script: str) -> None:
    assert (resolve(spelling).code, resolve(spelling).script) == (code, script)


@pytest.mark.parametrize(("spelling", "code"), [
    ("zho", "cmn"), ("ar", "arb"), ("sw", "swh"), ("fa", "pes"), ("et", "ekk"), ("ms", "zsm"),
    ("lv", "lvs"), ("sq", "als"), ("om", "gaz"), ("no", "nob"), ("az", "azj"), ("uz", "uzn"),
    ("mn", "khk"), ("ku", "kmr"), ("ps", "pbt"), ("mg", "plt"), ("yi", "ydd"), ("ne", "npi"),
    ("or", "ory"), ("qu", "quy"), ("gn", "gug"), ("Swahili", "swh"), ("Chinese", "cmn"),
])
def test_a_macrolanguage_reads_as_one_language_and_says_so(spelling: str, code: str) -> None:
    one = resolve(spelling)
    assert one.code == code
    assert f"(macrolanguage) read as {code}" in one.note


def test_note_says_what_was_left_out() -> None:
    assert resolve("pt").note == ""
    assert resolve("pt-BR").note == "BR left out"
    assert resolve("ca-ES-valencia").note == "ES-valencia left out"
    assert resolve("swa").note == "swa (macrolanguage) read as swh"


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


# what is refused

@pytest.mark.parametrize(("spelling", "pattern"), [
    ("Germann", r"'Germann' is not a known language. Near: German \(deu\)"),
    ("Swahilli", r"'Swahilli'.*Near: Swahili \(swh\)"),
    ("srp_Lant", r"'srp_Lant'.*Near: Serbian \(srp\)"),
    ("portugues_brasil", "'portugues_brasil' is not a known language"),
    ("xq", "'xq' is not a known language. Write an ISO 639 code"),
    ("zh-qqq", "'zh-qqq' is not a known language"),
    ("en--US", "'en--US' is not a known language"),
    ("<b>en</b>", "'<b>en</b>' is not a known language"),
    ("../../etc", "'../../etc' is not a known language"),
    ("Mono", r"'Mono' names several languages: .*\(mnh\).*\(mte\). Write the code"),
    ("", "must be a text, not ''"),
    ("  ", "must be a text, not '  '"),
    (None, "must be a text, not None"),
    (float("nan"), "must be a text, not nan"),
    ("x" * 101, "it has 101 letters, and 100 are allowed"),
    ("de\x00u", r"'de\\x00u' is no language: it has the control character U\+0000"),
    ("deu\n", r"control character U\+000A"),
    ("\ufeffdeu", r"control character U\+FEFF"),
    ("a\u202eb", r"control character U\+202E"),
    ("\ud800", r"control character U\+D800"),
])
def test_resolve_refuses(spelling: str, pattern: str) -> None:
    with pytest.raises(LanguageError, match=pattern) as caught:
        resolve(spelling)
    assert len(str(caught.value)) <= 400
    assert str(caught.value).encode(), "a message can always be printed"


@pytest.mark.parametrize("spelling", ["", "x" * 101, "a\tb", "a\u2028b", None])
@pytest.mark.parametrize("call", [resolve_or_own, lambda spelling: languages_of(["deu", spelling])])
def test_no_call_takes_what_cannot_stand_in_a_file(spelling: str, call: object) -> None:
    with pytest.raises(LanguageError, match=r"must be a text|control character|100 are allowed"):
        call(spelling)  # type: ignore[operator]


@settings(max_examples=40, deadline=None)
@given(st.text(max_size=120))
def test_any_text_is_told_or_refused_in_few_words(text: str) -> None:
    with contextlib.suppress(LanguageError):
        assert resolve_or_own(text).code
    try:
        told = resolve(text).iso639_3 in table()
    except LanguageError as error:
        told = len(str(error)) <= 400
    assert told


@pytest.mark.parametrize("spelling", ["Klingonese", "qaa-x-mine", "Mono", "dialect 7", "tlh2"])
def test_resolve_or_own_keeps_what_it_does_not_know(spelling: str) -> None:
    assert resolve_or_own(spelling) == Language(code=spelling, name=spelling)


def test_resolve_or_own_tells_what_resolve_tells() -> None:
    assert resolve_or_own("sr_Latn") == resolve("sr_Latn")


# codes that never clash

@pytest.mark.parametrize(("spellings", "expected"), [
    (["de", "en"], {"de": "deu", "en": "eng"}),
    (["pt", "pt-BR"], {"pt": "por", "pt-BR": "pt-BR"}),
    (["pt-PT", "pt-BR"], {"pt-PT": "pt-PT", "pt-BR": "pt-BR"}),
    (["sr_Latn"], {"sr_Latn": "srp"}),
    (["sr_Latn", "sr_Cyrl"], {"sr_Latn": "srp_Latn", "sr_Cyrl": "srp_Cyrl"}),
    (["sr", "sr_Latn"], {"sr": "srp", "sr_Latn": "srp_Latn"}),
    (["sr", "sr_Cyrl"], {"sr": "srp", "sr_Cyrl": "sr_Cyrl"}),
    (["sr_Latn", "srp_Latn", "sr"], {"sr_Latn": "sr_Latn", "srp_Latn": "srp_Latn", "sr": "srp"}),
    (["zh-TW", "zh", "yue"], {"zh-TW": "cmn_Hant", "zh": "cmn", "yue": "yue"}),
    (["no", "nb", "nn"], {"no": "no", "nb": "nob", "nn": "nno"}),
    (["swa", "swh"], {"swa": "swa", "swh": "swh"}),
    (["German", "deu", "DEU"], {"German": "German", "deu": "deu", "DEU": "DEU"}),
    (["dialect 7", " dialect 7"], {"dialect 7": "dialect 7", " dialect 7": " dialect 7"}),
])
def test_languages_of_tells_spellings_apart(spellings: list[str], expected: dict) -> None:
    for order in (spellings, spellings[::-1], spellings * 2):
        found = languages_of(order)
        assert {spelling: one.code for spelling, one in found.items()} == expected
        assert list(found.values()) == sorted(found.values(), key=lambda one: one.code)


def test_languages_told_apart_have_names_apart() -> None:
    found = languages_of(["sr_Latn", "sr_Cyrl", "pt", "pt-BR"])
    assert {one.name for one in found.values()} == {
        "Serbian (Latn)", "Serbian (Cyrl)", "Portuguese", "Portuguese (pt-BR)"}
    assert found["pt-BR"].iso639_3 == "por"


PARTS = st.tuples(
    st.sampled_from(["zh", "zho", "cmn", "yue", "sr", "srp", "Serbian", "no", "nob", "foo"]),
    st.sampled_from(["", "_Latn", "-Hant", "-TW", "-CN", "_Cyrl", "-latn-RS"]))


@settings(max_examples=150, deadline=None)
@given(st.lists(PARTS.map("".join), max_size=12), st.randoms(use_true_random=False))
def test_codes_are_unique_in_any_order(spellings: list[str], chance: random.Random) -> None:
    found = [one.code for one in languages_of(spellings).values()]
    assert len(found) == len(set(spellings)) == len(set(found))
    shuffled = spellings[:]
    chance.shuffle(shuffled)
    assert languages_of(shuffled) == languages_of(spellings)


# what the data sets use

@pytest.mark.parametrize("spellings", [AFRISENTI, MASAKHANER, PUD], ids=["AfriSenti", "NER", "PUD"])
def test_languages_of_public_data_are_known(spellings: list[str]) -> None:
    found = languages_of(spellings)
    assert len(found) == len(spellings) == len({one.iso639_3 for one in found.values()})
    for spelling, one in found.items():
        assert one.family, spelling
        assert one.script, spelling
        assert one.latitude is not None, spelling


def test_every_cldr_locale_is_known() -> None:
    from babel.localedata import locale_identifiers

    found = locale_identifiers()
    assert len(found) > 1_000
    unknown = [locale for locale in found if resolve_or_own(locale).iso639_3 is None]
    assert unknown == []


def test_scripts_are_those_that_cldr_expects() -> None:
    from babel.core import get_global
    from babel.localedata import locale_identifiers

    likely = get_global("likely_subtags")
    compared = 0
    for locale in locale_identifiers():
        language, *rest = locale.split("_")
        if rest and (len(rest) > 1 or len(rest[0]) != 2):
            continue  # a script is written out, or there is a variant
        full = likely.get(locale) or likely.get(language)
        if full:
            assert resolve(locale).script == full.split("_")[1], locale
            compared += 1
    assert compared > 700
    assert {resolve(f"zh-{region}").script for region in ("TW", "HK", "MO")} == {"Hant"}


@pytest.mark.skipif("GRADSIM_DATA" not in os.environ, reason="GRADSIM_DATA names no data folder")
def test_every_name_of_mplm_sim_is_known() -> None:
    files = sorted(Path(os.environ["GRADSIM_DATA"]).glob("mplm-sim/*/*.tsv"))
    assert len(files) > 0
    for path in files:
        names_found = path.open(encoding="utf-8").readline().split()
        assert len(names_found) > 80
        told = languages_of(names_found)
        assert {f"{one.code}_{one.script}" for one in told.values()} == set(names_found)


@pytest.mark.skipif("GRADSIM_DATA" not in os.environ, reason="GRADSIM_DATA names no data folder")
@pytest.mark.parametrize("folder", ["afrisenti", "masakhaner2"])
def test_every_folder_of_the_data_is_known(folder: str) -> None:
    found = [path.name for path in (Path(os.environ["GRADSIM_DATA"]) / folder).iterdir()
             if path.is_dir()]
    assert len(found) >= 10
    assert all(one.iso639_3 for one in languages_of(found).values())


# search

@pytest.mark.parametrize(("text", "first"), [
    ("ger", "deu"), ("germ", "deu"), ("yor", "yor"), ("sr", "srp"), ("Swahili", "swh"),
    ("chinese", "cmn"), ("portugese", "por"), ("  FRENCH ", "fra"), ("stan1295", "deu"),
    ("kurd", "kmr"), ("Nederlands", "nld"),
])
def test_search_puts_the_likely_language_first(text: str, first: str) -> None:
    found = search(text)
    assert found[0].code == first
    assert len({one.code for one in found}) == len(found) <= 10


@pytest.mark.parametrize("text", ["", "  ", "(", "zzzzzzzz", "\x00", "x" * 10_000, "\ud800"])
def test_search_of_nonsense_finds_nothing(text: str) -> None:
    assert search(text) == []


def test_search_goes_by_prefix_then_by_part_of_the_name() -> None:
    found = [one.name for one in search("sorb", limit=5)]
    assert set(found[:5]) >= {"Upper Sorbian", "Lower Sorbian"}
    assert len(search("a", limit=3)) == 3


# a light import

def loaded_by(code: str) -> set[str]:
    """Top-level modules that a fresh interpreter has loaded after the code."""
    script = f"import sys; {code}; print(*{{name.split('.')[0] for name in sys.modules}})"
    return set(subprocess.run([sys.executable, "-c", script], check=True, text=True,
                              capture_output=True).stdout.split())


def test_telling_a_language_loads_nothing_heavy() -> None:
    loaded = loaded_by("from gradsim_core.languages.resolving import resolve; resolve('German')")
    assert "gradsim_core" in loaded
    assert loaded & {"torch", "transformers", "streamlit", "qq", "langcodes", "pandas", "numpy",
                     "babel"} == set()


def test_the_light_import_test_can_fail() -> None:
    assert "babel" in loaded_by("from gradsim_core.languages.resolving import resolve; "
                                "from babel import Locale")
