"""`gradsim join`, and what the other commands read along."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest
from cli_cases import Gradsim
from data_cases import write
from engine_cases import made_split

SETTINGS = ("--steps", 4, "--snapshots", 4, "--batch-size", 4, "--max-length", 32)


def rows(code: str, n_rows: int = 30) -> str:
    split = made_split(code, n_rows, "sequence")
    return "text\tlabel\n" + "".join(f"{text}\t{label}\n" for text, label in
                                     zip(split.texts, split.labels, strict=True))


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with data of three languages, a file of a fourth, and a cache."""
    root = tmp_path_factory.mktemp("joining")
    for code in ("deu", "nld", "spa"):
        write(root / "data" / f"{code}.tsv", rows(code))
    write(root / "ita.tsv", rows("ita", 160))
    write(root / "few.tsv", rows("ita", 40))
    return root


@pytest.fixture
def gradsim(place: Path, monkeypatch: pytest.MonkeyPatch,
            capsys: pytest.CaptureFixture[str]) -> Gradsim:
    monkeypatch.setenv("GRADSIM_CACHE", str(place / "cache"))
    return Gradsim(monkeypatch, capsys)


def joined(gradsim: Gradsim, place: Path) -> None:
    """The finished study, Italian joined; what is there already is reused."""
    assert gradsim("run", "--data", place / "data", *SETTINGS, "--keep-weights").code == 0
    assert gradsim("join", "--language", "Italian", "--data", place / "ita.tsv").code == 0


def test_from_the_study_to_a_verified_decision(gradsim: Gradsim, place: Path) -> None:
    study = ("run", "--data", place / "data", *SETTINGS)
    assert gradsim(*study).code == 0
    asked = ("join", "--language", "Italian", "--data", place / "ita.tsv")
    refused = gradsim(*asked)
    assert refused.code == 2
    assert "keeps no weights" in refused.err
    before = gradsim("export").out

    again = gradsim(*study, "--keep-weights")
    assert again.code == 0, again.err
    assert "trained once more to keep its weights" in " ".join(again.err.split())
    assert gradsim("export").out == before
    assert "results are reused" in gradsim(*study, "--keep-weights").err

    assert "gradients of 16 examples" in gradsim(*asked, "--estimate").err
    assert gradsim("join", "--json").out.strip() == "[]"

    answer = gradsim(*asked, "--json")
    assert answer.code == 0, answer.err
    found = json.loads(answer.out)
    assert found["code"] == "ita"
    assert set(found["similarity"]) == {"deu", "nld", "spa"}
    assert set(found["block_reliability"]) >= {"embeddings", "layer.0", "head"}
    assert len(found["gains"]) == len(found["groups"]) + 1
    assert 0 <= found["sure"] <= 1
    assert "is reused" in gradsim(*asked).err
    assert [one["id"] for one in json.loads(gradsim("join", "--json").out)] == [found["id"]]

    alone, along = gradsim("similarity", "--json"), gradsim("similarity", "--joined", "ita",
                                                           "--json")
    assert json.loads(alone.out)["languages"] == ["deu", "nld", "spa"]
    read = json.loads(along.out)
    assert read["languages"] == ["deu", "nld", "spa", "ita"]
    assert read["matrix"][3][:3] == pytest.approx(
        [found["similarity"][code] for code in ("deu", "nld", "spa")])

    decision = place / "decision.json"
    assert gradsim("export", "--joined", "all", "--k", 2, "-o", decision).code == 0
    written = json.loads(decision.read_text())
    assert [one["id"] for one in written["joined"]] == [found["id"]]
    assert "ita" in {one["code"] for group in written["groups"] for one in group["languages"]}
    assert gradsim("verify", decision).code == 0
    assert "kept with a study are of its own" in gradsim("groupings", "--keep", decision).err
    written["joined"][0]["rows"] += 1
    decision.write_text(json.dumps(written))
    wrong = gradsim("verify", decision)
    assert wrong.code == 1
    assert "joined[0].rows" in wrong.err
    written["joined"][0]["id"] = "0" * 12
    decision.write_text(json.dumps(written))
    gone = gradsim("verify", decision)
    assert gone.code == 2
    assert "has joined study" in gone.err

    assert gradsim("export").out == before  # what the study says alone has not changed


