"""Experiments as pages show them: plans from the selection, estimates, contents, runs.

Conventions
-----------
As in `data`: caches are shared, capped, and keyed on everything their content depends on. An
experiment's content is the JSON that the engine wrote; scores in it are fractions.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import streamlit as st
from scipy.stats import t

from dashboard.loads.data import store, written
from dashboard.loads.groupings import ShownGroups
from dashboard.selection import Selection
from gradsim_core import (
    Plan,
    Rule,
    Run,
    SavedGrouping,
    Store,
    estimate_experiment,
    experiment_key,
    given_name,
    known_runs,
    list_experiments,
    load_experiment,
    serving_groups,
    submit_experiment,
)

BY_RULE = ("monolingual", "all_languages", "family")
"""Rules of the groups page that look at no gradients, and are strategies of their own."""

_FEWEST_SEEDS = 3


def plan_of(selection: Selection, groups: ShownGroups,
            saved: Sequence[SavedGrouping] = ()) -> Plan:
    """The comparison that the selection asks for; the verdict is about the groups shown.

    Groups made by hand are held against the gradients' best with as many groups; a language that
    they leave out is trained alone.

    Parameters
    ----------
    saved : groupings that are compared, too
    """
    settings: dict[str, Any] = {"seeds": selection.seeds, "draws": selection.draws,
                                "reading": groups.reading, "steps": selection.trial_steps or None,
                                "batch_size": selection.trial_rows or None,
                                "given": [_given(one, groups.codes) for one in saved]}
    rule = groups.rule.model_copy(update={"k": groups.made.k})
    first = rule.strategy if rule.strategy in (*BY_RULE, "hand") else "gradient"
    if first == "hand":
        held = groups.members()
        settings["groups"] = [*held, *([code] for code in groups.left_out())]
        settings["groups_title"] = f"{len(held)} groups made by hand"
        rule = Rule(k=len(settings["groups"]))
    others = [name for name in Plan.model_validate({}).strategies
              if name != first and name not in selection.without
              and (first == "hand" or name != "gradient")]
    others += [given_name(at) for at in range(len(saved))]
    return Plan.model_validate({**settings, "strategies": (first, *others), "rule": rule})


def _given(one: SavedGrouping, codes: Sequence[str]) -> dict[str, Any]:
    """A saved grouping as a plan takes it: whom it does not group stands alone."""
    serves = {code: at for code, at in serving_groups(one.decision).items() if code in codes}
    groups = [[code for code in codes if serves.get(code) == at] for at in set(serves.values())]
    return {"title": one.name, "groups": [*groups, *([code] for code in codes
                                                     if code not in serves)]}


def estimate(signature: str, plan: Plan) -> Mapping[str, Any]:
    """What a plan would take now (see `estimate_experiment`)."""
    here = store()
    trained = written(here.path(signature, "trials/any").parent)
    return _estimate(str(here.root), signature, plan.model_dump_json(), trained)


def begin_experiment(signature: str, plan: Plan) -> Run:
    """Queue a plan's run."""
    return submit_experiment(store(), signature, plan)


def finished(signature: str) -> list[str]:
    """Ids of a study's finished experiments, newest first."""
    return list_experiments(store(), signature)


def content_of(signature: str, name: str) -> dict[str, Any] | None:
    """An experiment's content; None where it is damaged or gone. Nobody may change it."""
    here = store()
    at = written(here.path(signature, f"experiments/{name}.json"))
    return _content(str(here.root), signature, name, at) if at >= 0 else None


def content_json(content: Mapping[str, Any]) -> str:
    """The content as a file to take away."""
    return json.dumps(content, ensure_ascii=False, indent=1) + "\n"


def training_runs(signature: str) -> list[Run]:
    """A study's runs but those of the study itself, newest first, as far as they are known."""
    return [run for run in known_runs(store(), signature) if run.kind != "study"]


def run_of(plan: Plan, signature: str, runs: list[Run]) -> Run | None:
    """The newest run of a plan."""
    key = experiment_key(signature, plan)
    return next((run for run in runs if run.key == key), None)


def unfinished(runs: list[Run]) -> Run | None:
    """The newest experiment's run, if it ended without a result."""
    newest = next((run for run in runs if run.kind == "experiment"), None)
    return newest if newest and newest.state != "done" and not newest.coming else None


def language_gains(content: Mapping[str, Any], name: str,
                   over: str) -> list[tuple[float, tuple[float, float] | None]]:
    """Gain of one strategy over another on each language, paired by seed.

    Returns
    -------
    list
        Mean over seeds with Student's 95% interval, which fewer than three seeds do not have.
    """
    tables = {one["name"]: np.array(one["scores"], float) for one in content["strategies"]}
    gains = tables[name] - tables[over]
    n = len(gains)
    means = gains.mean(axis=0)
    if n < _FEWEST_SEEDS:
        return [(float(mean), None) for mean in means]
    half = t.isf(0.025, n - 1) * gains.std(axis=0, ddof=1) / np.sqrt(n)
    return [(float(mean), (float(mean - reach), float(mean + reach)))
            for mean, reach in zip(means, half, strict=True)]


@st.cache_data(max_entries=64, show_spinner="Counting the models to train …")
def _estimate(root: str, signature: str, plan: str, trained: int) -> Mapping[str, Any]:
    return estimate_experiment(Store(root), signature, Plan.model_validate_json(plan))


@st.cache_resource(max_entries=16, show_spinner=False)
def _content(root: str, signature: str, name: str, written: int) -> dict[str, Any] | None:
    return load_experiment(Store(root), signature, name)
