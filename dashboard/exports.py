"""Files to take away: matrices, groups and pairs as CSV.

Conventions
-----------
UTF-8 with a header line; codes and English names side by side. Texts that a spreadsheet would
take for a formula get an apostrophe in front (`csv_text`); numbers stay numbers, and what is
undefined is an empty cell.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from dashboard.layers import Move
from gradsim_core import Similarity, Stability, csv_text


def matrix_csv(found: Similarity, names: Mapping[str, str], order: Sequence[int]) -> str:
    """A similarity matrix with reliabilities, in the order of the picture."""
    codes = [found.languages[i] for i in order]
    header = ["code", "name", "reliability", *codes]
    rows = [[found.languages[i], names.get(found.languages[i], ""), _value(found.reliability[i]),
             *(_value(found.matrix[i, j]) for j in order)] for i in order]
    return csv_text([header, *rows])


def groups_csv(decision: Mapping[str, Any]) -> str:
    """The groups of a decision, one language a line, those not grouped at the end."""
    rows: list[list[object]] = [["group", "code", "name", "reliability", "note"]]
    for group in decision["groups"]:
        rows += [[group["name"], one["code"], one["name"], one["reliability"], ""]
                 for one in group["languages"]]
    rows += [["", one["code"], "", None, one["reason"]] for one in decision["not_grouped"]]
    return csv_text(rows)


def pairs_csv(content: Mapping[str, Any], measure: Mapping[str, Any]) -> str:
    """Similarity by one measure and transfer of every pair, as fractions."""
    languages = content["languages"]
    rows: list[list[object]] = [["source", "source_name", "target", "target_name", "measure",
                                 "similarity", "transfer"]]
    for i, source in enumerate(languages):
        rows += [[source["code"], source["name"], target["code"], target["name"],
                  measure["name"], measure["values"][i][j], content["transfer"][i][j]]
                 for j, target in enumerate(languages) if i != j]
    return csv_text(rows)


def moves_csv(found: Sequence[Move], names: Mapping[str, str]) -> str:
    """Pairs of languages with their similarity in two selections of blocks."""
    header = ["code", "name", "other code", "other name", "first", "second", "change",
              "low", "high"]
    return csv_text([header, *([one.pair[0], names.get(one.pair[0], ""), one.pair[1],
                                names.get(one.pair[1], ""), one.first, one.second, one.change,
                                *(one.interval or (None, None))] for one in found)])


def agreement_csv(table: np.ndarray, blocks: Sequence[str]) -> str:
    """Rank correlations between blocks."""
    return csv_text([["block", *blocks], *([block, *map(_value, row)]
                                           for block, row in zip(blocks, table, strict=True))])


def together_csv(found: Stability, names: Mapping[str, str], order: Sequence[int]) -> str:
    """How often each language changes group, and shares one with each other; fractions."""
    codes = [found.languages[i] for i in order]
    return csv_text([["code", "name", "group", "changes", *codes], *(
        [found.languages[i], names.get(found.languages[i], ""), int(found.groups[i]) + 1,
         float(found.changes[i]), *(float(found.together[i, j]) for j in order)]
        for i in order)])


def _value(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None
