"""What a grouping must respect, and the items that must-links leave to be grouped.

Conventions
-----------
Languages are indexes 0..L-1; names serve messages alone. Must-links are transitive: the
languages they tie together become one *item*, and every strategy groups items 0..n-1, so that
a must-link can never be broken. Sizes always count languages, not items.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from gradsim_core.errors import GroupingError

Pair = tuple[int, int]


@dataclass(frozen=True)
class Constraints:
    """Limits on every group and links between languages.

    Attributes
    ----------
    smallest, largest : languages a group may hold; largest None means no limit
    must_link : pairs of languages that share a group
    cannot_link : pairs of languages that never share a group
    """

    smallest: int = 1
    largest: int | None = None
    must_link: tuple[Pair, ...] = ()
    cannot_link: tuple[Pair, ...] = ()

    @property
    def free(self) -> bool:
        """Whether nothing is constrained."""
        return self == Constraints()


@dataclass(frozen=True)
class Items:
    """Languages after must-links have tied them together.

    Attributes
    ----------
    members : n tuples of language indexes, by first member
    sizes : (n,) languages in each item
    sums : (n, n) sum of S[l, m] over l of the row's item and m of the column's, l ≠ m;
        not symmetric if S is not
    both : (n, n) the same in both directions, symmetric, diagonal 0
    apart : (n, n) bool, symmetric: pairs of items that may not share a group
    """

    members: tuple[tuple[int, ...], ...]
    sizes: np.ndarray
    sums: np.ndarray
    both: np.ndarray
    apart: np.ndarray

    def __len__(self) -> int:
        return len(self.members)

    def groups(self, labels: np.ndarray) -> list[list[int]]:
        """Groups of languages from one label an item."""
        return [[member for item in np.flatnonzero(labels == label) for member in
                 self.members[item]] for label in np.unique(labels)]

    def labels(self, language_labels: np.ndarray) -> np.ndarray:
        """One label an item from one label a language: that of the item's first member."""
        return np.array([language_labels[member[0]] for member in self.members])


def items_of(similarity: np.ndarray, constraints: Constraints, names: Sequence[str]) -> Items:
    """Check the constraints and contract what must-links tie together.

    Raises
    ------
    GroupingError
        If a size is not a whole number of at least 1, largest is below smallest, a link is not
        a pair of two different languages of the study, languages tied together are also kept
        apart, or more are tied together than the largest group may hold.
    """
    n_languages = len(similarity)
    _check_sizes(constraints)
    for kind in ("must_link", "cannot_link"):
        _check_links(kind, getattr(constraints, kind), n_languages, names)
    label = np.arange(n_languages)
    for one, other in constraints.must_link:
        label[label == label[other]] = label[one]
    first = sorted({int(np.flatnonzero(label == value)[0]) for value in label})
    members = tuple(tuple(int(m) for m in np.flatnonzero(label == label[f])) for f in first)
    for group in members:
        if constraints.largest is not None and len(group) > constraints.largest:
            raise GroupingError(
                f"Must-links tie {_listed(group, names)} together: {len(group)} languages, but "
                f"the largest group may hold {constraints.largest}. Raise it or drop a link.")
    belongs = np.zeros((n_languages, len(members)))
    for item, group in enumerate(members):
        belongs[list(group), item] = 1
    apart = np.zeros((len(members), len(members)), dtype=bool)
    for one, other in constraints.cannot_link:
        i, j = int(belongs[one].argmax()), int(belongs[other].argmax())
        if i == j:
            raise GroupingError(
                f"{names[one]} and {names[other]} may not share a group (cannot-link), but "
                f"must-links tie {_listed(members[i], names)} together. Drop one of the links.")
        apart[i, j] = apart[j, i] = True
    off_diagonal = similarity - np.diag(np.diag(similarity))
    sums = belongs.T @ off_diagonal @ belongs
    both = sums + sums.T
    np.fill_diagonal(both, 0.0)
    return Items(members, belongs.sum(axis=0).astype(int), sums, both, apart)


