"""Task-adaptive pretraining: masked-language training on the study's own text, before its trials.

The encoder goes on reading the training rows of all languages of the study, their labels unused.
Its body is kept, and every trial can start from it in place of the model's own: one adapted body
serves the trials of all seeds, as one downloaded checkpoint does.

Conventions
-----------
A step takes the rows that the joint run's step takes (see `batches`) and hides some of their
tokens anew. The loss is the mean cross-entropy of a language's hidden tokens, averaged over
languages, so that none counts more for its longer texts. Everything drawn depends on (seed,
language, step) alone, so the same study gives the same bytes.

A model without a mask token is refused, and one whose type or checkpoint lacks a masked-language
head: gradients through a random head spoil the body before it has learnt (60 steps left the 22M
weights of all-MiniLM-L6-v2 0.05 weighted F1 worse on dev rows of six built-in languages).

Sources: Gururangan et al. 2020 (arXiv 2004.10964) for the idea, who go over the text 100 times
where ours is measured in steps. What is hidden, and how: see `masking`.
"""

from __future__ import annotations

import hashlib
import math
import time
import zlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch.nn import functional

from gradsim_core.encoder.encoding import IGNORE, Encoded, encode_split
from gradsim_core.encoder.models import Encoder, load_masked_lm
from gradsim_core.errors import ModelError, RunError
from gradsim_core.prepared import Prepared
from gradsim_core.progress import Observer
from gradsim_core.storage.store import Store
from gradsim_core.study import Study, canonical_json
from gradsim_core.training.batches import Batch, rows_at
from gradsim_core.training.joint import set_threads
from gradsim_core.training.masking import Vocabulary, hidden_rows, vocabulary_of
from gradsim_core.training.mixed import Pool, micro_batches, pool_of
from gradsim_core.training.optimization import adamw, update
from gradsim_core.training.passes import chosen_device, place

VERSION = 1
"""Raised whenever the same study would give other weights than before."""


def adapted_weights(prepared: Prepared, store: Store, steps: int, batch_size: int,
                    observe: Observer, threads: int | None = None) -> dict[str, torch.Tensor]:
    """Give the body's weights after adaptation, trained now unless the store has them.

    Parameters
    ----------
    prepared : the study with its data; its model, seed, learning rate and schedule are used
    store : where the weights are kept, in the study's folder
    steps : optimizer steps, at least 1
    batch_size : rows a language and step; even
    observe : is told each event as a dict with a "kind"
    threads : of torch; None means one for a small model, else torch's choice

    Returns
    -------
    dict
        Name in the body (``base_model``) -> its tensor, without the pooler; for `apply_adapted`.

    Raises
    ------
    ModelError
        If the model has no masked-language head or no mask token.
    RunError
        If the loss is not finite.
    """
    name = adapted_entry(prepared.study, steps, batch_size)
    found = store.read_tensors(prepared.signature, name)
    if found is None:
        arrays, facts = _trained(prepared, steps, batch_size, observe, threads)
        store.write_tensors(prepared.signature, name, arrays, facts)
    else:
        arrays, _ = found
    return {key: torch.from_numpy(array) for key, array in arrays.items()}


def adapted_entry(study: Study, steps: int, batch_size: int) -> str:
    """Name of the weights in the study's folder."""
    parts = canonical_json({"steps": steps, "batch_size": batch_size, "seed": study.seed,
                            "version": VERSION})
    return f"adapted/{hashlib.sha256(parts).hexdigest()[:16]}.safetensors"


def apply_adapted(encoder: Encoder, weights: Mapping[str, torch.Tensor]) -> None:
    """Put adapted weights into a classifier's body; its head and pooler stay as they are.

    Raises
    ------
    ModelError
        If the weights are those of another architecture; the classifier is then untouched.
    """
    body = _body(encoder)
    strange = sorted(body.keys() ^ weights.keys()) or sorted(
        name for name, tensor in body.items() if tensor.shape != weights[name].shape)
    if strange:
        raise ModelError(
            f"The adapted weights do not fit the {encoder.model.config.model_type} model: "
            f"{len(strange)} of its tensors are absent, unknown or of another shape, such as "
            f"{strange[0]}. Adapt this model itself, or set adaptation_steps to 0.")
    with torch.no_grad():
        for name, tensor in body.items():
            tensor.copy_(weights[name])


def _body(encoder: Encoder) -> dict[str, torch.Tensor]:
    # beside fresh adapters the body's own weights bear another name, and the adapters stay
    return {name.replace(".base_layer.", "."): tensor
            for name, tensor in encoder.model.base_model.state_dict().items()
            if "pool" not in name and ".lora_" not in name}


