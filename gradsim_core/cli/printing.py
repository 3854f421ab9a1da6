"""Tables for people on standard output, words for people on standard error."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Sequence
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

_WIDE = 10_000
"""Columns of a table that no terminal cuts: a matrix that is piped must keep its numbers."""


def log(template: str, *values: object) -> None:
    """Say something on standard error; values are shown as they are, never read as markup."""
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    console.print(template.format(*(escape(str(value)) for value in values)))


def print_json(value: Any) -> None:
    """Print one JSON value on standard output."""
    print(json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False))  # noqa: T201


def print_text(text: str) -> None:
    """Print text on standard output as it is."""
    print(text, end="" if text.endswith("\n") else "\n")  # noqa: T201


def print_table(title: str, columns: Sequence[str], rows: Iterable[Sequence[object]],
                left: int = 1) -> None:
    """Print a table; the first ``left`` columns are text, the others numbers."""
    console = Console(highlight=False)
    table = Table(title=escape(title), title_justify="left", header_style="bold")
    for number, column in enumerate(columns):
        table.add_column(escape(column), justify="left" if number < left else "right",
                         no_wrap=number >= left)
    for row in rows:
        table.add_row(*(escape(shown(value)) for value in row))
    if not console.is_terminal:
        console.width = _WIDE
    console.print(table)


def shown(value: object) -> str:
    """A value in a cell: three decimals, and a dash where there is none."""
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        return "–"
    if isinstance(value, float):
        return f"{value:+.3f}" if abs(value) < 10 else f"{value:,.1f}"
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)


def size(n_bytes: float) -> str:
    """Bytes as people say them."""
    for unit in ("bytes", "KB", "MB"):
        if abs(n_bytes) < 1000:
            return f"{n_bytes:.0f} {unit}" if unit == "bytes" else f"{n_bytes:.1f} {unit}"
        n_bytes /= 1000
    return f"{n_bytes:.2f} GB"


def duration(seconds: float) -> str:
    """Seconds as people say them."""
    if seconds < 100:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.1f} min" if seconds < 6000 else f"{seconds / 3600:.1f} h"
