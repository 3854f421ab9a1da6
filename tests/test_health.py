"""Health: facts a reader can count by hand, and the warning that each fault raises."""

from __future__ import annotations

import pytest

from gradsim_core.data import Corpus, Split, data_health, gathered, load_corpus
from gradsim_core.data.corpus import EMPTY
from gradsim_core.data.health import (
    MOST_ALIKE,
    SEVERITIES,
    Health,
    HealthWarning,
    LanguageHealth,
)
from gradsim_core.data.scripts import main_script
from gradsim_core.languages.resolving import languages_of
from gradsim_core.study import Study


def sequence(rows: str, dropped: int = 0) -> Split:
    """A split from "text label, text label, …"."""
    pairs = [row.strip().rsplit(" ", 1) for row in rows.split(",") if row.strip()]
    return Split(tuple(text for text, _ in pairs), tuple(label for _, label in pairs),
                 dropped={"empty text": dropped} if dropped else {})


def corpus_of(**splits: dict[str, Split]) -> Corpus:
    labels = {label for by_name in splits.values() for split in by_name.values()
              for label in split.labels}
    known = {language.code: language for language in languages_of(splits).values()}
    return Corpus("sequence", "weighted_f1", tuple(sorted(labels)),
                  {code: known[code] for code in sorted(splits)}, splits, "test")


GOOD = {"train": sequence(", ".join(f"wort {i} {'xy'[i % 2]}" for i in range(300))),
        "dev": sequence("a x, b y"), "test": sequence("c x, d y")}


def facts(health: Health, code: str) -> LanguageHealth:
    return next(row for row in health.rows if row.language == code)


def sentences(health: Health, code: str) -> list[tuple[str, str]]:
    return [(warning.severity, warning.sentence) for warning in health.warnings
            if warning.language == code]


def test_facts_by_hand() -> None:
    train = sequence("aa x, bbbb x, aa y, ccc x", dropped=2)
    corpus = corpus_of(deu={"train": train, "dev": sequence("aa x"), "test": sequence("dd y")},
                       nld=GOOD)
    row = facts(data_health(corpus), "deu")
    assert (row.name, row.train, row.dev, row.test) == ("German", 4, 1, 1)
    assert (row.dropped, row.duplicates, row.leaks) == (2, 1, 1)
    assert (row.classes, row.majority_label, row.majority_share) == (2, "x", 0.75)
    assert row.label_shares == {"x": 0.75, "y": 0.25}
    assert (row.median_length, row.p95_length) == (2, 4)  # of 2 2 2 2 3 4
    assert (row.script, row.script_share) == ("Latn", 1.0)


def test_a_sound_corpus_raises_no_warning() -> None:
    health = data_health(corpus_of(deu=GOOD, nld=GOOD))
    assert health.warnings == ()
    assert [row.language for row in health.rows] == ["deu", "nld"]
    assert health.length_unit == "characters"


@pytest.mark.parametrize(("splits", "severity", "sentence"), [
    ({"train": EMPTY}, "note", "deu has no training rows: it is only a target"),
    ({"train": EMPTY, "dev": EMPTY, "test": EMPTY}, "serious", "deu has neither training nor"),
    ({"test": EMPTY}, "caution", "deu has no test rows"),
    ({"train": sequence("a x, b y, c x, d y")}, "caution",
     "deu has 4 training rows, the median is 300: its similarities will be noisy"),
    ({"train": sequence("a x, b x, c x")}, "serious", "deu has one label only (x)"),
    ({"train": sequence("a x, b x, c x, d x, e x, f x, g y")}, "caution", "deu has 86% x"),
    ({"train": sequence("a x, b x, c x, d x, e x, f x, g y")}, "caution",
     "deu has another label balance than the others (36% of its labels"),
    ({"train": sequence("a x, a y, a x, b y")}, "caution", "deu repeats itself: 2 of 4"),
    ({"test": sequence("wort 1 y, d y")}, "caution", "deu has 1 of 4 dev and test rows"),
    ({"dev": sequence("a x, b y", dropped=3)}, "note", "deu had 3 rows without text or label"),
    ({"train": sequence("слово x, дело y"), "dev": EMPTY, "test": sequence("мир x")}, "caution",
     "deu is written in the Cyrillic script (100% of the letters), but German is mostly written in "
     "the Latin one."),
    ({"train": sequence("wortwort x, дело y"), "dev": EMPTY, "test": sequence("a x")}, "note",
     "deu mixes scripts: 69% of its letters are Latin.")])
def test_each_fault_is_named(splits: dict[str, Split], severity: str, sentence: str) -> None:
    corpus = corpus_of(deu={**GOOD, **splits}, nld=GOOD, swe=GOOD, dan=GOOD)
    found = sentences(data_health(corpus), "deu")
    assert [kind for kind, text in found if text.startswith(sentence)] == [severity], found


def test_a_missing_label_is_named() -> None:
    three = {**GOOD, "train": sequence(", ".join(f"w {i} {'xyz'[i % 3]}" for i in range(300)))}
    found = sentences(data_health(corpus_of(deu=GOOD, nld=three)), "deu")
    assert ("caution", "deu lacks z among its training rows.") in found


