"""The training page before and while strategies are compared: estimates, plans and runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from made_up_studies import SIGNATURE, write_study
from page_cases import button, labels, words
from page_cases import cache as cache  # noqa: PLC0414 - a fixture
from run_cases import end_all, until
from training_page_cases import asked as asked  # noqa: PLC0414 - a fixture
from training_page_cases import begun, default_plan, opened, page_groups

from dashboard.loads import experiments, pictures
from dashboard.selection import Selection
from gradsim_core import Grouping, Plan, Rule, Study, estimate_experiment, find_run

MADE = Grouping(((0, 1), (2, 3), (4,)), "exact", 3, 1.0, None, True)


# before

def test_empty_cache_and_unfinished_study_are_explained(cache: Path) -> None:
    assert "There is no study here yet" in words(opened())
    write_study(cache).remove(SIGNATURE, "grams.safetensors")
    assert "Go on with it" in labels(opened())


def test_estimate_comes_before_the_start(cache: Path) -> None:
    store = write_study(cache)
    app = opened(k="2")
    assert "Do these groups help?" in words(app)
    assert "Gradient groups, K = 2" in words(app)
    reading, rule = _reading_and_rule(k=2)
    plan = experiments.plan_of(Selection(correction="raw", k=2), page_groups(
        rule, pictures.grouping(SIGNATURE, reading, rule)))
    expected = estimate_experiment(store, SIGNATURE, plan)
    shown = {one.label: one.value for one in app.metric}
    assert shown["Models to train"] == str(expected["models"])
    assert shown["Trained already"] == "1", "the joint run"
    assert shown["Examples a language"] == f"{120 * Study().batch_size:,}", "120 steps"
    assert f"{expected['examples']:,} examples in all" in words(app)
    assert "Train and compare" in labels(app)
    assert not (cache / "runs.sqlite").exists(), "nothing was started"


def _reading_and_rule(**rule: object) -> tuple[Any, Any]:
    plan = Plan.model_validate({"rule": rule, "reading": {"correction": "raw"}})
    return plan.reading, plan.rule


def test_what_is_compared_can_be_chosen_and_stands_in_the_address(cache: Path) -> None:
    write_study(cache)
    app = opened(k="2")
    before = {one.label: one.value for one in app.metric}
    app.toggle(key="view.with_random").set_value(False).run()
    assert app.query_params["without"] in ("random", ["random"])
    app.number_input(key="view.seeds").set_value(1).run()
    after = {one.label: one.value for one in app.metric}
    assert int(after["Models to train"]) < int(before["Models to train"]) / 3
    assert app.number_input(key="view.draws").disabled
    app.toggle(key="view.with_random").set_value(True).run()
    assert "without" not in app.query_params
    app.selectbox(key="view.plan_k").set_value(4).run()
    assert "Gradient groups, K = 4" in words(app)


def test_plan_is_that_of_the_groups_page(cache: Path, asked: list[Plan]) -> None:
    write_study(cache)
    app = opened(strategy="overlapping", k="3", together=["deu", "nld"], largest="5",
                 blocks="lower", correction="centred", without="oracle", seeds="4", draws="7")
    button(app, "Train and compare").click().run()
    assert not app.exception
    assert not app.error
    (plan,) = asked
    assert plan.strategies == ("gradient", "monolingual", "all_languages", "family", "random")
    assert (plan.seeds, plan.draws) == (4, 7)
    assert (plan.reading.blocks, plan.reading.correction) == ("lower", "centred")
    assert (plan.rule.strategy, plan.rule.largest) == ("overlapping", 5)
    assert plan.rule.must_link == (("deu", "nld"),)
    made = pictures.grouping(SIGNATURE, plan.reading, plan.rule)
    assert plan.rule.k == made.k, "K is that of the groups shown"
    assert app.query_params["experiment"] in (plan.id[:8], [plan.id[:8]])


@pytest.mark.parametrize("name", experiments.BY_RULE)
def test_groups_without_gradients_are_what_the_verdict_is_about(name: str) -> None:
    plan = experiments.plan_of(Selection(strategy=name), page_groups(Rule(strategy=name), MADE))
    assert plan.strategies[0] == name
    assert "gradient" not in plan.strategies
    assert plan.rule.k == 3


def test_random_groups_are_no_subject(cache: Path) -> None:
    write_study(cache)
    app = opened(strategy="random")
    assert "Train and compare" not in labels(app)
    button(app, "Take the best groups by gradients").click().run()
    assert "Train and compare" in labels(app)


def test_impossible_groups_are_told_with_a_way_back(cache: Path) -> None:
    write_study(cache)
    app = opened(k="1", largest="2")
    assert len(app.error) == 1
    assert labels(app) == ["Change the groups"]


# meanwhile

def test_run_is_found_again_and_can_be_cancelled_and_resumed(cache: Path,
                                                            asked: list[Plan]) -> None:
    store = write_study(cache)
    button(opened(), "Train and compare").click().run()
    (run,) = experiments.training_runs(SIGNATURE)
    until(lambda: find_run(store, run.id).progress == 0.25)
    app = opened()  # another browser
    assert "Comparison: running" in words(app)
    assert "about 30 s left" in words(app)
    assert "appear here by themselves" in words(app)
    assert app.get("progress")[0].proto.value == 25
    assert "is being trained" in words(opened(planning="1")), "not twice"
    assert "Train and compare" not in labels(opened(planning="1"))
    button(app, "Cancel the run").click().run()
    assert find_run(store, run.id).state == "cancelled"
    app = opened()
    assert "was cancelled; the models it had trained are kept" in words(app)
    button(app, "Go on with it").click().run()
    assert find_run(store, run.id).live


def test_queued_run_is_shown_as_queued(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = write_study(cache)
    for module in ("gradsim_core.runs.steering", "dashboard.views.training.runs"):
        monkeypatch.setattr(f"{module}.ensure_supervisor", lambda store: None)
    begun(store, default_plan(cache), "pass")
    assert "Comparison: queued" in words(opened())


def test_failed_run_says_why_until_there_is_a_result(cache: Path) -> None:
    store = write_study(cache)
    plan = default_plan(cache)
    try:
        run = begun(store, plan, "from gradsim_core import GradSimError\n"
                                 "raise GradSimError('No room for **all** of it.')")
        until(lambda: find_run(store, run.id).state == "failed")
    finally:
        end_all(store)
    app = opened()
    assert "The last comparison failed. No room for **all** of it." in words(app)
    assert {"Go on with it", "Train and compare"} <= set(labels(app))
    assert app.error[0].value.count(r"\*") == 4, "escaped"
