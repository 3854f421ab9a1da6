"""The two experiments on layers: what explains each block, and whether topic or language counts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import streamlit as st

from dashboard.escaping import markdown_text
from dashboard.figures.depth_lines import DepthLine, depth_lines
from dashboard.figures.frame import ChartText
from dashboard.loads.correlations import report_zip
from dashboard.loads.experiments import content_json, training_runs
from dashboard.loads.findings import begin_finding, chosen_finding, finding_files, finding_runs
from dashboard.selection import Selection
from dashboard.state import bound
from dashboard.views.chart import even_decimals, is_dark, show_chart, table_height
from dashboard.views.folds import fold
from dashboard.views.training.runs import follow_runs, offer_to_go_on
from dashboard.words.layers import (
    SHARES,
    SPANS,
    facts_line,
    finding_label,
    module_lines,
    module_table,
    module_text,
    share_lines,
    share_table,
    share_text,
    span_lines,
    span_table,
    span_text,
)
from dashboard.words.summaries import verdict_words
from gradsim_core import LowerOrHigherPlan, TopicOrLanguagePlan


@dataclass(frozen=True)
class _Kind:
    """How one experiment on layers is shown.

    Attributes
    ----------
    field : of the selection: which finding is shown
    explained : what it would tell, while there is none
    unit : of its values
    """

    name: str
    field: str
    title: str
    explained: str
    plan: Callable[..., Any]
    lines: Callable[[Mapping[str, Any]], list[DepthLine]]
    text: Callable[[Mapping[str, Any], str], ChartText]
    table: Callable[[Mapping[str, Any]], dict[str, list[Any]]]
    unit: str


_KINDS = (
    _Kind(SHARES, "lower_or_higher", "What explains each layer?",
          "How much of a block's similarity do properties of the languages explain (typology, "
          "family, script), and how much those of the task (distributions of labels and of "
          "topics)? You get **a verdict in one sentence**, a chart block by block with intervals, "
          "and a report. Nothing is trained for it.",
          LowerOrHigherPlan, share_lines, share_text, share_table, "%"),
    _Kind(SPANS, "topic_or_language", "Topic or language?",
          "Every language is split by topic, and one model learns from all the parts: are two "
          "parts of one language more alike, or two parts on one topic? You get **a verdict in one "
          "sentence**, a chart block by block with intervals, and a report. It takes a training "
          "of its own, and data whose topics are known.",
          TopicOrLanguagePlan, span_lines, span_text, span_table, ""))


def show_layer_findings(signature: str, selection: Selection, study: str) -> None:
    """Show both experiments: what was found, what is under way, or the button that starts it."""
    runs = {kind.name: finding_runs(signature, kind.name) for kind in _KINDS}
    if any(run.coming for several in runs.values() for run in several):
        follow_runs(signature, tuple(run.id for run in training_runs(signature) if run.coming))
    for kind in _KINDS:
        st.subheader(kind.title, anchor=False)
        chosen, known = chosen_finding(signature, kind.name, getattr(selection, kind.field))
        under_way = any(run.coming for run in runs[kind.name])
        newest = next(iter(runs[kind.name]), None)
        if newest is not None and not newest.coming and newest.state != "done":
            offer_to_go_on(newest)
        if chosen is not None:
            _show(kind, chosen, known, selection, study)
        elif under_way:
            st.caption("The verdict and the chart appear here by themselves.")
        else:
            _offer(kind, signature)


def _offer(kind: _Kind, signature: str) -> None:
    """Say what the experiment would tell, and hold the button that starts it."""
    st.markdown(kind.explained)
    if st.button("Find out", type="primary", key=f"begin.{kind.name}"):
        begin_finding(signature, kind.name, kind.plan())
        st.rerun()


def _show(kind: _Kind, content: dict[str, Any], known: Mapping[str, dict[str, Any]],
          selection: Selection, study: str) -> None:
    """A finding: the verdict first, then chart, table, files and method."""
    if len(known) > 1:
        st.selectbox("Result", list(known), format_func=lambda one: finding_label(known[one]),
                     **bound(kind.field, content["id"], lambda one: {kind.field: one[:8]}))
    st.markdown(f"**{markdown_text(verdict_words(content))}**")
    lines, name = kind.lines(content), f"gradsim-{content['study']['signature'][:8]}-{kind.name}"
    if lines and content["blocks"]:
        figure = depth_lines([one["block"] for one in content["blocks"]], lines,
                             kind.text(content, study), unit=kind.unit, dark=is_dark(),
                             crossover=content.get("crossover"))
        show_chart(figure, name, selection, alt=f"Lines over the blocks in depth order. "
                                                f"{verdict_words(content)}")
    layers, by_module = module_lines(content)
    if by_module:
        show_chart(depth_lines(layers, by_module, module_text(content, study), unit=kind.unit,
                               dark=is_dark()), f"{name}-modules", selection,
                   table=module_table(content),
                   alt="Lines over the layers in depth order, one a module: what the languages "
                       "explain more than the task.")
    for line in filter(None, (facts_line(content), *(
            f"Left out: {one['name']}, because {one['reason']}." for one in content["left_out"]))):
        st.caption(markdown_text(line))
    with st.container(horizontal=True, vertical_alignment="center"):
        file = f"{name}-{content['id'][:8]}"  # the report is drawn once it is asked for
        st.download_button("Report with figures (ZIP)",
                           lambda: report_zip(finding_files(kind.name, content)), f"{file}.zip",
                           "application/zip", on_click="ignore", key=f"{kind.name}.zip")
        st.download_button("Blocks as CSV",
                           lambda: finding_files(kind.name, content)["table.csv"], f"{file}.csv",
                           "text/csv", on_click="ignore", key=f"{kind.name}.csv")
        st.download_button("Everything as JSON", content_json(content), f"{file}.json",
                           "application/json", on_click="ignore", key=f"{kind.name}.json")
    with fold("The numbers as a table, and the method", kind.name):
        table = kind.table(content)
        st.dataframe(table, hide_index=True, height=table_height(len(content["blocks"])),
                     column_config={**even_decimals(table),
                                    "Block": st.column_config.Column(pinned=True)})
        for sentence in content["method"]:
            st.caption(markdown_text(sentence, 600))
