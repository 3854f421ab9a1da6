"""Estimates in a process of their own: the command line's numbers, one at a time, ended alone."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from dashboard.loads import estimates
from gradsim_core import StudyEstimate, estimating
from gradsim_core.errors import GradSimError, RunError

STUDY = "steps: 8\nlanguages: [deu, nld]\nrows: 40\nscore_rows: 10\n"

ASKER = """
import time
import psutil
from gradsim_core import StudyEstimate, estimating
estimating._COMMAND = "import time; time.sleep(600)"
estimate = StudyEstimate("", abandoned_s=600)
while not psutil.Process().children():
    time.sleep(0.05)
print(estimate.state, flush=True)
time.sleep(600)
"""
"""Asks for an estimate that takes for ever."""


def children() -> list[psutil.Process]:
    found = []
    for one in psutil.Process().children(recursive=True):
        with suppress(psutil.NoSuchProcess):  # ended meanwhile, or a zombie of another test
            if "estimate" in " ".join(one.cmdline()):
                found.append(one)
    return found


def until_measuring(estimate: StudyEstimate) -> None:
    deadline = time.monotonic() + 30
    while estimate.state != "measuring" or not children():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.fixture(autouse=True)
def none_left() -> Iterator[None]:
    """No process outlives a test, and none was there before it."""
    yield
    for kept in estimates._kept.values():
        kept.end()
        kept.wait(20)
    estimates._kept.clear()
    assert children() == []


def test_it_is_the_command_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    estimate = StudyEstimate(STUDY, abandoned_s=200)
    assert estimate.state in ("waiting", "measuring")
    with pytest.raises(RunError, match="not been made yet"):
        estimate.found()
    estimate.wait(120)
    assert estimate.state == "done"
    found = estimate.found()
    assert found["n_languages"] == 2
    assert found["train_seconds"] > 0
    assert found["mode"] == "exact"


@pytest.mark.parametrize(("study", "said"), [
    ("batch_size: 3\n", "batch_size"), ("data: /no/such/place\n", "no such file"),
    ("name: \ud800\n", "UTF-8")])
def test_a_refusal_is_told_in_its_own_words(study: str, said: str) -> None:
    estimate = StudyEstimate(study, abandoned_s=200)
    estimate.wait(120)
    assert estimate.state == "failed"
    with pytest.raises(GradSimError, match=said) as caught:
        estimate.found()
    assert "Traceback" not in str(caught.value)
    assert len(str(caught.value)) <= 600


def test_a_failure_and_a_kill_are_told_without_a_traceback(
        monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    estimate = StudyEstimate(STUDY)
    estimate.end()
    estimate.wait(20)
    assert estimate._understand(1, b"", "Traceback: secret") == "failed"
    with pytest.raises(GradSimError, match="our fault") as caught:
        estimate.found()
    assert "secret" not in str(caught.value)
    assert "secret" in caplog.text
    assert estimate._understand(-9, b"", "") == "failed"
    with pytest.raises(GradSimError, match="want of memory"):
        estimate.found()


def test_nobody_asks_and_it_ends() -> None:
    estimate = StudyEstimate(STUDY, abandoned_s=0.5)
    estimate.wait(30)
    assert estimate._state == "ended"
    assert children() == []


def test_it_ends_with_a_process_that_is_killed() -> None:
    asker = subprocess.Popen([sys.executable, "-c", ASKER], stdout=subprocess.PIPE)
    assert asker.stdout is not None
    assert asker.stdout.readline() == b"measuring\n"
    (begun,) = psutil.Process(asker.pid).children()
    asker.kill()
    asker.communicate()
    _, alive = psutil.wait_procs([begun], timeout=20)
    for one in alive:
        one.kill()
    assert not alive


def test_one_is_measured_at_a_time_and_an_ended_one_makes_room() -> None:
    first = StudyEstimate(STUDY, abandoned_s=200)
    until_measuring(first)
    second = StudyEstimate(STUDY + "seed: 1\n", abandoned_s=200)
    time.sleep(0.3)
    assert second.state == "waiting"
    assert len(children()) == 1
    first.end()
    first.wait(30)
    assert first.state == "ended"
    until_measuring(second)
    second.end()
    second.wait(30)


def test_too_long_a_measurement_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(estimating, "LONGEST_S", 0.1)
    estimate = StudyEstimate(STUDY, abandoned_s=200)
    estimate.wait(60)
    with pytest.raises(GradSimError, match="too large for this machine"):
        estimate.found()


def test_the_dashboard_keeps_one_a_signature_and_no_more_than_its_cap(
        monkeypatch: pytest.MonkeyPatch) -> None:
    class Held:
        state = "measuring"
        ended = 0

        def __init__(self, text: str) -> None:
            self.text = text

        def end(self) -> None:
            Held.ended += 1

    monkeypatch.setattr(estimates, "StudyEstimate", Held)
    first = estimates.estimate_of("a", "seed: 1")
    assert estimates.estimate_of("a", "seed: 1") is first
    for n in range(estimates.MOST_KEPT):
        estimates.estimate_of(f"s{n}", "")
    assert Held.ended == 1
    assert estimates.estimate_of("a", "seed: 1") is not first
    estimates.end_estimate("a")
    assert "a" not in estimates._kept
    estimates._kept.clear()


def test_what_the_machine_lacks_is_told() -> None:
    found = {"peak_memory_bytes": 3e9, "disk_bytes": 1e6, "checkpoint_bytes": 4e6}
    root = Path("/")
    assert estimates.shortage(found, root, 4 * 10**9, 10**9) == ""
    assert "3.0 GB of memory, and 2.0 GB are free" in estimates.shortage(found, root, 2 * 10**9,
                                                                         10**9)
    assert "5 MB of disk, and 1 MB are free" in estimates.shortage(found, root, 4 * 10**9, 10**6)
    assert estimates.shortage({key: 0 for key in found}, Path("/no/such/folder")) == ""
