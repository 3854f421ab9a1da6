"""Train one trial: a model on some of a study's languages, scored on all of them.

Every step takes the rows that the joint run would take of these languages (see `mixed`), so a
language gives the same examples in whatever company, and the trial of all languages differs from
the joint run by rounding and dropout alone. A trial that is cut off goes on from its checkpoint
and gives the same scores.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch

from gradsim_core.data.corpus import Corpus
from gradsim_core.encoder.models import Encoder, load_encoder
from gradsim_core.errors import RunError, StudyError
from gradsim_core.prepared import Prepared
from gradsim_core.progress import Observer
from gradsim_core.storage.store import Store
from gradsim_core.study import Study
from gradsim_core.training.batches import weighted_loss
from gradsim_core.training.evaluation import Texts, encode_corpus, evaluate
from gradsim_core.training.joint import set_threads
from gradsim_core.training.mixed import Pool, micro_batches, pool_of, step_rows
from gradsim_core.training.optimization import adamw, restore_state, state_arrays, update
from gradsim_core.training.passes import chosen_device, computing_in, device_of, place
from gradsim_core.trials import Trial

LOOKS = 20
"""Times that a trial which may stop early is scored on dev."""


@dataclass
class _Progress:
    """Where a trial stands: all that its checkpoint holds beyond weights and moments.

    Attributes
    ----------
    step : optimizer steps done
    looks : mean dev score at each look (early stopping)
    best : weights at the best look
    seconds : that earlier runs of it took, up to the checkpoint
    """

    step: int = 0
    looks: list[float] = field(default_factory=list)
    best: list[np.ndarray] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def looks_since_best(self) -> int:
        return len(self.looks) - 1 - int(np.argmax(self.looks)) if self.looks else 0


def study_texts(prepared: Prepared) -> Texts:
    """All rows of a study as token ids, for any number of its trials."""
    study, corpus = prepared.study, prepared.corpus
    encoder = load_encoder(study.model, study.model_revision, corpus.task, corpus.labels,
                           study.seed, study.max_length, **study.encoder_settings)
    return encode_corpus(corpus, encoder.tokenizer, study.max_length)


def run_trial(prepared: Prepared, texts: Texts, store: Store, trial: Trial, observe: Observer,
              threads: int | None = None, checkpoint_every_s: float = 60.0) -> dict[str, Any]:
    """Train a trial, score it on every language, and write that into the store.

    Parameters
    ----------
    prepared : the study with its data
    texts : its rows as token ids (see `study_texts`)
    trial : its languages, seed and budget
    observe : is told "progress" events
    threads : of torch; None means one for a small model, else torch's choice
    checkpoint_every_s : seconds between checkpoints

    Returns
    -------
    dict
        What `trials.load_trial` reads: "metric", "scores", "facts".

    Raises
    ------
    StudyError
        If a language has too few rows, or stopping early has no dev rows to look at.
    RunError
        If the loss or its gradient is not finite.
    """
    began = time.monotonic()
    study = prepared.study.model_copy(update={
        "seed": trial.seed, "steps": trial.budget.steps, "batch_size": trial.budget.batch_size})
    _check(prepared, trial)
    corpus = prepared.corpus
    encoder = load_encoder(study.model, study.model_revision, corpus.task, corpus.labels,
                           trial.seed, study.max_length, **study.encoder_settings)
    set_threads(threads, encoder.n_weights)
    place(encoder, chosen_device(), study.recompute)
    if trial.budget.adaptation_steps:
        from gradsim_core.training.adaptation import adapted_weights, apply_adapted

        apply_adapted(encoder, adapted_weights(
            prepared, store, trial.budget.adaptation_steps, trial.budget.batch_size, observe,
            threads))
    packed = study.packing == "auto" and encoder.first_position is not None
    done = _train(encoder, study, trial, texts, corpus, packed, observe,
                  _Checkpoint(store, prepared.signature, trial, checkpoint_every_s, began))
    began -= done.seconds
    trained_s = time.monotonic() - began
    found = {**evaluate(encoder, corpus, texts, packed), "facts": {
        "languages": list(trial.languages), "seed": trial.seed,
        "budget": trial.budget.model_dump(), "steps": done.step,
        "device": device_of(encoder).type,
        "examples": done.step * trial.budget.batch_size * len(trial.languages),
        "train_seconds": round(trained_s, 2), "seconds": round(time.monotonic() - began, 2)}}
    store.write_json(prepared.signature, trial.entry, found)
    store.remove(prepared.signature, trial.checkpoint)
    return found


def _check(prepared: Prepared, trial: Trial) -> None:
    unknown = [code for code in trial.languages if code not in prepared.sources]
    if unknown:
        raise StudyError(f"Nothing can be trained on {', '.join(unknown[:5])}: study "
                         f"{prepared.signature} has fewer than two training rows of it. Languages "
                         f"that can be trained: {', '.join(prepared.sources[:20])}.")
    if trial.budget.patience and not any(
            len(prepared.corpus.split(code, "dev")) for code in trial.languages):
        raise StudyError(f"{', '.join(trial.languages[:5])}: no dev rows, so there is nothing to "
                         "decide by when to stop. Set patience to 0.")


def _train(encoder: Encoder, study: Study, trial: Trial, texts: Texts, corpus: Corpus,
           packed: bool, observe: Observer, checkpoint: _Checkpoint) -> _Progress:
    """Train to the end of the budget, or until it stops early."""
    pool, optimizer = pool_of(texts["train"], trial.languages), adamw(encoder, study)
    now = checkpoint.load(encoder, optimizer)
    look_at = {round(study.steps * (i + 1) / LOOKS) for i in range(LOOKS)}
    own_dev = {"dev": {code: texts["dev"][code] for code in trial.languages}}
    while now.step < study.steps:
        torch.manual_seed(study.seed * 1_000_003 + now.step)
        loss = _backward(encoder, pool, study, now.step, packed)
        norm = update(encoder, optimizer, study, now.step)
        now.step += 1
        if not (math.isfinite(loss) and math.isfinite(norm)):
            raise RunError(f"The trial on {', '.join(trial.languages)[:120]} (seed {trial.seed}) "
                           f"lost its way at step {now.step}: its loss or gradient is not finite. "
                           "Lower learning_rate.")
        if trial.budget.patience and now.step in look_at:
            scores = evaluate(encoder, corpus, own_dev, packed)["scores"]["dev"]
            now.looks.append(float(np.mean([of[corpus.metric] for of in scores.values()])))
            if not now.looks_since_best:
                now.best = [p.detach().cpu().numpy().copy() for p in encoder.parameters]
            if now.looks_since_best >= trial.budget.patience:
                break
        observe({"kind": "progress", "step": now.step, "steps": study.steps, "loss": loss})
        checkpoint.save_now_and_then(encoder, optimizer, now)
    if now.best:
        with torch.no_grad():
            for parameter, best in zip(encoder.parameters, now.best, strict=True):
                parameter.copy_(torch.from_numpy(best))
    return now


def _backward(encoder: Encoder, pool: Pool, study: Study, step: int, packed: bool) -> float:
    """Leave the gradient of a step's mean loss in ``parameter.grad``; the loss."""
    encoder.model.train()
    for parameter in encoder.parameters:
        parameter.grad = None
    rows, weights = step_rows(pool, step, study.batch_size, study.seed)
    total = 0.0
    for batch, of_labels in micro_batches(encoder, pool, rows, weights, packed, study.micro_rows):
        with computing_in(study.precision, device_of(encoder)):
            loss = weighted_loss(encoder, batch, of_labels)
        loss.backward()
        total += float(loss.detach())
    return total


