"""The joint trial: train one model on all languages, record Grams on the way, score it.

Conventions
-----------
A step takes an equally large batch of every language at the same parameters (see `batches`),
makes their gradients (see `gradients`) and follows the mean of them with AdamW: linear warm-up,
linear decay, gradients clipped to norm 1, no weight decay on biases and norms. Dropout is on and
seeded by (seed, step), so the gradients are those of the training step itself, and a run that
is killed and resumed gives the same bytes as one that is not.

A language whose gradient is not finite, or more than 10,000 times longer than the median one,
is taken out, the step is repeated without it, and the reason is kept with the results.
"""

from __future__ import annotations

import resource
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch

from gradsim_core.batches import collate, mean_loss, rows_at
from gradsim_core.encoding import Encoded, encode_split
from gradsim_core.errors import RunError
from gradsim_core.evaluation import evaluate
from gradsim_core.gradients import Tap, faulty_rows, is_exact
from gradsim_core.gram import GramSeries
from gradsim_core.models import Encoder, load_encoder
from gradsim_core.prepared import RECORD, Prepared, study_record
from gradsim_core.results import GRAMS, SCORES, save_grams
from gradsim_core.store import Store
from gradsim_core.study import Study

CHECKPOINT = "checkpoint.safetensors"
STEP_GRAMS_BYTES = 64 * 2**20
"""Grams of single steps are kept for every step, or every n-th so that they fit in this."""

Observer = Callable[[dict[str, Any]], None]


@dataclass
class Training:
    """The state of a joint trial: all that a checkpoint must hold."""

    encoder: Encoder
    tap: Tap
    optimizer: torch.optim.AdamW
    languages: tuple[str, ...]
    step: int = 0
    snapshots: list[int] = field(default_factory=list)
    sums: list[np.ndarray] = field(default_factory=list)
    step_numbers: list[int] = field(default_factory=list)
    steps: list[np.ndarray] = field(default_factory=list)
    invalid: dict[str, str] = field(default_factory=dict)

    @property
    def active(self) -> list[int]:
        """Positions of the languages still trained on."""
        return [i for i, code in enumerate(self.languages) if code not in self.invalid]


def run_joint_trial(prepared: Prepared, store: Store, observe: Observer,
                    threads: int | None = None, checkpoint_every_s: float = 20.0) -> None:
    """Train on all languages, and write Grams and scores into the store.

    Parameters
    ----------
    prepared : the study with its data
    store : where the results go, and checkpoints while it runs
    observe : is told each event as a dict with a "kind"
    threads : of torch; None leaves torch's choice
    checkpoint_every_s : least seconds between checkpoints, which are taken at snapshots

    Raises
    ------
    RunError
        If fewer than two languages have usable gradients.
    """
    started = time.monotonic()
    study, corpus, name = prepared.study, prepared.corpus, prepared.signature
    if threads:
        torch.set_num_threads(threads)
    store.write_json(name, RECORD, study_record(prepared))
    observe({"kind": "stage", "message": "Loading the model and tokenizing"})
    encoder = load_encoder(study.model, study.model_revision, corpus.task, corpus.labels,
                           study.seed, study.max_length)
    encoded = {code: encode_split(corpus.split(code, "train"), corpus.task, corpus.labels,
                                  encoder.tokenizer, study.max_length)
               for code in prepared.sources}
    packed = study.packing == "auto" and encoder.first_position is not None
    training = start_training(encoder, prepared.sources, study)
    resumed_at = _resume(training, store, name)
    if resumed_at:
        observe({"kind": "stage", "message": f"Resumed after step {resumed_at}"})
    _train(training, encoded, study, packed, observe,
           save=lambda: _save_checkpoint(training, store, name), every_s=checkpoint_every_s)

    facts = {
        "mode": "exact" if training.tap.exact else "sketch",
        "sketch_size": None if training.tap.exact else study.sketch_size,
        "packed": packed, "n_parameters": encoder.n_parameters,
        "truncated": {code: rows.truncated for code, rows in encoded.items() if rows.truncated},
        "lost_words": {code: rows.lost_words for code, rows in encoded.items()
                       if rows.lost_words},
        "train_seconds": round(time.monotonic() - started, 1), "resumed_at": resumed_at,
        "threads": torch.get_num_threads(), "peak_memory_bytes": peak_memory_bytes(),
    }
    save_grams(store, name, _series(training), facts)
    observe({"kind": "snapshot", "step": study.steps, "message": "Similarity is ready"})
    observe({"kind": "stage", "message": "Scoring every language"})
    store.write_json(name, SCORES, evaluate(encoder, corpus, study.max_length, packed))
    store.remove(name, CHECKPOINT)
    observe({"kind": "done", "step": study.steps, "steps": study.steps,
             "seconds": round(time.monotonic() - started, 1),
             "peak_memory_bytes": peak_memory_bytes()})


