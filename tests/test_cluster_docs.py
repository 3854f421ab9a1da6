"""What docs/cluster.md gives to copy: the job script is run, manifests and commands are read."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest
import ray_cases
import slurm_cases
import yaml
from result_cases import MORE_WORDS, bytes_of, write_data
from typer.main import get_command

from gradsim_core.backends.place import has_ray
from gradsim_core.cli import app
from gradsim_core.execution import run_joint
from gradsim_core.prepared import prepare
from gradsim_core.storage.store import Store
from gradsim_core.study_text import study_from, study_yaml

DOCS = Path(__file__).resolve().parents[1] / "docs" / "cluster.md"
CACHE = "/scratch/shared/cache"


def blocks(language: str) -> list[str]:
    """What the page gives to copy, in a language."""
    return re.findall(rf"^ *```{language}\n(.*?)```", DOCS.read_text(), re.DOTALL | re.MULTILINE)


def commands() -> list[list[str]]:
    """Every `gradsim` command of the page, as words."""
    lines = "\n".join(blocks("bash") + blocks("yaml")).replace("\\\n", " ").splitlines()
    found = [re.split(r"gradsim(?:_core)? (?=run|transfer|experiment)", line) for line in lines]
    return [shlex.split(parts[-1]) for parts in found if len(parts) > 1]


def refused(folder: Path) -> str:
    """Why no nodes can be made here; "" if they can."""
    if reason := ray_cases.refused():
        return reason
    tried = subprocess.run(ray_cases.apart([sys.executable, "-c", (
        "import pathlib, sys, slurm_cases\n"
        "with slurm_cases.nodes(pathlib.Path(sys.argv[1])) as ids:\n"
        "    slurm_cases.run(['nsenter', '-t', str(ids[1]), *slurm_cases.OWN, 'unshare', '--pid',\n"
        "                     '--fork', '--mount-proc', 'true'])"), str(folder)]),
        cwd=Path(slurm_cases.__file__).parent, capture_output=True, text=True, check=False)
    return "" if tried.returncode == 0 else f"no nodes here: {tried.stderr.strip()[-200:]}"


def test_the_script_of_the_docs_runs_a_study_on_two_nodes(tmp_path: Path) -> None:
    if reason := refused(tmp_path):
        pytest.skip(reason)
    (script,) = [one for one in blocks("bash") if one.startswith("#!/bin/bash")]
    assert script.count(CACHE) == 1
    home, there, alone = tmp_path / "home", Store(tmp_path / "cache"), Store(tmp_path / "alone")
    study = study_from({**ray_cases.SETTINGS,
                        "data": str(write_data(tmp_path / "data", MORE_WORDS))})
    home.mkdir()
    (home / "study.yaml").write_text(study_yaml(study))
    (home / "job.sh").write_text(script.replace(CACHE, str(there.root)))
    token = subprocess.run([Path(sys.executable).parent / "ray", "get-auth-token", "--generate"],
                           env={"HOME": str(home)}, capture_output=True, text=True, check=False)
    assert (home / ".ray/auth_token").is_file(), token.stderr
    ran = subprocess.run(ray_cases.apart([sys.executable, slurm_cases.__file__,
                                          str(home / "job.sh")]),
                         capture_output=True, text=True, check=False)
    said = ran.stdout[-3000:] + ran.stderr[-3000:]
    assert ran.returncode == 0, said
    prepared = prepare(study)
    run_joint(prepared, alone, lambda event: None, 1)
    found = ray_cases.likeness(bytes_of(alone, prepared.signature),
                               bytes_of(there, prepared.signature))
    assert found.pop("increments") < 1e-6
    assert all(found.values()), found
    assert "Starting 2 workers of the cluster" in said


def options_of(command: list[str]) -> tuple[set[str], set[str]]:
    """The options that a command is given, and those that it has."""
    found: Any = get_command(app)
    for word in command:
        found = getattr(found, "commands", {}).get(word, found)
    known = {option for one in found.params for option in one.opts}
    return {word for word in command if word.startswith("--")}, known


def test_commands_have_the_options_that_they_are_given() -> None:
    assert len(commands()) >= 8
    for command in commands():
        given, known = options_of(command)
        assert given <= known, command


def test_manifests_fit_each_other_and_the_ray_that_is_tested() -> None:
    if not has_ray():
        pytest.skip("Ray is not installed: pip install -e '.[ray]'")
    cluster, job = map(yaml.safe_load, blocks("yaml"))
    spec = cluster["spec"]
    assert (cluster["kind"], job["kind"]) == ("RayCluster", "RayJob")
    assert cluster["apiVersion"] == job["apiVersion"] == "ray.io/v1"
    assert spec["authOptions"] == {"mode": "token"}
    version = metadata.version("ray")
    assert spec["rayVersion"] == version
    assert f"rayproject/ray:{version}-py311" in blocks("yaml")[0]
    assert job["spec"]["rayClusterSpec"] == {}, "the page says that the spec stands here"
    (workers,) = spec["workerGroupSpecs"]
    assert workers["minReplicas"] <= workers["replicas"] <= workers["maxReplicas"]
    head, worker = (group["template"]["spec"] for group in (spec["headGroupSpec"], workers))
    assert head["volumes"] == worker["volumes"]
    (one,), (other,) = head["containers"], worker["containers"]
    assert (one["image"], one["volumeMounts"]) == (other["image"], other["volumeMounts"])
    assert one["volumeMounts"][0]["name"] == head["volumes"][0]["name"]
