"""What a study becomes before its first gradient: data, signature, record, or a named error."""

import pytest

from gradsim_core.errors import ModelError, StudyError
from gradsim_core.prepared import prepare, study_record, versions
from gradsim_core.study import METHOD_VERSION, Study


def written(folder, labels_by_language):
    """Texts with these labels as training rows of each language, and one test row."""
    for code, labels in labels_by_language.items():
        (folder / code).mkdir()
        rows = "".join(f"text {i}\t{label}\n" for i, label in enumerate(labels))
        if rows:
            (folder / code / "train.tsv").write_text("text\tlabel\n" + rows)
        (folder / code / "test.tsv").write_text("text\tlabel\ntest text\ta\n")
    return Study(data=str(folder), task="sequence")


def test_a_study_is_prepared(tmp_path):
    study = written(tmp_path, {"deu": "abab", "nld": "aabb", "ita": "a", "spa": ""})
    prepared = prepare(study)
    assert prepared.sources == ("deu", "nld")  # Italian has no row for a second half
    assert tuple(prepared.corpus.languages) == ("deu", "ita", "nld", "spa")
    assert prepare(study).signature == prepared.signature
    assert prepare(study.model_copy(update={"name": "x"})).signature == prepared.signature
    assert prepare(study.model_copy(update={"seed": 1})).signature != prepared.signature


def test_the_record_holds_the_whole_question(tmp_path):
    prepared = prepare(written(tmp_path, {"deu": "abab", "nld": "aabb"}))
    record = study_record(prepared)
    assert record["signature"] == prepared.signature
    assert record["method_version"] == METHOD_VERSION
    assert Study.model_validate(record["study"]) == prepared.study
    assert record["labels"] == ["a", "b"]
    assert record["sources"] == ["deu", "nld"]
    assert record["rows"]["deu"] == {"train": 4, "dev": 0, "test": 1}
    assert record["data_fingerprints"] == prepared.corpus.fingerprints()
    assert [language["name"] for language in record["languages"]] == ["German", "Dutch"]
    assert {"python", "torch", "transformers", "numpy"} <= record["versions"].keys()


def test_versions_are_of_what_is_installed():
    assert versions()["numpy"] == __import__("numpy").__version__


@pytest.mark.parametrize(("rows", "culprits"), [
    ({"deu": "abab"}, ["two languages", "found: deu of 1"]),
    ({"deu": "abab", "nld": "a", "ita": "b"}, ["two languages", "found: deu of 3"]),
    ({"deu": "a", "nld": "b"}, ["two languages", "found: none of 2"]),
    ({"deu": "aaaa", "nld": "aa"}, ["only one label", "'a'", "label column"])])
def test_what_cannot_be_studied_is_said_before_anything_runs(tmp_path, rows, culprits):
    with pytest.raises(StudyError) as caught:
        prepare(written(tmp_path, rows))
    message = str(caught.value)
    assert [culprit for culprit in culprits if culprit not in message] == []
    assert len(message.replace(str(tmp_path), "")) <= 400


def test_a_model_that_is_not_there_is_said_before_anything_runs(tmp_path):
    study = written(tmp_path, {"deu": "abab", "nld": "aabb"})
    with pytest.raises(ModelError, match="does not exist"):
        prepare(study.model_copy(update={"model": "/no/such/folder"}))
