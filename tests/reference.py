"""Slow and obvious twins of what the package computes fast. Nothing here is clever."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

# --- grouping: every grouping there is, scored in plain loops


def ref_partitions(items: list[int]) -> Iterator[list[list[int]]]:
    """Every way to split items into groups."""
    if not items:
        yield []
        return
    first, rest = items[0], items[1:]
    for partition in ref_partitions(rest):
        yield [[first], *partition]
        for index, group in enumerate(partition):
            yield [*partition[:index], [first, *group], *partition[index + 1:]]


def ref_score_in_group(similarity, language: int, group, alone: float) -> float:
    """Mean similarity of a language to the other members of a group."""
    others = [member for member in group if member != language]
    if not others:
        return alone
    return sum(float(similarity[language][other]) for other in others) / len(others)


def ref_objective(similarity, groups, alone: float = 0.0) -> float:
    """Sum over languages of the score in the best group that holds each."""
    return sum(max(ref_score_in_group(similarity, language, group, alone)
                   for group in groups if language in group)
               for language in range(len(similarity)))


def ref_group_allowed(group, constraints) -> bool:
    """Whether one group keeps to sizes and links."""
    if len(group) < constraints.smallest:
        return False
    if constraints.largest is not None and len(group) > constraints.largest:
        return False
    if any((a in group) != (b in group) for a, b in constraints.must_link):
        return False
    return not any(a in group and b in group for a, b in constraints.cannot_link)


def ref_groupings(similarity, low: int, high: int, constraints,
                  alone: float = 0.0) -> list[tuple[float, tuple]]:
    """Every allowed partition with its objective, best first."""
    found = []
    for partition in ref_partitions(list(range(len(similarity)))):
        if low <= len(partition) <= high and all(
                ref_group_allowed(group, constraints) for group in partition):
            groups = tuple(sorted(tuple(sorted(group)) for group in partition))
            found.append((ref_objective(similarity, groups, alone), groups))
    return sorted(found, key=lambda pair: -pair[0])


def ref_best_grouping(similarity, low: int, high: int, constraints,
                      alone: float = 0.0) -> tuple[float, list[tuple[float, tuple]]] | None:
    """The best objective, and all partitions within 1% of it, best first; None if none fits."""
    found = ref_groupings(similarity, low, high, constraints, alone)
    if not found:
        return None
    best = found[0][0]
    return best, [pair for pair in found if pair[0] >= best - 0.01 * abs(best)]


def ref_best_overlapping(similarity, k: int, constraints, alone: float = 0.0) -> float | None:
    """The best objective of any set of at most k allowed groups that hold every language."""
    languages = range(len(similarity))
    groups = [group for size in range(1, len(similarity) + 1)
              for group in combinations(languages, size) if ref_group_allowed(group, constraints)]
    scores = {group: {language: ref_score_in_group(similarity, language, group, alone)
                      for language in group} for group in groups}
    best = None
    for count in range(1, k + 1):
        for chosen in combinations(groups, count):
            if {language for group in chosen for language in group} != set(languages):
                continue
            total = sum(max(scores[group][language] for group in chosen if language in group)
                        for language in languages)
            best = total if best is None else max(best, total)
    return best
