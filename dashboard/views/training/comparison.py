"""A finished comparison: the verdict first, then charts, tables and files to take away."""

from __future__ import annotations

from typing import Any

import streamlit as st

from dashboard.escaping import markdown_text
from dashboard.figures.strategies import Measured, language_dots, strategy_dots
from dashboard.loads.data import results, study_title
from dashboard.loads.experiments import content_json, content_of, language_gains
from dashboard.selection import Selection
from dashboard.state import bound
from dashboard.views.badge import show_result_badge
from dashboard.views.chart import choose_picture, is_dark, show_chart, table_height
from dashboard.words.experiments import (
    chart_text,
    cost_table,
    experiment_label,
    facts_line,
    group_table,
    language_table,
    result_table,
    strategy_numbers,
)
from gradsim_core import Run, report_csv, report_markdown

_OVER = "all_languages"
BEATEN = "Of random groupings it beats"
_COSTS_PX = 560
_VIEWS = ("Score", "Gain over one model for all")


def show_comparison(selection: Selection, signature: str, runs: list[Run],
                    done: list[str]) -> None:
    """Show one of a study's finished experiments.

    Parameters
    ----------
    done : their ids, newest first
    """
    known = {name: content for name in done if (content := content_of(signature, name))}
    if not known:
        st.warning("The result is damaged and was set aside. Start the comparison once more; "
                   "models that were trained are kept.")
        return
    name = _chosen(selection, list(known), runs)
    if len(known) > 1 or name is None:
        st.selectbox("Comparison", list(known), placeholder="one that is finished",
                     format_func=lambda one: experiment_label(known[one]),
                     help="All that were finished on this study, the newest first.",
                     **bound("experiment", name, lambda one: {"experiment": (one or "")[:8]}))
    if name is None:
        return
    content = known[name]
    st.markdown(f"### {markdown_text(content['verdict'])}")
    st.caption(markdown_text(facts_line(content)))
    show_result_badge(signature, f"experiments/{name}.json", content, "experiment")
    _charts(content, selection, study_title(results(signature)))
    _downloads(content, selection)
    _tables(content)


def _chosen(selection: Selection, known: list[str], runs: list[Run]) -> str | None:
    """The experiment in the address, else the newest; None while it is still being trained."""
    wanted = selection.experiment
    found = next((name for name in known if wanted and name.startswith(wanted)), None)
    if found or not wanted:
        return found or known[0]
    if any(run.coming and run.key.rpartition("/")[2].startswith(wanted) for run in runs):
        st.caption("The verdict and the charts of this comparison appear here by themselves.")
        return None
    if any(run.key.rpartition("/")[2].startswith(wanted) for run in runs):
        st.caption("This comparison did not come to its end. Another is shown:")
    else:
        st.warning(f"No finished comparison begins with {markdown_text(wanted, 40)}: the newest "
                   "is shown.")
    return known[0]


def _charts(content: dict[str, Any], selection: Selection, study: str) -> None:
    has_gains = any(one["name"] == _OVER for one in content["strategies"])
    over = _OVER if selection.gains and has_gains else ""
    if has_gains:
        st.segmented_control("Charts show", _VIEWS, required=True, label_visibility="collapsed",
                             help="Gains are paired by seed and language, so their intervals are "
                                  "those to compare strategies by.",
                             **bound("gains", _VIEWS[bool(over)],
                                     lambda view: {"gains": _VIEWS.index(view)}))
    name, dark = f"gradsim-{content['study']['signature'][:8]}", is_dark()
    figure = strategy_dots(content, chart_text(content, study, over=over), over=over, dark=dark)
    show_chart(figure, f"{name}-strategies", selection, table=strategy_numbers(content, over),
               alt=f"Dot chart, one row a strategy. {content['verdict']}")
    gains = _gains(content) if over else None
    figure = language_dots(content, chart_text(content, study, over=over, by_language=True),
                           gains=gains, over=over, dark=dark)
    show_chart(figure, f"{name}-languages", selection, table=language_table(content, gains),
               alt="Dot chart, one row a language, one mark a strategy; the same numbers stand in "
                   "the table below it.")


def _gains(content: dict[str, Any]) -> dict[str, list[Measured]]:
    """Every strategy's gain on each language, in percentage points."""
    return {one["name"]: [
        Measured(100 * mean, None if interval is None else (100 * interval[0], 100 * interval[1]))
        for mean, interval in language_gains(content, one["name"], _OVER)]
        for one in content["strategies"] if one["name"] != _OVER}


def _downloads(content: dict[str, Any], selection: Selection) -> None:
    name = f"gradsim-{content['study']['signature'][:8]}-experiment-{content['id'][:8]}"
    with st.container(horizontal=True, vertical_alignment="center"):
        choose_picture(selection)
        st.download_button("Report as Markdown", lambda: report_markdown(content), f"{name}.md",
                           "text/markdown", on_click="ignore",
                           help="Verdict, tables, groups and method, to be read or pasted.")
        st.download_button("Scores as CSV", lambda: report_csv(content), f"{name}.csv",
                           "text/csv", on_click="ignore",
                           help="Every score of every strategy, seed and language, as fractions.")
        st.download_button("Everything as JSON", lambda: content_json(content), f"{name}.json",
                           "application/json", on_click="ignore",
                           help="The experiment as it is kept, from which all of this is made.")


def _tables(content: dict[str, Any]) -> None:
    st.subheader("Strategies", anchor=False)
    height = table_height(len(content["strategies"]))
    st.dataframe(result_table(content), hide_index=True, height=height,
                 column_config={
                     "Strategy": st.column_config.Column(pinned=True),
                     BEATEN: st.column_config.Column("Random beaten", help=(
                         "Share of the random groupings that it scores above, and p."))})
    st.caption("Gains are percentage points with their 95% interval, then the languages that gain "
               "of those compared. An interval that holds zero shows no clear difference."
               + (" † grouped by test scores of one model a language: to compare with, no method."
                  if any(one["uses_test_scores"] for one in content["strategies"]) else ""))
    st.dataframe(cost_table(content), hide_index=True, height=height, width=_COSTS_PX,
                 placeholder="–", column_config={
                     "Examples": st.column_config.NumberColumn(format="localized"),
                     "Minutes": st.column_config.NumberColumn(format="%.1f")})
    st.caption("What a strategy takes with one seed: its models, the examples that they learn "
               "from, and the minutes of training and scoring them one after the other."
               + (" Random groups: what one of the groupings takes on average."
                  if content.get("random") else ""))
    st.subheader("Groups", anchor=False)
    groups = group_table(content)
    st.dataframe(groups, hide_index=True, height=table_height(len(groups["Group"])),
                 placeholder="–", column_config={"Strategy": st.column_config.Column(width=150),
                                                 "Group": st.column_config.Column(width=60),
                                                 "Size": st.column_config.Column(width=60),
                                                 "Languages": st.column_config.Column(width=700)})
    for one in content["left_out"]:
        st.caption(f"Left out: {markdown_text(one.get('name', one['code']), 60)}, because "
                   f"{markdown_text(one['reason'])}.")
