"""Kill workers of a Ray cluster at random moments, and see whether the results are the same.

A cluster of two machines is started on this one, where no network but loopback is (see
`ray_cases`). A joint trial in two shards, or a sweep of trials, runs on it from an empty store
while its workers are killed one at a time; when it is done, what it leaves is compared, byte for
byte, with what one process alone leaves. Then the next begins, until there were enough kills.

Workers that die again and again before anything is gained are given up, as they should be. So after
two such kills the next one waits until there is progress.

The test suite kills one worker of each kind; more are killed by hand:

    python tests/kill_workers.py --kills 20 --seed 0
    python tests/kill_workers.py --kind trials --kills 20
"""

from __future__ import annotations

import argparse
import os
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Thread
from typing import Any

import psutil
from ray_cases import (
    SHARD,
    TASK,
    apart,
    busy,
    cluster,
    likeness,
    refused,
    scores_of,
    trials_of,
    wait_until,
)
from result_cases import MORE_WORDS, bytes_of, write_data

from gradsim_core.backends import Place, computed_at
from gradsim_core.backends.cluster import connected
from gradsim_core.errors import GradSimError
from gradsim_core.execution import run_joint, run_trials
from gradsim_core.prepared import Prepared, prepare
from gradsim_core.storage.store import Store
from gradsim_core.study_text import study_from

SETTINGS = {"task": "sequence", "steps": 200, "snapshots": 50, "batch_size": 2}
LASTS_S = 4.0
"""The longest that a worker is left in peace."""

INSIDE = "GRADSIM_KILL_WORKERS_INSIDE"


@dataclass(frozen=True)
class Work:
    """What is killed: its processes' name, how it is run, and what must be the same."""

    processes: str
    run: Callable[[Prepared, Store, Any], None]
    alone: Callable[[Prepared, Store], None]
    same: Callable[[Prepared, Store, Store], bool]


def same_joint(prepared: Prepared, one: Store, other: Store) -> bool:
    found = likeness(bytes_of(one, prepared.signature), bytes_of(other, prepared.signature))
    return found.pop("increments") < 1e-6 and all(found.values())


WORKS = {
    "joint": Work(
        SHARD, lambda prepared, store, observe: run_joint(prepared, store, observe, 1, 0, 2),
        lambda prepared, store: run_joint(prepared, store, lambda event: None, 1), same_joint),
    "trials": Work(
        TASK, lambda prepared, store, observe: run_trials(
            prepared, store, trials_of(prepared), observe, threads=1),
        lambda prepared, store: run_trials(prepared, store, trials_of(prepared),
                                           lambda event: None, workers=1, threads=1),
        lambda prepared, one, other: scores_of(prepared, one) == scores_of(prepared, other)),
}


class Killer:
    """Kills a worker at random moments while it is told how far the work is."""

    def __init__(self, machines: list[Any], name: str, kills: int, moments: random.Random) -> None:
        self.machines, self.name, self.left, self.moments = machines, name, kills, moments
        self.furthest, self.notes, self.over = 0, 0, Event()

    def observe(self, event: dict[str, Any]) -> None:
        self.furthest = max(self.furthest, event.get("step") or 0)
        self.notes += event["kind"] == "note"

    def begin(self) -> Thread:
        """Kill from now on, from a thread of its own."""
        self.furthest, self.over = 0, Event()
        thread = Thread(target=self._kill, daemon=True)
        thread.start()
        return thread

    def _kill(self) -> None:
        fruitless, passed = 0, 0
        while self.left:
            if self.over.wait(self.moments.uniform(0.0, LASTS_S)):
                return
            beyond = passed if fruitless >= 2 else -1
            while not self.over.is_set() and not (
                    self.furthest > beyond and busy(self.machines, self.name)):
                time.sleep(0.1)
            for worker in busy(self.machines, self.name)[:0 if self.over.is_set() else None]:
                if self.moments.random() < 0.5:
                    continue  # the other one
                with suppress(psutil.Error):
                    worker.kill()
                    self.left -= 1
                    fruitless = 0 if self.furthest > passed else fruitless + 1
                    passed = max(passed, self.furthest)
                break


def kill_workers(root: Path, work: Work, kills: int, seed: int) -> tuple[int, str]:
    """Kill until there were enough kills; gives the number of faults and a line."""
    study = study_from({**SETTINGS, "data": str(write_data(root / "data", MORE_WORDS))})
    prepared, alone, count = prepare(study), Store(root / "alone"), Counter[str]()
    work.alone(prepared, alone)
    began = time.monotonic()
    with cluster(root) as (address, machines), computed_at(Place("ray", address)), \
            connected(address) as ray:
        wait_until(lambda: sum(one["Alive"] for one in ray.nodes()) == 2)
        killer = Killer(machines, work.processes, kills, random.Random(seed))
        while killer.left:
            store = Store(root / f"run-{count['runs']}")
            if work.processes == TASK:  # a sweep is of a study that is there
                keep_record(prepared, store)
            thread = killer.begin()
            count["runs"] += 1
            try:
                work.run(prepared, store, killer.observe)
                count["different"] += not work.same(prepared, alone, store)
            except GradSimError as error:
                count["failed"] += 1
                sys.stderr.write(f"{error}\n")
            killer.over.set()
            thread.join()
            count["proofs left"] += len(list(store.root.glob("*/cluster/*")))
            count["torn"] += len(list(store.root.glob("*/*.tmp"))) + len(
                list(store.root.glob(".quarantine/*.reason.txt")))
    faults = ("failed", "different", "torn", "proofs left")
    return sum(count[fault] for fault in faults), (
        f"{kills} kills of workers in {count['runs']} runs ({killer.notes} times all of a group "
        f"went on from a checkpoint), {time.monotonic() - began:.0f} s: "
        + ", ".join(f"{count[fault]} {fault}" for fault in faults))


def keep_record(prepared: Prepared, store: Store) -> None:
    """The study's record, which trials are held against."""
    from gradsim_core.prepared import RECORD, study_record

    store.write_json(prepared.signature, RECORD, study_record(prepared))


def main() -> int:
    """Run from the command line; 1 if anything was wrong."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kind", choices=WORKS, default="joint")
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    if INSIDE not in os.environ:
        if reason := refused():
            parser.error(reason)
        os.environ[INSIDE] = "1"
        os.execvp("unshare", apart([sys.executable, *sys.argv]))
    with tempfile.TemporaryDirectory() as root:
        faults, line = kill_workers(Path(root), WORKS[options.kind], options.kills, options.seed)
    sys.stdout.write(f"{options.kind}, seed {options.seed}: {line}\n")
    return int(bool(faults))


if __name__ == "__main__":
    sys.exit(main())
