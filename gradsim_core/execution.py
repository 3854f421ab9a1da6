"""Execution: trials mapped over processes of this machine.

Conventions
-----------
A *backend* maps a function over tasks and gives (number of the task, result) in the order in which
they end; callers know no more of it, so that a cluster can stand in for this machine. Function,
tasks and results travel as bytes in memory. A trial writes its own result into the store; what is
there already is never computed again, so that a cut-off run goes on where it was.

Each worker computes with its share of the cores, and ends when the process that began it is gone,
however that ended.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

import psutil

from gradsim_core.errors import RunError, choice
from gradsim_core.fingerprints import TINY_BYTES, model_folder
from gradsim_core.prepared import Prepared, prepare, study_record
from gradsim_core.store import Store
from gradsim_core.study import Study
from gradsim_core.trials import Observer, Trial, load_trial

Backend = Callable[[Callable[..., Any], Sequence[tuple], int, int], Iterator[tuple[int, Any]]]

_COPIES = 4
"""Weights, gradients and two moments."""

_WORKING_BYTES = 1_200_000_000
"""What a worker needs besides: the libraries, the data, activations."""

_TRIES = 3


def run_trials(prepared: Prepared, store: Store, trials: Sequence[Trial], observe: Observer, *,
               workers: int | None = None, threads: int | None = None,
               backend: str = "local") -> None:
    """Train all trials that the store does not have yet.

    Parameters
    ----------
    prepared : the study with its data
    trials : in any order; repeats are trained once
    observe : is told stages and progress; a step is one example
    workers : processes at a time; None: as many as cores and memory allow
    threads : of each worker; None: its share of the cores
    backend : a name in BACKENDS

    Raises
    ------
    RunError
        If workers keep dying, or the data are no longer what they were.
    GradSimError
        What a trial raises; those that ended before it are kept.
    """
    if backend not in BACKENDS:
        raise RunError(choice("Backend", backend, BACKENDS))
    record = study_record(prepared)
    missing = [trial for trial in dict.fromkeys(trials)
               if load_trial(store, record, trial) is None]
    if not missing:
        return
    missing.sort(key=lambda trial: -len(trial.languages) * trial.budget.examples)
    workers = min(len(missing), workers or workers_that_fit(prepared.study))
    threads = threads or max(1, _cores() // workers)
    _adapt(prepared, store, missing, observe, threads)
    count = f"{len(missing)} model{'s' * (len(missing) > 1)}"
    observe({"kind": "stage", "message": f"Training {count}, {workers} at a time"})
    done, total, began = 0, sum(map(_cost, missing)), time.monotonic()
    for trial in _mapped(prepared, store, missing, workers, threads, BACKENDS[backend], observe):
        done += _cost(trial)
        left = (time.monotonic() - began) / done * (total - done)
        observe({"kind": "progress", "step": done, "steps": total, "eta_s": round(left, 1)})


def _cost(trial: Trial) -> int:
    return len(trial.languages) * trial.budget.examples


def _mapped(prepared: Prepared, store: Store, trials: list[Trial], workers: int, threads: int,
            backend: Backend, observe: Observer) -> Iterator[Trial]:
    """Each trial once it is in the store; workers that die are replaced, twice."""
    if workers == 1:
        yield from _one_by_one(prepared, store, trials, threads, observe)
        return
    left = dict(enumerate(trials))
    study = prepared.study.model_dump_json()
    for attempt in range(_TRIES):
        tasks = [(study, prepared.signature, str(store.root), trial, threads)
                 for trial in left.values()]
        numbers = list(left)
        try:
            for at, _ in backend(train_task, tasks, workers, threads):
                yield left.pop(numbers[at])
        except WorkerDied:
            if attempt == _TRIES - 1:
                raise RunError(f"Worker processes keep dying ({len(left)} trials are left); the "
                               "machine may lack memory. Run it again with fewer workers: what is "
                               "trained is kept.") from None
            observe({"kind": "note", "message": "A worker process died; its trial is repeated"})
        if not left:
            return


def _one_by_one(prepared: Prepared, store: Store, trials: list[Trial], threads: int,
                observe: Observer) -> Iterator[Trial]:
    from gradsim_core.trial import run_trial, study_texts

    texts = study_texts(prepared)
    for trial in trials:
        run_trial(prepared, texts, store, trial, lambda event: None, threads)
        yield trial


def train_task(study: str, signature: str, root: str, trial: Trial,
               threads: int) -> None:
    """Train one trial of a study (as JSON) in a worker; runs there."""
    from gradsim_core.trial import run_trial

    end_with_parent()
    prepared, texts = _prepared_here(study, signature)
    run_trial(prepared, texts, Store(root), trial, lambda event: None, threads)


@lru_cache(maxsize=1)
def _prepared_here(study: str, signature: str) -> tuple[Prepared, Any]:
    """The study's data, read and tokenized once a worker."""
    from gradsim_core.trial import study_texts

    prepared = prepare(Study.model_validate_json(study))
    if prepared.signature != signature:
        raise RunError(f"The data or the model of study {signature} are no longer what they were: "
                       f"they now make study {prepared.signature}. Run that one.")
    return prepared, study_texts(prepared)


@lru_cache(maxsize=1)
def end_with_parent() -> None:
    """End this process soon after the one that began it."""
    parent = os.getppid()

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(0.5)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def workers_that_fit(study: Study) -> int:
    """Workers that cores and free memory have room for, at least one."""
    n_bytes = 0 if study.model == TINY_BYTES else sum(
        path.stat().st_size for path in
        model_folder(study.model, study.model_revision).glob("*.safetensors"))
    room = psutil.virtual_memory().available // (_WORKING_BYTES + _COPIES * n_bytes)
    return int(max(1, min(_cores(), room)))


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else (
        os.cpu_count() or 1)


def _adapt(prepared: Prepared, store: Store, trials: Sequence[Trial], observe: Observer,
           threads: int) -> None:
    """Make what several trials start from before they start."""
    for budget in dict.fromkeys(trial.budget for trial in trials):
        if budget.adaptation_steps:
            from gradsim_core.adaptation import adapted_weights

            adapted_weights(prepared, store, budget.adaptation_steps, budget.batch_size, observe,
                            threads)


class WorkerDied(Exception):
    """A worker process of a backend ended without a result."""


def local(function: Callable[..., Any], tasks: Sequence[tuple], workers: int,
          threads: int) -> Iterator[tuple[int, Any]]:
    """Map over processes of this machine (joblib's loky)."""
    from joblib import Parallel, delayed, parallel_config
    from joblib.externals.loky.process_executor import BrokenProcessPool

    def numbered(number: int, task: tuple) -> tuple[int, Any]:
        return number, function(*task)

    with parallel_config("loky", inner_max_num_threads=threads):
        pool = Parallel(n_jobs=workers, return_as="generator_unordered", batch_size=1,
                        pre_dispatch=2 * workers, max_nbytes=None)
        try:
            yield from pool(delayed(numbered)(number, task) for number, task in enumerate(tasks))
        except BrokenProcessPool:  # joblib's TerminatedWorkerError is one
            raise WorkerDied from None


BACKENDS: Mapping[str, Backend] = {"local": local}
