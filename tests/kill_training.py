"""Kill -9 real runs at random moments, start them again, and compare what they end with.

Each run is the real command in a process of its own (forked, so that PyTorch is loaded only
once), on a small data set, with a checkpoint at every snapshot. It is killed at a random moment
between its first sign of life and the time an undisturbed run takes, and started again until one
reaches its end; then its Grams and scores are compared, byte for byte, with those of the
undisturbed run, and the next run begins from nothing.

    python tests/kill_training.py --kills 20 --seed 0
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ["HF_HUB_OFFLINE"] = "1"

import sklearn.metrics  # noqa: F401 - the runs' share of loading, done once
import transformers.models.bert.modeling_bert  # noqa: F401
from result_cases import bytes_of, write_data

from gradsim_core.cli import main as command_line
from gradsim_core.results import load_results
from gradsim_core.runs import find_run
from gradsim_core.runs.table import RunTable
from gradsim_core.storage.store import Store

ARGUMENTS = ("--steps", "40", "--snapshots", "20", "--batch-size", "2", "--threads", "1",
             "--checkpoint-every", "0")


def start(cache: Path) -> int:
    """Start the run in a process of its own, and give its id."""
    child = os.fork()
    if child == 0:
        os.setsid()
        code = 1
        try:
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
            os.dup2(os.open(cache.with_suffix(".log"), os.O_WRONLY | os.O_CREAT | os.O_TRUNC), 2)
            sys.argv = ["gradsim", "run", *ARGUMENTS, "--data", str(cache.parent / "data"),
                        "--cache", str(cache)]
            command_line()
            code = 0
        except SystemExit as end:
            code = int(end.code or 0)
        finally:
            os._exit(code)
    return child


def ended(child: int) -> bool:
    """Whether the child has ended by itself; one that failed is an error."""
    pid, status = os.waitpid(child, os.WNOHANG)
    if pid and status:
        raise RuntimeError(f"the run failed with {os.waitstatus_to_exitcode(status)}")
    return bool(pid)


def run_and_kill(cache: Path, life_s: float) -> bool:
    """Start the run and kill it after its life; False if it ended before."""
    child = start(cache)
    death = time.monotonic() + life_s
    while time.monotonic() < death:
        if ended(child):
            return False
        time.sleep(0.005)
    os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    return os.WIFSIGNALED(status)


def where_it_was(store: Store, name: str) -> str:
    """What a killed run was doing, from its row; and its state must say that it was cut."""
    row = next(iter(RunTable(store.root).rows(signature=name)), None)
    if row is None:
        return "before its row"
    state = find_run(store, row.id).state
    if state not in ("interrupted", "done"):
        raise RuntimeError(f"a killed run is said to be {state}")
    return "after its end" if state == "done" else row.message.split(",")[0].lower().strip(".")


def kill_runs(root: Path, kills: int, seed: int) -> tuple[int, str]:
    """Kill runs until there were enough kills; gives the number of faults and a line."""
    moments = random.Random(seed)
    write_data(root / "data")
    whole = Store(root / "whole")
    begin = time.monotonic()
    if run_and_kill(whole.root, 600):
        raise RuntimeError("the undisturbed run took more than ten minutes")
    lasts_s = time.monotonic() - begin
    (name,) = whole.signatures()
    expected = bytes_of(whole, name)

    store = Store(root / "cut")
    tally: Counter[str] = Counter()
    stages: Counter[str] = Counter()
    while True:
        life_s = moments.uniform(0.0, lasts_s) if tally["kills"] < kills else 600.0
        if run_and_kill(store.root, life_s):
            tally["kills"] += 1
            if store.signatures():
                stages[where_it_was(store, name)] += 1
            continue
        tally["finished"] += 1
        tally["resumed"] += load_results(store, name).facts["resumed_at"] > 0
        tally["different"] += bytes_of(store, name) != expected
        tally["torn"] += len(list(store.root.glob(".quarantine/*.reason.txt")))
        store.sweep()
        tally["strays"] += len(list(store.root.rglob("*.tmp")))
        if tally["kills"] >= kills:
            break
        shutil.rmtree(store.root)
    during = ", ".join(f"{count} {stage}" for stage, count in stages.most_common())
    return tally["different"] + tally["torn"] + tally["strays"], (
        f"{tally['kills']} kills ({during}), {tally['finished']} runs finished, "
        f"{tally['resumed']} of them from a checkpoint: {tally['different']} different, "
        f"{tally['torn']} torn, {tally['strays']} strays left")


def main() -> int:
    """Run from the command line; 1 if anything was different, torn or left."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as root:
        faults, line = kill_runs(Path(root), options.kills, options.seed)
    sys.stdout.write(f"seed {options.seed}: {line}\n")
    return int(bool(faults))


if __name__ == "__main__":
    sys.exit(main())
