"""Kill -9 a run and its supervisor at random moments, and compare what the run ends with.

A real study is queued as the dashboard would queue it. Its process, or the supervisor, or both,
are killed at random moments after a start, and nobody but a supervisor starts the run again. When
it is done, its Grams and scores are compared, byte for byte, with those of an undisturbed run;
then the next run begins from nothing, until there were enough kills. At every look there must be
one process of the run at most (else it is *double*), and none at the end (*orphans*).

A run that is killed three times in a row without getting further is given up, as it should be. So
after two such kills the next one waits until the run has got further.

    python tests/kill_runs.py --kills 30 --supervisor-kills 10 --seed 0
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
from contextlib import suppress
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ["HF_HUB_OFFLINE"] = "1"

import psutil
from result_cases import bytes_of, write_data
from run_cases import end_all, supervisors_of

from gradsim_core.prepared import prepare
from gradsim_core.runs import STUDY, ensure_supervisor, find_run, submit_run
from gradsim_core.runs.attending import MARK
from gradsim_core.runs.processes import marked_processes
from gradsim_core.runs.table import Run
from gradsim_core.store import Store
from gradsim_core.study import Study, study_from, study_yaml

SETTINGS = {"steps": 400, "snapshots": 80, "batch_size": 2}
OPTIONS = ("--threads", "1", "--checkpoint-every", "0")
LONGEST_S = 600.0
PATIENCE = 2  # kills in a row without progress; the supervisor gives up after one more


def queued(store: Store, study: Study, name: str) -> Run:
    """The study's run, queued as one in the background is."""
    store.write_text(name, "study.yaml", study_yaml(study))
    command = [sys.executable, "-m", "gradsim_core", "run",
               str(store.path(name, "study.yaml")), *OPTIONS, "--cache", str(store.root)]
    return submit_run(store, name, STUDY, command)


def look(store: Store, run: Run, tally: Counter[str]) -> Run:
    """The run as it is now, after counting its processes; a supervisor lives from here on."""
    ensure_supervisor(store)
    leaders = []
    for process in marked_processes(MARK, run.id):
        with suppress(ProcessLookupError):
            leaders += [process] * (os.getsid(process.pid) == process.pid)
    tally["double"] += len(leaders) > 1
    return find_run(store, run.id)


def ended(store: Store, run: Run, tally: Counter[str]) -> Run:
    """The run once it has ended by itself."""
    deadline = time.monotonic() + LONGEST_S
    while (seen := look(store, run, tally)).coming:
        if time.monotonic() > deadline:
            raise RuntimeError(f"the run took more than {LONGEST_S:.0f} s: {seen}")
        time.sleep(0.1)
    return seen


def kill(store: Store, run: Run, victims: str, tally: Counter[str]) -> None:
    """Kill the run's process, the supervisor, or both, in any order."""
    for victim in victims.split("+"):
        processes = supervisors_of(store) if victim == "supervisor" else [
            process for process in [find_run(store, run.id).pid] if process]
        for process in processes:
            with suppress(psutil.Error):
                (process if isinstance(process, psutil.Process)
                 else psutil.Process(process)).kill()
                tally[victim] += 1


def disturb(store: Store, run: Run, victims: list[str], lasts_s: float, moments: random.Random,
            tally: Counter[str]) -> None:
    """Kill what the list names, each at a random moment of its attempt, until the run has ended."""
    fruitless, passed = 0, 0.0
    while victims:
        death = time.monotonic() + moments.uniform(0.0, lasts_s)
        while (seen := look(store, run, tally)).coming:
            waiting = fruitless >= PATIENCE and seen.furthest <= passed
            if seen.pid and time.monotonic() >= death and not waiting:
                break
            time.sleep(0.1)
        if not seen.coming:
            return
        kill(store, run, victims[-1], tally)
        if "run" in victims.pop():
            fruitless = 0 if seen.furthest > passed else fruitless + 1
            passed = max(passed, seen.furthest)
            tally["furthest"] += fruitless == 0
            while (now := look(store, run, tally)).coming and now.attempt == seen.attempt:
                time.sleep(0.1)


def orphans(store: Store, run: Run) -> int:
    """How many processes are left of a run; the supervisor ends by itself some time later."""
    left = marked_processes(MARK, run.id)
    _, alive = psutil.wait_procs(left, timeout=20)  # it says done before it has ended
    return len(alive) + (len(supervisors_of(store)) > 1)


def kill_runs(root: Path, kills: int, supervisor_kills: int, seed: int) -> tuple[int, str]:
    """Kill until there were enough kills; gives the number of faults and a line."""
    moments, tally = random.Random(seed), Counter[str]()
    study = study_from({**SETTINGS, "data": str(write_data(root / "data")), "task": "sequence"})
    name = prepare(study).signature
    whole = Store(root / "whole")
    begin = time.monotonic()
    first = ended(whole, queued(whole, study, name), tally)
    lasts_s = time.monotonic() - begin
    if (first.state, first.attempt) != ("done", 1):
        raise RuntimeError(f"the undisturbed run is {first.state}: {first.error}")
    expected = bytes_of(whole, name)

    victims = ["run"] * kills + ["supervisor", "run+supervisor", "supervisor+run"] * (
        supervisor_kills // 3 + 1)
    victims = victims[:kills + supervisor_kills]
    moments.shuffle(victims)
    store = Store(root / "cut")
    while True:
        run = queued(store, study, name)
        disturb(store, run, victims, lasts_s / 2, moments, tally)
        last = ended(store, run, tally)
        tally["finished"] += last.state == "done"
        tally["failed"] += last.state != "done"
        tally["attempts"] += last.attempt
        tally["orphans"] += orphans(store, run)
        tally["different"] += last.state != "done" or bytes_of(store, name) != expected
        tally["torn"] += len(list(store.root.glob(".quarantine/*.reason.txt")))
        store.sweep()
        tally["strays"] += len(list(store.root.rglob("*.tmp")))
        if not victims:
            break
        end_all(store)
        shutil.rmtree(store.root)
    end_all(store)
    wrong = ("failed", "different", "torn", "strays", "double", "orphans")
    return sum(tally[fault] for fault in wrong), (
        f"{tally['run']} kills of the run ({tally['furthest']} after it had got further), "
        f"{tally['supervisor']} of the supervisor; {tally['finished']} runs done in "
        f"{tally['attempts']} attempts: "
        + ", ".join(f"{tally[fault]} {fault}" for fault in wrong))


def main() -> int:
    """Run from the command line; 1 if anything was wrong."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=30)
    parser.add_argument("--supervisor-kills", type=int, default=10)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as root:
        try:
            faults, line = kill_runs(Path(root), options.kills, options.supervisor_kills,
                                     options.seed)
        finally:
            for store in ("whole", "cut"):
                end_all(Store(Path(root) / store))
    sys.stdout.write(f"seed {options.seed}: {line}\n")
    return int(bool(faults))


if __name__ == "__main__":
    sys.exit(main())
