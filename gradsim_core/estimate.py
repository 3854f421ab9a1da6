"""What a study will cost, measured on a piece of it before it starts.

Time is that of real training steps on a few of its languages with the real model, scaled to all
languages and steps; memory is this process's after those steps, and after rows of all lengths were
trained on and the longest predicted, plus what the other languages add by formula; disk follows
from the sizes of Grams and checkpoint.
"""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import psutil

from gradsim_core.data.corpus import SPLITS, Split
from gradsim_core.encoder.encoding import Encoded, encode_split, joined
from gradsim_core.encoder.models import Encoder, load_encoder
from gradsim_core.gradients.folding import step_size
from gradsim_core.gradients.increments import increment_bytes, increment_steps
from gradsim_core.gradients.sketch_size import sketch_size_of
from gradsim_core.gradients.tap import is_exact
from gradsim_core.joining.sizes import kept_bytes
from gradsim_core.prepared import Prepared
from gradsim_core.study import Study
from gradsim_core.training.checkpoints import goes_to_disk
from gradsim_core.training.evaluation import by_length, predict
from gradsim_core.training.joint import (
    SUMS_BYTES,
    release,
    set_threads,
    step_stride,
)
from gradsim_core.training.memory import peak_memory_bytes
from gradsim_core.training.passes import chosen_device, device_of, place
from gradsim_core.training.steps import Training, half_backward, start_training, train_step

_SAMPLE_LANGUAGES = 3
_SAMPLE_ROWS = 512
_TIMED_STEPS = 3
_LENGTHS = 4
"""Lengths of rows that are tried, from short ones to the longest."""

_ROW_BYTES = 1_500
"""Of a row besides its ids and labels: the objects that hold these, and what tokenizing leaves."""

_FORWARD_SHARE = 0.4
"""Scoring a row costs about this share of training on it: a forward pass, without dropout."""


def estimate_study(prepared: Prepared, threads: int | None = None) -> dict[str, Any]:
    """Estimate time, memory and disk of a joint trial.

    Returns
    -------
    dict
        "train_seconds", "score_seconds", "peak_memory_bytes", "disk_bytes", "checkpoint_bytes",
        "mode", "sketch_size" (None if whole), "packed", "device", "n_languages", "n_parameters";
        sizes in bytes. "kept_bytes" are those of "disk_bytes" that weights kept for later
        languages take.
    """
    study, corpus, n_languages = prepared.study, prepared.corpus, len(prepared.sources)
    encoder = load_encoder(study.model, study.model_revision, corpus.task, corpus.labels,
                           study.seed, study.max_length, **study.encoder_settings)
    set_threads(threads, encoder.n_weights)
    place(encoder, chosen_device(), study.recompute)
    exact = is_exact(study.gradients, n_languages, encoder.n_parameters)
    size = None if exact else sketch_size_of(study, n_languages, len(encoder.blocks))
    packed = study.packing == "auto" and encoder.first_position is not None
    codes = prepared.sources[:_SAMPLE_LANGUAGES]
    began = time.perf_counter()
    encoded = {code: encode_split(_head(corpus.split(code, "train")), corpus.task, corpus.labels,
                                  encoder.tokenizer, study.max_length) for code in codes}
    per_row = (time.perf_counter() - began) / sum(len(rows) for rows in encoded.values())
    training = start_training(encoder, codes, study.model_copy(update={
        "gradients": "exact" if exact else "sketch", "sketch_size": size or study.sketch_size,
        "sketch_error": None}))
    seconds = []
    for _ in range(_TIMED_STEPS):
        began = time.perf_counter()
        train_step(training, encoded, study, packed)
        seconds.append(time.perf_counter() - began)
    _passes_of_all_lengths(encoder, encoded, study, packed)
    per_language = float(np.median(seconds[1:])) / len(codes)
    rows = [sum(len(corpus.split(code, name)) for code in corpus.languages) for name in SPLITS]
    n_scored = sum(len(corpus.split(code, name)) for code in corpus.languages
                   for name in ("dev", "test"))
    tensors, disk = _sizes(training, study, n_languages)
    release(training)
    _longest_prediction(encoder, encoded, packed)
    kept = kept_bytes(study, n_languages, [sum(one.numel() for one in block) for block in
                                           encoder.blocks.values()], exact=exact) \
        if study.keep_weights else 0
    return {
        "train_seconds": per_language * n_languages * study.steps + per_row * sum(rows),
        "score_seconds": per_language / study.batch_size * _FORWARD_SHARE * n_scored,
        "peak_memory_bytes": max(psutil.Process().memory_info().rss, peak_memory_bytes())
        + tensors + sum(rows) * _row_bytes(encoded),
        "disk_bytes": disk["results"] + kept, "kept_bytes": kept,
        "checkpoint_bytes": 3 * 4 * encoder.n_parameters + disk["running"],
        "mode": "exact" if exact else "sketch", "sketch_size": size, "packed": packed,
        "device": device_of(encoder).type,
        "n_languages": n_languages, "n_parameters": encoder.n_parameters,
    }


