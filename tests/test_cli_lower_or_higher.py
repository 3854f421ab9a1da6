"""Lower or higher layers by the real command: real text and genealogies, nothing trained."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from cli_cases import Gradsim
from made_up_studies import made_up_series
from result_cases import MORE_WORDS, write_data
from run_cases import end_all

from gradsim_core.prepared import RECORD, prepare, study_record
from gradsim_core.results import SCORES, save_grams
from gradsim_core.storage.store import Store
from gradsim_core.study import Study

WORDS = {**MORE_WORDS, "swe": "hund katt hus skog stad flod", "dan": "hund kat hus skov by flod",
         "por": "cachorro gato casa bosque cidade rio",
         "fra": "chien chat maison bois ville fleuve"}
GERMANIC = ("deu", "nld", "swe", "dan")


@pytest.fixture
def gradsim(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Gradsim:
    monkeypatch.setenv("COLUMNS", "300")
    return Gradsim(monkeypatch, capsys)


@pytest.fixture
def study(tmp_path: Path) -> tuple[Store, str]:
    """A finished study of eight languages whose gradients follow the two branches."""
    prepared = prepare(Study(data=str(write_data(tmp_path / "data", WORDS)), task="sequence",
                             steps=4, snapshots=1))
    store = Store(tmp_path / "cache")
    store.write_json(prepared.signature, RECORD, study_record(prepared))
    save_grams(store, prepared.signature, made_up_series(
        [int(code in GERMANIC) for code in prepared.sources], codes=prepared.sources), {})
    store.write_json(prepared.signature, SCORES, {"metric": "weighted_f1", "scores": {}})
    return store, prepared.signature


def test_gradients_that_follow_the_branches_are_explained_by_genealogy(
        gradsim: Gradsim, study: tuple[Store, str], tmp_path: Path) -> None:
    store, signature = study
    try:
        answer = gradsim("experiment", "lower-or-higher", signature, "--cache", store.root,
                         "--linguistic", "family", "--task", "distribution.lengths",
                         "--report", tmp_path / "report")
        assert answer.code == 0, answer.err
        content = json.loads((tmp_path / "report" / "finding.json").read_text())
        for block in content["blocks"]:
            assert block["linguistic"]["share"] > 0.5
            assert block["linguistic"]["p"] < 0.05
            assert block["task"]["share"] < block["linguistic"]["share"] / 2
        assert content["verdict"] in answer.err
        assert "layer.3" in answer.out
        assert (tmp_path / "report" / "blocks.svg").read_text().startswith("<?xml")
    finally:
        end_all(store)


def test_data_without_topics_leave_nothing_to_compare(gradsim: Gradsim,
                                                      study: tuple[Store, str]) -> None:
    store, signature = study
    try:
        answer = gradsim("experiment", "lower-or-higher", signature, "--cache", store.root,
                         "--linguistic", "family", "--task", "topic", "--permutations", 99,
                         "--json")
        assert answer.code == 0, answer.err
        content = json.loads(answer.out)
        assert content["verdict"].startswith("Nothing can be compared: no measure of the task can "
                                             "be used (Topics: ")
        assert len(content["verdict"]) <= 300
        assert content["unused"][0]["name"] == "topic"
        assert "gradsim topics" in content["unused"][0]["reason"], "what to do about it"
        twice = gradsim("experiment", "lower-or-higher", signature, "--cache", store.root,
                        "--linguistic", "family", "--task", "family")
        assert twice.code != 0
        assert "name each measure once" in twice.err
    finally:
        end_all(store)
