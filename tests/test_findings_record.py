"""Findings as they are kept: under their kind and id, with plans that are what they say."""

from __future__ import annotations

from pathlib import Path

import pytest
from made_up_studies import SIGNATURE, write_study

from gradsim_core.errors import StoreError
from gradsim_core.findings.plans import MeasuresPlan, ReadingsPlan
from gradsim_core.findings.record import (
    finding_head,
    list_findings,
    load_finding,
    load_plan,
    number,
    pair,
    save_finding,
    save_plan,
)
from gradsim_core.prepared import RECORD
from gradsim_core.storage.store import Store


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return write_study(tmp_path)


def test_findings_are_listed_by_kind(store: Store) -> None:
    one, other = "0" * 16, "f" * 16
    assert list_findings(store, SIGNATURE, "measures") == []
    save_finding(store, SIGNATURE, "measures", one, {"a": 1})
    save_finding(store, SIGNATURE, "measures-of", other, {"a": 2})
    save_finding(store, SIGNATURE, "lower-or-higher", other, {"a": 3})
    assert list_findings(store, SIGNATURE, "measures") == [one], "not those of another kind"
    assert list_findings(store, SIGNATURE, "lower-or-higher") == [other]
    assert load_finding(store, SIGNATURE, "measures", one) == {"a": 1}
    assert load_finding(store, SIGNATURE, "measures", other) is None


def test_a_plan_comes_back_by_its_id(store: Store) -> None:
    plan = MeasuresPlan(seeds=2, measures=("gradient",))
    save_plan(store, SIGNATURE, plan)
    assert load_plan(store, SIGNATURE, plan.id, MeasuresPlan) == plan
    assert plan.id == MeasuresPlan.model_validate({"seeds": 2, "measures": "gradient"}).id
    assert plan.id != MeasuresPlan(seeds=3, measures=("gradient",)).id
    for name, model in ((plan.id, ReadingsPlan), ("f" * 16, MeasuresPlan)):
        with pytest.raises(StoreError, match=f"no such plan '{name}'"):
            load_plan(store, SIGNATURE, name, model)


def test_a_plan_that_was_changed_is_none(store: Store) -> None:
    plan = MeasuresPlan(seeds=2)
    store.write_json(SIGNATURE, f"plans/{plan.id}.json", {**plan.model_dump(mode="json"),
                                                          "seeds": 9})
    with pytest.raises(StoreError, match="Start the experiment anew"):
        load_plan(store, SIGNATURE, plan.id, MeasuresPlan)


def test_the_head_names_study_plan_and_branches(store: Store) -> None:
    record = store.read_json(SIGNATURE, RECORD)
    assert record is not None
    plan = MeasuresPlan()
    head = finding_head(record, "measures", plan, ["nld", "ita"])
    assert (head["$schema"], head["id"]) == ("gradsim.measures/1", plan.id)
    assert head["study"]["signature"] == SIGNATURE
    assert [(one["code"], one["branch"]) for one in head["languages"]] == [
        ("nld", "Germanic"), ("ita", "Romance")]


def test_json_has_no_nan() -> None:
    assert [number(value) for value in (0.5, float("nan"), None)] == [0.5, None, None]
    assert [pair(one) for one in ((0, 1), None, (float("nan"), 1.0))] == [[0.0, 1.0], None, None]
