"""Topic or language? What cells that share a language have in common, and cells that share a topic.

Every language of a study is split by the topic of its rows (see `data.topic_languages`), one joint
run learns from all the cells at once, and their gradients' similarity is read block by block: of
cells of one language on different topics, of cells of different languages on one topic, and of
cells that share neither.

Conventions
-----------
The similarity is read as the study's own is, but *centred* where that is raw. What all cells have
in common (the task, and how far training has come) makes up most of a raw cosine, and more of it
in some blocks than in others; so a raw difference shrinks where the common part is large, and
blocks could not be compared. Centred, zero is the mean over all cells, in every block. How the
answer would change with the reading stands beside it, for all layers: other corrections, and
other points of the training.

A difference between blocks could come from one block being noisier. So where the data's halves
agree well, a similarity that is free of noise stands beside the one as read (see
`cell_comparison`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from gradsim_core.data import PRESETS
from gradsim_core.data.topic_languages import MINIMUM, cell_of
from gradsim_core.errors import StudyError
from gradsim_core.execution import run_joint
from gradsim_core.findings.record import (
    finding_head,
    plan_id,
    save_finding,
    save_plan,
)
from gradsim_core.findings.topics.cell_comparison import compared, other_readings
from gradsim_core.findings.topics.topic_or_language_words import (
    crossover,
    method_sentences,
    verdict,
)
from gradsim_core.prepared import Prepared, prepare, study_record
from gradsim_core.progress import Observer
from gradsim_core.results import GRAMS, SCORES, load_results
from gradsim_core.similarities.gram import GramSeries
from gradsim_core.storage.store import Store
from gradsim_core.study import Study
from gradsim_core.study_text import study_from

KIND = "topic-or-language"


class TopicOrLanguagePlan(BaseModel):
    """How the cells are trained and compared."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    steps: int | None = Field(None, ge=1, le=1_000_000,
                              description="Optimizer steps; left out: the study's.")
    batch_size: int = Field(8, ge=2, le=65_536, multiple_of=2,
                            description="Rows a cell and step.")
    score_rows: int = Field(10, ge=1, description="At most this many rows a cell of dev, and of "
                            "test: scores play no part here.")
    reading: Literal["cosine_of_mean", "mean_cosine"] = Field(
        "cosine_of_mean", description="Of summed gradients (cosine_of_mean), or averaged over "
        "steps (mean_cosine).")
    correction: Literal["centred", "raw", "noise_corrected", "all_but_top"] | None = Field(
        None, description="Relative to all cells (centred), that without its leading direction "
        "(all_but_top), free of noise cell by cell (noise_corrected), or the cosine as it is "
        "(raw); left out: the study's own, but centred where that is raw.")
    snapshot: int = Field(-1, description="Point of the training to read at: 0 is the first "
                          "snapshot, -1 the last.")
    permutations: int = Field(9_999, ge=99, le=1_000_000,
                              description="Permutations of labels, for each p.")
    seed: int = Field(0, ge=0, lt=2**31, description="Of the permutations.")

    @property
    def id(self) -> str:
        """Its name: the first 16 digits of a SHA-256 of all of it."""
        return plan_id(self)


def cell_study(study: Study, plan: TopicOrLanguagePlan) -> Study:
    """The study by topic that a plan trains."""
    steps = plan.steps or study.steps
    return study_from({
        **study.model_dump(), "by_topic": True, "steps": steps, "batch_size": plan.batch_size,
        "snapshots": min(study.snapshots, steps), "score_rows": plan.score_rows,
        "name": f"{study.name or study.source}, by topic"[:200]})


