"""What a language is called in itself: "Deutsch", "አማርኛ", "العربية"; and what scripts are called.

Source: Unicode CLDR, as Babel ships it.
"""

from __future__ import annotations

from functools import cache

from babel import Locale, UnknownLocaleError

_STAND_ALONE = {"Hans": "Simplified Han", "Hant": "Traditional Han"}
"""Names that CLDR gives a longer form where they stand without their language; Babel leaves it
out."""


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


@cache
def script_name(code: str) -> str:
    """The English name of a script; the code itself where CLDR has none.

    Parameters
    ----------
    code : ISO 15924

    Examples
    --------
    >>> script_name("Ethi"), script_name("Hans"), script_name("Zzzq")
    ('Ethiopic', 'Simplified Han', 'Zzzq')
    """
    return _STAND_ALONE.get(code) or Locale.parse("en").scripts.get(code, code)
