"""Trials and joint trials on a cluster: the same results, whoever dies; clear words where not."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import ray_cases
import ray_driver
import torch
from engine_cases import made_corpus
from typer.testing import CliRunner

from gradsim_core.backends import BACKENDS, Place, computed_at, place_here
from gradsim_core.backends.cluster import connected
from gradsim_core.backends.place import NAMES, has_ray, with_place
from gradsim_core.backends.sharing import check_shared, shared
from gradsim_core.backends.torchrun import is_first, run_joint_in_group, torchrun_group
from gradsim_core.cli import app
from gradsim_core.errors import RunError
from gradsim_core.prepared import Prepared, versions
from gradsim_core.storage.store import Store
from gradsim_core.study_text import study_from
from gradsim_core.training.shards import ALONE, Shards

ONE = "0123456789abcdef"


@pytest.fixture(scope="module")
def seen(tmp_path_factory) -> dict[str, Any]:
    """What `ray_cases` saw on its cluster."""
    if reason := ray_cases.refused():
        pytest.skip(reason)
    ran = subprocess.run(ray_cases.apart([sys.executable, ray_cases.__file__, str(
        tmp_path_factory.mktemp("cluster"))]), capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr[-3000:]
    return {**json.loads(ran.stdout.splitlines()[-1]), "said": ran.stderr[-3000:],
            "printed": ran.stdout.splitlines()[:-1]}


def same_as_alone(found: dict[str, Any]) -> bool:
    """The same bytes as one process, but for the increments' last digits."""
    return all(found[key] for key in ("sums", "steps", "scores", "facts")) and (
        found["increments"] < 1e-6)


# on a cluster

def test_nothing_but_data_is_printed_where_workers_die(seen) -> None:
    assert seen["joint"]["killed"] + seen["trials"]["killed"] == 2
    assert not [line for line in seen["printed"] if "worker died" in line]


def test_a_joint_trial_in_shards_of_which_one_is_killed_is_that_of_one_process(seen) -> None:
    found = seen["joint"]
    assert same_as_alone(found)
    assert found["killed"] == 1
    assert found["notes"] == ["A worker died; all go on from the last checkpoint"]
    assert found["stages"][0] == "Starting 2 workers of the cluster"
    resumed = [words for words in found["stages"] if words.startswith("Training, resumed after")]
    assert len(resumed) == 1
    assert int(resumed[0].split()[-1]) > 0, "it does not begin anew"
    assert found["progress"][-1] == [30, 30]


def test_an_estimate_counts_the_cluster_s_workers(seen) -> None:
    assert seen["room"] == [2, f"the cluster at 127.0.0.1:{ray_cases.PORT}"]


def test_trials_of_which_one_is_killed_score_as_on_one_machine(seen) -> None:
    found = seen["trials"]
    assert found["same"]
    assert (found["n"], found["killed"]) == (6, 1)
    assert found["stages"] == ["Training 6 models, 2 at a time"]
    steps = [step for step, _ in found["progress"]]
    assert steps == sorted(steps)
    assert len(steps) == 6
    assert found["progress"][-1][0] == found["progress"][-1][1]


def test_a_cancelled_run_leaves_no_task_on_the_cluster(seen) -> None:
    assert seen["cancel"] == {"began": True, "state": "cancelled", "ended": True}, (
        seen["said"])
    assert seen["left"] == [], "the proofs that the cache is shared"


def test_what_a_cluster_refuses_is_said_in_plain_words(seen) -> None:
    assert "the cache folder" in seen["other cache"]
    assert "storage that all machines share" in seen["other cache"]
    assert seen["other cache"].startswith("On machine ")
    assert seen["cores"] == ("No machine of the cluster has 99 cores (they have 1, 1). Give fewer "
                             "with --threads.")
    words, code = seen["no token"]
    assert code == 1
    assert "does not know our token" in words
    assert "Traceback" not in words


def test_two_processes_of_torchrun_give_what_one_gives(seen) -> None:
    assert same_as_alone(seen["torchrun"])


# shards

@pytest.mark.parametrize("size", [1, 2, 3, 5, 9])
def test_every_row_belongs_to_one_process(size: int) -> None:
    rows = [Shards(rank, size, grouped=True).rows(7) for rank in range(size)]
    assert sorted(row for some in rows for row in some) == list(range(14))
    assert max(map(len, rows)) - min(map(len, rows)) <= 2


def test_one_process_meets_nobody() -> None:
    rows = torch.ones((4, 3))
    assert ALONE.gathered(rows, 2) is rows
    assert ALONE.told([0, 1], [0.5, 0.25, 1.0, 2.0], [3]) == ([0.5, 0.25, 1.0, 2.0], [3])
    assert ALONE.each("word") == ["word"]
    ALONE.check_same(1, "step")


def test_processes_that_see_different_things_are_stopped(monkeypatch) -> None:
    monkeypatch.setattr(Shards, "each", lambda _self, value: [value, 0])
    Shards(0, 2, grouped=True).check_same(0, "checkpoint")
    with pytest.raises(RunError, match=r"see different things \(checkpoint: 12, 0\).*shared"):
        Shards(0, 2, grouped=True).check_same(12, "checkpoint")


# torchrun

