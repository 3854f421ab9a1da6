"""Tables as they are written: CSV, TSV, JSONL and Parquet, as records of named cells.

Conventions
-----------
CSV is quoted as in RFC 4180, so a cell may hold line ends. TSV knows no quoting: a quotation
mark is text, and a line is a row. Blank lines are no rows. A record comes with its place: its
first line, in Parquet its number, both from 1.
"""

from __future__ import annotations

import csv
import io
import json
import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from gradsim_core.data.files import HeldFile, file_bytes, file_lines, file_text
from gradsim_core.data.rows import Fault, listing, refuse, shown
from gradsim_core.errors import DataError

_SEPARATORS = {",": "a comma", ";": "a semicolon", "\t": "a tab", " ": "a space"}
_SURROGATE = re.compile("[\ud800-\udfff]")


class Table(NamedTuple):
    """Column names (None: an empty file), and the records with the place of each."""

    columns: Sequence[str] | None
    records: Iterator[tuple[int, Mapping[str, Any]]]


def csv_table(path: Path | HeldFile, separator: str = ",", advice: str = "", *,
              row_names: bool = False, fault: Fault = refuse) -> Table:
    """Read values separated by a comma (or else) with quoting; a wrong row raises with its line.

    Parameters
    ----------
    advice : what to say besides where a row is too long or too short
    row_names : whether every row may begin with a name that the header has no cell for, as R's
        write.table has it; that column is then called ""
    fault : is told of each row that cannot be read
    """
    csv.field_size_limit(min(sys.maxsize, 2**31 - 1))
    reader = csv.reader(io.StringIO(file_text(path), newline=""), delimiter=separator, strict=True)
    sign = _SEPARATORS.get(separator, repr(separator))

    def lines() -> Iterator[tuple[int, list[str]]]:
        while True:
            first = reader.line_num + 1
            try:
                yield first, next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                fault(DataError(f"{shown(path)}:{first}: {error}. Quote a text that holds {sign} "
                                'or a line end, and write " as "".'))

    return _separated(path, lines(), f"a bare {sign.removeprefix('a ')}. {advice}".strip(),
                      fault, row_names)


def tsv_table(path: Path, *, fault: Fault = refuse) -> Table:
    """Read tab-separated values without quoting; a wrong row raises with its line."""
    lines = file_lines(path)
    return _separated(path, ((number, line.split("\t") if line else [])
                             for number, line in enumerate(lines, 1)), "a tab.", fault)


def _separated(path: Path | HeldFile, lines: Iterator[tuple[int, list[str]]],
               forbidden: str, fault: Fault, row_names: bool = False) -> Table:
    header = next((cells for _, cells in lines if cells), None)
    if header is None:
        return Table(None, iter(()))
    columns = [name.strip() for name in header]
    if row_names:
        rows = list(lines)
        lines = iter(rows)
        if _named(rows, len(columns)):
            columns = ["", *columns]

    def records() -> Iterator[tuple[int, Mapping[str, Any]]]:
        for number, cells in lines:
            if len(cells) == len(columns):
                yield number, dict(zip(columns, cells, strict=True))
            elif any(cell.strip() for cell in cells):
                many = f"{len(cells)} column{'s' * (len(cells) != 1)}"
                fault(DataError(
                    f"{shown(path)}:{number}: {many}, but the header has {len(columns)} "
                    f"({listing(columns, 60)}). Mend the row: a cell must not hold {forbidden}"))

    return Table(columns, records())


def _named(rows: Sequence[tuple[int, list[str]]], n_columns: int) -> bool:
    """Whether every row has one cell more than the header, and none ends in an empty one."""
    filled = [cells for _, cells in rows if any(cell.strip() for cell in cells)]
    return bool(filled) and all(len(cells) == n_columns + 1 and cells[-1].strip()
                                for cells in filled)


