"""The Study page without a browser: describing, checking, starting, and following runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from made_up_studies import HOSTILE, SIGNATURE, write_study
from page_cases import button, labels, opened_page, words
from run_cases import end_all, start, until
from study_page_cases import Estimated, asked, described, draft, study
from study_page_cases import cache as cache  # noqa: PLC0414 - a fixture

from gradsim_core import GradSimError, cancel_run, find_run, list_runs, study_from_text


def live() -> None:
    from dashboard.views.live_runs import show_live_runs
    from dashboard.views.problems import problems_shown

    with problems_shown():
        show_live_runs("0123456789abcdef")


def test_form_and_text_are_one_draft(cache: Path) -> None:
    app = described("# mine\nsteps: 20\n")
    assert app.number_input(key="view.draft.steps").value == 20
    app.number_input(key="view.draft.seed").set_value(7).run()
    assert draft(app) == "# mine\nsteps: 20\nseed: 7\n"
    assert app.text_area(key="view.draft").value == "# mine\nsteps: 20\nseed: 7\n"
    app.text_area(key="view.draft").set_value("steps: 30\nlanguages: [deu, Northern Sotho]").run()
    assert app.number_input(key="view.draft.steps").value == 30
    assert app.number_input(key="view.draft.seed").value == 0
    assert app.text_input(key="view.draft.languages").value == "deu, Northern Sotho"
    app.text_input(key="view.draft.languages").set_value("deu nld").run()
    app.text_input(key="view.draft.learning_rate").set_value("2e-4").run()
    assert study_from_text(draft(app)) == study_from_text(
        "steps: 30\nlanguages: [deu, nld]\nlearning_rate: 2.0e-4")
    app.number_input(key="view.draft.steps").set_value(4).run()
    assert study_from_text(draft(app)).snapshots == 4, "the form cannot ask for the impossible"
    assert not app.error


def test_every_setting_of_the_form_is_in_the_text(cache: Path) -> None:
    app = described("")
    app.selectbox(key="view.draft.gradients").set_value("sketch").run()
    app.selectbox(key="view.draft.preconditioner").set_value("adam").run()
    app.selectbox(key="view.draft.lowercase").set_value("no").run()
    app.toggle(key="view.draft.by_topic").set_value(True).run()
    app.number_input(key="view.draft.rows").set_value(100).run()
    app.selectbox(key="view.draft.preset").set_value("udpos").run()
    assert study_from_text(draft(app)) == study_from_text(
        "gradients: sketch\npreconditioner: adam\nlowercase: false\nby_topic: true\nrows: 100\n"
        "preset: udpos")


@pytest.mark.parametrize(("text", "said"), [
    ("steps: [1", "study.yaml:1"), ("batch_size: 15", "batch_size: must be even"),
    ("stepz: 3", "no setting 'stepz'"), ("steps: many", "steps"),
    ("steps: 20\nseed: 1\nsteps: 30", "line 1"),
    ("languages: {a: 1}\ncolumns: [x]\npreset: [1]\ndata: 3", "preset"),
    ("name: '![x](http://out.example/b.png) <b>'\nseed: -1", "seed"),
    ("!!python/object/apply:os.system ['true']", "python/object"),
    (f"? {HOSTILE[0]}\n: '{HOSTILE[1]}'", "no setting"), ("[" * 3000, "recursion"), ("\x00", "not"),
    ("a: &a [x,x]\nb: &b [*a,*a]\nsteps: [*b,*b]", "steps")])
def test_a_wrong_draft_is_told_and_breaks_nothing(cache: Path, text: str, said: str) -> None:
    app = described(text, health="1")
    assert len(app.error) == 1
    assert said in words(app)
    assert "our fault" not in words(app)
    assert app.text_area(key="view.draft").value == text, "what was typed is not lost"
    assert "Start this study" not in labels(app)


def test_a_known_data_set_is_checked_measured_and_started(cache: Path) -> None:
    app = described("steps: 20\nlanguages: [deu, nld, swe]\n")
    assert "Nothing is trained before" in words(app)
    app.toggle(key="view.draft.health").set_value(True).run()
    assert not app.exception
    assert "3 languages, 3 to train on" in words(app)
    assert [metric.value for metric in app.metric] == ["1 min 5 s", "600 MB", "2 MB",
                                                       "whole", "packed"]
    assert len(Estimated.asked) == 1
    try:
        button(app, "Start this study").click().run()
        assert not app.exception
        (run,) = list_runs(estimate_store())
        assert asked(app, "study") == run.signature[:8]
        assert "draft" not in app.query_params
        assert "Cancel the run" in labels(app)
    finally:
        end_all(estimate_store())


def estimate_store() -> Any:
    from dashboard.loads.data import store

    return store()


def test_the_estimate_is_measured_once_and_ended_when_the_draft_changes(cache: Path) -> None:
    Estimated.state = "measuring"
    app = described("steps: 20\nlanguages: [deu, nld]\n", health="1")
    assert "Measuring a few steps" in words(app)
    app.run()
    assert len(Estimated.asked) == 1, "never two at once for one draft"
    app.number_input(key="view.draft.seed").set_value(3).run()
    assert Estimated.asked[1] == "ended"
    assert "seed: 3" in Estimated.asked[2]


def test_an_estimate_that_fails_is_told_and_can_be_had_again(cache: Path) -> None:
    Estimated.state, Estimated.error = "failed", GradSimError("No room for **it**.")
    app = described("steps: 20\nlanguages: [deu, nld]\n", health="1")
    assert "could not be measured. No room for **it**." in words(app)
    assert "Start this study" in labels(app), "the study can be started all the same"
    Estimated.state, Estimated.error = "done", None
    button(app, "Measure again").click().run()
    assert "Measured on a few steps" in words(app)


def test_a_computed_study_is_not_computed_again(cache: Path) -> None:
    store = write_study(cache)
    app = opened_page(study)
    button(app, "Describe one like it").click().run()
    assert asked(app, "studying") == "new"
    assert "preset: afrisenti" in draft(app)
    assert store.signatures() == [SIGNATURE]


def test_an_empty_cache_offers_a_study_of_ones_own(cache: Path) -> None:
    app = opened_page(study)
    button(app, "Describe a study of your own").click().run()
    assert app.text_area(key="view.draft").value == ""


def test_runs_stand_in_the_banner_while_they_live(cache: Path) -> None:
    assert opened_page(live).get("progress") == []
    store = write_study(cache, name="Prices")
    run = start(store, """
observe(dict(kind="progress", step=30, steps=120, eta_s=43, message="learning"))
wait_for("never")
""")
    try:
        until(lambda: find_run(store, run.id).progress == 0.25)
        app = opened_page(live)
        assert "Study: Prices" in words(app).replace("**", "")
        (bar,) = app.get("progress")
        assert bar.proto.value == 25
        assert bar.proto.text == "25%, about 45 s left"
        (link,) = app.get("page_link")
        assert link.proto.page == "study"
        assert f"study={SIGNATURE[:8]}" in link.proto.query_string
        cancel_run(store, run.id, grace_s=2)
    finally:
        end_all(store)
    assert opened_page(live).get("progress") == []
