"""Which language and split an uploaded file holds, told from its name, and where it then belongs.

Conventions
-----------
Names people give: ``hau_train.tsv``, ``train-yoruba.csv``, ``hau.jsonl``, ``hau/train.txt``,
``sw_pud-ud-test.conllu``. What is told from a name is a guess, which its owner may correct.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import PurePosixPath
from typing import NamedTuple

from gradsim_core.data.files import HeldFile
from gradsim_core.data.rows import shown, split_name
from gradsim_core.errors import DataError, LanguageError
from gradsim_core.languages.resolving import resolve

_APART = re.compile(r"[\s._\-/]+")
_NO_DATA = re.compile(r"(readme|licen[cs]e|changelog|notice)", re.IGNORECASE)


class Holding(NamedTuple):
    """What a file holds: a language ("" where its rows say it) and a split ("" where none)."""

    language: str
    split: str


def is_data(name: str) -> bool:
    """Whether a file of a folder is one of its data, by its name."""
    return not _NO_DATA.match(PurePosixPath(name).name) and PurePosixPath(name).name[:1] != "."


def guessed_holding(name: str) -> Holding:
    """The language and split that a file's name seems to say.

    Examples
    --------
    >>> guessed_holding("train_Yoruba.csv")
    Holding(language='Yoruba', split='train')
    """
    path = PurePosixPath(name.replace("\\", "/"))
    parts = [part for part in _APART.split(path.stem) if part]
    split = next((found for part in parts if (found := split_name(part))), "")
    rest = [part for part in parts if not split_name(part) and part.lower() not in ("ud", "pud")]
    if not rest and split and path.parent.name:
        return Holding(path.parent.name, split)  # hau/train.txt
    whole = " ".join(rest)
    for spelling in (whole, "_".join(rest), *rest):
        if spelling and _is_language(spelling):
            return Holding(spelling, split)
    return Holding("" if split and not rest else whole, split)


def guessed_holdings(names: Sequence[str]) -> list[Holding]:
    """What each of several files seems to hold; no language where none of the names says one.

    Tables that all have a column for the language may have any names.
    """
    found = [guessed_holding(name) for name in names]
    if any(_is_language(one.language) for one in found):
        return found
    return [Holding("", one.split) for one in found]


def placed(files: Sequence[HeldFile], holdings: Sequence[Holding]) -> list[HeldFile]:
    """The files under names that the readers understand.

    Parameters
    ----------
    holdings : what each file holds; several may hold the same

    Notes
    -----
    Where some files say a split and others of a language do not, or two hold the same, the latter
    are taken as training rows; a language with nothing else is split by the readers.

    Raises
    ------
    DataError
        If one file has a language and another has none.
    """
    named = [bool(one.language.strip()) for one in holdings]
    if any(named) and not all(named):
        name = files[named.index(False)].name
        raise DataError(f"{shown(name)}: its language is missing. Say which one it holds, or bring "
                        "files that all have a column for the language.")
    folders = any(one.split for one in holdings) or len(set(holdings)) < len(holdings)
    wanted = [(one.language.strip(), one.split or ("train" if folders else ""))
              for one in holdings]
    return [HeldFile(_place(file.name, *place, wanted[:at].count(place), wanted.count(place)),
                     file.content)
            for at, (file, place) in enumerate(zip(files, wanted, strict=True))]


def _place(name: str, language: str, split: str, number: int, count: int) -> str:
    ending = PurePosixPath(name).suffix.lower()
    if ending == ".txt":
        ending = ".conll"  # the same rows, under an ending that is never a read-me
    shard = f"-{number:05}-of-{count:05}" if count > 1 else ""
    folder = re.sub(r"[/\\]", "-", language)
    if folder and split:
        return f"{folder}/{split}{shard}{ending}"
    return f"{folder or split or PurePosixPath(name).stem}{shard}{ending}"


def _is_language(spelling: str) -> bool:
    """Whether a spelling stands for one language."""
    try:
        resolve(spelling)
    except LanguageError:
        return False
    return True
