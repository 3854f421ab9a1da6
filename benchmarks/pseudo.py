"""A thousand pseudo-languages for tests of scale, from the built-in data's 126 real ones.

A pseudo-language is a language x topic x shard: German names of places in Asia, second shard. They
say nothing about a thousand real languages; they make a study of the size of one, from real text.

Conventions
-----------
The code is ``deu.Asia.2``. Every one has exactly ROWS training rows, and its part of the cell's
development and test rows. The fullest cells give shards first, so fewer pseudo-languages are a
part of more. Rows without a topic are left out.
"""

from __future__ import annotations

import csv
from pathlib import Path

from gradsim_core.data import Corpus, Split, load_corpus
from gradsim_core.study import Study

ROWS = 32


def write_pseudo_languages(path: Path, n: int) -> tuple[str, ...]:
    """Write a table of n pseudo-languages (language, split, text, label), and give their codes."""
    corpus = load_corpus(Study(preset="builtin", languages=("all",)))
    cells = _shards(corpus)[:n]
    if len(cells) < n:
        raise ValueError(f"The built-in data gives {len(cells)} pseudo-languages of {ROWS} rows.")
    with path.open("w", newline="", encoding="utf-8") as file:
        write = csv.writer(file)
        write.writerow(("language", "split", "text", "label"))
        for code, topic, shard, n_shards in cells:
            for name, split in corpus.splits[code].items():
                rows = _of(split, topic)[shard::n_shards]
                for row in rows[:ROWS] if name == "train" else rows:
                    write.writerow((_code(code, topic, shard), name, split.texts[row],
                                    split.labels[row]))
    return tuple(_code(code, topic, shard) for code, topic, shard, _ in cells)


def _shards(corpus: Corpus) -> list[tuple[str, str, int, int]]:
    """(language, topic, shard, shards of that cell), the fullest cells first, shard by shard."""
    found = []
    for code in corpus.languages:
        split = corpus.split(code, "train")
        for topic in sorted(set(split.topics) - {""}):
            room = len(_of(split, topic))
            found += [(shard, -room, code, topic, room // ROWS) for shard in range(room // ROWS)]
    return [(code, topic, shard, n) for shard, _, code, topic, n in sorted(found)]


def _of(split: Split, topic: str) -> list[int]:
    return [row for row, own in enumerate(split.topics) if own == topic]


def _code(code: str, topic: str, shard: int) -> str:
    return f"{code}.{topic}.{shard + 1}"
