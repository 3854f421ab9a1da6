"""What a curve over the number of groups says, in words and as a table.

Conventions
-----------
Pure; plain text. Each further group is one more model to keep.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from dashboard.words.summaries import count, number
from gradsim_core import KPoint


def curve_sentence(points: Sequence[KPoint], k: int) -> str:
    """What one group more than there are would bring, and what the last one brought."""
    at = {point.k: point for point in points}
    if k not in at:
        if k > max(at):
            return (f"The curve ends at {count(max(at), 'group')}: what {count(k, 'group')} are "
                    "worth beside chance is not known.")
        return f"Under these limits there are no {count(k, 'group')} to compare with."
    pairs = [(at[one], at[one + 1]) for one in (k - 1, k) if one in at and one + 1 in at]
    if not pairs:
        return f"Under these limits {count(k, 'group')} is the only number there can be."
    said = [f"From {a.k} to {count(b.k, 'group')} the objective {_moves(b.objective - a.objective)}"
            f", one more model to serve; that of random groups {_moves(b.chance - a.chance)}"
            for a, b in pairs]
    ahead = at[k].objective - at[k].chance
    return (f"{'. '.join(said)}. With {count(k, 'group')} the objective is {number(ahead)} above "
            f"that of random groups of the same sizes ({_beyond(at[k])}).")


def _moves(change: float) -> str:
    if abs(change) < 0.005:
        return "stays as it is"
    return f"{'rises' if change > 0 else 'falls'} by {abs(change):.2f}"


def _beyond(point: KPoint) -> str:
    """Whether the groups are better than random ones."""
    if point.objective > point.chance_high:
        return "above the range that holds 95% of them"
    if point.objective < point.chance_low:
        return "below the range that holds 95% of them"
    return "inside the range that holds 95% of them"


def curve_table(points: Sequence[KPoint]) -> dict[str, list[object]]:
    """A row a K."""
    return {
        "Groups (models to serve)": [one.k for one in points],
        "Objective": [round(one.objective, 3) for one in points],
        "Proved best": ["yes" if one.proved else "no" for one in points],
        "Mean similarity in the group": [
            round(one.mean_similarity, 3) if math.isfinite(one.mean_similarity) else None
            for one in points],
        "Languages alone": [one.alone for one in points],
        "Random groups, mean": [round(one.chance, 3) for one in points],
        "Random groups, 95% range": [
            f"{one.chance_low:.3f} to {one.chance_high:.3f}".replace("-", "−") for one in points]}
