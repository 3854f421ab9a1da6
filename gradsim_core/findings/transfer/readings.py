"""Which reading of the gradients is best? Every choice that the paper leaves open, tried.

All combinations of the choices are held against transfer, on the same permutations: so p is
corrected for having looked at all of them. Because the best of hundreds flatters itself, a reading
is also chosen on one half of the languages and scored on the other, over many random halves, beside
readings that were fixed beforehand. And each choice is looked at with everything else equal.

Conventions
-----------
Readings are those of `reading_stack`; one that has fewer than half of the pairs is told as
undefined and takes no part. The sibling study, whose gradients are scaled as Adam scales them,
trains the same joint model on the same data; transfer is that of the study itself. ``step`` is
where a snapshot was taken.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from gradsim_core.decisions.decision import Reading
from gradsim_core.errors import DataError
from gradsim_core.execution import run_trials
from gradsim_core.findings.plans import ReadingsPlan
from gradsim_core.findings.record import (
    finding_head,
    number,
    numbers,
    pair,
    save_finding,
    save_plan,
)
from gradsim_core.findings.siblings import adam_sibling, with_joint_run
from gradsim_core.findings.transfer.choosing import (
    FEWEST_LANGUAGES,
    Choice,
    choice_by_halves,
    effects,
)
from gradsim_core.findings.transfer.reading_stack import FACTORS, ReadAs, all_readings
from gradsim_core.findings.transfer.readings_words import method_sentences, verdict
from gradsim_core.findings.transfer.transfer_table import (
    check_enough,
    needed_trials,
    not_compared,
    table_facts,
    transfer_table,
    with_caution,
)
from gradsim_core.prepared import Prepared
from gradsim_core.progress import Observer
from gradsim_core.results import Results, load_results
from gradsim_core.scores.tables import Scores, mean_scores
from gradsim_core.similarities.gram import GramSeries
from gradsim_core.statistics.association import Associations, associate_all
from gradsim_core.storage.store import Store

KIND = "readings"
FEWEST_COVERED = 0.5
_PLAIN = {"preconditioner": "none", "reading": "cosine_of_mean", "correction": "raw",
          "blocks": "layers", "snapshot": "last"}
_OFTEN = 10


def run_readings(prepared: Prepared, store: Store, plan: ReadingsPlan, observe: Observer, *,
                 workers: int | None = None, threads: int | None = None) -> dict[str, Any]:
    """Compute what is missing, compare all readings, and keep the finding beside the study.

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
        If there are too few languages to rank, or a run fails; what was trained is kept.
    """
    results = load_results(store, prepared.signature)
    check_enough(results.record, plan)
    save_plan(store, prepared.signature, plan)
    run_trials(prepared, store, needed_trials(results.record, plan), observe, workers=workers,
               threads=threads)
    series: dict[str, GramSeries] = {prepared.study.preconditioner: results.series}
    if plan.adam:
        other = adam_sibling(prepared)
        series[other.study.preconditioner] = with_joint_run(other, store, observe, threads).series
    table = transfer_table(store, results.record, plan)
    content = with_caution(compared_readings(results, series, table, plan, observe), table,
                           prepared)
    save_finding(store, prepared.signature, KIND, plan.id, content)
    observe({"kind": "done", "message": content["verdict"]})
    return content


def compared_readings(results: Results, series: Mapping[str, GramSeries], table: Scores,
                      plan: ReadingsPlan,
                      observe: Observer = lambda event: None) -> dict[str, Any]:
    """Compare all readings, as content; reads and writes nothing.

    Parameters
    ----------
    results : of the study
    series : preconditioner -> Grams
    table : square, of the languages that are compared
    """
    transfer = mean_scores(table).copy()
    np.fill_diagonal(transfer, np.nan)
    readings, stack = all_readings(series, table.targets)
    n_cells = len(transfer) * (len(transfer) - 1)
    coverage = np.isfinite(stack).sum(axis=(1, 2)) / n_cells
    kept = np.flatnonzero(coverage >= FEWEST_COVERED)
    if not len(kept):
        raise DataError("No reading of the gradients is defined for half of the pairs, so there is "
                        "nothing to compare. Look at the reliabilities with `gradsim similarity`.")
    observe({"kind": "stage", "message": f"Comparing {len(kept)} readings"})
    some, cut = [readings[at] for at in kept], stack[kept]
    draws: dict[str, Any] = {"permutations": plan.permutations, "seed": plan.seed}
    ranked, pooled = (associate_all(cut, transfer, **draws),
                      associate_all(cut, transfer, "pearson", adjust="target", **draws))
    observe({"kind": "stage", "message": "Choosing on half of the languages"})
    fixed = _fixed(some, results)
    choice = choice_by_halves(cut, transfer, fixed, halvings=plan.halvings, seed=plan.seed)
    order = np.argsort(-np.where(np.isfinite(ranked.values), ranked.values, -np.inf),
                       kind="stable")
    content = {
        **finding_head(results.record, KIND, plan, table.targets),
        "left_out": not_compared(results.record, table),
        "scores": table_facts(table, results.record, plan), "transfer": numbers(transfer),
        "factors": {factor: list(dict.fromkeys(one.level(factor) for one in readings))
                    for factor in FACTORS},
        "readings": [{**_names(some[at]), "coverage": number(coverage[kept[at]]),
                      "target_spearman": _found(ranked, at), "pooled": _found(pooled, at)}
                     for at in order],
        "undefined": [{**_names(readings[at]), "coverage": number(coverage[at])}
                      for at in np.flatnonzero(coverage < FEWEST_COVERED)],
        "fixed": [{"name": name, "rank": int(np.flatnonzero(order == at)[0]) + 1,
                   **_names(some[at]), "target_spearman": _found(ranked, at),
                   "pooled": _found(pooled, at)} for name, at in fixed.items()],
        "effects": _effects(some, cut, transfer),
        "choice": None if choice is None else _choice(choice, some, plan),
        "fewest_languages": FEWEST_LANGUAGES,
        "permutations": {"count": ranked.permutations, "exact": ranked.exact}}
    return {**content, "verdict": verdict(content), "method": method_sentences(content)}


def _names(one: ReadAs) -> dict[str, Any]:
    return {**{factor: one.level(factor) for factor in FACTORS}, "step": one.step}


def _found(found: Associations, at: int) -> dict[str, Any]:
    return {"value": number(found.values[at]), "interval": pair(found.intervals[at]),
            "p": number(found.p[at]), "p_corrected": number(found.p_corrected[at])}


def _fixed(readings: Sequence[ReadAs], results: Results) -> dict[str, int]:
    """Readings that nobody chose here: the study's default, and plain cosines; position by name."""
    usual = Reading()
    own = {**_PLAIN, "preconditioner": results.record["study"].get("preconditioner", "none"),
           "reading": usual.reading, "blocks": usual.blocks,
           "correction": usual.correction or results.default_correction}
    place = {tuple(one.level(factor) for factor in FACTORS): at for at, one in enumerate(readings)}
    found = {name: place.get(tuple(levels[factor] for factor in FACTORS))
             for name, levels in (("default", own), ("plain", _PLAIN))}
    return {name: at for name, at in found.items() if at is not None}


