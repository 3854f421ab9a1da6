"""Which measure predicts transfer? Every similarity of the languages against the same scores.

Conventions
-----------
Measures and scores are of the same languages, sources in rows, targets in columns. The headline is
the mean over targets of Spearman's correlation between how near the other languages are and what
their models score on the target: it asks for the order of a target's sources, and nothing else. All
choices are fixed beforehand and stated in the content's ``method``; what is undefined is null.

Measures are ranked by it, those that lack most pairs after the others: of few pairs another
correlation can be high. ``behind_first`` is the leader's headline minus the measure's, over the
pairs that both have. Controls of the ``incremental`` value are `CONTROLS`; family and geographic
stand in where typology is not there, and no measure is its own control.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from gradsim_core.errors import StudyError, choice
from gradsim_core.execution import run_trials
from gradsim_core.findings.plans import MeasuresPlan
from gradsim_core.findings.record import (
    finding_head,
    number,
    numbers,
    pair,
    save_finding,
    save_plan,
)
from gradsim_core.findings.transfer.measures_words import method_sentences, verdict
from gradsim_core.findings.transfer.several_studies import combined_measures, other_contents
from gradsim_core.findings.transfer.transfer_table import (
    check_enough,
    needed_trials,
    not_compared,
    table_facts,
    transfer_table,
    with_caution,
)
from gradsim_core.measures import MEASURES, Measure
from gradsim_core.measuring.kept import imported_measures, left_out_measures
from gradsim_core.measuring.measured import study_measures
from gradsim_core.prepared import Prepared
from gradsim_core.progress import Observer
from gradsim_core.results import load_results
from gradsim_core.scores.tables import Scores, mean_scores
from gradsim_core.statistics.association import Association, associate, associate_all, difference
from gradsim_core.statistics.ceiling import ceiling
from gradsim_core.statistics.incremental import incremental_value
from gradsim_core.statistics.ranking import TargetRanking, rank_targets
from gradsim_core.storage.store import Store

KIND = "measures"
TYPOLOGY = ("typology.featural", "typology.genetic")
CONTROLS = ("distribution.size", "lexical.ngrams", *TYPOLOGY)
STAND_INS = ("family", "geographic")
_RANKED = ("spearman", "kendall", "ndcg3", "regret1")
FEWEST_COVERED = 0.5
"""Share of the pairs that a measure must have to lead, or to be a control."""


def run_measures(prepared: Prepared, store: Store, plan: MeasuresPlan, observe: Observer, *,
                 workers: int | None = None, threads: int | None = None) -> dict[str, Any]:
    """Train what the scores lack, rank the measures, and keep the finding beside the study.

    Parameters
    ----------
    prepared : a study whose joint run is finished
    observe : is told stages and progress
    workers, threads : as in `execution.run_trials`

    Returns
    -------
    dict
        The content, as it is kept.

    Raises
    ------
    GradSimError
        If there are too few languages to rank, a trial fails, or a measure is not known.
    """
    record = load_results(store, prepared.signature).record
    check_enough(record, plan)
    _check_names(plan.measures, [*MEASURES, *imported_measures(store, prepared.signature)])
    others = other_contents(store, prepared.signature, plan.beside)
    save_plan(store, prepared.signature, plan)
    run_trials(prepared, store, needed_trials(record, plan), observe, workers=workers,
               threads=threads)
    observe({"kind": "stage", "message": "Collecting the measures"})
    wanted = list(dict.fromkeys((*plan.measures, *CONTROLS, *STAND_INS))) if plan.measures else None
    found = study_measures(prepared, store, wanted, observe)
    missing = {name: why for name, why in left_out_measures(store, prepared.signature).items()
               if not plan.measures or name in plan.measures}
    if not set(found).intersection(plan.measures or found):
        raise StudyError("None of the measures asked for can be had: " + "; ".join(
            f"{name}: {why}" for name, why in missing.items())[:400])
    table = transfer_table(store, record, plan)
    content = with_caution(ranked_measures(record, table, found, plan, observe), table, prepared)
    content["not_measured"] = [{"name": name, "title": MEASURES.get(name, name), "reason": why}
                               for name, why in missing.items()]
    if others:
        content["combined"] = combined_measures([content, *others], seed=plan.seed,
                                                permutations=plan.permutations)
    save_finding(store, prepared.signature, KIND, plan.id, content)
    observe({"kind": "done", "message": content["verdict"]})
    return content


def ranked_measures(record: Mapping[str, Any], table: Scores, measures: Mapping[str, Measure],
                    plan: MeasuresPlan, observe: Observer = lambda event: None) -> dict[str, Any]:
    """Rank measures by how they predict a table, as content; reads and writes nothing.

    Parameters
    ----------
    record : the study's record
    table : square, of the languages that are compared
    measures : name -> measure; those that the plan does not ask for serve as controls alone
    """
    codes, transfer = table.targets, _off_diagonal(mean_scores(table))
    known = {name: one.among(codes) for name, one in measures.items()}
    names = [name for name in known if not plan.measures or name in plan.measures]
    stack = np.stack([known[name].values for name in names])
    found = associate_all(stack, transfer, permutations=plan.permutations, seed=plan.seed)
    order = sorted(range(len(names)), key=lambda at: (
        not np.isfinite(found.values[at]), known[names[at]].coverage < FEWEST_COVERED,
        -found.values[at]))
    leader = known[names[order[0]]] if np.isfinite(found.values[order[0]]) else None
    ranked = []
    for at in order:
        one = known[names[at]]
        observe({"kind": "stage", "message": f"Comparing {one.title}"})
        headline = {"value": number(found.values[at]), "interval": pair(found.intervals[at]),
                    "p": number(found.p[at]), "p_corrected": number(found.p_corrected[at])}
        ranked.append(_measure(one, headline, leader, known, transfer, table.values, codes, plan))
    content = {**finding_head(record, KIND, plan, codes), "left_out": not_compared(record, table),
               "scores": table_facts(table, record, plan), "transfer": numbers(transfer),
               "measures": ranked,
               "permutations": {"count": found.permutations, "exact": found.exact}}
    return {**content, "verdict": verdict(content), "method": method_sentences(content)}


def _check_names(names: Sequence[str], known: Sequence[str]) -> None:
    """Refuse a measure that there is not, before anything is trained."""
    for name in names:
        if name not in known:
            raise StudyError(f"--measures: {choice('Measure', name[:60], known)}")


def _off_diagonal(matrix: np.ndarray) -> np.ndarray:
    """What a language scores on itself is no transfer."""
    found = matrix.copy()
    np.fill_diagonal(found, np.nan)
    return found


def _measure(one: Measure, headline: dict[str, Any], leader: Measure | None,
             known: Mapping[str, Measure], transfer: np.ndarray, seeds: np.ndarray,
             codes: Sequence[str], plan: MeasuresPlan) -> dict[str, Any]:
    """Everything about one measure."""
    ranking = rank_targets(one.values, transfer)
    draws: dict[str, Any] = {"permutations": plan.permutations, "seed": plan.seed}
    layers = _layers(one, transfer, plan)
    defined = [layer for layer in layers if layer["value"] is not None]
    return {
        "name": one.name, "title": one.title, "source": one.source, "note": one.note,
        "directed": one.directed, "coverage": number(one.coverage), "values": numbers(one.values),
        "per_target": [_target(code, target) for code, target in zip(codes, ranking, strict=True)],
        "mean": {key: _mean([getattr(target, key) for target in ranking]) for key in _RANKED},
        "target_spearman": headline,
        "pooled": {
            "pearson": _pooled(associate(one.values, transfer, "pearson", adjust="target",
                                         **draws)),
            "spearman": _pooled(associate(one.values, transfer, "spearman", adjust="target",
                                          **draws)),
            "both": _pooled(associate(one.values, transfer, "pearson", adjust="both", **draws))},
        "ceiling": _ceiling(one, seeds, headline["value"]),
        "incremental": _incremental(one, known, transfer, plan),
        "behind_first": _behind(one, leader, transfer),
        "layers": layers,
        "best_layer": max(defined, key=lambda layer: layer["value"])["layer"] if defined else None}


def _behind(one: Measure, leader: Measure | None, transfer: np.ndarray) -> dict[str, Any] | None:
    if leader is None or one is leader:
        return None
    ahead = difference(leader.values, one.values, transfer)
    if not np.isfinite(ahead.value):
        return None
    return {"value": ahead.value, "interval": pair(ahead.interval)}


def _target(code: str, ranking: TargetRanking) -> dict[str, Any]:
    return {"code": code, **{key: number(getattr(ranking, key)) for key in _RANKED},
            "n": ranking.n}


def _mean(values: Sequence[float]) -> float | None:
    defined = [value for value in values if np.isfinite(value)]
    return float(np.mean(defined)) if defined else None


def _pooled(found: Association) -> dict[str, Any]:
    return {"value": number(found.value), "interval": pair(found.interval), "p": number(found.p)}


def _layers(one: Measure, transfer: np.ndarray, plan: MeasuresPlan) -> list[dict[str, Any]]:
    if one.by_layer is None or not one.layers:
        return []
    found = associate_all(one.by_layer, transfer, permutations=plan.permutations, seed=plan.seed)
    return [{"layer": name, "value": number(found.values[at]),
             "interval": pair(found.intervals[at]), "p": number(found.p[at]),
             "p_corrected": number(found.p_corrected[at])} for at, name in enumerate(one.layers)]


def _ceiling(one: Measure, seeds: np.ndarray, value: float | None) -> dict[str, Any]:
    found = ceiling(one.halves, seeds, "target_spearman")
    most = number(found.value)
    return {"similarity": number(found.similarity_reliability),
            "transfer": number(found.transfer_reliability), "value": most,
            "share": value / most if most and most > 0 and value is not None else None}


def control_names(name: str, known: Mapping[str, Measure]) -> tuple[str, ...]:
    """What a measure's own contribution is reckoned beyond: none of its own kind."""
    covered = {other for other, one in known.items() if one.coverage >= FEWEST_COVERED}
    chosen = [other for other in CONTROLS if other in covered]
    if not covered.intersection(TYPOLOGY):
        chosen += [other for other in STAND_INS if other in covered]
    kind = name.partition(".")[0]
    return tuple(other for other in chosen if other.partition(".")[0] != kind)


def _incremental(one: Measure, known: Mapping[str, Measure], transfer: np.ndarray,
                 plan: MeasuresPlan) -> dict[str, Any] | None:
    controls = control_names(one.name, known)
    if not controls:
        return None
    found = incremental_value(one.values, {name: known[name].values for name in controls},
                              transfer, adjust="target", permutations=plan.permutations,
                              seed=plan.seed)
    if not np.isfinite(found.gain):
        return None
    return {"controls": list(found.controls), "interval": pair(found.interval),
            "n_pairs": found.n_pairs, "n_languages": found.n_languages,
            **{key: number(getattr(found, key))
               for key in ("error_controls", "error_both", "gain", "beta", "p")}}
