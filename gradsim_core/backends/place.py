"""The place of a computation: this machine, or a Ray cluster."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from gradsim_core.errors import RunAskedError, choice

NAMES = ("local", "ray")


@dataclass(frozen=True)
class Place:
    """Where models are trained.

    Attributes
    ----------
    backend : "local", this machine; "ray", a Ray cluster
    address : of the cluster: host:port of its head, or "auto" for the one that this machine
        belongs to; None: what RAY_ADDRESS says, else a cluster of this machine alone
    """

    backend: str = "local"
    address: str | None = None

    def __post_init__(self) -> None:
        if self.backend not in NAMES:
            raise RunAskedError(choice("Backend", self.backend, NAMES))
        if self.address and self.backend != "ray":
            raise RunAskedError(f"--address {self.address[:100]} names a Ray cluster: add "
                                "--backend ray.")

    @property
    def options(self) -> tuple[str, ...]:
        """The options of a command that say so."""
        if self.backend == "local":
            return ()
        return ("--backend", self.backend,
                *(("--address", self.address) if self.address else ()))


_THIS_MACHINE = Place()
_PLACE: ContextVar[Place] = ContextVar("place", default=_THIS_MACHINE)


@contextmanager
def computed_at(place: Place) -> Iterator[None]:
    """Train inside this block at a place; runs that are queued in it are trained there too."""
    before = _PLACE.set(place)
    try:
        yield
    finally:
        _PLACE.reset(before)


def place_here() -> Place:
    """The place said by the nearest `computed_at`; this machine where none says one."""
    return _PLACE.get()


def with_place(argv: Sequence[str]) -> list[str]:
    """A command of this package, told the place around this call."""
    return [*argv, *(place_here().options if "gradsim_core" in argv else ())]


def has_ray() -> bool:
    """Whether Ray is installed here."""
    return importlib.util.find_spec("ray") is not None
