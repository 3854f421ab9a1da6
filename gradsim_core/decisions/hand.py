"""Groups that people name and fill by hand, as a rule holds them.

Conventions
-----------
Languages may be spelled in any way that links may (see `find_code`); a decision spells them as the
study's codes, in its order. Names serve people alone: they are one line of at most 60 characters.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from pydantic import BaseModel, ConfigDict, Field, field_validator

from gradsim_core.errors import GradSimError, GroupingError
from gradsim_core.languages.resolving import resolve_or_own
from gradsim_core.spreadsheet import plain_text

LONGEST_NAME = 60
LEFT_OUT = "left out by hand"


class NamedGroup(BaseModel):
    """A group that somebody made: its name and its languages."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = ""
    languages: tuple[str, ...] = Field(min_length=1)

    @field_validator("name")
    @classmethod
    def _one_line(cls, value: str) -> str:
        return group_name(value)


def group_name(text: str) -> str:
    """A name on one line, cut at 60 characters."""
    return plain_text(text, LONGEST_NAME)


def unique_names(names: Iterable[str]) -> tuple[str, ...]:
    """Names of groups, none empty and no two alike.

    Examples
    --------
    >>> unique_names(["north", "", "north", "north 2"])
    ('north', 'group 2', 'north 3', 'north 2')
    """
    wanted = [group_name(name) for name in names]
    found: list[str] = []
    for at, name in enumerate(wanted, 1):
        free, number = name, 1 if name else at - 1
        while not free or free in found or (number > 1 and free in wanted):
            number += 1
            ending = f" {number}"
            free = f"{(name or 'group')[:LONGEST_NAME - len(ending)].rstrip()}{ending}"
        found.append(free)
    return tuple(found)


def find_code(spelling: str, codes: Collection[str], where: str) -> str:
    """The code that a spelling means.

    Raises
    ------
    GroupingError
        If it is none of the codes.
    """
    code = spelling
    if code not in codes:
        try:
            code = resolve_or_own(spelling).code
        except GradSimError:
            code = ""
    if code not in codes:
        shown = list(codes)
        more = f" and {len(shown) - 20} more" if len(shown) > 20 else ""
        raise GroupingError(f"Language {spelling[:60]!r} of {where} is not among those grouped: "
                            f"{', '.join(shown[:20])}{more}. Use one of these.")
    return code


def coded(groups: Sequence[NamedGroup], codes: Sequence[str]) -> tuple[NamedGroup, ...]:
    """The groups with languages as codes, in the order of the study, by their first language.

    Raises
    ------
    GroupingError
        If a language is not among the codes, or stands twice.
    """
    place = {code: at for at, code in enumerate(codes)}
    found: list[tuple[list[str], str]] = []
    seen: set[str] = set()
    for number, group in enumerate(groups, 1):
        members = [find_code(one, codes, f"group {number}") for one in group.languages]
        for code in members:
            if code in seen:
                raise GroupingError(f"Language {code!r} stands twice in the groups made by hand. "
                                    "Leave it in one, once.")
            seen.add(code)
        found.append((sorted(members, key=place.__getitem__), group.name))
    found.sort(key=lambda one: place[one[0][0]])
    return tuple(NamedGroup(name=name, languages=tuple(members)) for (members, _), name in
                 zip(found, unique_names(name for _, name in found), strict=True))
