"""The Correlation page without a browser: before, while and after measures are held to scores."""

from __future__ import annotations

import io
import os
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from made_up_correlations import made_up_measures
from made_up_findings import write_finding
from made_up_studies import HOSTILE, SIGNATURE, made_up_series, write_study
from page_cases import button, charts, figures, labels, live_markup, opened_page, titles, words
from page_cases import cache as cache  # noqa: PLC0414 - a fixture
from page_views import correlation
from run_cases import act_command, end_all, until
from streamlit.testing.v1 import AppTest

from dashboard.loads import correlations, findings
from dashboard.words.summaries import verdict_words
from gradsim_core import (
    MeasuresPlan,
    Run,
    Scores,
    Store,
    estimate_transfer,
    find_run,
    finding_key,
    list_runs,
    save_imported,
    submit_run,
)


@pytest.fixture
def asked(cache: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[MeasuresPlan]]:
    """The plans that were started; their runs wait for a file instead of training."""
    plans: list[MeasuresPlan] = []

    def submit(store: Store, signature: str, kind: str, plan: MeasuresPlan) -> Run:
        plans.append(plan)
        return begun(store, plan, 'tell(1, message="learning *all* languages")\nwait_for("never")')

    monkeypatch.setattr(findings, "submit_finding", submit)
    yield plans
    end_all(Store(cache))


def begun(store: Store, plan: MeasuresPlan, act: str) -> Run:
    key = finding_key(SIGNATURE, "measures", plan)
    return submit_run(store, SIGNATURE, "measures", act_command(store, act, key), key=key,
                      title="Measures against transfer")


def opened(**query: object) -> AppTest:
    return opened_page(correlation, **query)


def keep_scores(store: Store, name: str = "published") -> None:
    codes = ("deu", "spa", "nld", "ita")
    save_imported(store, SIGNATURE, name, Scores(
        codes, codes, "accuracy", "test", (0,), [[[0.1 * i + 0.01 * j for j in range(4)]
                                                  for i in range(4)]], "made up, imported"))


# before

def test_empty_cache_and_unfinished_study_are_explained(cache: Path) -> None:
    assert "There is no study here yet" in words(opened())
    write_study(cache).remove(SIGNATURE, "grams.safetensors")
    assert "Go on with it" in labels(opened())


def test_estimate_comes_before_the_start(cache: Path) -> None:
    store = write_study(cache)
    app = opened()
    assert "Does similarity predict which language helps which?" in words(app)
    expected = estimate_transfer(store, SIGNATURE, MeasuresPlan())
    shown = {one.label: one.value for one in app.metric}
    assert shown["Models to train"] == str(expected["models"]) == "24", "8 languages, 3 seeds"
    assert shown["Trained already"] == "0"
    assert shown["Training, about"] != "none"
    assert labels(app) == ["Train and correlate"]
    assert not (cache / "runs.sqlite").exists(), "nothing was started"
    app.number_input(key="view.seeds").set_value(1).run()
    assert app.query_params["seeds"] == "1"
    assert {one.label: one.value for one in app.metric}["Models to train"] == "8"


def test_imported_scores_take_no_model(cache: Path, asked: list[MeasuresPlan]) -> None:
    keep_scores(write_study(cache))
    app = opened(correlating="plan")
    app.radio(key="view.against").set_value("published").run()
    assert app.query_params["against"] == "published"
    assert {one.label: one.value for one in app.metric}["Models to train"] == "0"
    button(app, "Correlate").click().run()
    assert asked == [MeasuresPlan(imported="published")]
    gone = opened(correlating="plan", against="lost")
    assert "Train and correlate" in labels(gone), "a table that is not there is not asked for"


# while

def test_one_click_starts_it_and_another_browser_finds_it(cache: Path,
                                                          asked: list[MeasuresPlan]) -> None:
    store = write_study(cache)
    app = opened()
    button(app, "Train and correlate").click().run()
    assert asked == [MeasuresPlan(seeds=3)]
    assert app.query_params["correlation"] == asked[0].id[:8]
    (run,) = list_runs(store, SIGNATURE, "measures")
    until(lambda: find_run(store, run.id).progress == 0.25)
    app = opened()  # another browser
    assert "Correlation: running" in words(app)
    assert "appear here by themselves" in words(app)
    assert app.get("progress")[0].proto.value == 25
    again = opened(correlating="plan")
    assert "is being computed" in words(again)
    assert "Train and correlate" not in labels(again), "not twice"
    button(app, "Cancel the run").click().run()
    assert find_run(store, run.id).state == "cancelled"
    app = opened()
    assert "The last correlation was cancelled; the models it had trained are kept" in words(app)
    button(app, "Go on with it").click().run()
    assert find_run(store, run.id).live


