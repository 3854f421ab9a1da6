"""Scores and similarities that were measured elsewhere, read from a table.

Conventions
-----------
The unit of scores is stated, never guessed: "fraction" (0 to 1) or "percent" (0 to 100). Inside
they are fractions. A similarity may be any number; it has one value a pair.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from gradsim_core.data.files import HeldFile
from gradsim_core.data.rows import shown
from gradsim_core.errors import DataError, choice
from gradsim_core.pair_tables.cells import PairCells, pair_cells
from gradsim_core.pair_tables.grid import Grid, TableReport, grid_of
from gradsim_core.pair_tables.numbers import Cell, numbers
from gradsim_core.scores.tables import Scores

UNITS = {"fraction": 1.0, "percent": 100.0}
"""Unit of scores -> the largest score."""


@dataclass(frozen=True, eq=False)
class SimilarityTable:
    """A similarity that was measured elsewhere.

    Attributes
    ----------
    languages : codes, sources first
    matrix : (n_languages, n_languages) float64, symmetric, larger is nearer; NaN is missing, as
        the diagonal may be
    origin : what it is, in one line
    """

    languages: tuple[str, ...]
    matrix: np.ndarray
    origin: str

    def among(self, codes: Collection[str]) -> np.ndarray:
        """The similarity of these languages, in their order; NaN where the table lacks one."""
        at = {code: place for place, code in enumerate(self.languages)}
        found = np.full((len(codes), len(codes)), np.nan)
        have = [(i, at[code]) for i, code in enumerate(codes) if code in at]
        rows, places = [i for i, _ in have], [place for _, place in have]
        found[np.ix_(rows, rows)] = self.matrix[np.ix_(places, places)]
        return found


def read_scores(path: str | Path | HeldFile, unit: str, *, columns: Mapping[str, str] | None = None,
                metric: str | None = None, split: str | None = None,
                known: Collection[str] = ()) -> tuple[Scores, TableReport]:
    """Read scores by source and target.

    Parameters
    ----------
    path : .csv, .tsv or .txt, on the disk or in memory; wide or long
    unit : "fraction" or "percent"
    columns : role (source, target, score, seed, metric, split) -> column, where it does not go
        by its usual name
    metric, split : which rows to take where the file has a column for it; else what to call it
    known : a study's codes, which are preferred for what they may stand for

    Returns
    -------
    Scores, TableReport
        Fractions, NaN where the table has none; and what was understood.

    Raises
    ------
    DataError
        If the unit is unknown, a score is below 0 or above the unit's most, or the file is not
        such a table; names file and line.
    """
    if unit not in UNITS:
        raise DataError(choice("Unit", unit[:40], UNITS))
    path, where = path if isinstance(path, HeldFile) else Path(path), shown(path)
    found = pair_cells(path, columns or {}, metric, split)
    grid = grid_of(_in_range(numbers(found.cells, where), unit, where), where,
                   found.layout == "wide", known)
    largest = np.nanmax(grid.values, initial=0.0)
    notes = (("No score is above 1 %: if these are fractions, say so.",)
             if unit == "percent" and largest <= 1 else ())
    scores = Scores(grid.sources, grid.targets, found.metric, found.split, grid.seeds,
                    grid.values / UNITS[unit], f"{path.name[:100]}, imported")
    return scores, _report(where, found, grid, notes, scores.missing)


def wrong_cells(path: str | Path | HeldFile, unit: str | None, *,
                columns: Mapping[str, str] | None = None, metric: str | None = None,
                split: str | None = None, most: int = 20) -> list[str]:
    """Look for cells that are no such numbers, so that all can be mended at once.

    Parameters
    ----------
    unit : of scores; None for a similarity, which may be any number
    columns, metric, split : as in `read_scores`
    most : cells told

    Returns
    -------
    list of str
        What is wrong with each, with file and line, in the order of the file.

    Raises
    ------
    DataError
        If the unit is unknown, or the file as a whole is not such a table.
    """
    if unit is not None and unit not in UNITS:
        raise DataError(choice("Unit", unit[:40], UNITS))
    path, where = path if isinstance(path, HeldFile) else Path(path), shown(path)
    told: list[str] = []
    for cell in pair_cells(path, columns or {}, metric, split).cells:
        try:
            read = numbers([cell], where)
            deque(_in_range(read, unit, where) if unit else _without_percent(read, where), maxlen=0)
        except DataError as error:
            told.append(str(error))
            if len(told) == most:
                break
    return told


def read_similarity_table(path: str | Path | HeldFile, *, columns: Mapping[str, str] | None = None,
                          known: Collection[str] = ()
                          ) -> tuple[SimilarityTable, TableReport]:
    """Read a similarity of languages.

    Parameters
    ----------
    path : .csv, .tsv or .txt, on the disk or in memory; wide or long
    columns, known : as in `read_scores`

    Returns
    -------
    SimilarityTable, TableReport
        A pair that is given in one direction only has that value in both; one that differs by
        direction has the mean, and the report says so.

    Raises
    ------
    DataError
        If the file is not such a table, or has several seeds; names file and line.
    """
    path, where = path if isinstance(path, HeldFile) else Path(path), shown(path)
    found = pair_cells(path, columns or {})
    grid = grid_of(_without_percent(numbers(found.cells, where), where), where,
                   found.layout == "wide", known)
    if len(grid.seeds) > 1:
        raise DataError(f"{where}: a similarity has one value a pair, and this table has "
                        f"{len(grid.seeds)} seeds. Average them, or keep one.")
    languages = tuple(dict.fromkeys((*grid.sources, *grid.targets)))
    directed = np.full((len(languages), len(languages)), np.nan)
    directed[np.ix_([languages.index(code) for code in grid.sources],
                    [languages.index(code) for code in grid.targets])] = grid.values[0]
    other = directed.T
    matrix = np.where(np.isnan(directed), other,
                      np.where(np.isnan(other), directed, directed / 2 + other / 2))
    uneven = np.nanmax(np.abs(directed - other), initial=0.0)
    notes = ((f"Pairs differ by direction, by up to {uneven:.3g}: their mean is taken.",)
             if uneven > 1e-9 else ())
    pairs = ~np.eye(len(languages), dtype=bool)
    return (SimilarityTable(languages, matrix, f"{path.name[:100]}, imported"),
            _report(where, found, grid, notes, int(np.isnan(matrix[pairs]).sum())))


def _report(where: str, found: PairCells, grid: Grid, notes: tuple[str, ...],
            missing: int) -> TableReport:
    return TableReport(where, found.layout, grid.languages, missing, grid.repeated,
                       found.ignored, notes)


def _in_range(cells: Iterator[Cell], unit: str, where: str) -> Iterator[Cell]:
    """The cells, as long as each is a score in its unit."""
    for cell in cells:
        place = f"{where}:{cell.raw.line}: {cell.raw}"
        if cell.value < 0:
            raise DataError(f"{place} is negative, and scores are not. Read differences as a "
                            "similarity, or mend the cell.")
        if cell.percent_sign and unit == "fraction":
            raise DataError(f"{place} is written in percent, and the unit is fraction. Say that "
                            "the unit is percent.")
        if cell.value > UNITS[unit]:
            advice = ("If the scores are percent, say that the unit is percent."
                      if unit == "fraction" and cell.value <= 100 else "Mend the cell.")
            raise DataError(f"{place} is above {UNITS[unit]:.0f}, the most that a score in "
                            f"{unit if unit == 'percent' else 'fractions'} can be. {advice}")
        yield cell


def _without_percent(cells: Iterator[Cell], where: str) -> Iterator[Cell]:
    for cell in cells:
        if cell.percent_sign:
            raise DataError(f"{where}:{cell.raw.line}: {cell.raw} is written in percent. Write a "
                            "similarity as a plain number.")
        yield cell
