"""Groups as cards, the languages left over, and the groupings that are nearly as good."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import streamlit as st

from dashboard.escaping import markdown_text, plain_text
from dashboard.shown import Picture
from dashboard.summaries import LOW_RELIABILITY, count, moved_members, number
from gradsim_core import Grouping, placed_languages

MOST_ALTERNATIVES = 5


def show_cards(decision: dict[str, Any], shown: Picture, made: Grouping,
               changes: Mapping[str, float]) -> None:
    """One card a group, with its languages, how reliable each is, and how alike they are.

    Parameters
    ----------
    changes : code -> share of resamples in which the language changes group; empty if not known
    """
    inside, low = _means_inside(shown, made), LOW_RELIABILITY[shown.found.reading]
    st.caption("Beside each language stands its reliability: how far its own two halves agree"
               + (", then in how many resamples it changes group." if changes else ".")
               + (" One that *helps* is served by another group." if made.strategy == "overlapping"
                  else ""))
    with st.container(horizontal=True, gap="small"):
        for group, mean in zip(decision["groups"], inside, strict=True):
            with st.container(border=True, width=270):
                members = group["languages"]
                st.markdown(f"**{group['name'].capitalize()}** · {count(len(members), 'language')}"
                            + ("" if mean is None else f" · mean {number(mean)}"))
                served = group.get("serves", [one["code"] for one in members])
                st.markdown("\n".join(
                    f"- {markdown_text(shown.label(one['code']), 60)} · "
                    f"{_reliability(one['reliability'], low)}"
                    + (f" · changes {changes[one['code']]:.0%}" if one["code"] in changes else "")
                    + ("" if one["code"] in served else " · helps")
                    for one in members))
    for one in decision["not_grouped"]:
        st.caption(f"Not grouped: {markdown_text(shown.label(one['code']), 60)}, because "
                   f"{markdown_text(one['reason'])}.")


def show_alternatives(made: Grouping, shown: Picture) -> None:
    """The first groupings within 1% of the best, told by what moves."""
    if not made.alternatives:
        return
    codes = [shown.found.languages[i] for i in placed_languages(shown.found)]
    st.subheader("Nearly as good", anchor=False)
    st.dataframe({
        "Objective": [round(other.objective, 4)
                      for other in made.alternatives[:MOST_ALTERNATIVES]],
        "K": [len(other.groups) for other in made.alternatives[:MOST_ALTERNATIVES]],
        "What moves": [plain_text(", ".join(shown.label(codes[i]) for i in moved_members(
            made.groups, other.groups))) for other in made.alternatives[:MOST_ALTERNATIVES]],
        "Groups": [plain_text(" | ".join(" ".join(codes[i] for i in members)
                                         for members in other.groups))
                   for other in made.alternatives[:MOST_ALTERNATIVES]]}, hide_index=True)


def _means_inside(shown: Picture, made: Grouping) -> list[float | None]:
    """Mean similarity of two languages of each group; None for a language alone."""
    placed = placed_languages(shown.found)
    means: list[float | None] = []
    for members in made.groups:
        at = [placed[i] for i in members]
        pairs = [float(shown.found.matrix[i, j]) for i in at for j in at if i < j]
        means.append(math.fsum(pairs) / len(pairs) if pairs else None)
    return means


def _reliability(value: float | None, low: float) -> str:
    if value is None:
        return "undefined"
    return f"{number(value).lstrip('+')}{'' if value > low else ' (low)'}"
