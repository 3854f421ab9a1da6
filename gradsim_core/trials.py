"""Trials: what was trained, on which languages, with which seed and budget, and how it scored.

Everything trained is a trial, and a trial is scored on every language of its study, so that
groupings that share a group share its trial. The joint run that yields the gradients is the trial
of all languages at the study's own seed and budget: it is never trained twice.

Conventions
-----------
An entry is ``trials/<16 hexadecimal digits>.json`` in the study's folder, named by a SHA-256 of
languages, seed and budget. A budget counts what ONE language gives: ``steps`` batches of
``batch_size`` of its own rows, in whatever company; so all groupings of the same languages cost
the same number of examples.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from gradsim_core.errors import StudyError
from gradsim_core.results import GRAMS, SCORES
from gradsim_core.storage.store import Store
from gradsim_core.study import Study, canonical_json


class Budget(BaseModel):
    """What every language may spend, and how its model starts and stops."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    steps: int = Field(ge=1, le=1_000_000, description="Optimizer steps of every model.")
    batch_size: int = Field(ge=2, le=65_536, multiple_of=2,
                            description="Rows a language and step.")
    patience: int = Field(0, ge=0, le=1000, description="Stop early once the mean dev score has "
                          "not risen at so many of 20 looks; 0: never, which keeps budgets equal.")
    adaptation_steps: int = Field(
        0, ge=0, le=1_000_000, description="Masked-language steps on the study's own text "
        "beforehand (task-adaptive pretraining); 0: none.")

    @property
    def examples(self) -> int:
        """Rows that each language is trained on, repeats included."""
        return self.steps * self.batch_size


def study_budget(study: Study, **changes: int | None) -> Budget:
    """The budget of a study's joint run, with what is given changed."""
    given = {name: value for name, value in changes.items() if value is not None}
    return Budget(**{"steps": study.steps, "batch_size": study.batch_size, **given})


@dataclass(frozen=True)
class Trial:
    """One model to train.

    Attributes
    ----------
    languages : codes of its sources, sorted
    seed : of the weights, the order of rows, and dropout
    budget : what every language gives
    """

    languages: tuple[str, ...]
    seed: int
    budget: Budget

    @property
    def entry(self) -> str:
        """Its name in the study's folder."""
        parts = canonical_json({"languages": self.languages, "seed": self.seed,
                                "budget": self.budget.model_dump()})
        return f"trials/{hashlib.sha256(parts).hexdigest()[:16]}.json"

    @property
    def checkpoint(self) -> str:
        """Name of its checkpoint while it is being trained."""
        return self.entry.replace(".json", ".safetensors")


def trial_of(languages: Sequence[str], seed: int, budget: Budget) -> Trial:
    """A trial of some languages; their order and repeats do not matter."""
    if not languages:
        raise StudyError("A trial needs at least one language to train on. Name one.")
    return Trial(tuple(sorted(set(languages))), seed, budget)


def is_joint(trial: Trial, study: Study, sources: Sequence[str]) -> bool:
    """Whether the run that yields the gradients is this trial."""
    return (trial.languages == tuple(sorted(sources)) and trial.seed == study.seed
            and trial.budget == study_budget(study))


def is_trained(store: Store, record: dict[str, Any], trial: Trial) -> bool:
    """Whether a trial's scores are there; only reading them tells whether they are whole."""
    joint = is_joint(trial, Study.model_validate(record["study"]), record["sources"])
    return store.exists(record["signature"], trial.entry) or (
        joint and store.exists(record["signature"], SCORES))


def load_trial(store: Store, record: dict[str, Any], trial: Trial) -> dict[str, Any] | None:
    """Read what a trial left; None while it has not been trained.

    Parameters
    ----------
    record : the study's record (study.json)

    Returns
    -------
    dict or None
        "metric"; "scores": split ("dev", "test") -> code -> metric -> fraction; "facts":
        "seconds" (training and scoring), "examples", "steps" (fewer when stopped early).
    """
    signature, study = record["signature"], Study.model_validate(record["study"])
    if is_joint(trial, study, record["sources"]):
        joint, grams = store.read_json(signature, SCORES), store.read_tensors(signature, GRAMS)
        if joint is not None and grams is not None:
            return {**joint, "facts": {
                "seconds": grams[1]["facts"]["train_seconds"], "steps": trial.budget.steps,
                "examples": trial.budget.examples * len(trial.languages)}}
    return store.read_json(signature, trial.entry)
