"""The commands `scores` and `import-scores`: tables out, tables in, and what they refuse."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from cli_cases import Gradsim
from data_cases import write
from made_up_studies import SIGNATURE, made_up_series, write_study

from gradsim_core.results import load_results
from gradsim_core.storage.store import Store
from gradsim_core.study import Study
from gradsim_core.trials import study_budget, trial_of

WIDE = "trained on,German,Dutch,Swedish,Tigrinya,zho\nGerman,80,60.5,50,,3\nDutch,70,90,55,10,4\n"


@pytest.fixture
def gradsim(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
            tmp_path: Path) -> Gradsim:
    """The command, with a study whose models of deu and nld alone are there, with two seeds."""
    store = write_study(tmp_path / "cache", targets=("tir",),
                        series=made_up_series([0, 0, 1], codes=("deu", "nld", "swe")))
    study = Study.model_validate(load_results(store, SIGNATURE).record["study"])
    for i, source in enumerate(("deu", "nld")):
        for seed in (0, 1):
            scores = {code: {"weighted_f1": 0.9 if code == source else 0.5 + 0.1 * i + 0.01 * seed
                             + 0.02 * j} for j, code in enumerate(("deu", "nld", "swe", "tir"))}
            store.write_json(SIGNATURE, trial_of([source], seed, study_budget(study)).entry, {
                "metric": "weighted_f1", "scores": {"dev": scores, "test": scores}, "facts": {}})
    monkeypatch.setenv("GRADSIM_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("COLUMNS", "100")
    return Gradsim(monkeypatch, capsys)


def test_scores_in_every_format(gradsim: Gradsim) -> None:
    table = gradsim("scores", "--seeds", 2)
    assert table.code == 0
    row = next(line for line in table.out.splitlines() if "Dutch" in line)
    assert [cell.strip(" │") for cell in row.split("│") if cell.strip()] == [
        "Dutch", "nld", "60.5", "90.0", "64.5", "66.5"]
    assert "4 seeds" not in table.out
    assert "8 of 24 scores are missing" in " ".join(table.err.split())
    assert "Halves of the seeds agree at r = 1.00" in table.err
    wide = gradsim("scores", "--seeds", 1, "--format", "csv").out.splitlines()
    assert wide[:2] == ["source,name,deu,nld,swe,tir", "deu,German,0.9,0.52,0.54,0.56"]
    assert wide[3] == "swe,Swedish,,,,"
    long = gradsim("scores", "--seeds", 1, "--format", "long").out.splitlines()
    assert long[0] == "source,source_name,target,target_name,seed,metric,split,score"
    assert long[2] == "deu,German,nld,Dutch,0,weighted_f1,test,0.52"
    found = json.loads(gradsim("scores", "--seeds", 2, "--json").out)
    assert found["mean"][1] == [pytest.approx(one) for one in (0.605, 0.9, 0.645, 0.665)]
    assert found["values"][0][2] == [None] * 4
    assert found["seed_agreement"]["n_cells"] == 6


def test_gains(gradsim: Gradsim) -> None:
    found = json.loads(gradsim("scores", "--gain", "monolingual", "--seeds", 1, "--json").out)
    assert found["gain_over"] == "monolingual"
    assert found["mean"][0] == [0, pytest.approx(0.52 - 0.9), None, None]
    together = json.loads(gradsim("scores", "--gain", "all_languages", "--seeds", 1,
                                  "--json").out)  # the joint run: 0.75, 0.74, 0.73, 0.72
    assert together["mean"][0] == [pytest.approx(one) for one in (0.15, -0.22, -0.19, -0.16)]
    assert "+" in gradsim("scores", "--gain", "all_languages").out
    pairs = json.loads(gradsim("scores", "--pairs", "--seeds", 1, "--json").out)
    assert pairs["mean"] == [[0, None, None], [None, 0, None], [None, None, None]]


def test_imported_scores_are_reported_kept_and_shown(gradsim: Gradsim, tmp_path: Path) -> None:
    file = write(tmp_path / "their table.csv", WIDE)
    checked = gradsim("import-scores", file, "--unit", "percent")
    assert checked.code == 0
    said = " ".join(checked.err.split())
    assert "a wide table, 2 sources x 5 targets." in said
    assert "Zho (macrolanguage) read as cmn." in said
    assert "Cells missing: 1." in said
    assert "Kept" not in said

    kept = gradsim("import-scores", file, "--unit", "percent", "--study", SIGNATURE[:4],
                   "--metric", "weighted_f1")
    said = " ".join(kept.err.split())
    assert "In the table alone, dropped: cmn." in said
    assert "Not a source in the table: swe, tir." in said
    assert f"gradsim scores {SIGNATURE} --imported their-table" in said
    shown = gradsim("scores", "--imported", "their-table", "--format", "csv")
    assert shown.out.splitlines()[1] == "deu,German,0.8,0.605,0.5,"
    gains = json.loads(gradsim("scores", "--imported", "their-table", "--gain", "monolingual",
                               "--json").out)
    assert gains["mean"][1][0] == pytest.approx(-0.1)
    report = json.loads(gradsim("import-scores", file, "--unit", "percent", "--study", SIGNATURE,
                                "--name", "second", "--json").out)
    assert report["kept_as"] == "second"
    assert report["targets"] == ["deu", "nld", "swe", "tir"]


@pytest.mark.parametrize(("arguments", "message"), [
    (("scores", "--gain", "x"), "--gain: Gain 'x' is not known"),
    (("scores", "--format", "x"), "--format: Format 'x' is not known"),
    (("scores", "--split", "train"), "Split 'train' is not known"),
    (("scores", "--metric", "bleu"), "Metric 'bleu' is not known"),
    (("scores", "--batch-size", 5), "--batch-size:"),
    (("scores", "--imported", "none"), "no imported scores 'none'"),
    (("scores", "--imported", "none", "--pairs"), "Leave out --pairs"),
    (("import-scores", "FILE", "--unit", "fraction"), "unit is percent"),
    (("import-scores", "FILE", "--unit", "percent", "--name", "x"), "Name it with --study"),
    (("import-scores", "FILE", "--unit", "percent", "--columns", "x"), "source=train_lang"),
    (("import-scores", "FILE", "--unit", "percent", "--study", SIGNATURE, "--name", "/"),
     "'/' is not a name")])
def test_refusals(gradsim: Gradsim, tmp_path: Path, arguments: tuple, message: str) -> None:
    file = write(tmp_path / "t.csv", WIDE)
    answer = gradsim(*(file if one == "FILE" else one for one in arguments))
    assert answer.code == 2
    assert message in " ".join(answer.err.split())


def test_a_study_that_is_not_finished_has_scores_too(gradsim: Gradsim, tmp_path: Path) -> None:
    Store(tmp_path / "cache").remove(SIGNATURE, "grams.safetensors")
    assert gradsim("scores", "--seeds", 1, "--json").code == 0
