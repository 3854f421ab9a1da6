"""Text from data, made harmless where a page or a picture would read it as markup.

Conventions
-----------
Names of languages, labels, files and errors come from data and may hold anything. Everything a
view hands to Markdown goes through `markdown_text`, everything a figure hands to plotly through
`plotly_text`, every cell of a CSV through the core's `csv_text`. Tables and select boxes show
plain text and need none of them.

Sources: CommonMark 0.31 (any ASCII punctuation may be escaped); the GFM autolink and the emoji
plugins work on text after escapes are gone, so only a zero-width space inside stops them.
"""

from __future__ import annotations

import re

from gradsim_core import plain_text

_PUNCTUATION = re.compile(r"([!-/:-@\[-`{-~])")
_BREAK = "\u200b"
_RIGHT_TO_LEFT = re.compile("[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufeff\U00010800-\U00010fff"
                            "\U0001e800-\U0001efff]")


def markdown_text(text: object, longest: int = 400) -> str:
    r"""The text as Markdown that shows it and does nothing else.

    Examples
    --------
    >>> markdown_text("**Hausa** <b>")
    '\\*\\*Hausa\\*\\* \\<b\\>'
    """
    line = plain_text(text, longest)
    line = re.sub(r"(?<=[:@])|(?<=www)(?=\.)", _BREAK, line, flags=re.IGNORECASE)
    return _isolated(_PUNCTUATION.sub(r"\\\1", line))


def plotly_text(text: object, longest: int = 200) -> str:
    """The text as plotly shows it: no tags, no links, no TeX, no template fields.

    Examples
    --------
    >>> plotly_text("<a href='x'>Igbo</a>")
    "&lt;a href='x'&gt;Igbo&lt;/a&gt;"
    """
    line = plain_text(text, longest).replace("&", "&amp;")
    return _isolated(line.replace("<", "&lt;").replace(">", "&gt;").replace("$", "&#36;")
                     .replace("%{", f"%{_BREAK}{{"))


def _isolated(text: str) -> str:
    """Text written from right to left, kept from turning round what stands beside it."""
    return f"\u2068{text}\u2069" if _RIGHT_TO_LEFT.search(text) else text
