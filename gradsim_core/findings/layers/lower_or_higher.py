"""Lower or higher layers: what explains how alike the languages' gradients are, block by block?

Lower blocks are said to follow the language, higher ones the task. So every block's similarity is
explained by two sides: *linguistic* measures (typology, family, script) and measures of the *task*
(how labels and topics are distributed). The trend is a number with an interval and a p, not an
impression of a chart.

Conventions
-----------
Blocks are in depth order. A side's ``r2`` is its general dominance, the part of the R² of both
sides that falls to it when they are let in in either order; ``share`` is that part less what
permuted labels give it on average, so that a side with more measures gains nothing by their number
and a share can be slightly negative. Both are fractions of the block's variance; ``total_r2`` is
that of both sides, chance included. Intervals end where a part of R² would be less than nothing or
more than all. The trend runs over the encoder's blocks, evenly spaced from
depth 0 to depth 1: its slope is what linguistic minus task share gains from the first block to the
last. The head is shown and stands outside it. A layer is one block; ``modules`` has its parts.

Choices
-------
*Geography is left out*: it is no property of a language, and what contact has made alike shows in
the typology; ``--linguistic`` takes it in. *Measures and similarity are doubly centred*: a language
that is unlike all others in every respect would otherwise count as L - 1 pairs for whatever else is
odd about it; what is left says who is near whom beyond how near each is to everyone. *One number a
side for typology*: all features together, because three tables that say much the same cost degrees
of freedom that a dozen languages do not have.

Source: general dominance after Budescu 1993 (*Psychol. Bull.* 114) and Azen and Budescu 2003
(*Psychol. Methods* 8); the question after Wang et al. 2023 (arXiv 2310.15269), procedure unknown.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, field_validator

from gradsim_core.decisions.decision import Reading
from gradsim_core.errors import StudyError
from gradsim_core.findings.layers.block_similarities import read_blocks
from gradsim_core.findings.layers.lower_or_higher_words import method_sentences, verdict
from gradsim_core.findings.layers.predictors import Predictors, describe, usable_predictors
from gradsim_core.findings.record import (
    finding_head,
    number,
    pair,
    plan_id,
    save_finding,
    save_plan,
)
from gradsim_core.measures import MEASURES, Measure
from gradsim_core.measuring.kept import left_out_measures
from gradsim_core.measuring.measured import study_measures
from gradsim_core.prepared import Prepared
from gradsim_core.progress import Observer
from gradsim_core.results import Results, load_results
from gradsim_core.similarities.gram import Similarity
from gradsim_core.statistics.dominance import (
    BlockPart,
    Dominance,
    dominance,
    dominance_by_depth,
)
from gradsim_core.statistics.jackknife import FEWEST_LANGUAGES
from gradsim_core.storage.store import Store

KIND = "lower-or-higher"
SIDES = ("linguistic", "task")
HEAD = "head"
_NOTHING = {"share": None, "r2": None, "interval": None, "p": None}


class LowerOrHigherPlan(BaseModel):
    """What explains the similarity of every block, and how sure that is made."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    linguistic: tuple[str, ...] = Field(
        ("typology.featural", "family", "distribution.script"),
        description="Measures of the languages.")
    task: tuple[str, ...] = Field(("distribution.labels", "topic"),
                                  description="Measures of the task and its data.")
    reading: str = Field("cosine_of_mean", description="Of summed gradients (cosine_of_mean), or "
                         "averaged over steps (mean_cosine).")
    correction: str | None = Field(None, description="As for a similarity: raw, noise_corrected, "
                                   "centred, all_but_top; left out: the study's own.")
    snapshot: int = Field(-1, description="Point of the training to read at: 0 is the first "
                          "snapshot, -1 the last.")
    centred: bool = Field(True, description="Take out of similarity and measures what a language "
                          "has in common with all others.")
    permutations: int = Field(9_999, ge=99, le=1_000_000,
                              description="Permutations of language labels, for each p.")
    seed: int = Field(0, ge=0, description="Of the permutations.")

    @field_validator("linguistic", "task", mode="before")
    @classmethod
    def _split(cls, value: Any) -> Any:
        return tuple(filter(None, (part.strip() for part in value.split(",")))) if isinstance(
            value, str) else value

    @field_validator("task")
    @classmethod
    def _on_one_side(cls, value: tuple[str, ...], info: Any) -> tuple[str, ...]:
        names = (*info.data.get("linguistic", ()), *value)
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"{', '.join(twice)}: name each measure once, on one side")
        return value

    @property
    def id(self) -> str:
        """Its name: the same question has the same."""
        return plan_id(self)


def run_lower_or_higher(prepared: Prepared, store: Store, plan: LowerOrHigherPlan,
                        observe: Observer, *, workers: int | None = None,
                        threads: int | None = None) -> dict[str, Any]:
    """Find what explains each block's similarity, and keep it beside the study.

    Parameters
    ----------
    prepared : a study whose joint run is finished
    observe : is told stages and progress
    workers, threads : not needed: no model is trained

    Returns
    -------
    dict
        The content, as it is kept.

    Raises
    ------
    GradSimError
        If there are no results, or fewer than five languages can be compared.
    """
    save_plan(store, prepared.signature, plan)
    results = load_results(store, prepared.signature)
    observe({"kind": "stage", "message": "Collecting the measures"})
    measures = study_measures(prepared, store, [*plan.linguistic, *plan.task], observe)
    observe({"kind": "stage", "message": "Explaining the blocks"})
    content = lower_or_higher(results, measures, plan,
                              left_out_measures(store, prepared.signature))
    save_finding(store, prepared.signature, KIND, plan.id, content)
    observe({"kind": "done", "message": content["verdict"]})
    return content


