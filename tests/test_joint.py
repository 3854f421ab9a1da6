"""The joint trial: the same bytes every time, also where it was cut off on the way."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from engine_cases import made_encoder
from joint_cases import ONE, made_prepared, small_encoder, trial
from result_cases import bytes_of
from store_cases import store as store  # noqa: PLC0414 - a fixture

from gradsim_core.errors import RunError
from gradsim_core.results import load_results
from gradsim_core.similarities.gram import similarity
from gradsim_core.storage.store import Store
from gradsim_core.study import snapshot_steps
from gradsim_core.study_text import study_from
from gradsim_core.training import checkpoints
from gradsim_core.training import joint as joint_module
from gradsim_core.training.checkpoints import CHECKPOINT
from gradsim_core.training.joint import step_stride
from gradsim_core.training.steps import start_training

MODES = [("sequence", "exact"), ("sequence", "sketch"), ("token", "exact"), ("token", "sketch")]
CHECKPOINTED, CUT = 2, 3  # snapshots are taken after steps 2, 4 and 6


@pytest.fixture(scope="module", autouse=True)
def _quick() -> Iterator[None]:
    """A small model; and time that runs faster, because progress is told every half a second."""
    clock = iter(range(10**9))
    fast = SimpleNamespace(monotonic=lambda: float(next(clock)))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(joint_module, "load_encoder", small_encoder)
        patch.setattr(joint_module, "time", fast)
        yield


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, str], dict]:
    """Results of runs that nobody disturbed, by task and mode."""
    found = {}
    for task, mode in MODES:
        store = Store(tmp_path_factory.mktemp("undisturbed"))
        trial(made_prepared(task, gradients=mode, sketch_size=64), store)
        found[task, mode] = bytes_of(store)
    return found


@pytest.mark.parametrize(("task", "mode"), MODES)
def test_the_same_study_gives_the_same_bytes(store: Store, undisturbed: dict, task: str,
                                             mode: str) -> None:
    trial(made_prepared(task, gradients=mode, sketch_size=64), store)
    assert bytes_of(store) == undisturbed[task, mode]


def test_another_seed_gives_other_bytes(store: Store, undisturbed: dict) -> None:
    trial(made_prepared(gradients="exact", sketch_size=64, seed=1), store)
    expected = undisturbed["sequence", "exact"]  # so that equality above means much
    assert all(bytes_of(store)[key] != expected[key] for key in ("sums", "steps", "scores"))


@pytest.mark.parametrize(("task", "mode", "cut_at"), [
    *((task, mode, CUT) for task, mode in MODES),
    *(("sequence", "sketch", cut_at) for cut_at in
      (4, 5, "Similarity is ready", "Scoring every language"))])
def test_a_run_cut_off_goes_on_to_the_same_bytes(store: Store, undisturbed: dict, task: str,
                                                 mode: str, cut_at: int | str) -> None:
    prepared = made_prepared(task, gradients=mode, sketch_size=64)
    trial(prepared, store, cut_at)
    assert store.exists(ONE, CHECKPOINT)
    assert store.read_json(ONE, "scores/joint.json") is None
    arrays, facts = store.read_tensors(ONE, CHECKPOINT) or ({}, {})
    assert facts["seconds"] > 0
    store.write_tensors(ONE, CHECKPOINT, arrays, {**facts, "seconds": 1_000.0})
    events = trial(prepared, store)
    # a step is told before its checkpoint is written; cuts after training find the last step's
    resumed = 6 if isinstance(cut_at, str) else CHECKPOINTED if cut_at in (CUT, 4) else 4
    assert {"kind": "stage", "message": f"Training, resumed after step {resumed}"} in events
    assert bytes_of(store) == undisturbed[task, mode]
    assert load_results(store, ONE).facts["resumed_at"] == resumed
    assert load_results(store, ONE).facts["train_seconds"] > 1_000, "of both runs"
    assert not store.exists(ONE, CHECKPOINT)


@pytest.mark.parametrize(("mode", "resumes"), [("exact", True), ("sketch", False)])
def test_a_checkpoint_of_sketches_under_other_signs_is_of_no_use(
        store: Store, undisturbed: dict, mode: str, *, resumes: bool) -> None:
    prepared = made_prepared(gradients=mode, sketch_size=64)
    trial(prepared, store, CUT)
    arrays, facts = store.read_tensors(ONE, CHECKPOINT) or ({}, {})
    store.write_tensors(ONE, CHECKPOINT, arrays, {**facts, "fold_version": 1})
    told = [event.get("message") for event in trial(prepared, store)]
    assert (f"Training, resumed after step {CHECKPOINTED}" in told) is resumes
    assert bytes_of(store) == undisturbed["sequence", mode]


def test_cut_before_its_first_checkpoint_it_starts_over(store: Store, undisturbed: dict) -> None:
    prepared = made_prepared(gradients="exact", sketch_size=64)
    trial(prepared, store, cut_at=1)
    assert not store.exists(ONE, CHECKPOINT)
    assert "Training" in [event.get("message") for event in trial(prepared, store)]
    assert bytes_of(store) == undisturbed["sequence", "exact"]


def test_a_damaged_checkpoint_is_set_aside(store: Store, undisturbed: dict) -> None:
    prepared = made_prepared(gradients="exact", sketch_size=64)
    trial(prepared, store, CUT)
    file = store.path(ONE, CHECKPOINT)
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)
    assert "Training" in [event.get("message") for event in trial(prepared, store)]
    assert bytes_of(store) == undisturbed["sequence", "exact"]
    assert len(list(store.root.glob(".quarantine/*.reason.txt"))) == 1


def test_checkpoints_keep_their_distance(store: Store) -> None:
    trial(made_prepared(), store, "Scoring every language", checkpoint_every_s=1e9)
    assert not store.exists(ONE, CHECKPOINT)


def test_events_tell_each_stage_once(store: Store) -> None:
    events = trial(made_prepared(), store)
    assert [event.get("message", event["kind"]) for event in events
            if event["kind"] != "progress"] == [
        "Loading the model and tokenizing", "Training", "Similarity is ready",
        "Scoring every language", "done"]
    steps = [event["step"] for event in events if event["kind"] == "progress"]
    assert steps == [1, 2, 3, 4, 5, 6]
    assert all(event["eta_s"] >= 0 for event in events if event["kind"] == "progress")


def test_a_language_that_explodes_is_left_out_also_after_a_cut(
        store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    spoil_gradients(monkeypatch, {"nld"}, from_step=1)
    whole = Store(store.root / "whole")
    prepared = made_prepared(gradients="exact")
    trial(prepared, whole)
    invalid = dict(load_results(whole, ONE).series.invalid)
    assert list(invalid) == ["nld"]
    assert "step 2" in invalid["nld"]
    trial(prepared, store, CUT)
    trial(prepared, store)
    assert bytes_of(store) == bytes_of(whole)


def test_with_one_language_left_there_is_nothing_to_compare(
        store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    spoil_gradients(monkeypatch, {"nld", "ita", "spa"}, from_step=0)
    with pytest.raises(RunError, match=r"^Step 1: the gradients of ") as caught:
        trial(made_prepared(gradients="exact"), store)
    assert all(code in str(caught.value) for code in ("nld", "ita", "spa"))
    assert len(str(caught.value)) <= 400


def spoil_gradients(monkeypatch: pytest.MonkeyPatch, codes: set[str], from_step: int) -> None:
    """Make the losses of some languages infinite from a step (counted from 0) on."""
    from gradsim_core.training import steps as module

    state: dict[str, Any] = {}
    rows_at, mean_loss = module.rows_at, module.mean_loss

    def watched(n_rows: int, step: int, size: int, seed: int, code: str, half: int) -> np.ndarray:
        state.update(step=step, code=code)
        return rows_at(n_rows, step, size, seed, code, half)

    def spoilt(*arguments: Any) -> torch.Tensor:
        bad = state["code"] in codes and state["step"] >= from_step
        return mean_loss(*arguments) * (float("inf") if bad else 1.0)

    monkeypatch.setattr(module, "rows_at", watched)
    monkeypatch.setattr(module, "mean_loss", spoilt)


def test_parameters_that_are_never_used_survive_a_checkpoint(store: Store) -> None:
    def made() -> Any:
        encoder = made_encoder()
        encoder.blocks["head"].append(torch.nn.Parameter(torch.ones(3)))  # no gradient, ever
        return start_training(encoder, ("deu", "nld"), study_from(
            {"gradients": "sketch", "sketch_size": 64}))

    training = made()
    for parameter in training.encoder.parameters[:-1]:
        parameter.grad = torch.full_like(parameter, 0.01)
    training.optimizer.step()
    training.step, training.snapshots = 1, [1]
    for _ in training.encoder.blocks:
        training.sums.append(np.ones((2, 2)))
    training.steps.append(np.ones((2, 2), np.float32))
    checkpoints.save_checkpoint(training, store, ONE)
    other = made()
    assert checkpoints.resume(other, store, ONE) == 1
    for one, another in zip(training.encoder.parameters, other.encoder.parameters, strict=True):
        assert torch.equal(one, another)
    assert len(other.optimizer.state) == len(training.encoder.parameters) - 1


def test_a_checkpoint_laid_out_otherwise_starts_the_training_anew(store: Store) -> None:
    """As versions did that kept the Grams of all blocks in one array."""
    def made() -> Any:
        return start_training(made_encoder(), ("deu", "nld"), study_from(
            {"gradients": "sketch", "sketch_size": 64}))

    training = made()
    training.step, training.snapshots = 1, [1]
    training.sums.append(np.ones((len(training.encoder.blocks), 4, 4)))
    training.steps.append(np.ones((2, 2), np.float32))
    checkpoints.save_checkpoint(training, store, ONE)
    other = made()
    assert checkpoints.resume(other, store, ONE) == 0
    assert (other.step, len(other.sums), len(other.steps)) == (0, 0, 0)


@pytest.mark.parametrize(("steps", "snapshots", "expected"), [
    (6, 3, {2, 4, 6}), (5, 5, {1, 2, 3, 4, 5}), (240, 1, {240}), (7, 2, {4, 7})])
def test_snapshots_are_spread_evenly(steps: int, snapshots: int, expected: set[int]) -> None:
    assert snapshot_steps(steps, snapshots) == expected
    assert max(expected) == steps


def test_many_languages_keep_shorter_numbers(store: Store, undisturbed: dict,
                                             monkeypatch: pytest.MonkeyPatch) -> None:
    """Sums that would take much room are kept in float32; a cut makes no difference then either."""
    monkeypatch.setattr(joint_module, "SUMS_BYTES", 0)
    prepared = made_prepared(gradients="exact", sketch_size=64)
    trial(prepared, store, cut_at=CUT)
    trial(prepared, store)
    series = load_results(store, ONE).series
    long = np.frombuffer(undisturbed["sequence", "exact"]["sums"]).reshape(series.sums.shape)
    assert series.sums.dtype == np.float32
    np.testing.assert_array_equal(series.sums, long.astype(np.float32))
    for correction in ("raw", "noise_corrected", "centred"):
        short, exact = (similarity(replace(series, sums=sums), correction=correction).matrix
                        for sums in (series.sums, long))
        np.testing.assert_allclose(short, exact, rtol=0, atol=2e-6)


@pytest.mark.parametrize("steps", [1, 1_000, 100_000])
def test_steps_kept_fit_in_their_room(steps: int) -> None:
    stride = step_stride(steps, n_blocks=14, n_languages=100)
    kept = -(-steps // stride)
    assert kept * 14 * 200 * 200 * 4 <= joint_module.STEP_GRAMS_BYTES or kept == 1
    assert stride == 1 or kept * 14 * 200 * 200 * 4 > joint_module.STEP_GRAMS_BYTES * 0.4


def test_killed_runs_end_with_the_same_result() -> None:
    """A few kills of the real command; by hand with more: python tests/kill_training.py."""
    script = Path(__file__).parent / "kill_training.py"
    done = subprocess.run([sys.executable, str(script), "--kills", "3"], capture_output=True,
                          text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"3 kills .* 0 different, 0 torn, 0 strays left", done.stdout), done.stdout