def test_few_rows_are_held_against_what_makes_them_few() -> None:
    """28 rows are few although no other language has more."""
    few = {**GOOD, "train": sequence(", ".join(f"w {i} {'xy'[i % 2]}" for i in range(28)))}
    found = sentences(data_health(corpus_of(deu=few, nld=few)), "deu")
    assert ("caution", "deu has 28 training rows, fewer than 200: its similarities will be "
            "noisy.") in found


def test_many_missing_labels_are_counted() -> None:
    many = {**GOOD, "train": sequence(", ".join(f"w {i} label{i % 40}" for i in range(300)))}
    (text,) = [text for _, text in sentences(data_health(corpus_of(deu=GOOD, nld=many)), "deu")
               if "lacks" in text]
    assert text.startswith("deu lacks label0, label1, label10, ")
    assert " and 31 more among its training rows." in text


def test_labels_that_programs_write_for_none_are_pointed_at() -> None:
    blank = {**GOOD, "train": sequence("a pos, b neg, c NaN, d pos")}
    found = sentences(data_health(corpus_of(deu=blank, nld=GOOD)), "")
    assert [text for _, text in found if text.startswith("NaN counts as a label of its own")]
    assert not any("of its own" in text for _, text in sentences(
        data_health(corpus_of(deu=GOOD, nld=GOOD)), ""))


def test_spellings_of_one_language_are_pointed_at() -> None:
    def told(*spellings: str) -> list[str]:
        health = data_health(corpus_in(*spellings))
        return [text for _, text in sentences(health, "") if "one language" in text]

    assert told("de", "deu", "German", "nld") == [
        "deu, German, de are one language in 3 spellings, German, and count as 3: write one of "
        "them if their rows belong together."]
    assert told("sr_Latn", "sr_Cyrl", "pt", "pt-BR", "deu.news", "deu.sport") == []


def corpus_in(*spellings: str) -> Corpus:
    known = languages_of(spellings)
    return Corpus("sequence", "weighted_f1", ("x", "y"), {
        language.code: language for language in known.values()},
        {language.code: GOOD for language in known.values()}, "test")


def test_what_holds_of_many_languages_is_said_once() -> None:
    few, many = ([HealthWarning("caution", f"l{i}", f"l{i} has {i} rows.") for i in range(n)]
                 for n in (MOST_ALIKE, MOST_ALIKE + 1))
    whole = HealthWarning("caution", "", "Sizes differ.")
    assert gathered([whole, *few]) == [whole, *few]
    assert gathered([whole, *many]) == [
        whole, HealthWarning("caution", "", "13 languages, such as l0, which has 0 rows.")]
    other = HealthWarning("note", "l1", "l1 has 1 rows.")
    assert gathered([*few, other]) == [*few, other], "another severity is another thing"


def test_choices_and_unknown_languages_are_noted() -> None:
    health = data_health(corpus_of(swh=GOOD, dialect=GOOD))
    assert ("note", "dialect is a language we do not know: no family, no script, no place.") in (
        sentences(health, "dialect"))
    macro = languages_of(["swa"])["swa"]
    corpus = Corpus("sequence", "weighted_f1", ("x", "y"), {macro.code: macro},
                    {macro.code: GOOD}, "test")
    assert ("note", f"swh stands for a choice: {macro.note}.") in sentences(
        data_health(corpus), "swh")


def test_corpus_wide_warnings_and_their_order() -> None:
    one = {name: sequence("a x, b x") for name in ("train", "dev", "test")}
    health = data_health(corpus_of(deu=one))
    found = [text for _, text in sentences(health, "")]
    assert any(text.startswith("Fewer than two languages") for text in found)
    assert any(text.startswith("All rows have one label (x)") for text in found)
    grades = [SEVERITIES.index(warning.severity) for warning in health.warnings]
    assert len(grades) > 3
    assert grades == sorted(grades)


def test_words_are_counted_in_token_tasks() -> None:
    split = Split((("Anna", "lacht"), ("ja",)), (("B-PER", "O"), ("O",)))
    corpus = Corpus("token", "entity_f1", ("B-PER", "O"), languages_of(["deu"]),
                    {"deu": {"train": split, "test": split}}, "test")
    health = data_health(corpus)
    assert health.length_unit == "words"
    assert facts(health, "deu").label_shares == {"B-PER": 1 / 3, "O": 2 / 3}
    assert (facts(health, "deu").p95_length, facts(health, "deu").leaks) == (2, 2)


@pytest.mark.parametrize(("texts", "script", "share"), [
    (["größer"], "Latn", 1.0), (["ሰላም", "ab"], "Ethi", 0.6), (["日本語"], "Hani", 1.0),
    (["한국어"], "Hang", 1.0), (["नमस्ते"], "Deva", 1.0), (["12 😀 !"], "", 0.0), ([], "", 0.0)])
def test_scripts(texts: list[str], script: str, share: float) -> None:
    assert main_script(texts) == (script, pytest.approx(share))


def test_afrisenti(data_root: object) -> None:
    health = data_health(load_corpus(Study(preset="afrisenti", data=f"{data_root}/afrisenti")))
    assert facts(health, "hau").train == 14172
    assert facts(health, "amh").script == "Ethi"
    assert any(text.startswith("tso has 804 training rows") for _, text in sentences(health, "tso"))
    assert any(text.startswith("tir has no training rows") for _, text in sentences(health, "tir"))
    assert all(len(warning.sentence) < 200 for warning in health.warnings)
