"""A row as it was read, before it has a language's code or a checked split.

Conventions
-----------
A *part* is the rows of one language in one split, as one source spells them. A split is named
``train``, ``dev`` or ``test``; ``None`` means that the source does not say. Splits made here are
by hash of an item's identity, so that the same item falls into the same split in every language.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable
from typing import NamedTuple

from gradsim_core.errors import DataError

SPELLINGS = {"train": "train", "training": "train", "dev": "dev", "validation": "dev",
             "valid": "dev", "val": "dev", "test": "test"}
"""How a split may be spelled, in any case -> its name."""

_SHARD = re.compile(r"(?P<name>[a-z]+)(?P<shard>-\d+-of-\d+)?", re.IGNORECASE)


Fault = Callable[[DataError], None]
"""Is told of a row that cannot be read; the row is left out, unless the call raises."""


def refuse(error: DataError) -> None:
    """Raise: one row that cannot be read is one too many."""
    raise error


class Row(NamedTuple):
    """One text with one label, or one sentence's words with one tag each."""

    text: str | tuple[str, ...]
    label: str | tuple[str, ...]
    topic: str = ""
    id: str = ""

    @property
    def key(self) -> str:
        """What makes the row the same item elsewhere: its id, else its text."""
        return self.id or (self.text if isinstance(self.text, str) else "\x1f".join(self.text))


class Part(NamedTuple):
    """Rows of one language in one split (None: not said), and where they came from."""

    language: str
    split: str | None
    rows: list[Row]
    source: str


def split_name(spelling: str) -> str | None:
    """The split that a spelling or a file's stem names (shards allowed), or None."""
    match = _SHARD.fullmatch(spelling.strip())
    return SPELLINGS.get(match["name"].lower()) if match else None


def is_shard(stem: str) -> bool:
    """Whether a file is one of several that share a split, as in train-00000-of-00002."""
    match = _SHARD.fullmatch(stem)
    return bool(match and match["shard"])


def hash_fraction(key: str) -> float:
    """A number in [0, 1) that depends on nothing but the key."""
    return int.from_bytes(_digest(key)[:8]) / 2**64


def hash_split(key: str) -> str:
    """The split of an item, 80/10/10 by hash: the same in every language and on every machine."""
    place = hash_fraction(key)
    return "train" if place < 0.8 else "dev" if place < 0.9 else "test"


def hash_order(key: str, salt: str) -> bytes:
    """A sort key that shuffles items the same way everywhere, apart from the split's hash."""
    return _digest(f"{salt}\x1f{key}")


def _digest(key: str) -> bytes:
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).digest()


def listing(names: Iterable[str], limit: int = 120) -> str:
    """Names in order, cut to what fits into an error message."""
    shown = ""
    names = [repr(name)[1:-1][:40] for name in names]
    for position, name in enumerate(names):
        if len(shown) + len(name) > limit:
            return f"{shown} and {len(names) - position} more"
        shown += f", {name}" if shown else name
    return shown or "none"


def shown(path: object) -> str:
    """A path or a file's name, cut from the left to what fits into an error message."""
    text = repr(str(path))[1:-1]
    return text if len(text) <= 130 else "…" + text[-129:]
