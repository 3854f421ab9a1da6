"""Tasks mapped over the workers of a Ray cluster.

Conventions
-----------
Ray is loaded when it is first asked for. A cluster demands a token (RAY_AUTH_MODE=token): the one
that RAY_AUTH_TOKEN or RAY_AUTH_TOKEN_PATH names, else ``~/.ray/auth_token``, which must be the same
on all machines. Each task asks for as many cores as it has threads, and for a GPU where the cluster
has any and the device is not `cpu`. A task whose worker or machine dies is repeated by Ray, a few
times; what runs when the caller leaves, or dies, is ended. A cluster of this machine alone ends
with whoever began it, even one that is killed (see `watching`).
"""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path
from typing import Any

from gradsim_core.backends.processes import WorkerDied
from gradsim_core.backends.watching import watched
from gradsim_core.devices import VARIABLE, asked_device
from gradsim_core.errors import GradSimError, RunError

_REPEATS = 3
"""Times that Ray repeats a task whose worker died."""

_REACHED_S = 5.0
"""A head that does not answer within this many seconds is not there."""

_SETTINGS = {"RAY_AUTH_MODE": "token", "RAY_USAGE_STATS_ENABLED": "0",
             "RAY_DEDUP_LOGS_SKIP_REGEX": "A worker died or was killed"}
"""The last keeps what Ray says of dead workers, at length, out of standard output; we say it."""


@contextmanager
def connected(address: str | None = None) -> Iterator[Any]:
    """Be connected to a cluster inside this block; yields the package ray.

    Parameters
    ----------
    address : as of `place.Place`

    Raises
    ------
    RunError
        If Ray is not installed, no cluster answers, or it does not let us in.
    """
    for name, value in _SETTINGS.items():
        os.environ.setdefault(name, value)
    try:
        import ray
    except ImportError:
        raise RunError("The backend ray needs Ray, which is not installed here. Install it on "
                       "every machine: pip install 'gradsim[ray]'.") from None
    if ray.is_initialized():
        yield ray
        return
    meant = address_asked(address)
    with nullcontext() if meant else watched(lambda: _connect(ray, "local")):
        if meant:
            _connect(ray, meant)
        try:
            yield ray
        finally:
            ray.shutdown()


def address_asked(address: str | None = None) -> str | None:
    """The cluster that is meant: as of `place.Place`; None: one of this machine, still to start."""
    meant = address or os.environ.get("RAY_ADDRESS")
    return None if meant == "local" else meant or None


def on_ray(function: Callable[..., Any], tasks: Sequence[tuple], workers: int,
           threads: int) -> Iterator[tuple[int, Any]]:
    """Map over workers of the cluster that this process is connected to."""
    ray = loaded_ray()
    remote = ray.remote(num_cpus=threads, num_gpus=int(gpus(ray) > 0), max_retries=_REPEATS)(called)
    left = list(enumerate(tasks))[::-1]
    running: dict[Any, int] = {}
    try:
        while left or running:
            while left and len(running) < workers:
                number, task = left.pop()
                running[remote.remote(surroundings(), function, task)] = number
            (ended, *_), _ = ray.wait(list(running), num_returns=1)
            number = running.pop(ended)
            yield number, result_of(ended)
    finally:
        for one in running:
            with suppress(ray.exceptions.RayError):
                ray.cancel(one, force=True)


def loaded_ray() -> Any:
    """The package ray, which need not be installed."""
    import ray

    return ray


def called(around: tuple[str, str], function: Callable[..., Any], task: tuple) -> Any:
    """Call a function in a worker, in the `surroundings` of whoever asked."""
    folder, device = around
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # before torch is loaded
    os.environ[VARIABLE] = device
    with suppress(OSError):  # a machine need not have it
        os.chdir(folder)
    try:
        return function(*task)
    except GradSimError as error:
        raise type(error)(f"On machine {socket.gethostname()}: {error}") from None


def surroundings() -> tuple[str, str]:
    """The folder this process works in, where relative paths of data begin; its device."""
    try:
        return os.getcwd(), asked_device()
    except FileNotFoundError:
        return str(Path.home()), asked_device()


def result_of(reference: Any) -> Any:
    """The result of a remote call.

    Raises
    ------
    WorkerDied
        If its worker or machine died.
    Exception
        What the call raised.
    """
    import ray

    failure = failure_of(reference)
    if failure is not None:
        raise failure
    return ray.get(reference)


def failure_of(reference: Any) -> Exception | None:
    """What kept a remote call from its result, if anything."""
    import ray
    from ray import exceptions

    try:
        ray.get(reference)
    except exceptions.RayTaskError as error:
        return error.cause if isinstance(error.cause, Exception) else RunError(
            f"A worker failed: {str(error)[-300:]}")
    except (exceptions.WorkerCrashedError, exceptions.NodeDiedError, exceptions.ActorDiedError,
            exceptions.ActorUnavailableError, exceptions.OutOfMemoryError,
            exceptions.LocalRayletDiedError):
        return WorkerDied("a worker of the cluster died")
    return None


def room(ray: Any, threads: int) -> int:
    """Tasks of so many threads that the cluster has room for at a time.

    Raises
    ------
    RunError
        If none of its machines has so many cores.
    """
    cores = [int(node["Resources"].get("CPU", 0)) for node in ray.nodes() if node["Alive"]]
    found = sum(some // threads for some in cores)
    if gpus(ray):
        found = min(found, gpus(ray))
    if not found:
        raise RunError(f"No machine of the cluster has {threads} cores (they have "
                       f"{', '.join(map(str, cores)) or 'none'}). Give fewer with --threads.")
    return found


def gpus(ray: Any) -> int:
    """GPUs of the cluster that may be computed on."""
    return 0 if asked_device() == "cpu" else int(ray.cluster_resources().get("GPU", 0))


def cores_of(ray: Any) -> int:
    """Cores that every machine with any has."""
    return min((int(node["Resources"]["CPU"]) for node in ray.nodes()
                if node["Alive"] and node["Resources"].get("CPU")), default=1)


def _connect(ray: Any, address: str) -> None:
    from ray.exceptions import AuthenticationError, RayError

    quiet = {"log_to_driver": False, "logging_level": "CRITICAL"}
    where = "of this machine" if address == "local" else f"at {address[:100]}"
    host, _, port = address.removeprefix("ray://").rpartition(":")
    if host and port.isdecimal():
        try:
            socket.create_connection((host, int(port)), timeout=_REACHED_S).close()
        except OSError as error:
            raise RunError(f"No Ray cluster answers at {address[:100]} ({error}). Start its head "
                           "with `ray start --head`, or give --address host:port of the head (the "
                           "port is 6379 unless it was chosen).") from None
    try:
        if address == "local":
            ray.init(address="local", include_dashboard=False, _node_ip_address="127.0.0.1",
                     **quiet)
        else:
            ray.init(address=address, **quiet)
    except AuthenticationError:
        raise RunError(f"The Ray cluster {where} does not know our token. Give this machine the "
                       "head's: copy ~/.ray/auth_token from there, or name its file with "
                       "RAY_AUTH_TOKEN_PATH.") from None
    except (RayError, ConnectionError, RuntimeError, ValueError, TimeoutError) as error:
        words = " ".join(str(error).split())[:300]
        raise RunError(f"The Ray cluster {where} cannot be joined: {words} Run this on a machine "
                       "of the cluster (`ray status` says whether it is one), with the "
                       "head's token (~/.ray/auth_token, or RAY_AUTH_TOKEN_PATH) and the same "
                       "versions of Ray and Python.") from None