def start_training(encoder: Encoder, languages: tuple[str, ...], study: Study) -> Training:
    """Put optimizer and tap around a fresh encoder."""
    decayed = [p for p in encoder.parameters if p.ndim > 1]
    plain = [p for p in encoder.parameters if p.ndim <= 1]
    optimizer = torch.optim.AdamW(
        [{"params": decayed, "weight_decay": study.weight_decay},
         {"params": plain, "weight_decay": 0.0}], lr=study.learning_rate, fused=True)
    exact = is_exact(study.gradients, len(languages), encoder.n_parameters)
    tap = Tap(encoder, len(languages), exact, study.sketch_size, study.seed)
    return Training(encoder, tap, optimizer, languages)


def train_step(training: Training, encoded: dict[str, Encoded], study: Study,
               packed: bool) -> tuple[float, np.ndarray]:
    """Run one optimizer step; returns the mean loss and the step's Grams."""
    while True:
        torch.manual_seed(study.seed * 1_000_003 + training.step)
        losses, faulty = _step_gradients(training, encoded, study, packed)
        grams = training.tap.grams(training.tap.step)
        faulty = faulty or faulty_rows(grams)
        if not faulty:
            break
        _take_out(training, faulty)
    training.tap.end_step(len(losses))
    torch.nn.utils.clip_grad_norm_(training.encoder.parameters, 1.0)
    for group in training.optimizer.param_groups:
        group["lr"] = study.learning_rate * _schedule(training.step, study)
    training.optimizer.step()
    training.step += 1
    return float(np.mean(losses)), grams


def _step_gradients(training: Training, encoded: dict[str, Encoded], study: Study,
                    packed: bool) -> tuple[list[float], list[int]]:
    """One micro-batch a (language, half); stops at a row that spoils the rest."""
    encoder, tap = training.encoder, training.tap
    encoder.model.train()
    tap.begin_step()
    losses = []
    for i in training.active:
        code = training.languages[i]
        rows_of = encoded[code]
        for half in (0, 1):
            rows = rows_at(len(rows_of), training.step, study.batch_size // 2, study.seed,
                           code, half)
            tap.begin(2 * i + half)
            loss = mean_loss(encoder, collate(encoder, rows_of, rows, packed))
            loss.backward()
            if not tap.end(2 * i + half):
                return losses, [2 * i + half]
            losses.append(float(loss.detach()))
    return losses, []


