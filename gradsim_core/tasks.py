"""What workers are asked to do, wherever they are.

Conventions
-----------
A task is told the study (as JSON), its signature, the cache folder and a *proof*: an entry that
must be in that folder (see `backends.sharing`), or "" where nobody can doubt it. A worker reads the
study anew, checks that it still has the same signature, and writes its results itself.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from gradsim_core.backends.sharing import check_shared
from gradsim_core.errors import RunError
from gradsim_core.prepared import Prepared, prepare
from gradsim_core.progress import silent
from gradsim_core.storage.store import Store
from gradsim_core.study import Study
from gradsim_core.trials import Budget, Trial


def train_task(study: str, signature: str, root: str, trial: Trial, threads: int,
               proof: str = "") -> None:
    """Train one trial of a study."""
    from gradsim_core.training.trial import run_trial

    store = store_here(root, signature, proof)
    prepared, texts = _with_texts(study, signature)
    run_trial(prepared, texts, store, trial, silent, threads)


def adapt_task(study: str, signature: str, root: str, budget: Budget, threads: int,
               proof: str = "") -> None:
    """Make what the trials of a budget start from."""
    from gradsim_core.training.adaptation import adapted_weights

    store = store_here(root, signature, proof)
    prepared = study_here(study, signature)
    adapted_weights(prepared, store, budget.adaptation_steps, budget.batch_size, silent, threads)


def store_here(root: str, signature: str, proof: str) -> Store:
    """The cache folder, which must be that of whoever asked."""
    store = Store(root)
    if proof:
        check_shared(store, signature, proof)
    return store


@lru_cache(maxsize=1)
def study_here(study: str, signature: str) -> Prepared:
    """The study's data, read once a worker.

    Raises
    ------
    RunError
        If they are no longer what they were.
    """
    prepared = prepare(Study.model_validate_json(study))
    if prepared.signature != signature:
        raise RunError(f"The data or the model of study {signature} are no longer what they were: "
                       f"they now make study {prepared.signature}. Run that one.")
    return prepared


@lru_cache(maxsize=1)
def _with_texts(study: str, signature: str) -> tuple[Prepared, Any]:
    """The study with its scored rows tokenized, once a worker."""
    from gradsim_core.training.trial import study_texts

    prepared = study_here(study, signature)
    return prepared, study_texts(prepared)
