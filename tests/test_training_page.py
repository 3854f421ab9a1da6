"""The training page without a browser: before, while and after strategies are compared."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from made_up_experiments import made_up_experiment, write_experiment
from made_up_studies import EUROPEAN, HOSTILE, SIGNATURE, made_up_series, write_study
from page_cases import button, labels, opened_page, shown_cache, words
from run_cases import act_command, end_all, until
from scipy.stats import ttest_rel
from streamlit.testing.v1 import AppTest

from dashboard.loads import experiments, pictures
from dashboard.loads.groupings import ShownGroups, group_names
from dashboard.selection import Selection
from dashboard.words import experiments as experiment_words
from gradsim_core import (
    Grouping,
    Plan,
    Reading,
    Rule,
    Run,
    Store,
    Study,
    estimate_experiment,
    experiment_key,
    find_run,
    submit_run,
    summary_rows,
)
from gradsim_core.experiments.plans import TITLES

MADE = Grouping(((0, 1), (2, 3), (4,)), "exact", 3, 1.0, None, True)


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty cache folder that the dashboard shows."""
    yield from shown_cache(tmp_path, monkeypatch)


@pytest.fixture
def asked(cache: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Plan]]:
    """The plans that were started; their runs wait for a file instead of training."""
    plans: list[Plan] = []

    def submit(store: Store, signature: str, plan: Plan) -> Run:
        plans.append(plan)
        return begun(store, plan, 'tell(1, message="learning *all* languages")\nwait_for("never")')

    monkeypatch.setattr(experiments, "submit_experiment", submit)
    yield plans
    end_all(Store(cache))


def begun(store: Store, plan: Plan, act: str) -> Run:
    key = experiment_key(SIGNATURE, plan)
    return submit_run(store, SIGNATURE, "experiment", act_command(store, act, key), key=key,
                      title="gradient, 3 seeds")


def training() -> None:
    from dashboard.views.problems import problems_shown
    from dashboard.views.training.page import training_page

    with problems_shown():
        training_page()


def opened(page: Callable[[], None] = training, **query: object) -> AppTest:
    return opened_page(page, **query)


def default_plan(cache: Path) -> Plan:
    """What the page plans of its own accord."""
    plan = Plan.model_validate({})
    made = pictures.grouping(SIGNATURE, plan.reading, plan.rule)
    return experiments.plan_of(Selection(correction="raw"), page_groups(plan.rule, made))


def page_groups(rule: Rule, made: Grouping) -> ShownGroups:
    """Groups as the page shows them."""
    return ShownGroups(rule, made, group_names(rule, made), {}, (), Reading(correction="raw"))


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


# afterwards

def test_verdict_comes_first_then_charts_and_tables(cache: Path) -> None:
    content = made_up_experiment(left_out="it has no test rows")
    write_experiment(write_study(cache, name="Eight", targets=("rus",)), content)
    app = opened()
    assert "Left out: Russian, because it has no test rows." in words(app)
    assert words(app).startswith(f"### {content['verdict']}\n")
    charts = [json.loads(chart.proto.spec) for chart in app.get("plotly_chart")]
    assert [chart["layout"]["title"]["text"] for chart in charts] == [
        "Weighted F1: Eight", "Weighted F1, language by language: Eight"]
    drawn, languages, strategies, groups = (element.value for element in app.dataframe)
    assert drawn["Mean"][0] == round(100 * content["strategies"][0]["mean"], 2)
    assert list(languages["Language"])[:2] == ["German", "Spanish"]
    assert languages["Gradient groups"][0] == round(
        100 * content["strategies"][0]["per_language"][0]["mean"], 2)
    assert list(strategies["Strategy"]) == [row["strategy"] for row in summary_rows(content)]
    assert "German (deu)" in groups["Languages"][0]
    gained = opened(gains="1")
    titles = [json.loads(chart.proto.spec)["layout"]["title"]["text"]
              for chart in gained.get("plotly_chart")]
    assert all(title.startswith("Gain over one model for all") for title in titles)
    assert "One model for all" not in gained.dataframe[1].value
    assert "One model for all" not in list(gained.dataframe[0].value["Strategy"])


