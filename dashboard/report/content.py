"""What a report is about: a study read from the store, as asked, with all that was found on it.

Conventions
-----------
Nothing here depends on a page: the same store, reading and rule give the same report. What cannot
be had has a reason in words instead.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from gradsim_core import (
    Certainty,
    GradSimError,
    Grouping,
    Language,
    Reading,
    Results,
    Rule,
    Settling,
    Similarity,
    Stability,
    Store,
    certainty,
    decision_of,
    imported_measures,
    imported_names,
    leaf_order,
    linkage_tree,
    list_experiments,
    list_findings,
    load_experiment,
    load_finding,
    load_increments,
    load_results,
    make_grouping,
    placed_languages,
    plain_text,
    read_similarity,
    settling,
    stability,
)

KINDS = ("measures", "lower-or-higher", "topic-or-language", "readings")


@dataclass(frozen=True, eq=False)
class Reported:
    """A study as a report tells of it.

    Attributes
    ----------
    title : of the study, plain text
    found : its similarity, read as asked; `order` and `tree` as in `Picture`
    sure, why_unsure : how sure it is; None and the reason
    made, decision : groups, as `Grouping` and as the JSON that people take away
    why_no_groups : why there are none; "" where there are
    steady, settled, why_unsteady : how sure the groups are, and since when; None and the reason
    names, branches, languages : by code
    experiments, findings : contents, newest first; findings by kind
    scores, similarities : names of imported tables
    """

    title: str
    results: Results
    reading: Reading
    found: Similarity
    order: tuple[int, ...]
    tree: np.ndarray | None
    sure: Certainty | None
    why_unsure: str
    made: Grouping | None
    decision: dict[str, Any] | None
    why_no_groups: str
    steady: Stability | None
    settled: Settling | None
    why_unsteady: str
    names: Mapping[str, str]
    branches: Mapping[str, str | None]
    languages: Mapping[str, Language]
    experiments: tuple[dict[str, Any], ...]
    findings: Mapping[str, tuple[dict[str, Any], ...]]
    scores: tuple[str, ...]
    similarities: tuple[str, ...]

    def label(self, code: str) -> str:
        """Name with code, as plain text."""
        name = self.names.get(code, code)
        return name if name == code else f"{name} ({code})"


def reported(store: Store, signature: str, reading: Reading, rule: Rule) -> Reported:
    """Read everything that a report tells of.

    Parameters
    ----------
    rule : of the groups; with the groups themselves where they were made by hand

    Raises
    ------
    GradSimError
        If the study is not there, or its similarity cannot be read so.
    """
    results = load_results(store, signature)
    found, increments = read_similarity(results, reading), load_increments(store, signature)
    placed = placed_languages(found)
    tree, order = None, list(placed)
    if len(placed) > 1:
        tree = linkage_tree(found.matrix[placed][:, placed])
        order = [placed[leaf] for leaf in leaf_order(tree)]
    order += [i for i in range(len(found.languages)) if i not in set(placed)]
    sure, why_unsure = _or_why(lambda: certainty(results, increments, reading))
    made, why_no_groups = _or_why(lambda: make_grouping(results, found, rule))
    steady, why_unsteady = (None, why_no_groups) if made is None else _or_why(
        lambda: stability(results, increments, reading, rule))
    settled = None if made is None else _or_why(lambda: settling(results, reading, rule))[0]
    languages = {one["code"]: Language(one["code"], one["name"], lineage=tuple(one["lineage"]))
                 for one in results.record["languages"]}
    asked = results.record["study"]
    return Reported(
        plain_text(asked["name"] or f"{results.record['source']}, {asked['model']}", 80),
        results, reading, found, tuple(order), tree, sure, why_unsure, made,
        None if made is None else decision_of(results, reading, found, rule, made),
        why_no_groups, steady, settled, why_unsteady, results.names,
        {code: one.branch for code, one in languages.items()}, languages,
        _there(load_experiment(store, signature, name)
               for name in list_experiments(store, signature)),
        {kind: _there(load_finding(store, signature, kind, name)
                      for name in list_findings(store, signature, kind)) for kind in KINDS},
        tuple(imported_names(store, signature)),
        tuple(name.partition(".")[2] for name in imported_measures(store, signature)))


def _or_why(compute: Any) -> tuple[Any, str]:
    try:
        return compute(), ""
    except GradSimError as error:
        return None, str(error)


def _there(contents: Any) -> tuple[dict[str, Any], ...]:
    return tuple(content for content in contents if content is not None)
