"""The process that makes maps: it dies with the server, and is replaced when it dies or hangs."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import numpy as np
import psutil
import pytest

from dashboard.loads.umap_process import UmapProcess, UmapUnavailable, map_key

ROOT = Path(__file__).resolve().parents[1]
QUICK = """
import json, sys, time
print(json.dumps({"ready": True}), flush=True)
for line in sys.stdin:
    request = json.loads(line)
    {do}
    print(json.dumps({"key": request["key"], "layout": [[request["n"], request["seed"]]]}),
          flush=True)
"""
"""A process that answers at once, with the number of languages and the seed as the only place."""

HOLDER = """
import sys, time, numpy as np
from dashboard.loads.umap_process import UmapProcess
one = UmapProcess({command})
one.layout(np.eye(5))
print(one.pid, flush=True)
time.sleep(600)
"""


def quick(do: str = "pass") -> tuple[str, ...]:
    return (sys.executable, "-c", QUICK.replace("{do}", do))


@pytest.fixture
def made() -> Iterator[Callable[..., UmapProcess]]:
    """Function that makes a `UmapProcess`, ended after the test."""
    started: list[UmapProcess] = []

    def make(command: tuple[str, ...], **patience: float) -> UmapProcess:
        started.append(UmapProcess(command, **patience))
        return started[-1]

    yield make
    for one in started:
        one.close()


def waited(process: UmapProcess, similarity: np.ndarray, seed: int = 0,
           longest_s: float = 120) -> np.ndarray:
    end = time.monotonic() + longest_s
    while time.monotonic() < end:
        found = process.layout(similarity, seed)
        if found is not None:
            return found
        process.waiting(map_key(similarity, seed))
        time.sleep(0.02)
    pytest.fail("no map came")


def gone(pid: int, longest_s: float = 20) -> bool:
    end = time.monotonic() + longest_s
    while time.monotonic() < end:
        with suppress(psutil.NoSuchProcess):
            if psutil.Process(pid).status() != psutil.STATUS_ZOMBIE:
                time.sleep(0.05)
                continue
        return True
    return False


def test_the_first_question_starts_it_and_does_not_wait(made: Callable[..., UmapProcess]) -> None:
    process = made(quick("time.sleep(0.5)"))
    assert process.pid is None
    start = time.monotonic()
    assert process.layout(np.eye(5)) is None
    assert time.monotonic() - start < 0.4
    assert process.pid is not None
    assert process.waiting(map_key(np.eye(5)))
    np.testing.assert_array_equal(waited(process, np.eye(5), 0), [[5, 0]])
    assert not process.waiting(map_key(np.eye(5)))
    assert not process.waiting("never asked for")


def test_maps_are_kept_by_similarities_and_seed(made: Callable[..., UmapProcess]) -> None:
    process = made(quick())
    np.testing.assert_array_equal(waited(process, np.eye(6), 2), [[6, 2]])
    assert process.pid is not None
    os.kill(process.pid, signal.SIGKILL)
    np.testing.assert_array_equal(process.layout(np.eye(6), 2), [[6, 2]])
    assert process.layout(np.eye(6), 3) is None
    other = np.eye(6)
    other[0, 1] = 0.5
    assert len({map_key(np.eye(6), 2), map_key(np.eye(6), 3), map_key(other, 2)}) == 3


def test_one_that_is_killed_is_replaced(made: Callable[..., UmapProcess]) -> None:
    process = made(quick("time.sleep(0.3)"))
    assert process.layout(np.eye(5)) is None
    first = process.pid
    assert first is not None
    os.kill(first, signal.SIGKILL)
    np.testing.assert_array_equal(waited(process, np.eye(5)), [[5, 0]])
    assert process.pid not in (None, first)
    assert gone(first)


def test_one_that_hangs_is_replaced(made: Callable[..., UmapProcess], tmp_path: Path) -> None:
    once = tmp_path / "hung"
    hangs = f"import os; hung = os.path.exists({str(once)!r}); open({str(once)!r}, 'w').close(); " \
            "hung or time.sleep(600)"
    process = made(quick(hangs), patience_s=1.0)
    np.testing.assert_array_equal(waited(process, np.eye(5)), [[5, 0]])
    assert once.exists()


def test_after_two_deaths_in_a_row_there_are_no_maps_for_a_while(
        made: Callable[..., UmapProcess]) -> None:
    process = made(quick("sys.exit(3)"), rest_s=1.0)
    with pytest.raises(UmapUnavailable, match="ended unexpectedly"):
        waited(process, np.eye(5))
    with pytest.raises(UmapUnavailable, match="ended unexpectedly"):
        process.layout(np.eye(7))
    time.sleep(1.1)
    assert process.layout(np.eye(7)) is None


def test_a_command_that_cannot_start_is_told(made: Callable[..., UmapProcess]) -> None:
    process = made(("/nowhere/python",))
    assert process.layout(np.eye(5)) is None
    with pytest.raises(UmapUnavailable, match="ended unexpectedly"):
        process.layout(np.eye(5))


def test_a_map_that_fails_is_told_and_the_next_is_made(made: Callable[..., UmapProcess]) -> None:
    process = made(quick("""
    if request["n"] == 3:
        print(json.dumps({"key": request["key"], "error": "ValueError: odd"}), flush=True)
        continue"""))
    with pytest.raises(UmapUnavailable, match="odd"):
        waited(process, np.eye(3))
    np.testing.assert_array_equal(waited(process, np.eye(4)), [[4, 0]])


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGKILL])
def test_it_dies_with_the_server(end: signal.Signals) -> None:
    command = (sys.executable, "-m", "gradsim_core.similarities.umap_worker")
    holder = subprocess.Popen([sys.executable, "-c", HOLDER.format(command=command)], cwd=ROOT,
                              stdout=subprocess.PIPE, text=True)
    assert holder.stdout is not None
    pid = int(holder.stdout.readline())
    assert psutil.pid_exists(pid)
    holder.send_signal(end)
    holder.wait()
    assert gone(pid, longest_s=60)  # it may be compiling, or still be loading what it needs
