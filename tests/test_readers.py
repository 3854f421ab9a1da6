"""Readers: every format, layout and encoding, right or refused with file and line.

Conventions
-----------
Slow twins are naive counts of lines and blank-line blocks. A refused input must raise DataError
with at most 400 characters that name the culprit.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gradsim_core.data import Corpus, load_corpus
from gradsim_core.data.conll import conll_rows, conllu_rows
from gradsim_core.data.readers import load_parts
from gradsim_core.data.rows import Row, hash_fraction, hash_split, split_name
from gradsim_core.errors import DataError
from gradsim_core.study import Study

TSV = "text\tlabel\ngut\tpos\nschlecht\tneg\n"


def write(path: Path, content: str | bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def folder(root: Path, content: str | bytes, name: str = "train.tsv") -> Path:
    """A folder with one file of one language."""
    write(root / "deu" / name, content)
    return root


def corpus_of(root: Path, **settings: Any) -> Corpus:
    return load_corpus(Study(data=str(root), **settings))


def rows_in(root: Path, **columns: str) -> list[Row]:
    return [row for part in load_parts(root, columns) for row in part.rows]


def refusal(call: Callable[[], object]) -> str:
    """The message of the DataError that a call raises."""
    with pytest.raises(DataError) as caught:
        call()
    assert len(str(caught.value)) <= 400
    return str(caught.value)


# layouts

def test_language_folders(tmp_path: Path) -> None:
    for language in ("deu", "nld"):
        for split in ("train", "validation", "test"):
            write(tmp_path / language / f"{split}.tsv", TSV)
    corpus = corpus_of(tmp_path)
    assert list(corpus.languages) == ["deu", "nld"]
    assert corpus.labels == ("neg", "pos")
    assert (corpus.task, corpus.metric) == ("sequence", "weighted_f1")
    assert corpus.split("nld", "dev").texts == ("gut", "schlecht")
    assert corpus.split("nld", "dev").source.endswith("nld/validation.tsv")


@pytest.mark.parametrize("spelling", ["German", "de", "deu_Latn", "stan1295"])
def test_folders_may_spell_the_language_in_any_way(tmp_path: Path, spelling: str) -> None:
    write(tmp_path / spelling / "train.tsv", TSV)
    write(tmp_path / spelling / "test.tsv", TSV)
    assert list(corpus_of(tmp_path, languages="deu").languages) == ["deu"]


def test_unknown_spelling_stays_its_own_language(tmp_path: Path) -> None:
    write(tmp_path / "our dialect" / "train.tsv", TSV)
    assert list(corpus_of(tmp_path).languages) == ["our dialect"]


def test_one_file_with_language_and_split_columns(tmp_path: Path) -> None:
    path = write(tmp_path / "all.csv", "Lang,split,Sentence,label,topic\n"
                 "de,train,gut,1,home\nde,test,schlecht,0,work\nnl,train,goed,1,\n")
    corpus = corpus_of(path)
    assert corpus.split("deu", "test").texts == ("schlecht",)
    assert corpus.split("deu", "train").topics == ("home",)
    assert corpus.split("nld", "train").topics == ()


def test_tables_by_split_with_a_language_column(tmp_path: Path) -> None:
    for split in ("train", "test"):
        write(tmp_path / f"{split}.jsonl",
              '{"text": "a", "label": "x", "language": "de"}\n'
              '{"text": "b", "label": "y", "language": "fr"}\n')
    corpus = corpus_of(tmp_path)
    assert [len(corpus.split(code, "test")) for code in ("deu", "fra")] == [1, 1]


def test_one_file_a_language_is_split_by_hash(tmp_path: Path) -> None:
    names = [f"satz {i}" for i in range(300)]
    for language in ("deu", "nld"):
        write(tmp_path / f"{language}.csv", "id,text,label\n" + "".join(
            f"{i},{language} {name},{'xy'[i % 2]}\n" for i, name in enumerate(names)))
    corpus = corpus_of(tmp_path)
    splits = [corpus.split("deu", name) for name in ("train", "dev", "test")]
    assert sum(map(len, splits)) == 300
    assert all("split 80/10/10 by hash of id" in split.source for split in splits)
    assert 0.7 < len(splits[0]) / 300 < 0.9
    for name, split in zip(("train", "dev", "test"), splits, strict=True):
        assert split.ids == corpus.split("nld", name).ids
        assert all(hash_split(key) == name for key in split.ids)


def test_duplicate_texts_without_ids_fall_into_one_split(tmp_path: Path) -> None:
    folder(tmp_path, "text\tlabel\n" + "".join(f"text {i % 40}\tx\n" for i in range(200)))
    corpus = corpus_of(tmp_path)
    texts = [set(corpus.split("deu", name).texts) for name in ("train", "dev", "test")]
    assert sum(map(len, texts)) == 40 == len(set.union(*texts))


def test_a_test_file_alone_stays_a_target_where_others_train(tmp_path: Path) -> None:
    write(tmp_path / "deu" / "train.tsv", TSV)
    write(tmp_path / "deu" / "test.tsv", TSV)
    write(tmp_path / "nld" / "test.tsv", TSV)
    corpus = corpus_of(tmp_path)
    assert corpus.trainable == ("deu",)
    assert len(corpus.split("nld", "test")) == 2


@pytest.mark.parametrize("content", ["text\tlabel\n", "text\tlabel", ""])
def test_header_only_or_empty_train_file_keeps_the_language(tmp_path: Path, content: str) -> None:
    folder(tmp_path, content)
    write(tmp_path / "deu" / "test.tsv", TSV)
    write(tmp_path / "nld" / "train.tsv", TSV)
    corpus = corpus_of(tmp_path)
    assert list(corpus.languages) == ["deu", "nld"]
    assert [len(corpus.split("deu", name)) for name in ("train", "dev", "test")] == [0, 0, 2]


def test_hidden_files_and_symbolic_links_are_ignored(tmp_path: Path) -> None:
    data = tmp_path / "data"
    folder(data, TSV)
    outside = write(tmp_path / "secret" / "train.tsv", "not a table")
    (data / "nld").symlink_to(outside.parent)
    (data / "deu" / "test.tsv").symlink_to(outside)
    write(data / ".git" / "train.tsv", "not a table")
    write(data / "deu" / "._train.tsv", b"\xff\xfe\x00")
    write(data / "deu" / "LICENSE.txt", "all rights reserved")
    assert {part.language for part in load_parts(data)} == {"deu"}
    assert len(rows_in(data)) == 2


def test_data_folder_of_a_clone_is_found(tmp_path: Path) -> None:
    folder(tmp_path / "data", TSV)
    assert len(rows_in(tmp_path)) == 2


def test_parquet_shards_are_joined(tmp_path: Path) -> None:
    for shard in range(2):
        path = tmp_path / "deu" / f"train-0000{shard}-of-00002.parquet"
        path.parent.mkdir(exist_ok=True)
        pq.write_table(pa.table({"text": [f"text {shard}"], "label": ["x"]}), path)
    assert [row.text for row in rows_in(tmp_path)] == ["text 0", "text 1"]


@pytest.mark.parametrize(("spelling", "name"), [
    ("train", "train"), ("TRAIN", "train"), ("validation", "dev"), ("valid", "dev"),
    ("dev", "dev"), ("test", "test"), ("test-00000-of-00001", "test"),
    ("train-labels", None), ("trainer", None), ("", None)])
def test_split_names(spelling: str, name: str | None) -> None:
    assert split_name(spelling) == name


def test_hash_fractions_are_even_and_fixed() -> None:
    fractions = [hash_fraction(str(i)) for i in range(2000)]
    assert hash_fraction("n01001011") == hash_fraction("n01001011")
    assert abs(sum(fractions) / 2000 - 0.5) < 0.03
    assert abs(sum(hash_split(str(i)) == "train" for i in range(2000)) / 2000 - 0.8) < 0.03


# formats

def test_tsv_knows_no_quotes(tmp_path: Path) -> None:
    lines = ['"RT @a: er sagt "ja"\tneg', "'\"\"'\tpos", '"\tneg', 'a,b;"c\tpos']
    folder(tmp_path, "text\tlabel\n" + "\n".join(lines) + "\n")
    assert [f"{row.text}\t{row.label}" for row in rows_in(tmp_path)] == lines


def test_lines_end_at_newlines_only(tmp_path: Path) -> None:
    texts = ["a\u2028b", "a\x85b", "a\rb", "a\x0b\x0c\x1cb", "\u00a0a", "😀"]
    folder(tmp_path, "text\tlabel\r\n" + "".join(f"{text}\tx\r\n" for text in texts))
    assert [row.text for row in rows_in(tmp_path)] == texts


def test_csv_cells_may_hold_commas_quotes_and_line_ends(tmp_path: Path) -> None:
    folder(tmp_path, 'text,label\n"eins, ""zwei""\ndrei",x\nvier,y', "train.csv")
    assert [row.text for row in rows_in(tmp_path)] == ['eins, "zwei"\ndrei', "vier"]


def test_jsonl_of_texts_and_of_words(tmp_path: Path) -> None:
    folder(tmp_path / "a", '{"text": "gut", "label": 1}\n\n'
           '{"label": true, "text": "\\ud83d\\ude00"}', "train.jsonl")
    assert rows_in(tmp_path / "a") == [Row("gut", "1"), Row("😀", "True")]
    folder(tmp_path / "b", '{"tokens": ["Anna", "lacht"], "ner_tags": ["B-PER", "O"]}',
           "train.jsonl")
    corpus = corpus_of(tmp_path / "b")
    assert (corpus.task, corpus.metric) == ("token", "entity_f1")


def test_parquet_class_numbers_become_names(tmp_path: Path) -> None:
    features = {"text": {"dtype": "string", "_type": "Value"},
                "label": {"names": ["neg", "pos"], "_type": "ClassLabel"}}
    table = pa.table({"text": ["a", "b", "c", None], "label": [1, 0, -1, 1]})
    table = table.replace_schema_metadata(
        {"huggingface": json.dumps({"info": {"features": features}})})
    path = tmp_path / "deu" / "train.parquet"
    path.parent.mkdir()
    pq.write_table(table, path)
    write(tmp_path / "deu" / "test.tsv", TSV)
    split = corpus_of(tmp_path).split("deu", "train")
    assert split.labels == ("pos", "neg")
    assert split.dropped == {"empty label": 1, "empty text": 1}


def test_empty_texts_and_labels_are_dropped_and_counted(tmp_path: Path) -> None:
    folder(tmp_path, "text\tlabel\n\tpos\n  \tpos\na\t\nb\tneg\n\n")
    write(tmp_path / "deu" / "test.tsv", TSV)
    split = corpus_of(tmp_path).split("deu", "train")
    assert split.texts == ("b",)
    assert split.dropped == {"empty text": 2, "empty label": 1}


def test_conll_columns_tabs_documents_and_the_last_sentence(tmp_path: Path) -> None:
    path = write(tmp_path / "x.txt", "-DOCSTART- -X- O O\n\nEU NNP B-NP B-ORG\nlehnt  VBZ B-VP O\n"
                 "\n\n \t\n. . O O")
    assert conll_rows(path, {}) == [Row(("EU", "lehnt"), ("B-ORG", "O")), Row((".",), ("O",))]
    assert conll_rows(path, {"label": "2"})[0].label == ("NNP", "VBZ")
    tabs = write(tmp_path / "y.txt", "New York\tB-LOC\n\u00a0\tO\n")
    assert conll_rows(tabs, {})[0].text == ("New York", "\u00a0")


CONLLU = """# sent_id = a1
# text = Vámonos _
1-2\tVámonos\t_\t_\t_\t_\t_\t_\t_\t_
1\tVamos\tir\tVERB\tV\t_\t0\troot\t_\t_
2\tnos\tnosotros\tPRON\t_\t_\t1\tobj\t_\t_
2.1\tgone\tgo\tVERB\t_\t_\t_\t_\t1:conj\t_
3\t_\t_\tPUNCT\t_\t_\t1\tpunct\t_\t_

