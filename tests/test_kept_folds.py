"""The folds that a study keeps: as a sketch would be, and under our signs or of no use."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from engine_cases import made_encoder
from joining_cases import cut_off, finished, prepared
from joint_cases import ONE, trial

from gradsim_core.gradients.folding import block_signs
from gradsim_core.gradients.tap import Tap
from gradsim_core.joining.keeping import folded_sums
from gradsim_core.joining.kept import FACTS, find_kept, sums_entry
from gradsim_core.storage.store import Store


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    return finished(tmp_path_factory.mktemp("kept"))


@pytest.mark.parametrize("exact", [True, False])
@pytest.mark.parametrize(("other", "goes_with"), [({"fold_version": 1}, True),
                                                  ({"patterned": False}, False)])
def test_folds_under_other_signs_do_not_go_with_ours(tmp_path: Path, store: Store, *,
                                                     other: dict[str, Any], goes_with: bool,
                                                     exact: bool) -> None:
    """A sketch's signs have a version; whole gradients that were kept have met the pattern."""
    old = Store(shutil.copytree(store.root, tmp_path / "old"))
    facts = {**(old.read_json(ONE, FACTS) or {}), "exact": exact}
    old.write_json(ONE, FACTS, facts)
    assert find_kept(old, ONE) is not None
    old.write_json(ONE, FACTS, {**facts, **other})
    assert (find_kept(old, ONE) is not None) is (exact is goes_with)


def test_a_run_does_not_go_on_from_folds_under_other_signs(
        tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    cut = cut_off(tmp_path, monkeypatch)
    name = sums_entry(1)
    arrays, facts = cut.read_tensors(ONE, name) or ({}, {})
    cut.write_tensors(ONE, name, {"sums": arrays["sums"] + 1},
                      {key: value for key, value in facts.items() if key != "patterned"})
    trial(prepared(), cut)
    assert cut.path(ONE, name).read_bytes() == store.path(ONE, name).read_bytes()


def test_whole_gradients_are_kept_as_a_sketch_of_them() -> None:
    """Number i of a block goes to column i % k, with its row's sign and that of the pattern."""
    encoder, size, seed = made_encoder(), 301, 5
    tap = Tap(encoder, 2, exact=True, sketch_size=size, seed=seed)
    tap.sums.copy_(torch.randint(-9, 10, tap.sums.shape))
    signs, pattern = block_signs(encoder.blocks, size, seed)
    expected = []
    for own, columns in zip(signs, tap.block_slices, strict=True):
        rows = tap.sums[:, columns].numpy()
        k = min(size, rows.shape[1])
        place = np.arange(rows.shape[1])
        row, column = place // k, place % k
        signed = rows * own.numpy()[row] * pattern.numpy()[row % (len(pattern) - k + 1) + column]
        padded = np.zeros((len(rows), -(-rows.shape[1] // k) * k), np.float32)
        padded[:, :rows.shape[1]] = signed
        expected.append(padded.reshape(len(rows), -1, k).sum(1))
    found = folded_sums(tap, size, seed)
    np.testing.assert_array_equal(found.numpy(), np.concatenate(expected, axis=1))
