"""Cells of language pairs as a grid of codes, and a report of what was recognised.

Conventions
-----------
Spellings become codes by `told_languages`. On one axis two spellings of one code are an error. A
pair given twice with the same number counts once.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable
from dataclasses import dataclass

import numpy as np

from gradsim_core.data.rows import listing
from gradsim_core.errors import DataError, LanguageError
from gradsim_core.languages.resolving import Language, resolve_or_own
from gradsim_core.pair_tables.numbers import Cell
from gradsim_core.pair_tables.spellings import told_languages

_MOST_CELLS = 50_000_000


@dataclass(frozen=True)
class TableReport:
    """What was understood of a table.

    Attributes
    ----------
    path, layout : the file; "wide" or "long"
    languages : spelling -> Language, in order of appearance; `note` says what was chosen
    missing : cells of the grid without a number
    repeated : cells that were given more than once, with the same number
    ignored : columns that were not used
    notes : what else an analyst should know, a sentence each
    """

    path: str
    layout: str
    languages: dict[str, Language]
    missing: int
    repeated: int
    ignored: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def unknown(self) -> list[str]:
        """Spellings that no language is known for."""
        return [spelling for spelling, one in self.languages.items() if not one.iso639_3]

    def sentences(self) -> list[str]:
        """The report for people, a sentence each; nothing is said of what needs no saying."""
        chosen = [one.note for one in self.languages.values() if one.note]
        said = [f"{chosen[0][:1].upper()}{'; '.join(chosen)[1:]}."] if chosen else []
        if self.unknown:
            said.append(f"Not known as languages, kept as written: {listing(self.unknown)}.")
        if self.missing:
            said.append(f"Cells missing: {self.missing:,}.")
        if self.repeated:
            said.append(f"Cells given again, with the same number: {self.repeated:,}.")
        if self.ignored:
            said.append(f"Columns not used: {listing(self.ignored)}.")
        return [*said, *self.notes]


@dataclass(frozen=True, eq=False)
class Grid:
    """Numbers by seed, source and target; NaN is missing.

    Attributes
    ----------
    values : (n_seeds, n_sources, n_targets) float64
    languages : spelling -> Language
    repeated : cells given more than once, with the same number
    """

    sources: tuple[str, ...]
    targets: tuple[str, ...]
    seeds: tuple[int, ...]
    values: np.ndarray
    languages: dict[str, Language]
    repeated: int


def grid_of(cells: Iterable[Cell], where: str, wide: bool,
            known: Collection[str] = ()) -> Grid:
    """Put cells into a grid of codes.

    Parameters
    ----------
    cells : with their numbers
    where : the file, for messages
    wide : whether the targets stand in the header
    known : codes of a study, which are preferred for what they may stand for

    Returns
    -------
    Grid
        Sources and targets in order of first appearance, seeds in order of size.

    Raises
    ------
    DataError
        If two spellings on one axis are one language, a pair has two numbers, or a name cannot
        be a language's; names file and line.
    """
    cells = list(cells)
    rows: dict[str, int] = {}
    columns: dict[str, int] = {}
    for cell in cells:
        rows.setdefault(cell.raw.source, cell.raw.line)
        columns.setdefault(cell.raw.target, 0 if wide else cell.raw.line)
    for spelling in {**rows, **columns}:
        try:
            resolve_or_own(spelling)
        except LanguageError as error:
            place = _place(where, rows.get(spelling, columns.get(spelling, 0)))
            raise DataError(f"{place}: {error}") from None
    told = told_languages({**rows, **columns}, known)
    _check_once("source", rows, told, where)
    _check_once("target", columns, told, where)
    sources = list(dict.fromkeys(told[cell.raw.source].code for cell in cells))
    targets = list(dict.fromkeys(told[cell.raw.target].code for cell in cells))
    seeds = sorted({cell.raw.seed for cell in cells})
    if len(sources) * len(targets) * len(seeds) > _MOST_CELLS:
        raise DataError(f"{where}: {len(sources):,} sources x {len(targets):,} targets x "
                        f"{len(seeds):,} seeds are too many for a table of languages. Check which "
                        "columns are which.")
    values, repeated = _filled(cells, told, sources, targets, seeds, where)
    return Grid(tuple(sources), tuple(targets), tuple(seeds), values, told, repeated)


def _filled(cells: list[Cell], told: dict[str, Language], sources: list[str],
            targets: list[str], seeds: list[int], where: str) -> tuple[np.ndarray, int]:
    """The numbers in their places, and how many cells stand more than once."""
    at = [{item: place for place, item in enumerate(axis)} for axis in (seeds, sources, targets)]
    values = np.full((len(seeds), len(sources), len(targets)), np.nan)
    first: dict[tuple[int, int, int], Cell] = {}
    for cell in cells:
        key = (at[0][cell.raw.seed], at[1][told[cell.raw.source].code],
               at[2][told[cell.raw.target].code])
        before = first.setdefault(key, cell)
        same = cell.value == before.value or (math.isnan(cell.value) and math.isnan(before.value))
        if not same:
            raise DataError(f"{where}:{cell.raw.line}: {cell.raw} has another number in line "
                            f"{before.raw.line}. Keep one, or tell them apart by a column for "
                            "seed.")
        values[key] = cell.value
    return values, len(cells) - len(first)


def _check_once(axis: str, lines: dict[str, int], told: dict[str, Language], where: str) -> None:
    """On one axis every language has one spelling."""
    spelled: dict[str, str] = {}
    for spelling in sorted(lines, key=lambda one: lines[one]):
        other = spelled.setdefault(told[spelling].code, spelling)
        if other != spelling:
            before = f" (line {lines[other]})" if lines[other] else ""
            raise DataError(f"{_place(where, lines[spelling])}: the {axis}s {other[:40]!r}{before} "
                            f"and {spelling[:40]!r} are one language, {told[spelling].name[:40]} "
                            f"({told[spelling].code[:40]}). Keep one of them.")


def _place(where: str, line: int) -> str:
    return f"{where}:{line}" if line else f"{where}: header"
