"""What there is to compute with at a place: models at a time, and the threads of each.

Conventions
-----------
Where neither is said, this machine takes as many models at a time as its cores and free memory
have room for; a cluster as many as its machines have cores for, whose memory is Ray's to guard.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import psutil

from gradsim_core.backends import BACKENDS, Backend, place_here
from gradsim_core.backends.cluster import address_asked, connected, cores_of, room
from gradsim_core.backends.sharing import shared
from gradsim_core.errors import RunError
from gradsim_core.fingerprints import TINY_BYTES, model_folder
from gradsim_core.prepared import Prepared
from gradsim_core.storage.store import Store
from gradsim_core.study import Study

_COPIES = 4
"""Weights, gradients and two moments."""

_WORKING_BYTES = 1_200_000_000
"""What a worker needs besides: the libraries, the data, activations."""

HERE = "this machine"


@dataclass(frozen=True)
class Room:
    """What there is to compute with; a proof that the cache is shared, where it must be."""

    backend: Backend
    workers: int
    threads: int
    proof: str = ""


@contextmanager
def room_made(prepared: Prepared, store: Store, backend: str, workers: int | None,
              threads: int | None) -> Iterator[Room]:
    """Make ready what a backend needs, and say what it has."""
    tiny = prepared.study.model == TINY_BYTES
    if backend != "ray":
        workers = workers or workers_that_fit(prepared.study)
        share = 1 if tiny else max(1, _cores() // workers)  # more would only slow it down
        yield Room(BACKENDS[backend], workers, threads or share)
        return
    with connected(place_here().address) as ray, shared(store, prepared.signature) as proof:
        threads = threads or (1 if tiny else cores_of(ray))
        most = room(ray, threads)
        yield Room(BACKENDS[backend], min(workers or most, most), threads, proof)


def expected_workers(study: Study, workers: int | None = None,
                     threads: int | None = None) -> tuple[int, str]:
    """Models that will be trained at a time, for an estimate; starts nothing.

    Parameters
    ----------
    workers, threads : as they will be asked for

    Returns
    -------
    tuple
        Their number at the place, and whose it is, in words. A cluster that has an address is
        asked; where it cannot be, the number is this machine's, and the words say why.
    """
    if place_here().backend != "ray":
        return workers or workers_that_fit(study), HERE
    address, tiny = address_asked(place_here().address), study.model == TINY_BYTES
    if address is None:  # it will be started, and has what this machine has
        most = max(1, _cores() // (threads or (1 if tiny else _cores())))
        return min(workers or most, most), HERE
    try:
        with connected(address) as ray:
            most = room(ray, threads or (1 if tiny else cores_of(ray)))
            return min(workers or most, most), f"the cluster at {address[:100]}"
    except RunError as error:
        reason = " ".join(str(error).split()).partition(". ")[0]
        return workers or workers_that_fit(study), f"{HERE} alone: {reason[:200]}"


def workers_that_fit(study: Study) -> int:
    """Workers that cores and free memory have room for, at least one."""
    n_bytes = 0 if study.model == TINY_BYTES else sum(
        path.stat().st_size for path in
        model_folder(study.model, study.model_revision).glob("*.safetensors"))
    most = psutil.virtual_memory().available // (_WORKING_BYTES + _COPIES * n_bytes)
    return int(max(1, min(_cores(), most)))


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else (
        os.cpu_count() or 1)
