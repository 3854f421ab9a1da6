"""The Study page without a browser: describing, checking, starting, and following runs."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import pytest
from made_up_studies import HOSTILE, SIGNATURE, write_study
from page_cases import button, labels, opened_page, shown_cache, words
from run_cases import end_all, start, until
from streamlit.testing.v1 import AppTest

from dashboard.loads import estimates
from gradsim_core import GradSimError, cancel_run, find_run, list_runs, study_from_text

ROWS = [(f"{word} {code} {n}", label, code) for code in ("hau", "yor") for n in range(30)
        for word, label in (("good", "pos"), ("bad", "neg"))]
FOUND = {"train_seconds": 60.0, "score_seconds": 7.0, "peak_memory_bytes": 6e8,
         "disk_bytes": 2e6, "checkpoint_bytes": 9e7, "mode": "exact", "packed": True,
         "n_languages": 2, "n_parameters": 531_364}


def study() -> None:
    from dashboard.views.problems import problems_shown
    from dashboard.views.study.page import study_page

    with problems_shown():
        study_page()


def live() -> None:
    from dashboard.views.live_runs import show_live_runs
    from dashboard.views.problems import problems_shown

    with problems_shown():
        show_live_runs("0123456789abcdef")


class Estimated:
    """Stands for an estimate in another process: at once at its end."""

    asked: ClassVar[list[str]] = []
    state = "done"
    error: Exception | None = None

    def __init__(self, study_yaml: str) -> None:
        Estimated.asked.append(study_yaml)

    def found(self) -> dict[str, Any]:
        if Estimated.error is not None:
            raise Estimated.error
        return FOUND

    def end(self) -> None:
        Estimated.asked.append("ended")


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty cache folder that the dashboard shows, and no process for estimates."""
    monkeypatch.setattr(estimates, "StudyEstimate", Estimated)
    estimates._kept.clear()
    Estimated.asked, Estimated.state, Estimated.error = [], "done", None
    yield from shown_cache(tmp_path / "cache", monkeypatch)
    estimates._kept.clear()


@pytest.fixture
def table(tmp_path: Path) -> Path:
    file = tmp_path / "reviews.csv"
    file.write_text("\n".join(["text,label,language", *(",".join(row) for row in ROWS)]))
    return file


def described(text: str, **query: object) -> AppTest:
    return opened_page(study, studying="new", draft=text, **query)


def asked(app: AppTest, key: str) -> str:
    """What the address says."""
    values = app.query_params.get(key, "")
    return values[-1] if isinstance(values, list) else values


def draft(app: AppTest) -> str:
    return asked(app, "draft")


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


def test_own_data_are_recognised_by_their_path(cache: Path, table: Path) -> None:
    app = described("data: ''\n")
    assert "Give a path, or upload files" in words(app)
    app.text_input(key="view.draft.path").set_value(str(table)).run()
    assert not app.exception
    assert draft(app) == f"data: {table}\n"
    assert "text is *text*, label is *label*, language is *language*" in words(app)
    assert "are split here: 80% train, 10% dev, 10% test" in words(app)
    assert any("Hausa" in list(frame.value.get("Read as", [])) for frame in app.dataframe)


def test_wrong_rows_are_listed_until_they_are_mended(cache: Path, table: Path) -> None:
    good = table.read_text()
    table.write_text(good + "\ntoo few\n" + '"x",pos,\n')
    app = described(f"data: {table}\n", health="1")
    n = len(good.split("\n"))
    assert "2 rows cannot be read" in words(app)
    assert f"reviews.csv, line {n + 1}" in words(app)
    assert f"reviews.csv, line {n + 2}" in words(app)
    assert "Check the data" not in [toggle.label for toggle in app.toggle]
    time.sleep(0.02)
    table.write_text(good)
    button(app, "Read the files again").click().run()
    assert "cannot be read" not in words(app)
    assert "2 languages, 2 to train on" in words(app)


def test_columns_are_chosen_where_names_are_unusual(cache: Path, table: Path) -> None:
    table.write_text(table.read_text().replace("text,label,language", "t,l,g", 1))
    app = described(f"data: {table}\n")
    assert "Choose the column for text and for label and for language" in words(app)
    assert not app.error
    for role, column in (("text", "t"), ("label", "l"), ("language", "g")):
        app.selectbox(key=f"view.draft.columns.{role}").set_value(column).run()
    assert study_from_text(draft(app)).columns == {"text": "t", "label": "l", "language": "g"}
    assert "Check the data" in [toggle.label for toggle in app.toggle]
    app.selectbox(key="view.draft.columns.label").set_value("").run()
    assert "Choose the column for label" in words(app)


@pytest.mark.parametrize(("content", "said"), [
    ("", "no row to read"), ("text,label,language\n", "no row to read"),
    ("text,text,label,language\na,b,c,deu\n", "stands twice"),
    ("text,label,language\n" + "".join(f"x{n},same,{code}\n" for n in range(30)
                                       for code in ("hau", "yor")), "only one label"),
    ("text,label,language\n" + "".join(f"x{n},{n % 2},deu\n" for n in range(30)), "two languages"),
    ("text,label,language\n" + "x,y,![x](http://out.example/b.png)\n" * 3, "two languages")])
def test_data_that_cannot_be_learned_from_are_told(cache: Path, tmp_path: Path, content: str,
                                                   said: str) -> None:
    file = tmp_path / "odd.csv"
    file.write_text(content)
    app = described(f"data: {file}\n", health="1")
    assert said in words(app)
    assert "our fault" not in words(app)
    assert "Start this study" not in labels(app)


def test_an_unknown_language_is_told_with_what_to_do(cache: Path, table: Path) -> None:
    table.write_text(table.read_text().replace(",yor", ",Elvish"))
    said = words(described(f"data: {table}\n"))
    assert "'Elvish' is not a known language" in said
    assert "Write an ISO 639 code" in said


def test_health_names_languages_and_shows_their_labels(cache: Path, table: Path) -> None:
    app = described(f"data: {table}\n", health="1")
    assert "Each of **Hausa (hau)** and **Yoruba (yor)** has 4" in words(app) or \
        "**Hausa (hau)** has 4" in words(app)
    frame = next(one.value for one in app.dataframe if "pos" in one.value)
    assert list(frame["Code"]) == ["hau", "yor"]
    assert all(abs(pos + neg - 100) < 0.2 for pos, neg in zip(frame["pos"], frame["neg"],
                                                              strict=True))


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


