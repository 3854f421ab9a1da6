"""How the colours of a map of changes are to be read, in words. Pure; plain text."""

from __future__ import annotations


def change_scale_words(limit: float, beyond: bool) -> str:
    """What the scale of a map of changes spans, and what stands beyond it.

    Parameters
    ----------
    limit : end of the scale
    beyond : whether changes of hatched languages are larger
    """
    told = f"similarity in the second minus that in the first; zero in the middle, to ±{limit:.2f}"
    return told + (" (reliable languages; end colours beyond)" if beyond else "")
