"""The commands experiment groups, train and transfer: what they print, write and end with."""

from __future__ import annotations

import csv
import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
from cli_cases import Gradsim
from engine_cases import made_split
from experiment_cases import Trainer, finished_study, likeness, plan_of, quiet, stand_in
from joint_cases import ONE
from run_cases import ended
from run_cases import store as store  # noqa: PLC0414 - a fixture

from gradsim_core.cli import training
from gradsim_core.experiments.plans import Plan
from gradsim_core.experiments.record import list_experiments, load_experiment, load_plan
from gradsim_core.experiments.runs import experiment_key
from gradsim_core.prepared import Prepared, prepare
from gradsim_core.runs import attend_run, list_runs
from gradsim_core.storage.store import Store
from gradsim_core.study_text import study_from
from gradsim_core.training import trial as trial_module
from gradsim_core.training.joint import run_joint_trial

PAIRS = [["deu", "nld"], ["spa", "ita"]]
QUICK = ("--seeds", 2, "--draws", 3, "--workers", 1)


@pytest.fixture
def gradsim(monkeypatch, capsys, store: Store) -> Gradsim:
    monkeypatch.setenv("GRADSIM_CACHE", str(store.root))
    monkeypatch.setenv("COLUMNS", "300")
    return Gradsim(monkeypatch, capsys)


@pytest.fixture
def trainer(store: Store, monkeypatch) -> Trainer:
    """A finished study of deu, spa, nld and ita, on which training is made up."""
    prepared = finished_study(store, [0, 1, 0, 1])
    monkeypatch.setattr(training, "prepare", lambda study: prepared)
    near = {frozenset(pair): 0.2 for pair in PAIRS}
    return stand_in(monkeypatch, likeness(near))


def the_run(store: Store) -> Any:
    return list_runs(store, kind="experiment")[0]


# an experiment

def test_what_an_experiment_prints_and_writes(gradsim: Gradsim, store: Store, trainer: Trainer,
                                              tmp_path: Path) -> None:
    answer = gradsim("experiment", "groups", *QUICK, "--report", tmp_path / "a" / "report")
    assert answer.code == 0, answer.err
    (name,) = list_experiments(store, ONE)
    content = load_experiment(store, ONE, name)
    assert content is not None
    assert answer.err.count(content["verdict"]) == 1
    assert answer.err.rstrip().endswith(content["verdict"])
    lines = answer.out.splitlines()
    assert lines[0].rstrip() == f"Experiment {name} on study {ONE}"
    for strategy in content["strategies"]:
        assert [line for line in lines if strategy["title"] in line and str(
            round(100 * strategy["mean"], 1)) in line]
    folder = tmp_path / "a" / "report"
    assert sorted(path.name for path in folder.iterdir()) == [
        "experiment.json", "languages.svg", "report.md", "scores.csv", "strategies.svg"]
    assert json.loads((folder / "experiment.json").read_text()) == content
    report = (folder / "report.md").read_text()
    assert report.startswith("# Does grouping help?")
    assert all(title in report for title in ("## Strategies", "## Groups", "## Languages"))
    assert set(re.findall(r"\]\((\w+\.svg)\)", report)) == {"strategies.svg", "languages.svg"}
    rows = list(csv.DictReader((folder / "scores.csv").open()))
    assert len(rows) == 6 * 2 * 4 + 3, "strategies by seeds and languages, and the draws"
    assert (the_run(store).state, the_run(store).title) == ("done", "gradient, 2 seeds")


def test_a_second_call_trains_nothing(gradsim: Gradsim, store: Store, trainer: Trainer) -> None:
    first = json.loads(gradsim("experiment", "groups", *QUICK, "--json").out)
    n_trained = len(trainer.trained)
    assert n_trained > 10
    again = gradsim("experiment", "groups", "--workers", 1, "--draws", 3, "--seeds", 2, "--json")
    assert json.loads(again.out) == first
    assert len(trainer.trained) == n_trained
    told = gradsim("experiment", "groups", *QUICK, "--estimate")
    assert (told.code, told.out) == (0, "")
    assert f"Nothing to train: all models ({n_trained + 1}) are there already" in told.err
    assert len(list_runs(store, kind="experiment")) == 2


def test_an_estimate_trains_nothing(gradsim: Gradsim, store: Store, trainer: Trainer) -> None:
    found = json.loads(gradsim("experiment", "groups", *QUICK, "--estimate", "--json").out)
    assert set(found) == {"models", "cached", "examples", "seconds", "workers", "place"}
    answer = gradsim("experiment", "groups", *QUICK, "--estimate")
    assert f"{found['models']} models to train (1 more are there already)" in answer.err
    assert (trainer.trained, list_runs(store), list_experiments(store, ONE)) == ([], [], [])


