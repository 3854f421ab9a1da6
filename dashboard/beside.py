"""Two studies held against each other: what differs in how they were made, and in what they found.

Conventions
-----------
Functions are pure and return plain text and numbers; who shows it escapes it. *First* is the study
that all pages show, *second* the one beside it. Compared is what both have: the same languages,
read alike; what cannot be compared is said.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from dashboard.agreement import block_agreement
from dashboard.words.summaries import CORRECTION_WORDS, between, coefficient, count, p_words
from gradsim_core import (
    Association,
    GradSimError,
    GramSeries,
    Reading,
    Results,
    Rule,
    Similarity,
    associate,
    block_indexes,
    block_places,
    placed_languages,
    read_similarity,
    study_from,
)

FEWEST = 3
"""Languages that two studies must share for their similarities to be compared."""
MOST_PERMUTED = 60
"""Languages up to which 9,999 label orders are drawn; 999 above."""

_UNTOLD = ("name", "languages", "preset", "data", "hub")
"""Settings without a row: a title, and what the rows of languages and data tell better."""


@dataclass(frozen=True)
class Beside:
    """What two studies say of the languages that both have.

    Attributes
    ----------
    languages : codes, in the order of the first study
    first, second : similarities of these languages
    association : how the pairs' similarities go together; None with too few languages
    by_block : block -> rank correlation of the pairs, where both studies have the same blocks
    notes : what cannot be compared, or was read otherwise than asked; plain sentences
    """

    languages: tuple[str, ...]
    first: Similarity
    second: Similarity
    association: Association | None
    by_block: Mapping[str, float]
    notes: tuple[str, ...]


def held_beside(first: Results, second: Results, reading: Reading) -> Beside:
    """Hold the similarities of two studies against each other.

    Parameters
    ----------
    reading : as the first study is read; where the second lacks the blocks, both are read from
        all of their layers
    """
    one, other, notes = fitting_readings(reading, first.series, second.series)
    if (second.default_correction != first.default_correction
            and reading.correction in (None, first.default_correction)):
        notes += (f"On its own pages the second study is read "
                  f"{_correction(second.default_correction)}; here both are "
                  f"{_correction(reading.correction or first.default_correction)}.",)
        other = other.model_copy(update={
            "correction": reading.correction or first.default_correction})
    similarities = read_similarity(first, one), read_similarity(second, other)
    shared = set(similarities[1].languages)
    codes = tuple(code for code in similarities[0].languages if code in shared)
    left, right = (among(similarity, codes) for similarity in similarities)
    association = None
    if len(codes) < FEWEST:
        notes += (f"They share {count(len(codes), 'language')}; to compare similarities, "
                  f"{FEWEST} are needed.",)
    else:
        association = associate(
            _off_diagonal(left.matrix), _off_diagonal(right.matrix), "spearman",
            permutations=9_999 if len(codes) <= MOST_PERMUTED else 999)
    return Beside(codes, left, right, association,
                  _by_block(first, second, one, other, codes), notes)


def fitting_readings(reading: Reading, first: GramSeries,
                     second: GramSeries) -> tuple[Reading, Reading, tuple[str, ...]]:
    """How each of two studies is read so that they can be compared, and what had to give way."""
    notes: tuple[str, ...] = ()
    try:
        block_indexes(reading.blocks, second.blocks)
    except GradSimError:
        notes += (f"The second study's model has no blocks “{reading.blocks}”; both are read from "
                  "all of their layers.",)
        reading = reading.model_copy(update={"blocks": "layers"})
    other = reading
    if reading.snapshot >= 0:
        step = first.snapshots[reading.snapshot]
        at = min(range(len(second.snapshots)), key=lambda i: abs(second.snapshots[i] - step))
        other = reading.model_copy(update={"snapshot": at})
        if second.snapshots[at] != step:
            notes += (f"The first is read at step {step}, the second at step "
                      f"{second.snapshots[at]}, its nearest.",)
    return reading, other, notes


def among(found: Similarity, codes: Sequence[str]) -> Similarity:
    """A similarity of some of its languages, in this order."""
    at = [found.languages.index(code) for code in codes]
    return replace(found, languages=tuple(codes), matrix=found.matrix[np.ix_(at, at)],
                   reliability=found.reliability[at])


def _off_diagonal(matrix: np.ndarray) -> np.ndarray:
    """Exactly symmetric, so that both ways of a pair have one rank; no diagonal."""
    return np.where(np.eye(len(matrix), dtype=bool), np.nan, (matrix + matrix.T) / 2)


def _by_block(first: Results, second: Results, one: Reading, other: Reading,
              codes: tuple[str, ...]) -> dict[str, float]:
    blocks = block_places(first.series.blocks)
    if blocks != block_places(second.series.blocks) or len(codes) < FEWEST:
        return {}
    found = {}
    for block in blocks:
        pair = [among(read_similarity(loaded, how.model_copy(update={"blocks": block})), codes)
                for loaded, how in ((first, one), (second, other))]
        found[block] = float(block_agreement(pair)[0, 1])
    return found


def rule_for(rule: Rule, codes: Sequence[str]) -> Rule:
    """The rule without wishes about languages that are not there."""
    there = set(codes)
    return rule.model_copy(update={
        links: tuple(pair for pair in getattr(rule, links) if set(pair) <= there)
        for links in ("must_link", "cannot_link")})


def groupable(found: Beside) -> tuple[str, ...]:
    """Codes of the languages whose similarity is defined in both studies."""
    both = set(placed_languages(found.first)) & set(placed_languages(found.second))
    return tuple(found.languages[i] for i in sorted(both))


def setting_differences(first: Results, second: Results) -> dict[str, list[str]]:
    """The settings in which two studies differ, as columns of a table."""
    rows: list[tuple[str, str, str]] = []
    one, other = first.record, second.record
    # An older record lacks settings that came later: it was made with their defaults.
    asked, other_asked = (study_from(record["study"]).model_dump(mode="json")
                          for record in (one, other))
    for name in sorted(asked.keys() - set(_UNTOLD)):
        if asked[name] != other_asked[name]:
            rows.append((name.replace("_", " "), _shown(asked[name]), _shown(other_asked[name])))
    for label, key in (("data", "source"), ("task", "task"), ("metric", "metric")):
        if one[key] != other[key]:
            rows.append((label, str(one[key]), str(other[key])))
    if one["model_fingerprint"] != other["model_fingerprint"] and (
            one["study"]["model"] == other["study"]["model"]):
        rows.append(("files of the model", one["model_fingerprint"][:12],
                     other["model_fingerprint"][:12]))
    rows.append(_languages(first.series.languages, second.series.languages))
    shared = set(one["data_fingerprints"]) & set(other["data_fingerprints"])
    changed = sorted(code for code in shared
                     if one["data_fingerprints"][code] != other["data_fingerprints"][code])
    if changed:
        told = f"{', '.join(changed[:12])}{' …' if len(changed) > 12 else ''}"
        rows.append(("texts", f"its own for {told}", f"others for {told}"))
    rows = [row for row in rows if row[1] != row[2]]
    return {"Setting": [row[0] for row in rows], "First": [row[1] for row in rows],
            "Second": [row[2] for row in rows]}


def _languages(one: Sequence[str], other: Sequence[str]) -> tuple[str, str, str]:
    def told(here: Sequence[str], there: Sequence[str]) -> str:
        alone = [code for code in here if code not in set(there)]
        only = f"; only here: {', '.join(alone[:12])}{' …' if len(alone) > 12 else ''}"
        return f"{len(here)}{only if alone else ''}"
    return ("languages", told(one, other), told(other, one))


def _shown(value: Any) -> str:
    if value is None or value in ("", [], {}):
        return "as usual"
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value))
    return "yes" if value is True else "no" if value is False else str(value)


def score_changes(first: Results, second: Results) -> list[tuple[str, float, float]]:
    """Code and both joint models' test scores (fractions), of languages that both have scored.

    Returns
    -------
    list
        The largest change first; empty where the metrics differ or scores are missing.
    """
    metric = first.record["metric"]
    if metric != second.record["metric"] or first.scores is None or second.scores is None:
        return []
    one, other = (scores["scores"].get("test", {}) for scores in (first.scores, second.scores))
    rows = [(code, float(one[code][metric]), float(other[code][metric]))
            for code in one if code in other and one[code].get(metric) is not None
            and other[code].get(metric) is not None]
    return sorted(rows, key=lambda row: (-abs(row[2] - row[1]), row[0]))


def beside_sentence(found: Beside) -> str:
    """How far two studies agree, in plain words."""
    told = found.association
    if told is None:
        return "These two studies share too few languages to be compared."
    if not math.isfinite(told.value):
        return "The similarities of the languages that both have do not vary, or are undefined."
    strength = ("see the same languages as alike" if told.value >= 0.7 else
                "see partly the same languages as alike" if told.value >= 0.3 else
                "hardly see the same languages as alike" if told.value > -0.3 else
                "see opposite languages as alike")
    interval = ("" if told.interval is None else
                f", 95% interval {between(told.interval)}")
    orders = "all" if told.exact else f"{told.permutations:,} random"
    return (f"The two studies {strength}: over {count(told.n_languages, 'language')} the rank "
            f"correlation of the pairs is {coefficient(told.value)}{interval}, "
            f"{p_words(told.p)} by {orders} label orders.")


def _correction(name: str) -> str:
    return CORRECTION_WORDS.get(name, name)
