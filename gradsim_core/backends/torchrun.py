"""Processes that torchrun started: each takes a shard of the joint trial's languages.

torchrun says in the environment who is who, and starts all processes again when one is lost
(``--max-restarts``); they go on from the last checkpoint.
"""

from __future__ import annotations

import os

from gradsim_core.backends.processes import WorkerDied
from gradsim_core.errors import RunError
from gradsim_core.prepared import Prepared
from gradsim_core.progress import Observer
from gradsim_core.storage.store import Store


def torchrun_group() -> tuple[int, int] | None:
    """This process's rank and the number of processes; None where torchrun did not start it."""
    if "TORCHELASTIC_RUN_ID" not in os.environ:
        return None
    return int(os.environ["RANK"]), int(os.environ["WORLD_SIZE"])


def is_first() -> bool:
    """Whether this process speaks for its group, or is alone."""
    group = torchrun_group()
    return group is None or group[0] == 0


def run_joint_in_group(prepared: Prepared, store: Store, observe: Observer, threads: int | None,
                       checkpoint_every_s: float, rank: int, size: int) -> None:
    """Compute this process's shard of a joint trial; the first one writes and tells.

    Raises
    ------
    RunError
        If another process is lost, or there are more of them than languages.
    """
    from gradsim_core.training.joint import run_joint_trial
    from gradsim_core.training.meeting import joined

    if size > len(prepared.sources):
        raise RunError(f"{size} processes cannot share {len(prepared.sources)} languages. Start "
                       "fewer with --nproc-per-node.")
    try:
        with joined(rank, size) as shards:
            shards.check_same(prepared.signature, "study")
            run_joint_trial(prepared, store, observe, threads, checkpoint_every_s, shards)
    except WorkerDied:
        raise RunError(f"Process {rank} of {size} has lost the others. What is computed is kept: "
                       "with --max-restarts torchrun starts all again by itself.") from None
