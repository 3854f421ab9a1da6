"""Languages that public data sets and CLDR name: every one is known."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from gradsim_core.languages.resolving import languages_of, resolve, resolve_or_own

AFRISENTI = "amh arq ary hau ibo kin orm pcm por swa tir tso twi yor".split()
MASAKHANER = "hau ibo kin lug luo pcm sna swa wol yor".split()
PUD = "ar cs de en es fi fr hi id is it pl pt ru sv tr".split()


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
