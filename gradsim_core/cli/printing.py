"""Data for people and programs on standard output, words for people on standard error.

Texts from data (names of languages, paths, messages) are shown as they are: never read as
markup, and with what could steer a terminal spelled out.
"""

from __future__ import annotations

import json
import math
import sys
import time
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table
from tqdm import tqdm

_WIDE = 10_000
"""Columns of a table that no terminal cuts: a matrix that is piped must keep its numbers."""

_QUIET_S = 10.0
"""Least seconds between lines about progress where they are kept, as in a run's log."""

_STEERING = {"Cc", "Cs", "Zl", "Zp"}  # control, half of a pair, line and paragraph separators
_TURNING = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"  # change the direction


def visible(text: str) -> str:
    """Text with control characters spelled out, such as ``\\x1b``."""
    return "".join(
        char.encode("unicode_escape").decode()
        if unicodedata.category(char) in _STEERING or char in _TURNING else char for char in text)


def log(template: str, *values: object) -> None:
    """Say something on standard error; the template may hold markup, the values may not."""
    console = Console(stderr=True, highlight=False, soft_wrap=True, emoji=False)
    console.print(template.format(*(escape(visible(str(value))) for value in values)))


def print_json(value: Any) -> None:
    """Print one JSON value on standard output."""
    print(json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False))  # noqa: T201


def print_text(text: str) -> None:
    """Print text on standard output as it is."""
    print(text, end="" if text.endswith("\n") else "\n")  # noqa: T201


def print_table(title: str, columns: Sequence[str], rows: Iterable[Sequence[object]],
                left: int = 1) -> None:
    """Print a table; the first ``left`` columns are text, the others numbers."""
    console = Console(highlight=False, emoji=False)
    table = Table(title=_cell(title), title_justify="left", header_style="bold")
    for number, column in enumerate(columns):
        table.add_column(_cell(column), justify="left" if number < left else "right",
                         no_wrap=number >= left)
    for row in rows:
        table.add_row(*map(_cell, row))
    if not console.is_terminal:
        console.width = _WIDE
    console.print(table)


def _cell(value: object) -> str:
    return escape(visible(shown(value)))


def shown(value: object) -> str:
    """A value in a cell: three decimals, and a dash where there is none."""
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        return "–"
    if isinstance(value, float):
        return f"{value:+.3f}" if abs(value) < 10 else f"{value:,.1f}"
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)


@contextmanager
def progress_shown(name: str, steps: int,
                   unit: str = "step") -> Iterator[Callable[[dict[str, Any]], None]]:
    """Show a run's events on standard error: a bar on a terminal, now and then a line in a log."""
    terminal = sys.stderr.isatty()
    told = -math.inf

    with tqdm(total=steps, unit=unit, desc=name, dynamic_ncols=True, disable=not terminal,
              file=sys.stderr) as bar:

        def show(event: dict[str, Any]) -> None:
            nonlocal told
            if event["kind"] != "progress":
                if event.get("message"):
                    bar.clear()
                    log("{}", event["message"])
                return
            if "loss" in event:
                bar.set_postfix(loss=event["loss"], refresh=False)
            bar.total = event["steps"]
            bar.update(event["step"] - bar.n)
            if not terminal and time.monotonic() - told >= _QUIET_S:
                told = time.monotonic()
                loss = f", loss {event['loss']}" if "loss" in event else ""
                left = f", about {duration(event['eta_s'])} left" if "eta_s" in event else ""
                log("{} {} of {}{}{}", unit.capitalize(), f"{event['step']:,}",
                    f"{event['steps']:,}", loss, left)

        yield show


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
