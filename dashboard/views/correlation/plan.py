"""A new correlation: which scores are to be predicted, what that takes, and the button for it."""

from __future__ import annotations

import streamlit as st

from dashboard.escaping import markdown_text, plain_text
from dashboard.loads.correlations import (
    begin_correlation,
    brought_in_later,
    correlation_estimate,
    correlation_plan,
    correlation_run,
    known_measures,
)
from dashboard.loads.data import asked_study, results, store
from dashboard.selection import MOST_SEEDS, Selection
from dashboard.state import bound, select
from dashboard.views.place import choose_place
from dashboard.views.training.budget import choose_training
from dashboard.words.summaries import about, count
from gradsim_core import MeasuresPlan, Place, Run, computed_at, imported_names

_OWN = "The study's own transfer"


def plan_correlation(selection: Selection, signature: str, runs: list[Run],
                     done: list[str]) -> None:
    """Show what a correlation would take, and start it.

    Parameters
    ----------
    runs, done : the study's runs, and the ids of its finished correlations
    """
    n_languages = len(results(signature).series.languages)
    if not done:
        st.markdown("Does similarity predict which language helps which? A model is trained on "
                    "each language alone and scored on all others; then every measure of "
                    "similarity (gradients, family tree, place, typology, vocabulary, labels, "
                    "embeddings) is held against these scores. You get **a verdict in one "
                    "sentence**, the measures side by side with their uncertainty, a table target "
                    "by target, the layers, and a report to take away. Scores that you measured "
                    "yourself can be brought in under *Own scores and similarities*.")
    left, right = st.columns([3, 2], gap="large")
    with left:
        names = imported_names(store(), signature)
        against = selection.against if selection.against in names else ""
        st.radio("Scores to be predicted", ["", *names],
                 format_func=lambda name: f"Imported: {plain_text(name, 60)}" if name else _OWN,
                 captions=[f"{count(n_languages, 'model')} of one language each, for every seed",
                           *("Nothing is trained." for _ in names)],
                 help="Own tables come in under *Own scores and similarities*.",
                 **bound("against", against))
        titles = known_measures(signature)
        measures = [name for name in selection.measuring if name in titles]
        st.multiselect("Measures", list(titles), placeholder="all that can be had",
                       format_func=lambda name: plain_text(titles.get(name, name), 60),
                       help="With fewer the correction for having looked at several is smaller; "
                            "choose them before you see a result.",
                       **bound("measuring", measures))
        if not against:
            _choose_models(selection, signature)
    with right, st.container(border=True):
        _start(signature, correlation_plan(selection, against, measures), runs, done)


def _choose_models(selection: Selection, signature: str) -> None:
    """Seeds, pairs and budget of the models whose scores are predicted."""
    st.number_input("Seeds", 1, MOST_SEEDS, width=130, **bound("seeds", selection.seeds),
                    help="Every model is trained once a seed. How well halves of the seeds agree "
                         "tells how high any measure can get.")
    st.toggle("Predict gains of training in pairs",
              help="What a language gains when one other is trained with it, in place of what a "
                   "model of the other alone scores on it. Takes a model for every pair of "
                   "languages.",
              **bound("pairs", bool(selection.pairs), lambda on: {"pairs": int(on)}))
    study = asked_study(signature)
    usual = MeasuresPlan.model_validate({}).budget(study).steps
    choose_training(selection, {"steps": study.steps, "batch_size": study.batch_size},
                    times=usual // study.steps)


def _start(signature: str, plan: MeasuresPlan, runs: list[Run], done: list[str]) -> None:
    """What the plan takes, and the button that starts it."""
    st.subheader("What it takes", anchor=False)
    found = correlation_estimate(signature, plan)
    models, seconds = found["models"], found["seconds"]
    time = "none" if not models else "not known" if seconds is None else about(seconds)
    shown = (("Training, about", time), ("Models to train", f"{models:,}"),
             ("Trained already", f"{found['cached']:,}"))
    for column, (label, value) in zip([*st.columns(2), st.container()], shown, strict=True):
        column.metric(label, value)
    st.caption((f"{found['examples']:,} examples in all, {count(found['workers'], 'model')} at a "
                "time. " if models else "")
               + "Then the measures are computed, which takes a minute or two. It runs in a "
                 "process of its own: you can close this page.")
    run = correlation_run(plan, signature, runs)
    if run is not None and run.coming:
        st.info("This correlation is being computed; its progress stands above.")
    elif plan.id in done:
        _finished(signature, plan)
    else:
        place = choose_place("correlation") if models else Place()
        if st.button("Train and correlate" if models else "Correlate", type="primary"):
            with computed_at(place):
                begin_correlation(signature, plan)
            _show(plan)


def _finished(signature: str, plan: MeasuresPlan) -> None:
    """The way to a result, and to a new one, for tables may have been brought in since."""
    later = brought_in_later(signature, plan)
    if later:
        st.info(f"Brought in or replaced since it was computed: "
                f"{markdown_text(', '.join(later), 200)}.")
    else:
        st.success("This correlation is finished.")
    if st.button("Show the result", type="secondary" if later else "primary",
                 help="As it was computed."):
        _show(plan)
    if st.button("Compute it again", type="primary" if later else "secondary",
                 help="Models that are trained are kept. Similarities and scores are read anew."):
        begin_correlation(signature, plan)
        _show(plan)


def _show(plan: MeasuresPlan) -> None:
    select(correlation=plan.id[:8], correlating="found")
    st.rerun()
