"""Similarities from elsewhere without a study: layers, groups, what they go with, the report."""

from __future__ import annotations

import csv
import io
import json
import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
from cli_cases import Gradsim
from markdown_it import MarkdownIt
from sklearn.metrics import adjusted_rand_score

from gradsim_core.data.files import HeldFile
from gradsim_core.errors import DataError
from gradsim_core.findings.matrices import complete, matrices
from gradsim_core.findings.matrices_report import report_files, summary_rows
from gradsim_core.languages.resolving import resolve
from gradsim_core.measuring import uriel
from gradsim_core.measuring.files import ImportedSimilarity, read_similarity_files
from gradsim_core.measuring.of_languages import language_measure

CODES = ("deu", "nld", "swe", "spa", "por", "ita", "pol", "ces", "rus", "fin")


def made_up(n_layers: int = 3, missing: tuple[str, str] | None = None) -> ImportedSimilarity:
    """Layers that go from noise to genealogy."""
    family = language_measure("family", [resolve(code) for code in CODES]).values
    rng = np.random.default_rng(0)
    files = []
    for layer in range(n_layers):
        noise = rng.normal(size=family.shape)
        share = layer / max(1, n_layers - 1)
        table = share * family + (1 - share) * (noise + noise.T)
        rows = [",".join(["l", *CODES])]
        for one, row in zip(CODES, table, strict=True):
            rows.append(",".join([one, *("" if one == other or {one, other} == {*(missing or ())}
                                         else repr(float(value))
                                         for other, value in zip(CODES, row, strict=True))]))
        files.append(HeldFile(f"l{layer}.csv", "\n".join(rows).encode()))
    return read_similarity_files("made-up", files)


@pytest.fixture(scope="module")
def content() -> dict[str, Any]:
    return matrices(made_up(), ("family", "typology.featural"), k=4, strategy="exact",
                    permutations=199)


def test_the_layer_that_is_genealogy_goes_most_with_it(content: dict[str, Any]) -> None:
    family = content["against"][0]
    assert family["best"] == "layer 2"
    assert family["layers"][2]["value"] == pytest.approx(1)
    assert family["layers"][2]["p_corrected"] == pytest.approx(1 / 200)
    assert all(row["p_corrected"] >= row["p"] for row in family["layers"])
    assert family["n_pairs"] == 45
    assert content["verdict"].startswith("Genealogy goes most with layer 2 (ρ = 1.00, p = .005, "
                                         "corrected for 3 layers).")


def test_groups_by_layer_and_how_they_agree(content: dict[str, Any]) -> None:
    last = content["layers"][2]
    assert {frozenset(group) for group in last["groups"]} >= {
        frozenset({"deu", "nld", "swe"}), frozenset({"spa", "por", "ita"})}
    assert last["ari_next"] is None
    assert last["ari_branches"] > content["layers"][0]["ari_branches"]
    labels = [[next(i for i, group in enumerate(one["groups"]) if code in group)
               for code in CODES] for one in content["layers"]]
    assert content["layers"][0]["ari_next"] == pytest.approx(adjusted_rand_score(*labels[:2]))


def test_languages_stand_in_tree_order(content: dict[str, Any]) -> None:
    codes = [one["code"] for one in content["languages"]]
    assert sorted(codes) == sorted(CODES)
    assert abs(codes.index("spa") - codes.index("por")) == 1
    measure = made_up().measure
    at = [measure.languages.index(code) for code in codes]
    found = np.array([[np.nan if value is None else value for value in row]
                      for row in content["values"]])
    np.testing.assert_allclose(found, measure.values[np.ix_(at, at)])
    json.dumps(content, allow_nan=False)


def test_a_language_with_missing_pairs_is_not_grouped_and_stands_last() -> None:
    found = matrices(made_up(missing=("deu", "fin")), ("family",), k=3, permutations=99)
    grouped = [code for group in found["layers"][0]["groups"] for code in group]
    assert len(grouped) == 9
    (lacking,) = {*CODES} - {*grouped}
    assert lacking in ("deu", "fin")
    assert found["languages"][-1]["code"] == lacking
    assert found["against"][0]["n_pairs"] == 44


def test_complete_by_hand() -> None:
    table = np.ones((2, 4, 4))
    table[1, 0, 1] = table[0, 2, 1] = np.nan
    table[:, range(4), range(4)] = np.nan
    assert complete(table) == [0, 2, 3]
    assert complete(np.full((1, 3, 3), np.nan)) == [2]


def test_one_table_without_layers() -> None:
    found = matrices(made_up(1), ("family",), k=2, permutations=99)
    assert [one["layer"] for one in found["layers"]] == ["all"]
    assert "corrected for" not in found["verdict"]
    files = report_files(found)
    assert "layers.svg" not in files
    assert "![Similarity" in files["report.md"]


