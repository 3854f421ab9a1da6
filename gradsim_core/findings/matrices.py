"""Similarities from elsewhere, layer by layer: what they go with, and which groups they make.

Conventions
-----------
What is studied is a measure with layers that was read from files, such as mPLM-Sim's matrices of
XLM-R; no study is needed. Each layer is correlated with what is known of the languages alone
(genealogy, place, typology): Spearman's correlation over the pairs of both, p by permuting the
languages' labels, corrected for all layers by the maximum of the same permutations, intervals over
languages. Groups are made in every layer by the same rule, and compared by the adjusted Rand index:
1 for the same groups, 0 for what chance would share. Undefined values are null.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from gradsim_core.errors import DataError, GradSimError
from gradsim_core.findings.record import number, numbers, pair
from gradsim_core.findings.transfer.measures_words import p_words, short
from gradsim_core.grouping import group, leaf_order, linkage_tree
from gradsim_core.languages.resolving import Language
from gradsim_core.measures import Measure
from gradsim_core.measuring.files import ImportedSimilarity
from gradsim_core.measuring.of_languages import check_name, language_measure
from gradsim_core.prepared import versions
from gradsim_core.statistics.association import associate_all

AGAINST = ("family", "geographic", "typology.syntactic", "typology.featural")
"""What is correlated with unless asked otherwise."""

WHOLE = "all"
"""What the one layer of a measure without layers is called."""

Observer = Callable[[str], None]


def matrices(found: ImportedSimilarity, against: Sequence[str] = AGAINST, *, k: int = 8,
             strategy: str = "local_search", permutations: int = 9_999, seed: int = 0,
             observe: Observer = lambda _: None) -> dict[str, Any]:
    """Study an imported similarity.

    Parameters
    ----------
    found : the similarity with its languages
    against : names in LANGUAGE_MEASURES
    k, strategy : number of groups, and how they are made (see `grouping`)
    permutations, seed : of the labels
    observe : is told what is being done

    Returns
    -------
    dict
        JSON-ready: "$schema", "name", "understood", "versions", "plan", "languages", "left_out",
        "values" (the measure's, in the tree order of "languages"), "layers", "against",
        "verdict", "method".

    Raises
    ------
    DataError
        If a measure is unknown, or none of those named can be had.
    GroupingError
        If the groups cannot be made as asked.
    """
    measure = found.measure
    layers = measure.layers or (WHOLE,)
    stack = measure.by_layer if measure.by_layer is not None else measure.values[None]
    for name in against:
        check_name(name)
    observe(f"Grouping {len(measure.languages)} languages in {len(layers)} layers")
    grouped = _grouped(stack, layers, found, k, strategy, seed)
    compared, left_out = [], []
    for name in against:
        observe(f"Correlating with {name}")
        try:
            other = language_measure(name, list(found.languages.values()))
        except GradSimError as error:
            if not name.startswith("typology."):
                raise
            left_out.append({"name": name, "reason": str(error)})
            continue
        compared.append(_association(stack, layers, other, permutations, seed))
    if against and not compared:
        raise DataError(left_out[0]["reason"])
    order = _tree_order(measure.values)
    codes = [measure.languages[i] for i in order]
    content: dict[str, Any] = {
        "$schema": "gradsim.matrices/1", "name": measure.name.partition(".")[2],
        "source": measure.source, "understood": list(found.sentences), "versions": versions(),
        "plan": {"against": list(against), "k": k, "strategy": strategy,
                 "permutations": permutations, "seed": seed},
        "languages": [_language(found.languages[code]) for code in codes], "left_out": left_out,
        "values": numbers(measure.values[np.ix_(order, order)]), "layers": grouped,
        "against": compared}
    return {**content, "verdict": verdict(content), "method": method_sentences(content)}


def _language(one: Language) -> dict[str, Any]:
    return {"code": one.code, "name": one.name, "branch": one.branch, "family": one.family,
            "script": one.script, "note": one.note}


def complete(stack: np.ndarray) -> list[int]:
    """Languages among whom no pair is missing in any layer; the emptiest are left out first.

    Examples
    --------
    >>> table = np.array([[[1, 2, np.nan], [2, 1, 3], [np.nan, 3, 1]]])
    >>> complete(table)
    [1, 2]
    """
    missing = ~np.isfinite(stack).all(axis=0)
    np.fill_diagonal(missing, False)
    missing |= missing.T
    left = list(range(len(missing)))
    while (count := missing[np.ix_(left, left)].sum(axis=1)).any():
        left.pop(int(count.argmax()))
    return left


def _tree_order(values: np.ndarray) -> list[int]:
    """Positions as average linkage puts them; languages with missing pairs last."""
    whole = complete(values[None])
    rest = [i for i in range(len(values)) if i not in whole]
    if len(whole) < 3:
        return [*whole, *rest]
    similarity = _filled(values, whole)
    return [*(whole[leaf] for leaf in leaf_order(linkage_tree(similarity))), *rest]


def _filled(values: np.ndarray, chosen: Sequence[int]) -> np.ndarray:
    """The similarity of some languages, with the greatest one on the diagonal."""
    similarity = values[np.ix_(chosen, chosen)].copy()
    np.fill_diagonal(similarity, -np.inf)
    np.fill_diagonal(similarity, similarity.max())
    return similarity


def _grouped(stack: np.ndarray, layers: Sequence[str], found: ImportedSimilarity, k: int,
             strategy: str, seed: int) -> list[dict[str, Any]]:
    """Each layer's groups, and how they agree with the next layer's and with branches."""
    from sklearn.metrics import adjusted_rand_score

    whole = complete(stack)
    codes = [found.measure.languages[i] for i in whole]
    if len(whole) < 2:
        raise DataError("No two of the languages have a value in every layer, so that none can be "
                        "grouped. Fill the tables, or name fewer of them.")
    branches = [found.languages[code].branch or code for code in codes]
    made = [group(_filled(table, whole), strategy, k=min(k, len(whole)), seed=seed,
                  names=codes).groups for table in stack]
    labels = [[next(number for number, one in enumerate(groups) if i in one)
               for i in range(len(whole))] for groups in made]
    pairs = ~np.eye(stack.shape[1], dtype=bool)
    rows = []
    for at, layer in enumerate(layers):
        values = stack[at][pairs & np.isfinite(stack[at])]
        following = labels[at + 1] if at + 1 < len(layers) else None
        rows.append({
            "layer": layer, "mean": number(values.mean()), "sd": number(values.std()),
            "least": number(values.min()), "most": number(values.max()),
            "groups": [[codes[i] for i in one] for one in made[at]],
            "ari_next": None if following is None else
            number(adjusted_rand_score(labels[at], following)),
            "ari_branches": number(adjusted_rand_score(branches, labels[at]))})
    return rows


def _association(stack: np.ndarray, layers: Sequence[str], other: Measure, permutations: int,
                 seed: int) -> dict[str, Any]:
    """One known similarity against every layer."""
    found = associate_all(stack, other.values, "spearman", permutations=permutations, seed=seed)
    both = np.isfinite(stack).all(axis=0) & np.isfinite(other.values)
    return {"name": other.name, "title": other.title, "source": other.source, "note": other.note,
            "coverage": number(other.coverage), "n_pairs": int(both.sum()) // 2,
            "best": None if found.best is None else layers[found.best],
            "layers": [{"layer": layer, "value": number(found.values[at]),
                        "interval": pair(found.intervals[at]), "p": number(found.p[at]),
                        "p_corrected": number(found.p_corrected[at])}
                       for at, layer in enumerate(layers)]}


def verdict(content: dict[str, Any]) -> str:
    """What goes with what, in one sentence a known similarity."""
    said = []
    for one in content["against"]:
        best = next((row for row in one["layers"] if row["layer"] == one["best"]), None)
        if best is None:
            said.append(f"{one['title']} cannot be compared.")
            continue
        corrected = f", corrected for {len(one['layers'])} layers" * (len(one["layers"]) > 1)
        clear = best["p_corrected"] <= 0.05
        said.append(f"{one['title']} goes "
                    + ("most with " if clear else "with no layer clearly, most with ")
                    + f"{best['layer']} (ρ = {short(best['value'])}, "
                    f"{p_words(best['p_corrected'])}{corrected}).")
    return " ".join(said) or "Nothing was compared."


def method_sentences(content: dict[str, Any]) -> list[str]:
    """How all this was made, a sentence each."""
    plan = content["plan"]
    return [
        "Correlations are Spearman's over the pairs of two languages that both tables have; p "
        f"from {plan['permutations']:,} permutations of the languages' labels (Mantel), two-sided; "
        "corrected for having looked at every layer by the maximum over layers within each "
        "permutation, not for the number of similarities compared with.",
        "Intervals are 95%, over languages, and not corrected.",
        f"Groups: {plan['k']} in every layer by {plan['strategy'].replace('_', ' ')}, of the "
        "languages that no layer lacks; their agreement is the adjusted Rand index.",
        "Languages stand in the order of average linkage"
        + (", on the mean over layers of each layer's standard scores."
           if len(content["layers"]) > 1 else ".")]
