"""What a finding takes, before it starts: models to train and seconds.

Conventions
-----------
Seconds are those of training (see `experiments.runs`). Measures and statistics, which take seconds
to a minute once the models are there, are not in them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from gradsim_core.experiments.runs import estimate_trials
from gradsim_core.findings.plans import TransferSettings
from gradsim_core.findings.transfer_table import check_enough, needed_trials
from gradsim_core.results import load_results
from gradsim_core.store import Store


def estimate_transfer(store: Store, signature: str, plan: TransferSettings,
                      workers: int | None = None) -> dict[str, Any]:
    """Estimate the models that the scores to be predicted take.

    Returns
    -------
    dict
        "models" to train, "cached", "examples", "seconds", "workers".
    """
    results = load_results(store, signature)
    check_enough(results.record, plan)
    return estimate_trials(store, results, needed_trials(results.record, plan), workers)


def estimate_nothing(store: Store, signature: str, plan: Any,
                     workers: int | None = None) -> dict[str, Any]:
    """Of a finding that trains nothing."""
    return estimate_trials(store, load_results(store, signature), [], workers)


ESTIMATES: Mapping[str, Callable[..., dict[str, Any]]] = {"measures": estimate_transfer,
                                                          "lower-or-higher": estimate_nothing}
