"""Columns by role: from a table's records to rows by language and split.

Conventions
-----------
A *role* is what a column is for: text, label, language, split, topic or id. A column may be
given for each; otherwise the usual names are tried in a stated order, without regard to case.
What the place of a file says (its language, its split) goes before the usual names, and a given
column before the place. A list as text and a list as label make a row of a token task: words and
tags. Missing cells (none, not a number) are empty.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from gradsim_core.data.rows import Fault, Part, Row, listing, refuse, shown, split_name
from gradsim_core.data.tables import TABLES, Table
from gradsim_core.errors import DataError

ROLES = ("text", "label", "language", "split", "topic", "id")
"""What a column can be for."""

USUAL_NAMES: dict[str, tuple[str, ...]] = {
    "text": ("text", "tweet", "sentence", "content", "tokens", "words"),
    "label": ("label", "sentiment", "tag", "category", "class", "labels", "tags", "ner_tags",
              "upos"),
    "language": ("language", "lang", "locale"),
    "split": ("split",),
    "topic": ("topic", "domain"),
    "id": ("id", "sent_id"),
}
"""Role -> column names tried in this order when none is given."""


def table_parts(path: Path, columns: Mapping[str, str], language: str | None,
                split: str | None, fault: Fault = refuse) -> list[Part]:
    """Read a table's rows, by language and split.

    Parameters
    ----------
    path : a file whose ending is in `TABLES`
    columns : role -> column name, for the roles that do not go by their usual names
    language, split : what the file's place says; None if its columns must say it
    fault : is told of each row that has the wrong shape

    Returns
    -------
    list of Part
        In order of first appearance; one empty part if the file has no rows but a place.

    Raises
    ------
    DataError
        If a column is missing, or a row has the wrong shape, naming file and line.
    """
    table = TABLES[path.suffix.lower()](path, fault=fault)
    return record_parts(table, columns, language, split, shown(path), fault)


def record_parts(table: Table, columns: Mapping[str, str], language: str | None,
                 split: str | None, where: str, fault: Fault = refuse) -> list[Part]:
    """Rows of a table by language and split; see `table_parts`."""
    parts: dict[tuple[str, str | None], Part] = {}
    if language is not None and not {"language", "split"} & columns.keys():
        parts[language, split] = Part(language, split, [], where)
    if table.columns is None:
        return list(parts.values())
    given = {"language": language, "split": split}
    found = {role: _column(role, table.columns, columns.get(role), where) for role in ROLES
             if role in columns or given.get(role) is None}
    for role in ("text", "label", *(() if language is not None else ("language",))):
        if found.get(role) is None:
            raise DataError(f"{where}: no column for {role}. Columns found: "
                            f"{listing(table.columns)}. Say which with columns: "
                            f"{{{role}: NAME}}" + (" or use folders <language>/<split>.<ext>."
                                                   if role == "language" else "."))
    for number, record in table.records:
        place = f"{where}:{number}"
        try:
            cells = {role: _cell(record, column, role, place)
                     for role, column in found.items() if column is not None}
            key = (_language(cells, language, place), _split(cells, split, place))
            row = _row(cells, place)
        except DataError as error:
            fault(error)
            continue
        if key not in parts:
            parts[key] = Part(*key, [], where)
        parts[key].rows.append(row)
    return list(parts.values())


def _column(role: str, columns: Sequence[str], given: str | None, where: str) -> str | None:
    """The column of a role: the given one, or the first usual name; None if there is none."""
    usual = USUAL_NAMES[role] if given is None else ()
    folded = {name.casefold(): name for name in reversed(columns)}
    name = given if given is not None else next(
        (folded[one] for one in usual if one in folded), None)
    if name is not None and columns.count(name) != 1:
        problem = "stands twice" if name in columns else f"is not there ({role})"
        raise DataError(f"{where}: column {name!r} {problem}. Columns found: {listing(columns)}. "
                        "Mend the header, or name another column under `columns`.")
    return name


def _cell(record: Mapping[str, Any], column: str, role: str, place: str) -> Any:
    """A cell as text, or a tuple of text; none and not-a-number are empty."""
    try:
        value = record[column]
    except KeyError:
        if role not in ("text", "label", "language"):
            return ""
        raise DataError(f"{place}: no {column!r} here ({role}). Keys found: {listing(record)}. "
                        "Mend the line.") from None
    if isinstance(value, list):
        return tuple(_plain(item, role, place) for item in value)
    return _plain(value, role, place)


def _plain(value: Any, role: str, place: str) -> str:
    if isinstance(value, str):
        return value
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    if isinstance(value, bool | int | float):
        return str(value)
    raise DataError(f"{place}: {role} is a {type(value).__name__}, not text. "
                    "Name another column under `columns`, or mend the row.")


def _language(cells: Mapping[str, Any], language: str | None, place: str) -> str:
    value = cells.get("language", language)
    if not isinstance(value, str) or not value.strip():
        raise DataError(f"{place}: the language is empty or a list. Write one language a row.")
    return value.strip()


def _split(cells: Mapping[str, Any], split: str | None, place: str) -> str | None:
    if "split" not in cells:
        return split
    value = str(cells["split"])
    if (name := split_name(value)) is None:
        raise DataError(f"{place}: split {value[:40]!r} is not known. "
                        "Use train, dev (or validation) or test.")
    return name


def _row(cells: Mapping[str, Any], place: str) -> Row:
    text, label = cells["text"], cells["label"]
    if isinstance(text, tuple) and label == "":
        label = ()  # no tags at all: dropped and counted, as an empty label is
    if isinstance(text, tuple) != isinstance(label, tuple):
        raise DataError(f"{place}: text and label must both be single values, or both lists "
                        "(words and tags). Name other columns under `columns`.")
    if isinstance(text, tuple) and label and len(text) != len(label):
        raise DataError(f"{place}: {len(text)} words but {len(label)} tags. Mend the row.")
    label = label.strip() if isinstance(label, str) else label
    topic, name = cells.get("topic", ""), cells.get("id", "")
    return Row(text, label, topic if isinstance(topic, str) else " ".join(topic),
               name if isinstance(name, str) else " ".join(name))
