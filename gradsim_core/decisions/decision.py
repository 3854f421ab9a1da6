"""A decision: which languages to train together, with everything needed to check it.

A decision is plain JSON. It holds the study that was asked, how the similarity was read, how the
groups were made, what the optimum is worth and how sure that is, so that `verification` can
derive the groups anew from the cache and say what differs. It holds no times and no paths: the
same question gives the same bytes.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, SerializerFunctionWrapHandler, model_serializer

from gradsim_core.decisions.hand import LEFT_OUT, NamedGroup, coded, find_code
from gradsim_core.errors import GroupingError
from gradsim_core.grouping import STRATEGIES, Constraints, Grouping, by_hand, group
from gradsim_core.prepared import versions
from gradsim_core.results import Results
from gradsim_core.similarities.gram import Similarity, similarity

SCHEMA = "urn:gradsim:decision:1"


class Reading(BaseModel):
    """How a similarity is read from a study's Grams (see `gram`)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    blocks: str = Field(default="layers", description=(
        "Parameters that count: layers (neither embeddings nor head), encoder (all but the head), "
        "lower or higher (half of the layers), all, one block (layer.3) or a range "
        "(embeddings:layer.3); where layers are taken apart, a module of all (attention, "
        "feed_forward, norms), of one (layer.3.norms) or of several "
        "(layer.2.norms:layer.5.norms)."))
    reading: str = Field(default="cosine_of_mean", description=(
        "Of summed gradients (cosine_of_mean), or averaged over steps (mean_cosine)."))
    correction: str | None = Field(default=None, description=(
        "The cosine as it is (raw), free of sampling noise (noise_corrected), relative to all "
        "languages (centred), or that without its leading direction (all_but_top); left out: raw, "
        "but all_but_top for the built-in data."))
    snapshot: int = Field(default=-1, description=(
        "Point of the training to read at: 0 is the first snapshot, -1 the last."))


class Rule(BaseModel):
    """How groups are made from a similarity (see `grouping`); languages by code."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    strategy: str = Field(default="exact", description=(
        f"One of: {', '.join(STRATEGIES)}; or hand, for groups that are given."))
    k: int | None = Field(default=None, ge=1, description=(
        "Number of groups (overlapping: the most); the best one if left out."))
    k_min: int | None = Field(default=None, ge=1, description=(
        "Fewest groups to consider; goes with k_max."))
    k_max: int | None = Field(default=None, ge=1, description=(
        "Most groups to consider; goes with k_min."))
    smallest: int = Field(default=1, ge=1, description="Fewest languages a group may have.")
    largest: int | None = Field(default=None, ge=1,
                                description="Most languages a group may have.")
    must_link: tuple[tuple[str, str], ...] = Field(default=(), description=(
        "Two languages to keep together, such as deu,nld; may be repeated."))
    cannot_link: tuple[tuple[str, str], ...] = Field(default=(), description=(
        "Two languages to keep apart, such as deu,tur; may be repeated."))
    alone: float = Field(default=0.0, allow_inf_nan=False, description=(
        "Score of a language alone in its group; others score their mean similarity to it."))
    seed: int = Field(default=0, ge=0, lt=2**31, description="Seed of strategies that draw.")
    hand: tuple[NamedGroup, ...] = Field(default=(), description=(
        "Groups made by hand: JSON or YAML, or a decision by export; a language that stands in "
        "none is left out."))

    @model_serializer(mode="wrap")
    def _without_no_groups(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """A rule without groups made by hand is written as it always was."""
        return {name: value for name, value in handler(self).items() if name != "hand" or value}


def read_similarity(results: Results, reading: Reading) -> Similarity:
    """Read a study's similarity as asked."""
    return similarity(results.series, reading.blocks, reading.reading,
                      reading.correction or results.default_correction, reading.snapshot)


def placed_languages(found: Similarity) -> list[int]:
    """Positions of the languages that can be grouped: those whose similarities are defined."""
    return [i for i in range(len(found.languages)) if math.isfinite(found.matrix[i, i])]


def make_grouping(results: Results, found: Similarity, rule: Rule) -> Grouping:
    """Group the languages whose similarity is defined.

    Returns
    -------
    Grouping
        Indexes count the languages of `placed_languages`, in order.

    Raises
    ------
    GroupingError
        If the rule names a language that is not grouped, or cannot be met.
    """
    placed = placed_languages(found)
    codes = [found.languages[i] for i in placed]
    if len(codes) < 2:
        raise GroupingError(f"Only {len(codes)} of {len(found.languages)} languages have a defined "
                            "similarity here, and two are needed. Take other blocks, or the raw "
                            "correction.")
    lineages = {one["code"]: tuple(one["lineage"]) for one in results.record["languages"]}
    names = results.names
    if (rule.k_min is None) != (rule.k_max is None) or (rule.k and rule.k_min):
        raise GroupingError("Give k, or both k_min and k_max, or none of them "
                            f"(k={rule.k}, k_min={rule.k_min}, k_max={rule.k_max}).")
    k_range = (rule.k_min, rule.k_max) if rule.k_min and rule.k_max else None
    constraints = constraints_of(rule, codes)
    if (rule.strategy == "hand") != bool(rule.hand):
        raise GroupingError("The strategy 'hand' and groups made by hand go together. Give both, "
                            "or neither.")
    if rule.hand:
        given = [[codes.index(code) for code in one.languages] for one in coded(rule.hand, codes)]
        return by_hand(found.matrix[placed][:, placed], given, constraints=constraints,
                       alone=rule.alone, names=[names[code] for code in codes])
    return group(found.matrix[placed][:, placed], rule.strategy, k=rule.k, k_range=k_range,
                 constraints=constraints, alone=rule.alone, seed=rule.seed,
                 lineages=[lineages[code] for code in codes],
                 names=[names[code] for code in codes])


