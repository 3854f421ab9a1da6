"""What a new correlation may choose, and results that are older than the tables they rest on."""

from __future__ import annotations

import os
import time
from pathlib import Path

import numpy as np
import pytest
from made_up_correlations import made_up_measures
from made_up_findings import write_finding
from made_up_studies import EUROPEAN, SIGNATURE, write_study
from page_cases import cache as cache  # noqa: PLC0414 - a fixture
from page_cases import labels, opened_page, words
from page_views import correlation

from dashboard.loads import correlations
from dashboard.loads.correlations import brought_in_later, correlation_plan, known_measures, plan_in
from dashboard.selection import Selection
from gradsim_core import MEASURES, Measure, MeasuresPlan, Scores, Store, save_imported
from gradsim_core.measuring.kept import save_measure

SCORES = "from,deu,spa,nld\ndeu,0.5,0.6,0.1\nspa,0.4,0.7,0.2\nnld,0.3,0.2,0.6\n"


def finished(store: Store, plan: MeasuresPlan, **content: object) -> None:
    write_finding(store, {**made_up_measures(identity=plan.id), "plan": plan.model_dump(
        mode="json"), **content})


def import_scores(store: Store, value: float = 0.5) -> None:
    table = np.full((1, 8, 8), value)
    save_imported(store, SIGNATURE, "published", Scores(
        EUROPEAN, EUROPEAN, "accuracy", "test", (0,), table, "made up"))


def import_similarity(store: Store) -> None:
    save_measure(store, SIGNATURE, Measure("imported.mine", "Mine", EUROPEAN, np.eye(8),
                                           source="made up"))


def aged(cache: Path, entry: str, seconds: float) -> None:
    then = time.time() - seconds
    os.utime(cache / SIGNATURE / entry, (then, then))


# what can be chosen

def test_plan_is_what_the_command_line_takes() -> None:
    plan = correlation_plan(Selection(seeds=2, pairs=1, trial_steps=90, trial_rows=4), "",
                            ("geographic", "family"))
    assert plan == MeasuresPlan(seeds=2, pairs=True, steps=90, batch_size=4,
                                measures=("family", "geographic"))
    assert correlation_plan(Selection(), "") == MeasuresPlan(), "the usual question"
    assert correlation_plan(Selection(seeds=9, pairs=1), "published") == MeasuresPlan(
        imported="published"), "nothing is trained for imported scores"


def test_choices_stand_in_the_address_and_in_the_estimate(cache: Path) -> None:
    store = write_study(cache)
    import_similarity(store)
    assert list(known_measures(SIGNATURE)) == [*MEASURES, "imported.mine"]
    app = opened_page(correlation)
    before = {one.label: one.value for one in app.metric}["Models to train"]
    app.multiselect(key="view.measuring").set_value(["family", "imported.mine"]).run()
    assert app.query_params["measuring"] == ["family", "imported.mine"]
    app.toggle(key="view.pairs").set_value(True).run()
    after = {one.label: one.value for one in app.metric}["Models to train"]
    assert int(after) == int(before) + 3 * 8 * 7 // 2, "a model for every pair and seed"
    app.number_input(key="view.trial_steps").set_value(50).run()
    assert app.query_params["trial_steps"] in ("50", ["50"])
    assert not app.error


def test_a_measure_that_is_gone_is_not_asked_for(cache: Path) -> None:
    write_study(cache)
    app = opened_page(correlation, measuring=["nonsense", "family"])
    assert app.multiselect(key="view.measuring").value == ["family"]


# what is out of date

def test_replaced_scores_make_a_result_old(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store, plan = write_study(cache), MeasuresPlan(imported="published")
    import_scores(store)
    aged(cache, "scores/imported-published.json", 60)
    finished(store, plan)
    assert brought_in_later(SIGNATURE, plan) == []
    assert "Brought in or replaced" not in words(opened_page(correlation))
    import_scores(store, 0.9)
    aged(cache, f"findings/measures-{plan.id}.json", 30)
    assert brought_in_later(SIGNATURE, plan) == ["published"]
    begun: list[MeasuresPlan] = []
    monkeypatch.setattr("dashboard.views.correlation.result.begin_correlation",
                        lambda signature, plan: begun.append(plan))
    app = opened_page(correlation)
    assert "Brought in or replaced since this was computed: published." in words(app)
    assert "Compute it again" in labels(app)
    app.button(key="again").click().run()
    assert begun == [plan]


def test_a_replaced_similarity_makes_a_result_old(cache: Path) -> None:
    store = write_study(cache)
    whole, part = MeasuresPlan(), MeasuresPlan(measures=("family",))
    import_similarity(store)
    aged(cache, "measures/imported.mine.safetensors", 60)
    for plan in (whole, part):
        finished(store, plan)
    assert brought_in_later(SIGNATURE, whole) == ["mine"], "it is not in there at all"
    content = made_up_measures(identity=whole.id)
    finished(store, whole, measures=[{**content["measures"][0], "name": "imported.mine"}])
    correlations.st.cache_resource.clear()
    assert brought_in_later(SIGNATURE, whole) == []
    import_similarity(store)
    aged(cache, f"findings/measures-{whole.id}.json", 30)
    assert brought_in_later(SIGNATURE, whole) == ["mine"]
    assert brought_in_later(SIGNATURE, part) == [], "it was not asked for"


def test_plans_of_another_version_are_left_alone() -> None:
    plan = MeasuresPlan()
    content = made_up_measures(identity=plan.id)
    assert plan_in({**content, "plan": plan.model_dump(mode="json")}) == plan
    assert plan_in({**content, "plan": {"from_the_future": 1}}) is None
    assert plan_in(made_up_measures()) is None


# another file

def test_another_file_is_asked_about_anew(cache: Path) -> None:
    write_study(cache)
    app = opened_page(correlation, correlating="import")
    app.file_uploader[0].set_value(("mine.csv", SCORES.encode(), "text/csv")).run()
    app.button_group(key="upload.unit").set_value("fraction").run()
    app.text_input(key="upload.metric").set_value("f1").run()
    assert "What was understood" in words(app)
    app.file_uploader[0].set_value(("yours.csv", SCORES.encode(), "text/csv")).run()
    assert "Choose the unit" in words(app), "that of another file says nothing"
    assert app.text_input(key="upload.metric").value == ""
    app.button_group(key="upload.unit").set_value("percent").run()
    assert app.text_input(key="upload.scores.name").value == "yours"