def run_topic_or_language(prepared: Prepared, store: Store, plan: TopicOrLanguagePlan,
                          observe: Observer, *, workers: int | None = None,
                          threads: int | None = None) -> dict[str, Any]:
    """Train on the cells of a study, compare language with topic, and keep what was found.

    Parameters
    ----------
    prepared : a study, finished or not; its data must have topics
    plan : how the cells are trained and compared
    observe : is told stages and progress
    workers : not needed: one model is trained
    threads : of torch; None means one for a small model, else torch's choice

    Returns
    -------
    dict
        The content, as it is kept beside the study.

    Raises
    ------
    DataError
        If the data has no topics, or too few rows of them.
    RunError, StudyError
        If the joint run fails, or too few languages are left.
    """
    save_plan(store, prepared.signature, plan)
    observe({"kind": "stage", "message": "Splitting languages by topic"})
    cells = prepare(cell_study(prepared.study, plan))
    name = cells.signature
    if not (store.exists(name, SCORES) and store.read_tensors(name, GRAMS)):
        run_joint(cells, store, lambda event: observe(_not_done(event)), threads)
    results = load_results(store, name)
    observe({"kind": "stage", "message": "Comparing language with topic"})
    content = topic_or_language(study_record(prepared), cells, results.series, plan)
    save_finding(store, prepared.signature, KIND, plan.id, content)
    observe({"kind": "done", "message": content["verdict"]})
    return content


def _not_done(event: dict[str, Any]) -> dict[str, Any]:
    """The end of the joint run is not the end of the experiment."""
    return {**event, "kind": "stage"} if event["kind"] == "done" else event


def topic_or_language(record: Mapping[str, Any], cells: Prepared, series: GramSeries,
                      plan: TopicOrLanguagePlan) -> dict[str, Any]:
    """Compare language with topic, as content; reads and writes nothing.

    Parameters
    ----------
    record : of the study that was split (study.json)
    cells : the study by topic
    series : its Grams
    """
    topics = {cell_of(code)[1]: cells.corpus.split(code, "train").topics[0]
              for code in cells.sources}
    languages = list(dict.fromkeys(cell_of(code)[0] for code in cells.sources))
    lost = {cell_of(code)[0]: f"{code}: {reason}" for code, reason in series.invalid.items()}
    codes = [[f"{language}.{topic}" for topic in topics]
             for language in languages if language not in lost]
    if len(codes) < 2:
        raise StudyError(f"Fewer than two languages are left of {', '.join(languages[:10])}: "
                         f"{'; '.join(lost.values())[:150]}. Lower learning_rate, or take others.")
    kept = [cell_of(row[0])[0] for row in codes]
    content = finding_head(record, KIND, plan, kept)
    content["left_out"] = _left_out(record, kept, lost)
    content["by_topic"] = {"signature": cells.signature, "steps": cells.study.steps,
                           "batch_size": cells.study.batch_size, "notes": list(cells.corpus.notes)}
    content["topics"] = list(topics.values())
    content["cells"] = [{"code": code, "language": cell_of(code)[0],
                         "topic": topics[cell_of(code)[1]],
                         "rows": len(cells.corpus.split(code, "train"))}
                        for row in codes for code in row]
    correction = plan.correction or own_correction(cells.study)
    content |= compared(series, codes, plan, correction)
    content["reading"] = {"reading": plan.reading, "correction": correction,
                          "step": series.snapshots[plan.snapshot]}
    content["readings"] = other_readings(series, codes, plan, correction)
    content["crossover"] = crossover(content["blocks"])
    content["method"] = method_sentences(content)
    return {**content, "verdict": verdict(content)}


def _left_out(record: Mapping[str, Any], kept: list[str],
              lost: Mapping[str, str]) -> list[dict[str, str]]:
    few = f"with it, cells would keep fewer than {MINIMUM} training rows"
    return [{"code": one["code"], "name": one["name"], "reason": lost.get(one["code"], few)}
            for one in record["languages"] if one["code"] not in kept]


def own_correction(study: Study) -> str:
    """How a study's similarities are read unless asked otherwise; centred for raw."""
    preset = PRESETS.get(study.source)
    return preset.correction if preset and preset.correction != "raw" else "centred"