def test_typology_that_cannot_be_had_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uriel, "uriel_version", lambda: None)
    found = matrices(made_up(), ("family", "typology.syntactic"), k=3, permutations=99)
    assert [one["name"] for one in found["against"]] == ["family"]
    assert found["left_out"][0]["name"] == "typology.syntactic"
    assert "gradsim\\[typology\\]" in report_files(found)["report.md"]
    with pytest.raises(DataError, match="pip install"):
        matrices(made_up(), ("typology.syntactic",), k=3, permutations=99)
    with pytest.raises(DataError, match="'gradient' is not known"):
        matrices(made_up(), ("gradient",), k=3, permutations=99)


def test_the_report_holds_what_the_content_holds(content: dict[str, Any]) -> None:
    files = report_files(content)
    assert {*files} == {"report.md", "layers.csv", "groups.csv", "similarity.csv", "layers.svg",
                        "similarity.svg", "matrices.json"}
    assert json.loads(files["matrices.json"]) == json.loads(json.dumps(content))
    for name in ("layers.svg", "similarity.svg"):
        assert ElementTree.fromstring(files[name]).tag.endswith("svg")
        assert f"]({name})" in files["report.md"]
    assert "Portuguese" in files["similarity.svg"]
    rows = list(csv.DictReader(io.StringIO(files["layers.csv"])))
    assert len(rows) == 6
    assert float(rows[2]["spearman"]) == pytest.approx(1)
    groups = list(csv.DictReader(io.StringIO(files["groups.csv"])))
    assert len(groups) == 30
    html = MarkdownIt().enable("table").render(files["report.md"])
    assert html.count("<table>") == 1
    assert "1.00 (p = .005)" in html
    assert [row["layer"] for row in summary_rows(content)] == ["layer 0", "layer 1", "layer 2"]


def test_hostile_names_stay_text() -> None:
    held = HeldFile("<script>x<script>1.csv", (
        b"l,deu,nld,[x](http://out.example/)\ndeu,,1,2\nnld,1,,3\n"
        b"[x](http://out.example/),2,3,\n"))
    found = matrices(read_similarity_files("x", [held]), ("family",), k=2, permutations=99)
    html = MarkdownIt().enable("table").render(report_files(found)["report.md"])
    assert "<script" not in html
    assert "href" not in html


@pytest.fixture
def gradsim(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Gradsim:
    monkeypatch.setenv("COLUMNS", "160")
    return Gradsim(monkeypatch, capsys)


def test_mplm_sim(gradsim: Gradsim, data_root: Path, tmp_path: Path) -> None:
    """XLM-R's 13 layers of 84 languages: imported, grouped, compared, shown."""
    answer = gradsim("matrices", data_root / "mplm-sim" / "xlm-roberta-base_flores200", "--against",
                     "family,typology.syntactic", "--permutations", 199, "--report", tmp_path / "r")
    assert answer.code == 0, answer.err
    said = " ".join(answer.err.split())
    assert "13 wide tables of 84 languages, layer 0 to layer 12; 100% of the pairs" in said
    assert "Genealogy goes most with layer" in said
    content = json.loads((tmp_path / "r" / "matrices.json").read_text())
    syntax = [row["value"] for row in content["against"][1]["layers"]]
    assert max(syntax[2:10]) > syntax[0]
    assert max(syntax[2:10]) > syntax[12]
    assert all(row["p_corrected"] <= 0.05 for row in content["against"][1]["layers"][1:])
    middle = content["layers"][6]
    assert len([code for group in middle["groups"] for code in group]) == 84
    assert middle["ari_branches"] > 0.3
    assert any({"spa", "por", "ita", "fra"} <= {*group} for group in middle["groups"])
    svg = (tmp_path / "r" / "similarity.svg").read_text()
    assert len(re.findall("Afrikaans", svg)) == 2


@pytest.mark.parametrize(("arguments", "message"), [
    (("FILE", "--against", "x"), "'x' is not known"),
    (("FILE", "--against", "family,typology.x"), "'typology.x' is not known"),
    (("FILE", "--strategy", "x"), "Strategy 'x' is not known"),
    (("FILE", "--name", "a/b"), "is not a name"),
    (("no-such-folder",), "no-such-folder")])
def test_refusals(gradsim: Gradsim, tmp_path: Path, arguments: tuple, message: str) -> None:
    file = tmp_path / "t.csv"
    file.write_text("l,deu,nld,spa\ndeu,,1,2\nnld,1,,3\nspa,2,3,\n")
    answer = gradsim("matrices", *(file if one == "FILE" else one for one in arguments))
    assert answer.code == 2
    assert message in " ".join(answer.err.split())