def _take_out(training: Training, faulty: list[int]) -> None:
    for code in {training.languages[row // 2] for row in faulty}:
        training.invalid[code] = (f"its gradient was not finite or exploded at step "
                                  f"{training.step + 1}")
    if len(training.active) < 2:
        raise RunError(f"Step {training.step + 1}: the gradients of {', '.join(training.invalid)} "
                       "are not finite or explode, and fewer than two languages are left. Lower "
                       "learning_rate, or check these languages' data.")


def _schedule(step: int, study: Study) -> float:
    warm = max(1, round(study.warmup * study.steps))
    return min((step + 1) / warm, (study.steps - step) / max(1, study.steps - warm + 1))


def _train(training: Training, encoded: dict[str, Encoded], study: Study, packed: bool,
           observe: Observer, save: Callable[[], None], every_s: float) -> None:
    recorded = snapshot_steps(study.steps, study.snapshots)
    stride = step_stride(study.steps, len(training.encoder.blocks), len(training.languages))
    first, began, told, saved = training.step, time.monotonic(), 0.0, time.monotonic()
    while training.step < study.steps:
        loss, grams = train_step(training, encoded, study, packed)
        step, now = training.step, time.monotonic()
        if (step - 1) % stride == 0:
            training.step_numbers.append(step)
            training.steps.append(grams.astype(np.float32))
        if step in recorded:
            training.snapshots.append(step)
            training.sums.append(training.tap.grams(training.tap.sums))
        if now - told > 0.5 or step == study.steps:
            told = now
            eta = (now - began) / (step - first) * (study.steps - step)
            observe({"kind": "progress", "step": step, "steps": study.steps,
                     "loss": round(loss, 4), "eta_s": round(eta, 1)})
        if step in recorded and step < study.steps and now - saved >= every_s:
            save()
            saved = time.monotonic()


def snapshot_steps(steps: int, snapshots: int) -> set[int]:
    """Evenly spaced steps (from 1) to record at; the last is always among them."""
    return {round(steps * (i + 1) / snapshots) for i in range(snapshots)}


def step_stride(steps: int, n_blocks: int, n_languages: int) -> int:
    """Record every n-th step's own Gram, so that all of them fit in STEP_GRAMS_BYTES."""
    each = n_blocks * (2 * n_languages) ** 2 * 4
    return max(1, -(-steps * each // STEP_GRAMS_BYTES))


def _series(training: Training) -> GramSeries:
    return GramSeries(training.languages, tuple(training.encoder.blocks),
                      tuple(training.snapshots), np.stack(training.sums),
                      tuple(training.step_numbers), np.stack(training.steps), training.invalid)


def peak_memory_bytes() -> int:
    """Largest resident size of this process so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def _save_checkpoint(training: Training, store: Store, name: str) -> None:
    arrays = {"tap.sums": training.tap.sums.numpy(), "steps": np.stack(training.steps),
              "sums": np.stack(training.sums)}
    for i, parameter in enumerate(training.encoder.parameters):
        state = training.optimizer.state[parameter]
        arrays[f"parameter.{i}"] = parameter.detach().numpy()
        arrays[f"exp_avg.{i}"] = state["exp_avg"].numpy()
        arrays[f"exp_avg_sq.{i}"] = state["exp_avg_sq"].numpy()
    store.write_tensors(name, CHECKPOINT, arrays, {
        "step": training.step, "snapshots": training.snapshots,
        "step_numbers": training.step_numbers, "invalid": training.invalid})


def _resume(training: Training, store: Store, name: str) -> int:
    """Take up the last checkpoint, if there is a sound one; returns the steps already done."""
    found = store.read_tensors(name, CHECKPOINT)
    if found is None:
        return 0
    arrays, facts = found
    training.step = facts["step"]
    training.snapshots, training.sums = facts["snapshots"], list(arrays["sums"])
    training.step_numbers, training.steps = facts["step_numbers"], list(arrays["steps"])
    training.invalid = facts["invalid"]
    training.tap.sums.copy_(torch.from_numpy(arrays["tap.sums"]))
    with torch.no_grad():
        for i, parameter in enumerate(training.encoder.parameters):
            parameter.copy_(torch.from_numpy(arrays[f"parameter.{i}"]))
            training.optimizer.state[parameter] = {
                "step": torch.tensor(float(training.step)),
                "exp_avg": torch.from_numpy(arrays[f"exp_avg.{i}"]).clone(),
                "exp_avg_sq": torch.from_numpy(arrays[f"exp_avg_sq.{i}"]).clone()}
    return training.step


