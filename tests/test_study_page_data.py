"""The Study page with one's own data: columns, wrong rows, and what a health check tells."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from page_cases import button, labels, words
from study_page_cases import cache as cache  # noqa: PLC0414 - a fixture
from study_page_cases import described, draft
from study_page_cases import table as table  # noqa: PLC0414 - a fixture

from gradsim_core import study_from_text


def test_own_data_are_recognised_by_their_path(cache: Path, table: Path) -> None:
    app = described("data: ''\n")
    assert "Give a path, or upload files" in words(app)
    app.text_input(key="view.draft.path").set_value(str(table)).run()
    assert not app.exception
    assert draft(app) == f"data: {table}\n"
    assert "text is *text*, label is *label*, language is *language*" in words(app)
    assert "are split here: 80% train, 10% dev, 10% test" in words(app)
    assert any("Hausa" in list(frame.value.get("Read as", [])) for frame in app.dataframe)


def test_wrong_rows_are_listed_until_they_are_mended(cache: Path, table: Path) -> None:
    good = table.read_text()
    table.write_text(good + "\ntoo few\n" + '"x",pos,\n')
    app = described(f"data: {table}\n", health="1")
    n = len(good.split("\n"))
    assert "2 rows cannot be read" in words(app)
    assert f"reviews.csv, line {n + 1}" in words(app)
    assert f"reviews.csv, line {n + 2}" in words(app)
    assert "Check the data" not in [toggle.label for toggle in app.toggle]
    time.sleep(0.02)
    table.write_text(good)
    button(app, "Read the files again").click().run()
    assert "cannot be read" not in words(app)
    assert "2 languages, 2 to train on" in words(app)


def test_columns_are_chosen_where_names_are_unusual(cache: Path, table: Path) -> None:
    table.write_text(table.read_text().replace("text,label,language", "t,l,g", 1))
    app = described(f"data: {table}\n")
    assert "Choose the column for text and for label and for language" in words(app)
    assert not app.error
    for role, column in (("text", "t"), ("label", "l"), ("language", "g")):
        app.selectbox(key=f"view.draft.columns.{role}").set_value(column).run()
    assert study_from_text(draft(app)).columns == {"text": "t", "label": "l", "language": "g"}
    assert "Check the data" in [toggle.label for toggle in app.toggle]
    app.selectbox(key="view.draft.columns.label").set_value("").run()
    assert "Choose the column for label" in words(app)


@pytest.mark.parametrize(("content", "said"), [
    ("", "no row to read"), ("text,label,language\n", "no row to read"),
    ("text,text,label,language\na,b,c,deu\n", "stands twice"),
    ("text,label,language\n" + "".join(f"x{n},same,{code}\n" for n in range(30)
                                       for code in ("hau", "yor")), "only one label"),
    ("text,label,language\n" + "".join(f"x{n},{n % 2},deu\n" for n in range(30)), "two languages"),
    ("text,label,language\n" + "x,y,![x](http://out.example/b.png)\n" * 3, "two languages")])
def test_data_that_cannot_be_learned_from_are_told(cache: Path, tmp_path: Path, content: str,
                                                   said: str) -> None:
    file = tmp_path / "odd.csv"
    file.write_text(content)
    app = described(f"data: {file}\n", health="1")
    assert said in words(app)
    assert "our fault" not in words(app)
    assert "Start this study" not in labels(app)


def test_an_unknown_language_is_told_with_what_to_do(cache: Path, table: Path) -> None:
    table.write_text(table.read_text().replace(",yor", ",Elvish"))
    said = words(described(f"data: {table}\n"))
    assert "'Elvish' is not a known language" in said
    assert "Write an ISO 639 code" in said


def test_health_names_languages_and_shows_their_labels(cache: Path, table: Path) -> None:
    app = described(f"data: {table}\n", health="1")
    assert "**Hausa (hau)** has 48 training rows, fewer than 200" in words(app)
    frame = next(one.value for one in app.dataframe if "pos" in one.value)
    assert list(frame["Code"]) == ["hau", "yor"]
    assert all(abs(pos + neg - 100) < 0.2 for pos, neg in zip(frame["pos"], frame["neg"],
                                                              strict=True))
