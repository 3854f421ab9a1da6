"""How old a result is, in the words of a badge.

Conventions
-----------
Times are nanoseconds since 1970, as the file system gives them. Functions are pure.
"""

from __future__ import annotations

from datetime import UTC, datetime

JUST_NOW_S = 120
"""A result younger than this was computed, so far as its reader is concerned, just now."""

_STEPS = ((60, "minute"), (3600, "hour"), (86_400, "day"))
_MONTH_S = 30 * 86_400


def age_words(age_s: float) -> str:
    """An age as people say it, in whole units.

    Examples
    --------
    >>> age_words(30), age_words(200), age_words(3 * 3600), age_words(90_000)
    ('just now', '3 minutes ago', '3 hours ago', '1 day ago')
    """
    if age_s < JUST_NOW_S:
        return "just now"
    seconds, unit = next((step for step in reversed(_STEPS) if age_s >= step[0]), _STEPS[0])
    whole = int(age_s // seconds)
    return f"{whole} {unit}{'s' * (whole != 1)} ago"


def badge_words(written_ns: int, now_ns: int) -> str:
    """Whether a result was computed for this look at it, or is one of before.

    Examples
    --------
    >>> badge_words(0, 5 * 10**9), badge_words(0, 7200 * 10**9)
    ('Computed just now', 'Reused · computed 2 hours ago')
    """
    age_s = (now_ns - written_ns) / 1e9
    if age_s < JUST_NOW_S:
        return "Computed just now"
    when = age_words(age_s) if age_s < _MONTH_S else f"on {moment(written_ns)[:10]}"
    return f"Reused · computed {when}"


def moment(written_ns: int) -> str:
    """A point in time, in UTC to the minute.

    Examples
    --------
    >>> moment(0)
    '1970-01-01 00:00 UTC'
    """
    return f"{datetime.fromtimestamp(written_ns / 1e9, UTC):%Y-%m-%d %H:%M} UTC"
