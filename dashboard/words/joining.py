"""A language that joins a study later, in words. Pure; texts from data arrive plain."""

from __future__ import annotations

from collections.abc import Mapping

from dashboard.words.summaries import count, number
from gradsim_core import Placement

FEW_ROWS = 100
"""Training rows below which a newcomer's place is told with a warning."""

NOT_TRAINED_ON = ("The newcomer's gradients are taken at the weights that were kept; the model was "
                  "not trained on it, as it was on the others. Before small differences count, run "
                  "the study anew with it.")

_HALVES = ("neither half of the rows says so", "one half of the rows says so",
           "both halves of the rows say so")


def placement_sentences(found: Placement, names: Mapping[str, str], rows: int) -> list[str]:
    """Which group a newcomer would enter, how sure that is, and whom it is nearest to."""
    name = names[found.code]
    nearest = ", ".join(f"{names[code]} ({number(value)})"
                        for code, value in list(found.similarity.items())[:3])
    sure = "" if found.sure is None else \
        f"{100 * found.sure:.0f}% of resampled trainings say so, and "
    halves = sum(half == found.chosen for half in found.halves)
    lines = [f"{name} would enter {group_words(found, names, found.chosen)}: {sure}"
             f"{_HALVES[halves]}.",
             f"Nearest to it: {nearest}. Its reliability is {number(found.reliability)}, from "
             f"{count(rows, 'training row')}."]
    if rows < FEW_ROWS:
        lines.append(f"With fewer than {FEW_ROWS} rows its place is a guess: look at the "
                     "reliability first.")
    return lines


def group_words(found: Placement, names: Mapping[str, str], at: int, most: int = 6) -> str:
    """A group by its languages; the last is one of the newcomer's own."""
    if at == len(found.groups):
        return "a group of its own"
    members = [names[code] for code in found.groups[at]]
    more = f" and {len(members) - most} more" if len(members) > most else ""
    return f"the group of {', '.join(members[:most])}{more}"


def gain_rows(found: Placement, names: Mapping[str, str]) -> dict[str, list]:
    """What entering each group gains, the best first, as columns of a table."""
    order = sorted(range(len(found.gains)), key=lambda at: -found.gains[at])
    return {"Entering": [group_words(found, names, at) for at in order],
            "Objective gained": [round(found.gains[at], 3) for at in order]}
