"""The training page after strategies were compared: verdict, charts, tables, and words."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pytest
from made_up_experiments import made_up_experiment, write_experiment
from made_up_studies import EUROPEAN, HOSTILE, SIGNATURE, made_up_series, write_study
from page_cases import button, figures, labels, live_markup, titles, words
from page_cases import cache as cache  # noqa: PLC0414 - a fixture
from scipy.stats import ttest_rel
from training_page_cases import asked as asked  # noqa: PLC0414 - a fixture
from training_page_cases import default_plan, opened

from dashboard.loads import experiments
from dashboard.words import experiments as experiment_words
from gradsim_core import Plan, summary_rows
from gradsim_core.experiments.plans import TITLES


def test_verdict_comes_first_then_charts_and_tables(cache: Path) -> None:
    content = made_up_experiment(left_out="it has no test rows")
    write_experiment(write_study(cache, name="Eight", targets=("rus",)), content)
    app = opened()
    assert "Left out: Russian, because it has no test rows." in words(app)
    assert words(app).startswith(f"### {content['verdict']}\n")
    assert titles(app) == [
        "Weighted F1: Eight", "Weighted F1, language by language: Eight"]
    drawn, languages, strategies, costs, groups = (element.value for element in app.dataframe)
    assert drawn["Mean"][0] == round(100 * content["strategies"][0]["mean"], 2)
    assert list(languages["Language"])[:2] == ["German", "Spanish"]
    assert languages["Gradient groups"][0] == round(
        100 * content["strategies"][0]["per_language"][0]["mean"], 2)
    assert list(strategies["Strategy"]) == [row["strategy"] for row in summary_rows(content)]
    assert list(costs) == ["Strategy", *experiment_words.COSTS]
    assert not {*costs} & {*strategies} - {"Strategy"}
    assert list(costs["Strategy"]) == list(strategies["Strategy"])
    assert list(costs["Examples"]) == [one["cost"]["examples"] for one in content["strategies"]]
    assert "German (deu)" in groups["Languages"][0]
    told = dict(zip(groups["Strategy"], groups["Languages"], strict=True))
    assert told["One model for all"] == "all languages together", "it would not fit its column"
    gained = opened(gains="1")
    assert all(title.startswith("Gain over one model for all") for title in titles(gained))
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
    assert not figures(app)
    app.selectbox(key="view.experiment").select_index(0).run()
    assert len(figures(app)) == 2, "but can be looked at"


def test_finished_plan_is_shown_and_not_trained_again(cache: Path) -> None:
    store = write_study(cache)
    write_experiment(store, made_up_experiment(plan=default_plan(cache)))
    app = opened(planning="1")
    assert "Train and compare" not in labels(app)
    button(app, "Show the result").click().run()
    assert len(figures(app)) == 2


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
    assert live_markup(said) == []


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