def lower_or_higher(results: Results, measures: Mapping[str, Measure], plan: LowerOrHigherPlan,
                    absent: Mapping[str, str] | None = None) -> dict[str, Any]:
    """What explains each block's similarity, as content; reads and writes nothing.

    Parameters
    ----------
    measures, absent : name -> measure, or why the plan's cannot be had
    """
    read = read_blocks(results, Reading(reading=plan.reading, correction=plan.correction,
                                        snapshot=plan.snapshot))
    codes = [code for code in results.series.languages if code not in read.undefined]
    chosen = usable_predictors(measures, {side: getattr(plan, side) for side in SIDES}, codes,
                               centred=plan.centred, absent=absent)
    if len(chosen.codes) < FEWEST_LANGUAGES:
        raise StudyError(
            f"Only {len(chosen.codes)} languages of study {results.signature} have a similarity in "
            f"every block and a value of every measure, but what explains it takes at least "
            f"{FEWEST_LANGUAGES}. Add languages, or name other measures with --linguistic and "
            "--task.")
    content = {**_head(results, measures, plan, chosen, read.one),
               "left_out": _left_out(results, read.undefined, chosen, measures),
               **_explained(read.stack(chosen.codes, centred=plan.centred), list(read.blocks),
                            chosen, plan)}
    parts = [{"module": name, **_explained(read.stack(
        chosen.codes, centred=plan.centred, module=name), list(blocks), chosen, plan)}
        for name, blocks in read.modules.items()]
    content |= {"modules": parts} if parts else {}
    return {**content, "method": method_sentences(content), "verdict": verdict(content)}


def _explained(stack: np.ndarray, blocks: Sequence[str], chosen: Predictors,
               plan: LowerOrHigherPlan) -> dict[str, Any]:
    """What each side explains of every block, and the trend over the encoder's."""
    full = [side for side in SIDES if chosen.sides[side]]
    asked: dict[str, Any] = {"permutations": plan.permutations, "seed": plan.seed}
    inside = [at for at, block in enumerate(blocks) if block != HEAD]
    trend: dict[str, Any] = {"blocks": [blocks[at] for at in inside], "slope": None,
                             "interval": None, "p": None}
    if not full:
        return {"blocks": [{"block": block, **dict.fromkeys(SIDES, _NOTHING), "total_r2": None}
                           for block in blocks], "trend": trend, "permutations": None}
    sides = {side: chosen.sides[side] for side in full}
    found: dict[int, Dominance] = {}
    if len(full) == len(SIDES) and len(inside) > 1:
        profile = dominance_by_depth(stack[inside], sides, **asked)
        found = dict(zip(inside, profile.by_layer, strict=True))
        trend |= {"slope": number(profile.trend.slope), "interval": pair(profile.trend.interval),
                  "p": number(profile.trend.p)}
    rows = [_row(block, found[at] if at in found else dominance(stack[at], sides, **asked))
            for at, block in enumerate(blocks)]
    return {"blocks": [row for row, _ in rows], "trend": trend, "permutations": rows[0][1]}


def _row(block: str, found: Dominance) -> tuple[dict[str, Any], int]:
    """A block's line of the content, and the label orders behind it."""
    parts = {part.name: part for part in found.blocks}
    return {"block": block, **{side: _part(parts[side]) if side in parts else _NOTHING
                               for side in SIDES},
            "total_r2": number(found.r2)}, found.permutations


def _part(part: BlockPart) -> dict[str, Any]:
    chance, interval = part.r2 - part.adjusted, part.interval
    if interval is not None:
        low, high = -chance, 1 - chance
        interval = min(max(interval[0], low), high), max(min(interval[1], high), low)
    return {"share": number(part.adjusted), "r2": number(part.r2), "interval": pair(interval),
            "p": number(part.p)}


def _head(results: Results, measures: Mapping[str, Measure], plan: LowerOrHigherPlan,
          chosen: Predictors, read: Similarity) -> dict[str, Any]:
    side_of = {name: side for side in SIDES for name in getattr(plan, side)}
    return {
        **finding_head(results.record, KIND, plan, chosen.codes),
        "reading": {"reading": read.reading, "correction": read.correction, "step": read.step},
        "n_pairs": _n_pairs(chosen),
        "predictors": {side: list(names) for side, names in chosen.sides.items()},
        "measures": {name: describe(measures[name], chosen.codes)
                     for names in chosen.sides.values() for name in names},
        "unused": [{"name": name, "side": side_of[name], "reason": reason}
                   for name, reason in chosen.unused.items()],
        "titles": {name: measures[name].title if name in measures else MEASURES.get(name, name)
                   for name in side_of}}


def _n_pairs(chosen: Predictors) -> int:
    found = [matrix for side in chosen.sides.values() for matrix in side.values()]
    n = len(chosen.codes)
    return int(np.isfinite(found[0]).sum()) // 2 if found else n * (n - 1) // 2


def _left_out(results: Results, undefined: Mapping[str, str], chosen: Predictors,
              measures: Mapping[str, Measure]) -> list[dict[str, str]]:
    reasons = {**{code: f"too few of its pairs are known to {measures[name].title}"
                  for code, name in chosen.unknown.items()}, **undefined}
    for code in results.record["rows"]:
        if code not in results.series.languages:
            reasons[code] = "it has no training rows"
    return [{"code": code, "name": results.names[code], "reason": reasons[code]}
            for code in results.record["rows"] if code in reasons]
