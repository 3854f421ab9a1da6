"""Weights kept for languages that join later: when, where there is room, and when not."""

from __future__ import annotations

from pathlib import Path

import pytest
from joining_cases import finished, prepared
from joint_cases import ONE, trial

from gradsim_core.errors import RunError
from gradsim_core.joining import keeping, kept, sizes
from gradsim_core.joining.kept import find_kept
from gradsim_core.storage.store import Store
from gradsim_core.study_text import study_from
from gradsim_core.training.checkpoints import CHECKPOINT


@pytest.mark.parametrize(("megabytes", "expected"), [
    (1.00, (0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10)),  # the start and ten steps of 80 kB
    (0.80, (0, 1, 2, 4, 5, 6, 8, 9, 10)),
    (0.48, (0, 2, 5, 8, 10)),
    (0.00, (0, 5, 10))], ids=["all", "nine", "half", "snapshots alone"])
def test_weights_are_kept_as_often_as_they_fit(megabytes: float, expected: tuple[int, ...],
                                               monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sizes, "WEIGHTS_BYTES", int(megabytes * 1e6))
    found = sizes.weights_steps(study_from({"steps": 10, "snapshots": 2}), 20_000)
    assert found == expected
    assert len(found) <= 3 or len(found) * 80_000 <= megabytes * 1e6


def test_another_training_is_not_kept(tmp_path: Path) -> None:
    late = finished(tmp_path, keep_weights=False)
    with pytest.raises(RunError, match="went another way than the first time"):
        trial(prepared(learning_rate=0.02), late)
    assert find_kept(late, ONE) is None


def test_a_checkpoint_without_weights_is_of_no_use(tmp_path: Path) -> None:
    cut = Store(tmp_path)
    trial(prepared(keep_weights=False), cut, cut_at="Scoring every language")
    assert cut.exists(ONE, CHECKPOINT)
    events = trial(prepared(), cut)
    assert not any("resumed" in event.get("message", "") for event in events)
    assert find_kept(cut, ONE) is not None


def test_a_full_disk_is_told_before_the_run(tmp_path: Path,
                                            monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept, "free_bytes", lambda folder: 70_000_000)
    assert keeping.check_room is kept.check_room
    with pytest.raises(RunError, match=r"keep_weights needs 0\.0\d GB in .*0\.07 GB are free"):
        trial(prepared(), Store(tmp_path))
