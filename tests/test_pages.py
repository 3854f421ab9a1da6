"""The pages without a browser: whatever the address, the study and the names."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from made_up_studies import HOSTILE, SIGNATURE, made_up_series, write_study
from page_cases import cache as cache  # noqa: PLC0414 - a fixture
from page_cases import figures, live_markup
from page_cases import opened_page as opened
from page_views import correlation, groups, study, training
from page_views import similarity as similarity_view
from run_cases import end_all, processes_of, start, supervisors_of, until, written
from streamlit.testing.v1 import AppTest

from dashboard.loads import data, pictures
from gradsim_core import (
    Reading,
    Rule,
    Store,
    decision_json,
    decision_of,
    find_run,
    run_log,
    similarity,
)

ROOT = Path(__file__).resolve().parents[1]


# pages

def unfinish(store: Store) -> None:
    store.remove(SIGNATURE, "grams.safetensors")
    store.remove(SIGNATURE, "scores/joint.json")


def failing() -> None:
    from dashboard.views.problems import problems_shown

    with problems_shown():
        raise RuntimeError("secret detail")


PAGES = [study, similarity_view, groups]


def words(app: AppTest) -> str:
    return "\n".join(str(element.value) for kind in ("markdown", "caption", "info", "error",
                                                     "warning", "header", "subheader")
                     for element in app.get(kind))


@pytest.mark.parametrize("page", PAGES)
def test_empty_cache_is_explained_and_can_be_filled(page: Callable, cache: Path) -> None:
    app = opened(page)
    assert "There is no study here yet" in words(app)
    assert "Run the built-in study" in [button.label for button in app.button]


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("query", [
    {}, {"study": "zz", "blocks": "x:y", "snapshot": "9", "k": "77", "strategy": "none"},
    {"correction": "noise_corrected", "blocks": "head", "snapshot": "0", "reading": "mean_cosine"},
    {"strategy": "overlapping", "k": "2", "together": ["deu", "spa"], "language": "fra"}])
def test_pages_stand_whatever_the_address(page: Callable, query: dict, cache: Path) -> None:
    write_study(cache, series=made_up_series([0, 1] * 4, noise={2: 9.0}, invalid={"ita": "bad"}),
                targets=("rus",))
    app = opened(page, **query)
    assert not app.error


def test_similarity_page_says_what_it_shows(cache: Path) -> None:
    write_study(cache, targets=("rus",))
    app = opened(similarity_view)
    assert "Pairs within a branch average" in words(app)
    assert "Russian" in words(app), "a target without gradients is named"
    charts = figures(app)
    assert len(charts) == 4, "heatmap, world, map of similarities, nearest"
    assert any(trace["type"] == "heatmap" for trace in charts[0]["data"])


def test_correction_is_the_one_of_the_data_until_the_reader_chooses(cache: Path) -> None:
    write_study(cache, preset="builtin")
    own = data.results(SIGNATURE).default_correction
    assert own != "raw"
    assert opened(similarity_view).button_group(key="view.correction").value == own
    chosen = opened(similarity_view, correction="raw")
    assert chosen.button_group(key="view.correction").value == "raw"


def test_groups_page_shows_what_the_engine_decides(cache: Path) -> None:
    write_study(cache)
    app = opened(groups, k="2")
    loaded = data.results(SIGNATURE)
    reading, rule = Reading(), Rule.model_validate({"k": 2})
    found = similarity(loaded.series)
    made = pictures.grouping(SIGNATURE, reading, rule)
    decision = decision_of(loaded, reading, found, rule, made)
    assert f"objective {decision['result']['objective']:.3f}" in words(app)
    assert "Proved optimal" in words(app)
    cards = [element.value.replace("\\", "") for element in app.markdown]
    for group in decision["groups"]:
        assert any(all(one["name"] in card for one in group["languages"]) for card in cards)
    assert decision_json(decision).endswith("\n")


def test_links_that_contradict_each_other_are_told(cache: Path) -> None:
    write_study(cache)
    app = opened(groups, together=["deu", "nld"], apart=["deu", "nld"])
    assert len(app.error) == 1
    assert "German" in app.error[0].value.replace("\\", "")


@pytest.mark.parametrize("page", PAGES)
def test_hostile_names_stay_text(page: Callable, cache: Path) -> None:
    write_study(cache, series=made_up_series([0, 1] * 3, codes=HOSTILE, invalid={
        HOSTILE[1]: HOSTILE[0]}), names=dict(zip(HOSTILE, HOSTILE, strict=True)), name=HOSTILE[1],
        targets=("<b>target</b>",))
    said = words(opened(page))
    assert "out\\.example" in said, "hostile names are on the page"
    assert live_markup(said) == []


def test_failed_run_is_told_and_can_go_on(cache: Path) -> None:
    store = write_study(cache)
    unfinish(store)
    written(store, state="failed", error="No room for **all** of it.")
    app = opened(similarity_view)
    assert "Its run failed" in words(app)
    assert "No room for **all**" in words(app).replace("\\", "")
    assert [button.label for button in app.button] == ["Go on with it"]


@pytest.mark.parametrize("page", PAGES)
def test_run_is_followed_while_it_lives(page: Callable, cache: Path) -> None:
    store = write_study(cache)
    unfinish(store)
    run = start(store, """
