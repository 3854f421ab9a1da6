"""Sentences of words with tags: CoNLL columns and Universal Dependencies' CoNLL-U.

Conventions
-----------
One word a line, a blank line between sentences; the last sentence needs no blank line after it.
CoNLL: columns separated by tabs, or by spaces where the line has no tab; the first is the word
and the last the tag unless ``columns`` says otherwise (``{"label": "3"}``, counted from 1);
``-DOCSTART-`` lines are left out. CoNLL-U: ten columns separated by tabs; lines of multiword
ranges (``5-6``) and of empty nodes (``5.1``) are left out, so each syntactic word has one tag,
by default its UPOS; a word without one (``_``) leaves its sentence without tags; ``sent_id`` is
the row's id.

Sources: Tjong Kim Sang and De Meulder 2003 (CoNLL); universaldependencies.org/format.html.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from gradsim_core.data.files import file_lines
from gradsim_core.data.rows import Fault, Row, refuse, shown
from gradsim_core.errors import DataError

CONLLU_COLUMNS = ("id", "form", "lemma", "upos", "xpos", "feats", "head", "deprel", "deps", "misc")

_WORD = re.compile(r"[0-9]+")
_RANGE_OR_EMPTY = re.compile(r"[0-9]+[-.][0-9]+")


def _sentences(path: Path) -> Iterator[list[tuple[int, str]]]:
    """Blocks of lines that are not blank, each line with its number."""
    block: list[tuple[int, str]] = []
    for number, line in enumerate(file_lines(path), 1):
        if line.strip(" \t"):
            block.append((number, line))
        elif block:
            yield block
            block = []
    if block:
        yield block


def conll_rows(path: Path, columns: Mapping[str, str], fault: Fault = refuse) -> list[Row]:
    """Read the sentences of a CoNLL file.

    Parameters
    ----------
    path : the file
    columns : role (text, label) -> number of the column, counted from 1
    fault : is told of each line that is not as the others

    Raises
    ------
    DataError
        If a word has no tag, a line has another number of columns than the file's first, or the
        wanted column is not there, naming file and line.
    """
    rows: list[Row] = []
    width = 0
    for block in _sentences(path):
        words: list[str] = []
        tags: list[str] = []
        for number, line in block:
            if line.startswith("-DOCSTART-"):
                continue
            cells = _cells(line)
            if len(cells) != width:
                try:
                    width = _checked_width(cells, width, columns, f"{shown(path)}:{number}")
                except DataError as error:
                    fault(error)
                    continue
                word, tag = _number(columns, "text", 1), _number(columns, "label", width)
            words.append(cells[word])
            tags.append(cells[tag])
        if words:
            rows.append(Row(tuple(words), tuple(tags)))
    return rows


def _cells(line: str) -> list[str]:
    if "\t" in line:
        return [cell.strip(" ") for cell in line.split("\t")]
    cells = line.split(" ")
    return [cell for cell in cells if cell] if "" in cells else cells


def _checked_width(cells: list[str], width: int, columns: Mapping[str, str], place: str) -> int:
    if len(cells) < 2:
        raise DataError(f"{place}: {cells[0][:40]!r} stands alone, a word without a tag. "
                        "Write WORD TAG, and a blank line between sentences.")
    if width:
        raise DataError(f"{place}: {len(cells)} columns, but {width} before. "
                        "Mend the line: a word must not hold a space or a tab.")
    for role in ("text", "label"):
        if not 0 <= _number(columns, role, 1) < len(cells):
            raise DataError(f"{place}: there is no column {columns[role]} for {role}; the line has "
                            f"{len(cells)} columns. Number them from 1.")
    return len(cells)


def _number(columns: Mapping[str, str], role: str, default: int) -> int:
    """Index (from 0) of the column that the user numbers from 1."""
    given = columns.get(role, str(default))
    if not given.isdecimal():
        raise DataError(f"columns: {role}: {given!r} is not a number. Columns of a CoNLL file "
                        'have no names: number them from 1, as in {label: "4"}.')
    return int(given) - 1


def conllu_rows(path: Path, columns: Mapping[str, str], fault: Fault = refuse) -> list[Row]:
    """Read the sentences of a CoNLL-U file.

    Parameters
    ----------
    path : the file
    columns : role (text, label) -> name of one of the ten columns; default form and upos
    fault : is told of each line that is not CoNLL-U

    Raises
    ------
    DataError
        If a line has not ten columns, has a word number that is none, or has no word, naming
        file and line.
    """
    text, label = _field(columns, "text", "form"), _field(columns, "label", "upos")
    rows: list[Row] = []
    for block in _sentences(path):
        words: list[str] = []
        tags: list[str] = []
        name = ""
        for number, line in block:
            if line[0] == "#":
                key, _, value = line[1:].partition("=")
                name = value.strip() if key.strip() == "sent_id" else name
                continue
            cells = line.split("\t")
            if len(cells) != len(CONLLU_COLUMNS):
                fault(DataError(f"{shown(path)}:{number}: {len(cells)} columns instead of 10. "
                                "CoNLL-U has ten, separated by tabs; mend the line."))
                continue
            if not _WORD.fullmatch(cells[0]):
                if not _RANGE_OR_EMPTY.fullmatch(cells[0]):
                    fault(DataError(
                        f"{shown(path)}:{number}: {cells[0][:40]!r} is not a word's number (5), "
                        "a range (5-6) or an empty node (5.1). Mend the line."))
                continue
            words.append(cells[text])
            tags.append(cells[label])
        if words:
            # FORM "_" is a word; a tag "_" is none, and half-tagged sentences teach wrongly
            rows.append(Row(tuple(words), () if "_" in tags else tuple(tags), id=name))
    return rows


def _field(columns: Mapping[str, str], role: str, default: str) -> int:
    name = columns.get(role, default).lower()
    if name not in CONLLU_COLUMNS:
        raise DataError(f"columns: {role}: {name!r} is not a CoNLL-U column. "
                        f"Use one of: {', '.join(CONLLU_COLUMNS)}.")
    return CONLLU_COLUMNS.index(name)


SENTENCES: dict[str, Callable[[Path, Mapping[str, str], Fault], list[Row]]] = {
    ".conll": conll_rows, ".txt": conll_rows, ".bio": conll_rows, ".conllu": conllu_rows}
"""File ending -> reader."""
