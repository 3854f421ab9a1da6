"""Text to token ids: every split is tokenized once, before training.

Conventions
-----------
A sequence row becomes int32 ids of shape (n_tokens,) with one label index; a token row becomes
ids with one label index a token: the word's label on its first piece, ``IGNORE`` elsewhere.
Nothing is cut silently: rows longer than ``max_length`` tokens are counted in ``truncated``,
and words that kept no piece in ``lost_words``.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from gradsim_core.data.corpus import Split, Task

IGNORE = -100
"""Label index of tokens that carry no loss (PyTorch's convention)."""

_AT_ONCE = 256
"""Rows that the tokenizer gets: what it notes of each besides the ids takes much memory."""


@dataclass(frozen=True)
class Encoded:
    """The rows of a split as token ids.

    Attributes
    ----------
    ids : one int32 array of shape (n_tokens,) a row
    labels : one int64 array a row, of shape () for sequence and (n_tokens,) for token tasks
    words : token tasks: numbers of the words that have a labelled piece, in order, a row
    truncated : number of rows that were cut to the longest length
    lost_words : number of labelled words without a piece of their own (token tasks)
    """

    ids: tuple[np.ndarray, ...]
    labels: tuple[np.ndarray, ...]
    words: tuple[tuple[int, ...], ...] = ()
    truncated: int = 0
    lost_words: int = 0

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def lengths(self) -> np.ndarray:
        """Tokens a row."""
        return self.lengths_of(range(len(self.ids)))

    def lengths_of(self, rows: Sequence[int] | np.ndarray) -> np.ndarray:
        """Tokens of some of the rows."""
        return np.fromiter((len(self.ids[row]) for row in rows), dtype=np.int64, count=len(rows))


def joined(parts: Iterable[Encoded]) -> Encoded:
    """The rows of several splits, one behind the other."""
    parts = list(parts)

    def together(name: str) -> tuple[Any, ...]:
        return tuple(row for part in parts for row in getattr(part, name))

    return Encoded(together("ids"), together("labels"), together("words"),
                   sum(part.truncated for part in parts), sum(part.lost_words for part in parts))


def encode_split(split: Split, task: Task, labels: tuple[str, ...], tokenizer: Any,
                 max_length: int) -> Encoded:
    """Tokenize a split and index its labels."""
    if not len(split):
        return Encoded((), ())
    index = {label: i for i, label in enumerate(labels)}
    if task == "sequence":
        ids, truncated = _token_ids(tokenizer, list(split.texts), max_length)
        found = tuple(np.asarray(index[label], dtype=np.int64) for label in split.labels)
        return Encoded(ids, found, (), truncated)
    return _encode_words(split, index, tokenizer, max_length)


def _token_ids(tokenizer: Any, texts: list[str],
               max_length: int) -> tuple[tuple[np.ndarray, ...], int]:
    found: list[np.ndarray] = []
    truncated = 0
    for start in range(0, len(texts), _AT_ONCE):
        some = texts[start:start + _AT_ONCE]
        whole = tokenizer(some, add_special_tokens=True, verbose=False)["input_ids"]
        long = [i for i, ids in enumerate(whole) if len(ids) > max_length]
        if long:
            cut = tokenizer([some[i] for i in long], truncation=True, max_length=max_length)
            for i, ids in zip(long, cut["input_ids"], strict=True):
                whole[i] = ids
        truncated += len(long)
        found += [np.asarray(ids, dtype=np.int32) for ids in whole]
    return tuple(found), truncated


def _encode_words(split: Split, index: dict[str, int], tokenizer: Any,
                  max_length: int) -> Encoded:
    pieces = _fast_pieces if tokenizer.is_fast else _slow_pieces
    all_ids, all_labels, all_words, truncated, lost = [], [], [], 0, 0
    for start in range(0, len(split), _AT_ONCE):
        rows = [list(words) for words in split.texts[start:start + _AT_ONCE]]
        encoded = pieces(tokenizer, rows, max_length)
        for (ids, words_of_tokens, was_cut), tags in zip(
                encoded, split.labels[start:start + _AT_ONCE], strict=True):
            labels = np.full(len(ids), IGNORE, dtype=np.int64)
            seen: dict[int, None] = {}
            for position, word in enumerate(words_of_tokens):
                if word is not None and word not in seen:
                    seen[word] = None
                    labels[position] = index[tags[word]]
            all_ids.append(np.asarray(ids, dtype=np.int32))
            all_labels.append(labels)
            all_words.append(tuple(seen))
            truncated += was_cut
            lost += len(tags) - len(seen)
    return Encoded(tuple(all_ids), tuple(all_labels), tuple(all_words), truncated, lost)


def _fast_pieces(tokenizer: Any, rows: list[list[str]], max_length: int) -> list[tuple]:
    options = {"is_split_into_words": True, "verbose": False}
    encoded = tokenizer(rows, **options, truncation=True, max_length=max_length)
    result = []
    for i, ids in enumerate(encoded["input_ids"]):
        was_cut = bool(encoded.encodings[i].overflowing)
        result.append((ids, encoded.word_ids(i), was_cut))
    return result


def _slow_pieces(tokenizer: Any, rows: list[list[str]], max_length: int) -> list[tuple]:
    """For tokenizers without a word map: every word is tokenized by itself."""
    empty = tokenizer.build_inputs_with_special_tokens([])
    prefix = len(empty) - 1 if len(empty) > 1 else 0  # [CLS] … [SEP], or only an end mark
    room = max_length - len(empty)
    result = []
    for row in rows:
        ids: list[int] = []
        words: list[int | None] = []
        for number, word in enumerate(row):
            found = tokenizer(word, add_special_tokens=False)["input_ids"]
            ids += found
            words += [number] * len(found)
        was_cut = len(ids) > room
        full = tokenizer.build_inputs_with_special_tokens(ids[:room])
        kept = [None] * prefix + words[:room]
        result.append((full, kept + [None] * (len(full) - len(kept)), was_cut))
    return result
