"""Data looked at before they become a study: what is recognised, and every row that is wrong."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from data_cases import CONLLU, write

from gradsim_core.data import load_corpus
from gradsim_core.data.inspection import DataLook, inspect_data
from gradsim_core.errors import DataError
from gradsim_core.study import Study

TABLE = "text,label,language\ngut,pos,deu\nschlecht,neg,deu\nbien,pos,fra\n"


def places(look: DataLook) -> list[tuple[str, int]]:
    return [(one.file, one.line) for one in look.problems]


def test_one_table_is_recognised(tmp_path: Path) -> None:
    look = inspect_data(write(tmp_path / "a.csv", TABLE))
    assert look.files == {"a.csv": ("", "")}
    assert look.columns == ("text", "label", "language")
    assert look.preview[0] == ("gut", "pos", "deu")
    assert look.roles == {"text": "text", "label": "label", "language": "language"}
    assert look.rows == {"deu": {"": 2}, "fra": {"": 1}}
    assert look.split_here == ("deu", "fra")
    assert not look.by_id
    assert look.n_problems == 0


@pytest.mark.parametrize("separator", [";", "\t", ","])
def test_csv_is_separated_as_its_header_is(tmp_path: Path, separator: str) -> None:
    look = inspect_data(write(tmp_path / "a.csv", TABLE.replace(",", separator)))
    assert look.rows == {"deu": {"": 2}, "fra": {"": 1}}


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32"])
def test_byte_order_marks_are_understood(tmp_path: Path, encoding: str) -> None:
    look = inspect_data(write(tmp_path / "a.csv", TABLE.encode(encoding)))
    assert look.columns[0] == "text"
    assert look.n_problems == 0


def test_every_wrong_row_is_told_with_its_line(tmp_path: Path) -> None:
    rows = ["text,label,language,split", "a,x,deu,train", "b,x", 'c,"open,deu,train"', "d,x,,train",
            "e,x,deu,training", "f,x,deu,holdout", "", 'g,"two\nlines",deu,test', "h,x,y,deu,train"]
    look = inspect_data(write(tmp_path / "a.csv", "\n".join(rows)))
    # the quoted line end makes the last row begin in line 11
    assert places(look) == [("a.csv", 3), ("a.csv", 4), ("a.csv", 5), ("a.csv", 7), ("a.csv", 11)]
    said = [one.sentence for one in look.problems]
    assert "2 columns, but the header has 4" in said[0]
    assert "language is empty" in said[2]
    assert "'holdout' is not known" in said[3]
    assert look.rows == {"deu": {"train": 2, "test": 1}}, "the other rows are there"
    with pytest.raises(DataError, match=r"a\.csv:3: 2 columns"):  # the study itself is refused
        load_corpus(Study(data=str(tmp_path / "a.csv")))


def test_a_quote_that_stays_open_is_told_where_it_began(tmp_path: Path) -> None:
    look = inspect_data(write(tmp_path / "a.csv", TABLE + '"never closed,pos,deu\nx,pos,fra\n'))
    assert places(look) == [("a.csv", 5)]
    assert "Quote a text" in look.problems[0].sentence


def test_problems_are_counted_beyond_those_told(tmp_path: Path) -> None:
    look = inspect_data(write(tmp_path / "a.csv", TABLE + "x,y\n" * 30), most=4)
    assert (len(look.problems), look.n_problems) == (4, 30)
    assert look.problems[0].line == 5


def test_json_lines(tmp_path: Path) -> None:
    lines = [json.dumps({"text": "gut", "label": "pos", "language": "deu"}), "{broken", "[1]",
             '{"text": "half \\ud800", "label": "x", "language": "deu"}', '{"text": "x"}',
             '{"text": {"a": 1}, "label": "x", "language": "deu"}', ""]
    look = inspect_data(write(tmp_path / "a.jsonl", "\n".join(lines)))
    assert places(look) == [("a.jsonl", n) for n in (2, 3, 4, 5, 6)]
    assert look.rows == {"deu": {"": 1}}


def test_conll_and_its_numbered_columns(tmp_path: Path) -> None:
    write(tmp_path / "hau" / "train.txt", "Ado B-PER\nalone\nna O\n\nx y z\nkasa O\n")
    write(tmp_path / "yor" / "train.txt", "a O\n\nb O\n")
    look = inspect_data(tmp_path)
    assert look.kind == "conll"
    assert look.columns == ("1", "2", "3")
    assert look.preview[0] == ("Ado", "B-PER", "")
    assert places(look) == [("hau/train.txt", 2), ("hau/train.txt", 5)]
    assert look.rows == {"hau": {"train": 2}, "yor": {"train": 2}}
    assert look.split_here == ("hau", "yor")


def test_conllu_rows_have_ids(tmp_path: Path) -> None:
    for name in ("de", "es"):
        write(tmp_path / f"{name}_pud-ud-test.conllu", CONLLU)
    look = inspect_data(tmp_path)
    assert look.kind == "conllu"
    assert look.roles == {"text": "form", "label": "upos"}
    assert look.split_here == ("deu", "spa"), "test rows are split where nothing else is there"
    assert look.by_id
    broken = write(tmp_path / "fr_x-ud-test.conllu", "1\tx\nq\t" + "\t_" * 8 + "\n").name
    assert places(inspect_data(tmp_path)) == [(broken, 1), (broken, 2)]


def test_languages_in_any_spelling_and_unknown_ones(tmp_path: Path) -> None:
    rows = "".join(f"x{n},a,{code}\n" for n, code in enumerate(["swa", "Yoruba", "Elvish", "zh"]))
    look = inspect_data(write(tmp_path / "a.csv", f"text,label,language\n{rows}"))
    assert look.languages["swa"].note == "swa (macrolanguage) read as swh"
    assert look.languages["Yoruba"].code == "yor"
    assert look.languages["Elvish"].code == "Elvish"
    assert list(look.unknown) == ["Elvish"]
    assert "Write an ISO 639 code" in look.unknown["Elvish"]


def test_a_language_that_is_none_is_a_problem(tmp_path: Path) -> None:
    look = inspect_data(write(tmp_path / "a.csv", f"text,label,language\nx,a,{'z' * 200}\n"
                                                  "y,a,deu\n"))
    assert list(look.languages) == ["deu"]
    assert look.n_problems == 1
    assert "200 letters" in look.problems[0].sentence


@pytest.mark.parametrize(("content", "columns", "said"), [
    ("", (), None), ("text,label,language\n", ("text", "label", "language"), None),
    ("text,text,label,language\na,b,c,deu\n", ("text", "label", "language"), "stands twice"),
    ("one,two\na,b\n", ("one", "two"), "No column for text"),
    (b"text,label\n\xff\xfe,x\n", (), "Not UTF-8")])
def test_odd_tables(tmp_path: Path, content: str | bytes, columns: tuple[str, ...],
                    said: str | None) -> None:
    look = inspect_data(write(tmp_path / "a.csv", content))
    assert look.columns == columns
    assert [said in one.sentence for one in look.problems] == ([True] if said else [])


def test_given_columns_are_taken_and_wrong_ones_told(tmp_path: Path) -> None:
    file = write(tmp_path / "a.csv", "one,two,three\ngut,pos,deu\n")
    mapped = {"text": "one", "label": "two", "language": "three"}
    assert inspect_data(file, mapped).rows == {"deu": {"": 1}}
    look = inspect_data(file, {**mapped, "label": "four"})
    assert "'four' is not there" in look.problems[0].sentence
    with pytest.raises(DataError, match="role 'lable'"):
        inspect_data(file, {"lable": "two"})


@pytest.mark.parametrize("path", ["no/such", "a\x00b", "x" * 5000, ""])
def test_no_data_is_one_sentence(path: str, tmp_path: Path,
                                 monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(DataError) as caught:
        inspect_data(path)
    assert len(str(caught.value)) <= 400


def test_a_damaged_file_among_others_is_told_alone(tmp_path: Path) -> None:
    write(tmp_path / "deu.csv", "text,label\ngut,pos\n")
    write(tmp_path / "fra.parquet", b"no parquet")
    look = inspect_data(tmp_path)
    assert places(look) == [("fra.parquet", 0)]
    assert look.rows == {"deu": {"": 1}}
