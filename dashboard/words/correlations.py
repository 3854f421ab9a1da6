"""What the Correlation page says around its charts: titles, methods and small tables.

Conventions
-----------
Functions are pure and return plain text; who shows it escapes it. The content is a finding's
JSON: scores are fractions there, percent and percentage points here; correlations have no unit.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dashboard.escaping import plain_text
from dashboard.figures.frame import block_label
from dashboard.figures.measure_dots import CHANCE
from dashboard.figures.plot_frame import PlotText
from dashboard.figures.transfer_scatter import Pairs
from dashboard.words.blocks import block_words
from dashboard.words.summaries import between, coefficient, count, number, p_words
from gradsim_core import MEASURES, metric_name

RANKINGS = ("Spearman: how far the order of the sources by similarity is their order by score; "
            "+1 is the same order, 0 none. Kendall: the same, from pairs of sources. NDCG@3: how "
            "good the three most similar sources are; 1 is the best three in order. Regret@1: "
            "points lost by training on the most similar source in place of the best one.")
"""What the columns of the table of targets mean."""

_KEYS = {"spearman": "Spearman", "kendall": "Kendall", "ndcg3": "NDCG@3"}
_KINDS = {"transfer": "models trained on one language", "pairs": "gains of pairs of languages"}


def facts_line(content: Mapping[str, Any]) -> str:
    """What the verdict rests on."""
    permutations, scores = _permutations(content), content["scores"]
    return " · ".join(filter(None, (
        count(len(content["languages"]), "language"), count(len(scores["seeds"]), "seed"),
        count(len(content["measures"]), "measure"), _score_name(scores), _origin(scores),
        count(permutations, "permutation"))))


def measures_text(content: Mapping[str, Any], study: str) -> PlotText:
    """Words around the measures side by side."""
    return PlotText(
        f"Which similarity predicts transfer? {study}",
        "Spearman with transfer, mean over targets (no unit, −1 to +1)", "",
        ("Dot: mean over targets; line: 95% interval over the choice of languages; tick: the most "
         "that noise in scores and similarity leaves to find",
         f"Hollow: not beyond chance, from {_permuted(content)}, corrected for "
         f"{count(len(content['measures']), 'measure')}; p asks about these languages, the "
         "interval about others like them", _mark(content)))


def scatter_text(content: Mapping[str, Any], measure: Mapping[str, Any], study: str,
                 n_pairs: int, *, within: bool) -> PlotText:
    """Words around the scatter of one measure."""
    score, title = _score_name(content["scores"]), plain_text(measure["title"], 50)
    gain = bool(content["scores"]["gain_over"])
    away = ", away from the target's mean" if within else ""
    pooled = measure["pooled"]["pearson"]
    said = "" if pooled["value"] is None else (
        f"; pooled, each target's mean taken out of the scores: Pearson "
        f"{coefficient(pooled['value'])}, {p_words(pooled['p'])} by permuted labels")
    return PlotText(
        f"{title} against transfer: {study}",
        f"{title}: similarity{away} (no unit, larger is nearer)",
        f"{score}{away}, {'percentage points' if within or gain else '%'}",
        (f"One mark a pair, source → target; {n_pairs:,} pairs of "
         f"{count(len(content['languages']), 'language')} with both numbers{said}",
         _mark(content)))


def layers_text(content: Mapping[str, Any], measure: Mapping[str, Any], study: str) -> PlotText:
    """Words around the line over layers."""
    title = plain_text(measure["title"], 50)
    return PlotText(
        f"{title}, layer by layer: {study}", "layer, from the input to the output",
        "Spearman with transfer, mean over targets",
        (f"Band: 95% interval over the choice of languages; p is corrected for "
         f"{count(len(measure['layers']), 'layer')} by the largest value of {_permuted(content)}",
         _mark(content)))


def best_layer(measure: Mapping[str, Any]) -> str | None:
    """Name of the layer with the highest correlation, if that is beyond chance."""
    best = _highest(measure)
    if best is None or best["p_corrected"] is None or best["p_corrected"] >= CHANCE:
        return None
    return str(best["layer"])


def layer_sentence(measure: Mapping[str, Any]) -> str:
    """Which layer is best, if one is beyond chance."""
    highest, n = _highest(measure), count(len(measure["layers"]), "layer")
    if highest is None:
        return "No layer is best beyond chance."
    name = block_label(highest["layer"])
    facts = f"{coefficient(highest['value'])}, {p_words(highest['p_corrected'])} corrected for {n}"
    if best_layer(measure) is None:
        return f"No layer is best beyond chance: the highest is {name} ({facts})."
    return (f"The highest is {name} ({facts}). That it is beyond chance does not say that its "
            "neighbours are worse.")


def measure_sentences(measure: Mapping[str, Any]) -> list[str]:
    """What there is to know of one measure besides its dot."""
    said = []
    found, top = measure["target_spearman"], measure["ceiling"]
    if found["value"] is not None:
        said.append(f"Mean Spearman {coefficient(found['value'])}{_between(found)}, "
                    f"{p_words(found['p'])} alone and {p_words(found['p_corrected'])} corrected "
                    "for all measures.")
    if top["value"] is not None and top["share"] is not None:
        reach = f"{top['share']:.0%} of what" if top["share"] <= 1 else "all that"
        said.append(f"That is {reach} noise allows (ceiling {coefficient(top['value'])}).")
    behind, more = measure["behind_first"], measure["incremental"]
    if behind:
        said.append(f"It lies {coefficient(behind['value'])}{_between(behind)} behind the "
                    "first measure.")
    if more:
        controls = ", ".join(plain_text(MEASURES.get(name, name), 40) for name in more["controls"])
        gain = None if more["gain"] is None else 100 * more["gain"]
        said.append(f"Beyond these controls ({controls}) it changes the variance explained in "
                    f"languages left out by {number(gain, 1)} points ({p_words(more['p'])}).")
    if measure["coverage"] < 1:
        said.append(f"{measure['coverage']:.0%} of the pairs have a value.")
    return [*said, *([plain_text(measure["note"], 300)] if measure["note"] else [])]


def measures_table(content: Mapping[str, Any]) -> dict[str, list[Any]]:
    """One row a measure, best first."""
    rows = content["measures"]
    found = [one["target_spearman"] for one in rows]
    pooled = [one["pooled"] for one in rows]
    return {
        "Measure": [plain_text(one["title"], 60) for one in rows],
        "Spearman": [_round(one["value"]) for one in found],
        "95% interval": [_interval_cell(one) for one in found],
        "p": [_p_cell(one["p"]) for one in found],
        "p corrected": [_p_cell(one["p_corrected"]) for one in found],
        "Kendall": [_round(one["mean"]["kendall"]) for one in rows],
        "NDCG@3": [_round(one["mean"]["ndcg3"]) for one in rows],
        "Regret@1, points": [_points(one["mean"]["regret1"]) for one in rows],
        "Pearson, within targets": [_round(one["pearson"]["value"]) for one in pooled],
        "Pearson, sources and targets out": [_round(one["both"]["value"]) for one in pooled],
        "Ceiling": [_round(one["ceiling"]["value"]) for one in rows],
        "Pairs with a value, %": [round(100 * one["coverage"]) for one in rows],
        "Source": [plain_text(one["source"], 200) for one in rows]}


def pairs_table(content: Mapping[str, Any], pairs: Pairs) -> dict[str, list[Any]]:
    """One row a pair that the scatter shows, with its numbers as they are drawn."""
    labels = [f"{plain_text(one['name'], 60)} ({plain_text(one['code'], 20)})"
              for one in content["languages"]]
    return {"Source": [labels[at] for at in pairs.source],
            "Target": [labels[at] for at in pairs.target],
            "Similarity": [round(value, 3) for value in pairs.similarity],
            "Transfer": [round(value, 2) for value in pairs.transfer]}


def target_table(content: Mapping[str, Any], measure: Mapping[str, Any]) -> dict[str, list[Any]]:
    """One row a target, and their mean at the end."""
    names = {one["code"]: one["name"] for one in content["languages"]}
    rows, mean = measure["per_target"], measure["mean"]
    columns: dict[str, list[Any]] = {
        "Target": [*(plain_text(names.get(one["code"], one["code"]), 60) for one in rows),
                   "Mean over targets"],
        "Code": [*(plain_text(one["code"], 20) for one in rows), ""]}
    for key, title in _KEYS.items():
        columns[title] = [*(_round(one[key]) for one in rows), _round(mean[key])]
    columns["Regret@1, points"] = [*(_points(one["regret1"]) for one in rows),
                                   _points(mean["regret1"])]
    counts = [one["n"] for one in rows]
    columns["Sources"] = [*counts, round(sum(counts) / len(counts), 1) if counts else None]
    return columns


def layer_table(layers: Sequence[Mapping[str, Any]]) -> dict[str, list[Any]]:
    """One row a layer, in depth order."""
    return {"Layer": [plain_text(block_words(one["layer"]), 40) for one in layers],
            "Spearman": [_round(one["value"]) for one in layers],
            "95% interval": [_interval_cell(one) for one in layers],
            "p alone": [_p_cell(one["p"]) for one in layers],
            "p corrected": [_p_cell(one["p_corrected"]) for one in layers]}


def finding_label(content: Mapping[str, Any]) -> str:
    """One line that tells a correlation from a study's others."""
    scores = content["scores"]
    return plain_text(f"{_origin(scores) or 'scores'} · {count(len(scores['seeds']), 'seed')} · "
                      f"{content['id'][:8]}", 120)