def test_groups_and_tables_from_files(gradsim: Gradsim, trainer: Trainer, tmp_path: Path) -> None:
    groups, table = tmp_path / "mine.json", tmp_path / "near.csv"
    groups.write_text(json.dumps([["German", "es"], ["ita", "nl"]]))
    table.write_text("language,deu,ita,nld,spa\ndeu,1,1,0,0\nita,1,1,0,0\nnld,0,0,1,1\n"
                     "spa,0,0,1,1\n")
    asked = ("experiment", "groups", "--groups", groups, *QUICK, "--json", "--strategies")
    content = json.loads(gradsim(*asked, "gradient", "--table", table).out)
    found = {one["name"]: one for one in content["strategies"]}
    assert found["hand"]["groups"] == [["deu", "spa"], ["ita", "nld"]]
    assert (found["hand"]["title"], found["hand"]["how"]) == ("Hand-made groups", "mine.json")
    assert found["table"]["groups"] == [["deu", "ita"], ["nld", "spa"]]
    assert found["table"]["how"] == "near.csv, K = 2"
    own = json.loads(gradsim(*asked, "hand,gradient").out)
    assert [one["name"] for one in own["strategies"]] == ["hand", "gradient"]


@pytest.mark.parametrize(("arguments", "words"), [
    (("experiment", "groups", "--strategies", "best"), "Strategy 'best'"),
    (("experiment", "groups", "--strategies", "random,gradient"), "random only compares"),
    (("experiment", "groups", "--strategies", "hand"), "--groups"),
    (("experiment", "groups", "--strategies", "table"), "--table"),
    (("experiment", "groups", "--k", 9), "9"),
    (("experiment", "groups", "--k-min", 2), "Give k, or both k_min and k_max"),
    (("experiment", "groups", "--seeds", 0), "--seeds"),
    (("experiment", "groups", "--batch-size", 3), "--batch-size"),
    (("experiment", "groups", "--groups", "nowhere.json"), "nowhere.json: cannot be read"),
    (("experiment", "groups", "--table", "nowhere.csv"), "nowhere.csv"),
    (("experiment", "groups", "--blocks", "layer.99"), "layer.99"),
    (("experiment", "groups", "--plan", "f" * 16), "has no plan"),
    (("experiment", "groups", "ffff"), "No study begins with 'ffff'"),
    (("experiment", "groups", "--report", "r", "--background"), "--report is written at the end"),
    (("train",), "--languages deu,nld"),
    (("train", "--languages", "deu,fin"), "'fin' is not one of this study's"),
    (("train", "--languages", ","), "no language"),
    (("train", "--groups", "nowhere.json"), "nowhere.json"),
    (("transfer", "--patience", 99), "--patience"),
])
def test_wrong_input_ends_with_two(gradsim: Gradsim, trainer: Trainer, arguments: tuple[Any, ...],
                                   words: str) -> None:
    answer = gradsim(*arguments)
    assert (answer.code, answer.out) == (2, ""), answer.err
    assert words in answer.err
    assert "Traceback" not in answer.err
    assert trainer.trained == []


def test_nothing_is_estimated_without_a_study(gradsim: Gradsim, store: Store, monkeypatch) -> None:
    monkeypatch.setattr(training, "compute_study", lambda *_: pytest.fail("it was run"))
    answer = gradsim("transfer", "--estimate")
    assert answer.code == 2
    assert "gradsim run" in answer.err
    assert store.signatures() == []


def test_data_that_changed_are_refused(gradsim: Gradsim, trainer: Trainer, store: Store,
                                       monkeypatch) -> None:
    other = finished_study(Store(store.root.with_name("other")), [0, 1])
    changed = Prepared(other.study, other.corpus, "f" * 16, other.model_fingerprint)
    monkeypatch.setattr(training, "prepare", lambda study: changed)
    answer = gradsim("experiment", "groups", *QUICK)
    assert answer.code == 2
    assert f"they now make study {'f' * 16}" in answer.err


def test_a_stop_from_the_keyboard_is_a_cancelled_run_that_goes_on(
        gradsim: Gradsim, trainer: Trainer, store: Store) -> None:
    trainer.dies_at = 3
    answer = gradsim("experiment", "groups", *QUICK)
    assert answer.code == 1
    assert "The same command goes on" in answer.err
    assert "Traceback" not in answer.err
    assert the_run(store).state == "cancelled"
    trainer.dies_at = None
    assert gradsim("experiment", "groups", *QUICK).code == 0
    assert len(trainer.trained) == len(set(trainer.trained))


def test_what_is_under_way_is_not_started_twice(gradsim: Gradsim, trainer: Trainer,
                                                store: Store) -> None:
    plan = plan_of("gradient", draws=20)
    asked = ("experiment", "groups", "--strategies", "gradient")
    with attend_run(store, ONE, "experiment", key=experiment_key(ONE, plan)):
        answer = gradsim(*asked, "--seeds", 2)
        assert answer.code == 1
        assert "already under way" in answer.err
        assert gradsim(*asked, *QUICK).code == 0, "another plan"


