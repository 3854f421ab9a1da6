"""The store: finished results in folders named by their study's signature.

Conventions
-----------
An entry is ``<root>/<signature>/<name>``; ``scores/joint.json`` is a name. Entries are written
atomically and need no lock, because the same study gives the same bytes. A read checks
everything; an entry that fails is set aside in ``<root>/.quarantine`` with the reason beside
it, and counts as absent, so that it is computed anew.
"""

from __future__ import annotations

import logging
import os
import re
import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from gradsim_core.errors import StoreError
from gradsim_core.storage import atomic, entries

_log = logging.getLogger(__name__)
_T = TypeVar("_T")

_SIGNATURE = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
_PART = r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}"
_NAME = re.compile(rf"{_PART}(/{_PART}){{0,3}}")
_QUARANTINE = ".quarantine"
_UPLOADS = ".uploads"
_UPLOADED = re.compile(r"[^\W_][^/\\\x00-\x1f]{0,149}")
_DAMAGE = (ValueError, LookupError, TypeError, AttributeError, OverflowError, RecursionError)


class Store:
    """A cache folder.

    Parameters
    ----------
    root : the folder; made at the first write
    """

    def __init__(self, root: str | Path) -> None:
        self.root = Path(root).expanduser().absolute()

    def path(self, signature: str, name: str) -> Path:
        """Where an entry stands, whether or not it exists.

        Raises
        ------
        StoreError
            If the signature or the name could lead out of the store.
        """
        if not _SIGNATURE.fullmatch(signature):
            raise StoreError(f"{signature!r:.100} is not a study signature: 1-64 lower-case "
                             f"letters, digits, '-' and '_'. `gradsim list` shows those there are.")
        if not _NAME.fullmatch(name):
            raise StoreError(f"{name!r:.100} is not an entry's name: letters, digits, '.', '-' and "
                             f"'_', with at most three folders before it. Choose another name.")
        return self.root / signature / name

    def folder(self, signature: str) -> Path:
        """Make sure that a study's folder is there."""
        folder = self.path(signature, "study.json").parent
        with _writing(folder):
            atomic.make_folder(folder)
        return folder

    def write_json(self, signature: str, name: str, content: Mapping[str, Any]) -> None:
        """Publish a JSON entry in place of the one there may be.

        Raises
        ------
        StoreError
            If the content holds NaN or what JSON cannot hold, the name does not end in .json, or
            the disk does not take it; the old entry then stands as before.
        """
        path = self._entry(signature, name, ".json")
        self._write(path, entries.json_entry(signature, name, content))

    def read_json(self, signature: str, name: str) -> dict[str, Any] | None:
        """Read and check a JSON entry.

        Returns
        -------
        dict or None
            None where there is no entry, or a damaged one was set aside.

        Raises
        ------
        StoreError
            If the entry is of a newer format, or the disk does not give it.
        """
        return self._read(signature, name, ".json", entries.json_content)

    def write_tensors(self, signature: str, name: str, arrays: Mapping[str, np.ndarray],
                      metadata: Mapping[str, Any]) -> None:
        """Publish a safetensors entry in place of the one there may be.

        Parameters
        ----------
        arrays : name -> array of bool, uint8, int32, int64, float32 or float64; NaN may stand
        metadata : what JSON can hold

        Raises
        ------
        StoreError
            If a dtype is not stored, the metadata cannot be JSON, the name does not end in
            .safetensors, or the disk does not take it; the old entry then stands as before.
        """
        path = self._entry(signature, name, ".safetensors")
        self._write(path, entries.tensor_entry(signature, name, arrays, metadata))

    def read_tensors(self, signature: str,
                     name: str) -> tuple[dict[str, np.ndarray], dict[str, Any]] | None:
        """Read and check a safetensors entry; as `read_json`, but arrays and metadata."""
        return self._read(signature, name, ".safetensors", entries.tensor_content)

    def write_text(self, signature: str, name: str, text: str) -> None:
        """Publish a file for people, which is not checked when read (study.yaml)."""
        data = text.encode(errors="surrogatepass")  # reading a study tells where it is not UTF-8
        self._write(self._entry(signature, name, ".yaml"), [memoryview(data)])

    def write_upload(self, digest: str, name: str, content: bytes) -> Path:
        """Publish a file that came through a browser, unless it is there; where it then stands.

        Parameters
        ----------
        digest : of all files that came together, which names their folder
        name : below that folder; its parts begin with a letter or a digit
        """
        parts = name.split("/")
        if not _SIGNATURE.fullmatch(digest) or not all(_UPLOADED.fullmatch(one) for one in parts):
            raise StoreError(f"{name!r:.100} is not the name of an upload. Rename the file.")
        path = self.root.joinpath(_UPLOADS, digest, *parts)
        if not path.is_file() or path.stat().st_size != len(content):
            self._write(path, [memoryview(content)])
        return path

    def exists(self, signature: str, name: str) -> bool:
        """Whether the entry is there; only reading it tells whether it is whole."""
        return self.path(signature, name).is_file()

    def remove(self, signature: str, name: str) -> None:
        """Remove an entry; one that is not there is no error."""
        path = self.path(signature, name)
        with _writing(path), suppress(FileNotFoundError):
            path.unlink()
            atomic.sync_folder(path.parent)

    def names(self, signature: str, folder: str) -> list[str]:
        """Entries in one folder of a study, without their endings, the newest first."""
        place = self.path(signature, f"{folder}/entry").parent
        found = []
        with suppress(FileNotFoundError), os.scandir(place) as items:
            for item in items:
                with suppress(OSError):
                    if item.is_file() and _NAME.fullmatch(item.name) and "." in item.name:
                        found.append((-item.stat().st_mtime_ns, item.name.rpartition(".")[0]))
        return [name for _, name in sorted(found)]

    def signatures(self) -> list[str]:
        """The studies in the store, the one changed last first."""
        changed = []
        with suppress(FileNotFoundError), os.scandir(self.root) as found:
            for item in found:
                with suppress(OSError):
                    if _SIGNATURE.fullmatch(item.name) and item.is_dir():
                        changed.append((-item.stat().st_mtime_ns, item.name))
        return [name for _, name in sorted(changed)]

    def size_bytes(self, signature: str) -> int:
        """Bytes of all files in a study's folder; 0 where there is none."""
        total = 0
        for file in atomic.files_under(self.path(signature, "study.json").parent):
            with suppress(OSError):
                total += file.stat().st_size
        return total

    def sweep(self) -> list[Path]:
        """Remove the temporary files of writers that are gone, and say which they were."""
        return atomic.remove_strays(self.root)

    def _entry(self, signature: str, name: str, ending: str) -> Path:
        path = self.path(signature, name)
        if path.suffix != ending:
            raise StoreError(f"{name!r}: the name of such an entry ends in {ending}. Rename it.")
        return path

    def _write(self, path: Path, chunks: list[memoryview]) -> None:
        with _writing(path):
            atomic.publish(path, chunks)

    def _read(self, signature: str, name: str, ending: str,
              content: Callable[[memoryview, str, str], _T]) -> _T | None:
        path = self._entry(signature, name, ending)
        try:
            seen = path.stat()
            data = np.fromfile(path, np.uint8)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise _unreadable(path, error) from None
        try:
            return content(data.data, signature, name)
        except _DAMAGE as error:
            self._quarantine(path, seen, str(error) or type(error).__name__)
            return None

    def _quarantine(self, path: Path, seen: os.stat_result, reason: str) -> None:
        """Set a bad entry aside, unless another process has put a new one in its place."""
        folder = self.root / _QUARANTINE
        name = ".".join(path.relative_to(self.root).parts)
        aside = folder / f"{name[-150:]}.{secrets.token_hex(4)}"
        try:
            now = path.stat()
            if (now.st_ino, now.st_mtime_ns) != (seen.st_ino, seen.st_mtime_ns):
                return
            atomic.make_folder(folder)
            os.replace(path, aside)
            when = datetime.now(UTC).isoformat(timespec="seconds")
            aside.with_name(f"{aside.name}.reason.txt").write_text(f"{when} {path}: {reason}\n")
        except FileNotFoundError:
            return  # another reader was faster
        except OSError as error:
            _log.warning("%s is damaged (%s) and not used, but could not be set aside (%s).",
                         path, reason, error.strerror)
            return
        _log.warning("%s is damaged (%s): not used, set aside as %s, and will be computed anew.",
                     path, reason, aside)


@contextmanager
def _writing(path: Path) -> Iterator[None]:
    """Word the disk's refusals."""
    try:
        yield
    except OSError as error:
        raise StoreError(f"{str(path)[-200:]}: could not be written ({error.strerror}). Entries "
                         f"stored before are intact. Free space or make it writable.") from None


def _unreadable(path: Path, error: OSError) -> StoreError:
    return StoreError(f"{str(path)[-200:]}: could not be read ({error.strerror}). Make it "
                      f"readable, or remove it to have it computed anew.")
