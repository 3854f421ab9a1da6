"""Plans: what an experiment compares and how often it trains, frozen and named.

Conventions
-----------
The first strategy of a plan is the one that the verdict is about. A plan's id hashes all of it, so
the same question on the same study has the same id; the order of hand-made groups is no part of it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SerializerFunctionWrapHandler,
    field_validator,
    model_serializer,
    model_validator,
)

from gradsim_core.decisions.decision import Reading, Rule
from gradsim_core.errors import choice
from gradsim_core.measures import MEASURES
from gradsim_core.study import Study, canonical_json
from gradsim_core.trials import Budget, study_budget

TITLES: Mapping[str, str] = {
    "gradient": "Gradient groups", "monolingual": "One model a language",
    "all_languages": "One model for all", "family": "Family groups", "random": "Random groups",
    "hand": "Hand-made groups", "table": "Groups from a table", "oracle": "Oracle groups"}
"""What can be compared, by name, with what people call it; measures besides (`strategy_title`)."""

EVERY_MEASURE = "measures"
"""Stands for the groups by each measure that the study has."""

USES_TEST = ("oracle",)
_ONLY_COMPARE = ("random", "oracle", EVERY_MEASURE)
_IMPORTED = "imported."
_GIVEN = "given."
MOST_GIVEN = 8
"""Groupings that a plan can compare besides the one of its verdict."""


def is_measure(name: str) -> bool:
    """Whether a strategy groups by a measure other than the gradients and the genealogy."""
    return name.startswith(_IMPORTED) or (name in MEASURES and name not in TITLES)


def given_place(name: str) -> int | None:
    """Place of a strategy's groups among those that a plan gives further; None for others.

    Examples
    --------
    >>> given_place("given.2"), given_place("hand")
    (1, None)
    """
    number = name.removeprefix(_GIVEN)
    known = name.startswith(_GIVEN) and number in map(str, range(1, MOST_GIVEN + 1))
    return int(number) - 1 if known else None


def given_name(place: int) -> str:
    """The strategy of the groups at a place (see `given_place`)."""
    return f"{_GIVEN}{place + 1}"


def strategy_title(name: str) -> str:
    """What people call a strategy."""
    if name in TITLES:
        return TITLES[name]
    what = MEASURES.get(name, name)
    return f"Groups by {what[0].lower()}{what[1:]}"


class Spending(BaseModel):
    """What training may cost: seeds, and the budget of every model."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    seeds: int = Field(3, ge=1, le=100, description="Seeds: the study's own and those after it.")
    steps: int | None = Field(None, ge=1, le=1_000_000,
                              description="Steps of every model; left out: the study's.")
    batch_size: int | None = Field(None, ge=2, le=65_536, multiple_of=2, description="Rows a "
                                   "language and step; left out: the study's.")
    patience: int = Field(0, ge=0, le=20, description="Stop a model early once its dev score "
                          "has not risen at so many of 20 looks; 0: never, so budgets are equal.")
    adaptation_steps: int = Field(0, ge=0, le=1_000_000, description="Masked-language steps on the "
                                  "study's own text before any trial; 0: none.")

    def budget(self, study: Study) -> Budget:
        """What every language gives."""
        return study_budget(study, steps=self.steps, batch_size=self.batch_size,
                            patience=self.patience, adaptation_steps=self.adaptation_steps)

    def seed_numbers(self, study: Study) -> tuple[int, ...]:
        """The seeds of the trials; the first is that of the joint run."""
        return tuple(study.seed + i for i in range(self.seeds))


class PlanSettings(Spending):
    """What an experiment compares, and how often it trains."""

    strategies: tuple[str, ...] = Field(
        ("gradient", "monolingual", "all_languages", "family", "random", "oracle"),
        description="What to compare; the verdict is about the first. Also hand (with --groups), "
        "table (with --table), any measure (`gradsim measures`), and measures for all of them. "
        "oracle groups by transfer measured on test: no method.")
    draws: int = Field(20, ge=1, le=10_000, description="Random groupings, of the first "
                       "strategy's sizes.")

    @field_validator("strategies", mode="before")
    @classmethod
    def _split(cls, value: Any) -> Any:
        return tuple(filter(None, (part.strip() for part in value.split(",")))) if isinstance(
            value, str) else value

    @field_validator("strategies")
    @classmethod
    def _known(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for name in value:
            if name not in TITLES and name != EVERY_MEASURE and not is_measure(name) \
                    and given_place(name) is None:
                raise ValueError(choice("Strategy", name, (*TITLES, EVERY_MEASURE)))
        if len(set(value)) < len(value) or not value:
            raise ValueError("name at least one strategy, and each only once")
        if value[0] in _ONLY_COMPARE:
            raise ValueError(f"the verdict is about the first, and {value[0]} only compares; name "
                             "another one first")
        return value


class Table(BaseModel):
    """A similarity from elsewhere: row l says how near the others are to language l."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    title: str = Field(max_length=200)
    languages: tuple[str, ...]
    matrix: tuple[tuple[float | None, ...], ...]


def _in_one_order(groups: tuple[tuple[str, ...], ...]) -> tuple[tuple[str, ...], ...]:
    return tuple(sorted(tuple(sorted(members)) for members in groups))


class GivenGroups(BaseModel):
    """Further groups of codes to compare, and what they are called."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    title: str = Field(min_length=1, max_length=200)
    groups: tuple[tuple[str, ...], ...] = Field(min_length=1)

    _sorted = field_validator("groups")(_in_one_order)


class Plan(PlanSettings):
    """A whole experiment: settings, how the gradients are read and grouped, and what is given."""

    reading: Reading = Reading()
    rule: Rule = Rule()
    groups: tuple[tuple[str, ...], ...] = Field((), description="Hand-made groups of codes.")
    groups_title: str = Field("", max_length=200)
    table: Table | None = None
    given: tuple[GivenGroups, ...] = Field((), max_length=MOST_GIVEN, description="Further groups "
                                           "to compare: the strategies given.1, given.2, ….")

    _sorted = field_validator("groups")(_in_one_order)

    @model_validator(mode="after")
    def _given_are_there(self) -> Plan:
        for name in self.strategies:
            place = given_place(name)
            if place is not None and place >= len(self.given):
                raise ValueError(f"there are no groups for the strategy {name}; give them")
        return self

    @model_serializer(mode="wrap")
    def _without_nothing_given(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """A plan without further groups is written, and named, as it always was."""
        return {name: value for name, value in handler(self).items() if name != "given" or value}

    def title(self, strategy: str) -> str:
        """What people call one of its strategies."""
        place = given_place(strategy)
        return strategy_title(strategy) if place is None else self.given[place].title

    @property
    def id(self) -> str:
        """Its name: the first 16 digits of a SHA-256 of all of it."""
        return hashlib.sha256(canonical_json(self.model_dump(mode="json"))).hexdigest()[:16]
