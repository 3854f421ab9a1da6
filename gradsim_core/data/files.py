"""Text files as they come: byte-order marks, line ends, and bytes that are not UTF-8.

Conventions
-----------
Text is UTF-8, with or without a byte-order mark, or UTF-16 or UTF-32 with one. Lines end at
``\\n``; one ``\\r`` before it is not part of the line. Other separators (U+2028, U+0085, a lone
``\\r``) are text: tweets hold them. The first line is 1. A file may be held in memory under its
name (`HeldFile`) and is then read, and named in errors, as one on the disk is.
"""

from __future__ import annotations

import codecs
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from gradsim_core.data.rows import shown
from gradsim_core.errors import DataError

_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF32_LE, "utf-32"),
          (codecs.BOM_UTF32_BE, "utf-32"), (codecs.BOM_UTF16_LE, "utf-16"),
          (codecs.BOM_UTF16_BE, "utf-16"))  # UTF-32 first: its mark begins with UTF-16's

_LFS_POINTER = b"version https://git-lfs.github.com/spec/"


@dataclass(frozen=True)
class HeldFile:
    """A file in memory, as a browser hands it over; its name leads to no file on the disk."""

    name: str
    content: bytes

    @property
    def stem(self) -> str:
        """The name without its ending."""
        return PurePosixPath(self.name).stem

    @property
    def suffix(self) -> str:
        """The ending of the name, with its point."""
        return PurePosixPath(self.name).suffix

    def read_bytes(self) -> bytes:
        """The content, as of `Path.read_bytes`."""
        return self.content

    def __str__(self) -> str:
        return self.name


def file_bytes(path: Path | HeldFile) -> bytes:
    """Read a file whole.

    Raises
    ------
    DataError
        If it cannot be read, or is a Git LFS pointer in place of the data.
    """
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise DataError(f"{shown(path)}: cannot be read ({error.strerror}). "
                        "Check the path and its permissions.") from None
    if raw.startswith(_LFS_POINTER):
        raise DataError(f"{shown(path)}: is a Git LFS pointer, not the data. "
                        "Run `git lfs pull` in the clone.")
    return raw


def file_text(path: Path | HeldFile) -> str:
    """Read a text file.

    Raises
    ------
    DataError
        If it is neither UTF-8 nor UTF-16/32 with a byte-order mark, naming the line of the first
        bad byte; or if it holds a NUL character, which no text does.
    """
    raw = file_bytes(path)
    encoding = next((name for mark, name in _MARKS if raw.startswith(mark)), "utf-8")
    try:
        text = raw.decode(encoding)
    except UnicodeDecodeError as error:
        good = raw[:error.start].decode(encoding, "ignore")
        line = good.count("\n") + 1
        name = encoding.removesuffix("-sig").upper()
        bad = " ".join(f"0x{byte:02X}" for byte in raw[error.start:error.start + 2])
        if name == "UTF-8":
            advice = "Save the file as UTF-8, for example with `iconv -f WINDOWS-1252 -t UTF-8`."
        else:
            advice = "Its mark says so, but it is damaged or cut short: get it again."
        raise DataError(f"{shown(path)}:{line}: not {name} (byte {bad} at {error.start:,}). "
                        f"{advice}") from None
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise DataError(f"{shown(path)}:{line}: holds a NUL character: not a text file, or UTF-16 "
                        "without a byte-order mark. Save it as UTF-8.")
    return text


def file_lines(path: Path | HeldFile) -> list[str]:
    """Read a text file's lines, without their ends; a last line needs no end to count."""
    text = file_text(path)
    lines = text.split("\n")
    if not lines[-1]:
        lines.pop()
    return [line.removesuffix("\r") for line in lines] if "\r" in text else lines
