"""Files of language pairs, wide or long, as cells: source, target, seed and a text.

Conventions
-----------
*Wide*: the first column names the sources, the header the targets. *Long*: one row a pair, with
columns for source, target and score. Both may have columns for seed, metric and split (and, in
wide tables, a name beside the source's code). A file is long where columns for source, target
and score are found by their usual names, without regard to case, or were named by the caller;
otherwise it is wide. ``.tsv`` is separated by tabs; ``.csv`` and ``.txt`` by commas, or, where
the header has none, by semicolons or tabs. Cells may be quoted in all of them. A header with one
cell fewer than every row, as R's write.table writes it, lacks the name of the first column; R's
spaces between quoted names are understood too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from gradsim_core.data.files import HeldFile, file_text
from gradsim_core.data.rows import listing, shown, split_name
from gradsim_core.data.tables import Table, csv_table
from gradsim_core.errors import DataError, choice
from gradsim_core.pair_tables.numbers import MISSING, RawCell

USUAL_NAMES: dict[str, tuple[str, ...]] = {
    "source": ("source", "source_lang", "source_language", "source_code", "src", "src_lang",
               "train", "train_lang", "train_language", "transfer_lang", "trained_on"),
    "target": ("target", "target_lang", "target_language", "target_code", "tgt", "tgt_lang",
               "test", "test_lang", "test_language", "eval_lang", "task_lang", "tested_on"),
    "score": ("score", "value", "result", "similarity", "accuracy", "acc", "f1", "weighted_f1",
              "macro_f1", "entity_f1"),
    "seed": ("seed",), "metric": ("metric",), "split": ("split",),
}
"""Role -> column names tried in this order when none is given."""

_SPACED = re.compile(r'"[^"]*"( "[^"]*")+\s*')
_NAMES = ("name", "source_name")  # of people's languages, beside the code in a wide table


class PairCells(NamedTuple):
    """What a file holds.

    Attributes
    ----------
    layout : "wide" or "long"
    cells : one a number or missing number, in the order of the file
    metric, split : what all cells are of; "" where the file does not say
    ignored : columns that were not used
    """

    layout: str
    cells: list[RawCell]
    metric: str
    split: str
    ignored: tuple[str, ...]


class TablePreview(NamedTuple):
    """What a file looks like before it is read.

    Attributes
    ----------
    columns : names in the header
    roles : role -> column, of those found by their usual names
    rows : the first ones, as texts
    """

    columns: tuple[str, ...]
    roles: dict[str, str]
    rows: list[tuple[str, ...]]

    @property
    def is_long(self) -> bool:
        """Whether the file is read as long if nobody says which column is what."""
        return {"source", "target", "score"} <= self.roles.keys()


def preview_table(path: str | Path | HeldFile, n_rows: int = 6) -> TablePreview:
    """Look at the header and the first rows of a table.

    Raises
    ------
    DataError
        If the file, its header or one of these rows is wrong; names file and line.
    """
    path = path if isinstance(path, HeldFile) else Path(path)
    table = _table(path)
    names = _checked_header(table, shown(path))
    return TablePreview(tuple(names), _roles(names, {}, shown(path)), [
        tuple(record[name] for name in names) for _, record in islice(table.records, n_rows)])


def pair_cells(path: Path | HeldFile, columns: Mapping[str, str], metric: str | None = None,
               split: str | None = None) -> PairCells:
    """Read the cells of a file.

    Parameters
    ----------
    path : a .csv, .tsv or .txt file
    columns : role -> column, for the roles that do not go by their usual names
    metric, split : which rows to take, where the file has a column for it; else its name

    Raises
    ------
    DataError
        If the file, its header, a seed or the choice of rows is wrong; names file and line.
    """
    where = shown(path)
    table = _table(path)
    names = _checked_header(table, where)
    roles = _roles(names, columns, where)
    long = {"source", "target", "score"} <= roles.keys()
    if not long and ({"target", "score"} & columns.keys() or {"source", "target"} <= roles.keys()):
        lacking = next(role for role in ("source", "target", "score") if role not in roles)
        raise DataError(f"{where}: no column for {lacking}. Columns found: {listing(names)}. Say "
                        f"which one it is: {lacking}=NAME.")
    for role in () if long else ("target", "score"):
        roles.pop(role, None)
    if not long:
        roles.setdefault("source", names[0])
    beside = [] if long else [name for name in names if name.casefold() in _NAMES
                              and name != roles["source"]]
    rest = [name for name in names if name not in roles.values() and name not in beside]
    rows = _chosen(list(table.records), roles, {"metric": metric, "split": split}, where)
    cells = list(_cells(rows.records, roles, None if long else rest, where))
    if not cells:
        raise DataError(f"{where}: holds no pair of languages below its header. Write one row a "
                        "source, or one row a pair.")
    return PairCells("long" if long else "wide", cells, rows.metric, rows.split,
                     tuple(filter(None, rest)) if long else ())


def _table(path: Path | HeldFile) -> Table:
    if path.suffix.lower() not in (".csv", ".tsv", ".txt"):
        raise DataError(f"{shown(path)}: a table of languages is a .csv, .tsv or .txt file. Save "
                        "it as one of these.")
    header = next((line for line in file_text(path).split("\n") if line.strip()), "")
    bare = re.sub(r'"[^"]*"', "", header)
    separator = ("\t" if path.suffix.lower() == ".tsv" else
                 next((sign for sign in ",;\t" if sign in bare),
                      " " if _SPACED.fullmatch(header) else ","))
    advice = "Decimals take a point, or quotes around." if separator == "," else ""
    names = {name.strip(' "\r').casefold() for name in header.split(separator)}
    said = [role for role in ("source", "target", "score") if names & set(USUAL_NAMES[role])]
    # Beside a wide table's own column of sources another one would be a slip, not row names.
    return csv_table(path, separator, advice, row_names=said != ["source"])


def _checked_header(table: Table, where: str) -> Sequence[str]:
    names = table.columns or ()
    if len(names) < 2:
        count = f"{len(names)} column{'s' * (len(names) != 1)}"
        raise DataError(f"{where}: has {count}, and a table of languages has at least two. "
                        "Separate the cells by commas, semicolons or tabs, as the file's ending "
                        "says.")
    for position, name in enumerate(names):
        if name in names[:position]:
            raise DataError(f"{where}: header: column {name!r:.60} stands twice. Keep one of them.")
        if position and not name:
            raise DataError(f"{where}: header: column {position + 1} has no name. Name its "
                            "language, or remove the column.")
    return names


def _roles(names: Sequence[str], given: Mapping[str, str], where: str) -> dict[str, str]:
    """Role -> column: those given, and those found by their usual names."""
    for role, name in given.items():
        if role not in USUAL_NAMES:
            raise DataError(f"{where}: {choice('Role', role[:40], USUAL_NAMES)}")
        if name not in names:
            raise DataError(f"{where}: column {name!r:.60} ({role}) is not there. Columns found: "
                            f"{listing(names)}. Name one of these.")
    folded = {name.casefold(): name for name in reversed(names)
              if name not in given.values()}
    usual = {role: next((folded[one] for one in ones if one in folded), None)
             for role, ones in USUAL_NAMES.items()}
    return {**{role: name for role, name in usual.items() if name is not None}, **given}


class _Rows(NamedTuple):
    records: list[tuple[int, Mapping[str, Any]]]
    metric: str
    split: str


def _chosen(records: list[tuple[int, Mapping[str, Any]]], roles: Mapping[str, str],
            asked: Mapping[str, str | None], where: str) -> _Rows:
    """The rows of one metric and one split."""
    found = {}
    for role, wanted in asked.items():
        found[role] = wanted or ""
        if role not in roles:
            continue
        kinds = [_kind(role, record[roles[role]]) for _, record in records]
        there = list(dict.fromkeys(kinds))
        if wanted is None and len(there) > 1:
            raise DataError(f"{where}: holds several {role}s: {listing(there)}. Say which to read: "
                            f"{role}=NAME.")
        taken = there[:1] if wanted is None else [
            kind for kind in there if kind.casefold() == _kind(role, wanted).casefold()]
        if wanted is not None and not taken:
            raise DataError(f"{where}: has no row of {role} {wanted!r:.40}; it holds "
                            f"{listing(there)}. Ask for one of these.")
        records = [record for record, kind in zip(records, kinds, strict=True) if kind in taken]
        found[role] = taken[0] if taken else ""
    return _Rows(records, found["metric"], found["split"])


def _kind(role: str, text: str) -> str:
    return (split_name(text) if role == "split" else None) or text.strip()


def _cells(records: list[tuple[int, Mapping[str, Any]]], roles: Mapping[str, str],
           targets: Sequence[str] | None, where: str) -> Iterator[RawCell]:
    """The cells of every row; `targets` are the columns of a wide table."""
    for line, record in records:
        values = ({record[roles["target"]]: record[roles["score"]]} if targets is None
                  else {target: record[target] for target in targets})
        source = record[roles["source"]]
        blank = [kind for kind, text in (("source", source), *(("target", one) for one in values))
                 if not text.strip()]
        if blank and all(text.strip().casefold() in MISSING for text in values.values()):
            continue  # a row of nothing, as spreadsheets leave them
        if blank:
            raise DataError(f"{where}:{line}: the {blank[0]} is empty. Name its language.")
        seed = record[roles["seed"]].strip() if "seed" in roles else "0"
        if not re.fullmatch("[0-9]{1,15}", seed):
            raise DataError(f"{where}:{line}: the seed {seed!r:.30} is not a whole number. Write "
                            "one such as 0.")
        for target, text in values.items():
            yield RawCell(line, _unmarked(source), _unmarked(target), int(seed), text)


def _unmarked(text: str) -> str:
    """A language's spelling, without the apostrophe that keeps a spreadsheet from computing it."""
    text = text.strip()
    return text[1:] if text[:1] == "'" and text[1:2] in tuple("=+-@") else text
