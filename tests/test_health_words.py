"""The health of data in lines and tables."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from data_cases import write
from made_up_studies import HOSTILE

from dashboard.words.health import MOST_NAMED, health_table, label_table, names_of, warning_lines
from gradsim_core import Study, data_health, load_corpus
from gradsim_core.data.health import HealthWarning

NAMES = {"hau": "Hausa", "yor": "Yoruba", "ibo": "Igbo", "x": "x"}


def lines(*warnings: tuple[str, str]) -> list[str]:
    found = warning_lines([HealthWarning("note", code, sentence) for code, sentence in warnings],
                          NAMES)
    return [line.replace("\\", "").replace("\u200b", "") for line in found]


def test_what_is_said_of_several_is_said_once() -> None:
    assert lines(("hau", "hau has 9 rows."), ("yor", "yor lacks O."), ("ibo", "ibo has 9 rows.")
                 ) == ["Each of **Hausa (hau)** and **Igbo (ibo)** has 9 rows.",
                       "**Yoruba (yor)** lacks O."]
    assert lines(("hau", "hau is."), ("yor", "yor is."), ("ibo", "ibo is.")) == [
        "Each of **Hausa (hau), Yoruba (yor)** and **Igbo (ibo)** is."]
    many = lines(*((f"c{n}", f"c{n} is.") for n in range(MOST_NAMED + 5)))
    assert len(many) == 1
    assert "and **5 more** is." in many[0]


def test_what_is_said_of_all_names_no_language() -> None:
    assert lines(("", "Sizes differ much: hau has 4."), ("x", "x is.")) == [
        "Sizes differ much: hau has 4.", "**x** is."]


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_stay_text(name: str) -> None:
    (line,) = warning_lines([HealthWarning("note", name, f"{name} is <b>bold</b>.")], {})
    for live in (r"(?<!\\)<", r"(?<!\\)\[x", r"www\\?\.", r":\\?/", r"(?<!\\)\*bold"):
        assert not re.search(live, line)


def test_tables_hold_what_the_health_says(tmp_path: Path) -> None:
    rows = "".join(f"{word} {n},{label},{code}\n" for n in range(40) for code in ("hau", "yor")
                   for word, label in (("aa", "pos"), ("bb", "neg")))
    file = write(tmp_path / "a.csv", f"text,label,language\n{rows},pos,hau\n")
    corpus = load_corpus(Study(data=str(file)))
    health, names = data_health(corpus), names_of(corpus.languages, "english")
    table = health_table(health, names)
    assert table["Language"] == ["Hausa", "Yoruba"]
    assert table["Empty"] == [1, 0]
    assert table["Script"] == ["Latin (100%)"] * 2
    for n, code in enumerate(("hau", "yor")):
        assert table["Train"][n] == len(corpus.split(code, "train"))
    balance = label_table(health, corpus, names)
    assert list(balance) == ["Language", "Code", "neg", "pos"]
    assert [round(a + b) for a, b in zip(balance["neg"], balance["pos"], strict=True)] == [100, 100]
    assert names_of(corpus.languages, "own") == {"hau": "Hausa", "yor": "Èdè Yorùbá"}