def test_a_report_that_cannot_be_written_leaves_the_experiment(
        gradsim: Gradsim, trainer: Trainer, store: Store, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    answer = gradsim("experiment", "groups", *QUICK, "--report", tmp_path / "file")
    assert answer.code == 2
    assert "the experiment itself is kept" in answer.err
    assert len(list_experiments(store, ONE)) == 1


# train and transfer

def test_train_scores_each_model_on_all_languages(gradsim: Gradsim, trainer: Trainer,
                                                  store: Store) -> None:
    asked = ("train", "--languages", "German,nl", "--languages", "spa", "--seeds", 1,
             "--workers", 1)
    answer = gradsim(*asked)
    assert answer.code == 0, answer.err
    assert "2 models to train" in answer.err
    rows = [line for line in answer.out.splitlines() if "deu, nld" in line]
    assert len(rows) == 1
    assert "60.0" in rows[0], "0.4 and 0.2 for each other"
    assert trainer.groups == [("deu", "nld"), ("spa",)]
    found = json.loads(gradsim(*asked, "--json").out)
    assert [one["languages"] for one in found] == [["deu", "nld"], ["spa"]]
    assert set(found[0]["scores"]["test"]) == {"deu", "spa", "nld", "ita"}
    assert len(trainer.trained) == 2
    assert [run.state for run in list_runs(store, kind="train")] == ["done", "done"]


def test_train_takes_groups_from_a_decision(gradsim: Gradsim, trainer: Trainer,
                                            tmp_path: Path) -> None:
    decision = tmp_path / "decision.json"
    assert gradsim("export", "--k", 2, "-o", decision).code == 0
    assert gradsim("train", "--groups", decision, "--seeds", 1, "--workers", 1).code == 0
    assert sorted(trainer.groups) == [("deu", "nld"), ("ita", "spa")]


def test_a_transfer_sweep_and_its_price(gradsim: Gradsim, trainer: Trainer) -> None:
    found = json.loads(gradsim("transfer", "--pairs", "--estimate", "--json").out)
    assert (found["models"], found["examples"]) == (30, 3 * 20 * (4 + 12))
    assert trainer.trained == []
    assert gradsim("transfer", "--seeds", 1, "--workers", 1).code == 0
    assert sorted(trainer.groups) == [("deu",), ("ita",), ("nld",), ("spa",)]


# from files to the end, with real training

@pytest.fixture(scope="module")
def small(tmp_path_factory) -> Path:
    """A cache with one small study, really run, on data files that stay where they are."""
    folder = tmp_path_factory.mktemp("small")
    for code in ("deu", "nld", "spa"):
        (folder / "data" / code).mkdir(parents=True)
        for seed, (name, n_rows) in enumerate({"train": 12, "dev": 5, "test": 5}.items()):
            rows = made_split(code, n_rows, "sequence", seed)
            lines = map("\t".join, zip(rows.texts, rows.labels, strict=True))
            (folder / "data" / code / f"{name}.tsv").write_text(
                "\n".join(["text\tlabel", *lines, ""]))
    prepared = prepare(study_from({"data": str(folder / "data"), "task": "sequence", "steps": 3,
                                   "batch_size": 2, "snapshots": 2, "max_length": 16}))
    run_joint_trial(prepared, Store(folder / "cache"), quiet, 1)
    return folder


def test_a_whole_experiment_from_files(gradsim: Gradsim, store: Store, small: Path,
                                       tmp_path: Path, monkeypatch) -> None:
    shutil.copytree(small / "cache", store.root)
    asked = ("experiment", "groups", *QUICK, "--threads", 1, "--k", 2)
    answer = gradsim(*asked, "--report", tmp_path / "report")
    assert answer.code == 0, answer.err
    content = json.loads((tmp_path / "report" / "experiment.json").read_text())
    assert [one["code"] for one in content["languages"]] == ["deu", "nld", "spa"]
    assert content["budget"]["examples"] == 6
    assert all(0 <= score <= 1 for one in content["strategies"]
               for row in one["scores"] for score in row)
    monkeypatch.setattr(trial_module, "run_trial", lambda *_: pytest.fail("it was trained again"))
    assert json.loads(gradsim(*asked, "--json").out) == content


def test_an_experiment_in_the_background(gradsim: Gradsim, store: Store, small: Path) -> None:
    """It is queued with its plan, carried out by a process of its own, and found again."""
    shutil.copytree(small / "cache", store.root)
    (name,) = store.signatures()
    answer = gradsim("experiment", "groups", "--strategies", "gradient,monolingual", "--seeds", 1,
                     "--k", 2, "--workers", 1, "--threads", 1, "--background", "--json")
    assert answer.code == 0, answer.err
    queued = json.loads(answer.out)
    run = ended(store, the_run(store))
    assert (run.id, run.signature, run.supervised) == (queued["run"], name, True)
    assert (run.state, run.error) == ("done", "")
    content = load_experiment(store, name, queued["experiment"])
    assert content is not None
    assert Plan.model_validate(content["plan"]) == load_plan(store, name, queued["experiment"])
    assert run.argv[-4:] == ("--workers", "1", "--threads", "1")