# sent_id = a2
1\tx\t_\t_\t_\t_\t0\troot\t_\t_
"""


def test_conllu_ranges_empty_nodes_and_underscores(tmp_path: Path) -> None:
    path = write(tmp_path / "x.conllu", CONLLU)
    assert conllu_rows(path, {}) == [
        Row(("Vamos", "nos", "_"), ("VERB", "PRON", "PUNCT"), id="a1"), Row(("x",), (), id="a2")]
    assert conllu_rows(path, {"label": "deprel"})[1].label == ("root",)


def test_untagged_conllu_sentence_is_dropped_and_counted(tmp_path: Path) -> None:
    folder(tmp_path, CONLLU, "train.conllu")
    folder(tmp_path, CONLLU, "test.conllu")
    split = corpus_of(tmp_path).split("deu", "train")
    assert (len(split), split.dropped, split.ids) == (1, {"empty label": 1}, ("a1",))


# encodings and line ends

@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("last", [True, False])
@pytest.mark.parametrize(("name", "lines"), [
    ("train.tsv", ["text\tlabel", "größer 😀\tpos", "kürzer\tneg"]),
    ("train.csv", ["text,label", "größer 😀,pos", "kürzer,neg"]),
    ("train.jsonl", ['{"text": "größer 😀", "label": "pos"}',
                     '{"text": "kürzer", "label": "neg"}']),
    ("train.conll", ["größer pos", "😀 pos", "", "kürzer neg"])])
def test_encodings_and_ends(tmp_path: Path, encoding: str, end: str, last: bool, name: str,
                            lines: list[str]) -> None:
    text = end.join(lines) + (end if last else "")
    folder(tmp_path, text.encode(encoding), name)
    words = [row.text if isinstance(row.text, str) else " ".join(row.text)
             for row in rows_in(tmp_path)]
    assert words == ["größer 😀", "kürzer"]


def test_a_line_of_ten_megabytes(tmp_path: Path) -> None:
    giant = "ü" * 5_000_000
    for name, row in (("train.tsv", f"{giant}\tx"), ("test.csv", f'"{giant}",x'),
                      ("dev.jsonl", json.dumps({"text": giant, "label": "x"}))):
        header = {"tsv": "text\tlabel\n", "csv": "text,label\n"}.get(name.split(".")[1], "")
        folder(tmp_path, header + row, name)
    rows = rows_in(tmp_path)
    assert [len(row.text) for row in rows] == [5_000_000] * 3


# choices of the study

def test_languages_in_any_spelling_and_order(tmp_path: Path) -> None:
    for language in ("deu", "nld", "fra"):
        write(tmp_path / language / "train.tsv", TSV)
    one = corpus_of(tmp_path, languages=("French", "de"))
    assert list(one.languages) == ["deu", "fra"]
    assert one == corpus_of(tmp_path, languages=("deu", "fr"))


def test_rows_are_a_seeded_choice_independent_of_other_languages(tmp_path: Path) -> None:
    table = "text\tlabel\n" + "".join(f"satz {i}\t{'xy'[i % 2]}\n" for i in range(100))
    for language in ("deu", "nld", "fra"):
        write(tmp_path / language / "train.tsv", table)
        write(tmp_path / language / "test.tsv", table)
    small = corpus_of(tmp_path, rows=10)
    assert all(len(small.split(code, "train")) == 10 for code in small.languages)
    assert all(len(small.split(code, "test")) == 100 for code in small.languages)
    alone = corpus_of(tmp_path, rows=10, languages=("fra",))
    assert alone.split("fra", "train").texts == small.split("fra", "train").texts
    more = corpus_of(tmp_path, rows=20).split("fra", "train").texts
    assert set(small.split("fra", "train").texts) < set(more)
    other = corpus_of(tmp_path, rows=10, seed=1).split("fra", "train").texts
    assert other != small.split("fra", "train").texts
    order = {f"satz {i}": i for i in range(100)}
    assert sorted(other, key=order.__getitem__) == list(other)


def test_lowercase(tmp_path: Path) -> None:
    folder(tmp_path, "text\tlabel\nGROẞ\tPOS\n")
    folder(tmp_path, "text\tlabel\nKlein\tPOS\n", "test.tsv")
    assert corpus_of(tmp_path, lowercase=True).split("deu", "train").texts == ("groß",)
    assert corpus_of(tmp_path).split("deu", "train").texts == ("GROẞ",)
    assert corpus_of(tmp_path, lowercase=True).labels == ("POS",)


def test_columns_by_role(tmp_path: Path) -> None:
    folder(tmp_path, "text\tbody\tlabel\tgrade\nT\tB\tL\tG\n")
    assert rows_in(tmp_path) == [Row("T", "L")]
    assert rows_in(tmp_path, text="body", label="grade", id="text") == [Row("B", "G", id="T")]


# what is refused

BAD_FILES = {
    "wrong number of columns": (
        "train.tsv", "text\tlabel\na\tx\nb\tc\ty\n", r"train\.tsv:3: 3 columns.*header has 2"),
    "too few columns": ("train.csv", 'text,label\n"a\nb",x\nc\n', r"train\.csv:4: 1 columns"),
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


# the real data, against naive counts

def test_afrisenti_is_read_exactly(data_root: Path) -> None:
    root = data_root / "afrisenti"
    parts = load_parts(root)
    assert len(parts) == 42
    for part in parts:
        raw = Path(part.source).read_bytes()
        assert len(part.rows) == raw.removesuffix(b"\n").count(b"\n"), part.source
        lines = raw.decode().removesuffix("\n").split("\n")[1:]
        again = ["\t".join(filter(None, (row.id, *row[:2]))) for row in part.rows]
        assert again == lines, part.source
    assert {part.language for part in parts if part.split == "train" and not part.rows} == {
        "orm", "tir"}


def test_masakhaner_sentences_are_the_blocks_between_blank_lines(data_root: Path) -> None:
    files = sorted((data_root / "masakhaner2").glob("*/dev.txt"))
    assert len(files) == 10
    for file in files:
        blocks = [block for block in file.read_text(encoding="utf-8").split("\n\n")
                  if block.strip()]
        rows = conll_rows(file, {})
        assert len(rows) == len(blocks)
        assert sum(len(row.text) for row in rows) == sum(
            len(block.strip("\n").split("\n")) for block in blocks)


def test_pud_words_are_those_with_a_plain_number(data_root: Path) -> None:
    file = data_root / "ud-pud" / "UD_Czech-PUD" / "cs_pud-ud-test.conllu"
    lines = [line.split("\t") for line in file.read_text(encoding="utf-8").split("\n")]
    words = [(cells[1], cells[3]) for cells in lines if cells[0].isdigit()]
    rows = conllu_rows(file, {})
    assert len(rows) == 1000
    assert [pair for row in rows for pair in zip(row.text, row.label, strict=True)] == words
