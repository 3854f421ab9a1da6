"""A finished correlation: the verdict first, then measures, pairs, targets and layers."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import streamlit as st

from dashboard.escaping import markdown_text, plain_text
from dashboard.exports import pairs_csv
from dashboard.figures.layer_line import layer_line
from dashboard.figures.measure_dots import measure_dots
from dashboard.figures.transfer_scatter import pairs_of, transfer_scatter
from dashboard.loads.correlations import (
    KIND,
    begin_correlation,
    brought_in_later,
    correlation_run,
    plan_in,
    report_zip,
)
from dashboard.loads.data import results, study_title
from dashboard.loads.findings import finding_files, finding_of, finding_runs
from dashboard.selection import Selection
from dashboard.state import bound
from dashboard.views.badge import show_result_badge
from dashboard.views.chart import choose_picture, is_dark, show_chart, table_height
from dashboard.words.correlations import (
    RANKINGS,
    best_layer,
    facts_line,
    finding_label,
    layer_sentence,
    layer_table,
    layers_text,
    measure_sentences,
    measures_table,
    measures_text,
    pairs_table,
    scatter_text,
    target_table,
)
from dashboard.words.summaries import verdict_words
from gradsim_core import Run

_AXES = ("As they are", "Each target's mean taken out")
_CORRELATION = st.column_config.NumberColumn(format="%.2f")
_POINTS = st.column_config.NumberColumn(format="%.1f")


def show_correlation(selection: Selection, signature: str, runs: list[Run],
                     done: list[str]) -> None:
    """Show one of a study's finished correlations.

    Parameters
    ----------
    done : their ids, newest first
    """
    known = {name: content for name in done if (content := finding_of(signature, KIND, name))}
    if not known:
        st.warning("The result is damaged and was set aside. Start it once more under *New "
                   "correlation*; models that were trained are kept.")
        return
    name = _chosen(selection, list(known), runs)
    if len(known) > 1 or name is None:
        st.selectbox("Correlation", list(known), placeholder="one that is finished",
                     format_func=lambda one: finding_label(known[one]),
                     help="All that were finished on this study, the newest first.",
                     **bound("correlation", name, lambda one: {"correlation": (one or "")[:8]}))
    if name is None:
        return
    content, title = known[name], study_title(results(signature))
    st.markdown(f"### {markdown_text(verdict_words(content))}")
    st.caption(markdown_text(facts_line(content)))
    show_result_badge(signature, f"findings/{KIND}-{name}.json", content, "finding")
    _if_out_of_date(signature, content)
    if not content["measures"]:
        st.info("No measure could be had for these languages, so there is nothing to compare.")
        return
    measure = next((one for one in content["measures"] if one["name"] == selection.measure),
                   content["measures"][0])
    _measures(content, measure, title, selection)
    _downloads(content, selection)
    _one_measure(content, measure, title, selection)
    _notes(content)


def _if_out_of_date(signature: str, content: dict[str, Any]) -> None:
    """Say so where tables have come in, or were replaced, since a result was computed."""
    plan = plan_in(content)
    later = brought_in_later(signature, plan) if plan else []
    if plan is None or not later:
        return
    st.warning(f"Brought in or replaced since this was computed: "
               f"{markdown_text(', '.join(later), 200)}. What is shown does not know them.")
    run = correlation_run(plan, signature, finding_runs(signature, KIND))
    if (run is None or not run.coming) and st.button(
            "Compute it again", key="again", help="Models that are trained are kept. Similarities "
            "and scores are read anew."):
        begin_correlation(signature, plan)
        st.rerun()


def _chosen(selection: Selection, known: list[str], runs: list[Run]) -> str | None:
    """The correlation in the address, else the newest; None while it is still coming."""
    wanted = selection.correlation
    found = next((name for name in known if wanted and name.startswith(wanted)), None)
    if found or not wanted:
        return found or known[0]
    mine = [run for run in runs if run.key.rpartition("/")[2].startswith(wanted)]
    if any(run.coming for run in mine):
        st.caption("The verdict and the charts of this correlation appear here by themselves.")
        return None
    if mine:
        st.caption("This correlation did not come to its end. Another is shown:")
    else:
        st.warning(f"No finished correlation begins with {markdown_text(wanted, 40)}: the newest "
                   "is shown.")
    return known[0]


def _measures(content: dict[str, Any], measure: Mapping[str, Any], title: str,
              selection: Selection) -> None:
    figure = measure_dots(content["measures"], measures_text(content, title),
                          chosen=measure["name"], dark=is_dark())
    show_chart(figure, f"{_file_name(content)}-measures", selection,
               table=measures_table(content),
               alt="Dot chart, one row a measure, best first: mean Spearman with its interval and "
                   f"its ceiling. {plain_text(verdict_words(content))}")


def _downloads(content: dict[str, Any], selection: Selection) -> None:
    name = _file_name(content)
    # Functions: figures are drawn when somebody asks for them, not with every look at the page.
    report, table, whole = (partial(_file, content, of) for of in ("", "table.csv", "finding.json"))
    with st.container(horizontal=True, vertical_alignment="center"):
        choose_picture(selection)
        st.download_button("Report with figures (ZIP)", report, f"{name}.zip",
                           "application/zip", on_click="ignore",
                           help="Markdown with figures (SVG), tables (CSV) and all numbers (JSON). "
                                "Drawn when you ask for it.")
        st.download_button("Measures as CSV", table, f"{name}.csv", "text/csv",
                           on_click="ignore", help="One line a measure, in full precision.")
        st.download_button("Everything as JSON", whole, f"{name}.json",
                           "application/json", on_click="ignore",
                           help="The finding as it is kept, from which all of this is made.")


def _file(content: dict[str, Any], name: str) -> bytes:
    """One file of the report, or all of them as an archive."""
    files = finding_files(KIND, content)
    return files[name].encode() if name else report_zip(files)


def _one_measure(content: dict[str, Any], measure: Mapping[str, Any], title: str,
                 selection: Selection) -> None:
    """The pairs, targets and layers of the chosen measure."""
    st.subheader("One measure", anchor=False)
    titles = {one["name"]: plain_text(one["title"], 60) for one in content["measures"]}
    with st.container(horizontal=True, gap="medium", vertical_alignment="bottom"):
        st.selectbox("Measure", list(titles), format_func=lambda name: titles.get(name, name),
                     width=340, help="Its pairs, targets and layers stand below.",
                     **bound("measure", measure["name"]))
        st.segmented_control("Both axes", _AXES, required=True,
                             help="Some targets are easier than others whatever the source. With "
                                  "each target's mean taken out, only the choice of a source is "
                                  "left to see.",
                             **bound("within", _AXES[selection.within],
                                     lambda view: {"within": _AXES.index(view)}))
    st.markdown(" ".join(map(markdown_text, measure_sentences(measure))))
    within = bool(selection.within)
    pairs = pairs_of(content, measure, within=within)
    if pairs.source:
        text = scatter_text(content, measure, title, len(pairs.source), within=within)
        figure = transfer_scatter(content, measure, text, within=within, dark=is_dark())
        show_chart(figure, f"{_file_name(content)}-pairs", selection,
                   table=pairs_table(content, pairs),
                   alt=f"Scatter, one mark a pair of languages: {text.x} against {text.y}.")
        st.download_button("These pairs as CSV", lambda: pairs_csv(content, measure),
                           f"{_file_name(content)}-pairs.csv", "text/csv", on_click="ignore",
                           help="Every pair with codes and names, as it is and as fractions.")
    else:
        st.info("No pair of languages has both a similarity by this measure and a score.")
    _targets(content, measure)
    _layers(content, measure, title, selection)


def _targets(content: dict[str, Any], measure: Mapping[str, Any]) -> None:
    st.subheader("Which source for a target?", anchor=False)
    table = target_table(content, measure)
    st.dataframe(table, hide_index=True, height=table_height(len(measure["per_target"]) + 1),
                 column_config={**dict.fromkeys(("Spearman", "Kendall", "NDCG@3"), _CORRELATION),
                                "Regret@1, points": _POINTS,
                                "Target": st.column_config.Column(pinned=True)})
    st.caption(RANKINGS)


def _layers(content: dict[str, Any], measure: Mapping[str, Any], title: str,
            selection: Selection) -> None:
    layers = measure["layers"]
    if not layers:
        others = [one["title"] for one in content["measures"] if one["layers"]]
        st.caption("This measure has no layers." + (
            f" These have: {markdown_text(', '.join(others))}." if others else ""))
        return
    st.subheader("By layer", anchor=False)
    st.markdown(markdown_text(layer_sentence(measure)))
    figure = layer_line(layers, best_layer(measure), layers_text(content, measure, title),
                        dark=is_dark())
    show_chart(figure, f"{_file_name(content)}-layers", selection, table=layer_table(layers),
               alt=f"Line over the layers with its interval. {layer_sentence(measure)}")


def _notes(content: dict[str, Any]) -> None:
    """How it was computed, in words, and what is not in it."""
    st.subheader("How it was computed", anchor=False)
    st.markdown("\n".join(f"- {markdown_text(line, 600)}" for line in content["method"]))
    for one in content.get("not_measured", ()):
        st.caption(f"Without {markdown_text(one['title'], 60)}: "
                   f"{markdown_text(one['reason'])}")
    for one in content["left_out"]:
        st.caption(f"Left out: {markdown_text(one.get('name', one['code']), 60)}, because "
                   f"{markdown_text(one['reason'])}.")


def _file_name(content: Mapping[str, Any]) -> str:
    return f"gradsim-{content['study']['signature'][:8]}-correlation-{content['id'][:8]}"
