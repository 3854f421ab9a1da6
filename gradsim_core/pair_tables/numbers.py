"""Numbers as people write them in tables: points or commas, percent signs, and what is missing.

Conventions
-----------
A missing cell is empty or says so (`MISSING`, in any case). One decimal sign a file: a file whose
decimals have commas is read, one that mixes points and commas is refused, because "1,234" could
be either; commas between thousands are never read. A percent sign is kept apart from its number.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from gradsim_core.errors import DataError

MISSING = frozenset(("", "na", "n/a", "#n/a", "nan", "none", "null", "-", "–", "—"))
"""What a cell without a number may hold, in any case."""

_NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:(?P<sign>[.,])[0-9]*)?|(?P<bare>[.,])[0-9]+)"
                     r"(?:[eE][+-]?[0-9]+)?")


class RawCell(NamedTuple):
    """A cell as written: where it stands, what for, and its text."""

    line: int
    source: str
    target: str
    seed: int
    text: str

    def __str__(self) -> str:
        return f"{self.text.strip()[:30]!r} ({self.source[:30]} → {self.target[:30]})"


class Cell(NamedTuple):
    """A cell with its number; NaN is missing."""

    raw: RawCell
    value: float
    percent_sign: bool


def numbers(cells: Iterable[RawCell], where: str) -> Iterator[Cell]:
    """Read the numbers of cells.

    Parameters
    ----------
    where : the file, for messages

    Raises
    ------
    DataError
        If a cell is neither a finite number nor missing, or has another decimal sign than those
        before; names file and line.
    """
    signs: dict[str, int] = {}
    for cell in cells:
        text = cell.text.strip().replace("\N{MINUS SIGN}", "-")
        if text.casefold() in MISSING:
            yield Cell(cell, math.nan, False)
            continue
        digits = text.removesuffix("%").rstrip()
        match = _NUMBER.fullmatch(digits)
        value = float(digits.replace(",", ".")) if match else math.nan
        if match is None or not math.isfinite(value):
            raise DataError(f"{where}:{cell.line}: {cell} is not a number. Write one such as "
                            "0.731, or leave the cell empty; if the table is long, say which "
                            "columns are source, target and score.")
        sign = match["sign"] or match["bare"]
        if sign:
            signs.setdefault(sign, cell.line)
        if len(signs) > 1:
            other = next(line for known, line in signs.items() if known != sign)
            raise DataError(f"{where}:{cell.line}: {cell} has a decimal "
                            f"{'comma' if sign == ',' else 'point'}, line {other} a "
                            f"{'point' if sign == ',' else 'comma'}: which is meant cannot be "
                            "told. Write all numbers with a point, and no sign between thousands.")
        yield Cell(cell, value, digits != text)
