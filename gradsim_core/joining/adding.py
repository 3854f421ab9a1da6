"""Letting a language join a finished study: check, take its gradients, write it down.

Needs no torch until gradients are taken, so that estimates and refusals come at once.
"""

from __future__ import annotations

import time
from typing import Any

from gradsim_core.errors import StoreError, StudyError
from gradsim_core.fingerprints import model_fingerprint
from gradsim_core.joining.kept import Kept, need_kept
from gradsim_core.joining.record import Joined, joined_id, joined_names, load_joined, save_joined
from gradsim_core.joining.rows import FEW, Newcomer
from gradsim_core.prepared import language_record
from gradsim_core.progress import Observer
from gradsim_core.results import Results
from gradsim_core.storage.store import Store
from gradsim_core.study import Study

_LOADING_S = 5.0
"""Loading PyTorch and the model, about."""

FOLDED = 4_093
"""That of `increments`, which loads PyTorch."""


def check_joinable(store: Store, results: Results) -> Kept:
    """Make sure that a language can join a study, and give what it keeps.

    Raises
    ------
    StudyError
        If the study preconditions its gradients.
    StoreError
        If it keeps no weights, or its model is no longer what it was.
    """
    study = Study.model_validate(results.record["study"])
    if study.preconditioner != "none":
        raise StudyError("No language can join a study with preconditioned gradients, because "
                         "Adam's moments are not kept. Run it anew with the language in its data.")
    kept = need_kept(store, results.signature)
    if model_fingerprint(study.model, study.model_revision) != results.record["model_fingerprint"]:
        raise StoreError(f"The files of model {study.model!r} are no longer those of study "
                         f"{results.signature}. Put the old ones back, or run the study anew.")
    return kept


def find_joined(store: Store, results: Results, newcomer: Newcomer) -> Joined | None:
    """The entry of just these rows of a newcomer, where it has joined already."""
    code = newcomer.language.code
    name = f"{code}-{joined_id(results.signature, code, newcomer.fingerprint)}"
    return load_joined(store, results.signature, name)


def newcomer_notes(store: Store, results: Results, newcomer: Newcomer) -> list[str]:
    """What whoever adds a language should know beforehand, in whole sentences."""
    name, notes, n = newcomer.language.name, [], len(newcomer.train)
    if n < FEW:
        notes.append(f"{name} has {n} training rows, fewer than {FEW}: look at its reliability "
                     "before you trust its place.")
    codes = [one.rpartition("-")[0] for one in joined_names(store, results.signature)]
    if newcomer.language.code in codes and find_joined(store, results, newcomer) is None:
        notes.append(f"{name} has joined this study before, with other rows. Both entries are "
                     "kept, and the newest is read.")
    lacking = set(results.record["labels"]) - _labels(newcomer)
    if lacking:
        notes.append(f"No row of {name} has the label {', '.join(sorted(lacking)[:5])}.")
    return notes


def estimate_join(results: Results, newcomer: Newcomer, kept: Kept) -> dict[str, Any]:
    """Estimate what joining takes.

    Returns
    -------
    dict
        "rows": training rows of the newcomer; "examples": rows that gradients are taken of, as many
        as of any language of the study; "seconds"; "disk_bytes".
    """
    study = Study.model_validate(results.record["study"])
    n_blocks, n_languages = len(results.series.blocks), len(results.series.languages)
    numbers = 2 * n_blocks * (len(kept.snapshots) * kept.size + len(kept.increments) * FOLDED)
    grams = 2 * n_blocks * 2 * (n_languages + 1) * (2 * len(kept.snapshots)
                                                    + len(kept.increments) ** 2)
    return {"rows": len(newcomer.train), "examples": study.steps * study.batch_size,
            "seconds": round(_LOADING_S + results.facts["train_seconds"] / n_languages, 1),
            "disk_bytes": 4 * (numbers + grams)}


def add_language(store: Store, results: Results, newcomer: Newcomer, observe: Observer,
                 threads: int | None = None) -> Joined:
    """Take a newcomer's gradients at the kept weights, and write it beside the study.

    Parameters
    ----------
    results : the study's own, without newcomers

    Returns
    -------
    Joined
        As it now stands in the store; the same rows are computed once.
    """
    kept, began = check_joinable(store, results), time.monotonic()
    there = find_joined(store, results, newcomer)
    if there is not None:
        observe({"kind": "note", "message":
                 f"{newcomer.language.name} has joined with these rows already"})
        return there
    observe({"kind": "stage", "message": "Loading the model and tokenizing"})
    from gradsim_core.joining.newcomer import gradients_of

    arrays, widths, facts = gradients_of(store, results.record, newcomer.language.code,
                                         newcomer.train, kept, observe, threads)
    joined = Joined(
        language_record(newcomer.language),
        joined_id(results.signature, newcomer.language.code, newcomer.fingerprint),
        {"rows": dict(newcomer.rows), "data_fingerprint": newcomer.fingerprint,
         "source": newcomer.source, **facts,
         "seconds": round(time.monotonic() - began, 1)}, arrays, *widths)
    save_joined(store, results.signature, joined)
    return joined


def _labels(newcomer: Newcomer) -> set[str]:
    if newcomer.train.labels and isinstance(newcomer.train.labels[0], tuple):
        return {tag for tags in newcomer.train.labels for tag in tags}
    return {str(label) for label in newcomer.train.labels}
