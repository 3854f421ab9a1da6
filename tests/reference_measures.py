"""Measures of languages as slowly and plainly as they can be computed."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence


def cosine_of_counts(one: Iterable, other: Iterable) -> float:
    """Cosine of how often each thing stands in two collections."""
    a, b = Counter(one), Counter(other)
    inner = sum(a[thing] * b[thing] for thing in a)
    return inner / math.sqrt(sum(n * n for n in a.values()) * sum(n * n for n in b.values()))


def shared_running(one: Iterable, other: Iterable) -> float:
    """Share of running things that two collections have in common."""
    a, b = Counter(one), Counter(other)
    return sum(min(a[thing] / a.total(), b[thing] / b.total()) for thing in a)


def trigrams(words: Iterable[str]) -> list[str]:
    """Trigrams of words with a space around each."""
    return [f" {word} "[i:i + 3] for word in words for i in range(len(word))]


def jensen_shannon_distance(one: Sequence, other: Sequence) -> float:
    """Root of the mean divergence (base 2) of two collections from their mixture."""
    a, b = Counter(one), Counter(other)
    total = 0.0
    for thing in {*a, *b}:
        p, q = a[thing] / a.total(), b[thing] / b.total()
        middle = (p + q) / 2
        total += sum(share * math.log2(share / middle) for share in (p, q) if share) / 2
    return math.sqrt(total)


def greatest_difference(one: Sequence[float], other: Sequence[float]) -> float:
    """Greatest difference of the shares of two collections that are at most some number."""
    return max(abs(sum(x <= at for x in one) / len(one) - sum(x <= at for x in other) / len(other))
               for at in (*one, *other))
