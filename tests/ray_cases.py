"""Ray for the tests: a cluster of two machines on this one, where no network but loopback is.

``python ray_cases.py FOLDER`` does the work of `test_cluster` and prints what it saw as JSON. It
must run where only loopback is, because Ray listens on every address that there is; so tests start
it with `apart`.
"""

from __future__ import annotations

import json
import os
import random
import secrets
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import combinations
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("HF_HUB_OFFLINE", "1")

import numpy as np
import psutil
from result_cases import MORE_WORDS, bytes_of, write_data

from gradsim_core.backends import Place, computed_at
from gradsim_core.backends.capacity import expected_workers
from gradsim_core.backends.cluster import connected, on_ray
from gradsim_core.errors import GradSimError
from gradsim_core.execution import run_joint, run_trials
from gradsim_core.prepared import Prepared, prepare, study_record
from gradsim_core.runs import cancel_run, list_runs
from gradsim_core.storage.store import Store
from gradsim_core.study_text import study_from, study_yaml
from gradsim_core.tasks import train_task
from gradsim_core.trials import Budget, Trial, load_trial, trial_of

PORT = 6389
SETTINGS: dict[str, Any] = {"task": "sequence", "steps": 30, "snapshots": 10, "batch_size": 2}
SHARD, TASK = "ray::Shard", "ray::called"  # what Ray calls its processes


def refused() -> str:
    """Why no cluster can be started here; "" if one can."""
    if shutil.which("unshare") is None or shutil.which("ip") is None:
        return "needs the commands unshare and ip"
    try:
        import ray  # noqa: F401
    except ImportError:
        return "Ray is not installed: pip install -e '.[ray]'"
    tried = subprocess.run(apart(["true"]), capture_output=True, text=True, check=False)
    return "" if tried.returncode == 0 else f"no network namespace here: {tried.stderr.strip()}"


def apart(command: Sequence[str]) -> list[str]:
    """The command, to be run where there is no network but loopback."""
    return ["unshare", "-n" if os.geteuid() == 0 else "-rn", "sh", "-c",
            'ip link set lo up && exec "$0" "$@"', *command]


@contextmanager
def cluster(folder: Path) -> Iterator[tuple[str, list[subprocess.Popen]]]:
    """Two machines of one core each, which ask for a token; yields the address of their head.

    They say that they have a GPU each, so that workers ask for one.
    """
    token = folder / "token"
    token.write_text(secrets.token_hex(32))
    token.chmod(0o600)
    os.environ |= {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN_PATH": str(token),
                   "RAY_USAGE_STATS_ENABLED": "0"}
    temporary = Path("/tmp") / f"gradsim-ray-{os.getpid()}"  # Ray's sockets want a short path
    ray = [str(Path(sys.executable).parent / "ray"), "start", "--block", "--num-cpus=1",
           "--num-gpus=1", "--node-ip-address=127.0.0.1", "--object-store-memory=100000000"]
    heads = ["--head", f"--port={PORT}", "--include-dashboard=false", f"--temp-dir={temporary}"]
    machines: list[subprocess.Popen] = []
    try:
        for options in (heads, [f"--address=127.0.0.1:{PORT}"]):
            machines.append(subprocess.Popen([*ray, *options], stdout=subprocess.DEVNULL,
                                             stderr=subprocess.DEVNULL, start_new_session=True))
            while not listening():
                time.sleep(0.1)
        yield f"127.0.0.1:{PORT}", machines
    finally:
        end(machines)
        shutil.rmtree(temporary, ignore_errors=True)


def listening() -> bool:
    """Whether the head answers."""
    return any(one.laddr and one.laddr.port == PORT and one.status == psutil.CONN_LISTEN
               for one in psutil.net_connections("tcp"))


def end(machines: Sequence[subprocess.Popen]) -> None:
    """End processes with all that they started."""
    family = []
    for machine in machines:
        with suppress(psutil.Error):
            family += [psutil.Process(machine.pid),
                       *psutil.Process(machine.pid).children(recursive=True)]
    for one in family:
        with suppress(psutil.Error):
            one.kill()
    psutil.wait_procs(family, timeout=10)
    for machine in machines:
        machine.wait()


def busy(machines: Sequence[subprocess.Popen], name: str) -> list[psutil.Process]:
    """The workers of a cluster that are at something that begins so."""
    found = []
    for machine in machines:
        with suppress(psutil.Error):
            for process in psutil.Process(machine.pid).children(recursive=True):
                with suppress(psutil.Error, IndexError):
                    if process.cmdline()[0].startswith(name):
                        found.append(process)
    return found


def wait_until(condition: Any, within_s: float = 240.0) -> bool:
    """Whether a condition came true in time."""
    deadline = time.monotonic() + within_s
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.1)
    return True


def trials_of(prepared: Prepared) -> list[Trial]:
    """One trial for every two languages."""
    budget = Budget(steps=6, batch_size=4)
    return [trial_of(group, 1, budget) for group in combinations(prepared.sources, 2)]


def scores_of(prepared: Prepared, store: Store) -> list[Any]:
    """What the trials scored."""
    record = study_record(prepared)
    found = [load_trial(store, record, trial) for trial in trials_of(prepared)]
    return [one and one["scores"] for one in found]


def likeness(one: dict[str, bytes], other: dict[str, bytes]) -> dict[str, Any]:
    """Which parts of two results have the same bytes; how far their increments differ."""
    a, b = (np.frombuffer(some["increments"], np.float32) for some in (one, other))
    return {**{key: one[key] == other[key] for key in ("sums", "steps", "scores", "facts")},
            "increments": float(np.abs(a - b).max() / np.abs(a).max())}