def test_one_of_several_experiments_is_chosen_in_the_address(cache: Path) -> None:
    store = write_study(cache)
    older = made_up_experiment()
    newer = made_up_experiment(plan=Plan.model_validate({"seeds": 4, "strategies": "hand,random"}))
    for at, content in enumerate((older, newer)):
        write_experiment(store, content)
        path = cache / SIGNATURE / "experiments" / f"{content['id']}.json"
        os.utime(path, (at, at))
    app = opened()
    assert newer["verdict"] in words(app)
    assert len(app.selectbox(key="view.experiment").options) == 2
    assert "view.gains" not in [one.key for one in app.get("button_group")], \
        "there is nothing to gain over"
    chosen = opened(experiment=older["id"][:8])
    assert older["verdict"] in words(chosen)
    lost = opened(experiment="zz")
    assert "No finished comparison begins with zz" in words(lost)
    assert newer["verdict"] in words(lost)


def test_experiment_under_way_is_not_replaced_by_an_older_one(cache: Path,
                                                            asked: list[Plan]) -> None:
    write_experiment(write_study(cache), made_up_experiment())
    app = opened(planning="1")
    button(app, "Train and compare").click().run()
    assert "appear here by themselves" in words(app)
    assert not app.get("plotly_chart")
    app.selectbox(key="view.experiment").select_index(0).run()
    assert len(app.get("plotly_chart")) == 2, "but can be looked at"


def test_finished_plan_is_shown_and_not_trained_again(cache: Path) -> None:
    store = write_study(cache)
    write_experiment(store, made_up_experiment(plan=default_plan(cache)))
    app = opened(planning="1")
    assert "Train and compare" not in labels(app)
    button(app, "Show the result").click().run()
    assert len(app.get("plotly_chart")) == 2


def test_damaged_result_can_be_made_anew(cache: Path) -> None:
    content = made_up_experiment()
    write_experiment(write_study(cache), content)
    (cache / SIGNATURE / "experiments" / f"{content['id']}.json").write_bytes(b"damaged")
    assert "set aside" in words(opened())
    assert "Train and compare" in labels(opened())


@pytest.mark.parametrize("query", [{}, {"gains": "1"}, {"planning": "1"}])
def test_hostile_names_stay_text(query: dict[str, str], cache: Path) -> None:
    names = dict(zip(HOSTILE, HOSTILE, strict=True))
    store = write_study(cache, series=made_up_series([0, 1] * 3, codes=HOSTILE), names=names,
                        name=HOSTILE[1])
    content = made_up_experiment(HOSTILE, names=names, left_out=HOSTILE[1], title=HOSTILE[0])
    write_experiment(store, {**content, "verdict": HOSTILE[0]})
    app = opened(**query)
    assert not app.error
    said = "\n".join(str(element.value) for kind in ("markdown", "caption", "subheader")
                     for element in app.get(kind))
    assert "out\\.example" in said, "hostile names are on the page"
    for live in (r"(?<!\\)<", r"(?<!\\)\[x", r"www\\?\.", r":\\?/", r"(?<!\\)\*bold", ":red"):
        assert not re.search(live, said)


# words and numbers

def test_titles_are_the_engines() -> None:
    assert {name: title for name, (title, _) in experiment_words.STRATEGIES.items()} == {
        name: TITLES[name] for name in experiment_words.STRATEGIES}
    assert set(Plan.model_validate({}).strategies) == set(experiment_words.STRATEGIES)


def test_gains_of_a_language_are_paired_by_seed() -> None:
    content = made_up_experiment(plan=Plan.model_validate({"seeds": 5}))
    tables = {one["name"]: np.array(one["scores"]) for one in content["strategies"]}
    found = experiments.language_gains(content, "gradient", "all_languages")
    for at in range(len(EUROPEAN)):
        test = ttest_rel(tables["gradient"][:, at], tables["all_languages"][:, at])
        mean, interval = found[at]
        assert mean == pytest.approx(np.diff([tables[name][:, at].mean() for name in (
            "all_languages", "gradient")])[0])
        assert interval == pytest.approx(tuple(test.confidence_interval(0.95)))
    two = made_up_experiment(plan=Plan.model_validate({"seeds": 2}))
    assert all(interval is None for _, interval in
               experiments.language_gains(two, "gradient", "all_languages"))


def test_json_is_the_content() -> None:
    content = made_up_experiment()
    assert json.loads(experiments.content_json(content)) == content
