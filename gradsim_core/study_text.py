"""A study's text: its settings as they stand in YAML, each with its line.

Conventions
-----------
One mapping of settings to values, read without running anything. YAML would silently take the
last of two equal keys; here that is an error, because one of the two was meant otherwise.
"""

from __future__ import annotations

import difflib
import reprlib
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import yaml
from pydantic import ValidationError

from gradsim_core.errors import StudyError
from gradsim_core.study import Study

_MOST_NAMED = 12
"""Settings named to someone who misspelt one; those spelt alike come first."""


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


def study_from(values: dict[str, Any], where: str = "study",
               lines: Mapping[str, int] | None = None) -> Study:
    """Check settings and freeze them; a wrong one is named with its value and its bounds.

    Parameters
    ----------
    lines : setting -> its line, where they stand in a text
    """
    try:
        return Study.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"]) or "study"
        line = (lines or {}).get(str(first["loc"][0])) if first["loc"] else None
        where = f"{where}:{line}" if line else where
        if first["type"] == "extra_forbidden":
            near = difflib.get_close_matches(key[:40], Study.model_fields, 2)
            known = ", ".join(list(dict.fromkeys([*near, *Study.model_fields]))[:_MOST_NAMED])
            raise StudyError(
                f"{where}: there is no setting {key[:40]!r}. Settings: {known}, …; `gradsim run "
                "--help` tells them all.") from None
        given = "" if first["loc"] == () else f" (given: {reprlib.repr(first['input'])[:60]})"
        reason = first["msg"].removeprefix("Value error, ")
        raise StudyError(f"{where}: {key}: {reason}{given}. Change it and run again.") from None


def study_from_text(text: str, where: str = "study") -> Study:
    """Read a study from YAML as it was written; a wrong setting is named with its line.

    Raises
    ------
    StudyError
        If it is not YAML, or holds an unknown or wrong setting, or one twice.
    """
    values, lines = settings_in(text, where)
    return study_from(values, where, lines)


def load_study(path: str | Path) -> Study:
    """Read a study from a YAML file; ``-`` stands for standard input.

    Raises
    ------
    StudyError
        If the file cannot be read, is empty or not YAML, or holds an unknown or wrong setting.
    """
    try:
        raw = sys.stdin.buffer.read() if str(path) == "-" else Path(path).read_bytes()
        text = raw.decode("utf-8-sig")
    except OSError as error:
        raise StudyError(f"{path}: cannot be read ({error.strerror}). Check the path.") from None
    except UnicodeDecodeError as error:
        raise StudyError(f"{path}: not UTF-8 text ({error.reason} at byte {error.start}). Save it "
                         "as UTF-8.") from None
    except ValueError as error:  # a path that holds a null byte
        raise StudyError(f"{str(path)!r}: {error}. Check the path.") from None
    if not text.strip() and str(path) != "-":
        raise StudyError(f"{path}: a study is a list of `setting: value` lines; found NoneType. "
                         "Start from `gradsim run --help`.")
    return study_from_text(text, str(path))


def study_yaml(study: Study) -> str:
    """The study as YAML, without the settings that stand at their defaults."""
    values = study.model_dump(mode="json", exclude_defaults=True)
    return yaml.safe_dump(values, sort_keys=False, allow_unicode=True)
