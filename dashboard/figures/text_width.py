"""How wide a text will be, before any browser has drawn it.

Conventions
-----------
Widths are those of the page's fonts (Source Sans; Noto Sans for what it lacks), to within about a
tenth: enough to keep labels from each other. Sizes and widths are pixels.
"""

from __future__ import annotations

import unicodedata

_LATIN, _CAPITAL, _NARROW, _FULL = 0.5, 0.6, 0.27, 1.0
_WIDE_SCRIPTS = {"ETHIOPIC": 0.78, "MYANMAR": 0.75, "KHMER": 0.75, "MALAYALAM": 0.8,
                 "SINHALA": 0.75, "TAMIL": 0.8, "CANADIAN": 0.75, "CHEROKEE": 0.65}
_NO_WIDTH = ("Mn", "Me", "Cf", "Cc")


def text_width(text: str, size: float) -> float:
    """Pixels from the left to the right end of one line.

    Parameters
    ----------
    text : plain; marks above and below letters, and invisible signs, take no room
    size : of the font
    """
    return size * sum(_share(sign) for sign in text)


def _share(sign: str) -> float:
    """Width of a sign as a share of the font's size."""
    if unicodedata.category(sign) in _NO_WIDTH:
        return 0.0
    if sign in " .,:;'!|iljI()-":
        return _NARROW
    if unicodedata.east_asian_width(sign) in "WF":
        return _FULL
    if ord(sign) > 0x0900:
        script = unicodedata.name(sign, "").split(" ")[0]
        return _WIDE_SCRIPTS.get(script, 0.62)
    return _CAPITAL if sign.isupper() else _LATIN
