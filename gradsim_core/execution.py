"""Execution: trials mapped over processes of this machine, or over a cluster.

Conventions
-----------
Where is said by the place around the call (see `backends`). A trial writes its own result into the
store; what is there already is never computed again, so that a cut-off run goes on where it was.

Each worker computes with its share of the cores, and ends when whoever began it is gone, however
that ended. The share depends on the machine and on the workers asked for, never on how many trials
are left: the last bits of a sum depend on the threads that take it, and a run that is cut off ends
with the scores of one that is not. As many threads give the same scores on every backend.
"""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from typing import Any

from gradsim_core.backends import BACKENDS, WorkerDied, local, place_here
from gradsim_core.backends.capacity import Room, room_made, workers_that_fit
from gradsim_core.backends.torchrun import run_joint_in_group, torchrun_group
from gradsim_core.errors import RunError, choice
from gradsim_core.prepared import Prepared, study_record
from gradsim_core.progress import Observer, silent
from gradsim_core.storage.store import Store
from gradsim_core.tasks import adapt_task, train_task
from gradsim_core.trials import Trial, is_trained, load_trial

__all__ = ["BACKENDS", "WorkerDied", "local", "run_joint", "run_trials", "train_task",
           "workers_that_fit"]

_TRIES = 3
"""Times in a row that workers may die before any trial ends."""


def run_trials(prepared: Prepared, store: Store, trials: Sequence[Trial], observe: Observer, *,
               beside: Sequence[Trial] = (), workers: int | None = None, threads: int | None = None,
               backend: str | None = None) -> None:
    """Train all trials that the store does not have yet.

    Parameters
    ----------
    prepared : the study with its data
    trials : in any order; repeats are trained once
    observe : is told stages and progress; a step is one example, and what is there counts as done
    beside : other trials of the same work, trained before or later; they count in progress alone
    workers : processes at a time; None: as many as cores and memory allow
    threads : of each worker; None: its share of the cores, one for `tiny-bytes`
    backend : a name in BACKENDS; None: the place's

    Raises
    ------
    RunError
        If workers keep dying, the data are no longer what they were, or the cluster cannot be
        worked with.
    GradSimError
        What a trial raises; those that ended before it are kept.
    """
    backend = backend or place_here().backend
    if backend not in BACKENDS:
        raise RunError(choice("Backend", backend, BACKENDS))
    record = study_record(prepared)
    asked = list(dict.fromkeys(trials))
    missing = [trial for trial in asked if load_trial(store, record, trial) is None]
    if not missing:
        return
    missing.sort(key=_cost, reverse=True)
    with room_made(prepared, store, backend, workers, threads) as room:
        _train(prepared, store, asked, missing, beside, room, observe)


def run_joint(prepared: Prepared, store: Store, observe: Observer, threads: int | None = None,
              checkpoint_every_s: float = 20.0, workers: int | None = None) -> None:
    """Run a study's joint trial at the place: in this process, or with its languages dealt out.

    They are dealt to the workers of a cluster, or to the processes that torchrun started.

    Parameters
    ----------
    threads, checkpoint_every_s : as in `joint.run_joint_trial`; threads of each worker
    workers : of a cluster, that the languages are dealt to; None: all that it has room for
    """
    if place_here().backend == "ray":
        from gradsim_core.backends.shard_group import run_joint_on_ray

        with room_made(prepared, store, "ray", workers, threads) as room:
            run_joint_on_ray(prepared, store, observe, room.workers, room.threads, room.proof,
                             checkpoint_every_s)
        return
    if group := torchrun_group():
        run_joint_in_group(prepared, store, observe, threads, checkpoint_every_s, *group)
        return
    from gradsim_core.training.joint import run_joint_trial

    run_joint_trial(prepared, store, observe, threads, checkpoint_every_s)


def _train(prepared: Prepared, store: Store, asked: Sequence[Trial], missing: list[Trial],
           beside: Sequence[Trial], room: Room, observe: Observer) -> None:
    record = study_record(prepared)
    workers = min(room.workers, len(missing))
    others = [trial for trial in dict.fromkeys(beside) if trial not in set(asked)]
    total = sum(map(_cost, (*asked, *others)))
    done = before = total - sum(map(_cost, missing)) - sum(
        _cost(trial) for trial in others if not is_trained(store, record, trial))
    _adapt(prepared, store, missing, _beside(observe, done, total), room)
    count = f"{len(missing)} model{'s' * (len(missing) > 1)}"
    observe({"kind": "stage", "message": f"Training {count}, {workers} at a time"})
    began = time.monotonic()
    with closing(_mapped(prepared, store, missing, workers, room, observe)) as ended:
        for trial in ended:
            done += _cost(trial)
            left_s = (time.monotonic() - began) / (done - before) * (total - done)
            observe({"kind": "progress", "step": done, "steps": total, "eta_s": round(left_s, 1)})


def _cost(trial: Trial) -> int:
    return len(trial.languages) * trial.budget.examples


def _mapped(prepared: Prepared, store: Store, trials: list[Trial], workers: int, room: Room,
            observe: Observer) -> Generator[Trial, None, None]:
    """Each trial once it is in the store; workers that die are replaced while trials end."""
    if workers == 1 and not room.proof:
        yield from _one_by_one(prepared, store, trials, room.threads)
        return
    left, record, deaths = list(trials), study_record(prepared), 0
    study = prepared.study.model_dump_json()
    while left:
        asked = list(left)
        try:
            for at, _ in room.backend(train_task, [
                    (study, prepared.signature, str(store.root), trial, room.threads, room.proof)
                    for trial in asked], workers, room.threads):
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
    from gradsim_core.training.trial import run_trial, study_texts

    texts = study_texts(prepared)
    for trial in trials:
        run_trial(prepared, texts, store, trial, silent, threads)
        yield trial


def _adapt(prepared: Prepared, store: Store, trials: Sequence[Trial], observe: Observer,
           room: Room) -> None:
    """Make what several trials start from before they start."""
    for budget in dict.fromkeys(trial.budget for trial in trials):
        if not budget.adaptation_steps:
            continue
        if room.proof:
            observe({"kind": "stage", "message": "Adapting the encoder"})
            task = (prepared.study.model_dump_json(), prepared.signature, str(store.root), budget,
                    room.threads, room.proof)
            list(room.backend(adapt_task, [task], 1, room.threads))
        else:
            from gradsim_core.training.adaptation import adapted_weights

            adapted_weights(prepared, store, budget.adaptation_steps, budget.batch_size, observe,
                            room.threads)


def _beside(observe: Observer, done: int, total: int) -> Observer:
    """Tell of what comes before the trials in words: progress is the trials', and never falls."""
    def told(event: dict[str, Any]) -> None:
        if event["kind"] == "progress":
            event = {"kind": "progress", "step": done, "steps": total, "eta_s": event["eta_s"],
                     "message": f"Adapting the encoder, step {event['step']} of {event['steps']}"}
        observe(event)

    return told