def test_groups_are_resampled_with_it(gradsim: Gradsim, place: Path) -> None:
    joined(gradsim, place)
    sure = gradsim("stability", "--joined", "ita", "--k", 2, "--json")
    assert sure.code == 0, sure.err
    assert json.loads(sure.out)["languages"] == ["deu", "nld", "spa", "ita"]


@pytest.mark.parametrize("asked", [
    ("similarity",), ("similarity", "--json"), ("similarity", "--format", "csv"),
    ("similarity", "--format", "newick"), ("group", "--k", 2), ("stability", "--k", 2),
    ("stability", "--k", 2, "--json"), ("export", "--k", 2)])
def test_whatever_it_is_read_with_says_that_it_joined_later(gradsim: Gradsim, place: Path,
                                                            asked: tuple[object, ...]) -> None:
    joined(gradsim, place)
    along, alone = gradsim(*asked, "--joined", "ita"), gradsim(*asked)
    assert along.code == alone.code == 0, along.err
    assert "Italian joined the study later; it was not trained on." in " ".join(along.err.split())
    assert "joined" not in alone.err
    if "--json" in asked or asked[0] == "export":
        assert [one["code"] for one in json.loads(along.out)["joined"]] == ["ita"]
        assert "joined" not in json.loads(alone.out)
    else:
        assert ("[&joined=later]" if "newick" in asked else "joined later") in along.out
        assert "joined" not in alone.out
    if "csv" in asked:
        header, *rows = list(csv.reader(io.StringIO(along.out)))
        assert header[-2:] == ["reliability", "note"]
        assert {row[0]: row[-1] for row in rows if row[-1]} == {"ita": "joined later"}
        assert next(csv.reader(io.StringIO(alone.out)))[-1] == "reliability"


def test_few_rows_and_other_rows_are_told(gradsim: Gradsim, place: Path) -> None:
    joined(gradsim, place)
    answer = gradsim("join", "--language", "ita", "--data", place / "few.tsv")
    assert answer.code == 0, answer.err
    said = " ".join(answer.err.split())
    assert "fewer than 100: look at its reliability" in said
    assert "has joined this study before, with other rows" in said
    assert "would enter: " in said
    assert "Reliability by block" in answer.out
    assert len(json.loads(gradsim("join", "--json").out)) == 2
    assert "joined the study later" in gradsim("group", "--joined", "all").err


def test_refusals(gradsim: Gradsim, place: Path) -> None:
    joined(gradsim, place)
    assert "is in study" in gradsim("join", "--language", "German").err
    absent = gradsim("similarity", "--joined", "fra")
    assert absent.code == 2
    assert "No language 'fra' has joined" in absent.err
    steps = gradsim("similarity", "--joined", "ita", "--reading", "mean_cosine")
    assert steps.code == 2
    assert "needs the Grams of single steps" in steps.err


def test_a_target_of_afrisenti_joins(gradsim: Gradsim, data_root: Path) -> None:
    """Oromo has no training rows in AfriSenti; those of its file are split by hash."""
    ran = gradsim("run", "--preset", "afrisenti", "--data", data_root / "afrisenti", "--languages",
                  "hau,orm,tso,yor", "--rows", 60, "--score-rows", 4, *SETTINGS, "--keep-weights",
                  "--json")
    assert ran.code == 0, ran.err
    study = json.loads(ran.out)["signature"]
    asked = ("join", study, "--language", "orm", "--correction", "raw", "--json")
    assert "has no training rows in the study's data" in gradsim(*asked).err
    answer = gradsim(*asked, "--data", data_root / "afrisenti" / "orm" / "dev.tsv")
    assert answer.code == 0, answer.err
    found = json.loads(answer.out)
    assert found["facts"]["rows"]["train"] == 60
    assert set(found["similarity"]) == {"hau", "tso", "yor"}
    assert all(-1 <= value <= 1 for value in found["similarity"].values())
