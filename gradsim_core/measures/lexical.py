"""Words and letters: how much of their writing two languages share, in a study's own text.

Conventions
-----------
Texts are lower-cased. A word is a maximal run of letters, digits and the marks on them (in Thai or
Chinese, which set no spaces, a whole phrase); in rows of words each is taken as it is. Character
trigrams are taken within words, with a space at either end. Each language's rows go
to two halves by turns, each of which gives the measure again, for its reliability.

``ngrams``: cosine of the counts of character trigrams (Damashek, "Gauging similarity with
n-grams", Science 267, 1995, without taking out the mean).
``words``: share of running words in common, sum over words of the smaller relative frequency.
``tokens``: the same for tokens of the model's own tokenizer. LangRank (Lin et al., ACL 2019)
counts types in common instead, which the smaller of two vocabularies bounds: it would measure
the size of the data, and sizes differ up to twentyfold.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from itertools import chain

import numpy as np

from gradsim_core.measures.frequencies import cosine, half_counts, overlap, whole_and_halves
from gradsim_core.measures.measure import Measure

_SHARED = "LangRank (Lin et al., ACL 2019), by running words instead of types"

Row = str | Sequence[str]


def words_of(row: Row) -> list[str]:
    """The words of a text, or of a row of words, lower-cased."""
    if isinstance(row, str):
        return _word().findall(row.casefold())
    return [word.casefold() for word in row]


@cache
def _word() -> re.Pattern[str]:
    """Letters and digits, with the marks (vowel signs, tones) that Python leaves out of ``\\w``."""
    near, far = ("".join(chr(point) for point in chain(*ranges)
                         if unicodedata.category(chr(point)).startswith("M"))
                 for ranges in ([range(0x300, 0x10000)],
                                [range(0x10000, 0x20000), range(0xE0100, 0xE0200)]))
    # marks of Chakma, Adlam and others lie far: looked for only there, as it takes ten times longer
    return re.compile(f"(?:[^\\W_]|[{near}]|(?=[\U00010000-\U0010ffff])[{far}])+")


def trigrams_of(row: Row) -> Iterator[str]:
    """The character trigrams of every word, with a space at either end."""
    for word in words_of(row):
        padded = f" {word} "
        yield from (padded[i:i + 3] for i in range(len(padded) - 2))


def ngrams(texts: Mapping[str, Sequence[Row]]) -> Measure:
    """Compare languages by their character trigrams.

    Parameters
    ----------
    texts : code -> rows, each a text or a sequence of words

    Returns
    -------
    Measure
        Symmetric, 0 to 1, with halves; NaN where a language (or half) has no word.
    """
    counts = half_counts({code: [trigrams_of(row) for row in rows]
                          for code, rows in texts.items()})
    return Measure("lexical.ngrams", "Character trigrams", tuple(texts),
                   source="Damashek, Science 267 (1995); the study's own training text",
                   note="Cosine of counts.", **whole_and_halves(counts, cosine))


def words(texts: Mapping[str, Sequence[Row]]) -> Measure:
    """Compare languages by the running words that they share; as `ngrams`."""
    counts = half_counts({code: [words_of(row) for row in rows] for code, rows in texts.items()})
    return Measure("lexical.words", "Shared words", tuple(texts),
                   source=f"After {_SHARED}; the study's own training text",
                   note="Share of running words in common.", **whole_and_halves(counts, overlap))


def tokens(ids: Mapping[str, Sequence[np.ndarray]]) -> Measure:
    """Compare languages by the tokens of one tokenizer that they share.

    Parameters
    ----------
    ids : code -> one integer array (n_tokens,) a row, without special tokens

    Returns
    -------
    Measure
        Symmetric, 0 to 1, with halves.
    """
    counts = half_counts({code: [row.tolist() for row in rows] for code, rows in ids.items()})
    return Measure("lexical.tokens", "Shared tokens of the model", tuple(ids),
                   source=f"After {_SHARED}; the model's tokenizer on the study's training text",
                   note="Share of running tokens in common.", **whole_and_halves(counts, overlap))
