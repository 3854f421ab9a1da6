"""How the processes of a group meet: at an address of the first, over the network of the cluster.

The traffic between them is neither encrypted nor guarded by a token (torch knows none), so their
network must be closed to others.
"""

from __future__ import annotations

import os
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import psutil
import torch
import torch.distributed as dist
from torch.distributed.rendezvous import rendezvous

from gradsim_core.backends.processes import WorkerDied
from gradsim_core.errors import RunError
from gradsim_core.training.shards import Shards

_PATIENCE = timedelta(minutes=30)
"""A process may wait so long for the others: loading and tokenizing take their time."""

_FIRST = "gradsim/first"
_LOOK_S = 0.05


def meeting_place(host: str, port: int = 0) -> dist.TCPStore:
    """Where the processes of a group meet; without a port, made here by the first of them."""
    return dist.TCPStore(host, port, is_master=port == 0, wait_for_workers=False,
                         timeout=_PATIENCE)


def attempt_store(store: dist.Store, rank: int, size: int) -> dist.Store:
    """A part of the store that this attempt alone has, where processes are started again.

    torchrun keeps one store over all attempts. What the last one left in it are addresses of
    processes that are gone, for which the next would wait. So the first process names the attempt
    anew, and the others take no name before the process that gave it has answered them.

    Raises
    ------
    WorkerDied
        If the first process answers nobody.
    """
    own = secrets.token_hex(8)
    if rank == 0:
        store.set(_FIRST, own)
        for other in range(1, size):
            store.set(f"{own}/{other}/{store.get(f'{own}/{other}').decode()}", "")
        return dist.PrefixStore(own, store)
    deadline = time.monotonic() + _PATIENCE.total_seconds()
    while time.monotonic() < deadline:
        first = store.get(_FIRST).decode()
        store.set(f"{first}/{rank}", own)
        if store.check([f"{first}/{rank}/{own}"]):
            return dist.PrefixStore(first, store)
        time.sleep(_LOOK_S)
    raise WorkerDied(f"the first process does not answer process {rank} of {size}")


@contextmanager
def joined(rank: int, size: int, meeting: dist.TCPStore | None = None,
           own_address: str | None = None) -> Iterator[Shards]:
    """Meet the other processes of a group, and part from them at the end.

    Parameters
    ----------
    meeting : where; None: as torchrun's environment variables say
    own_address : of this machine, as the others see it; None: the one of its name

    Raises
    ------
    WorkerDied
        If another process of the group is lost.
    """
    if own_address:
        os.environ.setdefault("GLOO_SOCKET_IFNAME", _interface(own_address))
    backend = "gloo"
    if torch.cuda.is_available():
        torch.cuda.set_device(int(os.environ.get("LOCAL_RANK", rank)) % torch.cuda.device_count())
        backend = "cpu:gloo,cuda:nccl"
    try:
        store: dist.Store = meeting or attempt_store(
            next(rendezvous("env://", timeout=_PATIENCE))[0], rank, size)
        dist.init_process_group(backend, store=store, rank=rank, world_size=size,
                                timeout=_PATIENCE)
        yield Shards(rank, size, grouped=True)
    except RuntimeError as error:
        if isinstance(error, dist.DistError) or "gloo" in str(error):
            raise WorkerDied(f"process {rank} of {size} has lost the others") from None
        raise
    finally:
        if dist.is_initialized():
            dist.destroy_process_group()


def _interface(address: str) -> str:
    """The network interface that has an address."""
    for name, addresses in psutil.net_if_addrs().items():
        if any(one.address == address for one in addresses):
            return name
    raise RunError(f"No network interface of this machine has the address {address}. Set "
                   "GLOO_SOCKET_IFNAME to the name of the one that the others reach.")
