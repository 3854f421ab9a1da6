"""How the processes of a group meet: at an address of the first, over the network of the cluster.

The traffic between them is neither encrypted nor guarded by a token (torch knows none), so their
network must be closed to others.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import psutil
import torch
import torch.distributed as dist

from gradsim_core.backends.processes import WorkerDied
from gradsim_core.errors import RunError
from gradsim_core.training.shards import Shards

_PATIENCE = timedelta(minutes=30)
"""A process may wait so long for the others: loading and tokenizing take their time."""


def meeting_place(host: str, port: int = 0) -> dist.TCPStore:
    """Where the processes of a group meet; without a port, made here by the first of them."""
    return dist.TCPStore(host, port, is_master=port == 0, wait_for_workers=False,
                         timeout=_PATIENCE)


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
        dist.init_process_group(backend, store=meeting, rank=rank, world_size=size,
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
