"""The errors a user may meet.

Every message says what is wrong, with which values, and what to do next; it names the file
and line where there is one. A reader never sees a traceback for any of these.
"""

from __future__ import annotations


class GradSimError(Exception):
    """Something the user can put right. The message is the whole story."""


class DataError(GradSimError):
    """A data file, folder, hub data set or row is not what it must be."""


class LanguageError(GradSimError):
    """A language cannot be told from what was written."""


class StudyError(GradSimError):
    """A setting of a study is missing, unknown or out of range."""


class ModelError(GradSimError):
    """A model cannot be loaded, or its blocks cannot be told."""


class GroupingError(GradSimError):
    """A grouping cannot be made as asked: strategy, K, sizes or links."""


class StoreError(GradSimError):
    """Something under the cache folder is missing, damaged or cannot be written."""


class RunError(GradSimError):
    """A run cannot be started, is still under way, or has failed."""


class RunAskedError(RunError):
    """A run is asked for that cannot be meant: by no run's id, or at a place that is not known."""


def choice(kind: str, name: str, known: object) -> str:
    """Message for an unknown name: what was asked for and what there is."""
    names = ", ".join(sorted(str(item) for item in known))  # type: ignore[attr-defined]
    return f"{kind} {name!r} is not known. Use one of: {names}."
