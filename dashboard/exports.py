"""Files to take away: matrices and groups as CSV.

Conventions
-----------
UTF-8 with a header line; codes and English names side by side. Texts that a spreadsheet would
take for a formula get an apostrophe in front (`csv_text`); numbers stay numbers, and what is
undefined is an empty cell.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from gradsim_core import Similarity, csv_text


def matrix_csv(found: Similarity, names: Mapping[str, str], order: Sequence[int]) -> str:
    """A similarity matrix with reliabilities, in the order of the picture."""
    codes = [found.languages[i] for i in order]
    header = ["code", "name", "reliability", *codes]
    rows = [[found.languages[i], names.get(found.languages[i], ""), _value(found.reliability[i]),
             *(_value(found.matrix[i, j]) for j in order)] for i in order]
    return csv_text([header, *rows])


def groups_csv(decision: Mapping[str, Any]) -> str:
    """The groups of a decision, one language a line, those not grouped at the end."""
    rows: list[list[object]] = [["group", "code", "name", "reliability", "note"]]
    for group in decision["groups"]:
        rows += [[group["name"], one["code"], one["name"], one["reliability"], ""]
                 for one in group["languages"]]
    rows += [["", one["code"], "", None, one["reason"]] for one in decision["not_grouped"]]
    return csv_text(rows)


def _value(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None