def test_failed_run_says_why(cache: Path) -> None:
    store = write_study(cache)
    try:
        run = begun(store, MeasuresPlan(), "from gradsim_core import GradSimError\n"
                                           "raise GradSimError('No room for **all** of it.')")
        until(lambda: find_run(store, run.id).state == "failed")
    finally:
        end_all(store)
    app = opened()
    assert "The last correlation failed. No room for **all** of it." in words(app)
    assert {"Go on with it", "Train and correlate"} <= set(labels(app))
    assert app.error[0].value.count(r"\*") == 4, "escaped"


# afterwards

def test_verdict_comes_first_then_charts_and_tables(cache: Path) -> None:
    content = made_up_measures(left_out="it has no test rows")
    write_finding(write_study(cache, name="Eight"), content)
    app = opened()
    assert words(app).startswith(f"### {verdict_words(content)}\n")
    assert "8 languages · 3 seeds · 5 measures · weighted F1 on test" in words(app)
    assert "9,999 permutations" in words(app)
    assert "Left out: Russian, because it has no test rows." in words(app)
    assert "Without Same script: All pairs share a script." in words(app)
    for sentence in content["method"]:
        assert sentence in words(app)
    assert titles(app) == ["Which similarity predicts transfer? Eight",
                           "Gradients against transfer: Eight", "Gradients, layer by layer: Eight"]
    measures, pairs, targets, layers = (element.value for element in app.dataframe)
    assert len(pairs) == 8 * 7 - 1, "every pair but the one that nobody trained"
    assert list(measures["Measure"]) == [one["title"] for one in content["measures"]]
    assert list(targets["Target"])[-1] == "Mean over targets"
    assert len(layers) == len(content["measures"][0]["layers"])
    assert all(chart["alt"] for chart in charts(app)), "every chart has its words"


def test_verdict_charts_and_tables_write_correlations_alike(cache: Path) -> None:
    content = made_up_measures()
    write_finding(write_study(cache), content)
    assert "Spearman .84 (p < .001" in content["verdict"], "as the core's sentences have it"
    app = opened()
    dots, said = figures(app)[0], words(app)
    drawn = [note["text"] for note in dots["layout"]["annotations"]]
    assert "Spearman 0.84 (p &lt; 0.001" in said.replace("<", "&lt;")
    assert "0.84 · p &lt; 0.001" in drawn
    bare, plus = r"(?<![\d%])\.\d\d", r"\+0\.\d\d\b"
    texts = [said, *drawn, *(chart["alt"] for chart in charts(app)),
             *(text for trace in dots["data"] for text in trace["customdata"]),
             *(str(cell) for cell in app.dataframe[0].value["95% interval"])]
    assert [text for text in texts if re.search(f"{bare}|{plus}", text)] == []


def test_measure_and_axes_are_chosen_in_the_address(cache: Path) -> None:
    write_finding(write_study(cache, name="Eight"), made_up_measures())
    app = opened()
    app.selectbox(key="view.measure").set_value("family").run()
    assert app.query_params["measure"] == "family"
    assert titles(app)[1] == "Family tree against transfer: Eight"
    assert "This measure has no layers" in words(app)
    app.button_group(key="view.within").set_value("Each target's mean taken out").run()
    assert app.query_params["within"] == "1"
    again = opened(measure="family", within="1")
    spec = figures(again)[1]
    assert spec["layout"]["yaxis"]["title"]["text"].endswith(
        "away from the target's mean, percentage points")
    assert titles(opened(measure="nonsense"))[1].startswith("Gradients")


def test_no_layer_is_best_is_said(cache: Path) -> None:
    write_finding(write_study(cache), made_up_measures(best_layer=False))
    assert "No layer is best beyond chance" in words(opened())


