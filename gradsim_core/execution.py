"""Execution: trials mapped over processes of this machine.

Conventions
-----------
A *backend* maps a function over tasks and gives (number of the task, result) in the order in which
they end; callers know no more of it, so that a cluster can stand in for this machine. Function,
tasks and results travel as bytes in memory. A trial writes its own result into the store; what is
there already is never computed again, so that a cut-off run goes on where it was.

Each worker computes with its share of the cores, and ends when the process that began it is gone,
however that ended. The share depends on the machine and on the workers asked for, never on how many
trials are left: the last bits of a sum depend on the threads that take it, and a run that is cut
off ends with the scores of one that is not.
"""

from __future__ import annotations

import os
import threading
import time
import warnings
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import closing
from functools import lru_cache
from typing import Any

import psutil

from gradsim_core.errors import RunError, choice
from gradsim_core.fingerprints import TINY_BYTES, model_folder
from gradsim_core.prepared import Prepared, prepare, study_record
from gradsim_core.progress import Observer
from gradsim_core.store import Store
from gradsim_core.study import Study
from gradsim_core.trials import Trial, is_trained, load_trial

Backend = Callable[[Callable[..., Any], Sequence[tuple], int, int], Iterator[tuple[int, Any]]]

_COPIES = 4
"""Weights, gradients and two moments."""

_WORKING_BYTES = 1_200_000_000
"""What a worker needs besides: the libraries, the data, activations."""

_TRIES = 3
"""Times in a row that workers may die before any trial ends."""

_LOOK_S = 0.5


def run_trials(prepared: Prepared, store: Store, trials: Sequence[Trial], observe: Observer, *,
               beside: Sequence[Trial] = (), workers: int | None = None, threads: int | None = None,
               backend: str = "local") -> None:
    """Train all trials that the store does not have yet.

    Parameters
    ----------
    prepared : the study with its data
    trials : in any order; repeats are trained once
    observe : is told stages and progress; a step is one example, and what is there counts as done
    beside : other trials of the same work, trained before or later; they count in progress alone
    workers : processes at a time; None: as many as cores and memory allow
    threads : of each worker; None: its share of the cores, one for `tiny-bytes`
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
    asked = list(dict.fromkeys(trials))
    missing = [trial for trial in asked if load_trial(store, record, trial) is None]
    if not missing:
        return
    missing.sort(key=_cost, reverse=True)
    workers = workers or workers_that_fit(prepared.study)
    threads = threads or _share(prepared.study, workers)
    workers = min(workers, len(missing))
    others = [trial for trial in dict.fromkeys(beside) if trial not in set(asked)]
    total = sum(map(_cost, (*asked, *others)))
    done = before = total - sum(map(_cost, missing)) - sum(
        _cost(trial) for trial in others if not is_trained(store, record, trial))
    _adapt(prepared, store, missing, _beside(observe, done, total), threads)
    count = f"{len(missing)} model{'s' * (len(missing) > 1)}"
    observe({"kind": "stage", "message": f"Training {count}, {workers} at a time"})
    began = time.monotonic()
    with closing(_mapped(prepared, store, missing, workers, threads, BACKENDS[backend],
                         observe)) as ended:
        for trial in ended:
            done += _cost(trial)
            left_s = (time.monotonic() - began) / (done - before) * (total - done)
            observe({"kind": "progress", "step": done, "steps": total, "eta_s": round(left_s, 1)})


def _cost(trial: Trial) -> int:
    return len(trial.languages) * trial.budget.examples


def _mapped(prepared: Prepared, store: Store, trials: list[Trial], workers: int, threads: int,
            backend: Backend, observe: Observer) -> Generator[Trial, None, None]:
    """Each trial once it is in the store; workers that die are replaced while trials end."""
    if workers == 1:
        yield from _one_by_one(prepared, store, trials, threads)
        return
    left, record, deaths = list(trials), study_record(prepared), 0
    study = prepared.study.model_dump_json()
    while left:
        asked = list(left)
        try:
            for at, _ in backend(train_task, [(study, prepared.signature, str(store.root), trial,
                                               threads) for trial in asked], workers, threads):
                left.remove(asked[at])
                deaths = 0
                yield asked[at]
        except WorkerDied:
            deaths += 1
            for trial in [one for one in left if load_trial(store, record, one) is not None]:
                left.remove(trial)  # its end was not told any more
                deaths = 0
                yield trial
            if deaths == _TRIES:
                raise RunError(f"Worker processes keep dying ({len(left)} trials are left); the "
                               "machine may lack memory. Run it again with fewer workers: what is "
                               "trained is kept.") from None
            if left:
                observe({"kind": "note",
                         "message": "A worker process died; its trial is repeated"})


def _one_by_one(prepared: Prepared, store: Store, trials: list[Trial],
                threads: int) -> Iterator[Trial]:
    from gradsim_core.trial import run_trial, study_texts

    texts = study_texts(prepared)
    for trial in trials:
        run_trial(prepared, texts, store, trial, lambda event: None, threads)
        yield trial


def train_task(study: str, signature: str, root: str, trial: Trial,
               threads: int) -> None:
    """Train one trial of a study (as JSON) in a worker; runs there."""
    from gradsim_core.trial import run_trial

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


def end_with_parent(parent: int) -> None:
    """End this process soon after the one that began it, whose process id is given."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(_LOOK_S)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def workers_that_fit(study: Study) -> int:
    """Workers that cores and free memory have room for, at least one."""
    n_bytes = 0 if study.model == TINY_BYTES else sum(
        path.stat().st_size for path in
        model_folder(study.model, study.model_revision).glob("*.safetensors"))
    room = psutil.virtual_memory().available // (_WORKING_BYTES + _COPIES * n_bytes)
    return int(max(1, min(_cores(), room)))


def _share(study: Study, workers: int) -> int:
    """Threads of each worker; more than one would only slow the smallest model down."""
    return 1 if study.model == TINY_BYTES else max(1, _cores() // workers)


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


def _beside(observe: Observer, done: int, total: int) -> Observer:
    """Tell of what comes before the trials in words: progress is the trials', and never falls."""
    def told(event: dict[str, Any]) -> None:
        if event["kind"] == "progress":
            event = {"kind": "progress", "step": done, "steps": total, "eta_s": event["eta_s"],
                     "message": f"Adapting the encoder, step {event['step']} of {event['steps']}"}
        observe(event)

    return told


class WorkerDied(Exception):
    """A worker process of a backend ended without a result."""


def local(function: Callable[..., Any], tasks: Sequence[tuple], workers: int,
          threads: int) -> Iterator[tuple[int, Any]]:
    """Map over processes of this machine (joblib's loky)."""
    from joblib import Parallel, delayed, parallel_config
    from joblib.externals.loky.process_executor import BrokenProcessPool

    def numbered(number: int, task: tuple) -> tuple[int, Any]:
        return number, function(*task)

    # a worker that has grown is replaced between two tasks: nothing that a user need know
    warnings.filterwarnings("ignore", "A worker stopped while some jobs", UserWarning)
    with parallel_config("loky", inner_max_num_threads=threads, initializer=end_with_parent,
                         initargs=(os.getpid(),)):
        pool = Parallel(n_jobs=workers, return_as="generator_unordered", batch_size=1,
                        pre_dispatch=2 * workers, max_nbytes=None)
        try:
            yield from pool(delayed(numbered)(number, task) for number, task in enumerate(tasks))
        except BrokenProcessPool:  # joblib's TerminatedWorkerError is one
            raise WorkerDied from None


BACKENDS: Mapping[str, Backend] = {"local": local}
