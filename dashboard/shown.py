"""Which languages a picture shows: all, those that a filter lets through, or pools of many.

Conventions
-----------
Functions are pure. What is shown never changes what was measured: a similarity is read from all
languages, and a part of the picture is a part of that matrix with a tree of its own. A *pool* is a
branch of the tree shown as one row; the similarity of two pools is the mean over their pairs of
languages, its diagonal the mean within.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from dashboard.figures.strips import Strip
from dashboard.selection import Selection
from dashboard.words.summaries import count
from gradsim_core import Similarity, leaf_order, linkage_tree, placed_languages, script_name

MOST_IN_FULL = 300
"""Languages up to which each has a row of its own."""

MOST_POOLS = 100

_SIZES = ("under 100 rows", "100 to 999", "1,000 to 9,999", "10,000 and more")
_SIZE_SIGNS = ("▁", "▃", "▅", "▇")


@dataclass(frozen=True)
class LanguageFacts:
    """What is known of a language, as plain text.

    Attributes
    ----------
    name : as the page calls it
    english : English name
    family, branch, script : None where unknown
    latitude, longitude : degrees; None where unknown
    rows : training rows
    """

    code: str
    name: str
    english: str
    glottocode: str | None
    family: str | None
    branch: str | None
    script: str | None
    latitude: float | None
    longitude: float | None
    rows: int


@dataclass(frozen=True)
class Picture:
    """A similarity with what it takes to draw it.

    Attributes
    ----------
    found : the similarity
    order : positions of its languages: those of the tree in leaf order, then the undefined ones
    tree : linkage over the placed languages; None with fewer than two
    names, branches : code -> name as the page calls it, code -> branch
    facts : code -> what is known of every language of the study
    """

    found: Similarity
    order: tuple[int, ...]
    tree: np.ndarray | None
    names: Mapping[str, str]
    branches: Mapping[str, str | None]
    facts: Mapping[str, LanguageFacts]

    def label(self, code: str) -> str:
        """Name with code, as plain text."""
        name = self.names.get(code, code)
        return name if name == code else f"{name} ({code})"


def wanted_languages(selection: Selection, facts: Mapping[str, LanguageFacts],
                     languages: Sequence[str]) -> tuple[str, ...]:
    """Codes that the filters let through, in the order of the study."""
    return tuple(
        code for code in languages
        if (not selection.only or code in selection.only)
        and (not selection.families or (facts[code].family or "") in selection.families)
        and (not selection.scripts or (facts[code].script or "") in selection.scripts)
        and facts[code].rows >= selection.fewest)


def part_of(shown: Picture, codes: Sequence[str]) -> Picture:
    """Some languages of a picture, with a tree of their own; the picture itself if all are wanted.

    Parameters
    ----------
    codes : some of its languages, in their order
    """
    if len(codes) == len(shown.found.languages):
        return shown
    found, wanted = shown.found, set(codes)
    at = [i for i, code in enumerate(found.languages) if code in wanted]
    return drawn(shown, replace(
        found, languages=tuple(found.languages[i] for i in at), matrix=found.matrix[np.ix_(at, at)],
        reliability=found.reliability[at]))


def drawn(shown: Picture, found: Similarity) -> Picture:
    """The picture of another similarity of the same languages, or some of them."""
    placed = placed_languages(found)
    tree, order = None, list(placed)
    if len(placed) > 1:
        tree = linkage_tree(found.matrix[placed][:, placed])
        order = [placed[leaf] for leaf in leaf_order(tree)]
    order += [i for i in range(len(found.languages)) if i not in set(placed)]
    return replace(shown, found=found, order=tuple(order), tree=tree)


def pooled(shown: Picture, most: int = MOST_POOLS) -> tuple[Picture, dict[str, tuple[str, ...]]]:
    """The branches that a cut of the tree leaves, as the rows of a smaller picture.

    Parameters
    ----------
    most : pools; languages whose similarity is undefined are left out

    Returns
    -------
    tuple
        The picture, its languages being the first of each pool; and that language -> all
        languages of its pool, in the order of the tree.
    """
    if shown.tree is None or len(shown.tree) < most:
        return shown, {code: (code,) for code in shown.found.languages}
    codes = [shown.found.languages[i] for i in shown.order[:len(shown.tree) + 1]]
    members = _pools(shown.tree, most)  # positions in leaf order, side by side
    inside = np.zeros((len(members), len(codes)))
    for row, leaves in enumerate(members):
        inside[row, list(leaves)] = 1
    ordered = list(shown.order[:len(codes)])
    matrix = shown.found.matrix[np.ix_(ordered, ordered)].copy()
    np.fill_diagonal(matrix, 0)
    sizes = inside.sum(axis=1)
    pairs = np.outer(sizes, sizes) - np.diag(sizes)
    with np.errstate(invalid="ignore"):
        means = np.where(pairs > 0, inside @ matrix @ inside.T / pairs, 1.0)
    reliability = inside @ np.nan_to_num(shown.found.reliability[ordered]) / sizes
    held = {codes[leaves[0]]: tuple(codes[at] for at in leaves) for leaves in members}
    small = replace(shown.found, languages=tuple(held), matrix=means, reliability=reliability)
    upper = _upper_tree(shown.tree, most)
    upper[:, 2] += _ceiling(means) - _ceiling(matrix)
    names = {code: shown.names.get(code, code) + (
        f" and {len(all_of) - 1:,} more" if len(all_of) > 1 else "")
        for code, all_of in held.items()}
    return replace(shown, found=small, order=tuple(range(len(held))), tree=upper,
                   names=names), held


def _pools(tree: np.ndarray, most: int) -> list[tuple[int, ...]]:
    """Places in leaf order of each branch that is left when the last merges are undone."""
    n_leaves = len(tree) + 1
    place = {leaf: at for at, leaf in enumerate(leaf_order(tree))}
    below: dict[int, tuple[int, ...]] = {leaf: (place[leaf],) for leaf in range(n_leaves)}
    for row in range(n_leaves - most):
        a, b = (int(child) for child in tree[row, :2])
        below[n_leaves + row] = tuple(sorted(below.pop(a) + below.pop(b)))
    return sorted(below.values())


def _upper_tree(tree: np.ndarray, most: int) -> np.ndarray:
    """The last merges of a tree, its leaves the pools in leaf order."""
    n_leaves = len(tree) + 1
    cut = n_leaves - most
    first = {leaf: at for at, leaf in enumerate(leaf_order(tree))}
    for row in range(cut):
        first[n_leaves + row] = min(first[int(child)] for child in tree[row, :2])
    last = tree[cut:].copy()
    roots = {int(child) for child in last[:, :2].flat if child < n_leaves + cut}
    number = {node: at for at, node in enumerate(sorted(roots, key=first.__getitem__))}
    number |= {n_leaves + cut + row: most + row for row in range(len(last))}
    last[:, :2] = [[number[int(child)] for child in children] for children in last[:, :2]]
    return last


def _ceiling(matrix: np.ndarray) -> float:
    """The similarity that has distance 0 (see `linkage_tree`)."""
    return max(1.0, float(matrix[~np.eye(len(matrix), dtype=bool)].max(initial=0.0)))


def shown_sentence(shown: Picture, all_languages: int, pools: Mapping[str, Sequence[str]]) -> str:
    """What part of a study a picture shows; empty where that is all of it, a row each."""
    n = sum(map(len, pools.values())) if pools else len(shown.found.languages)
    told = []
    if n < all_languages:
        told.append(f"{n:,} of {count(all_languages, 'language')} shown; the similarity is read "
                    "from all of them")
    if pools:
        told.append(f"{n:,} languages in {len(pools)} pools, the branches of the tree; a cell is "
                    "the mean over pairs, the diagonal the mean within a pool")
    return ". ".join(told)


def strips_of(names: Sequence[str], shown: Picture, codes: Sequence[str],
              pools: Mapping[str, Sequence[str]], groups: Mapping[str, int],
              group_names: Sequence[str]) -> list[Strip]:
    """What stands beside the rows of a picture.

    Parameters
    ----------
    names : some of STRIPS
    codes : of the rows, in order
    pools : row -> its languages; empty where each row is one
    groups, group_names : code -> position of its group, and what the groups are called
    """
    def told(what: Mapping[str, str | None]) -> tuple[str | None, ...]:
        labels = []
        for code in codes:
            own = {what.get(one) for one in pools.get(code, (code,))}
            labels.append(own.pop() if len(own) == 1 else "mixed")
        return tuple(labels)

    facts = shown.facts
    found = []
    for name in names:
        if name == "group":
            if groups:
                own = {code: group_names[at] for code, at in groups.items()}
                found.append(Strip("Group", told(own), tuple(group_names), tuple(
                    str(at + 1) for at in range(len(group_names))), unknown="not grouped"))
        elif name == "size":
            found.append(Strip("Training rows", told({
                code: _size(one.rows) for code, one in facts.items()}), _SIZES, _SIZE_SIGNS))
        else:
            found.append(Strip(name.capitalize(), told({
                code: _label(one, name) for code, one in facts.items()}),
                other="other " + {"branch": "branches", "family": "families"}.get(name, "scripts"),
                unknown=f"{name} unknown"))
    return found


def _label(one: LanguageFacts, name: str) -> str | None:
    """A language's branch, family or script, the script by its name."""
    return script_name(one.script) if name == "script" and one.script else getattr(one, name)


def _size(rows: int) -> str:
    return _SIZES[(rows >= 100) + (rows >= 1000) + (rows >= 10_000)]
