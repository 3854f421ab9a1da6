"""Tables in memory: read as those on the disk, with a preview and their wrong cells."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from correlation_import_cases import LONG, WIDE

from gradsim_core import GradSimError, HeldFile, preview_table, read_scores, wrong_cells


def test_held_file_is_read_as_one_on_the_disk(tmp_path: Path) -> None:
    path = tmp_path / "mine.csv"
    path.write_text(WIDE)
    held = HeldFile("mine.csv", WIDE.encode())
    (a, report), (b, other) = read_scores(path, "percent"), read_scores(held, "percent")
    assert np.array_equal(a.values, b.values, equal_nan=True)
    assert (a.sources, a.origin) == (b.sources, b.origin)
    assert report.sentences() == other.sentences()
    assert other.path == "mine.csv"
    assert preview_table(held) == preview_table(path)


def test_wrong_cells_are_those_that_reading_refuses() -> None:
    wrong = HeldFile("w.csv", LONG.replace("0.5", "5").encode())
    told = wrong_cells(wrong, "fraction", most=4)
    assert len(told) == 4
    with pytest.raises(GradSimError) as refused:
        read_scores(wrong, "fraction")
    assert told[0] == str(refused.value)
    assert wrong_cells(HeldFile("w.csv", LONG.encode()), "fraction") == []
    assert wrong_cells(wrong, None) == [], "a similarity may be any number"
    with pytest.raises(GradSimError, match="Unit 'points' is not known"):
        wrong_cells(wrong, "points")


def test_preview_tells_roles_and_stops_early() -> None:
    preview = preview_table(HeldFile("long.csv", LONG.encode()), n_rows=2)
    assert preview.columns == ("train_lang", "test_lang", "f1")
    assert preview.roles == {"source": "train_lang", "target": "test_lang", "score": "f1"}
    assert preview.rows == [("deu", "deu", "0.50"), ("deu", "spa", "0.51")]
    assert preview.is_long
    assert not preview_table(HeldFile("wide.csv", WIDE.encode())).is_long
    assert len(preview_table(HeldFile("x.csv", (LONG + "broken\n").encode())).rows) == 6