def message(action: Any) -> str:
    """What an action refuses to do, and why."""
    try:
        action()
    except GradSimError as error:
        return str(error)
    return "done"


class Watcher:
    """Takes down events, and kills one worker at the first progress that finds one at work."""

    def __init__(self, machines: Sequence[subprocess.Popen], name: str, at_step: int) -> None:
        self.machines, self.name, self.at_step = machines, name, at_step
        self.events: list[dict[str, Any]] = []
        self.killed = 0

    def __call__(self, event: dict[str, Any]) -> None:
        self.events.append(event)
        if event["kind"] == "progress" and not self.killed and event["step"] >= self.at_step:
            at_work = busy(self.machines, self.name)  # none where all have ended at once
            for one in random.Random(0).sample(at_work, min(1, len(at_work))):
                one.kill()
                self.killed += 1

    def seen(self) -> dict[str, Any]:
        """What was seen, for the tests."""
        return {"killed": self.killed,
                "notes": [one["message"] for one in self.events if one["kind"] == "note"],
                "stages": [one["message"] for one in self.events if one["kind"] == "stage"],
                "progress": [[one["step"], one["steps"]] for one in self.events
                             if one["kind"] == "progress"]}


def gradsim(*arguments: str, **environment: str) -> subprocess.Popen:
    """The real command."""
    return subprocess.Popen([sys.executable, "-m", "gradsim_core", *arguments], text=True,
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                            env={**os.environ, **environment})


def cancelled(folder: Path, prepared: Prepared, address: str,
              machines: Sequence[subprocess.Popen]) -> dict[str, Any]:
    """A sweep that is cancelled in the table of runs while its trials are trained."""
    store = Store(folder / "cluster")
    command = gradsim("transfer", prepared.signature, "--backend", "ray", "--address", address,
                      "--steps", "100000", "--threads", "1", "--cache", str(store.root))
    try:
        wait_until(lambda: busy(machines, TASK) or command.poll() is not None)
        began = bool(busy(machines, TASK))
        if not began:
            with connected(address) as ray:
                sys.stderr.write(f"The cluster has left: {ray.available_resources()}\n")
        run = next(iter(list_runs(store, kind="transfer")), None)
        state = cancel_run(store, run.id, 20.0).state if run else "not there"
        return {"began": began, "state": state,
                "ended": wait_until(lambda: not busy(machines, TASK), 20.0)}
    finally:
        command.kill()
        sys.stderr.write(f"The sweep said: {command.communicate()[0]}\n")


def with_torchrun(folder: Path, study: Path) -> Store:
    """The study by two processes that torchrun started."""
    store = Store(folder / "torchrun")
    subprocess.run([sys.executable, "-m", "torch.distributed.run", "--nproc-per-node=2",
                    "--master-addr=127.0.0.1", "--master-port=29531", "-m", "gradsim_core", "run",
                    str(study), "--threads", "1", "--cache", str(store.root)],
                   check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                   env={**os.environ, "GLOO_SOCKET_IFNAME": "lo"})
    return store


def main(folder: Path) -> dict[str, Any]:
    """Everything, beside the same on this machine alone."""
    data = write_data(folder / "data", MORE_WORDS)
    study = study_from({**SETTINGS, "data": str(data)})
    prepared = prepare(study)
    (folder / "study.yaml").write_text(study_yaml(study))
    name, alone, there = prepared.signature, Store(folder / "alone"), Store(folder / "cluster")
    run_joint(prepared, alone, lambda event: None, 1)
    run_trials(prepared, alone, trials_of(prepared), lambda event: None, workers=1, threads=1)
    expected, seen = bytes_of(alone, name), {}
    torchrun = with_torchrun(folder, folder / "study.yaml")
    seen["torchrun"] = likeness(expected, bytes_of(torchrun, name))
    with cluster(folder) as (address, machines):
        tokenless = gradsim("run", "--steps", "9", "--backend", "ray", "--address", address,
                            "--cache", str(folder / "none"), HOME=str(folder),
                            RAY_AUTH_TOKEN_PATH="")
        joint, sweep = Watcher(machines, SHARD, 10), Watcher(machines, TASK, 1)
        with computed_at(Place("ray", address)), connected(address) as ray:
            wait_until(lambda: sum(one["Alive"] for one in ray.nodes()) == 2)
            run_joint(prepared, there, joint, 1, 0, 2)
            run_trials(prepared, there, trials_of(prepared), sweep, threads=1)
            seen["other cache"] = message(lambda: list(on_ray(train_task, [(
                study.model_dump_json(), name, str(folder / "elsewhere"),
                trials_of(prepared)[0], 1, "cluster/0.json")], 1, 1)))
            seen["room"] = expected_workers(study)
            seen["cores"] = message(lambda: run_trials(prepared, Store(folder / "more"), trials_of(
                prepared), lambda event: None, threads=99))
        seen["joint"] = {**joint.seen(), **likeness(expected, bytes_of(there, name))}
        seen["trials"] = {**sweep.seen(), "same": scores_of(prepared, there) == scores_of(
            prepared, alone), "n": len(scores_of(prepared, alone))}
        seen["left"] = [file.name for file in (there.root / name).glob("cluster/*")]
        seen["cancel"] = cancelled(folder, prepared, address, machines)
        seen["no token"] = [tokenless.communicate()[0], tokenless.returncode]
    return seen


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    sys.stdout.write(json.dumps(main(Path(sys.argv[1]))))
