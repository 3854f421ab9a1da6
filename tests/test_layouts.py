"""Layouts: which file holds which split of which language; splits by hash; choices of a study."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from data_cases import TSV, corpus_of, folder, rows_in, write

from gradsim_core.data.readers import load_parts
from gradsim_core.data.rows import Row, hash_fraction, hash_split, split_name


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


# choices of the study

def test_languages_in_any_spelling_and_order(tmp_path: Path) -> None:
    for language in ("deu", "nld", "fra"):
        write(tmp_path / language / "train.tsv", TSV)
    one = corpus_of(tmp_path, languages=("French", "de"))
    assert list(one.languages) == ["deu", "fra"]
    assert one == corpus_of(tmp_path, languages=("deu", "fr"))


def test_files_of_other_languages_are_not_opened(tmp_path: Path) -> None:
    for language in ("sr_Latn", "sr_Cyrl", "fra"):
        write(tmp_path / language / "train.tsv", TSV)
    write(tmp_path / "nld" / "train.tsv", b"\xff")
    corpus = corpus_of(tmp_path, languages=("sr_Cyrl",))
    assert list(corpus.languages) == ["srp_Cyrl"]  # as if all had been read


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
    scored = corpus_of(tmp_path, score_rows=10)
    assert all(len(scored.split(code, "test")) == 10 for code in scored.languages)
    assert all(len(scored.split(code, "train")) == 100 for code in scored.languages)
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
