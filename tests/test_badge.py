"""Badges: how old a result is, what it was computed from, and whether that still stands."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
import yaml
from made_up_studies import SIGNATURE, write_study
from page_cases import button, opened_page, words
from page_cases import cache as cache  # noqa: PLC0414 - a fixture
from streamlit.testing.v1 import AppTest

from dashboard.loads import freshness
from dashboard.loads.ages import age_words, badge_words
from dashboard.loads.freshness import written_since
from gradsim_core import METHOD_VERSION, GradSimError, prepare, study_from

HOUR_NS = 3600 * 10**9


def badge() -> None:
    from made_up_studies import SIGNATURE

    from dashboard.views.badge import show_badge
    from dashboard.views.problems import problems_shown

    with problems_shown():
        show_badge(SIGNATURE)


def opened_badge() -> AppTest:
    app = opened_page(badge)
    app.session_state["badge.study"] = True
    return app.run()


def labels(app: AppTest) -> list[str]:
    return [block.proto.popover.label for block in app.get("popover")]


def aged(cache: Path, name: str, seconds: float) -> None:
    then = time.time() - seconds
    os.utime(cache / SIGNATURE / name, (then, then))


@pytest.mark.parametrize(("seconds", "said"), [
    (0, "just now"), (119, "just now"), (120, "2 minutes ago"), (3599, "59 minutes ago"),
    (3600, "1 hour ago"), (86_399, "23 hours ago"), (86_400, "1 day ago"),
    (864_000, "10 days ago")])
def test_ages_are_whole_units(seconds: float, said: str) -> None:
    assert age_words(seconds) == said


def test_old_results_have_their_date() -> None:
    assert badge_words(0, 29 * 24 * HOUR_NS) == "Reused · computed 29 days ago"
    assert badge_words(0, 31 * 24 * HOUR_NS) == "Reused · computed on 1970-01-01"


def test_badge_says_new_or_reused(cache: Path) -> None:
    write_study(cache)
    assert labels(opened_page(badge)) == [f"Computed just now · study {SIGNATURE[:8]}"]
    aged(cache, "grams.safetensors", 3 * 3600 + 60)
    app = opened_page(badge)
    assert labels(app) == [f"Reused · computed 3 hours ago · study {SIGNATURE[:8]}"]
    assert "Method version" not in words(app), "nothing is looked up before it is opened"
    app = opened_badge()
    assert f"Method version {METHOD_VERSION}" in words(app)
    assert "another version" not in words(app)


def test_results_of_another_method_say_so(cache: Path) -> None:
    store = write_study(cache)
    record = store.read_json(SIGNATURE, "study.json")
    assert record
    store.write_json(SIGNATURE, "study.json", {**record, "method_version": "0-old"})
    assert "another version of the method" in words(opened_page(badge))


def test_check_tells_changed_data_from_unchanged(cache: Path,
                                                 monkeypatch: pytest.MonkeyPatch) -> None:
    write_study(cache)
    answers = {"same": SIGNATURE, "other": "f" * 16}
    for name, said in (("same", "Nothing has changed"), ("other", "another study, ffffffff")):
        monkeypatch.setattr("dashboard.views.badge.signature_now",
                            lambda _, found=answers[name]: found)
        app = opened_badge()
        button(app, "Check data and model").click().run()
        assert said in words(app)

    def gone(_: str) -> str:
        raise GradSimError("the file *x* is gone. Put it back.")

    monkeypatch.setattr("dashboard.views.badge.signature_now", gone)
    app = opened_badge()
    button(app, "Check data and model").click().run()
    assert "cannot be read any more: the file *x* is gone" in words(app)


def table(path: Path, word: str) -> Path:
    rows = [f"{word} {i},{'ab'[i % 2]},{code},{split}" for code in ("deu", "nld")
            for split in ("train", "test") for i in range(4)]
    path.write_text("\n".join(["text,label,language,split", *rows]) + "\n")
    return path


def test_signature_now_follows_the_data(cache: Path, tmp_path: Path) -> None:
    data = table(tmp_path / "rows.csv", "good")
    study = study_from({"data": str(data), "steps": 4, "snapshots": 2})
    name = prepare(study).signature
    folder = cache / name
    folder.mkdir()
    (folder / "study.yaml").write_text(yaml.safe_dump(study.model_dump(mode="json")))
    assert freshness.signature_now(name) == name
    table(data, "other")
    assert freshness.signature_now(name) != name


def test_newer_files_are_named(tmp_path: Path) -> None:
    data = table(tmp_path / "rows.csv", "good")
    study = study_from({"data": str(data)})
    at = data.stat().st_mtime_ns
    assert written_since(study, at) == []
    assert written_since(study, at - 1) == [str(data)]
    assert written_since(study_from({"data": str(tmp_path)}), at - 1) == [str(tmp_path)]
    assert written_since(study_from({}), 0) == [], "the built-in data are no file of the reader's"
    for name in (300 * "m", "no\x00where", "~nobody-of-this-name/model"):
        assert written_since(study_from({"model": name}), 0) == [], "no folder can be called so"
