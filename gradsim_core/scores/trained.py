"""Score tables of a study, put together from the trials that have been trained.

Conventions
-----------
Sources are the languages that can be trained on, targets those with rows in the split, both in
the order of the study's record. A trial that has not been trained leaves NaN.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from gradsim_core.errors import StoreError, StudyError, choice
from gradsim_core.prepared import RECORD
from gradsim_core.scores.tables import MONOLINGUAL, Scores
from gradsim_core.storage.store import Store
from gradsim_core.trials import Budget, load_trial, trial_of

SCORED_SPLITS = ("dev", "test")

Record = Mapping[str, Any]


def load_record(store: Store, signature: str) -> dict[str, Any]:
    """Read a study's record.

    Raises
    ------
    StoreError
        If there is no such study.
    """
    record = store.read_json(signature, RECORD)
    if record is None:
        raise StoreError(f"Study {signature!r} is not in the cache. `gradsim list` shows those "
                         "there are.")
    return record


def transfer_scores(store: Store, record: dict[str, Any], budget: Budget, seeds: Sequence[int],
                    split: str = "test", metric: str | None = None) -> Scores:
    """What a model trained on each language alone scores on every language.

    Parameters
    ----------
    record : the study's record (study.json)
    seeds : of the trials
    metric : the study's own if left out

    Returns
    -------
    Scores
        All sources of the study x all its targets; NaN in the row of a trial not trained yet.

    Raises
    ------
    StudyError
        If the split or the metric is not one that is scored.
    """
    sources, targets = tuple(record["sources"]), scored_targets(record, split)
    metric = metric or record["metric"]
    values = np.array([[_row(store, record, [code], seed, budget, split, metric, targets)
                        for code in sources] for seed in seeds])
    return _scores(record, budget, split, metric, sources, targets, seeds, values,
                   "one language a model")


def pair_gains(store: Store, record: dict[str, Any], budget: Budget, seeds: Sequence[int],
               split: str = "test", metric: str | None = None) -> Scores:
    """What each language gains when another one is trained with it.

    Returns
    -------
    Scores
        Source m, target l: the score on l of the trial {l, m} minus that of the trial {l}; 0
        where both are the same, NaN where either trial has not been trained yet. Targets are the
        sources that have rows in the split.

    Raises
    ------
    StudyError
        If the split or the metric is not one that is scored.
    """
    sources = tuple(record["sources"])
    targets = tuple(code for code in scored_targets(record, split) if code in sources)
    metric = metric or record["metric"]
    values = np.full((len(seeds), len(sources), len(targets)), np.nan)
    for number, seed in enumerate(seeds):
        together = np.array([[[np.nan] * len(targets)] * len(sources)] * len(sources))
        for i, first in enumerate(sources):
            for j, second in enumerate(sources[:i + 1]):
                together[i, j] = together[j, i] = _row(
                    store, record, [first, second], seed, budget, split, metric, targets)
        for column, target in enumerate(targets):
            own = sources.index(target)
            values[number, :, column] = together[own, :, column] - together[own, own, column]
    return _scores(record, budget, split, metric, sources, targets, seeds, values,
                   "two languages a model", MONOLINGUAL)


def all_languages_scores(store: Store, record: dict[str, Any], budget: Budget,
                         seeds: Sequence[int], split: str = "test", metric: str | None = None,
                         targets: Sequence[str] | None = None) -> np.ndarray:
    """What one model of all languages scores on each target.

    Parameters
    ----------
    targets : codes to score; those of `scored_targets` if left out

    Returns
    -------
    np.ndarray
        (n_seeds, n_targets) float64; NaN where not trained yet.

    Raises
    ------
    StudyError
        If the split or the metric is not one that is scored.
    """
    targets = scored_targets(record, split) if targets is None else tuple(targets)
    return np.array([_row(store, record, record["sources"], seed, budget, split,
                          metric or record["metric"], targets) for seed in seeds])


def scored_targets(record: Record, split: str) -> tuple[str, ...]:
    """The languages that a trial of the study is scored on in a split."""
    if split not in SCORED_SPLITS:
        raise StudyError(choice("Split", split[:60], SCORED_SPLITS))
    return tuple(one["code"] for one in record["languages"] if record["rows"][one["code"]][split])


def _row(store: Store, record: dict[str, Any], languages: Sequence[str], seed: int,
         budget: Budget, split: str, metric: str, targets: tuple[str, ...]) -> np.ndarray:
    """One trial's scores on the targets: (n_targets,); NaN where it has none."""
    trial = load_trial(store, record, trial_of(languages, seed, budget))
    if trial is None:
        return np.full(len(targets), np.nan)
    found: dict[str, dict[str, float]] = trial["scores"].get(split, {})
    known = {name for one in found.values() for name in one}
    if known and metric not in known:
        raise StudyError(choice("Metric", metric[:60], known))
    return np.array([found.get(code, {}).get(metric, np.nan) for code in targets])


def _scores(record: Record, budget: Budget, split: str, metric: str, sources: tuple[str, ...],
            targets: tuple[str, ...], seeds: Sequence[int], values: np.ndarray, what: str,
            gain_over: str = "") -> Scores:
    origin = (f"study {record['signature']}, {what}, {budget.steps:,} steps of "
              f"{budget.batch_size} rows a language")
    if budget.patience:
        origin += f", patience {budget.patience}"
    if budget.adaptation_steps:
        origin += f", {budget.adaptation_steps:,} steps of adaptation"
    shape = (len(seeds), len(sources), len(targets))
    return Scores(sources, targets, metric, split, tuple(seeds), values.reshape(shape), origin,
                  gain_over)
