"""A look at data before it becomes a study: what was recognised, and every row that is wrong.

Conventions
-----------
Reading a study's data ends at the first row that cannot be read; here such rows are left out and
told, all of them up to a number, so that they can be mended at once. What is recognised (columns,
languages, splits) is what the study's own reading will take, because the same readers look.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from gradsim_core.data.assembly import is_split_here
from gradsim_core.data.columns import ROLES, USUAL_NAMES
from gradsim_core.data.conll import CONLLU_COLUMNS
from gradsim_core.data.files import file_lines
from gradsim_core.data.readers import Place, checked_roles, data_places, file_parts
from gradsim_core.data.rows import Part, shown
from gradsim_core.data.tables import TABLES
from gradsim_core.errors import DataError, LanguageError
from gradsim_core.languages.resolving import Language, languages_of, resolve

MOST_PROBLEMS = 100
"""Rows that cannot be read, up to which each is told."""

_PREVIEWED = 6
_LONGEST_CELL = 200


class Problem(NamedTuple):
    """One row, or one file, that cannot be read.

    Attributes
    ----------
    file : its name below the path looked at
    line : from 1, in Parquet the row's number; 0 for the whole file
    sentence : what is wrong, and what to do
    """

    file: str
    line: int
    sentence: str


@dataclass(frozen=True)
class DataLook:
    """What data look like to the readers.

    Attributes
    ----------
    files : name below the path -> language and split that its place says ("" where it does not)
    kind : "table" (columns have names), "conll" (numbers) or "conllu"
    columns, preview : of the first file that has rows: its columns and first rows, as texts
    roles : role -> column, as given or recognised
    languages : spelling -> language, sorted by code
    rows : code -> split ("" where rows are of none) -> rows
    split_here : codes whose rows are split 80/10/10 by hash
    by_id : whether that hash is of the rows' ids rather than of their texts
    unknown : spelling of a language that is not known -> what to do
    problems : the first ones
    n_problems : of all files
    """

    files: Mapping[str, tuple[str, str]]
    kind: str
    columns: tuple[str, ...] = ()
    preview: tuple[tuple[str, ...], ...] = ()
    roles: Mapping[str, str] = field(default_factory=dict)
    languages: Mapping[str, Language] = field(default_factory=dict)
    rows: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    split_here: tuple[str, ...] = ()
    by_id: bool = False
    unknown: Mapping[str, str] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()
    n_problems: int = 0


def inspect_data(path: str | Path, columns: Mapping[str, str] | None = None,
                 most: int = MOST_PROBLEMS) -> DataLook:
    """Look at a local file or folder as the readers would.

    Parameters
    ----------
    path, columns : as in `load_parts`
    most : problems told one by one

    Raises
    ------
    DataError
        If there is no data at all: no such file, no layout, no such role.
    """
    columns = dict(columns or {})
    checked_roles(columns)
    places, root = data_places(path), Path(path).expanduser()
    found = _Problems(most)
    parts: list[Part] = []
    for file, language, split in places:
        found.file, name = file, _name(file, root)
        found.name = name
        try:
            parts += file_parts(file, columns, language, split, found)
        except DataError as error:
            found(error)
    header, preview, kind = _preview(places)
    languages, unknown = _languages(parts, found)
    rows, split_here, by_id = _rows(parts, languages)
    return DataLook(
        files={_name(file, root): (language or "", split or "") for file, language, split in
               places},
        kind=kind, columns=header, preview=preview, roles=_roles(kind, header, columns),
        languages=languages, rows=rows, split_here=split_here, by_id=by_id, unknown=unknown,
        problems=tuple(found.first), n_problems=found.count)


class _Problems:
    """Counts what it is told of, and keeps the first with file and line."""

    def __init__(self, most: int) -> None:
        self.most, self.count, self.first = most, 0, []  # type: int, int, list[Problem]
        self.file, self.name, self.last = Path(), "", ""

    def __call__(self, error: DataError) -> None:
        text = str(error)
        if text == self.last:  # a wrong setting is told once a line
            return
        self.last, line = text, 0
        if text.startswith(where := shown(self.file)):
            text = text[len(where):]
            if place := re.match(r":(\d+)", text):
                line, text = int(place[1]), text[place.end():]
            text = text.removeprefix(":").strip()
        self.count += 1
        if len(self.first) < self.most:
            self.first.append(Problem(self.name, line, text[:1].upper() + text[1:]))


def _name(file: Path, root: Path) -> str:
    return file.name if file == root else file.relative_to(root).as_posix()


def _preview(places: list[Place]) -> tuple[tuple[str, ...], tuple[tuple[str, ...], ...], str]:
    """Columns and first rows of the first file that has rows, and the kind of its columns."""
    kind, header = "table", ()  # type: str, tuple[str, ...]
    for file, _, _ in places:
        ending = file.suffix.lower()
        kind = "table" if ending in TABLES else "conllu" if ending == ".conllu" else "conll"
        try:
            if kind == "table":
                columns, records = TABLES[ending](file, fault=lambda _: None)
                header = tuple(dict.fromkeys(columns or ()))
                rows = [tuple(_text(record.get(name)) for name in header)
                        for _, record in islice(records, _PREVIEWED)]
            else:
                lines = [line.split("\t") if "\t" in line else line.split() for line in islice((
                    line for line in file_lines(file) if line.strip() and not (
                        kind == "conllu" and line[0] == "#")), _PREVIEWED)]
                width = len(CONLLU_COLUMNS) if kind == "conllu" else max(map(len, lines), default=0)
                header = CONLLU_COLUMNS if kind == "conllu" else tuple(
                    str(number) for number in range(1, width + 1))
                rows = [tuple(map(_text, [*cells, *[""] * width][:width])) for cells in lines]
        except DataError:
            continue  # it has been told
        if rows:
            return header, tuple(rows), kind
    return header, (), kind


def _text(value: Any) -> str:
    """A cell as it is shown; a list as its items with spaces between them."""
    if isinstance(value, list):
        value = " ".join(str(item) for item in value[:_LONGEST_CELL])
    return "" if value is None else str(value)[:_LONGEST_CELL]


def _roles(kind: str, header: tuple[str, ...], given: Mapping[str, str]) -> dict[str, str]:
    if kind == "conllu":
        return {"text": "form", "label": "upos", **given}
    if kind == "conll":
        return {"text": "1", "label": header[-1], **given} if header else dict(given)
    folded = {name.casefold(): name for name in reversed(header)}
    usual = {role: next((folded[one] for one in USUAL_NAMES[role] if one in folded), None)
             for role in ROLES}
    return {**{role: name for role, name in usual.items() if name is not None}, **given}


def _languages(parts: list[Part],
               found: _Problems) -> tuple[dict[str, Language], dict[str, str]]:
    """The languages by spelling, and those that are not known with what to do."""
    spellings: dict[str, str] = {}
    for part in parts:
        spellings.setdefault(part.language, part.source)
    unknown: dict[str, str] = {}
    good: list[str] = []
    for spelling in spellings:
        try:
            languages_of([spelling])
        except LanguageError as error:
            found.name = ""
            found(DataError(str(error)))
            continue
        good.append(spelling)
        try:
            resolve(spelling)
        except LanguageError as error:
            unknown[spelling] = str(error)
    return languages_of(good), unknown


def _rows(parts: list[Part], languages: Mapping[str, Language]) -> tuple[
        dict[str, dict[str, int]], tuple[str, ...], bool]:
    """Rows by code and split, the codes that are split here, and whether by id."""
    counts: dict[str, Counter[str]] = {language.code: Counter() for language in languages.values()}
    present: dict[str, set[str | None]] = {code: set() for code in counts}
    own = [(languages[part.language].code, part) for part in parts if part.language in languages]
    for code, part in own:
        counts[code][part.split or ""] += len(part.rows)
        present[code].add(part.split)
    trained = any(part.split in ("train", None) for _, part in own)
    here = tuple(code for code, splits in present.items()
                 if counts[code].total() and is_split_here(splits, not trained))
    by_id = bool(here) and all(row.id for code, part in own if code in here
                               for row in part.rows)
    return {code: dict(count) for code, count in counts.items()}, here, by_id
