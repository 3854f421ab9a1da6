"""Kill -9 a run, its workers and its supervisor at random moments, and compare what comes out.

A real study, or an experiment on a finished one, is queued as the dashboard would queue it. Its
process, one of its worker processes, the supervisor, or two of them are killed at random moments
after a start, and nobody but a supervisor starts the run again. When it is done, what it leaves is
compared, byte for byte, with what an undisturbed run leaves: a study's Grams and scores, or an
experiment with all its trials, but for the times that were measured. Then the next run begins from
nothing, until there were enough kills. At every look there must be one process of the run at most
(else it is *double*), and none at the end (*orphans*); no file of a writer that is gone may stay,
nor what its workers shared in memory (*strays*).

A run that is killed three times in a row without getting further is given up, as it should be, and
so are workers. So after some such kills the next one waits until the run has got further.

The test suite kills a study a few times; experiments, which take longer, are killed by hand:

    python tests/kill_runs.py --kills 30 --supervisor-kills 10 --seed 0
    python tests/kill_runs.py --kind experiment --kills 30 --worker-kills 10 --supervisor-kills 10
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ["HF_HUB_OFFLINE"] = "1"

import psutil
from result_cases import MORE_WORDS, bytes_of, experiment_of, write_data
from run_cases import end_all, supervisors_of

from gradsim_core.experiments.plans import Plan
from gradsim_core.experiments.runs import submit_experiment
from gradsim_core.prepared import prepare
from gradsim_core.runs import STUDY, ensure_supervisor, find_run, submit_run
from gradsim_core.runs.attending import MARK
from gradsim_core.runs.processes import marked_processes
from gradsim_core.runs.table import Run
from gradsim_core.storage.store import Store
from gradsim_core.study import Study
from gradsim_core.study_text import study_from, study_yaml

SETTINGS = {"steps": 400, "snapshots": 80, "batch_size": 2}
SHORT = {"steps": 30, "snapshots": 5, "batch_size": 2}
PLAN = {"strategies": ("gradient", "monolingual", "all_languages", "random", "oracle"),
        "seeds": 2, "draws": 3, "rule": {"k": 2}}
OPTIONS = ("--threads", "1", "--checkpoint-every", "0")
LONGEST_S = 600.0
PATIENCE = {"worker": 1}  # kills in a row without progress; workers are given up one kill earlier
USUAL_PATIENCE = 2  # the supervisor gives up after one more
WORKER = "popen_loky"  # in the command of a worker process
SHARED = Path("/dev/shm")
FAULTS = ("failed", "different", "torn", "strays", "double", "orphans")


@dataclass(frozen=True)
class Work:
    """What is killed: how it is queued in an empty store, and what of it must be the same."""

    queued: Callable[[Store], Run]
    outcome: Callable[[Store], dict[str, bytes]]


@dataclass
class Tally:
    """What was seen: how often, and the ids of the run's processes."""

    count: Counter[str] = field(default_factory=Counter)
    leaders: set[int] = field(default_factory=set)


def study_work(root: Path) -> Work:
    """A study that takes a checkpoint after every step."""
    study = study_from({**SETTINGS, "data": str(write_data(root / "data")), "task": "sequence"})
    name = prepare(study).signature
    return Work(lambda store: queued_study(store, study, name), lambda store: bytes_of(store, name))


def experiment_work(root: Path) -> Work:
    """An experiment with two workers, on a study that is finished."""
    study = study_from({**SHORT, "data": str(write_data(root / "data", MORE_WORDS)),
                        "task": "sequence"})
    name, plan, ready = prepare(study).signature, Plan.model_validate(PLAN), Store(root / "ready")
    if ended(ready, queued_study(ready, study, name), Tally()).state != "done":
        raise RuntimeError("the study of the experiment was not finished")
    end_all(ready)

    def queued(store: Store) -> Run:
        shutil.copytree(ready.root / name, store.root / name)
        return submit_experiment(store, name, plan, workers=2)

    return Work(queued, lambda store: experiment_of(store, name, plan.id))


def queued_study(store: Store, study: Study, name: str) -> Run:
    """The study's run, queued as one in the background is."""
    store.write_text(name, "study.yaml", study_yaml(study))
    command = [sys.executable, "-m", "gradsim_core", "run",
               str(store.path(name, "study.yaml")), *OPTIONS, "--cache", str(store.root)]
    return submit_run(store, name, STUDY, command)


WORKS = {"study": study_work, "experiment": experiment_work}


def look(store: Store, run: Run, tally: Tally) -> Run:
    """The run as it is now, after counting its processes; a supervisor lives from here on."""
    ensure_supervisor(store)
    leaders = set()
    for process in marked_processes(MARK, run.id):
        with suppress(ProcessLookupError):
            leaders |= {process.pid} & {os.getsid(process.pid)}
    tally.count["double"] += len(leaders) > 1
    tally.leaders |= leaders
    return find_run(store, run.id)


def ended(store: Store, run: Run, tally: Tally) -> Run:
    """The run once it has ended by itself."""
    deadline = time.monotonic() + LONGEST_S
    while (seen := look(store, run, tally)).coming:
        if time.monotonic() > deadline:
            raise RuntimeError(f"the run took more than {LONGEST_S:.0f} s: {seen}")
        time.sleep(0.1)
    return seen


