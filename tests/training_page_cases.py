"""The training page without a browser: opened, and runs that play an act instead of training."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from made_up_studies import SIGNATURE
from page_cases import opened_page
from page_views import training
from run_cases import act_command, end_all
from streamlit.testing.v1 import AppTest

from dashboard.loads import experiments, pictures
from dashboard.loads.groupings import ShownGroups, group_names
from dashboard.selection import Selection
from gradsim_core import Grouping, Plan, Reading, Rule, Run, Store, experiment_key, submit_run


@pytest.fixture
def asked(cache: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Plan]]:
    """The plans that were started; their runs wait for a file instead of training."""
    plans: list[Plan] = []

    def submit(store: Store, signature: str, plan: Plan) -> Run:
        plans.append(plan)
        return begun(store, plan, 'tell(1, message="learning *all* languages")\nwait_for("never")')

    monkeypatch.setattr(experiments, "submit_experiment", submit)
    yield plans
    end_all(Store(cache))


def begun(store: Store, plan: Plan, act: str) -> Run:
    key = experiment_key(SIGNATURE, plan)
    return submit_run(store, SIGNATURE, "experiment", act_command(store, act, key), key=key,
                      title="gradient, 3 seeds")


def opened(page: Callable[[], None] = training, **query: object) -> AppTest:
    return opened_page(page, **query)


def default_plan(cache: Path) -> Plan:
    """What the page plans of its own accord."""
    plan = Plan.model_validate({})
    made = pictures.grouping(SIGNATURE, plan.reading, plan.rule)
    return experiments.plan_of(Selection(correction="raw"), page_groups(plan.rule, made))


def page_groups(rule: Rule, made: Grouping) -> ShownGroups:
    """Groups as the page shows them."""
    return ShownGroups(rule, made, group_names(rule, made), {}, (), Reading(correction="raw"))
