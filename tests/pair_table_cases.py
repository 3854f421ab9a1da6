"""Tables of language pairs as people write them, and how their reading is checked."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from data_cases import write

from gradsim_core.pair_tables import (
    SimilarityTable,
    TableReport,
    read_scores,
    read_similarity_table,
)
from gradsim_core.scores.tables import Scores

NAN = float("nan")
WIDE = "source,deu,nld,swe\ndeu,0.8,0.6,0.5\nnld,0.7,0.9,NA\nswe,0.4,,0.75\n"
LONG = ("source,target,score\ndeu,deu,0.8\ndeu,nld,0.6\ndeu,swe,0.5\nnld,deu,0.7\nnld,nld,0.9\n"
        "swe,deu,0.4\nswe,swe,0.75\n")
VALUES = [[[0.8, 0.6, 0.5], [0.7, 0.9, NAN], [0.4, NAN, 0.75]]]


def scores_in(root: Path, content: str | bytes, name: str = "t.csv", unit: str = "fraction",
              **more: Any) -> tuple[Scores, TableReport]:
    return read_scores(write(root / name, content), unit, **more)


def similarity_in(root: Path, content: str, name: str = "s.csv") -> tuple[SimilarityTable,
                                                                          TableReport]:
    return read_similarity_table(write(root / name, content))


def check(found: tuple[Scores, TableReport], layout: str) -> None:
    scores, report = found
    assert scores.sources == scores.targets == ("deu", "nld", "swe")
    np.testing.assert_allclose(scores.values, VALUES, rtol=1e-12)
    assert (report.layout, report.missing, report.repeated) == (layout, 2, 0)
    assert report.sentences() == ["Cells missing: 2."]