def _effects(readings: Sequence[ReadAs], stack: np.ndarray,
             transfer: np.ndarray) -> list[dict[str, Any]]:
    levels = [{factor: one.level(factor) for factor in FACTORS} for one in readings]
    found = effects(levels, _PLAIN, stack, transfer)
    return [{"factor": one.factor, "level": one.level, "reference": one.reference,
             "mean": number(one.mean), "n": one.n,
             "difference": None if one.level == one.reference else {
                 "value": number(one.difference), "interval": pair(one.interval)}}
            for one in found]


def _choice(found: Choice, readings: Sequence[ReadAs], plan: ReadingsPlan) -> dict[str, Any]:
    """What choosing was worth, as JSON; spreads are over halvings, which share languages."""
    times = np.bincount(found.chosen, minlength=len(readings))
    often = np.argsort(-times, kind="stable")[:_OFTEN]
    return {
        "halvings": plan.halvings, "choices": len(found.chosen),
        "scored": _spread(found.scored), "looked": _spread(found.looked),
        "fixed": {name: _spread(values) for name, values in found.fixed.items()},
        "ahead_of": {name: _spread(found.scored - values) for name, values in found.fixed.items()},
        "often": [{**_names(readings[at]), "share": float(times[at] / times.sum())}
                  for at in often if times[at]],
        "levels": {factor: {level: float(np.mean([
            readings[at].level(factor) == level for at in found.chosen]))
            for level in dict.fromkeys(one.level(factor) for one in readings)}
            for factor in FACTORS}}


def _spread(values: np.ndarray) -> dict[str, float | None]:
    """Mean, and the range that holds nine halvings of ten."""
    defined = values[np.isfinite(values)]
    if not len(defined):
        return {"mean": None, "low": None, "high": None}
    low, high = np.quantile(defined, [0.05, 0.95])
    return {"mean": float(defined.mean()), "low": float(low), "high": float(high)}
