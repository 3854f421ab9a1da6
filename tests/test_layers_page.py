"""The layers page without a browser: whatever the address, before, while and after experiments."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from made_up_findings import made_up_lower_or_higher, made_up_topic_or_language, write_finding
from made_up_studies import HOSTILE, SIGNATURE, made_up_series, write_study
from page_cases import cache as cache  # noqa: PLC0414 - a fixture
from page_cases import figures, labels, live_markup, opened_page, titles, words
from page_views import layers
from robustness_cases import stretches, write_stretches
from run_cases import act_command, end_all, until
from streamlit.testing.v1 import AppTest

from dashboard.layers import Sides, moves
from dashboard.loads import blocks, data, findings, pictures
from dashboard.views.layers.moves import pair_table
from dashboard.words.summaries import verdict_words
from gradsim_core import (
    GramSeries,
    LowerOrHigherPlan,
    Reading,
    Run,
    Store,
    TopicOrLanguagePlan,
    find_run,
    finding_key,
    similarity,
    submit_run,
)


@pytest.fixture
def asked(cache: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[tuple[str, Any]]]:
    """The findings that were started; their runs wait for a file instead of computing."""
    plans: list[tuple[str, Any]] = []

    def submit(store: Store, signature: str, kind: str, plan: Any) -> Run:
        plans.append((kind, plan))
        return begun(store, kind, plan, 'tell(1, message="*explaining* blocks")\nwait_for("never")')

    monkeypatch.setattr(findings, "submit_finding", submit)
    yield plans
    end_all(Store(cache))


def begun(store: Store, kind: str, plan: Any, act: str) -> Run:
    key = finding_key(SIGNATURE, kind, plan)
    return submit_run(store, SIGNATURE, kind, act_command(store, act, key), key=key, title="Own")


def opened(page: Callable[[], None] = layers, **query: object) -> AppTest:
    return opened_page(page, **query)


def write_findings(store: Store, **how: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    contents = made_up_lower_or_higher(**how), made_up_topic_or_language(**how)
    for content in contents:
        write_finding(store, content)
    return contents


# the similarities

def test_empty_cache_and_unfinished_study_are_explained(cache: Path) -> None:
    assert "There is no study here yet" in words(opened())
    write_study(cache).remove(SIGNATURE, "grams.safetensors")
    assert "Go on with it" in labels(opened())


@pytest.mark.parametrize("query", [
    {}, {"left": "head", "right": "x:y", "snapshot": "9", "lower_or_higher": "zz"},
    {"left": "embeddings", "right": "embeddings", "correction": "noise_corrected"},
    {"reading": "mean_cosine", "correction": "all_but_top", "blocks": "head", "right": "layer.3"}])
def test_page_stands_whatever_the_address(query: dict[str, str], cache: Path) -> None:
    store = write_study(cache, targets=("rus",), series=made_up_series(
        [0, 1] * 4, noise={2: 9.0}, invalid={"ita": "bad"}))
    write_findings(store)
    assert not opened(**query).error


def test_lower_and_higher_stand_side_by_side_on_the_order_of_all_layers(cache: Path) -> None:
    write_study(cache, name="Eight")
    app = opened(blocks="head")
    assert titles(app) == [
        "Lower layers beside higher layers: Eight",
        "Change from the lower layers to the higher layers: Eight",
        "The 15 pairs of 28 that change most: Eight", "Two trees, 0 crossings: Eight",
        "Agreement of the blocks: Eight"]
    beside, change = figures(app)[:2]
    whole = pictures.picture(SIGNATURE, Reading(correction="raw"))
    shown = [whole.found.languages[i] for i in whole.order]
    columns = [chart["layout"][axis]["ticktext"] for chart, axis in (
        (beside, "xaxis4"), (beside, "xaxis5"), (change, "xaxis4"))]
    assert columns == [shown] * 3, "the order of all layers, whatever is chosen"
    series = data.results(SIGNATURE).series
    moved = similarity(series, "higher").matrix - similarity(series, "lower").matrix
    drawn = next(one for one in change["data"] if one["type"] == "heatmap")
    assert "change %{z" in drawn["hovertemplate"]
    table = pair_table(moves(*(similarity(series, name) for name in ("lower", "higher"))), whole,
                       Sides("lower", "higher"))
    assert abs(table["Change"][0]) == pytest.approx(np.abs(moved).max(), abs=6e-4)


def test_any_two_selections_can_be_held_against_each_other(cache: Path) -> None:
    write_study(cache, name="Eight")
    app = opened(left="embeddings", right="layer.3")
    assert titles(app)[0] == "Embeddings beside layer 3: Eight"
    app.selectbox(key="view.right").set_value("head").run()
    assert titles(app)[0] == "Embeddings beside head: Eight"
    assert app.query_params["right"] in ("head", ["head"])
    assert "left" in app.query_params


def test_a_model_of_one_layer_has_no_halves(cache: Path) -> None:
    whole = made_up_series([0, 1] * 4)
    series = GramSeries(whole.languages, ("embeddings", "layer.0", "head"), whole.snapshots,
                        whole.sums[:, :3], whole.step_numbers, whole.steps[:, :3])
    write_study(cache, series=series, name="Eight")
    app = opened()
    assert not app.error
    assert titles(app)[0] == "Embeddings beside layer 0: Eight"
    assert "higher" not in app.selectbox(key="view.right").options


def test_changes_have_intervals_where_increments_were_kept(cache: Path) -> None:
    write_stretches(cache, stretches([0, 1] * 4, noise=1.5))
    bounds, why = blocks.change_bounds(SIGNATURE, Reading(correction="raw"),
                                       Sides("layer.0", "layer.1"))
    assert bounds is not None
    assert not why
    series = data.results(SIGNATURE).series
    change = similarity(series, "layer.1").matrix - similarity(series, "layer.0").matrix
    off = ~np.eye(8, dtype=bool)
    assert (bounds[0] < change)[off].all()
    assert (bounds[1] > change)[off].all()
    assert np.median((bounds[1] - bounds[0])[off]) < 0.5
    table = opened(folds="table-layers-pairs").dataframe[0].value
    assert all(" to " in one for one in table["95% interval"])
    same, _ = blocks.change_bounds(SIGNATURE, Reading(correction="raw"),
                                   Sides("layer.0", "layer.0"))
    assert same is not None
    assert same[0][off] == pytest.approx(0.0), "both meet the same resamples"


def test_it_is_said_why_changes_have_no_intervals(cache: Path) -> None:
    write_stretches(cache, stretches([0, 1] * 4, noise=0.5), keep_increments=False)
    app = opened(folds="table-layers-pairs")
    assert "kept nothing to resample" in words(app)
    assert set(app.dataframe[0].value["95% interval"]) == {"–"}


# the experiments

def test_what_was_not_run_is_explained_and_starts_with_one_click(
        cache: Path, asked: list[tuple[str, Any]]) -> None:
    store = write_study(cache)
    app = opened()
    assert "How much of a block's similarity do properties of the languages explain" in words(app)
    assert "Every language is split by topic" in words(app)
    assert labels(app).count("Find out") == 2
    assert not (cache / "runs.sqlite").exists(), "nothing was started"
    app.button(key="begin.lower-or-higher").click().run()
    assert not app.exception
    assert asked == [("lower-or-higher", LowerOrHigherPlan())]
    (run,) = findings.finding_runs(SIGNATURE, "lower-or-higher")
    until(lambda: find_run(store, run.id).progress == 0.25)
    app = opened()
    assert "Experiment: running" in words(app)
    assert app.get("progress")[0].proto.value == 25
    assert "appear here by themselves" in words(app)
    assert labels(app).count("Find out") == 1, "the other one can still be started"
    app.button(key="begin.topic-or-language").click().run()
    assert asked[1:] == [("topic-or-language", TopicOrLanguagePlan())]
    (cancel, *_) = [one for one in opened().button if one.label == "Cancel the run"]
    assert cancel.key


def test_failed_run_says_why_and_can_go_on(cache: Path) -> None:
    store = write_study(cache)
    try:
        run = begun(store, "lower-or-higher", LowerOrHigherPlan(),
                    "from gradsim_core import GradSimError\n"
                    "raise GradSimError('No room for **all** of it.')")
        until(lambda: find_run(store, run.id).state == "failed")
    finally:
        end_all(store)
    app = opened()
    assert "The last experiment failed. No room for **all** of it." in words(app)
    assert {"Go on with it", "Find out"} <= set(labels(app))


def test_verdict_chart_table_and_files_of_both(cache: Path) -> None:
    store = write_study(cache, name="Eight")
    shares, spans = write_findings(store, left_out="it has no training rows")
    app = opened()
    said = words(app)
    for part in (shares["verdict"], verdict_words(spans), "Topics (it is not available)",
                 "Left out: Russian, because it has no training rows.", *shares["method"]):
        assert part in said
    assert titles(app)[-2:] == ["What explains the similarity, block by block: Eight",
                                "Topic or language, block by block: Eight"]
    tables = [element.value for element in app.dataframe]
    assert tables[-2]["Linguistic, %"][0] == 42.0
    assert set(tables[-2]["Linguistic, p"]) == {"0.001", "0.30"}
    assert tables[-1]["Within language"][0] == 0.92
    assert "Find out" not in labels(app)
    files = [one.proto.label for one in app.get("download_button")]
    assert files.count("Report with figures (ZIP)") == files.count("Everything as JSON") == 2
    written = findings.finding_files("lower-or-higher", shares)
    assert "up to layer 1, topic from layer 2 on" in verdict_words(spans)
    assert shares["verdict"] in written["report.md"]
    assert json.loads(written["finding.json"]) == shares


def test_one_of_several_is_chosen_in_the_address(cache: Path) -> None:
    store = write_study(cache)
    older = made_up_lower_or_higher(verdict="The older one.")
    newer = made_up_lower_or_higher(name="cc33cc33cc33cc33", verdict="The newer one.")
    for at, content in enumerate((older, newer)):
        write_finding(store, content)
        path = cache / SIGNATURE / "findings" / f"lower-or-higher-{content['id']}.json"
        os.utime(path, (at, at))
    app = opened()
    assert "The newer one." in words(app)
    app.selectbox(key="view.lower_or_higher").set_value(older["id"]).run()
    assert "The older one." in words(app)
    assert app.query_params["lower_or_higher"] in (older["id"][:8], [older["id"][:8]])
    assert "The newer one." in words(opened(lower_or_higher="zz"))


@pytest.mark.parametrize("sides", [
    {"task": None}, {"linguistic": None}, {"linguistic": None, "task": None}])
def test_an_empty_side_is_told(cache: Path, sides: dict[str, None]) -> None:
    write_finding(write_study(cache), made_up_lower_or_higher(**sides))
    app = opened()
    assert not app.error
    assert "Nothing can be compared: made up." in words(app)
    assert len(titles(app)) == 5 + (len(sides) == 1), "nothing to draw without any side"


def test_damaged_finding_can_be_made_anew(cache: Path) -> None:
    content = made_up_lower_or_higher()
    write_finding(write_study(cache), content)
    (cache / SIGNATURE / "findings" / f"lower-or-higher-{content['id']}.json").write_bytes(b"no")
    app = opened()
    assert not app.error
    assert labels(app).count("Find out") == 2


def test_hostile_names_stay_text(cache: Path) -> None:
    names = dict(zip(HOSTILE, HOSTILE, strict=True))
    store = write_study(cache, series=made_up_series([0, 1] * 3, codes=HOSTILE), names=names,
                        name=HOSTILE[1])
    how = {"codes": HOSTILE, "names": names, "left_out": HOSTILE[1]}
    shares, spans = write_findings(store, verdict=HOSTILE[0], **how)
    write_finding(store, {**shares, "method": [HOSTILE[1]], "titles": {"topic": HOSTILE[0]},
                          "unused": [{"name": "topic", "side": "task", "reason": HOSTILE[2]}]})
    write_finding(store, {**spans, "topics": list(HOSTILE)})
    app = opened()
    assert not app.error
    said = "\n".join(str(element.value) for kind in ("markdown", "caption", "subheader")
                     for element in app.get(kind))
    assert "out\\.example" in said, "hostile names are on the page"
    assert live_markup(said) == []
