"""Uploaded files: kept once, under harmless names, where the readers find them."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gradsim_core.data.files import HeldFile
from gradsim_core.data.readers import ENDINGS, load_parts
from gradsim_core.data.upload_places import (
    Holding,
    guessed_holding,
    guessed_holdings,
    is_data,
    placed,
)
from gradsim_core.data.uploads import keep_uploads, upload_name
from gradsim_core.errors import DataError, StoreError
from gradsim_core.storage.store import Store


def test_the_same_upload_is_kept_once(tmp_path: Path) -> None:
    store = Store(tmp_path / "cache")
    file = HeldFile("a.csv", b"text,label\n")
    first = keep_uploads(store, [file])
    before = first.stat().st_mtime_ns
    assert keep_uploads(store, [file]) == first
    assert first.stat().st_mtime_ns == before
    assert first.read_bytes() == file.content
    assert first.parent.parent == store.root / ".uploads"
    other = keep_uploads(store, [HeldFile("a.csv", b"text,label\nx,y\n")])
    assert other.parent != first.parent, "another content, another folder"
    assert store.signatures() == [], "an upload is no study"


def test_a_torn_upload_is_written_again(tmp_path: Path) -> None:
    store = Store(tmp_path)
    path = keep_uploads(store, [HeldFile("a.csv", b"whole")])
    path.write_bytes(b"who")
    assert keep_uploads(store, [HeldFile("a.csv", b"whole")]).read_bytes() == b"whole"


def test_several_files_are_one_folder(tmp_path: Path) -> None:
    store = Store(tmp_path)
    files = [HeldFile(f"{code}/train.tsv", f"text\tlabel\n{code}\tx\n".encode())
             for code in ("hau", "yor")]
    folder = keep_uploads(store, files)
    assert sorted(part.language for part in load_parts(folder)) == ["hau", "yor"]


@pytest.mark.parametrize(("name", "kept"), [
    ("../../x.csv", "x.csv"), ("..\\..\\hau\\train.csv", "hau/train.csv"),
    ("/etc/passwd.csv", "etc/passwd.csv"), (".hidden.csv", "hidden.csv"),
    ("a\x00b\n.csv", "a-b-.csv"), ("日本語.csv", "日本語.csv"),
    ("Norwegian Bokmål.jsonl", "Norwegian Bokmål.jsonl"), ("-rf.csv", "rf.csv"),
    ("<img src=x>.csv", "img src-x-.csv")])
def test_names_lead_nowhere_else(name: str, kept: str) -> None:
    assert upload_name(name) == kept


@given(st.text(max_size=300), st.sampled_from(ENDINGS))
@example("a" * 101, ".csv")
@example("a" * 300, ".csv")
def test_any_name_stays_below_the_folder(tmp_path_factory: pytest.TempPathFactory, name: str,
                                         ending: str) -> None:
    try:
        kept = upload_name(name + ending)
    except DataError:
        return
    parts = kept.split("/")
    assert 1 <= len(parts) <= 2
    for part in parts:
        assert part not in ("", ".", "..")
        assert not set(part) & set('/\\\0<>:"|?*\n')
        assert len(part.encode()) <= 150
    store = Store(tmp_path_factory.getbasetemp() / "any")
    path = keep_uploads(store, [HeldFile(name + ending, b"x")])
    assert path.resolve().is_relative_to((store.root / ".uploads").resolve())


@pytest.mark.parametrize("name", ["../x", "a/../b.csv", "", "/a.csv", "a\x00.csv", ".a.csv"])
def test_the_store_refuses_names_that_lead_out(tmp_path: Path, name: str) -> None:
    with pytest.raises(StoreError):
        Store(tmp_path).write_upload("0" * 32, name, b"")
    with pytest.raises(StoreError):
        Store(tmp_path).write_upload("../out", "a.csv", b"")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("files", "said"), [
    ([], "0 files"), ([HeldFile("a.exe", b"")], "ending"),
    ([HeldFile("a.csv", b"1"), HeldFile("./a.csv", b"2")], "two files have this name")])
def test_what_cannot_be_kept_is_refused(tmp_path: Path, files: list[HeldFile], said: str) -> None:
    with pytest.raises(DataError, match=said):
        keep_uploads(Store(tmp_path), files)


def test_too_large_an_upload_is_named_by_its_path(tmp_path: Path,
                                                  monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gradsim_core.data.uploads.MOST_UPLOADED_BYTES", 3)
    with pytest.raises(DataError, match="give its path"):
        keep_uploads(Store(tmp_path), [HeldFile("a.csv", b"1234")])


@pytest.mark.parametrize(("name", "holding"), [
    ("hau_train.tsv", ("hau", "train")), ("train-yoruba.csv", ("yoruba", "train")),
    ("hau.jsonl", ("hau", "")), ("hau/train.txt", ("hau", "train")),
    ("sw_pud-ud-test.conllu", ("sw", "test")), ("train.csv", ("", "train")),
    ("Norwegian Bokmål.csv", ("Norwegian Bokmål", "")),
    ("data_en.valid.csv", ("en", "dev")), ("reviews.csv", ("reviews", ""))])
def test_names_say_language_and_split(name: str, holding: tuple[str, str]) -> None:
    assert guessed_holding(name) == holding


def test_names_that_say_no_language_leave_it_to_a_column() -> None:
    assert guessed_holdings(["reviews_a.csv", "reviews_b.csv"]) == [Holding("", "")] * 2
    assert guessed_holdings(["Elvish.csv", "hau.csv"]) == [Holding("Elvish", ""),
                                                           Holding("hau", "")]
    assert placed_names(("", ""), ("", "")) == [
        "train-00000-of-00002.tsv", "train-00001-of-00002.tsv"]


def placed_names(*holdings: tuple[str, str], ending: str = ".tsv") -> list[str]:
    files = [HeldFile(f"file{n}{ending}", b"") for n in range(len(holdings))]
    return [file.name for file in placed(files, [Holding(*one) for one in holdings])]


def test_files_are_laid_out_as_the_readers_expect() -> None:
    assert placed_names(("hau", ""), ("yor", "")) == ["hau.tsv", "yor.tsv"]
    assert placed_names(("hau", "train"), ("hau", "dev")) == ["hau/train.tsv", "hau/dev.tsv"]
    assert placed_names(("hau", "train"), ("yor", "")) == ["hau/train.tsv", "yor/train.tsv"]
    assert placed_names(("", "train"), ("", "test")) == ["train.tsv", "test.tsv"]
    assert placed_names(("hau", ""), ("hau", "")) == [
        "hau/train-00000-of-00002.tsv", "hau/train-00001-of-00002.tsv"]
    assert placed_names(("hau", "train"), ending=".txt") == ["hau/train.conll"]
    assert placed_names(("a/../b", "train")) == ["a-..-b/train.tsv"]
    with pytest.raises(DataError, match="language is missing"):
        placed_names(("hau", "train"), ("", "train"))


def test_a_folders_other_files_are_left_out() -> None:
    assert [is_data(name) for name in ("x/README.txt", "LICENSE.txt", ".DS_Store", "hau.txt")] == [
        False, False, False, True]
