"""Experiments as runs: what one would train, what that would take, and how it is started.

Conventions
-----------
An estimate counts the trials that the store lacks. Its seconds are those that this study's joint
run, or better its finished trials, took for an example, shared among the workers; what the machine
does besides is not in it. Groups that depend on results which are not there yet (`oracle`, the
best K of several) are counted as if they were the first strategy's; of a finished experiment
they are known.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from typing import Any

from gradsim_core.backends.capacity import HERE, expected_workers
from gradsim_core.experiments.candidate import Candidate
from gradsim_core.experiments.candidates import gradient_options
from gradsim_core.experiments.experiment import expected_groups, measures_of
from gradsim_core.experiments.plans import Plan
from gradsim_core.experiments.record import load_experiment, save_plan
from gradsim_core.measuring.measured import load_measures
from gradsim_core.results import Results, load_results
from gradsim_core.runs import Run, submit_run
from gradsim_core.storage.store import Store
from gradsim_core.study import Study
from gradsim_core.trials import Trial, is_trained, load_trial, trial_of

_MOST_READ = 20
_FORWARD_SHARE = 0.4
"""Scoring a row costs about this share of training on it."""


def submit_experiment(store: Store, signature: str, plan: Plan,
                      workers: int | None = None, threads: int | None = None) -> Run:
    """Queue an experiment on a finished study; its plan is kept beside the study.

    Raises
    ------
    RunError
        If the same experiment is queued or under way.
    """
    save_plan(store, signature, plan)
    argv = [sys.executable, "-m", "gradsim_core", "experiment", "groups", signature,
            "--plan", plan.id, "--cache", str(store.root)]
    for option, number in (("--workers", workers), ("--threads", threads)):
        if number:
            argv += [option, str(number)]
    return submit_run(store, signature, "experiment", argv, key=experiment_key(signature, plan),
                      title=experiment_title(plan))


def experiment_title(plan: Plan) -> str:
    """What a list of runs calls it."""
    return f"{plan.strategies[0].replace('_', ' ')}, {plan.seeds} seed{'s' * (plan.seeds != 1)}"


def experiment_key(signature: str, plan: Plan) -> str:
    """What runs once at a time: this plan on this study."""
    return f"{signature}/experiment/{plan.id}"


def estimate_experiment(store: Store, signature: str, plan: Plan, workers: int | None = None,
                        threads: int | None = None) -> dict[str, Any]:
    """Estimate what an experiment takes, before it starts.

    Returns
    -------
    dict
        "models": trials to train; "cached": trials that are there; "examples": of those to train;
        "seconds": of wall time; "workers"; "place": whose workers these are, in words.
    """
    results = load_results(store, signature)
    study = Study.model_validate(results.record["study"])
    budget = plan.budget(study)
    options = gradient_options(results, plan)
    finished = load_experiment(store, signature, plan.id)
    measures = load_measures(store, signature) if measures_of(plan) else {}
    groups = (expected_groups(results, plan, options, measures) if finished is None
              else _trained_groups(finished, plan, options))
    trials = dict.fromkeys(trial_of(group, seed, budget) for group, n_seeds in groups
                           for seed in plan.seed_numbers(study)[:n_seeds])
    return estimate_trials(store, results, list(trials), workers, threads)


def _trained_groups(finished: dict[str, Any], plan: Plan,
                    options: Sequence[Candidate]) -> list[tuple[Sequence[str], int]]:
    """The groups that a finished experiment was made from, with their seeds' number."""
    groups = [group for strategy in finished["strategies"] for group in strategy["groups"] or ()]
    groups += [group for drawn in (finished["random"] or {"groupings": ()})["groupings"]
               for group in drawn]
    return ([(group, 1) for one in options for group in one.groups]
            + [(group, plan.seeds) for group in groups])


def estimate_trials(store: Store, results: Results, trials: Sequence[Trial],
                    workers: int | None = None, threads: int | None = None) -> dict[str, Any]:
    """Estimate what training some trials takes; keys as of `estimate_experiment`."""
    missing = [one for one in trials if not is_trained(store, results.record, one)]
    done = [one for one in trials if one not in set(missing)]
    most, place = expected_workers(Study.model_validate(results.record["study"]), workers,
                                   threads) if missing else (1, HERE)
    workers = min(max(1, len(missing)), most)
    examples = sum(len(one.languages) * one.budget.examples for one in missing)
    per_example, per_scoring = _measured(store, results, done)
    seconds = (examples * per_example + len(missing) * per_scoring) / workers
    return {"models": len(missing), "cached": len(done), "examples": examples,
            "seconds": round(seconds, 1), "workers": workers, "place": place}


def _measured(store: Store, results: Results, done: Iterable[Trial]) -> tuple[float, float]:
    """Seconds an example of training, and seconds to score one model on every language."""
    own = [one for trial in list(done)[:_MOST_READ]
           if (one := load_trial(store, results.record, trial)) is not None
           and "train_seconds" in one["facts"]]
    if own:
        facts = [one["facts"] for one in own]
        trained = sum(one["train_seconds"] for one in facts)
        scored = sum(one["seconds"] for one in facts) - trained
        return trained / sum(one["examples"] for one in facts), scored / len(facts)
    study, record = results.record["study"], results.record
    per_example = results.facts["train_seconds"] / (
        study["steps"] * study["batch_size"] * len(record["sources"]))
    n_scored = sum(rows["dev"] + rows["test"] for rows in record["rows"].values())
    return per_example, n_scored * per_example * _FORWARD_SHARE