class _Checkpoint:
    """A trial's checkpoint in the store: written now and then, read when it goes on."""

    def __init__(self, store: Store, signature: str, trial: Trial, every_s: float,
                 began: float) -> None:
        self._store, self._signature = store, signature
        self._name, self._every_s, self._began = trial.checkpoint, every_s, began
        self._saved = time.monotonic()

    def load(self, encoder: Encoder, optimizer: torch.optim.AdamW) -> _Progress:
        found = self._store.read_tensors(self._signature, self._name)
        if found is None:
            return _Progress()
        arrays, facts = found
        restore_state(encoder, optimizer, arrays, facts["step"])
        best = [arrays[f"best.{i}"] for i in range(len(encoder.parameters))
                if f"best.{i}" in arrays]
        return _Progress(facts["step"], facts["looks"], best, facts.get("seconds", 0.0))

    def save_now_and_then(self, encoder: Encoder, optimizer: torch.optim.AdamW,
                          now: _Progress) -> None:
        if time.monotonic() - self._saved < self._every_s:
            return
        best = {f"best.{i}": array for i, array in enumerate(now.best)}
        self._store.write_tensors(self._signature, self._name,
                                  {**state_arrays(encoder, optimizer), **best},
                                  {"step": now.step, "looks": now.looks,
                                   "seconds": now.seconds + time.monotonic() - self._began})
        self._saved = time.monotonic()
