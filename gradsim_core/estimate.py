"""What a study will cost, measured on a piece of it before it starts.

Time is that of real training steps on a few of its languages with the real model, scaled to all
languages and steps; memory is this process's after those steps plus what the other languages
add by formula; disk follows from the sizes of Grams and checkpoint.
"""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import psutil

from gradsim_core.data.corpus import SPLITS, Split
from gradsim_core.encoding import encode_split
from gradsim_core.gradients import is_exact
from gradsim_core.increments import increment_bytes, increment_steps
from gradsim_core.joining.sizes import kept_bytes
from gradsim_core.joint import STEP_GRAMS_BYTES, peak_memory_bytes, set_threads, step_stride
from gradsim_core.models import load_encoder
from gradsim_core.prepared import Prepared
from gradsim_core.training import start_training, train_step

_SAMPLE_LANGUAGES = 3
_SAMPLE_ROWS = 512
_TIMED_STEPS = 3
_FORWARD_SHARE = 0.4
"""Scoring a row costs about this share of training on it: a forward pass, without dropout."""


def estimate_study(prepared: Prepared, threads: int | None = None) -> dict[str, Any]:
    """Estimate time, memory and disk of a joint trial.

    Returns
    -------
    dict
        "train_seconds", "score_seconds", "peak_memory_bytes", "disk_bytes", "checkpoint_bytes",
        "mode", "packed", "n_languages", "n_parameters"; sizes in bytes. "kept_bytes" are those of
        "disk_bytes" that weights kept for later languages take.
    """
    study, corpus = prepared.study, prepared.corpus
    encoder = load_encoder(study.model, study.model_revision, corpus.task, corpus.labels,
                           study.seed, study.max_length, **study.encoder_settings)
    set_threads(threads, encoder.n_weights)
    codes = prepared.sources[:_SAMPLE_LANGUAGES]
    began = time.perf_counter()
    encoded = {code: encode_split(_head(corpus.split(code, "train")), corpus.task, corpus.labels,
                                  encoder.tokenizer, study.max_length) for code in codes}
    per_row = (time.perf_counter() - began) / sum(len(rows) for rows in encoded.values())
    n_rows = sum(len(corpus.split(code, name)) for code in corpus.languages for name in SPLITS)
    exact = is_exact(study.gradients, len(prepared.sources), encoder.n_parameters)
    packed = study.packing == "auto" and encoder.first_position is not None
    training = start_training(encoder, codes, study.model_copy(
        update={"gradients": "exact" if exact else "sketch"}))
    seconds = []
    for _ in range(_TIMED_STEPS):
        began = time.perf_counter()
        train_step(training, encoded, study, packed)
        seconds.append(time.perf_counter() - began)
    n_languages = len(prepared.sources)
    per_language = float(np.median(seconds[1:])) / len(codes)
    n_scored = sum(len(corpus.split(code, name)) for code in corpus.languages
                   for name in ("dev", "test"))
    tap_row_bytes = 2 * 2 * training.tap.sums.shape[1] * 4  # step and sums, both halves
    blocks = len(encoder.blocks)
    n_grams = study.snapshots * 2 + -(-study.steps // step_stride(
        study.steps, blocks, n_languages))  # snapshots are float64
    widths = [part.stop - part.start for part in training.tap.block_slices]
    increments, points = increment_bytes(len(increment_steps(
        study.steps, study.snapshots, n_languages, widths)), n_languages, widths)
    grams_bytes = n_grams * blocks * (2 * n_languages) ** 2 * 4
    kept = kept_bytes(study, n_languages, [sum(one.numel() for one in block) for block in
                                           encoder.blocks.values()], exact=exact) \
        if study.keep_weights else 0
    return {
        "train_seconds": per_language * n_languages * study.steps + per_row * n_rows,
        "score_seconds": per_language / study.batch_size * _FORWARD_SHARE * n_scored,
        "peak_memory_bytes": max(psutil.Process().memory_info().rss, peak_memory_bytes())
        + tap_row_bytes * (n_languages - len(codes)) + points
        + min(grams_bytes, 2 * STEP_GRAMS_BYTES),
        "disk_bytes": grams_bytes + increments + kept, "kept_bytes": kept,
        "checkpoint_bytes": 3 * 4 * encoder.n_parameters + tap_row_bytes // 2 * n_languages
        + grams_bytes + points,
        "mode": "exact" if exact else "sketch", "packed": packed,
        "n_languages": n_languages, "n_parameters": encoder.n_parameters,
    }


def _head(split: Split) -> Split:
    return Split(split.texts[:_SAMPLE_ROWS], split.labels[:_SAMPLE_ROWS])