def jsonl_table(path: Path, *, fault: Fault = refuse) -> Table:
    """Read one JSON object a line; the first object's keys are the columns."""
    objects = _objects(path, fault)
    first = next(objects, None)
    if first is None:
        return Table(None, iter(()))

    def records() -> Iterator[tuple[int, Mapping[str, Any]]]:
        yield first
        yield from objects

    return Table(list(first[1]), records())


def _objects(path: Path, fault: Fault) -> Iterator[tuple[int, dict[str, Any]]]:
    for number, line in enumerate(file_lines(path), 1):
        if not line.strip():
            continue
        try:
            value = json.loads(line)
        except (ValueError, RecursionError) as error:
            reason = getattr(error, "msg", None) or "nested too deep or a number too long"
            fault(DataError(f"{shown(path)}:{number}: not JSON ({reason}). "
                            "Write one JSON object a line."))
            continue
        if not isinstance(value, dict):
            fault(DataError(f"{shown(path)}:{number}: {type(value).__name__}, not an object. "
                            'Write one JSON object a line, as {"text": …, "label": …}.'))
        elif "\\u" in line and _SURROGATE.search(json.dumps(value, ensure_ascii=False)):
            fault(DataError(f"{shown(path)}:{number}: half of a \\u surrogate pair is no "
                            "character. Mend the line."))
        else:
            yield number, value


def parquet_table(path: Path, *, fault: Fault = refuse) -> Table:
    """Read Parquet; whole numbers whose names the file keeps (ClassLabel) become names."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    raw = file_bytes(path)
    try:
        table = pq.ParquetFile(io.BytesIO(raw)).read()
        names = _class_names(table.schema.metadata or {})
        columns = {name: table[name] for name in table.column_names}
    except (pa.ArrowException, OSError, ValueError, KeyError) as error:
        hint = "" if raw[:4] == b"PAR1" else ": it does not begin with PAR1"
        raise DataError(f"{shown(path)}: not readable as Parquet{hint} ({str(error)[:90]}). "
                        "Write the file again.") from None

    def records() -> Iterator[tuple[int, Mapping[str, Any]]]:
        number = 0
        for batch in table.to_batches(max_chunksize=4096):
            try:
                rows = batch.to_pylist()
            except ValueError as error:
                fault(DataError(f"{shown(path)}: rows {number + 1:,} and on hold a value that "
                                f"cannot be read ({str(error)[:90]}). Write the file again."))
                return
            for row in rows:
                number += 1
                yield number, {key: named(value, names[key]) if key in names else value
                               for key, value in row.items()}

    return Table(list(columns), records())


def _class_names(metadata: Mapping[bytes, bytes]) -> dict[str, list[str]]:
    """Column -> class names, from the features that Hugging Face keeps in a Parquet file."""
    try:
        features = json.loads(metadata[b"huggingface"])["info"]["features"]
        kinds = {name: kind.get("feature", kind) for name, kind in features.items()}
        return {name: list(kind["names"]) for name, kind in kinds.items()
                if kind.get("_type") == "ClassLabel"}
    except (KeyError, TypeError, ValueError, AttributeError):
        return {}


def named(value: Any, names: Sequence[str]) -> Any:
    """Class numbers as names, in a list too; a number without a name (-1: no label) is none."""
    if isinstance(value, list):
        return [named(item, names) for item in value]
    known = isinstance(value, int) and 0 <= value < len(names)
    return names[value] if known else None if isinstance(value, int) else value


def _csv_table(path: Path, *, fault: Fault = refuse) -> Table:
    """A CSV file; where its header has no comma, it is separated as the header is."""
    header = next((line for line in file_text(path).split("\n") if line.strip()), "")
    bare = re.sub(r'"[^"]*"', "", header)
    return csv_table(path, next((sign for sign in ",;\t" if sign in bare), ","), fault=fault)


TABLES: dict[str, Callable[..., Table]] = {
    ".csv": _csv_table, ".tsv": tsv_table, ".jsonl": jsonl_table, ".parquet": parquet_table}
"""File ending -> reader of a path, with `fault` by name."""
