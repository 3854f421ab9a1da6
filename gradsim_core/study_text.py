"""A study's text: its settings as they stand in YAML, each with its line.

Conventions
-----------
One mapping of settings to values, read without running anything. YAML would silently take the
last of two equal keys; here that is an error, because one of the two was meant otherwise.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import yaml

from gradsim_core.errors import StudyError


class Settings(NamedTuple):
    """What a text says, and the line (from 1) of each setting."""

    values: dict[str, Any]
    lines: dict[str, int]


def settings_in(text: str, where: str = "study") -> Settings:
    """Read the settings of a text without checking them; an empty text has none.

    Raises
    ------
    StudyError
        If it is not YAML, not a mapping, or a setting stands twice; names the line.
    """
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        values = yaml.safe_load(text)
    except (yaml.YAMLError, ValueError, RecursionError) as error:  # 2026-02-31 is a ValueError
        mark = getattr(error, "problem_mark", None)
        line = f":{mark.line + 1}" if mark else ""
        problem = getattr(error, "problem", None) or " ".join(str(error).split())[:120]
        raise StudyError(f"{where}{line}: {problem}. Mend this line.") from None
    if values is None:
        return Settings({}, {})
    if not isinstance(values, dict):
        raise StudyError(f"{where}: a study is a list of `setting: value` lines; found "
                         f"{type(values).__name__}. Start from `gradsim run --help`.")
    lines: dict[str, int] = {}
    for key, _ in node.value:
        if key.value in lines:
            raise StudyError(f"{where}:{key.start_mark.line + 1}: {str(key.value)[:40]!r} stands "
                             f"in line {lines[key.value]} already. Keep one of the two.")
        if isinstance(key.value, str):
            lines[key.value] = key.start_mark.line + 1
    return Settings(values, lines)
