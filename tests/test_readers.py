"""Formats and encodings: read right to the last sentence, and the real data read exactly.

Conventions
-----------
Slow twins are naive counts of lines and of the blocks between blank lines.
"""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from data_cases import CONLLU, TSV, corpus_of, folder, rows_in, write

from gradsim_core.data.conll import conll_rows, conllu_rows
from gradsim_core.data.readers import load_parts
from gradsim_core.data.rows import Row


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
