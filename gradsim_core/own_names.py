"""What a language is called in itself: "Deutsch", "አማርኛ", "العربية".

Source: Unicode CLDR, as Babel ships it.
"""

from __future__ import annotations

from functools import cache

from babel import Locale, UnknownLocaleError


@cache
def own_name(code: str, script: str | None = None) -> str | None:
    """The name of a language in itself.

    Parameters
    ----------
    code : ISO 639-1 or 639-3
    script : ISO 15924; tried first where a language is written in several

    Returns
    -------
    str or None
        None where CLDR has none.

    Examples
    --------
    >>> own_name("deu"), own_name("amh"), own_name("xxx")
    ('Deutsch', 'አማርኛ', None)
    """
    for tag in (f"{code}_{script}", code) if script else (code,):
        try:
            locale = Locale.parse(tag)
        except (UnknownLocaleError, ValueError):
            continue
        name = locale.languages.get(locale.language)
        if name:
            return name[:1].upper() + name[1:]
    return None
