"""Tables of similarity: any number, one value a pair, and published ones."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from data_cases import refusal
from pair_table_cases import NAN, similarity_in

from gradsim_core.pair_tables import read_similarity_table


def test_a_similarity_may_be_any_number(tmp_path: Path) -> None:
    table, report = similarity_in(tmp_path, "lang,deu,nld,swe\ndeu,,-2,30\nnld,-2,,\nswe,30,0.5,\n")
    np.testing.assert_array_equal(table.matrix, [[NAN, -2, 30], [-2, NAN, 0.5], [30, 0.5, NAN]])
    assert report.sentences() == []
    np.testing.assert_array_equal(table.among(["swe", "tir", "deu"]), [
        [NAN, NAN, 30], [NAN, NAN, NAN], [30, NAN, NAN]])


def test_directions_of_a_similarity_are_averaged_and_said(tmp_path: Path) -> None:
    table, report = similarity_in(tmp_path, "source,target,similarity\na,b,1\nb,a,3\na,c,5\n")
    np.testing.assert_array_equal(table.matrix, [[NAN, 2, 5], [2, NAN, NAN], [5, NAN, NAN]])
    assert report.sentences()[1:] == [
        "Cells missing: 2.", "Pairs differ by direction, by up to 2: their mean is taken."]


def test_a_similarity_has_one_value_a_pair(tmp_path: Path) -> None:
    assert "has 2 seeds" in refusal(lambda: similarity_in(
        tmp_path, "source,target,score,seed\na,b,1,0\na,b,2,1\n"))
    assert "written in percent" in refusal(lambda: similarity_in(tmp_path, "x,a\nb,3%\n"))


def test_published_similarities(data_root: Path) -> None:
    files = sorted((data_root / "mplm-sim").rglob("*.tsv"))
    assert len(files) == 13
    for file in files:
        table, report = read_similarity_table(file)
        assert len(table.languages) == len(set(table.languages)) == 84
        assert {"deu", "swh", "cmn", "srp"} <= {one[:3] for one in table.languages}
        assert (report.layout, report.missing, report.unknown) == ("wide", 0, [])
        off = ~np.eye(84, dtype=bool)
        assert np.isfinite(table.matrix[off]).all()
        with file.open(encoding="utf-8", newline="") as stream:
            rows = list(csv.reader(stream, delimiter="\t"))
        by_hand = float(rows[2][1])  # its second language with its first
        assert table.matrix[1, 0] == pytest.approx(by_hand, rel=1e-6)
