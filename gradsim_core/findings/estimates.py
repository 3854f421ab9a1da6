"""What a finding takes, before it starts: models to train and seconds.

Conventions
-----------
Seconds are those of training (see `experiments.runs`). Measures and statistics, which take seconds
to a minute once the models are there, are not in them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from gradsim_core.experiments.runs import estimate_trials
from gradsim_core.findings.plans import ReadingsPlan, TransferSettings
from gradsim_core.findings.siblings import sibling_signature
from gradsim_core.findings.topics.topic_or_language import TopicOrLanguagePlan, cell_study
from gradsim_core.findings.transfer.transfer_table import check_enough, needed_trials
from gradsim_core.prepared import prepare
from gradsim_core.results import SCORES, Results, load_results
from gradsim_core.storage.store import Store
from gradsim_core.study import Study


def estimate_transfer(store: Store, signature: str, plan: TransferSettings,
                      workers: int | None = None, threads: int | None = None) -> dict[str, Any]:
    """Estimate the models that the scores to be predicted take.

    Returns
    -------
    dict
        "models" to train, "cached", "examples", "seconds", "workers", "place".
    """
    results = load_results(store, signature)
    check_enough(results.record, plan)
    return estimate_trials(store, results, needed_trials(results.record, plan), workers, threads)


def estimate_nothing(store: Store, signature: str, plan: Any,
                     workers: int | None = None, threads: int | None = None) -> dict[str, Any]:
    """Of a finding that trains nothing."""
    return estimate_trials(store, load_results(store, signature), [], workers, threads)


def estimate_readings(store: Store, signature: str, plan: ReadingsPlan,
                      workers: int | None = None, threads: int | None = None) -> dict[str, Any]:
    """Estimate the scores' models and the second joint run, which takes as long as the first."""
    found = estimate_transfer(store, signature, plan, workers, threads)
    results = load_results(store, signature)
    study = Study.model_validate(results.record["study"])
    if not plan.adam or store.exists(sibling_signature(study, results.record), SCORES):
        return found
    return _with_joint_run(found, results, study, len(results.record["sources"]))


def estimate_topic_or_language(store: Store, signature: str, plan: TopicOrLanguagePlan,
                               workers: int | None = None,
                               threads: int | None = None) -> dict[str, Any]:
    """Estimate the joint run on the cells of language and topic."""
    found, results = estimate_nothing(store, signature, plan), load_results(store, signature)
    cells = prepare(cell_study(Study.model_validate(results.record["study"]), plan))
    if store.exists(cells.signature, SCORES):
        return {**found, "cached": 1}
    return _with_joint_run(found, results, cells.study, len(cells.sources))


def _with_joint_run(found: dict[str, Any], results: Results, study: Study,
                    n_sources: int) -> dict[str, Any]:
    """An estimate with one more joint run, at what an example of the study's own took."""
    record = results.record
    own = record["study"]["steps"] * record["study"]["batch_size"] * len(record["sources"])
    examples = study.steps * study.batch_size * n_sources
    return {**found, "models": found["models"] + 1, "examples": found["examples"] + examples,
            "seconds": round(found["seconds"]
                             + results.facts["train_seconds"] * examples / own, 1)}


ESTIMATES: Mapping[str, Callable[..., dict[str, Any]]] = {
    "measures": estimate_transfer, "topic-or-language": estimate_topic_or_language,
    "lower-or-higher": estimate_nothing, "readings": estimate_readings}