def _trained(prepared: Prepared, steps: int, batch_size: int, observe: Observer,
             threads: int | None) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    study, corpus = prepared.study, prepared.corpus
    observe({"kind": "stage", "message": "Adapting the encoder to the study's text"})
    encoder = load_masked_lm(study.model, study.model_revision, corpus.task, study.seed,
                             study.max_length)
    place(encoder, chosen_device(), study.recompute)
    vocabulary = vocabulary_of(encoder.tokenizer, study.model)
    set_threads(threads, encoder.n_parameters)
    ids = {code: encode_split(corpus.split(code, "train"), corpus.task, corpus.labels,
                              encoder.tokenizer, study.max_length).ids
           for code in prepared.sources}
    losses, tokens = _train(encoder, ids, vocabulary, study.model_copy(
        update={"steps": steps, "batch_size": batch_size, "lora_rank": None}), observe)
    part = max(1, steps // 10)  # a single step's loss says little
    facts = {"steps": steps, "batch_size": batch_size, "tokens": tokens,
             "loss_first": float(np.mean(losses[:part])),
             "loss_last": float(np.mean(losses[-part:]))}
    return {name: tensor.cpu().numpy() for name, tensor in _body(encoder).items()}, facts


def _train(encoder: Encoder, ids: Mapping[str, Sequence[np.ndarray]], vocabulary: Vocabulary,
           study: Study, observe: Observer) -> tuple[list[float], int]:
    """The losses of all steps, and the number of tokens read."""
    packed = study.packing == "auto" and encoder.first_position is not None
    optimizer, codes = adamw(encoder, study), tuple(ids)
    losses, tokens, began, told = [], 0, time.monotonic(), 0.0
    for step in range(study.steps):
        torch.manual_seed(study.seed * 1_000_003 + step)  # dropout
        rows = pool_of({code: step_rows(ids[code], code, step, study, vocabulary)
                        for code in codes}, codes)
        losses.append(_backward(encoder, rows, packed))
        norm = update(encoder, optimizer, study, step)
        tokens += int(rows.rows.lengths.sum())
        if not (math.isfinite(losses[-1]) and math.isfinite(norm)):
            raise RunError(f"Adaptation lost its way at step {step + 1}: its loss or gradient is "
                           "not finite. Lower learning_rate, or set adaptation_steps to 0.")
        now = time.monotonic()
        if now - told > 0.5 or step + 1 == study.steps:
            told = now
            eta = (now - began) / (step + 1) * (study.steps - step - 1)
            observe({"kind": "progress", "step": step + 1, "steps": study.steps,
                     "loss": round(losses[-1], 4), "eta_s": round(eta, 1)})
    return losses, tokens


def step_rows(ids: Sequence[np.ndarray], code: str, step: int, study: Study,
              vocabulary: Vocabulary) -> Encoded:
    """A language's rows of a step, with tokens hidden."""
    rows = np.concatenate([rows_at(len(ids), step, study.batch_size // 2, study.seed, code, half)
                           for half in (0, 1)])
    # 2 where `rows_at` has the half, so that no order of rows has the same random numbers
    rng = np.random.default_rng([study.seed, zlib.crc32(code.encode()), 2, step])
    return hidden_rows([ids[row] for row in rows], vocabulary, rng)


def _backward(encoder: Encoder, pool: Pool, packed: bool) -> float:
    """Leave the gradient of a step's loss in ``parameter.grad``; the loss."""
    encoder.model.train()
    for parameter in encoder.parameters:
        parameter.grad = None
    hidden = [max(1, int(part.sum())) for part in np.split(pool.n_labels, pool.starts[1:-1])]
    weights = np.repeat(1 / (len(hidden) * np.array(hidden)), np.diff(pool.starts))
    order = np.argsort(pool.rows.lengths, kind="stable")
    total = 0.0
    for batch, of_tokens in micro_batches(encoder, pool, order, weights[order], packed):
        loss = hidden_loss(encoder, batch, of_tokens)
        loss.backward()
        total += float(loss.detach())
    return total


def hidden_loss(encoder: Encoder, batch: Batch, weights: np.ndarray) -> torch.Tensor:
    """Cross-entropy of the hidden tokens, summed with a weight for each token of the batch.

    The head sees hidden tokens alone: with a vocabulary of 250,000 pieces, the logits of a
    thousand tokens would take a gigabyte.
    """
    places = batch.labels != IGNORE

    def gather(_module: Any, _inputs: Any, output: Any) -> Any:
        output.last_hidden_state = output.last_hidden_state[places][None]
        return output

    handle = encoder.model.base_model.register_forward_hook(gather)
    try:
        logits = encoder.model(**batch.inputs).logits[0]
    finally:
        handle.remove()
    losses = functional.cross_entropy(logits, batch.labels[places], reduction="none")
    return losses @ torch.from_numpy(weights.astype(np.float32)).to(losses.device)[
        places[batch.tokens]]
