"""Figures as a browser gets them, kept for the next look at the same numbers.

Conventions
-----------
A figure is a pure function of what it is given, so it is kept under exactly that: the function and
the content of every argument. Tables that nobody can change (``MappingProxyType``) go by which
they are, for it would take longer to look through their facts than to draw them; a figure holds on
to those it was made of, so that no other can take their place. What is marked lies over a figure
(`figures.overlay`) and is no part of it: a click finds it made.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass, field, fields, is_dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import Any

import numpy as np


def drawn(draw: Callable[..., Any], *given: Any, **options: Any) -> str:
    """The figure that a function of `figures` makes of what it is given, as JSON."""
    return _drawn(_Asked(draw, _content((given, options)), given, options))


@dataclass(frozen=True)
class _Asked:
    """A figure's function and arguments; alike where they have the same content."""

    draw: Callable[..., Any]
    content: Hashable
    given: tuple[Any, ...] = field(compare=False)
    options: dict[str, Any] = field(compare=False)


@lru_cache(maxsize=64)
def _drawn(asked: _Asked) -> str:
    text: str = asked.draw(*asked.given, **asked.options).to_json(validate=False)
    return text


def _content(value: Any) -> Hashable:
    if isinstance(value, MappingProxyType):
        return id(value)
    if isinstance(value, np.ndarray):
        return value.shape, value.dtype.str, value.tobytes()
    if is_dataclass(value):
        return type(value), *(_content(getattr(value, one.name)) for one in fields(value))
    if isinstance(value, (tuple, list)):
        return tuple(map(_content, value))
    if isinstance(value, dict):
        return tuple((key, _content(one)) for key, one in value.items())
    return value
