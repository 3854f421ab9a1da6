"""Files to take away hold every number, every name, and who is left out."""

from __future__ import annotations

import csv
import io

import numpy as np

from dashboard.exports import groups_csv, matrix_csv
from gradsim_core import Similarity

NAMES = {"amh": "Amharic", "hau": "Hausa", "ibo": "Igbo"}


def test_matrix_csv_holds_every_digit() -> None:
    matrix = np.array([[1, np.nan, 0.2], [np.nan, 1, 1 / 3], [0.2, 1 / 3, 1]]) / 3
    found = Similarity(tuple(NAMES), matrix, np.full(3, 0.9), ("layer.0",), "cosine_of_mean",
                       "raw", 10)
    rows = list(csv.reader(io.StringIO(matrix_csv(found, NAMES, (2, 0, 1)))))
    assert rows[0] == ["code", "name", "reliability", "ibo", "amh", "hau"]
    assert rows[1][:3] == ["ibo", "Igbo", "0.9"]
    assert float(rows[1][4]) == matrix[2, 0]
    assert rows[2][5] == ""


def test_groups_csv_names_who_is_left_out() -> None:
    decision = {"groups": [{"name": "group 1", "languages": [
        {"code": "hau", "name": "=Hausa", "reliability": 0.5}]}],
        "not_grouped": [{"code": "ibo", "reason": "its halves do not agree"}]}
    rows = list(csv.reader(io.StringIO(groups_csv(decision))))
    assert rows[1] == ["group 1", "hau", "'=Hausa", "0.5", ""]
    assert rows[2] == ["", "ibo", "", "", "its halves do not agree"]
