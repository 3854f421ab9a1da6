"""Grams of languages that are dealt to processes: those of one process, a few blocks at a time."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
import torch
import torch.distributed as dist
from engine_cases import made_encoder

from gradsim_core.gradients import tap as tap_module
from gradsim_core.gradients.tap import Tap
from gradsim_core.training.shards import ShardedTap, Shards

N = 5
"""Languages; no number of processes below divides it."""


def dealt(size: int, monkeypatch: pytest.MonkeyPatch) -> tuple[Tap, list[ShardedTap], list[int]]:
    """One process's tap, those of several with the same rows, and what these hold of Grams.

    The processes are stood in for, one after the other: each has all rows at hand, and its sums
    over processes are its own numbers.
    """
    encoder = made_encoder()
    whole = Tap(encoder, N, exact=True, sketch_size=257, seed=0)
    generator = torch.Generator().manual_seed(1)
    for rows in (whole.sums, whole.step):
        rows.copy_(torch.randn(rows.shape, generator=generator))
    taps = []
    for rank in range(size):
        shards = Shards(rank, size, grouped=True)
        one = ShardedTap(encoder, N, exact=True, sketch_size=257, seed=0, shards=shards)
        one.sums, one.step = (rows[shards.rows(N)] for rows in (whole.sums, whole.step))
        taps.append(one)
    held: list[int] = []

    def gathered(self: Shards, rows: torch.Tensor, n_languages: int, to: int = 0,
                 into: torch.Tensor | None = None) -> torch.Tensor | None:
        if self.rank != to:
            return None
        (of_all,) = [one for one, own in ((whole.sums, taps[to].sums), (whole.step, taps[to].step))
                     if own.untyped_storage().data_ptr() == rows.untyped_storage().data_ptr()]
        assert into is not None
        start = rows.storage_offset()
        into.copy_(of_all[:, start:start + rows.shape[1]])
        return into

    monkeypatch.setattr(Shards, "gathered", gathered)
    monkeypatch.setattr(dist, "all_reduce", lambda found: held.append(found.numel()))
    return whole, taps, held


def together(parts: Sequence[np.ndarray]) -> bytes:
    """What processes have between them, of which each has zeros where others have numbers."""
    return np.sum(parts, axis=0).tobytes()


@pytest.mark.parametrize("size", [1, 2, 3, 4])
def test_grams_of_shards_are_those_of_one_process(size: int,
                                                  monkeypatch: pytest.MonkeyPatch) -> None:
    whole, taps, held = dealt(size, monkeypatch)
    n_blocks = len(whole.block_slices)
    assert n_blocks > 4, "or there would be nothing to take in turn"
    for name in ("sums", "step"):
        expected = whole.grams(getattr(whole, name))
        assert together([one.grams(getattr(one, name)) for one in taps]) == expected.tobytes()
    means = {block: mean for one in taps for block, mean in one._means.items()}
    assert sorted(means) == list(range(n_blocks))
    for block, columns in enumerate(whole.block_slices):
        assert torch.equal(means[block], whole.step[:, columns].sum(0))
    assert max(held) == size * (2 * N) ** 2, "no more blocks at a time than processes"


def test_a_snapshot_s_grams_are_taken_when_they_are_asked_for(
        monkeypatch: pytest.MonkeyPatch) -> None:
    whole, (one,), held = dealt(1, monkeypatch)
    some = one.block_grams(one.sums)
    assert held == []
    assert next(some).tobytes() == next(whole.block_grams(whole.sums)).tobytes()
    assert len(held) == 1
    assert len(list(some)) == len(whole.block_slices) - 1


def test_very_many_grams_are_as_narrow_as_one_process_s(monkeypatch: pytest.MonkeyPatch) -> None:
    whole, (one,), _ = dealt(1, monkeypatch)
    monkeypatch.setattr(tap_module, "_LONG_BYTES", 0)
    assert one.grams(one.sums).dtype == whole.grams(whole.sums).dtype == np.float32
