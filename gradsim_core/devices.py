"""The device that was asked for, as a setting of this process and those it starts.

Conventions
-----------
A device changes no question and so no signature; results differ by rounding, and the facts of a
run name the device. The setting travels as an environment variable: worker processes inherit it,
and a run that is queued gets it as an option. What it resolves to is for `passes` to say, which
loads torch.
"""

from __future__ import annotations

import os
from collections.abc import Sequence

from gradsim_core.errors import RunError, choice

VARIABLE = "GRADSIM_DEVICE"
DEVICES = ("auto", "cpu", "cuda")


def ask_for_device(name: str | None) -> None:
    """Compute on a device from now on; None leaves what was asked for before.

    Raises
    ------
    RunError
        If there is no such device.
    """
    if name is None:
        return
    if name not in DEVICES:
        raise RunError(choice("Device", name, DEVICES))
    os.environ[VARIABLE] = name


def asked_device() -> str:
    """The name that was asked for, "auto" if none was.

    Raises
    ------
    RunError
        If the environment names one that there is not.
    """
    name = os.environ.get(VARIABLE) or "auto"
    if name not in DEVICES:
        raise RunError(f"{VARIABLE}: " + choice("device", name, DEVICES))
    return name


def with_device(argv: Sequence[str]) -> list[str]:
    """A command of this package, told the device that was asked for."""
    if "gradsim_core" not in argv or asked_device() == "auto":
        return list(argv)
    return [*argv, "--device", asked_device()]
