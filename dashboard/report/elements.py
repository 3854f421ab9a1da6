"""Pieces of HTML: text made harmless, tables, charts, and what can be unfolded.

Conventions
-----------
Functions are pure and give HTML. Whatever comes from data goes through `text`; titles and notes of
our own are handed over plain too, so that there is one way for both.
"""

from __future__ import annotations

import html
import math
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from gradsim_core import plain_text

_FOR_SCRIPT = {ord(sign): f"\\u{ord(sign):04x}" for sign in "<>&\u2028\u2029"}


def text(value: object, longest: int = 400) -> str:
    """A text as HTML that shows it and does nothing else.

    Examples
    --------
    >>> text("<b>Ewe</b>")
    '&lt;b&gt;Ewe&lt;/b&gt;'
    """
    shown = attribute(value, longest)
    turned = any(unicodedata.bidirectional(sign) in ("R", "AL") for sign in shown)
    return f"<bdi>{shown}</bdi>" if turned else shown


def attribute(value: object, longest: int = 400) -> str:
    """The same where no element can stand: in a quoted attribute, or a title."""
    return html.escape(plain_text(value, longest))


def paragraph(value: object, kind: str = "", longest: int = 2000) -> str:
    """One paragraph; `kind` is a class of the page's style."""
    return f"<p{f' class={kind}' if kind else ''}>{text(value, longest)}</p>"


def listing(values: Iterable[object], longest: int = 800) -> str:
    """A bulleted list; nothing for no values."""
    items = "".join(f"<li>{text(one, longest)}</li>" for one in values)
    return f"<ul>{items}</ul>" if items else ""


def section(name: str, title: str, *parts: str) -> str:
    """A part of the report with its heading."""
    return f'<section id="{name}"><h2>{text(title)}</h2>{"".join(parts)}</section>'


def unfolded(title: str, *parts: str) -> str:
    """What is folded away on the screen, and open on paper."""
    return f"<details><summary>{text(title)}</summary>{''.join(parts)}</details>"


def table(columns: Mapping[str, Sequence[Any]], digits: int = 3) -> str:
    """Columns as a table; numbers stand to the right, what is unknown is an en dash."""
    numeric = {name: all(isinstance(one, int | float) or one is None for one in values)
               for name, values in columns.items()}
    head = "".join(f"<th{' class=n' * numeric[name]}>{text(name, 80)}</th>" for name in columns)
    rows = "".join("<tr>" + "".join(
        f"<td{' class=n' * numeric[name]}>{_cell(value, digits)}</td>"
        for name, value in zip(columns, row, strict=True)) + "</tr>"
        for row in zip(*columns.values(), strict=True))
    return (f'<div class="wide"><table><thead><tr>{head}</tr></thead>'
            f"<tbody>{rows}</tbody></table></div>")


def chart(figure: Any, alt: str, numbers: Mapping[str, Sequence[Any]] | None = None) -> str:
    """A plotly figure, drawn when the file is opened, with its numbers below it.

    Parameters
    ----------
    alt : what it shows, for readers who cannot see it
    """
    height = int(figure.layout.height or 450)
    return (f'<figure><div class="chart" role="img" aria-label="{attribute(alt, 600)}" '
            f'style="height:{height}px"></div>'
            f'<script type="application/json">{for_script(figure.to_json())}</script></figure>'
            + (unfolded("Table", table(numbers)) if numbers else ""))


def for_script(data: str) -> str:
    """JSON that can stand in a script element, whatever its strings hold."""
    return data.translate(_FOR_SCRIPT)


def _cell(value: Any, digits: int) -> str:
    if value is None or value == "":
        return "–"
    if isinstance(value, float):
        if not math.isfinite(value):
            return "–"
        return f"{round(value, digits) + 0.0:,.{digits}f}".replace("-", "−")
    return f"{value:,}" if isinstance(value, int) else text(value, 600)
