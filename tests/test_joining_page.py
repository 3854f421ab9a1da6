"""The Groups page with a language that joined later."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from data_cases import write
from joining_cases import join, newcomer, prepared
from joint_cases import ONE, trial
from page_cases import button, figures, opened_page, shown_cache, titles, words
from page_views import groups

import gradsim_core.joining.runs as joining_runs
from gradsim_core import Store
from gradsim_core.study_text import study_yaml


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache with a study that keeps its weights, which Italian has joined with a few rows."""
    root = tmp_path_factory.mktemp("page")
    store, study = Store(root), prepared()
    trial(study, store)
    store.write_text(ONE, "study.yaml", study_yaml(study.study))
    join(store, newcomer("ita"))
    return root


@pytest.fixture
def cache(finished: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    yield from shown_cache(finished, monkeypatch)


def opened(**state: Any) -> Any:
    """The page with the newcomers' part open."""
    app = opened_page(groups, correction="raw", folds="join")
    for key, value in state.items():
        app.session_state[key] = value
    return app.run()


def fields(app: Any) -> dict[str, str]:
    """What stands in the form."""
    return {one.label: one.value for one in app.text_input
            if one.label in ("Language", "Text column", "Label column")}


def test_a_newcomer_is_shown_with_its_place(cache: Path) -> None:
    app = opened()
    said = words(app)
    assert "Italian would enter" in said
    assert "of resampled trainings say so" in said
    assert "With fewer than 100 rows its place is a guess" in said
    assert "the model was not trained on it" in said
    assert any("With Italian, joined later" in title for title in titles(app))
    (chart,) = [words for words in map(json.dumps, figures(app))
                if "With Italian, joined later" in words]
    assert "Italian (joined later)" in chart


def test_rows_are_asked_for_and_refused_in_words(cache: Path) -> None:
    app = opened()
    button(app, "Add it").click().run()
    assert "Which language is it?" in words(app)
    app.text_input(key=next(one.key for one in app.text_input if one.label == "Language")) \
        .set_value("German")
    button(app, "Add it").click().run()
    assert "is in study" in words(app)
    assert fields(app)["Language"] == "German", "what is refused can be mended"


def test_it_is_queued_as_a_run(cache: Path, monkeypatch: pytest.MonkeyPatch,
                               tmp_path: Path) -> None:
    asked: list[tuple] = []
    monkeypatch.setattr(joining_runs, "submit_run", lambda *given, **more: asked.append(given))
    file = write(tmp_path / "new.tsv", "text\tlabel\n" + "".join(
        f"ord {i}\t{'ab'[i % 2]}\n" for i in range(150)))
    from dashboard.views.groups import joining

    monkeypatch.setattr(joining, "keep_uploads", lambda store, files: file)
    app = opened()
    app.text_input(key=next(one.key for one in app.text_input if one.label == "Language")) \
        .set_value("Danish")
    app.text_input(key=next(one.key for one in app.text_input if one.label == "Text column")) \
        .set_value("text")
    app.file_uploader[0].set_value([("new.tsv", file.read_bytes(), "text/tsv")])
    button(app, "Add it").click().run()
    (given,) = asked
    assert given[1:3] == (ONE, "join")
    argv = given[3]
    assert argv[3:6] == ["join", ONE, "--language"]
    assert argv[6] == "dan"
    assert argv[argv.index("--data") + 1] == str(file)
    assert "Danish is being added" in words(app)
    assert fields(app) == {"Language": "", "Text column": "", "Label column": ""}, "once it is sent"
    assert not app.file_uploader[0].value
    app.run()
    button(app, "Add it").click().run()
    assert "Which language is it?" in words(app), "nothing is sent twice"
    assert len(asked) == 1
