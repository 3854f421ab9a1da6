"""Reports of experiments: files written side by side into a folder of the user's choice."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from gradsim_core.cli.printing import log
from gradsim_core.errors import StoreError, StudyError
from gradsim_core.storage.atomic import make_folder, publish


def refuse_early_report(report: Path | None, background: bool, estimate: bool) -> None:
    """Refuse a report that nobody would be there to write.

    Raises
    ------
    StudyError
        If a report is asked of an experiment that is only queued or estimated.
    """
    if report and (background or estimate):
        raise StudyError("--report is written at the end of an experiment. Leave it out now; given "
                         "again afterwards, the same command trains nothing and writes it.")


def write_report(folder: Path, texts: Mapping[str, str]) -> None:
    """Write texts as files of a folder, each as a whole, and say which.

    Raises
    ------
    StoreError
        If the disk does not take them.
    """
    try:
        make_folder(folder.absolute())
        for name, text in texts.items():
            publish((folder / name).absolute(), [memoryview(text.encode())])
    except OSError as error:
        raise StoreError(f"{str(folder)[-200:]}: cannot be written ({error.strerror}). Choose "
                         "another place; the experiment itself is kept.") from None
    log("Written to {}: {}", folder, ", ".join(texts))
