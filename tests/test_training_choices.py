"""What a new comparison may choose besides the usual: its budget, and saved groupings."""

from __future__ import annotations

from pathlib import Path

from made_up_studies import SIGNATURE, write_study
from page_cases import cache as cache  # noqa: PLC0414 - a fixture
from page_cases import opened_page, words
from page_views import training

from dashboard.loads import experiments
from dashboard.loads.groupings import ShownGroups, shown_groups
from dashboard.selection import Selection
from gradsim_core import (
    NamedGroup,
    Reading,
    Rule,
    Store,
    decide,
    load_results,
    load_saved,
    save_grouping,
)


def kept(store: Store, name: str, *groups: tuple[str, ...]) -> str:
    """Save a grouping made by hand; its id."""
    rule = Rule(strategy="hand", hand=tuple(NamedGroup(languages=one) for one in groups))
    return save_grouping(store, SIGNATURE, name,
                         decide(load_results(store, SIGNATURE), Reading(), rule))


def shown(store: Store, **selection: object) -> ShownGroups:
    return shown_groups(SIGNATURE, Selection(correction="raw", k=2, **selection))


def test_steps_and_rows_are_the_plans(cache: Path) -> None:
    store = write_study(cache)
    plan = experiments.plan_of(Selection(trial_steps=300, trial_rows=8), shown(store))
    assert (plan.steps, plan.batch_size) == (300, 8)
    usual = experiments.plan_of(Selection(), shown(store))
    assert (usual.steps, usual.batch_size) == (None, None)
    app = opened_page(training, trial_steps="300", trial_rows="8")
    metrics = {one.label: one.value for one in app.metric}
    assert metrics["Examples a language"] == "2,400"
    app.number_input(key="view.trial_rows").set_value(7).run()
    assert app.query_params["trial_rows"] in ("8", ["8"]), "halves are equal"
    app.number_input(key="view.trial_steps").set_value(0).run()
    assert "trial_steps" not in app.query_params


def test_saved_groupings_are_strategies(cache: Path) -> None:
    store = write_study(cache)
    assert "can be compared, too" in words(opened_page(training))
    name = kept(store, "mine *x*", ("deu", "spa", "nld", "ita"), ("swe", "por", "dan"))
    other = kept(store, "other", ("deu", "fra"), ("spa", "nld", "ita", "swe", "por", "dan"))
    app = opened_page(training)
    before = {one.label: one.value for one in app.metric}["Models to train"]
    app.multiselect(key="view.compared").set_value([name, other]).run()
    assert app.query_params["compared"] == [name, other]
    assert {one.label: one.value for one in app.metric}["Models to train"] != before
    saved = [one for one in (load_saved(store, SIGNATURE, name),) if one]
    plan = experiments.plan_of(Selection(), shown(store), saved)
    assert plan.strategies[-1] == "given.1"
    assert plan.given[0].title == "mine *x*"
    assert plan.given[0].groups == (("dan", "por", "swe"), ("deu", "ita", "nld", "spa"),
                                    ("fra",)), "whom it leaves out stands alone"


def test_the_grouping_that_is_opened_is_not_compared_with_itself(cache: Path) -> None:
    store = write_study(cache)
    name = kept(store, "mine", ("deu", "spa"), ("nld", "ita", "swe", "por", "dan", "fra"))
    app = opened_page(training, opened=name, compared=name)
    assert "Hand-made groups, K = 2" in words(app)
    assert not app.multiselect
