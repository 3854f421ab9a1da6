"""The commands that find something out: what they train, print, write and refuse."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from cli_cases import Gradsim
from experiment_cases import Trainer, finished_study, likeness, stand_in
from joint_cases import ONE
from run_cases import store as store  # noqa: PLC0414 - a fixture

from gradsim_core.cli import findings as commands
from gradsim_core.cli import training
from gradsim_core.findings.plans import MeasuresPlan, ReadingsPlan
from gradsim_core.findings.record import list_findings, load_finding, load_plan
from gradsim_core.findings.runs import TITLES, finding_key
from gradsim_core.runs import attend_run, list_runs
from gradsim_core.runs import steering as steering_module
from gradsim_core.scores.tables import Scores
from gradsim_core.storage.store import Store

CLUSTERS = [0, 1] * 4
QUICK = ("--seeds", 2, "--permutations", 99, "--workers", 1)
FEW = ("--measures", "gradient,family")


@pytest.fixture
def gradsim(monkeypatch, capsys, store: Store) -> Gradsim:
    monkeypatch.setenv("GRADSIM_CACHE", str(store.root))
    monkeypatch.setenv("COLUMNS", "300")
    return Gradsim(monkeypatch, capsys)


def study(store: Store, monkeypatch, clusters: list[int]) -> Trainer:
    """A finished study, on which languages of one cluster transfer well to each other."""
    prepared = finished_study(store, clusters)
    monkeypatch.setattr(training, "prepare", lambda _: prepared)
    near = {frozenset((a, b)): 0.2 + 0.001 * (i + j) for i, a in enumerate(prepared.sources)
            for j, b in enumerate(prepared.sources) if i < j and clusters[i] == clusters[j]}

    def score(trial: Any, split: str, code: str) -> float:
        if len(trial.languages) > 1 or code in trial.languages:
            return likeness(near)(trial, split, code)
        return 0.2 + near.get(frozenset((*trial.languages, code)), 0.0) + 0.01 * trial.seed

    return stand_in(monkeypatch, score)


@pytest.fixture
def trainer(store: Store, monkeypatch) -> Trainer:
    return study(store, monkeypatch, CLUSTERS)


def test_measures_from_training_to_report(gradsim: Gradsim, store: Store, trainer: Trainer,
                                          tmp_path: Path) -> None:
    answer = gradsim("experiment", "measures", *FEW, *QUICK, "--report", tmp_path / "a" / "report")
    assert answer.code == 0, answer.err
    assert sorted(trainer.groups) == sorted(2 * [(code,) for code in (
        "dan", "deu", "fra", "ita", "nld", "por", "spa", "swe")])
    (name,) = list_findings(store, ONE, "measures")
    content = load_finding(store, ONE, "measures", name)
    assert content is not None
    assert [one["name"] for one in content["measures"]] in (["gradient", "family"],
                                                            ["family", "gradient"])
    assert all(one["target_spearman"]["value"] > 0.5 for one in content["measures"])
    assert answer.err.rstrip().endswith(content["verdict"])
    assert f"study {ONE}, finding {name}" in answer.out
    assert "Genealogy" in answer.out
    folder = tmp_path / "a" / "report"
    assert json.loads((folder / "finding.json").read_text()) == content
    assert {path.name for path in folder.iterdir()} >= {"report.md", "table.csv", "ranking.svg"}
    assert MeasuresPlan.model_validate(content["plan"]) == load_plan(store, ONE, name, MeasuresPlan)
    (run,) = list_runs(store, kind="measures")
    assert (run.state, run.title) == ("done", TITLES["measures"])

    trainer.trained.clear()
    again = gradsim("experiment", "measures", *FEW, *QUICK, "--json")
    assert json.loads(again.out) == content
    assert trainer.trained == [], "what is trained is kept"


def test_an_estimate_trains_and_writes_nothing(gradsim: Gradsim, store: Store,
                                               trainer: Trainer) -> None:
    for command, extra in (("measures", 0), ("readings", 1)):
        found = json.loads(gradsim("experiment", command, "--seeds", 2, "--estimate",
                                   "--json").out)
        assert found["models"] == 8 * 2 + extra, command
        assert found["seconds"] > 0
    pairs = json.loads(gradsim("experiment", "measures", "--pairs", "--seeds", 1, "--estimate",
                               "--json").out)
    assert pairs["models"] == 8 + 28
    plain = json.loads(gradsim("experiment", "readings", "--no-adam", "--seeds", 2, "--estimate",
                               "--json").out)
    assert plain["models"] == 16
    assert json.loads(gradsim("experiment", "lower-or-higher", "--estimate",
                              "--json").out)["models"] == 0
    assert (trainer.trained, list_runs(store), store.names(ONE, "findings")) == ([], [], [])


def test_readings_of_plain_gradients(gradsim: Gradsim, store: Store, trainer: Trainer,
                                     tmp_path: Path) -> None:
    answer = gradsim("experiment", "readings", "--no-adam", "--halvings", 10, *QUICK, "--report",
                     tmp_path / "report")
    assert answer.code == 0, answer.err
    (name,) = list_findings(store, ONE, "readings")
    content = load_finding(store, ONE, "readings", name)
    assert content is not None
    assert content["readings"][0]["target_spearman"]["value"] > 0.5
    assert "The study's default" in answer.out
    assert (tmp_path / "report" / "choices.svg").is_file()
    assert load_plan(store, ONE, name, ReadingsPlan).adam is False


def test_imported_scores_take_no_training(gradsim: Gradsim, store: Store,
                                          trainer: Trainer) -> None:
    from gradsim_core.pair_tables import save_imported

    codes = ("deu", "spa", "nld", "ita", "swe")
    values = [[[0.1 * (i + 2 * j) / 2 for j in range(5)] for i in range(5)]]
    save_imported(store, ONE, "published", Scores(codes, codes, "f1", "", (0,), values, "a paper"))
    answer = gradsim("experiment", "measures", *FEW, "--imported", "published", *QUICK[2:],
                     "--json")
    assert answer.code == 0, answer.err
    content = json.loads(answer.out)
    assert trainer.trained == []
    assert (content["scores"]["kind"], content["scores"]["name"]) == ("imported", "published")
    assert content["scores"]["budget"] is None
    assert [one["code"] for one in content["languages"]] == list(codes)
    assert {one["code"] for one in content["left_out"]} == {"por", "dan", "fra"}


@pytest.mark.parametrize(("arguments", "words"), [
    (("measures", "--measures", "best"), "'best' is not known"),
    (("measures", "--seeds", 0), "--seeds"),
    (("measures", "--gain", "monolingual"), "--gain"),
    (("measures", "--imported", "nowhere"), "nowhere"),
    (("measures", "--imported", " "), "--imported"),
    (("measures", "--pairs", "--imported", "x"), "have no pairs of their own"),
    (("measures", "--plan", "f" * 16), "no such plan"),
    (("measures", "ffff"), "No study begins with 'ffff'"),
    (("readings", "--halvings", 1), "--halvings"),
    (("readings", "--report", "r", "--estimate"), "--report is written at the end"),
    (("lower-or-higher", "--report", "r", "--background"), "--report is written at the end")])
def test_wrong_input_ends_with_two(gradsim: Gradsim, trainer: Trainer, arguments: tuple[Any, ...],
                                   words: str) -> None:
    answer = gradsim("experiment", *arguments)
    assert (answer.code, answer.out) == (2, ""), answer.err
    assert words in answer.err
    assert "Traceback" not in answer.err


def test_three_languages_are_too_few_and_nothing_is_trained(gradsim: Gradsim, store: Store,
                                                            monkeypatch) -> None:
    trainer = study(store, monkeypatch, [0, 1, 0])
    for command in ("measures", "readings"):
        for more in ((), ("--estimate",)):
            answer = gradsim("experiment", command, *more)
            assert answer.code == 2
            assert "has 3 languages" in answer.err
            assert "at least 4" in answer.err
    assert trainer.trained == []


def test_what_is_under_way_is_not_started_twice(gradsim: Gradsim, store: Store,
                                                trainer: Trainer) -> None:
    plan = MeasuresPlan.model_validate({"seeds": 2, "permutations": 99, "measures": FEW[1]})
    with attend_run(store, ONE, "measures", key=finding_key(ONE, "measures", plan)):
        answer = gradsim("experiment", "measures", *FEW, *QUICK)
    assert answer.code == 1
    assert "already under way" in answer.err


@pytest.mark.parametrize("kind", commands.QUESTIONS)
def test_in_the_background_each_question_names_itself(kind: str, gradsim: Gradsim, store: Store,
                                                      trainer: Trainer, monkeypatch) -> None:
    monkeypatch.setattr(steering_module, "ensure_alive", lambda table: None)
    answer = gradsim("experiment", kind, "--background", "--threads", 1, "--json")
    assert answer.code == 0, answer.err
    queued = json.loads(answer.out)
    (run,) = list_runs(store, kind=kind)
    assert run.id == queued["run"]
    assert run.argv[2:6] == ("gradsim_core", "experiment", kind, ONE)
    assert run.argv[-4:] == ("--cache", str(store.root), "--threads", "1")
    model = commands.QUESTIONS[kind].plan
    assert load_plan(store, ONE, queued["finding"], model) == model()


def test_the_group_lists_its_questions(gradsim: Gradsim) -> None:
    answer = gradsim("experiment", "--help")
    assert answer.code == 0
    assert all(name in answer.out for name in ("groups", *commands.QUESTIONS))
