"""The options that say where a command trains: this machine, or a Ray cluster."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import wraps
from typing import Annotated, Any

import typer

from gradsim_core.backends.place import NAMES, Place, computed_at

_BACKEND = Annotated[str, typer.Option(metavar="|".join(NAMES), help=(
    "Where models are trained: on this machine, or on a Ray cluster."))]
_ADDRESS = Annotated[str | None, typer.Option(metavar="HOST:PORT", help=(
    "Head of the Ray cluster; auto: the one that this machine belongs to. Left out: RAY_ADDRESS, "
    "else a cluster of this machine alone."))]


def placed(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options ``--backend`` and ``--address``, and carry it out there."""
    @wraps(command)
    def wrapped(*args: Any, backend: str = "local", address: str | None = None,
                **values: Any) -> Any:
        with computed_at(Place(backend, address)):
            return command(*args, **values)

    own = inspect.signature(command, eval_str=True)
    made = [inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default,
                              annotation=annotation)
            for name, default, annotation in (("backend", "local", _BACKEND),
                                              ("address", None, _ADDRESS))]
    wrapped.__signature__ = own.replace(  # type: ignore[attr-defined]
        parameters=[*own.parameters.values(), *made])
    return wrapped
