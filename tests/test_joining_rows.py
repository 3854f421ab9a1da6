"""The rows of a newcomer: read like the study's own, and refused in words where they do not fit."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from data_cases import write

from gradsim_core.errors import DataError, GradSimError, LanguageError, StudyError
from gradsim_core.joining.rows import newcomer_rows
from gradsim_core.prepared import prepare, study_record
from gradsim_core.study_text import study_from

HEADER = "text\tlabel\n"
ROWS = "".join(f"satz {i}\t{'pos' if i % 2 else 'neg'}\n" for i in range(40))
FEW = "".join(f"wort {i}\t{'pos' if i % 2 else 'neg'}\n" for i in range(6))


@pytest.fixture
def record(tmp_path: Path) -> dict[str, Any]:
    """The record of a study on German and Dutch, with labels neg and pos."""
    return record_of(tmp_path)


def record_of(tmp_path: Path, **settings: Any) -> dict[str, Any]:
    for code in ("deu", "nld"):
        write(tmp_path / "data" / code / "train.tsv", HEADER + ROWS)
        write(tmp_path / "data" / code / "test.tsv", HEADER + FEW)
    return study_record(prepare(study_from({"data": str(tmp_path / "data"), **settings})))


def refusal(record: dict[str, Any], kind: type[GradSimError], *arguments: Any, **more: Any) -> str:
    with pytest.raises(kind) as caught:
        newcomer_rows(record, *arguments, **more)
    assert len(str(caught.value)) <= 400
    return str(caught.value)


def test_a_file_without_a_language_is_the_newcomers(tmp_path: Path, record: dict) -> None:
    file = write(tmp_path / "new.csv", "tweet,mood\n" + ROWS.replace("\t", ","))
    found = newcomer_rows(record, "Danish", file, {"text": "tweet", "label": "mood"})
    assert found.language.code == "dan"
    assert sum(found.rows.values()) == 40  # split 80/10/10, so that some stay unseen
    assert 20 <= len(found.train) == found.rows["train"] < 40


def test_the_same_rows_as_in_a_study_with_the_language(tmp_path: Path) -> None:
    before = record_of(tmp_path, rows=10, seed=3, lowercase=True)
    write(tmp_path / "data" / "dan" / "train.tsv", HEADER + ROWS.replace("satz", "Sætning"))
    write(tmp_path / "data" / "dan" / "test.tsv", HEADER + FEW)
    after = record_of(tmp_path, rows=10, seed=3, lowercase=True)
    found = newcomer_rows(before, "da")  # the study's own source has it now
    assert found.fingerprint == after["data_fingerprints"]["dan"]
    assert newcomer_rows(before, "da", tmp_path / "data").fingerprint == found.fingerprint
    assert found.rows == after["rows"]["dan"]


def test_a_file_of_many_languages_gives_one(tmp_path: Path, record: dict) -> None:
    lines = "".join(f"{'dan' if i % 2 else 'swe'}\tord {i}\tpos\n" for i in range(60))
    file = write(tmp_path / "many.tsv", f"lang\t{HEADER}{lines}")
    assert sum(newcomer_rows(record, "Swedish", file).rows.values()) == 30
    assert "'Finnish' is not in the data" in refusal(record, DataError, "Finnish", file)


def test_a_split_without_a_language_is_the_newcomers(tmp_path: Path, record: dict) -> None:
    write(tmp_path / "split" / "train.tsv", HEADER + ROWS)
    write(tmp_path / "split" / "dev.tsv", HEADER + FEW)
    assert newcomer_rows(record, "dan", tmp_path / "split").rows["train"] == 40


def test_refusals_name_the_value_and_the_next_step(tmp_path: Path, record: dict) -> None:
    file = write(tmp_path / "new.tsv", HEADER + ROWS.replace("pos", "good"))
    assert refusal(record, StudyError, "dan", file) == (
        "Danish has labels that the study does not know: 'good'. The study's are 'neg', 'pos'. "
        "Write them alike, or name the label column with --columns label=NAME.")
    said = refusal(record, StudyError, "German")
    assert "German (deu) is in study" in said
    assert "trained on with 40 rows. Name another language." in said
    few = write(tmp_path / "few.tsv", f"split\t{HEADER}train\teins\tpos\ntest\tzwei\tneg\n")
    assert "Danish has 1 training rows, and at least 2 are needed (100 or more" in refusal(
        record, DataError, "dan", few)
    assert "'Qwertyish' is not a known" in refusal(record, LanguageError, "Qwertyish", file)
    assert "there is no such file or folder" in refusal(record, DataError, "dan", tmp_path / "no")
    words = write(tmp_path / "words" / "dan" / "train.conll", "ord B-PER\n\nord O\n" * 9)
    assert "the data holds words with tags" in refusal(record, DataError, "dan", words.parents[1])
    assert "role 'mood'" in refusal(record, DataError, "dan", file, {"mood": "label"})
    topics = {**record, "study": {**record["study"], "by_topic": True}}
    assert "are split by topic" in refusal(topics, StudyError, "dan", file)


def test_a_target_may_join(tmp_path: Path) -> None:
    write(tmp_path / "data" / "dan" / "test.tsv", HEADER + FEW)
    record = record_of(tmp_path)
    assert record["rows"]["dan"]["train"] == 0
    file = write(tmp_path / "new.tsv", HEADER + ROWS)
    assert len(newcomer_rows(record, "dan", file).train) > 2
