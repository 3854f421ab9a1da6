"""Topic similarity: how alike two languages' mixes of topics are.

One call: ``topic(corpus)`` is the measure ``topic``. `has_topics(corpus)` says whether there is
anything to compare.

Conventions
-----------
A language's distribution is the share of each topic among its training rows that have one. The
similarity of two is 1 less the Jensen-Shannon distance (base 2): 1 for the same mix, 0 where no
topic is shared. A language without a row that has a topic is missing (NaN). Halves: the rows by
turns, in an order by hash of the row's id or text; so parallel rows fall into the same half in
every language.

Sources: Lin 1991 (IEEE Trans. Inf. Theory 37), the divergence; Endres and Schindelin 2003 (ibid.
49), its root as a distance. Where topics come from is the data's business: a column, the genre of
UD PUD's sentences, or clusters (`gradsim topics`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np

from gradsim_core.data.corpus import Corpus, Split
from gradsim_core.data.rows import Row, hash_order
from gradsim_core.errors import DataError
from gradsim_core.measures.frequencies import jensen_shannon
from gradsim_core.measures.measure import Measure


def has_topics(corpus: Corpus) -> bool:
    """Whether at least two languages have training rows with a topic."""
    return sum(any(corpus.split(code, "train").topics) for code in corpus.languages) >= 2


def topic(corpus: Corpus) -> Measure:
    """Compare the topics of a corpus's training rows.

    Raises
    ------
    DataError
        If fewer than two languages have rows with a topic.
    """
    if not has_topics(corpus):
        raise DataError("Fewer than two languages have training rows with a topic. Name a column "
                        "for the role topic, or make topics with `gradsim topics` and pass the "
                        "file as `topics`.")
    by_language = [_in_hash_order(corpus.split(code, "train")) for code in corpus.languages]
    names = sorted({name for own in by_language for name in own})

    def read(start: int, step: int) -> np.ndarray:
        return jensen_shannon(np.array([_counts(own[start::step], names)
                                          for own in by_language]))

    told = sum(map(len, by_language))
    total = sum(len(corpus.split(code, "train")) for code in corpus.languages)
    shown = ", ".join(names[:8]) + (f" and {len(names) - 8} more" if len(names) > 8 else "")
    return Measure("topic", "Topics", tuple(corpus.languages), read(0, 1),
                   "1 - Jensen-Shannon distance of topic shares (Lin 1991; Endres and Schindelin "
                   "2003)", f"{len(names)} topics ({shown}); {told:,} of {total:,} training rows "
                   "have one.", halves=np.stack([read(half, 2) for half in (0, 1)]))


def _in_hash_order(split: Split) -> list[str]:
    """The topics of the rows that have one, in an order that says nothing about them."""
    if not split.topics:
        return []
    keyed = [(hash_order(Row(text, "", id=name).key, "topics"), own) for text, name, own in zip(
        split.texts, split.ids or [""] * len(split), split.topics, strict=True) if own]
    return [own for _, own in sorted(keyed)]


def _counts(topics: Iterable[str], names: Sequence[str]) -> list[int]:
    count = Counter(topics)
    return [count[name] for name in names]