observe(dict(kind="progress", step=30, steps=120, eta_s=43, message="learning *all* languages"))
print("a [line](http://out.example) of its log")
wait_for("never")
""")
    try:
        assert "Next in turn" in words(opened(page))
        until(lambda: find_run(store, run.id).progress == 0.25 and run_log(store, run.id))
        app = opened(page)
        assert "about 45 s left" in words(app)
        assert app.get("progress")[0].proto.value == 25
        assert [block.value for block in app.code] == ["a [line](http://out.example) of its log"]
        (button,) = [one for one in app.button if one.label == "Cancel the run"]
        button.click().run()
        assert not app.exception
        assert find_run(store, run.id).state == "cancelled"
        app = opened(page)
        assert "cancelled" in words(app)
        (button,) = [one for one in app.button if one.label == "Go on with it"]
        button.click().run()
        assert find_run(store, run.id).live
    finally:
        end_all(store)


def test_a_killed_run_is_still_followed(cache: Path) -> None:
    """Its supervisor will start it again: the page waits, and offers nothing to press for it."""
    store = write_study(cache)
    unfinish(store)
    run = start(store, 'tell(1)\nwait_for("never")')
    try:
        until(lambda: find_run(store, run.id).progress == 0.25)
        for found in (supervisors_of, processes_of):
            for process in found(store):
                process.kill()
                process.wait()
        assert find_run(store, run.id).state == "interrupted"
        app = opened(similarity_view)
        assert "Cancel the run" in [button.label for button in app.button]
        until(lambda: find_run(store, run.id).attempt == 2)
    finally:
        end_all(store)


def test_a_damaged_table_of_runs_is_told_once(cache: Path) -> None:
    write_study(cache)
    (cache / "runs.sqlite").write_text("damaged")
    app = AppTest.from_file(os.fspath(ROOT / "dashboard" / "app.py"), default_timeout=60).run()
    assert not app.exception
    assert len(app.error) == 1
    assert "the table of runs is damaged" in app.error[0].value
    assert figures(app), "the page itself is there"
    assert app.sidebar.selectbox[0].options == [f"afrisenti, tiny-bytes · {SIGNATURE[:8]}"]


@pytest.mark.parametrize("page", [study, training, correlation])
def test_no_page_needs_the_table_of_runs(page: Callable, cache: Path) -> None:
    write_study(cache)
    whole = words(opened(page))
    (cache / "runs.sqlite").write_text("damaged")
    assert words(opened(page)) == whole


def test_lost_result_can_be_computed_again(cache: Path) -> None:
    store = write_study(cache)
    (cache / SIGNATURE / "grams.safetensors").write_bytes(b"damaged")
    app = opened(similarity_view)
    assert "Traceback" not in words(app)
    assert not store.exists(SIGNATURE, "grams.safetensors"), "set aside"
    again = opened(similarity_view)
    assert "computed again" in words(again)
    assert [button.label for button in again.button] == ["Go on with it"]


def test_study_of_another_version_is_named_and_can_be_left(cache: Path) -> None:
    store = write_study(cache)
    record = store.read_json(SIGNATURE, "study.json")
    assert record
    record["study"]["from_the_future"] = 1
    store.write_json(SIGNATURE, "study.json", record)
    app = AppTest.from_file(os.fspath(ROOT / "dashboard" / "app.py"), default_timeout=60).run()
    assert not app.exception
    assert "from_the_future" in app.error[0].value.replace("\\", "")
    assert app.sidebar.selectbox[0].options == [f"cannot be read · {SIGNATURE[:8]}"]


def test_other_failure_is_one_sentence(cache: Path, caplog: pytest.LogCaptureFixture) -> None:
    app = opened(failing)
    assert len(app.error) == 1
    assert "secret" not in app.error[0].value
    assert "secret detail" in caplog.text, "the log has the traceback"


def test_whole_app_runs(cache: Path) -> None:
    write_study(cache)
    app = AppTest.from_file(os.fspath(ROOT / "dashboard" / "app.py"), default_timeout=60).run()
    assert not app.exception
    assert not app.error
    assert app.query_params["study"] == SIGNATURE[:8], "the address names what is shown"
    assert app.sidebar.selectbox[0].options == [f"afrisenti, tiny-bytes · {SIGNATURE[:8]}"]