def test_torchrun_says_who_is_who(monkeypatch) -> None:
    assert torchrun_group() is None
    assert is_first()
    for name, value in {"TORCHELASTIC_RUN_ID": "x", "RANK": "2", "WORLD_SIZE": "4"}.items():
        monkeypatch.setenv(name, value)
    assert torchrun_group() == (2, 4)
    assert not is_first()


def test_more_processes_than_languages_are_refused(tmp_path: Path) -> None:
    prepared = Prepared(study_from({"task": "sequence"}), made_corpus(), ONE, "")
    n = len(prepared.sources)
    with pytest.raises(RunError, match=rf"9 processes cannot share {n} languages.*nproc-per-node"):
        run_joint_in_group(prepared, Store(tmp_path), lambda event: None, 1, 20.0, 0, 9)


def killed_driver(*when: object) -> dict[str, list[str]]:
    if reason := ray_cases.refused():
        pytest.skip(reason)
    ran = subprocess.run(ray_cases.apart([sys.executable, ray_driver.__file__, *map(str, when)]),
                         capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr[-3000:]
    found: dict[str, list[str]] = json.loads(ran.stdout.splitlines()[-1])
    return found


def test_a_cluster_of_this_machine_ends_with_a_driver_that_is_killed() -> None:
    found = killed_driver()
    assert found["told"] == ["begun"]
    assert any("Agent" in name for name in found["begun"]), found["begun"]
    assert found["left"] == []


def test_a_cluster_that_has_only_begun_ends_with_its_driver_too() -> None:
    """Killed when the agents of its raylet are there, and the watcher was not told of them yet."""
    found = killed_driver(9)
    assert found["told"] == ["begins"]
    assert any("raylet" in name for name in found["begun"]), found["begun"]
    assert found["left"] == []


# places

def test_a_place_is_said_around_the_work() -> None:
    assert set(BACKENDS) == set(NAMES)
    assert place_here() == Place()
    with computed_at(Place("ray", "head:6379")):
        assert place_here().address == "head:6379"
        with computed_at(Place()):
            assert place_here().backend == "local"
        assert with_place(["python", "-m", "gradsim_core", "run"])[-4:] == [
            "--backend", "ray", "--address", "head:6379"]
        assert with_place(["sleep", "1"]) == ["sleep", "1"]
    assert with_place(["python", "-m", "gradsim_core"]) == ["python", "-m", "gradsim_core"]


def test_unknown_places_are_named() -> None:
    with pytest.raises(RunError, match=r"Backend 'slurm' is not known\. Use one of: local, ray"):
        Place("slurm")
    with pytest.raises(RunError, match="--address head:1 names a Ray cluster: add --backend ray"):
        Place("local", "head:1")


@pytest.mark.parametrize("command", [
    ["run"], ["train"], ["transfer"], ["experiment", "groups"], ["experiment", "measures"]])
def test_commands_that_train_take_a_place(command: list[str], tmp_path: Path) -> None:
    ran = CliRunner().invoke(app, [*command, "--backend", "slurm", "--cache", str(tmp_path)])
    assert isinstance(ran.exception, RunError)
    assert "Backend 'slurm' is not known" in str(ran.exception)


def test_workers_of_a_study_need_a_cluster(tmp_path: Path) -> None:
    ran = CliRunner().invoke(app, ["run", "--workers", "2", "--cache", str(tmp_path)])
    assert "add --backend ray. On one machine: torchrun --nproc-per-node 2" in str(ran.exception)


def test_no_cluster_at_an_address() -> None:
    if not has_ray():
        pytest.skip("Ray is not installed: pip install -e '.[ray]'")
    with pytest.raises(RunError, match=r"No Ray cluster answers at 127\.0\.0\.1:9 .*ray start"), \
            connected("127.0.0.1:9"):
        pass


def test_without_ray_the_extra_is_named(monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(RunError, match=r"pip install 'gradsim\[ray\]'"), connected("auto"):
        pass


# what machines must share

def test_a_cache_that_is_shared_is_seen(tmp_path: Path) -> None:
    store = Store(tmp_path)
    with shared(store, ONE) as proof:
        check_shared(Store(tmp_path), ONE, proof)
        with pytest.raises(RunError, match="is not the one of the machine that started the run"):
            check_shared(Store(tmp_path / "other"), ONE, proof)
    assert not store.exists(ONE, proof)


def test_what_a_killed_run_left_is_removed_by_the_next(tmp_path: Path) -> None:
    store = Store(tmp_path)
    with shared(store, ONE) as living, shared(store, ONE) as proof:
        content = store.read_json(ONE, proof)
        assert content is not None
        store.write_json(ONE, "cluster/dead.json", {**content, "birth": 1.0})
        store.write_json(ONE, "cluster/elsewhere.json", {**content, "birth": 1.0, "machine": "b"})
        with shared(store, ONE):
            assert store.exists(ONE, living)
            assert not store.exists(ONE, "cluster/dead.json")
            assert store.exists(ONE, "cluster/elsewhere.json")


def test_other_versions_are_named(tmp_path: Path, monkeypatch) -> None:
    store = Store(tmp_path)
    with shared(store, ONE) as proof:
        monkeypatch.setattr("gradsim_core.backends.sharing.versions",
                            lambda: {**versions(), "torch": "1.0"})
        with pytest.raises(RunError, match=r"it has torch 1\.0 instead of 2"):
            check_shared(store, ONE, proof)
