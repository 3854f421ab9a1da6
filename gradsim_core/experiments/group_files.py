"""Hand-made groups: read from JSON in any of the shapes that people write.

Conventions
-----------
A decision that `gradsim export` wrote; ``{"groups": …}``; a list of groups; or an object of groups
by name. A group is a list of languages in any spelling, or text with commas between them.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from pathlib import Path
from typing import Any

from gradsim_core.errors import GradSimError, GroupingError
from gradsim_core.languages import resolve_or_own

_SHAPES = 'Write [["deu", "nld"], ["spa", "ita"]], or give a file that `gradsim export` wrote.'


def read_groups(path: str | Path, known: Collection[str]) -> tuple[tuple[str, ...], ...]:
    """Read groups of languages.

    Parameters
    ----------
    known : the study's codes; a spelling that is one of them is taken as it is

    Raises
    ------
    GroupingError
        If the file cannot be read, is not JSON or of another shape, or a language is not known;
        the message names the file and the group.
    """
    where = str(path)[-150:]
    try:
        content = json.loads(Path(path).read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8 text"
        raise GroupingError(f"{where}: cannot be read ({reason}). Check the path.") from None
    except json.JSONDecodeError as error:
        raise GroupingError(f"{where}:{error.lineno}: not JSON ({error.msg}). {_SHAPES}") from None
    except (ValueError, RecursionError) as error:
        raise GroupingError(f"{where}: not JSON ({str(error)[:80]}). {_SHAPES}") from None
    return groups_from(content, known, where)


def groups_from(content: Any, known: Collection[str], where: str) -> tuple[tuple[str, ...], ...]:
    """Groups from JSON content (see the module)."""
    if isinstance(content, dict):
        content = content.get("groups", content)
    groups = list(content.values()) if isinstance(content, dict) else content
    if not isinstance(groups, list) or not groups:
        raise GroupingError(f"{where}: holds no groups. {_SHAPES}")
    return tuple(_group(group, known, f"{where}: group {number}")
                 for number, group in enumerate(groups, start=1))


def _group(group: Any, known: Collection[str], where: str) -> tuple[str, ...]:
    if isinstance(group, dict):
        group = group.get("languages")
    if isinstance(group, str):
        group = [part.strip() for part in group.split(",")]
    if not isinstance(group, list) or not group:
        raise GroupingError(f"{where} is no list of languages. {_SHAPES}")
    codes = [_code(one, known, where) for one in group]
    twice = next((code for i, code in enumerate(codes) if code in codes[:i]), None)
    if twice:
        raise GroupingError(f"{where} names {twice} twice. Leave it once.")
    return tuple(sorted(codes))


def _code(language: Any, known: Collection[str], where: str) -> str:
    if isinstance(language, dict):
        language = language.get("code")
    if not isinstance(language, str) or not language.strip():
        raise GroupingError(f"{where} holds {str(language)[:40]!r}, no language. {_SHAPES}")
    spelling = language.strip()
    if spelling in known:
        return spelling
    try:
        code = resolve_or_own(spelling).code
    except GradSimError:
        code = spelling
    if code not in known:
        shown = ", ".join(sorted(known)[:12]) + (", …" if len(known) > 12 else "")
        raise GroupingError(f"{where}: language {spelling[:40]!r} is not one of this study's: "
                            f"{shown}.")
    return code
