"""The joint trial: train one model on all languages, record Grams on the way, score it.

The run is resumed from its last checkpoint, and gives the same bytes as one that was not cut
off. What it leaves in the store: the record of the study, its Grams, and the joint scores.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
import torch

from gradsim_core.encoder.encoding import Encoded, encode_split
from gradsim_core.encoder.models import load_encoder
from gradsim_core.gradients.sketch_error import sketch_errors
from gradsim_core.joining.keeping import keeper_of
from gradsim_core.prepared import RECORD, Prepared, study_record
from gradsim_core.progress import Observer, silent
from gradsim_core.results import SCORES, save_grams, save_increments
from gradsim_core.similarities.gram import GramSeries
from gradsim_core.storage.store import Store
from gradsim_core.study import Study, snapshot_steps
from gradsim_core.training.checkpoints import put_on_disk, resume, save_checkpoint, tidy
from gradsim_core.training.evaluation import encode_corpus, evaluate
from gradsim_core.training.memory import peak_memory_bytes
from gradsim_core.training.passes import chosen_device, device_of, place
from gradsim_core.training.shards import ALONE, Shards
from gradsim_core.training.steps import Training, start_training, train_step

STEP_GRAMS_BYTES = 64 * 2**20
"""Grams of single steps are kept for every step, or every n-th so that they fit in this."""

SUMS_BYTES = 512 * 2**20
"""Grams of the sums at all snapshots are float64 up to this, and float32 beyond."""

SMALL_MODEL = 5_000_000
"""Below so many parameters two threads take longer than one: 1.9 times for tiny-bytes."""

def run_joint_trial(prepared: Prepared, store: Store, observe: Observer,
                    threads: int | None = None, checkpoint_every_s: float = 20.0,
                    shards: Shards = ALONE) -> None:
    """Train on all languages, and write Grams and scores into the store.

    Parameters
    ----------
    prepared : the study with its data
    store : where the results go, and checkpoints while it runs
    observe : is told each event as a dict with a "kind"
    threads : of torch; None means one for a small model, else torch's choice
    checkpoint_every_s : least seconds between checkpoints, which are taken at snapshots
    shards : tell which of the languages this process computes; process 0 alone writes and is told

    Raises
    ------
    RunError
        If fewer than two languages have usable gradients.
    """
    started = time.monotonic()
    study, corpus, name = prepared.study, prepared.corpus, prepared.signature
    keeper = keeper_of(study, store, name)
    if shards.rank == 0 and not keeper.repeats:
        store.write_json(name, RECORD, study_record(prepared))
    if shards.rank:
        observe = silent  # process 0 tells
    observe({"kind": "stage", "message": "Loading the model and tokenizing"})
    encoder = load_encoder(study.model, study.model_revision, corpus.task, corpus.labels,
                           study.seed, study.max_length, **study.encoder_settings)
    set_threads(threads, encoder.n_weights)
    place(encoder, chosen_device(), study.recompute)
    encoded = {code: encode_split(corpus.split(code, "train"), corpus.task, corpus.labels,
                                  encoder.tokenizer, study.max_length)
               for i, code in enumerate(prepared.sources) if shards.has(i)}
    packed = study.packing == "auto" and encoder.first_position is not None
    if encoder.first_position is None and study.packing == "auto":
        observe({"kind": "note", "message": f"{encoder.model.config.model_type} models take no "
                 "packed rows: rows are padded, which takes longer"})
    training = start_training(encoder, prepared.sources, study, shards)
    put_on_disk(training, study, store, name)
    resumed_at = resume(training, store, name, keeper)

    def seconds() -> float:
        """Of this run, and of those before it up to the checkpoint."""
        return training.seconds + time.monotonic() - started

    keeper.begin(training, observe)
    observe({"kind": "stage", "message":
             f"Training, resumed after step {resumed_at}" if resumed_at else "Training"})
    _train(training, encoded, study, packed, observe, keep=keeper.keep,
           save=lambda: save_checkpoint(training, store, name, seconds()),
           every_s=checkpoint_every_s)

    lost = shards.each(({code: rows.truncated for code, rows in encoded.items()},
                        {code: rows.lost_words for code, rows in encoded.items()}))
    training.increments.gather(shards)
    errors = sketch_errors(training)
    if shards.rank:
        return
    if keeper.end(training):
        tidy(training, store, name)
        observe({"kind": "done", "step": study.steps, "steps": study.steps,
                 "message": "Weights are kept; languages can join this study"})
        return
    facts = {
        "mode": "exact" if training.tap.exact else "sketch",
        "sketch_size": None if training.tap.exact else training.tap.sketch_size,
        "sketch_error": errors,
        "packed": packed, "n_parameters": encoder.n_parameters,
        "truncated": _counted([truncated for truncated, _ in lost], prepared.sources),
        "lost_words": _counted([words for _, words in lost], prepared.sources),
        "train_seconds": round(seconds(), 1), "resumed_at": resumed_at,
        "device": device_of(encoder).type, "precision": study.precision,
        "threads": torch.get_num_threads(), "peak_memory_bytes": peak_memory_bytes(),
        **({"processes": shards.size} if shards.grouped else {}),
    }
    release(training)
    save_grams(store, name, _series(training), facts)
    save_increments(store, name, training.increments.grams(), training.increments.steps)
    observe({"kind": "snapshot", "step": study.steps, "message": "Similarity is ready"})
    observe({"kind": "stage", "message": "Scoring every language"})
    texts = encode_corpus(corpus, encoder.tokenizer, study.max_length, ("dev", "test"))
    store.write_json(name, SCORES, evaluate(encoder, corpus, texts, packed))
    tidy(training, store, name)
    observe({"kind": "done", "step": study.steps, "steps": study.steps,
             "seconds": round(time.monotonic() - started, 1),
             "peak_memory_bytes": peak_memory_bytes()})


def _train(training: Training, encoded: dict[str, Encoded], study: Study, packed: bool,
           observe: Observer, keep: Callable[[Training], None], save: Callable[[], None],
           every_s: float) -> None:
    recorded = snapshot_steps(study.steps, study.snapshots)
    stride = step_stride(study.steps, len(training.encoder.blocks), len(training.languages))
    first, began, told, saved = training.step, time.monotonic(), 0.0, time.monotonic()
    while training.step < study.steps:
        loss, grams = train_step(training, encoded, study, packed, training.step % stride == 0)
        step, now = training.step, time.monotonic()
        if grams is not None and (step - 1) % stride == 0:
            training.step_numbers.append(step)
            training.steps.append(grams.astype(np.float32, copy=False))
        grams = None  # there may be much of it, and the sums' are taken next
        if step in recorded:
            training.snapshots.append(step)
            n_kept = study.snapshots * len(training.encoder.blocks)
            for gram in training.tap.block_grams(training.tap.sums):
                training.sums.append(as_kept(gram, n_kept))
        keep(training)
        if now - told > 0.5 or step == study.steps:
            told = now
            eta = (now - began) / (step - first) * (study.steps - step)
            observe({"kind": "progress", "step": step, "steps": study.steps,
                     "loss": round(loss, 4), "eta_s": round(eta, 1)})
        if step in recorded and training.shards.agreed(now - saved >= every_s):
            # the last one too: scoring takes its time
            save()
            saved = time.monotonic()


def set_threads(threads: int | None, n_parameters: int) -> None:
    """Compute with so many threads; left out, one for a small model, else torch's choice."""
    if threads or n_parameters < SMALL_MODEL:
        torch.set_num_threads(threads or 1)


