"""Hand-made groups: read from JSON or YAML in any of the shapes that people write.

Conventions
-----------
A decision that `gradsim export` wrote; ``{"groups": …}``; a list of groups; or an object of groups
by name. A group is a list of languages in any spelling, or text with commas between them. A file
whose name ends in .yaml or .yml may hold the same as YAML.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from pathlib import Path
from typing import Any

import yaml

from gradsim_core.decisions.hand import NamedGroup, group_name
from gradsim_core.errors import GradSimError, GroupingError
from gradsim_core.languages.resolving import resolve_or_own

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
    return groups_from(_content(path, where), known, where)


def read_named_groups(path: str | Path) -> tuple[NamedGroup, ...]:
    """Read groups with their names, languages spelled as they are written.

    Raises
    ------
    GroupingError
        As `read_groups`, but languages are not looked up.
    """
    where = str(path)[-150:]
    return named_groups_from(_content(path, where), where)


def _content(path: str | Path, where: str) -> Any:
    try:
        text = Path(path).read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8 text"
        raise GroupingError(f"{where}: cannot be read ({reason}). Check the path.") from None
    return groups_content(text, where)


def groups_content(text: str, where: str) -> Any:
    """What a text says, as JSON or, where the name ends in .yaml or .yml, as YAML.

    Raises
    ------
    GroupingError
        If it is neither.
    """
    try:
        if where.lower().endswith((".yaml", ".yml")):
            return yaml.safe_load(text)
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise GroupingError(f"{where}:{error.lineno}: not JSON ({error.msg}). {_SHAPES}") from None
    except yaml.YAMLError as error:
        raise GroupingError(f"{where}: not YAML ({getattr(error, 'problem', '')!s:.80}). "
                            f"{_SHAPES}") from None
    except (ValueError, RecursionError) as error:
        raise GroupingError(f"{where}: not JSON ({str(error)[:80]}). {_SHAPES}") from None


def named_groups_from(content: Any, where: str) -> tuple[NamedGroup, ...]:
    """Groups with their names from content (see the module)."""
    found = []
    for number, (name, group) in enumerate(_listed(content, where), start=1):
        spelled = [_spelling(one, f"{where}: group {number}") for one in
                   _languages(group, f"{where}: group {number}")]
        found.append(NamedGroup(name=name, languages=tuple(spelled)))
    return tuple(found)


def groups_from(content: Any, known: Collection[str], where: str) -> tuple[tuple[str, ...], ...]:
    """Groups from JSON content (see the module)."""
    return tuple(_group(group, known, f"{where}: group {number}")
                 for number, (_, group) in enumerate(_listed(content, where), start=1))


def _listed(content: Any, where: str) -> list[tuple[str, Any]]:
    """Names and contents of groups; "" for a name that is not given."""
    if isinstance(content, dict):
        content = content.get("groups", content)
    if isinstance(content, dict) and content:
        return [(group_name(str(name)), group) for name, group in content.items()]
    if not isinstance(content, list) or not content:
        raise GroupingError(f"{where}: holds no groups. {_SHAPES}")
    return [(group_name(str(group.get("name") or "")) if isinstance(group, dict) else "", group)
            for group in content]


def _group(group: Any, known: Collection[str], where: str) -> tuple[str, ...]:
    codes = [_code(one, known, where) for one in _languages(group, where)]
    twice = next((code for i, code in enumerate(codes) if code in codes[:i]), None)
    if twice:
        raise GroupingError(f"{where} names {twice} twice. Leave it once.")
    return tuple(sorted(codes))


def _languages(group: Any, where: str) -> list[Any]:
    if isinstance(group, dict):
        group = group.get("languages")
    if isinstance(group, str):
        group = [part.strip() for part in group.split(",")]
    if not isinstance(group, list) or not group:
        raise GroupingError(f"{where} is no list of languages. {_SHAPES}")
    return group


def _spelling(language: Any, where: str) -> str:
    if isinstance(language, dict):
        language = language.get("code")
    if not isinstance(language, str) or not language.strip():
        raise GroupingError(f"{where} holds {str(language)[:40]!r}, no language. {_SHAPES}")
    return language.strip()


def _code(language: Any, known: Collection[str], where: str) -> str:
    spelling = _spelling(language, where)
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