def processes_named(store: Store, run: Run, victim: str,
                    moments: random.Random) -> list[psutil.Process]:
    """The living processes that are meant: of several workers, one."""
    if victim == "supervisor":
        return supervisors_of(store)
    with suppress(psutil.Error):
        if victim == "run":
            pid = find_run(store, run.id).pid
            return [psutil.Process(pid)] if pid else []
        workers = [one for one in marked_processes(MARK, run.id)
                   if any(WORKER in part for part in one.cmdline())]
        return [moments.choice(workers)] if workers else []
    return []


def kill(store: Store, run: Run, victims: str, moments: random.Random, tally: Tally) -> bool:
    """Kill what is named, one after the other; whether all of it lived."""
    killed = 0
    for victim in victims.split("+"):
        for process in processes_named(store, run, victim, moments):
            with suppress(psutil.Error):
                process.kill()
                tally.count[victim] += 1
                killed += 1
    return killed >= len(victims.split("+"))


def disturb(store: Store, run: Run, victims: list[str], lasts_s: float, moments: random.Random,
            tally: Tally) -> None:
    """Kill what the list names, each at a random moment of its attempt, until the run has ended."""
    fruitless, passed = 0, 0.0
    while victims:
        victim, death = victims[-1], time.monotonic() + moments.uniform(0.0, lasts_s)
        while (seen := look(store, run, tally)).coming:
            waiting = (fruitless >= PATIENCE.get(victim, USUAL_PATIENCE)
                       and seen.furthest <= passed)
            if seen.pid and time.monotonic() >= death and not waiting and (
                    kill(store, run, victim, moments, tally) or victim != "worker"):
                break  # a worker is waited for
            time.sleep(0.1)
        if not seen.coming:
            return
        victims.pop()
        if victim == "supervisor":
            continue
        fruitless = 0 if seen.furthest > passed else fruitless + 1
        passed = max(passed, seen.furthest)
        tally.count["furthest"] += fruitless == 0
        while "run" in victim and (now := look(store, run, tally)).coming and (
                now.attempt == seen.attempt):
            time.sleep(0.1)


def orphans(store: Store, run: Run) -> int:
    """How many processes are left of a run; the supervisor ends by itself some time later."""
    left = marked_processes(MARK, run.id)
    _, alive = psutil.wait_procs(left, timeout=20)  # it says done before it has ended
    return len(alive) + (len(supervisors_of(store)) > 1)


def strays(store: Store, tally: Tally) -> int:
    """How many temporary files are left in the store, and of its workers in shared memory."""
    store.sweep()
    shared = sum(any(file.name.startswith(begin.format(pid)) for pid in tally.leaders for begin in
                     ("sem.loky-{}-", "joblib_memmapping_folder_{}_")) for file in SHARED.glob("*"))
    tally.leaders.clear()  # so that each is counted once
    return len(list(store.root.rglob("*.tmp"))) + shared


def kill_runs(root: Path, work: Work, victims: list[str], seed: int) -> tuple[int, str]:
    """Kill until there were enough kills; gives the number of faults and a line."""
    moments, tally, whole = random.Random(seed), Tally(), Store(root / "whole")
    count, begin = tally.count, time.monotonic()
    first = ended(whole, work.queued(whole), tally)
    lasts_s = time.monotonic() - begin
    if (first.state, first.attempt) != ("done", 1):
        raise RuntimeError(f"the undisturbed run is {first.state}: {first.error}")
    expected = work.outcome(whole)

    moments.shuffle(victims)
    store = Store(root / "cut")
    while True:
        run = work.queued(store)
        disturb(store, run, victims, lasts_s / 2, moments, tally)
        last = ended(store, run, tally)
        count["finished"] += last.state == "done"
        count["failed"] += last.state != "done"
        count["attempts"] += last.attempt
        count["orphans"] += orphans(store, run)
        count["different"] += last.state != "done" or work.outcome(store) != expected
        count["torn"] += len(list(store.root.glob(".quarantine/*.reason.txt")))
        count["strays"] += strays(store, tally)
        if last.error:
            sys.stderr.write(f"{last.error}\n")
        if not victims:
            break
        end_all(store)
        shutil.rmtree(store.root)
    end_all(store)
    return sum(count[fault] for fault in FAULTS), (
        f"{count['run']} kills of the run, {count['worker']} of its workers ({count['furthest']} "
        f"after it had got further), {count['supervisor']} of the supervisor; {count['finished']} "
        f"runs of {lasts_s:.0f} s done in {count['attempts']} attempts: "
        + ", ".join(f"{count[fault]} {fault}" for fault in FAULTS))


def main() -> int:
    """Run from the command line; 1 if anything was wrong."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kind", choices=WORKS, default="study")
    parser.add_argument("--kills", type=int, default=30)
    parser.add_argument("--worker-kills", type=int, default=0, help="of an experiment's workers")
    parser.add_argument("--supervisor-kills", type=int, default=10)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    if options.kind == "study" and options.worker_kills:
        parser.error("a study has no workers")
    of_supervisor = ["supervisor", "run+supervisor", "supervisor+run"] * options.supervisor_kills
    victims = (["run"] * options.kills + ["worker"] * options.worker_kills
               + of_supervisor[:options.supervisor_kills])
    with tempfile.TemporaryDirectory() as root:
        try:
            work = WORKS[options.kind](Path(root))
            faults, line = kill_runs(Path(root), work, victims, options.seed)
        finally:
            for store in ("ready", "whole", "cut"):
                end_all(Store(Path(root) / store))
    sys.stdout.write(f"{options.kind}, seed {options.seed}: {line}\n")
    return int(bool(faults))


if __name__ == "__main__":
    sys.exit(main())
