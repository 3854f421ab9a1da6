"""The types that hold a task's data: a split, and a corpus of languages by splits.

Conventions
-----------
A row of a *sequence* task is one text with one label; a row of a *token* task is a tuple of
words with a tuple of tags of the same length. Languages are keyed by ``Language.code``:
the ISO 639-3 code where one is known, otherwise the spelling found in the data.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from gradsim_core.languages.resolving import Language

Task = Literal["sequence", "token"]
SPLITS = ("train", "dev", "test")


@dataclass(frozen=True)
class Split:
    """The rows of one split in one language.

    Attributes
    ----------
    texts : tuple of str (sequence task) or tuple of tuple of str (token task: words)
    labels : tuple of str, or tuple of tuple of str (token task: one tag a word)
    topics, ids : tuple of str, empty or one a row
    source : the file or hub split that the rows came from
    dropped : reason -> number of rows of the source that were left out
    """

    texts: tuple
    labels: tuple
    topics: tuple[str, ...] = ()
    ids: tuple[str, ...] = ()
    source: str = ""
    dropped: Mapping[str, int] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.texts)


EMPTY = Split((), ())


@dataclass(frozen=True)
class Corpus:
    """All data of a study: every split of every language, one task, one label set.

    Attributes
    ----------
    task : "sequence" or "token"
    metric : the data set's headline metric: "weighted_f1", "entity_f1" or "accuracy"
    labels : the label set, sorted
    languages : code -> Language, sorted by code
    splits : code -> {"train", "dev", "test"} -> Split (an absent split is EMPTY)
    source : where the data came from, in one line
    notes : what was left out or made of it, in whole sentences
    """

    task: Task
    metric: str
    labels: tuple[str, ...]
    languages: Mapping[str, Language]
    splits: Mapping[str, Mapping[str, Split]]
    source: str
    notes: tuple[str, ...] = ()

    def split(self, code: str, name: str) -> Split:
        """The named split of a language; EMPTY where the data has none."""
        return self.splits[code].get(name, EMPTY)

    @property
    def trainable(self) -> tuple[str, ...]:
        """Codes of the languages with at least one training row, in order."""
        return tuple(code for code in self.languages if len(self.split(code, "train")))

    def fingerprints(self) -> dict[str, str]:
        """SHA-256 of each language's rows (texts, labels and topics, in order)."""
        return {code: _fingerprint(self.splits[code]) for code in self.languages}


def _fingerprint(splits: Mapping[str, Split]) -> str:
    digest = hashlib.sha256()
    for name in SPLITS:
        split = splits.get(name, EMPTY)
        rows = [split.texts, split.labels, split.topics]
        digest.update(json.dumps([name, *rows], ensure_ascii=True).encode())
    return digest.hexdigest()
