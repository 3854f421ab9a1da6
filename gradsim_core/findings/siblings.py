"""A study's sibling: the same data and joint model, with gradients scaled the other way.

Siblings are studies of their own in the cache. Whoever asks for "the newest study" means the one
that was asked about, so that one stays the newest.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import Any

from gradsim_core.execution import run_joint
from gradsim_core.prepared import Prepared, study_record
from gradsim_core.progress import Observer
from gradsim_core.results import SCORES, Results, load_results
from gradsim_core.storage.store import Store
from gradsim_core.study import Study, signature
from gradsim_core.study_text import study_yaml


def adam_sibling(prepared: Prepared) -> Prepared:
    """The study with gradients as Adam scales them; of such a study, that with plain gradients."""
    study = _other(prepared.study)
    name = f"{prepared.study.name or prepared.corpus.source}"[:150]
    study = study.model_copy(update={"name": f"{name} ({study.preconditioner} preconditioner)"})
    return replace(prepared, study=study,
                   signature=sibling_signature(prepared.study, study_record(prepared)))


def sibling_signature(study: Study, record: Mapping[str, Any]) -> str:
    """The signature of a study's sibling.

    Parameters
    ----------
    record : of the study itself (study.json)
    """
    return signature(_other(study), task=record["task"], metric=record["metric"],
                     labels=tuple(record["labels"]), data=record["data_fingerprints"],
                     model=record["model_fingerprint"])


def _other(study: Study) -> Study:
    return study.model_copy(update={
        "preconditioner": "none" if study.preconditioner == "adam" else "adam"})


def with_joint_run(prepared: Prepared, store: Store, observe: Observer,
                   threads: int | None = None) -> Results:
    """A study's results; its joint run is computed where it is missing."""
    if not store.exists(prepared.signature, SCORES):
        observe({"kind": "stage", "message": f"Joint run of study {prepared.signature}: "
                                             f"{prepared.study.name}"})
        store.write_text(prepared.signature, "study.yaml", study_yaml(prepared.study))
        run_joint(prepared, store, lambda event: observe(
            {**event, "kind": "stage"} if event["kind"] == "done" else event), threads)
    return load_results(store, prepared.signature)


@contextmanager
def staying_newest(store: Store, signature: str) -> Iterator[None]:
    """Whatever is computed meanwhile, the study is the newest one afterwards."""
    try:
        yield
    finally:
        with suppress(OSError, UnicodeDecodeError):  # a study made elsewhere may have no such file
            text = store.path(signature, "study.yaml").read_text(encoding="utf-8")
            store.write_text(signature, "study.yaml", text)
