"""Several groupings made by hand in one experiment: each a strategy, under its own name."""

from __future__ import annotations

from pathlib import Path

import pytest
from experiment_cases import (
    by_name,
    carried_out,
    finished_study,
    likeness,
    stand_in,
)
from pydantic import ValidationError

from gradsim_core import Plan, Store, report_markdown
from gradsim_core.experiments.plans import MOST_GIVEN, GivenGroups, given_name, given_place
from gradsim_core.experiments.record import load_plan, save_plan

MINE = GivenGroups(title="Mine", groups=(("spa", "deu"), ("ita", "nld")))
YOURS = GivenGroups(title="Yours *b*", groups=(("deu",), ("spa", "nld", "ita")))
STRATEGIES = ("gradient", "given.1", "given.2")


def plan(**settings: object) -> Plan:
    return Plan.model_validate({"strategies": STRATEGIES, "seeds": 1, "given": (MINE, YOURS),
                                "rule": {"k": 2}, **settings})


def test_names_and_places() -> None:
    assert [given_place(given_name(at)) for at in range(MOST_GIVEN)] == list(range(MOST_GIVEN))
    assert [given_place(name) for name in ("given.0", "given.x", f"given.{MOST_GIVEN + 1}",
                                           "gradient")] == [None] * 4


def test_a_plan_without_them_has_the_name_it_had() -> None:
    assert "given" not in Plan().model_dump(mode="json")
    assert plan().id != plan(given=(YOURS, MINE)).id
    turned = GivenGroups(title="Mine", groups=(("nld", "ita"), ("deu", "spa")))
    assert plan().id == plan(given=(turned, YOURS)).id, "the order of groups is no part of it"


def test_a_strategy_without_groups_is_refused() -> None:
    with pytest.raises(ValidationError, match=r"no groups for the strategy given\.2"):
        plan(given=(MINE,))


def test_plan_is_kept_and_read(tmp_path: Path) -> None:
    store = Store(tmp_path)
    save_plan(store, "0" * 16, plan())
    assert load_plan(store, "0" * 16, plan().id) == plan()


def test_each_is_trained_and_reported_under_its_name(tmp_path: Path,
                                                    monkeypatch: pytest.MonkeyPatch) -> None:
    store = Store(tmp_path)
    prepared = finished_study(store, [0, 1, 0, 1])
    trainer = stand_in(monkeypatch, likeness({frozenset(("deu", "spa")): 0.2}))
    content = carried_out(prepared, store, plan())
    found = by_name(content)
    assert list(found) == list(STRATEGIES)
    assert found["given.1"]["title"] == "Mine"
    assert found["given.1"]["groups"] == [["deu", "spa"], ["ita", "nld"]]
    assert ("deu", "spa") in trainer.groups
    assert found["given.1"]["mean"] > found["given.2"]["mean"]
    assert "Mine" in content["verdict"], "where nothing else was compared they are what counts"
    assert "Yours \\*b\\*" in report_markdown(content)
