"""Refusals: bad input raises DataError with at most 400 characters that name the culprit."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from data_cases import CONLLU, TSV, corpus_of, folder, refusal, write
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gradsim_core.data import Corpus, load_corpus
from gradsim_core.data.readers import load_parts
from gradsim_core.errors import DataError
from gradsim_core.study import Study

BAD_FILES = {
    "wrong number of columns": (
        "train.tsv", "text\tlabel\na\tx\nb\tc\ty\n", r"train\.tsv:3: 3 columns.*header has 2"),
    "too few columns": ("train.csv", 'text,label\n"a\nb",x\nc\n', r"train\.csv:4: 1 column,"),
    "open quote": ("train.csv", 'text,label\na,x\n"b,y\n', r"train\.csv:3: unexpected end"),
    "text after a quote": ("train.csv", 'text,label\n"a"b,x\n', r"train\.csv:2: .*expected"),
    "no text column": ("train.tsv", "foo\tlabel\na\tx\n", r"train\.tsv: no column for text.*foo"),
    "no label column": ("train.csv", "text,foo\na,x\n", r"no column for label.*text, foo"),
    "a column twice": ("train.csv", "text,text,label\na,b,x\n", r"'text' stands twice"),
    "not UTF-8": ("train.tsv", b"text\tlabel\nsch\xf6n\tx\n", r"train\.tsv:2: not UTF-8.*0xF6"),
    "broken UTF-16": ("train.tsv", "\ufefftext\tlabel\na\tx\n".encode("utf-16-le") + b"\x00",
                      r"train\.tsv:3: not UTF-16"),
    "UTF-16 without a mark": ("train.tsv", "text\tlabel\n".encode("utf-16-le"),
                              r"train\.tsv:1: holds a NUL"),
    "Git LFS pointer": ("train.parquet", b"version https://git-lfs.github.com/spec/v1\noid sha",
                        r"train\.parquet: is a Git LFS pointer.*git lfs pull"),
    "not Parquet": ("train.parquet", b"PK\x03\x04 nothing", r"train\.parquet: not readable as Par"),
    "not JSON": ("train.jsonl", '{"text": "a", "label": "x"}\n{"text": }\n',
                 r"train\.jsonl:2: not JSON \(Expecting value"),
    "JSON list": ("train.jsonl", '["a", "x"]', r"train\.jsonl:1: list, not an object"),
    "deep JSON": ("train.jsonl", "[" * 100_000, r"train\.jsonl:1: not JSON \(nested too deep"),
    "half a surrogate": ("train.jsonl", '{"text": "\\ud83d", "label": "x"}',
                         r"train\.jsonl:1: half of a"),
    "key missing": ("train.jsonl", '{"text": "a", "label": "x"}\n{"text": "b"}\n',
                    r"train\.jsonl:2: no 'label'"),
    "text is an object": ("train.jsonl", '{"text": {"a": 1}, "label": "x"}', r":1: text is a dict"),
    "words without tags": ("train.jsonl", '{"tokens": ["a", "b"], "label": "x"}',
                           r":1: text and label must both"),
    "uneven words and tags": ("train.jsonl", '{"tokens": ["a", "b"], "tags": ["x"]}',
                              r":1: 2 words but 1 tags"),
    "word without a tag": ("train.txt", "a O\nb\n", r"train\.txt:2: 'b' stands alone"),
    "word with a space": ("train.conll", "a O\nNew York B-LOC\n",
                          r"train\.conll:2: 3 columns, but 2"),
    "too few CoNLL-U columns": ("train.conllu", "# x\n1\tx\tNOUN\n", r"train\.conllu:2: 3 columns"),
    "not a word number": ("train.conllu", "a\tx" + "\t_" * 8, r"train\.conllu:1: 'a' is not a"),
    "nothing but a header": ("train.tsv", "text\tlabel\n", r"none of deu has a training row"),
}


@pytest.mark.parametrize("case", BAD_FILES, ids=lambda case: case.replace(" ", "-"))
def test_bad_file_is_refused(tmp_path: Path, case: str) -> None:
    name, content, message = BAD_FILES[case]
    folder(tmp_path, content, name)
    assert re.search(message, refusal(lambda: corpus_of(tmp_path)))


BAD_STUDIES: dict[str, tuple[dict[str, Any], str]] = {
    "no such folder": ({"data": "/nowhere/at/all"}, "there is no such file or folder"),
    "unknown language": ({"languages": ("Klingonish",)}, "'Klingonish' is not in the data.*deu"),
    "near miss": ({"languages": ("germn",)}, "'germn' is not in the data. Near: german"),
    "unknown role": ({"columns": {"txt": "a"}}, "role 'txt' is not known. Use one of: id, label"),
    "missing column": ({"columns": {"label": "stars"}}, r"'stars' is not there.*text, label"),
    "wrong task": ({"task": "token"}, "task is 'token', but the data holds texts"),
    "unknown preset": ({"preset": "afrisent"}, "preset 'afrisent' is not known.*afrisenti"),
    "builtin with data": ({"preset": "builtin"}, "builtin needs no data"),
}


@pytest.mark.parametrize("case", BAD_STUDIES, ids=lambda case: case.replace(" ", "-"))
def test_bad_study_is_refused(tmp_path: Path, case: str) -> None:
    values, message = BAD_STUDIES[case]
    folder(tmp_path, TSV)
    study = Study(**{"data": str(tmp_path), **values})
    assert re.search(message, refusal(lambda: load_corpus(study)))


@pytest.mark.parametrize(("files", "message"), [
    ({"deu/train.tsv": TSV, "deu/train.csv": "text,label\na,x\n"}, r"train\.tsv: train\.csv holds"),
    ({"deu/dev.tsv": TSV, "deu/valid.tsv": TSV}, r"valid\.tsv: dev\.tsv holds the dev"),
    ({"deu/train.tsv": TSV, "nld/train.conll": "a O\n"}, "some files hold texts"),
    ({"README.md": "nothing"}, r"no data found.*There: README\.md"),
    ({"train.csv": "text,label\na,x\n"}, r"no column for language.*<language>/<split>"),
    ({"train.csv": "text,label,lang\na,x,\n"}, r"train\.csv:2: the language is empty"),
    ({"deu\u202e/train.tsv": TSV}, "control character"),
    ({f"{'x' * 120}/train.tsv": TSV}, "is no language: it has 120")])
def test_bad_folder_is_refused(tmp_path: Path, files: dict[str, str], message: str) -> None:
    for name, content in files.items():
        write(tmp_path / name, content)
    assert re.search(message, refusal(lambda: corpus_of(tmp_path)))


@pytest.mark.parametrize(("name", "content", "message"), [
    ("x.csv", "text,label,lang,split\na,x,de,train\nb,x,de,held-out\n",
     r"x\.csv:3: split 'held-out' is not known"),
    ("x.csv", "text,label\na,x\n", r"x\.csv: no column for language"),
    ("x.conllu", CONLLU, r"x\.conllu: one such file holds one language"),
    ("x.xlsx", "PK", r"x\.xlsx: cannot be read by its ending")])
def test_bad_single_file_is_refused(tmp_path: Path, name: str, content: str,
                                    message: str) -> None:
    path = write(tmp_path / name, content)
    assert re.search(message, refusal(lambda: corpus_of(path)))


@pytest.mark.parametrize(("name", "columns", "message"), [
    ("train.conll", {"label": "ner"}, "'ner' is not a number"),
    ("train.conll", {"label": "7"}, r"train\.conll:1: there is no column 7"),
    ("train.conll", {"text": "0"}, r"train\.conll:1: there is no column 0"),
    ("train.conllu", {"label": "pos"}, "'pos' is not a CoNLL-U column")])
def test_bad_column_numbers_are_refused(tmp_path: Path, name: str, columns: dict[str, str],
                                        message: str) -> None:
    folder(tmp_path, CONLLU if name.endswith("u") else "a O\n", name)
    assert re.search(message, refusal(lambda: load_parts(tmp_path, columns)))


def test_unreadable_file_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder(tmp_path, TSV)

    def denied(self: Path) -> bytes:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "read_bytes", denied)
    assert "train.tsv: cannot be read (Permission denied)" in refusal(lambda: corpus_of(tmp_path))


def test_long_paths_and_many_columns_fit_into_the_message(tmp_path: Path) -> None:
    deep = tmp_path.joinpath(*["x" * 60] * 8)
    path = write(deep / "all.csv", ",".join(f"column {i}" for i in range(500)) + "\n")
    message = refusal(lambda: load_parts(path))
    assert "all.csv" in message
    assert "and 4" in message  # and so many more columns


# fuzz: a corpus or a named error, nothing else

@pytest.mark.parametrize("name", ["train.csv", "train.tsv", "train.jsonl", "train.conll",
                                  "train.conllu", "train.parquet"])
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(head=st.sampled_from([b"", b"text,label\n", b"text\tlabel\n", b"\xef\xbb\xbf", b"\xff\xfe",
                             b"PAR1", b'{"text": "a", "label": "x"}\n', b"a O\n\n",
                             CONLLU.encode()]),
       body=st.one_of(st.binary(max_size=200), st.text(max_size=200).map(
           lambda text: text.encode("utf-8", "ignore")), st.lists(st.sampled_from(
               [b"a", b"O", b"\t", b",", b'"', b"\n", b"\r", b" ", b"1", b"1-2", b"_", b"{", b"}",
                b"[", b'"text":', b'"label":', b"\\ud83d", b"null", b"1e999"]),
               max_size=60).map(b"".join)))
def test_fuzz(tmp_path: Path, name: str, head: bytes, body: bytes) -> None:
    folder(tmp_path, head + body, name)
    try:
        corpus = corpus_of(tmp_path)
    except DataError as error:
        message = str(error)
    else:
        message = ""
        _check(corpus)
    assert len(message) <= 400


def _check(corpus: Corpus) -> None:
    assert len(corpus.split("deu", "train")) > 0
    assert corpus.fingerprints().keys() == {"deu"}
    for split in corpus.splits["deu"].values():
        for text, label in zip(split.texts, split.labels, strict=True):
            assert text
            assert label
            assert isinstance(text, str) or len(text) == len(label)
