"""A new comparison: what is compared, what that takes, and the button that starts it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import streamlit as st

from dashboard.escaping import markdown_text, plain_text
from dashboard.loads.data import asked_study, results
from dashboard.loads.experiments import begin_experiment, estimate, plan_of, run_of
from dashboard.loads.groupings import ShownGroups, shown_groups
from dashboard.loads.pictures import picture
from dashboard.loads.saved import saved_of
from dashboard.selection import MOST_DRAWS, MOST_SEEDS, Selection, reading_of, rule_of
from dashboard.shown import Picture
from dashboard.state import bound, select, turn_to
from dashboard.views.groups.rule import STRATEGY_WORDS
from dashboard.views.place import choose_place
from dashboard.views.reading import CORRECTION_LABELS
from dashboard.views.training.budget import choose_training
from dashboard.words.experiments import STRATEGIES
from dashboard.words.summaries import about, count
from gradsim_core import (
    MOST_GIVEN,
    GradSimError,
    Plan,
    Run,
    SavedGrouping,
    computed_at,
    placed_languages,
)


def plan_comparison(selection: Selection, signature: str, runs: list[Run],
                    done: list[str]) -> None:
    """Show what a comparison would take, and start it.

    Parameters
    ----------
    runs, done : the study's runs, and the ids of its finished experiments
    """
    if not done:
        st.markdown("Do these groups help? Each strategy is trained on the same examples with the "
                    "same seeds, and scored on the test rows of every language. You get **a "
                    "verdict in one sentence**, a chart of all strategies with their uncertainty, "
                    "one language by language, and a report to take away.")
    if rule_of(selection).strategy == "random" and not selection.opened:
        st.info("The groups of the *Groups* page are random ones, which are compared anyway. "
                "Choose groups that something speaks for.")
        if st.button("Take the best groups by gradients", type="primary"):
            select(strategy="exact")
            st.rerun()
        return
    shown = picture(signature, reading_of(selection))
    try:
        groups = shown_groups(signature, selection)
    except GradSimError as error:
        st.error(markdown_text(error))
        _offer_other_groups()
        return
    kept = saved_of(signature).groupings
    also = [one for one in kept if one.id in selection.compared and one.id != selection.opened]
    plan = plan_of(selection, groups, also[:MOST_GIVEN])
    left, right = st.columns([3, 2], gap="large")
    with left:
        _show_groups(selection, plan, shown, groups)
        _choose_strategies(selection, plan)
        _choose_saved(selection, kept)
        _choose_numbers(selection, groups, len(placed_languages(shown.found)))
        choose_training(selection, results(signature).record["study"])
    with right, st.container(border=True):
        _start(signature, plan, runs, done)


def _show_groups(selection: Selection, plan: Plan, shown: Picture, groups: ShownGroups) -> None:
    """The groups that the verdict will be about, and how they were made."""
    made = groups.made
    codes = [shown.found.languages[i] for i in placed_languages(shown.found)]
    title = STRATEGIES.get(plan.strategies[0], ("Hand-made groups", ""))[0]
    st.subheader(f"{title}, K = {made.k}", anchor=False)
    st.markdown("\n".join(
        f"{at}. " + ", ".join(markdown_text(shown.names.get(codes[i], codes[i]), 60)
                              for i in members) for at, members in enumerate(made.groups, 1)))
    if left_out := [shown.names.get(code, code) for code in groups.left_out()]:
        st.caption(f"Left out by hand, and so trained alone: {markdown_text(', '.join(left_out))}.")
    how = STRATEGY_WORDS.get(made.strategy, ("Made by hand", ""))[0]
    correction = CORRECTION_LABELS.get(shown.found.correction, shown.found.correction)
    st.caption(markdown_text(f"{how}; blocks {selection.blocks}; {correction.lower()}; "
                             f"step {shown.found.step}"))
    _offer_other_groups()


def _offer_other_groups() -> None:
    if st.button("Change the groups", type="tertiary", icon=":material/arrow_back:",
                 help="On the Groups page: by rule, by hand, or from a file of yours."):
        turn_to("groups")


def _choose_strategies(selection: Selection, plan: Plan) -> None:
    st.subheader("Compared with", anchor=False)
    for name, (title, why) in STRATEGIES.items():
        if name == plan.strategies[0] or (name == "gradient" and plan.strategies[0] != "hand"):
            continue
        with st.container(horizontal=True, vertical_alignment="center", gap="small", wrap=False):
            with st.container(width=225):
                st.toggle(title, help=why, **bound(f"with_{name}", name not in selection.without,
                                                   partial(_with, selection, name)))
            st.caption(why)


def _choose_saved(selection: Selection, kept: Sequence[SavedGrouping]) -> None:
    """Let the reader compare groupings that were saved, each under its name."""
    names = {one.id: one.name for one in kept if one.id != selection.opened}
    if not names:
        st.caption("Groupings that you save on the *Groups* page, or bring there from a file, can "
                   "be compared, too.")
        return
    st.multiselect("Saved groupings", list(names), max_selections=MOST_GIVEN,
                   format_func=lambda one: plain_text(names.get(one, one), 60),
                   placeholder="none", help="Each is trained as a strategy of its own; a language "
                   "that one of them leaves out is trained alone in it.",
                   **bound("compared", [one for one in selection.compared if one in names]))


def _with(selection: Selection, name: str, on: bool) -> dict[str, tuple[str, ...]]:
    """The change that takes a strategy in, or leaves it out."""
    others = [one for one in selection.without if one != name]
    return {"without": tuple(others if on else sorted([*others, name]))}


def _choose_numbers(selection: Selection, groups: ShownGroups, n_languages: int) -> None:
    with st.container(horizontal=True, gap="medium"):
        st.selectbox("Groups (K)", range(1, n_languages + 1), width=130,
                     help="The same K as on the Groups page; groups that were saved or made by "
                          "hand have theirs.",
                     disabled=groups.saved is not None or groups.rule.strategy == "hand",
                     **bound("plan_k", groups.made.k, lambda k: {"k": k}))
        st.number_input("Seeds", 1, MOST_SEEDS, width=130, **bound("seeds", selection.seeds),
                        help="Every model is trained once a seed. Intervals language by language "
                             "take at least three.")
        st.number_input("Random groupings", 1, MOST_DRAWS, width=150, step=5,
                        disabled="random" in selection.without,
                        help="With 20 the smallest p is 1/21, just below 0.05.",
                        **bound("draws", selection.draws))


def _start(signature: str, plan: Plan, runs: list[Run], done: list[str]) -> None:
    """What the plan takes, and the button that starts it."""
    st.subheader("What it takes", anchor=False)
    found = estimate(signature, plan)
    budget = plan.budget(asked_study(signature)).examples
    models, seconds = found["models"], found["seconds"]
    time = "none" if not models else "not known" if seconds is None else about(seconds)
    shown = (("Time, about", time), ("Models to train", f"{models:,}"),
             ("Examples a language", f"{budget:,}"), ("Trained already", f"{found['cached']:,}"))
    for column, (label, value) in zip([*st.columns(2), *st.columns(2)], shown, strict=True):
        column.metric(label, value)
    if models:
        st.caption(f"{found['examples']:,} examples in all, "
                   f"{count(found['workers'], 'model')} at a time. Models that strategies share "
                   "are trained once. It runs in a process of its own: you can close this page.")
    run = run_of(plan, signature, runs)
    if plan.id in done:
        st.success("This comparison is finished.")
        if st.button("Show the result", type="primary"):
            _show(plan)
    elif run is not None and run.coming:
        st.info("This comparison is being trained; its progress stands above.")
    else:
        place = choose_place("comparison")
        if st.button("Train and compare", type="primary"):
            with computed_at(place):
                begin_experiment(signature, plan)
            _show(plan)


def _show(plan: Plan) -> None:
    select(experiment=plan.id[:8], planning=0)
    st.rerun()
