"""A joint trial whose languages are dealt to workers of a Ray cluster (see `shards`).

One actor a shard. They meet at an address of the first, compute, and tell nothing but how far the
first is. If one dies, the others are ended too, and as many new ones go on from the last
checkpoint, with the same results; so they do as long as they get further.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterator
from typing import Any

from gradsim_core.backends.cluster import (
    called,
    failure_of,
    gpus,
    loaded_ray,
    result_of,
    surroundings,
)
from gradsim_core.backends.processes import WorkerDied
from gradsim_core.errors import RunError
from gradsim_core.prepared import Prepared
from gradsim_core.progress import Observer
from gradsim_core.storage.store import Store
from gradsim_core.tasks import store_here, study_here

_TRIES = 3
"""Times in a row that workers may die without getting further."""

_LOOK_S = 0.5
_LAST_WORDS_S = 5.0
"""Where one shard fails, the others may have the reason: they are waited for so long."""


class Shard:
    """One worker of a group; lives on the cluster."""

    def __init__(self) -> None:
        self.events: deque[dict[str, Any]] = deque()
        self.meeting: Any = None

    def host(self, around: tuple[str, str]) -> tuple[str, int]:
        """Be the first: make the address where all meet."""
        return called(around, self._host, ())

    def _host(self) -> tuple[str, int]:
        from gradsim_core.training.meeting import meeting_place

        host = loaded_ray().util.get_node_ip_address()
        self.meeting = meeting_place(host)
        return host, self.meeting.port

    def compute(self, around: tuple[str, str], *task: Any) -> None:
        """Compute this shard."""
        called(around, self._compute, task)

    def _compute(self, rank: int, size: int, address: tuple[str, int], study: str, signature: str,
                 root: str, threads: int, proof: str, checkpoint_every_s: float) -> None:
        from gradsim_core.training.joint import run_joint_trial
        from gradsim_core.training.meeting import joined, meeting_place

        store = store_here(root, signature, proof)
        prepared = study_here(study, signature)
        with joined(rank, size, self.meeting or meeting_place(*address),
                    loaded_ray().util.get_node_ip_address()) as shards:
            run_joint_trial(prepared, store, self.events.append, threads, checkpoint_every_s,
                            shards)

    def told(self) -> list[dict[str, Any]]:
        """The events since this was last asked."""
        return [self.events.popleft() for _ in range(len(self.events))]


def run_joint_on_ray(prepared: Prepared, store: Store, observe: Observer, workers: int,
                     threads: int, proof: str, checkpoint_every_s: float) -> None:
    """Run a joint trial on the cluster that this process is connected to.

    Parameters
    ----------
    workers : at most; no more than there are languages
    threads : of each
    proof : see `backends.sharing`

    Raises
    ------
    RunError
        If workers keep dying.
    GradSimError
        What a shard raises.
    """
    workers = min(workers, len(prepared.sources))
    observe({"kind": "stage", "message": f"Starting {workers} workers of the cluster"})
    furthest, deaths = 0, 0
    while True:
        before = furthest
        try:
            for event in _attempt(prepared, store, workers, threads, proof, checkpoint_every_s):
                furthest = max(furthest, event.get("step", 0))
                observe(event)
            return
        except WorkerDied:
            deaths = 0 if furthest > before else deaths + 1
            if deaths == _TRIES:
                raise RunError(f"Workers of the cluster keep dying ({deaths} times without getting "
                               "further); their machines may lack memory. Run it again with fewer "
                               "--workers: it goes on from its last checkpoint.") from None
            observe({"kind": "note",
                     "message": "A worker died; all go on from the last checkpoint"})


def _attempt(prepared: Prepared, store: Store, workers: int, threads: int, proof: str,
             checkpoint_every_s: float) -> Iterator[dict[str, Any]]:
    """The first shard's events, until all have ended."""
    ray = loaded_ray()
    remote = ray.remote(num_cpus=threads, num_gpus=int(gpus(ray) > 0),
                        max_concurrency=2, max_restarts=0, scheduling_strategy="SPREAD")(Shard)
    shards = [remote.remote() for _ in range(workers)]
    try:
        address = result_of(shards[0].host.remote(surroundings()))
        task = (prepared.study.model_dump_json(), prepared.signature, str(store.root), threads,
                proof, checkpoint_every_s)
        running = [shard.compute.remote(surroundings(), rank, workers, address, *task)
                   for rank, shard in enumerate(shards)]
        left = list(running)
        while left:
            ended, left = ray.wait(left, num_returns=1, timeout=_LOOK_S)
            failures = [found for one in ended if (found := failure_of(one)) is not None]
            if failures:
                raise _reason(ray, failures[0], left)
            yield from result_of(shards[0].told.remote())
    finally:
        for shard in shards:
            ray.kill(shard)


def _reason(ray: Any, failure: Exception, others: list[Any]) -> Exception:
    """What made a shard fail, rather than that it has lost another."""
    deadline = time.monotonic() + _LAST_WORDS_S
    while others and isinstance(failure, WorkerDied) and time.monotonic() < deadline:
        ended, others = ray.wait(others, num_returns=1, timeout=_LOOK_S)
        failure = next((found for one in ended if (found := failure_of(one)) is not None
                        and not isinstance(found, WorkerDied)), failure)
    return failure
