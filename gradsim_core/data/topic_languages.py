"""Pseudo-languages: every language of a corpus split by the topic of its rows.

What training on German about Europe shares with German about Asia, and with Dutch about Europe,
says whether language or topic decides; for that, each language x topic is a language of its own.

Conventions
-----------
A cell is a language and a topic; its code is ``deu.Europe``, its name ``German, Europe``, and all
else (genealogy, script, place) is the language's. The cells are a full crossing: every language
that is kept has every topic that is kept.

Neither topic nor language may stand for a label or for a size: every cell keeps the same number
of training rows of each label, as many as the poorest cell has (in a token task, where a row has
many labels, the same number of rows). For the gradient of a label's share, where shares differ,
drowns all else. Rows are chosen by the hash of their id or text, so that parallel rows stay
parallel.

A cell must keep MINIMUM training rows. For each set of two topics or more (of the MOST_TOPICS
commonest) the language that costs the others most rows is left out until they do; the set that
leaves most cells is taken; of two alike the one with more rows, then the one of commoner topics.
Rows without a topic are left out. Development and test rows are split too, but not balanced. A
study's ``rows`` and ``score_rows`` are limits of a cell. What was left out is said in the
corpus's notes.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import combinations, product

import numpy as np

from gradsim_core.data.assembly import sampled
from gradsim_core.data.corpus import Corpus, Split
from gradsim_core.data.rows import Row, hash_order, listing
from gradsim_core.errors import DataError

MINIMUM = 40
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
    kept, languages = best_set(counts)
    if not kept:
        raise DataError(_too_few(corpus, names, counts))
    topics = sorted(names[i] for i in kept)
    slugs = _slugs(topics)
    room = _capped(counts[np.ix_(languages, kept)].min(axis=(0, 1)), rows)
    quota = dict(zip(_labels(corpus), room.tolist(), strict=True))
    splits, by_code = {}, {}
    chosen = [code for i, code in enumerate(corpus.languages) if i in languages]
    for code, topic in product(chosen, topics):
        language, cell = corpus.languages[code], f"{code}.{slugs[topic]}"
        by_code[cell] = replace(language, code=cell, name=f"{language.name}, {topic}")
        own = {name: _of_topic(split, topic) for name, split in corpus.splits[code].items()}
        splits[cell] = {name: _chosen(split, quota) if name == "train"
                        else sampled(split, score_rows, seed) for name, split in own.items()}
    order = sorted(splits)
    return replace(corpus, languages={code: by_code[code] for code in order},
                   splits={code: splits[code] for code in order},
                   source=f"{corpus.source}, by topic",
                   notes=(*corpus.notes, *_notes(corpus, quota, topics, names, chosen)))


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


def best_set(counts: np.ndarray) -> tuple[list[int], list[int]]:
    """Positions of the topics and of the languages to keep; none if there are no two of each.

    Parameters
    ----------
    counts : (L, T, n_labels) training rows; topics in the order of their size
    """
    considered = range(min(counts.shape[1], MOST_TOPICS))
    best: tuple[tuple[int, int], list[int], list[int]] = ((0, 0), [], [])
    for size in range(2, len(considered) + 1):
        for chosen in combinations(considered, size):
            room = counts[:, list(chosen)].min(axis=1)
            able = _able(room)
            cells = len(able) * size
            worth = (cells, cells * int(room[able].min(axis=0).sum()) if able else 0)
            if worth > best[0]:
                best = worth, list(chosen), able
    return best[1], best[2]


def _able(room: np.ndarray) -> list[int]:
    """Languages that are left when each has MINIMUM rows in common: room (L, n_labels)."""
    left = np.arange(len(room))
    few_labels = min(2, room.shape[1])
    while len(left) >= 2:
        lowest = np.sort(room[left], axis=0)[:2]
        if lowest[0].sum() >= MINIMUM and (lowest[0] > 0).sum() >= few_labels:
            return left.tolist()
        gain = ((room[left] == lowest[0]) * (lowest[1] - lowest[0])).sum(axis=1)
        poorest = np.lexsort((room[left].sum(axis=1), -gain))[0]  # of equal gains, the smallest
        left = np.delete(left, poorest)
    return []


def _capped(room: np.ndarray, rows: int | None) -> np.ndarray:
    """Rows of each label that a cell keeps, (n_labels,), at most `rows` of all."""
    total = int(room.sum())
    if rows is None or total <= rows:
        return room
    exact = room * rows / total
    kept = np.floor(exact).astype(int)
    kept[np.argsort(kept - exact, kind="stable")[:rows - int(kept.sum())]] += 1
    return kept


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


def _notes(corpus: Corpus, quota: Mapping[str, int], topics: Sequence[str],
           names: Sequence[str], chosen: Sequence[str]) -> list[str]:
    every = [corpus.split(code, "train") for code in corpus.languages]
    without = sum(len(split) - sum(map(bool, split.topics)) for split in every)
    labels = "" if corpus.task == "token" else " (" + ", ".join(
        f"{label[:30]} {number:,}" for label, number in list(quota.items())[:8]) + ")"
    kept = sum(quota.values()) * len(chosen) * len(topics)
    found = [f"Split by topic: {len(chosen)} languages x {len(topics)} topics ({listing(topics)}), "
             f"each with the same {sum(quota.values()):,} training rows{labels}.",
             f"Of {sum(map(len, every)):,} training rows {kept:,} are kept: {without:,} have no "
             "topic, and others would make cells differ in size or labels, or are of what is left "
             "out."]
    dropped = [name for name in names if name not in topics]
    if dropped:
        found.append(f"Topics left out: {listing(dropped)}.")
    left = [code for code in corpus.languages if code not in chosen]
    if left:
        found.append(f"Languages left out, because with them cells would keep fewer than {MINIMUM} "
                     f"training rows: {listing(left)}.")
    lost = [label for label, number in quota.items() if not number]
    if lost:
        found.append(f"Labels left out, because some cell has none: {listing(lost)}.")
    return found


def _too_few(corpus: Corpus, topics: Sequence[str], counts: np.ndarray) -> str:
    if len(topics) < 2:
        return (f"{corpus.source}: by_topic needs rows of two topics or more; found: "
                f"{listing(topics)}. Name a column for the role topic, or make topics with "
                "`gradsim topics` and pass the file as `topics`.")
    some = ", ".join(f"{topic[:30]} {number:,}" for topic, number in zip(
        topics[:4], counts.sum(axis=(0, 2)), strict=False))
    return (f"{corpus.source}: no two topics leave two languages {MINIMUM} balanced training rows "
            f"a cell (rows: {some}). Take more rows, fewer topics or other languages.")[:400]