def k_bounds(low: int, high: int, items: Items, constraints: Constraints) -> tuple[int, int]:
    """Narrow a range of K to what sizes and must-links allow.

    Raises
    ------
    GroupingError
        If no K of the range is possible; the message says which limits exclude it.
    """
    n_languages = int(items.sizes.sum())
    largest = n_languages if constraints.largest is None else constraints.largest
    fewest = -(-n_languages // largest)
    most = min(n_languages // constraints.smallest, len(items))
    asked = f"K = {low}" if low == high else f"K from {low} to {high}"
    if fewest > most:
        raise GroupingError(
            f"{n_languages} languages cannot be split into groups of {constraints.smallest} to "
            f"{largest}{_tied(items)}: that needs at least {fewest} and at most {most} "
            "groups. Widen the sizes.")
    if low > most:
        why = (f"must-links leave only {len(items)} that can be apart" if most == len(items) else
               f"groups of at least {constraints.smallest} leave room for {most}")
        raise GroupingError(f"{asked} is too many groups for {n_languages} languages: {why}. "
                            f"Ask for K ≤ {most}.")
    if high < fewest:
        raise GroupingError(f"{asked} is too few groups for {n_languages} languages of which at "
                            f"most {largest} may share one. Ask for K ≥ {fewest}.")
    return max(low, fewest), min(high, most)


def impossible(low: int, high: int, constraints: Constraints, names: Sequence[str]) -> str:
    """Message for limits that no grouping meets together, naming all of them."""
    largest = "any number" if constraints.largest is None else str(constraints.largest)
    parts = [f"K = {low}" if low == high else f"K from {low} to {high}",
             f"groups of {constraints.smallest} to {largest}"]
    for words, links in (("must-link", constraints.must_link),
                         ("cannot-link", constraints.cannot_link)):
        if links:
            shown = ", ".join(f"{names[a][:20]}–{names[b][:20]}" for a, b in links[:4])
            more = f" and {len(links) - 4} more" if len(links) > 4 else ""
            parts.append(f"{words} {shown}{more}")
    return f"No grouping meets all of: {'; '.join(parts)}."[:340] + " Loosen one of them."


def broken(groups: Sequence[Sequence[int]], constraints: Constraints) -> bool:
    """Whether groups that cover every language break a size limit or a link."""
    sizes = [len(group) for group in groups]
    if min(sizes) < constraints.smallest or max(sizes) > (constraints.largest or max(sizes)):
        return True
    together = [frozenset(group) for group in groups]
    split = any(len({a, b} & group) == 1 for a, b in constraints.must_link for group in together)
    return split or any({a, b} <= group for a, b in constraints.cannot_link for group in together)


def _check_sizes(constraints: Constraints) -> None:
    for name in ("smallest", "largest"):
        value = getattr(constraints, name)
        if value is None and name == "largest":
            continue
        if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < 1:
            raise GroupingError(f"{name} is {value!r}, but a group holds a whole number of "
                                "languages, at least 1. Change it.")
    if constraints.largest is not None and constraints.largest < constraints.smallest:
        raise GroupingError(f"The largest group ({constraints.largest}) is below the smallest "
                            f"({constraints.smallest}). Swap or widen them.")


def _check_links(kind: str, links: Sequence[Pair], n_languages: int,
                 names: Sequence[str]) -> None:
    for link in links:
        if len(link) != 2 or not all(isinstance(end, int | np.integer)
                                     and 0 <= end < n_languages for end in link):
            raise GroupingError(f"{kind} holds {str(link)[:60]}, which is not a pair of indexes "
                                f"from 0 to {n_languages - 1}. Name two languages of the study.")
        if link[0] == link[1]:
            raise GroupingError(f"{kind} links {names[link[0]]} with itself. Name two languages.")


def _listed(group: Sequence[int], names: Sequence[str]) -> str:
    shown = ", ".join(names[member][:30] for member in group[:5])
    return shown + (f" and {len(group) - 5} more" if len(group) > 5 else "")


def _tied(items: Items) -> str:
    return f" with {len(items)} items left by must-links" if items.sizes.max() > 1 else ""
