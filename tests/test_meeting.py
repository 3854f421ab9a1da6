"""Processes that meet again after some were lost: nobody takes what the last attempt left."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from time import sleep

import pytest
import torch.distributed as dist

from gradsim_core.backends.processes import WorkerDied
from gradsim_core.training import meeting
from gradsim_core.training.meeting import attempt_store

SIZE = 3


def stores(shared: dist.Store, first_late_s: float) -> list[dist.Store]:
    """What each process of an attempt gets, where the first comes last."""

    def begun(rank: int) -> dist.Store:
        sleep(0 if rank else first_late_s)
        return attempt_store(shared, rank, SIZE)

    with ThreadPoolExecutor(SIZE) as pool:
        return list(pool.map(begun, range(SIZE)))


def test_an_attempt_sees_nothing_of_the_last() -> None:
    shared = dist.HashStore()
    for attempt in range(3):
        own = stores(shared, 0.3)
        for one in own:
            assert not one.check(["address"]), "of a process that is gone"
        own[attempt].set("address", str(attempt))
        assert {one.get("address") for one in own} == {str(attempt).encode()}


def test_one_process_waits_for_nobody() -> None:
    store = attempt_store(dist.HashStore(), 0, 1)
    assert not store.check(["address"])


def test_a_first_process_that_does_not_answer_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(meeting, "_PATIENCE", timedelta(seconds=0.2))
    shared = dist.HashStore()
    shared.set(meeting._FIRST, "gone")
    with pytest.raises(WorkerDied, match="the first process does not answer process 1 of 2"):
        attempt_store(shared, 1, 2)