def _row_bytes(encoded: dict[str, Encoded]) -> int:
    """What a row takes in memory, by those that were tokenized."""
    arrays = [one for rows in encoded.values() for one in (*rows.ids, *rows.labels)]
    n_rows = sum(len(rows) for rows in encoded.values())
    return _ROW_BYTES + sum(one.nbytes for one in arrays) // n_rows


def _passes_of_all_lengths(encoder: Encoder, encoded: dict[str, Encoded], study: Study,
                           packed: bool) -> None:
    """Train on short, on longer and on the longest rows there are: the run will meet them all.

    Memory that rows of one length have left is of little use to those of another, so that a run
    comes to hold a good deal more than its longest rows take.
    """
    encoder.model.train()
    for share in range(1, _LENGTHS + 1):
        for rows in encoded.values():
            order, half = np.argsort(rows.lengths, kind="stable"), study.batch_size // 2
            last = max(half, len(order) * share // _LENGTHS)
            half_backward(encoder, rows, order[max(0, last - half):last], study, packed)


def _longest_prediction(encoder: Encoder, encoded: dict[str, Encoded], packed: bool) -> None:
    """Predict the longest rows, as the run does when training's own memory has been freed."""
    every = joined(encoded.values())
    at = by_length(every.lengths)[-1]
    predict(encoder, Encoded(tuple(every.ids[row] for row in at),
                             tuple(every.labels[row] for row in at)), packed)


def _sizes(training: Training, study: Study, n_languages: int) -> tuple[int, dict[str, int]]:
    """Bytes in memory beyond those of the tried languages; and on disk, in the end and on the way.

    In the end the results are put together in memory, when what training alone needs is freed.
    """
    tap, blocks, tried = training.tap, len(training.encoder.blocks), len(training.languages)
    n_parameters, n_sums = training.encoder.n_parameters, sum(tap.widths)
    n_step = n_sums if tap.exact else sum(min(width, step_size(
        tap.sketch_size, n_languages, blocks, n_parameters)) for width in tap.widths)
    n_increments = len(increment_steps(study.steps, study.snapshots, n_languages, tap.widths))
    increments, points = increment_bytes(n_increments, n_languages, tap.widths)
    gram = blocks * (2 * n_languages) ** 2 * 4  # of one moment, float32
    sums = study.snapshots * (2 * gram if 2 * gram * study.snapshots <= SUMS_BYTES else gram)
    steps = -(-study.steps // step_stride(study.steps, blocks, n_languages)) * gram
    rows = 2 * 4 * (n_languages * (n_sums + n_step) - tried * (n_sums + tap.step.shape[1]))
    on_the_way = sum(n_bytes for n_bytes, each, n in (
        (sums, 2 * gram, study.snapshots), (steps, gram, study.steps),
        (points, points // max(1, n_increments), n_increments)) if not goes_to_disk(each, n))
    while_training = rows + on_the_way + 3 * gram  # a moment's Grams while they are made
    freed = 2 * 4 * n_languages * (n_sums + n_step) + 3 * 4 * n_parameters
    in_the_end = rows - freed + max(sums + steps + on_the_way, points // blocks + increments)
    return max(while_training, in_the_end, 0), {
        "results": sums + steps + increments,
        "running": 2 * 4 * n_languages * n_sums + sums + steps + points}


def _head(split: Split) -> Split:
    return Split(split.texts[:_SAMPLE_ROWS], split.labels[:_SAMPLE_ROWS])