def constraints_of(rule: Rule, codes: Sequence[str]) -> Constraints:
    """The limits and links of a rule; links count the languages of ``codes``.

    Raises
    ------
    GroupingError
        If a link names a language that is not among them.
    """
    return Constraints(rule.smallest, rule.largest, _indexes(rule.must_link, codes),
                       _indexes(rule.cannot_link, codes))


def _indexes(pairs: tuple[tuple[str, str], ...],
             codes: Sequence[str]) -> tuple[tuple[int, int], ...]:
    def position(spelling: str) -> int:
        return codes.index(find_code(spelling, codes, "a link"))

    return tuple((position(a), position(b)) for a, b in pairs)


def decide(results: Results, reading: Reading, rule: Rule) -> dict[str, Any]:
    """Group a study's languages and write down the decision.

    Returns
    -------
    dict
        JSON-ready: "$schema", "study", "joined" (languages that joined later, where there are
        any), "versions", "similarity", "rule", "result", "groups",
        "not_grouped", "alternatives".
    """
    found = read_similarity(results, reading)
    made = make_grouping(results, found, rule)
    return decision_of(results, reading, found, rule, made)


def decision_of(results: Results, reading: Reading, found: Similarity, rule: Rule,
                made: Grouping) -> dict[str, Any]:
    """Write down a grouping that has been made already (see `decide`)."""
    placed = placed_languages(found)
    codes = [found.languages[i] for i in placed]
    reliability = {code: _number(value) for code, value in
                   zip(found.languages, found.reliability, strict=True)}
    names = results.names
    hand = coded(rule.hand, codes)
    rule = rule.model_copy(update={"hand": hand})

    def members(indexes: tuple[int, ...]) -> list[dict[str, Any]]:
        return [{"code": codes[i], "name": names[codes[i]], "reliability": reliability[codes[i]]}
                for i in indexes]

    groups = []
    for number, indexes in enumerate(made.groups):
        entry: dict[str, Any] = {"name": hand[number].name if hand else f"group {number + 1}",
                                 "languages": members(indexes)}
        if made.strategy == "overlapping":
            entry["serves"] = [codes[i] for i, at in enumerate(made.serves) if at == number]
        groups.append(entry)
    record = results.record
    return {
        "$schema": SCHEMA,
        "study": {key: record[key] for key in (
            "signature", "method_version", "study", "task", "metric", "labels", "source",
            "data_fingerprints", "model_fingerprint", "versions")},
        **({"joined": record["joined"]} if "joined" in record else {}),
        "versions": versions(),
        "similarity": {**reading.model_dump(), "correction": found.correction, "step": found.step,
                       "block_names": list(found.blocks),
                       "mean_off_diagonal": _number(found.mean_off_diagonal)},
        "rule": rule.model_dump(mode="json"),
        "result": {"k": made.k, "objective": _number(made.objective),
                   "bound": _number(made.bound), "gap": _number(made.gap),
                   "proved": made.proved, "near_ties": made.near_ties, "note": made.note},
        "groups": groups,
        "not_grouped": _not_grouped(results, found, {codes[i] for i, at in enumerate(made.serves)
                                                     if at < 0}),
        "alternatives": [{"objective": _number(other.objective),
                          "groups": [[codes[i] for i in indexes] for indexes in other.groups]}
                         for other in made.alternatives],
    }


def _not_grouped(results: Results, found: Similarity, left_out: set[str]) -> list[dict[str, str]]:
    rows = [{"code": code, "reason": results.series.invalid.get(
        code, "its similarity is undefined here (its two halves do not agree)")}
        for i, code in enumerate(found.languages) if not math.isfinite(found.matrix[i, i])]
    rows += [{"code": code, "reason": LEFT_OUT} for code in found.languages if code in left_out]
    return rows + [{"code": code, "reason": "it has no training rows: a target only"}
                   for code in results.names if code not in set(found.languages)]


def _number(value: float | None) -> float | None:
    """A finite float, or None (JSON has no NaN)."""
    return None if value is None or not math.isfinite(value) else float(value)


def decision_json(decision: dict[str, Any]) -> str:
    """The one spelling of a decision as text, ending in a newline."""
    return json.dumps(decision, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
