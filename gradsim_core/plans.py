"""Plans: what an experiment compares, frozen, and the groups that each strategy trains.

Conventions
-----------
Every strategy groups the same languages: those whose gradient similarity is defined. The first
strategy of a plan is the one that the verdict is about; the random groupings have its sizes, and
`family` takes the depth of the genealogy that gives nearest to its number of groups. K is the
rule's; without one it is the square root of the number of languages, rounded, and among several
(``k_min`` to ``k_max``) the one whose groups score best on DEV with the first seed.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, field_validator

from gradsim_core.decision import (
    Reading,
    Rule,
    make_grouping,
    placed_languages,
    read_similarity,
)
from gradsim_core.errors import GroupingError, choice
from gradsim_core.gram import Similarity
from gradsim_core.grouping import Constraints, Grouping, group
from gradsim_core.results import Results
from gradsim_core.study import Study, canonical_json
from gradsim_core.trials import Budget, study_budget

TITLES: Mapping[str, str] = {
    "gradient": "Gradient groups", "monolingual": "One model a language",
    "all_languages": "One model for all", "family": "Family groups", "random": "Random groups",
    "hand": "Hand-made groups", "table": "Groups from a table", "oracle": "Oracle groups"}
"""What can be compared, by name, with what people call it."""

USES_TEST = ("oracle",)


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
        description="What to compare; the verdict is about the first. Also hand (with --groups) "
        "and table (with --table). oracle groups by measured test transfer: a ceiling, no choice.")
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
            if name not in TITLES:
                raise ValueError(choice("Strategy", name, TITLES))
        if len(set(value)) < len(value) or not value:
            raise ValueError("name at least one strategy, and each only once")
        return value


class Table(BaseModel):
    """A similarity from elsewhere: row l says how near the others are to language l."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    title: str = Field(max_length=200)
    languages: tuple[str, ...]
    matrix: tuple[tuple[float | None, ...], ...]


class Plan(PlanSettings):
    """A whole experiment: settings, how the gradients are read and grouped, and what is given."""

    reading: Reading = Reading()
    rule: Rule = Rule()
    groups: tuple[tuple[str, ...], ...] = Field((), description="Hand-made groups of codes.")
    groups_title: str = Field("", max_length=200)
    table: Table | None = None

    @property
    def id(self) -> str:
        """Its name: the first 16 digits of a SHA-256 of all of it."""
        return hashlib.sha256(canonical_json(self.model_dump(mode="json"))).hexdigest()[:16]


@dataclass(frozen=True)
class Candidate:
    """The groups that a strategy trains.

    Attributes
    ----------
    groups : codes of each group
    serves : code -> position of the group whose model serves the language
    how : what made it, in a few words for people
    """

    strategy: str
    groups: tuple[tuple[str, ...], ...]
    serves: Mapping[str, int]
    how: str

    def group_of(self, code: str) -> tuple[str, ...]:
        """The languages that are trained together for this one."""
        return self.groups[self.serves[code]]


def similarity_of(results: Results, plan: Plan) -> tuple[Similarity, list[str]]:
    """The gradient similarity as the plan reads it, and the codes that can be grouped."""
    found = read_similarity(results, plan.reading)
    return found, [found.languages[i] for i in placed_languages(found)]


def numbers_of_groups(plan: Plan, n_languages: int) -> list[int]:
    """K, or those among which dev scores choose."""
    if plan.rule.k:
        return [plan.rule.k]
    if plan.rule.k_min and plan.rule.k_max:
        return list(range(plan.rule.k_min, min(plan.rule.k_max, n_languages) + 1))
    return [round(math.sqrt(n_languages))]


def gradient_groups(results: Results, plan: Plan, k: int) -> Candidate:
    """The groups that the gradients' similarity gives."""
    found, codes = similarity_of(results, plan)
    rule = plan.rule.model_copy(update={"k": k, "k_min": None, "k_max": None})
    made = make_grouping(results, found, rule)
    return _candidate("gradient", made, codes, f"{made.strategy}, K = {made.k}, "
                      f"{plan.reading.blocks}, {found.correction}")


