"""Groups by a similarity other than the gradients': a measure, a table, or measured transfer.

Conventions
-----------
Row l of a matrix says how near the others are to language l, what they bring to it. Only
differences within a row count; a missing value counts as the row's mean, neither near nor far. The
groups keep to the limits and links of the plan's rule, as the gradients' groups do.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from gradsim_core.decisions.decision import constraints_of
from gradsim_core.errors import GroupingError
from gradsim_core.experiments.candidate import Candidate, candidate_of
from gradsim_core.experiments.plans import Plan
from gradsim_core.grouping import group
from gradsim_core.measures import Measure


def groups_from_matrix(name: str, matrix: np.ndarray, codes: Sequence[str], plan: Plan, k: int,
                       how: str) -> Candidate:
    """The best groups by any similarity; row l says how near the others are to language l."""
    off = ~np.eye(len(codes), dtype=bool) & np.isfinite(matrix)
    level = np.array([row[known].mean() if known.any() else 0.0
                      for row, known in zip(matrix, off, strict=True)])
    rows = np.where(off, matrix - level[:, None], 0.0)  # a language's own level is no nearness
    made = group(rows, "exact" if len(codes) <= 17 else "local_search", k=k, names=list(codes),
                 constraints=constraints_of(plan.rule, codes))
    return candidate_of(name, made, codes, f"{how}, K = {k}")


def measure_groups(name: str, plan: Plan, codes: Sequence[str],
                   measures: Mapping[str, Measure], k: int) -> Candidate:
    """The best groups by a measure; row l says what others bring to language l."""
    if name not in measures:
        raise GroupingError(f"The study has no measure {name[:60]!r}. `gradsim measures` shows "
                            "those it has, and why others cannot be had.")
    measure = measures[name]
    if not can_group(measure, codes):
        bare = [code for code, row in zip(codes, measure.among(codes).values, strict=True)
                if not np.isfinite(row).any()]
        raise GroupingError(f"Measure {name} has no value for {', '.join(bare[:10])}. Leave it out "
                            "of the strategies, or run a study without them.")
    missing = 1 - measure.among(codes).coverage
    how = measure.title + (f", {missing:.0%} of pairs missing" if missing else "")
    return groups_from_matrix(name, measure.among(codes).values.T, codes, plan, k, how)


def can_group(measure: Measure, codes: Sequence[str]) -> bool:
    """Whether every language has a value with some other one."""
    return bool(np.isfinite(measure.among(codes).values).any(axis=1).all())


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
