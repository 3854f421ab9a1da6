"""Pseudo-languages: every language of a corpus split by the topic of its rows.

What training on German about Europe shares with German about Asia, and with Dutch about Europe,
says whether language or topic decides; for that, each language x topic is a language of its own.

Conventions
-----------
A cell is a language and a topic; its code is ``deu.Europe``, its name ``German, Europe``, and all
else (genealogy, script, place) is the language's. The cells are a full crossing: every language
that is kept has every topic that is kept. A topic must not stand for a label: in a sequence task
all topics of a language keep the same number of training rows of each label, as many as its
rarest topic has; in a token task, where a row has many labels, the same number of rows. Rows are
chosen by the hash of their id or text, so that parallel rows stay parallel. Each cell must keep
at least MINIMUM training rows: of all sets of two topics or more (of the MOST_TOPICS commonest),
with the languages that can keep them, the one that keeps most training rows in all is taken; of
two alike the one with more languages, then the first by name. Rows without a topic are left out.
Development and test rows are split too, but not balanced. A study's ``rows`` and ``score_rows``
are limits of a cell. What was left out is said in the corpus's notes.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import combinations

import numpy as np

from gradsim_core.data.assembly import sampled
from gradsim_core.data.corpus import Corpus, Split
from gradsim_core.data.rows import Row, hash_order, listing
from gradsim_core.errors import DataError

MINIMUM = 24
"""Fewest training rows of a cell."""

MOST_TOPICS = 10
"""Commonest topics that are considered: 1,013 sets."""


def cell_of(code: str) -> tuple[str, str]:
    """Language and topic (as it stands in the code) of a cell.

    Examples
    --------
    >>> cell_of("deu.Europe")
    ('deu', 'Europe')
    """
    language, _, topic = code.rpartition(".")
    return language, topic


def split_by_topic(corpus: Corpus, rows: int | None = None, score_rows: int | None = None,
                   seed: int = 0) -> Corpus:
    """Split every language by topic (see Conventions).

    Parameters
    ----------
    rows, score_rows : at most this many training rows a cell, and of dev and test each
    seed : of the choice of dev and test rows

    Raises
    ------
    DataError
        If no two topics can be kept in two languages.
    """
    names = _commonest(corpus)
    counts = _counts(corpus, names)
    kept, languages = _best_set(counts)
    if not kept:
        raise DataError(_too_few(corpus, names, counts))
    topics = sorted(names[i] for i in kept)
    slugs = _slugs(topics)
    room = _capped(counts[:, kept].min(axis=1), rows)  # (L, n_labels)
    splits, by_code = {}, {}
    for position, (code, language) in enumerate(corpus.languages.items()):
        if position not in languages:
            continue
        quota = dict(zip(_labels(corpus), room[position].tolist(), strict=True))
        for topic in topics:
            cell = f"{code}.{slugs[topic]}"
            by_code[cell] = replace(language, code=cell, name=f"{language.name}, {topic}")
            own = {name: _of_topic(split, topic) for name, split in corpus.splits[code].items()}
            splits[cell] = {name: _chosen(split, quota) if name == "train"
                            else sampled(split, score_rows, seed) for name, split in own.items()}
    order = sorted(splits)
    left = [code for i, code in enumerate(corpus.languages) if i not in languages]
    return replace(corpus, languages={code: by_code[code] for code in order},
                   splits={code: splits[code] for code in order},
                   source=f"{corpus.source}, by topic",
                   notes=_notes(corpus, splits, topics, [one for one in names
                                                         if one not in topics], left))


def _commonest(corpus: Corpus) -> list[str]:
    """Topics of the training rows, the commonest first."""
    count: dict[str, int] = {}
    for code in corpus.languages:
        for topic in corpus.split(code, "train").topics:
            if topic:
                count[topic] = count.get(topic, 0) + 1
    return sorted(count, key=lambda topic: (-count[topic], topic))


def _labels(corpus: Corpus) -> tuple[str, ...]:
    """The kinds of rows to balance; one for all in token tasks."""
    return corpus.labels if corpus.task == "sequence" else ("",)


def _counts(corpus: Corpus, topics: Sequence[str]) -> np.ndarray:
    """Training rows by language, topic and label: (L, T, n_labels)."""
    labels = {label: i for i, label in enumerate(_labels(corpus))}
    index = {topic: i for i, topic in enumerate(topics)}
    counts = np.zeros((len(corpus.languages), len(topics), len(labels)), dtype=int)
    for position, code in enumerate(corpus.languages):
        split = corpus.split(code, "train")
        for topic, label in zip(split.topics, split.labels, strict=False):  # topics may be none
            if topic:
                counts[position, index[topic], labels[label] if len(labels) > 1 else 0] += 1
    return counts


def _best_set(counts: np.ndarray) -> tuple[list[int], set[int]]:
    """Topics to keep and the languages that can keep them; none if there are no two of each."""
    considered = range(min(counts.shape[1], MOST_TOPICS))
    best: tuple[tuple[int, int], list[int], set[int]] = ((0, 0), [], set())
    for size in range(2, len(considered) + 1):
        for chosen in combinations(considered, size):
            room = counts[:, list(chosen)].min(axis=1).sum(axis=1)
            able = np.flatnonzero(room >= MINIMUM)
            worth = (int(room[able].sum()) * size, len(able))
            if len(able) >= 2 and worth > best[0]:
                best = worth, list(chosen), set(able.tolist())
    return best[1], best[2]


def _capped(room: np.ndarray, rows: int | None) -> np.ndarray:
    """Rows of each label that a cell keeps, (L, n_labels), at most `rows` of all."""
    total = room.sum(axis=1, keepdims=True)
    if rows is None:
        return room
    share = np.where(total > rows, room * rows / np.maximum(total, 1), room)
    floor = np.floor(share).astype(int)
    for one, exact in zip(floor, share, strict=True):  # what rounding took, to the largest rests
        lacking = min(rows, round(exact.sum())) - int(one.sum())
        one[np.argsort(-(exact - one), kind="stable")[:lacking]] += 1
    return floor


def _of_topic(split: Split, topic: str) -> Split:
    return _picked(split, [i for i, own in enumerate(split.topics) if own == topic])


def _chosen(split: Split, quota: Mapping[str, int]) -> Split:
    """The first rows of each label, in hash order, as many as it may keep."""
    keys = [Row(text, "", id=name).key
            for text, name in zip(split.texts, split.ids or [""] * len(split), strict=True)]
    left, kept = dict(quota), []
    for i in sorted(range(len(split)), key=lambda i: (hash_order(keys[i], "cells"), i)):
        label = split.labels[i] if isinstance(split.labels[i], str) else ""
        if left[label]:
            left[label] -= 1
            kept.append(i)
    return _picked(split, sorted(kept))


def _picked(split: Split, rows: Sequence[int]) -> Split:
    def pick(column: tuple) -> tuple:
        return tuple(column[i] for i in rows) if column else ()

    return Split(pick(split.texts), pick(split.labels), pick(split.topics), pick(split.ids),
                 split.source)


def _slugs(topics: Sequence[str]) -> dict[str, str]:
    """Topics as parts of codes: letters, digits, - and _, no two alike."""
    found: dict[str, str] = {}
    for topic in topics:
        slug = re.sub(r"[^\w-]+", "-", topic).strip("-")[:30] or "topic"
        number, one = 2, slug
        while one in found.values():
            one, number = f"{slug}-{number}", number + 1
        found[topic] = one
    return found


def _notes(corpus: Corpus, splits: Mapping[str, Mapping[str, Split]], topics: Sequence[str],
           dropped: Sequence[str], languages: Sequence[str]) -> tuple[str, ...]:
    kept = sum(len(by_name["train"]) for by_name in splits.values())
    every = [corpus.split(code, "train") for code in corpus.languages]
    without = sum(len(split) - sum(map(bool, split.topics)) for split in every)
    total = sum(map(len, every))
    found = [f"Split by topic: {len(splits) // len(topics)} languages x {len(topics)} topics "
             f"({listing(topics)}).",
             f"Of {total:,} training rows {kept:,} are kept: {without:,} have no topic, and the "
             f"others would unbalance the topics of a language, or are of a topic left out."]
    if dropped:
        found.append(f"Topics left out: {listing(dropped)}.")
    if languages:
        found.append(f"Languages left out, because some topic would keep fewer than {MINIMUM} "
                     f"training rows: {listing(languages)}.")
    return (*corpus.notes, *found)


def _too_few(corpus: Corpus, topics: Sequence[str], counts: np.ndarray) -> str:
    if len(topics) < 2:
        return (f"{corpus.source}: by_topic needs rows of two topics or more; found: "
                f"{listing(topics)}. Name a column for the role topic, or make topics with "
                "`gradsim topics` and pass the file as `topics`.")
    some = ", ".join(f"{topic[:30]} {number:,}" for topic, number in zip(
        topics[:4], counts.sum(axis=(0, 2)), strict=False))
    return (f"{corpus.source}: no two topics leave two languages {MINIMUM} balanced training rows "
            f"each (rows: {some}). Take more rows, fewer topics or other languages.")[:400]