def test_one_of_several_correlations_is_chosen_in_the_address(cache: Path) -> None:
    store = write_study(cache)
    older = made_up_measures()
    newer = {**made_up_measures(scores="published", identity="11aa11aa11aa11aa"),
             "verdict": "Another verdict."}
    for at, content in enumerate((older, newer)):
        write_finding(store, content)
        path = cache / SIGNATURE / "findings" / f"measures-{content['id']}.json"
        os.utime(path, (at, at))
    app = opened()
    assert "Another verdict." in words(app)
    assert app.selectbox(key="view.correlation").options == [
        "imported scores published · 1 seed · 11aa11aa",
        "models trained on one language · 3 seeds · 00ff00ff"]
    assert verdict_words(older) in words(opened(correlation=older["id"][:8]))
    lost = opened(correlation="zz")
    assert "No finished correlation begins with zz" in words(lost)
    assert "Another verdict." in words(lost)


def test_correlation_under_way_is_not_replaced_by_an_older_one(cache: Path,
                                                               asked: list[MeasuresPlan]) -> None:
    write_finding(write_study(cache), made_up_measures())
    app = opened(correlating="plan")
    button(app, "Train and correlate").click().run()
    assert "appear here by themselves" in words(app)
    assert not figures(app)
    app.selectbox(key="view.correlation").select_index(0).run()
    assert len(figures(app)) == 3, "but can be looked at"


def test_finished_plan_is_shown_and_not_computed_again(cache: Path) -> None:
    write_finding(write_study(cache), made_up_measures(identity=MeasuresPlan().id))
    app = opened(correlating="plan")
    assert "Train and correlate" not in labels(app)
    button(app, "Show the result").click().run()
    assert len(figures(app)) == 3


def test_damaged_result_can_be_made_anew(cache: Path) -> None:
    content = made_up_measures()
    write_finding(write_study(cache), content)
    (cache / SIGNATURE / "findings" / f"measures-{content['id']}.json").write_bytes(b"damaged")
    assert "set aside" in words(opened())
    assert "Train and correlate" in labels(opened())


def test_languages_without_any_value_leave_a_sentence(cache: Path) -> None:
    content = made_up_measures()
    for measure in content["measures"]:
        measure["values"] = [[None] * 8 for _ in range(8)]
        measure["target_spearman"] = dict.fromkeys(("value", "interval", "p", "p_corrected"))
        measure["per_target"] = [{**dict.fromkeys(("spearman", "kendall", "ndcg3", "regret1")),
                                  "code": one["code"], "n": 0} for one in measure["per_target"]]
        measure["mean"] = dict.fromkeys(measure["mean"])
        measure["pooled"] = {key: dict.fromkeys(("value", "interval", "p"))
                             for key in ("pearson", "spearman", "both")}
        measure.update(layers=[], best_layer=None, incremental=None, behind_first=None,
                       coverage=0.0, ceiling=dict.fromkeys(
                           ("similarity", "transfer", "value", "share")))
    write_finding(write_study(cache), content)
    app = opened()
    assert not app.error
    assert "No pair of languages has both" in words(app)


@pytest.mark.parametrize("query", [{}, {"within": "1", "measure": "family"},
                                   {"correlating": "plan"}, {"correlating": "import"}])
def test_hostile_names_stay_text(query: dict[str, str], cache: Path) -> None:
    names = dict(zip(HOSTILE, HOSTILE, strict=True))
    store = write_study(cache, series=made_up_series([0, 1] * 3, codes=HOSTILE), names=names,
                        name=HOSTILE[1])
    content = made_up_measures(HOSTILE, names=names, left_out=HOSTILE[1], title=HOSTILE[0],
                               scores=HOSTILE[5])
    content["measures"][0]["note"] = HOSTILE[2]
    write_finding(store, {**content, "verdict": HOSTILE[0], "method": list(HOSTILE)})
    app = opened(**query)
    assert not app.error
    said = "\n".join(str(element.value) for kind in ("markdown", "caption", "subheader", "info")
                     for element in app.get(kind))
    if "correlating" not in query:
        assert "out\\.example" in said, "hostile names are on the page"
    assert live_markup(said) == []


def test_archive_is_the_report_and_always_the_same() -> None:
    files = {"report.md": "# Ä", "table.csv": "a,b\n"}
    packed = correlations.report_zip(files)
    assert packed == correlations.report_zip(files)
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        assert {name: archive.read(name).decode() for name in archive.namelist()} == files
