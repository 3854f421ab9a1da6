"""Tables to take away: CSV whose cells no spreadsheet computes.

Conventions
-----------
Lines end in ``\\n``. A text is put on one line and gets an apostrophe in front where a
spreadsheet would take it for a formula; numbers stay numbers with all their digits, and what is
undefined is an empty cell.

Sources: RFC 4180; OWASP, "CSV Injection".
"""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Iterable, Sequence

_UNSEEN = re.compile(r"[\u0000-\u0020\u007f-\u00a0\u2028-\u202e\u2066-\u2069\ufeff]+")
_FORMULA = ("=", "+", "-", "@", "＝", "＋", "－", "＠")  # the last four: in East Asian spreadsheets
_LONGEST_CELL = 32_767  # of spreadsheets


def csv_text(rows: Iterable[Sequence[object]]) -> str:
    """Rows as CSV, with cells that no spreadsheet computes; none and NaN are empty."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(
        [csv_cell(cell) for cell in row] for row in rows)
    return text.getvalue()


def csv_cell(value: object) -> object:
    """The value; a text on one line, with an apostrophe where a spreadsheet would compute it.

    Examples
    --------
    >>> csv_cell("=HYPERLINK(1)"), csv_cell("Ewe"), csv_cell(-0.5), csv_cell(float("nan"))
    ("'=HYPERLINK(1)", 'Ewe', -0.5, '')
    """
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        return ""
    if not isinstance(value, str):
        return value
    line = plain_text(value, _LONGEST_CELL)
    return f"'{line}" if line.startswith(_FORMULA) else line


def plain_text(text: object, longest: int = 400) -> str:
    """The text on one line, without control and direction signs, cut at `longest` characters."""
    line = _UNSEEN.sub(" ", str(text)).strip()
    return line if len(line) <= longest else line[:longest - 1].rstrip() + "…"