def comparison_groups(name: str, results: Results, plan: Plan, k: int) -> Candidate:
    """Groups that look at neither gradients nor scores: monolingual, all_languages, family."""
    _, codes = similarity_of(results, plan)
    lineages = {one["code"]: tuple(one["lineage"]) for one in results.record["languages"]}
    made = group(np.eye(len(codes)), name, k=k if name == "family" else None,
                 lineages=[lineages[code] for code in codes])
    if name == "all_languages":  # those that cannot be grouped are trained along
        every = tuple(sorted(results.record["sources"]))
        return Candidate(name, (every,), dict.fromkeys(codes, 0), f"{len(every)} languages")
    return _candidate(name, made, codes, made.note.rstrip("."))


def random_groups(codes: Sequence[str], sizes: Sequence[int], draws: int) -> list[Candidate]:
    """Groupings of given sizes, drawn at random, each with its own seed from 0 on."""
    return [_candidate("random", group(np.eye(len(codes)), "random", sizes=sizes, seed=draw),
                       codes, f"sizes {', '.join(map(str, sizes))}") for draw in range(draws)]


def groups_from_matrix(name: str, matrix: np.ndarray, codes: Sequence[str], plan: Plan, k: int,
                       how: str) -> Candidate:
    """The best groups by any similarity; row l says how near the others are to language l."""
    off = ~np.eye(len(codes), dtype=bool) & np.isfinite(matrix)
    level = np.array([row[known].mean() if known.any() else 0.0
                      for row, known in zip(matrix, off, strict=True)])
    rows = np.where(off, matrix - level[:, None], 0.0)  # a language's own level is no nearness
    made = group(rows, "exact" if len(codes) <= 17 else "local_search", k=k, names=list(codes),
                 constraints=Constraints(plan.rule.smallest, plan.rule.largest))
    return _candidate(name, made, codes, f"{how}, K = {k}")


def table_groups(plan: Plan, codes: Sequence[str], k: int) -> Candidate:
    """The best groups by the plan's own table."""
    if plan.table is None:
        raise GroupingError("The strategy 'table' needs a similarity table. Give one with --table.")
    at = {code: i for i, code in enumerate(plan.table.languages)}
    absent = [code for code in codes if code not in at]
    if absent:
        raise GroupingError(f"The table {plan.table.title[:60]!r} lacks {', '.join(absent[:10])}. "
                            "Add them, or run a study without them.")
    whole = np.array([[np.nan if cell is None else cell for cell in row]
                      for row in plan.table.matrix], dtype=float)
    rows = [at[code] for code in codes]
    matrix = whole[np.ix_(rows, rows)]
    missing = np.argwhere(~np.isfinite(matrix) & ~np.eye(len(codes), dtype=bool))
    if len(missing):
        a, b = missing[0]
        raise GroupingError(f"The table {plan.table.title[:60]!r} has no value for {codes[a]} and "
                            f"{codes[b]}. Fill it in, or run a study without them.")
    return groups_from_matrix("table", matrix, codes, plan, k, plan.table.title)


def hand_groups(plan: Plan, codes: Sequence[str]) -> Candidate:
    """The plan's own groups: each language that can be grouped stands in exactly one."""
    if not plan.groups:
        raise GroupingError("The strategy 'hand' needs groups. Give a JSON file with --groups.")
    serves: dict[str, int] = {}
    for at, members in enumerate(plan.groups):
        for code in members:
            if code in serves:
                raise GroupingError(f"Language {code!r} stands in two of the given groups. Leave "
                                    "it in one.")
            serves[code] = at
    absent = [code for code in codes if code not in serves]
    unknown = [code for code in serves if code not in codes]
    if absent or unknown:
        raise GroupingError(
            "The given groups " + " and ".join(filter(None, (
                f"lack {', '.join(absent[:8])}" if absent else "",
                f"name {', '.join(map(repr, unknown[:8]))}, which this study cannot group"
                if unknown else ""))) + ". Put each language of the study in one group.")
    return Candidate("hand", tuple(tuple(sorted(members)) for members in plan.groups), serves,
                     plan.groups_title or f"K = {len(plan.groups)}")


def _candidate(strategy: str, made: Grouping, codes: Sequence[str], how: str) -> Candidate:
    groups = tuple(tuple(sorted(codes[i] for i in members)) for members in made.groups)
    serves = made.serves or tuple(next(at for at, members in enumerate(made.groups)
                                       if i in members) for i in range(len(codes)))
    return Candidate(strategy, groups, {code: serves[i] for i, code in enumerate(codes)}, how)