def step_stride(steps: int, n_blocks: int, n_languages: int) -> int:
    """Record every n-th step's own Gram, so that all of them fit in STEP_GRAMS_BYTES."""
    room = max(1, STEP_GRAMS_BYTES // (n_blocks * (2 * n_languages) ** 2 * 4))
    return -(-steps // room)


def as_kept(gram: np.ndarray, n: int) -> np.ndarray:
    """One of n Grams of sums: float64, or float32 where all of them take too much room."""
    return gram if gram.nbytes * n <= SUMS_BYTES else gram.astype(np.float32, copy=False)


def _series(training: Training) -> GramSeries:
    return GramSeries(training.languages, tuple(training.encoder.blocks),
                      tuple(training.snapshots), training.sum_grams(),
                      tuple(training.step_numbers), training.steps.stacked(), training.invalid)


def release(training: Training) -> None:
    """Free what training alone needed; the model stays."""
    training.optimizer.state.clear()
    for parameter in training.encoder.parameters:
        parameter.grad = None
    training.tap.release()


def _counted(of_each: list[dict[str, int]], codes: tuple[str, ...]) -> dict[str, int]:
    """Numbers other than 0, in the languages' order."""
    found = {code: count for some in of_each for code, count in some.items()}
    return {code: found[code] for code in codes if found[code]}
