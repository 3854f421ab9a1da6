"""Groups as cards, the languages left over, and the groupings that are nearly as good."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import streamlit as st

from dashboard.escaping import markdown_text, plain_text
from dashboard.loads.groupings import ShownGroups
from dashboard.shown import Picture
from dashboard.views.chart import even_decimals
from dashboard.words.groups import shown_name
from dashboard.words.summaries import LOW_RELIABILITY, count, moved_members, number
from gradsim_core import LEFT_OUT, Grouping, placed_languages

MOST_ALTERNATIVES = 5
MOST_CARDS = 12
"""Groups up to which each has a card; more of them are the rows of a table."""


def show_cards(decision: dict[str, Any], shown: Picture, groups: ShownGroups,
               marked: Collection[str], changes: Mapping[str, float]) -> None:
    """One card a group, with its languages, how reliable each is, and how alike they are.

    Parameters
    ----------
    marked : codes of the languages that are marked
    changes : code -> share of resamples in which the language changes group; empty if not known
    """
    made = groups.made
    inside, low = _means_inside(shown, made), LOW_RELIABILITY[shown.found.reading]
    if len(decision["groups"]) > MOST_CARDS:
        table = group_columns(decision, shown, inside)
        st.dataframe(table, hide_index=True, alt="One row a group, with its languages.",
                     column_config=even_decimals(table))
        _say_left_over(decision, shown, marked)
        return
    st.caption("Beside each language stands its reliability: how far its own two halves agree"
               + (", then in how many resamples it changes group." if changes else ".")
               + (" One that *helps* is served by another group." if made.strategy == "overlapping"
                  else ""))
    with st.container(horizontal=True, gap="small"):
        for group, mean in zip(decision["groups"], inside, strict=True):
            with st.container(border=True, width=270):
                members = group["languages"]
                st.markdown(f"**{markdown_text(shown_name(group['name']), 60)}** · "
                            f"{count(len(members), 'language')}"
                            + ("" if mean is None else f" · mean {number(mean)}"))
                served = group.get("serves", [one["code"] for one in members])
                st.markdown("\n".join(
                    f"- {_name(shown, one['code'], marked)} · "
                    f"{_reliability(one['reliability'], low)}"
                    + (f" · changes {changes[one['code']]:.0%}" if one["code"] in changes else "")
                    + ("" if one["code"] in served else " · helps")
                    for one in members))
    _say_left_over(decision, shown, marked)


def group_columns(decision: dict[str, Any], shown: Picture,
                  inside: Sequence[float | None]) -> dict[str, list[Any]]:
    """Groups as the columns of a table, a row each."""
    groups = decision["groups"]
    return {"Group": [plain_text(shown_name(one["name"]), 60) for one in groups],
            "Languages": [len(one["languages"]) for one in groups],
            "Mean similarity": [None if mean is None else round(mean, 3) for mean in inside],
            "Lowest reliability": [min((round(one["reliability"], 3) for one in group["languages"]
                                        if one["reliability"] is not None), default=None)
                                   for group in groups],
            "Which": [plain_text(", ".join(shown.label(one["code"]) for one in group["languages"]),
                                 4000) for group in groups]}


def _say_left_over(decision: dict[str, Any], shown: Picture, marked: Collection[str]) -> None:
    for reason, codes in _left_over(decision).items():
        st.caption(f"Not grouped: {', '.join(_name(shown, code, marked) for code in codes)}, "
                   f"because {markdown_text(reason)}.")


def _name(shown: Picture, code: str, marked: Collection[str]) -> str:
    name = markdown_text(shown.label(code), 60)
    return f"**{name}** (marked)" if code in marked else name


def _left_over(decision: dict[str, Any]) -> dict[str, list[str]]:
    """Why languages are not grouped -> their codes."""
    found: dict[str, list[str]] = {}
    for one in decision["not_grouped"]:
        reason = "it was " * (one["reason"] == LEFT_OUT) + one["reason"]
        found.setdefault(reason, []).append(one["code"])
    return found


def show_alternatives(made: Grouping, shown: Picture) -> None:
    """The first groupings within 1% of the best, told by what moves."""
    if not made.alternatives:
        return
    codes = [shown.found.languages[i] for i in placed_languages(shown.found)]
    st.subheader("Nearly as good", anchor=False)
    table: dict[str, list[Any]] = {
        "Objective": [round(other.objective, 3)
                      for other in made.alternatives[:MOST_ALTERNATIVES]],
        "K": [len(other.groups) for other in made.alternatives[:MOST_ALTERNATIVES]],
        "What moves": [plain_text(", ".join(shown.label(codes[i]) for i in moved_members(
            made.groups, other.groups))) for other in made.alternatives[:MOST_ALTERNATIVES]],
        "Groups": [plain_text(" | ".join(" ".join(codes[i] for i in members)
                                         for members in other.groups))
                   for other in made.alternatives[:MOST_ALTERNATIVES]]}
    st.dataframe(table, hide_index=True, column_config=even_decimals(table))


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
