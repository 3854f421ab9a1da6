"""Plans of findings: what is asked, frozen and named; every field is an option of the command.

Conventions
-----------
Models whose scores are to be predicted are trained for `TIMES` as many steps as the study's joint
run, unless the plan says otherwise: a model that sees one language alone must know the task before
its scores on others say anything. In the built-in study halves of three seeds agree at r = .38 with
the study's own 72 steps, and at .79 with 288.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, field_validator

from gradsim_core.experiments.plans import Spending
from gradsim_core.findings.record import plan_id
from gradsim_core.study import Study
from gradsim_core.trials import Budget, study_budget

TIMES = 4


class TransferSettings(Spending):
    """Which scores are to be predicted."""

    steps: int | None = Field(None, ge=1, le=1_000_000, description="Steps of every model; left "
                              f"out: {TIMES} times the study's, so that each knows the task.")
    pairs: bool = Field(False, description="Predict what a language gains when another is trained "
                        "with it, instead: L (L − 1) / 2 more models a seed.")
    imported: str | None = Field(None, max_length=100, description="Predict the scores that "
                                 "`import-scores` kept under this name, instead.")
    gain: Literal["none", "majority"] = Field(
        "none", description="Predict scores, or gains over always giving the target's most "
        "frequent label; both rank a target's sources alike.")
    split: Literal["dev", "test"] = Field("test", description="Rows that are scored.")
    metric: str | None = Field(None, description="Such as accuracy or macro_f1; left out: the "
                               "study's own.")

    @field_validator("imported")
    @classmethod
    def _named(cls, value: str | None) -> str | None:
        if value is not None and not value.strip():
            raise ValueError("give the name under which the scores were kept")
        return value


    def budget(self, study: Study) -> Budget:
        """What every language gives."""
        return study_budget(study, steps=self.steps or TIMES * study.steps,
                            batch_size=self.batch_size, patience=self.patience,
                            adaptation_steps=self.adaptation_steps)


class MeasuresPlan(TransferSettings):
    """Which measures are held against which scores, and how sure that is made."""

    measures: tuple[str, ...] = Field((), description="Measures to compare, such as gradient or "
                                      "typology.syntactic; left out: every one there is.")
    beside: tuple[str, ...] = Field((), description="Other studies, by signature, whose measures "
                                    "have been ranked: each study's value, and their mean.")
    permutations: int = Field(9_999, ge=99, le=1_000_000,
                              description="Permutations of language labels, for each p.")
    seed: int = Field(0, ge=0, lt=2**31, description="Seed of the permutations.")

    @field_validator("measures", "beside", mode="before")
    @classmethod
    def _split(cls, value: Any) -> Any:
        return tuple(filter(None, (part.strip() for part in value.split(",")))) if isinstance(
            value, str) else value

    @property
    def id(self) -> str:
        """Its name: the first 16 digits of a SHA-256 of all of it."""
        return plan_id(self)


class ReadingsPlan(TransferSettings):
    """Which scores the readings are held against, and how sure that is made."""

    adam: bool = Field(True, description="Read gradients as Adam scales them, too: a second joint "
                       "run where it is not there yet.")
    permutations: int = Field(9_999, ge=99, le=1_000_000,
                              description="Permutations of language labels, for each p.")
    halvings: int = Field(200, ge=10, le=10_000, description="Random halves of the languages to "
                          "choose a reading on; it is scored on the other half.")
    seed: int = Field(0, ge=0, lt=2**31, description="Seed of permutations and halvings.")

    @property
    def id(self) -> str:
        """Its name: the first 16 digits of a SHA-256 of all of it."""
        return plan_id(self)
