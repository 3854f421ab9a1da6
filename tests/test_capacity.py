"""What an estimate counts as workers: the place's, or in plain words this machine's."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import pytest
from cli_cases import Gradsim
from cli_cases import gradsim_there as gradsim_there  # noqa: PLC0414 - a fixture
from experiment_cases import finished_study
from joint_cases import ONE
from store_cases import store as store  # noqa: PLC0414 - a fixture

from gradsim_core.backends import Place, capacity, computed_at
from gradsim_core.backends.capacity import expected_workers
from gradsim_core.cli import training
from gradsim_core.errors import RunError
from gradsim_core.experiments.plans import Plan
from gradsim_core.experiments.runs import estimate_experiment
from gradsim_core.storage.store import Store
from gradsim_core.study import Study

TINY = Study()
HEAD = Place("ray", "head:6379")


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A cluster of two machines, of 8 and 5 cores; takes down who is asked. This one has 3."""
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    monkeypatch.setattr(capacity, "_cores", lambda: 3)
    addresses: list[str] = []
    nodes = [{"Alive": True, "Resources": {"CPU": float(n)}} for n in (8, 5)]

    @contextmanager
    def connected(address: str) -> Iterator[Any]:
        addresses.append(address)
        yield SimpleNamespace(nodes=lambda: nodes, cluster_resources=lambda: {"CPU": 13.0})

    monkeypatch.setattr(capacity, "connected", connected)
    return addresses


@pytest.fixture
def unreached(asked: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    @contextmanager
    def connected(address: str) -> Iterator[Any]:
        raise RunError(f"No Ray cluster answers at {address} (refused). Start its head.")
        yield

    monkeypatch.setattr(capacity, "connected", connected)


@pytest.mark.parametrize(("workers", "threads", "expected"), [
    (None, None, 13), (None, 4, 3), (None, 8, 1), (5, None, 5), (50, None, 13), (5, 4, 3)])
def test_a_cluster_says_how_many_it_has_room_for(asked: list[str], workers: int | None,
                                                 threads: int | None, expected: int) -> None:
    with computed_at(HEAD):
        assert expected_workers(TINY, workers, threads) == (expected, "the cluster at head:6379")
    assert asked == ["head:6379"]


def test_a_model_that_is_not_tiny_takes_all_cores_of_the_smallest_machine(
        asked: list[str]) -> None:
    with computed_at(HEAD):
        assert expected_workers(Study(model="large"))[0] == 2


def test_the_address_in_the_environment_is_meant(asked: list[str],
                                                 monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAY_ADDRESS", "other:1")
    with computed_at(Place("ray")):
        assert expected_workers(TINY) == (13, "the cluster at other:1")
    assert expected_workers(TINY)[1] == "this machine", "which is asked for nothing elsewhere"


@pytest.mark.parametrize("address", ["", "local"])
def test_a_cluster_of_this_machine_is_not_started_for_it(
        asked: list[str], monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    monkeypatch.setenv("RAY_ADDRESS", address)
    with computed_at(Place("ray")):
        assert expected_workers(TINY) == (3, "this machine")
        assert expected_workers(TINY, threads=2) == (1, "this machine")
        assert expected_workers(Study(model="large")) == (1, "this machine")
    assert asked == []


def test_where_no_cluster_can_be_asked_it_is_said(unreached: None) -> None:
    with computed_at(HEAD):
        assert expected_workers(TINY, 2) == (2, (
            "this machine alone: No Ray cluster answers at head:6379 (refused)"))


def test_an_estimate_is_the_cluster_s(asked: list[str], store: Store) -> None:
    finished_study(store, [0, 1, 0, 1])
    plan = Plan(strategies=("gradient", "monolingual"))
    alone = estimate_experiment(store, ONE, plan, workers=1)
    assert alone["place"] == "this machine"
    assert alone["models"] > 8
    with computed_at(HEAD):
        there = estimate_experiment(store, ONE, plan, threads=2)
    assert (there["workers"], there["place"]) == (6, "the cluster at head:6379")
    assert there["seconds"] == pytest.approx(alone["seconds"] / 6, abs=0.1)


@pytest.mark.parametrize("reached", [True, False])
def test_the_command_says_whose_workers_it_counts(
        gradsim: Gradsim, store: Store, request: pytest.FixtureRequest,
        monkeypatch: pytest.MonkeyPatch, reached: bool) -> None:
    request.getfixturevalue("asked" if reached else "unreached")
    prepared = finished_study(store, [0, 1, 0, 1])
    monkeypatch.setattr(training, "prepare", lambda study: prepared)
    told = gradsim("transfer", "--estimate", "--backend", "ray", "--address", "head:6379").err
    expected = (r"with 12 at a time, on the cluster at head:6379\." if reached else
                r"at a time, on this machine alone: No Ray cluster answers at head:6379 ")
    assert re.search(expected, " ".join(told.split())), told
    assert ", on " not in gradsim("transfer", "--estimate").err
