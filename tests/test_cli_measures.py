"""The commands `measures` and `import-similarity`: in every format, and what they refuse."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest
from cli_cases import Gradsim
from data_cases import write
from made_up_studies import made_up_series
from result_cases import MORE_WORDS, write_data

from gradsim_core.prepared import RECORD, prepare, study_record
from gradsim_core.results import save_grams
from gradsim_core.storage.store import Store
from gradsim_core.study import Study

LAYER = "\tdeu_Latn\tnld_Latn\tspa_Latn\tzho\n" + "\n".join(
    f"{one}\t" + "\t".join("" if one == other else f"{{{min(i, j)}}}" for j, other in enumerate(
        ("deu_Latn", "nld_Latn", "spa_Latn", "zho")))
    for i, one in enumerate(("deu_Latn", "nld_Latn", "spa_Latn", "zho"))) + "\n"


@pytest.fixture
def gradsim(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
            tmp_path: Path) -> Gradsim:
    """The command, with a finished study of four languages."""
    prepared = prepare(Study(data=str(write_data(tmp_path / "data", MORE_WORDS)),
                             task="sequence", steps=4, snapshots=1))
    store = Store(tmp_path / "cache")
    store.write_json(prepared.signature, RECORD, study_record(prepared))
    save_grams(store, prepared.signature, made_up_series(
        [0, 1, 0, 1], codes=prepared.sources), {})
    monkeypatch.setenv("GRADSIM_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("COLUMNS", "140")
    return Gradsim(monkeypatch, capsys)


def cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip("│ ").split("│")]


def test_a_line_a_measure(gradsim: Gradsim) -> None:
    answer = gradsim("measures", "--names",
                     "gradient,family,typology.featural,distribution.script,lexical.words")
    assert answer.code == 0
    lines = {cells(line)[0]: cells(line) for line in answer.out.splitlines() if "│" in line}
    assert [*lines] == ["gradient", "family", "typology.featural", "lexical.words"]
    assert lines["family"][1:6] == ["Genealogy", "100%", "0.29", "0.154", "0.615"]
    assert lines["gradient"][-1] == "6"
    assert lines["family"][-2:] == ["–", "–"]
    assert "Without distribution.script: It is 1 for every pair" in " ".join(answer.err.split())


def test_one_matrix(gradsim: Gradsim) -> None:
    answer = gradsim("measures", "--names", "family")
    row = next(cells(line) for line in answer.out.splitlines() if "Dutch" in line)
    assert row == ["Dutch", "nld", "0.45", "0.18", "–", "0.17"]
    assert "Wu and Palmer" in answer.err
    kilometres = gradsim("measures", "--names", "geographic").out
    row = next(cells(line) for line in kilometres.splitlines() if "Dutch" in line)
    assert row[2] == "-648"


def test_csv_reads_back_as_an_imported_similarity(gradsim: Gradsim, tmp_path: Path) -> None:
    for to in ("csv", "long"):
        text = gradsim("measures", "--names", "family", "--format", to).out
        file = write(tmp_path / f"{to}.csv", text)
        answer = gradsim("import-similarity", file, "--json")
        assert answer.code == 0, answer.err
        found = json.loads(answer.out)
        own = json.loads(gradsim("measures", "--names", "family", "--json").out)["measures"][0]
        assert found["languages"] == own["languages"]
        assert found["values"] == own["values"]


def test_long_with_layers(gradsim: Gradsim) -> None:
    text = gradsim("measures", "--names", "gradient,family", "--format", "long", "--layers").out
    rows = list(csv.DictReader(io.StringIO(text)))
    assert {(row["measure"], row["layer"]) for row in rows} == {
        ("gradient", ""), ("family", ""), *(("gradient", block) for block in (
            "embeddings", "layer.0", "layer.1", "layer.2", "layer.3", "head"))}
    assert len(rows) == 8 * 12
    assert rows[0]["source_name"] == "German"


def test_all_as_json(gradsim: Gradsim) -> None:
    names = "distribution.script,family,geographic"
    found = json.loads(gradsim("measures", "--names", names, "--json").out)
    assert [one["name"] for one in found["measures"]] == ["family", "geographic"]
    assert [*found["left_out"]] == ["distribution.script"]
    assert found["measures"][0]["values"][0][0] is None
    assert found["measures"][0]["layers"] == []


def test_layers_are_imported_kept_and_shown(gradsim: Gradsim, tmp_path: Path) -> None:
    folder = tmp_path / "their model"
    for number, values in ((2, (.1, .2, .3)), (10, (.4, .5, .6))):
        write(folder / f"layer{number}.tsv", LAYER.format(*values))
    signature = Store(tmp_path / "cache").signatures()[0]
    checked = gradsim("import-similarity", folder)
    assert checked.code == 0
    said = " ".join(checked.err.split())
    assert "2 wide tables of 4 languages, layer 2 to layer 10; 100% of the pairs" in said
    assert "Zho (macrolanguage) read as cmn." in said
    assert "Kept" not in said
    kept = gradsim("import-similarity", folder, "--study", signature[:6])
    said = " ".join(kept.err.split())
    assert "3 of the study's 4 languages are in the tables." in said
    assert "Missing in the tables: ita." in said
    assert "In the tables alone, dropped: cmn." in said
    assert f"gradsim measures {signature} --names imported.their-model" in said
    shown = gradsim("measures", "--names", "imported.their-model", "--format", "long", "--layers")
    rows = {(row["layer"], row["source"], row["target"]): row["similarity"]
            for row in csv.DictReader(io.StringIO(shown.out))}
    assert rows["layer 10", "deu", "nld"] == "0.4"
    assert rows["layer 2", "spa", "nld"] == "0.2"
    assert rows["layer 2", "ita", "nld"] == ""


@pytest.mark.parametrize(("arguments", "message"), [
    (("measures", "--format", "x"), "--format: Format 'x' is not known"),
    (("measures", "--format", "csv"), "Name it with --names"),
    (("measures", "--layers"), "goes with --format long"),
    (("measures", "--names", "lexical"), "Measure 'lexical' is not known"),
    (("measures", "ffff"), "No study begins with 'ffff'"),
    (("import-similarity", "FILE", "--name", "x"), "Name it with --study"),
    (("import-similarity", "FILE", "--study", "SIGNATURE", "--name", "a/b"), "is not a name"),
    (("import-similarity", "none.csv"), "none.csv"),
    (("import-similarity", "FILE", "--columns", "x"), "source=lang1")])
def test_refusals(gradsim: Gradsim, tmp_path: Path, arguments: tuple, message: str) -> None:
    file = write(tmp_path / "t.csv", "l,deu,nld,spa\ndeu,,1,2\nnld,1,,3\nspa,2,3,\n")
    found = {"FILE": file, "SIGNATURE": Store(tmp_path / "cache").signatures()[0]}
    answer = gradsim(*(found.get(one, one) for one in arguments))
    assert answer.code == 2
    assert message in " ".join(answer.err.split())


def test_data_that_changed_are_refused(gradsim: Gradsim, tmp_path: Path) -> None:
    with (tmp_path / "data" / "deu" / "train.tsv").open("a") as file:
        file.write("neu neu\t1\n")
    answer = gradsim("measures")
    assert answer.code == 2
    assert "are no longer what they were" in " ".join(answer.err.split())
