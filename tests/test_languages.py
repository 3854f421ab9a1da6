"""Languages: every spelling is told or refused, and no two get the same code."""

from __future__ import annotations

import contextlib
import random
import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gradsim_core.errors import LanguageError
from gradsim_core.languages.resolving import Language, languages_of, resolve, resolve_or_own, search
from gradsim_core.languages.table import table

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
