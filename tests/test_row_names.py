"""Tables as R's write.table writes them: the header lacks the name of the first column."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from data_cases import refusal, write

from gradsim_core.pair_tables import preview_table, read_scores

VALUES = [[0.8, 0.6], [0.7, np.nan]]
BY_R = {
    "as it comes": ("r.txt", '"deu" "nld"\n"deu" 0.8 0.6\n"nld" 0.7 NA\n'),
    "line ends of Windows": ("r.txt", '"deu" "nld"\r\n"deu" 0.8 0.6\r\n"nld" 0.7 NA\r\n'),
    "with tabs": ("r.tsv", '"deu"\t"nld"\n"deu"\t0.8\t0.6\n"nld"\t0.7\tNA\n'),
    "with commas": ("r.csv", '"deu","nld"\n"deu",0.8,0.6\n"nld",0.7,NA\n'),
    "without quotes": ("r.csv", "deu,nld\ndeu,0.8,0.6\nnld,0.7,NA\n"),
}


@pytest.mark.parametrize("case", BY_R)
def test_wide_tables_by_r(tmp_path: Path, case: str) -> None:
    name, content = BY_R[case]
    path = write(tmp_path / name, content)
    found, report = read_scores(path, "fraction")
    assert found.sources == found.targets == ("deu", "nld")
    np.testing.assert_array_equal(found.values[0], VALUES)
    assert (report.layout, report.sentences()[-1]) == ("wide", "Cells missing: 1.")
    assert preview_table(path).columns[0] == ""


def test_names_with_spaces_stay_whole(tmp_path: Path) -> None:
    content = '"German" "Scottish Gaelic"\n"German" 0.8 0.6\n"Scottish Gaelic" 0.7 NA\n'
    found, _ = read_scores(write(tmp_path / "r.txt", content), "fraction")
    assert found.sources == ("deu", "gla")


def test_a_data_frame_by_r(tmp_path: Path) -> None:
    rows = "".join(f'"{at}" "{pair}" {value}\n' for at, (pair, value) in enumerate(
        zip(('deu" "deu', 'deu" "nld', 'nld" "deu'), (0.8, 0.6, 0.7), strict=True), 1))
    found, report = read_scores(write(tmp_path / "r.txt", f'"source" "target" "score"\n{rows}'),
                                "fraction")
    np.testing.assert_array_equal(found.values[0], VALUES)
    assert report.layout == "long"
    assert report.ignored == (), "the numbers of the rows are no column"


@pytest.mark.parametrize("content", [
    "source,deu,nld\ndeu,0.8,0,6\nnld,0.7,0,5\n",  # decimals by commas beside "source"
    "deu,nld\ndeu,0.8,0.6,\nnld,0.7,0.5,\n",  # cells that end in a separator
    "deu,nld\ndeu,0.8,0.6\nnld,0.7\n",  # not every row
])
def test_slips_are_no_row_names(tmp_path: Path, content: str) -> None:
    assert "but the header has" in refusal(
        lambda: read_scores(write(tmp_path / "t.csv", content), "fraction"))
