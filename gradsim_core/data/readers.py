"""A local file or folder as parts: which file holds which split of which language.

Conventions
-----------
Layouts, tried in this order; folders and files that are hidden or symbolic links are ignored:

1. ``<language>/<split>.<ext>``, also in shards (``train-00000-of-00002.parquet``);
2. ``<code>_<treebank>-ud-<split>.conllu``, in the folder or in ``UD_<Name>-<Treebank>/``;
3. ``<split>.<ext>``, tables with a language column;
4. ``<language>.<ext>``, to be split by hash;
5. any of these one folder further down, in ``data/``.

Splits are spelled train, dev (validation, valid, val) or test. Formats go by their ending:
csv, tsv, jsonl, parquet; conll, bio, txt (all CoNLL), conllu.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from gradsim_core.data.assembly import wanted_spellings
from gradsim_core.data.columns import ROLES, table_parts
from gradsim_core.data.conll import SENTENCES
from gradsim_core.data.rows import Fault, Part, is_shard, listing, refuse, shown, split_name
from gradsim_core.data.tables import TABLES
from gradsim_core.errors import DataError, choice
from gradsim_core.languages.resolving import languages_of

ENDINGS = (*TABLES, *SENTENCES)
"""File endings that can be read."""

_UD_FILE = re.compile(r"(?P<language>[a-z]{2,8})_[a-z0-9]+-ud-(?P<split>train|dev|test)[^.]*",
                      re.IGNORECASE)

Place = tuple[Path, str | None, str | None]
"""A file, and the language and split that its place says."""


def load_parts(path: str | Path, columns: Mapping[str, str] | None = None,
               languages: Sequence[str] = ()) -> list[Part]:
    """Read the rows of a local file or folder.

    Parameters
    ----------
    path : a file with a language column, or a folder in one of the layouts above
    columns : role (text, label, language, split, topic, id) -> column name; for CoNLL a
        number counted from 1
    languages : in any spelling; files of others are not opened; none: all

    Returns
    -------
    list of Part
        In order of the files' names; a file without rows, or not opened, gives a part without
        rows.

    Raises
    ------
    DataError
        If nothing can be read there, a file or row is not what it must be, or a language asked
        for has no file.
    """
    columns, places = dict(columns or {}), data_places(path)
    checked_roles(columns)
    spellings = [language for _, language, _ in places if language is not None]
    if "language" in columns or len(spellings) < len(places):
        spellings = []  # only the rows say their language
    skipped = set(spellings).difference(wanted_spellings(languages, languages_of(spellings))
                                        if spellings else ())
    return [part for file, language, split in places
            for part in ([Part(language or "", split, [], shown(file))] if language in skipped
                         else file_parts(file, columns, language, split))]


def checked_roles(columns: Mapping[str, str]) -> None:
    """Refuse columns for what is no role."""
    for role in columns:
        if role not in ROLES:
            raise DataError(f"columns: {choice('role', role, ROLES)}")


def data_places(path: str | Path) -> list[Place]:
    """The files of a data set, each with the language and split that its place says.

    Raises
    ------
    DataError
        If there is no such file or folder, or the folder has none of the layouts.
    """
    path = Path(path).expanduser()
    try:
        if path.is_file():
            return [(path, None, None)]
        if path.is_dir():
            return _places(path)
    except (OSError, ValueError):  # a name too long, or with a null byte
        pass
    raise DataError(f"{shown(path)}: there is no such file or folder. Check the path given "
                    "as `data`.")


def file_parts(path: Path, columns: Mapping[str, str], language: str | None,
               split: str | None, fault: Fault = refuse) -> list[Part]:
    """The rows of one file; see `load_parts`.

    Parameters
    ----------
    fault : is told of each row that cannot be read
    """
    ending = path.suffix.lower()
    if ending in TABLES:
        return table_parts(path, columns, language, split, fault)
    if ending not in SENTENCES:
        raise DataError(f"{shown(path)}: cannot be read by its ending. "
                        f"Use one of: {', '.join(ENDINGS)}.")
    if language is None:
        raise DataError(f"{shown(path)}: one such file holds one language only. Give a folder "
                        f"<language>/<split>{ending}, and its path as `data`.")
    return [Part(language, split, SENTENCES[ending](path, columns, fault), shown(path))]


def _places(root: Path) -> list[Place]:
    """The files of the first layout that fits."""
    for layout in LAYOUTS:
        if places := list(layout(root)):
            return _checked(places)
    if (root / "data") in _children(root, Path.is_dir):
        return _places(root / "data")
    raise DataError(f"{shown(root)}: no data found. Use <language>/<split>.<ext>, with splits "
                    f"train, dev, test and endings {', '.join(ENDINGS)}. "
                    f"There: {listing([child.name for child in _children(root)], 80)}.")


def _children(folder: Path, kind: Callable[[Path], bool] = Path.exists) -> list[Path]:
    """What a folder holds, by name; nothing hidden, no symbolic links."""
    try:
        return sorted(child for child in folder.iterdir()
                      if child.name[0] != "." and not child.is_symlink() and kind(child))
    except OSError as error:
        raise DataError(f"{shown(folder)}: cannot be listed ({error.strerror}). "
                        "Check its permissions.") from None


def _files(folder: Path) -> list[Path]:
    return [file for file in _children(folder, Path.is_file) if file.suffix.lower() in ENDINGS]


def _language_folders(root: Path) -> Iterator[Place]:
    for folder in _children(root, Path.is_dir):
        for file in _files(folder):
            if split := split_name(file.stem):
                yield file, folder.name, split


def _treebanks(root: Path) -> Iterator[Place]:
    for folder in (root, *(child for child in _children(root, Path.is_dir))):
        for file in _files(folder):
            if file.suffix.lower() == ".conllu" and (match := _UD_FILE.fullmatch(file.stem)):
                yield file, match["language"], match["split"].lower()


def _tables_of_languages(root: Path) -> Iterator[Place]:
    for file in _files(root):
        if file.suffix.lower() in TABLES and split_name(file.stem):
            yield file, None, split_name(file.stem)


def _language_files(root: Path) -> Iterator[Place]:
    for file in _files(root):
        if file.suffix.lower() != ".txt":  # README.txt, LICENSE.txt
            yield file, file.stem, None


LAYOUTS = (_language_folders, _treebanks, _tables_of_languages, _language_files)


def _checked(places: list[Place]) -> list[Place]:
    """Refuse two files for one split of one language, unless they are shards or treebanks."""
    seen: dict[tuple[str | None, str | None], Path] = {}
    for file, language, split in places:
        other = seen.setdefault((language, split), file)
        if other != file and not is_shard(file.stem) and not _UD_FILE.fullmatch(file.stem):
            raise DataError(f"{shown(file)}: {other.name} holds the {split or 'rows'} of "
                            f"{language or 'the languages'} too. Keep one of the two.")
    return places
