"""Whether a study's results are still those that its data and its model would give.

Conventions
-----------
The signature tells for sure, and takes reading all the data (`signature_now`); the times of local
files tell at once where there is reason to ask (`written_since`). Neither changes anything.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from itertools import islice
from pathlib import Path

from dashboard.loads.data import asked_study, written
from gradsim_core import METHOD_VERSION, Study, prepare

MOST_FILES = 500
"""Files of a folder whose times are looked at: a look must not take time."""


def signature_now(signature: str) -> str:
    """The signature that a study would have if it were run now.

    Raises
    ------
    GradSimError
        If its data or its model cannot be read any more.
    """
    return prepare(asked_study(signature)).signature


def written_since(study: Study, at_ns: int) -> list[str]:
    """What a study is made from, as it was named, that was written after a moment."""
    named = dict.fromkeys(filter(None, (study.data, study.topics, study.model)))
    return [name for name in named if any(
        written(file) > at_ns for file in islice(_files(name), MOST_FILES))]


def other_method(version: object) -> bool:
    """Whether results were computed by another version of the method than this one."""
    return version != METHOD_VERSION


def _files(name: str) -> Iterator[Path]:
    """The file itself, or all files of a folder; nothing for what is not here, or cannot be."""
    with suppress(OSError, ValueError, RuntimeError):  # too long a name, a NUL, nobody's home
        place = Path(name).expanduser()
        if place.is_file():
            yield place
        elif place.is_dir():
            yield from (file for file in place.rglob("*") if file.is_file())
