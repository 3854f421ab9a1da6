"""Kill -9 writers of the store at random moments, and count what is lost or wrong.

Each writer replaces two entries, a JSON file and 2.5 MB of arrays, by version after version, and
reports each version that the store has taken. After the kill every entry must hold a version at
least as new as the last one reported (else it is *lost*), with that version's very content (else
it is *wrong*), and none may have had to be set aside (*torn*). ``--in-place`` writes straight
over the entries: the control, which must fail.

    python tests/kill_store.py --kills 200 --seed 0
"""

from __future__ import annotations

import argparse
import logging
import os
import random
import signal
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from gradsim_core.storage import atomic
from gradsim_core.storage.store import Store

SIGNATURE = "0123456789abcdef"
JSON, TENSORS = "scores/joint.json", "grams.safetensors"
LONGEST_LIFE_S = 0.12  # several writes


@dataclass
class Tally:
    """What the kills did: writes cut; entries lost, wrong or torn; strays left after sweeping."""

    kills: int = 0
    versions: int = 0
    cut: int = 0
    lost: int = 0
    wrong: int = 0
    torn: int = 0
    left: int = 0

    def __str__(self) -> str:
        return (f"{self.kills} kills, {self.versions} versions written, {self.cut} writes cut: "
                f"{self.lost} lost, {self.wrong} wrong, {self.torn} torn, {self.left} strays left")


def content(version: int) -> dict:
    """The JSON entry's content at a version."""
    return {"version": version, "scores": [version * i / 7 for i in range(2000)]}


def arrays(version: int) -> dict[str, np.ndarray]:
    """The arrays at a version, whose lengths differ from one version to the next."""
    values = np.random.default_rng(version).random(200_000 + version % 7 * 8_000)
    return {"version": np.array(version), "sums": values, "steps": values.astype(np.float32)}


def write_versions(store: Store, first: int, report: int) -> None:
    """Write version after version until killed."""
    version = first
    while True:
        store.write_json(SIGNATURE, JSON, content(version))
        store.write_tensors(SIGNATURE, TENSORS, arrays(version), {"version": version})
        os.write(report, version.to_bytes(8, "little"))
        version += 1


def write_in_place(path: Path, chunks: Sequence[memoryview]) -> None:
    """The control: what a store without a temporary file would do."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "wb", buffering=0) as file:
        for chunk in chunks:
            for start in range(0, len(chunk), 4096):
                file.write(chunk[start:start + 4096])


def kill_one_writer(store: Store, first: int, life_s: float) -> int | None:
    """Fork a writer, kill it after its life, and give the last version it reported, if any."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            write_versions(store, first, writer)
        finally:
            os._exit(1)
    os.close(writer)
    time.sleep(life_s)
    os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    if not os.WIFSIGNALED(status):
        raise RuntimeError("the writer failed before it was killed")
    with os.fdopen(reader, "rb") as reports:
        told = reports.read()
    return int.from_bytes(told[-8:], "little") if told else None


def inspect(store: Store, reported: int, tally: Tally) -> int:
    """Count the faults after a kill, and give the newest version found."""
    scores = store.read_json(SIGNATURE, JSON)
    grams = store.read_tensors(SIGNATURE, TENSORS)
    versions = [scores["version"] if scores else 0, int(grams[0]["version"]) if grams else 0]
    tally.lost += sum(version < reported for version in versions)
    tally.wrong += bool(scores and scores != content(versions[0]))
    if grams:
        expected = arrays(versions[1])
        tally.wrong += not (grams[0].keys() == expected.keys() and all(
            np.array_equal(grams[0][key], expected[key]) for key in expected))
    return max(versions)


def kill_writers(root: Path, kills: int, seed: int) -> Tally:
    """Kill writers one after another, and count over all of them."""
    store, moments, tally = Store(root), random.Random(seed), Tally()
    reported = newest = 0
    for _ in range(kills):
        told = kill_one_writer(store, newest + 1, moments.uniform(0.0, LONGEST_LIFE_S))
        reported = reported if told is None else told
        tally.cut += len(list(root.rglob("*.tmp")))
        newest = max(newest, inspect(store, reported, tally))
        store.sweep()
        tally.left += len(list(root.rglob("*.tmp")))
        tally.kills += 1
    store.write_json(SIGNATURE, JSON, content(newest + 1))  # a rerun finishes
    store.write_tensors(SIGNATURE, TENSORS, arrays(newest + 1), {})
    tally.versions = inspect(store, newest + 1, tally)
    tally.torn = len(list(root.glob(".quarantine/*.reason.txt")))
    return tally


def main() -> int:
    """Run from the command line; 1 if anything was lost, wrong or left."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--in-place", action="store_true", help="the control, which must fail")
    options = parser.parse_args()
    logging.disable(logging.WARNING)
    if options.in_place:
        atomic.publish = write_in_place
    with tempfile.TemporaryDirectory() as root:
        tally = kill_writers(Path(root), options.kills, options.seed)
    sys.stdout.write(f"seed {options.seed}: {tally}\n")
    return int(bool(tally.lost or tally.wrong or tally.torn or tally.left))


if __name__ == "__main__":
    sys.exit(main())