def _score_name(scores: Mapping[str, Any]) -> str:
    metric = metric_name(scores["metric"]) if scores["metric"] else "score"
    gain = f"gain over {plain_text(scores['gain_over'], 30).replace('_', ' ')}, " if scores[
        "gain_over"] else ""
    return f"{gain}{metric} on {plain_text(scores['split'], 20) or 'the target'}"


def _origin(scores: Mapping[str, Any]) -> str:
    return _KINDS.get(scores["kind"]) or f"imported scores {plain_text(scores['name'], 60)}"


def _permutations(content: Mapping[str, Any]) -> int:
    return content["permutations"]["count"]


def _permuted(content: Mapping[str, Any]) -> str:
    return f"{_permutations(content):,} permutations of the languages"


def _highest(measure: Mapping[str, Any]) -> Mapping[str, Any] | None:
    return next((one for one in measure["layers"] if one["layer"] == measure["best_layer"]), None)


def _mark(content: Mapping[str, Any]) -> str:
    return (f"{_score_name(content['scores'])}, {_origin(content['scores'])}; "
            f"study {content['study']['signature']}; finding {content['id']}")


def _between(found: Mapping[str, Any]) -> str:
    interval = found["interval"]
    return f" (95% interval {between(interval)})" if interval else ""


def _interval_cell(found: Mapping[str, Any]) -> str:
    interval = found["interval"]
    return between(interval) if interval else "–"


def _p_cell(p: float | None) -> str:
    return p_words(p).removeprefix("p ").removeprefix("= ")


def _round(value: float | None, digits: int = 3) -> float | None:
    return None if value is None else round(value, digits)


def _points(value: float | None) -> float | None:
    return None if value is None else round(100 * value, 2)
