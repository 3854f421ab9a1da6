"""The glossary: complete, in order, and found by the words that people look for."""

from __future__ import annotations

import pytest
from page_cases import opened_page, words

from dashboard.words.glossary import TERMS, terms_in, terms_like
from gradsim_core import CORRECTIONS, READINGS

WORDS = ("similarity", "Gram", "reading", "correction", "raw", "noise-corrected", "centred",
         "all but top", "block", "layer", "snapshot", "reliability", "half", "objective", "K",
         "proof", "gap", "near tie", "stability", "dendrogram", "branch", "clade", "linkage",
         "transfer", "gain", "points", "interval", "p value", "monolingual", "all-languages",
         "oracle", "budget", "seed", "signature", "study", "decision", "trial", "measure")


def glossary() -> None:
    from dashboard.views.glossary import show_glossary

    show_glossary()


@pytest.mark.parametrize("word", WORDS)
def test_every_word_of_the_pages_is_explained(word: str) -> None:
    names = {name.partition(" (")[0] for term in TERMS for name in (term.name, *term.also)}
    assert word in names


def test_choices_of_the_engine_are_explained() -> None:
    known = {name for term in TERMS for name in (term.name, *term.also)}
    assert {*READINGS, *CORRECTIONS} <= known


def test_terms_stand_in_order_and_once() -> None:
    names = [term.name.casefold() for term in TERMS]
    assert names == sorted(names)
    assert len(set(names)) == len(names)
    assert all(term.meaning.endswith(".") and term.source for term in TERMS)


def test_search_puts_the_name_before_the_mention() -> None:
    assert terms_like("reliab")[0].name == "reliability"
    assert terms_like("clade")[0].name == "branch (tree)"
    assert terms_like("") == list(TERMS)
    assert terms_like("no such word") == []


def test_terms_of_a_text_are_whole_words() -> None:
    names = [term.name for term in terms_in(["Its seed is 3, said Kendall."])]
    assert "seed" in names
    assert "correlation" in names, "Kendall is another word for it"
    assert "K" not in names
    assert "gain" not in [term.name for term in terms_in(["again and against"])]


def test_dialog_opens_and_searches() -> None:
    app = opened_page(glossary)
    (button,) = app.button
    assert button.help
    app = button.click().run()
    assert "inner products between all languages" in words(app)
    app.text_input(key="glossary.words").set_value("nothing *like* it")
    app.button[0].click().run()  # in a browser the dialog alone runs again, here the page does
    assert not app.exception
    assert "Nothing is said of nothing *like* it here" in words(app)
