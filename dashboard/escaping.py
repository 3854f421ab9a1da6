"""Text from data, made harmless where a page or a picture would read it as markup.

Conventions
-----------
Names of languages, labels, files and errors come from data and may hold anything. Everything a
view hands to Markdown goes through `markdown_text`, everything a figure hands to plotly through
`plotly_text`, every cell of a CSV through `csv_cell`. Tables and select boxes show plain text and
need none of them.

Sources: CommonMark 0.31 (any ASCII punctuation may be escaped); the GFM autolink and the emoji
plugins work on text after escapes are gone, so only a zero-width space inside stops them;
OWASP, "CSV Injection".
"""

from __future__ import annotations

import re

_PUNCTUATION = re.compile(r"([!-/:-@\[-`{-~])")
_BREAK = "\u200b"
_UNSEEN = re.compile(r"[\u0000-\u0020\u007f-\u00a0\u2028-\u202e\u2066-\u2069\ufeff]+")
_FORMULA = ("=", "+", "-", "@")
_LONGEST_CELL = 32_767  # of spreadsheets


def plain_text(text: object, longest: int = 400) -> str:
    """The text on one line, without control and direction signs, cut at `longest` characters."""
    line = _UNSEEN.sub(" ", str(text)).strip()
    return line if len(line) <= longest else line[:longest - 1].rstrip() + "…"


def markdown_text(text: object, longest: int = 400) -> str:
    r"""The text as Markdown that shows it and does nothing else.

    Examples
    --------
    >>> markdown_text("**Hausa** <b>")
    '\\*\\*Hausa\\*\\* \\<b\\>'
    """
    line = plain_text(text, longest)
    line = re.sub(r"(?<=[:@])|(?<=www)(?=\.)", _BREAK, line, flags=re.IGNORECASE)
    return _PUNCTUATION.sub(r"\\\1", line)


def plotly_text(text: object, longest: int = 200) -> str:
    """The text as plotly shows it: no tags, no links, no TeX, no template fields.

    Examples
    --------
    >>> plotly_text("<a href='x'>Igbo</a>")
    "&lt;a href='x'&gt;Igbo&lt;/a&gt;"
    """
    line = plain_text(text, longest).replace("&", "&amp;")
    return (line.replace("<", "&lt;").replace(">", "&gt;").replace("$", "&#36;")
            .replace("%{", f"%{_BREAK}{{"))


def csv_cell(value: object) -> object:
    """The value; a text on one line, with an apostrophe where a spreadsheet would compute it.

    Examples
    --------
    >>> csv_cell("=HYPERLINK(1)"), csv_cell("Ewe"), csv_cell(-0.5)
    ("'=HYPERLINK(1)", 'Ewe', -0.5)
    """
    if not isinstance(value, str):
        return value
    line = plain_text(value, _LONGEST_CELL)
    return f"'{line}" if line.startswith(_FORMULA) else line
