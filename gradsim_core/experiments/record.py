"""What an experiment leaves behind: one JSON, from which report, table and page are made.

Conventions
-----------
An entry is ``experiments/<id>.json`` in the study's folder, where the id names the plan; its plan
stands in ``plans/<id>.json``, so that a run which was cut off can go on. Scores are fractions,
axes are seed, language. Nothing in it depends on the machine but ``cost.minutes``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from pydantic import ValidationError

from gradsim_core.errors import StoreError, StudyError
from gradsim_core.experiments.candidate import Candidate
from gradsim_core.experiments.comparison import Comparison, Gain, Interval, compare
from gradsim_core.experiments.experiment import Experiment
from gradsim_core.experiments.plans import USES_TEST, Plan
from gradsim_core.experiments.verdict import caution, verdict
from gradsim_core.prepared import Prepared, versions
from gradsim_core.progress import Observer
from gradsim_core.scores.majority import LEARNED, majority_baseline
from gradsim_core.storage.store import Store

SCHEMA = "gradsim.experiment/1"


def run_experiment(prepared: Prepared, store: Store, plan: Plan, observe: Observer, *,
                   workers: int | None = None, threads: int | None = None) -> dict[str, Any]:
    """Carry out a plan on a study whose joint run is finished, and write what came out.

    Parameters
    ----------
    prepared : the study with its data
    observe : is told stages and progress
    workers, threads : as in `execution.run_trials`

    Returns
    -------
    dict
        What `load_experiment` reads.

    Raises
    ------
    GradSimError
        If the plan cannot be carried out on this study, or a trial fails; trials that ended are
        kept, and the same plan goes on with them.
    """
    save_plan(store, prepared.signature, plan)
    experiment = Experiment(prepared, store, plan, observe, workers=workers, threads=threads)
    codes = experiment.scored("test")
    if not codes:
        raise StudyError(f"No language of study {prepared.signature} has test rows, so nothing can "
                         "be reported. Add a test split.")
    candidates = experiment.candidates()
    observe({"kind": "stage", "message": "Comparing the strategies"})
    content = with_caution(_content(experiment, plan, candidates, codes), prepared)
    store.write_json(prepared.signature, f"experiments/{plan.id}.json", content)
    observe({"kind": "done", "message": content["verdict"]})
    return content


def with_caution(content: dict[str, Any], prepared: Prepared) -> dict[str, Any]:
    """The content, with the majority baseline beside the scores; the verdict owns up where no
    strategy is above it by `LEARNED`.
    """
    baseline = majority_baseline(prepared.corpus, content["split"])
    scores = [baseline.get(one["code"], {}).get(content["metric"]) for one in content["languages"]]
    known = [score for score in scores if score is not None]
    if len(known) < len(scores):
        return content
    least, best = float(np.mean(known)), max(one["mean"] for one in content["strategies"])
    learned = best > least + LEARNED
    return {**content, "majority": {"mean": least, "learned": learned},
            "verdict": content["verdict"] if learned else caution(best, least,
                                                                  content["verdict"])}


def save_plan(store: Store, signature: str, plan: Plan) -> None:
    """Keep a plan beside its study."""
    store.write_json(signature, f"plans/{plan.id}.json", plan.model_dump(mode="json"))


def load_plan(store: Store, signature: str, name: str) -> Plan:
    """Read a plan that was kept."""
    found = store.read_json(signature, f"plans/{name}.json")
    try:
        if found is not None and (plan := Plan.model_validate(found)).id == name:
            return plan
    except ValidationError:
        pass
    raise StoreError(f"Study {signature} has no plan {name[:40]!r}. Start the experiment anew.")


def load_experiment(store: Store, signature: str, name: str) -> dict[str, Any] | None:
    """Read an experiment's content; None while it is not finished."""
    return store.read_json(signature, f"experiments/{name}.json")


def list_experiments(store: Store, signature: str) -> list[str]:
    """Ids of a study's finished experiments, newest first."""
    return store.names(signature, "experiments")


def _content(experiment: Experiment, plan: Plan, candidates: Mapping[str, Sequence[Candidate]],
             codes: list[str]) -> dict[str, Any]:
    tables = {name: np.mean([experiment.scores(one, codes) for one in several], axis=0)
              for name, several in candidates.items()}
    draws = candidates.get("random")
    found = compare(tables, None if draws is None else np.stack(
        [experiment.scores(one, codes) for one in draws]), languages=codes)
    record, names = experiment.results.record, experiment.results.names
    dev = experiment.scored("dev")
    titles = {name: plan.title(name) for name in candidates}
    return {
        "$schema": SCHEMA, "id": plan.id,
        "study": {**{key: record[key] for key in ("signature", "source", "task", "metric")},
                  "name": record["study"]["name"] or record["source"],
                  "model": record["study"]["model"]},
        "versions": versions(), "plan": plan.model_dump(mode="json"),
        "budget": {**experiment.budget.model_dump(), "examples": experiment.budget.examples},
        "metric": experiment.metric, "split": "test",
        "languages": [{"code": code, "name": names[code]} for code in codes],
        "left_out": _left_out(experiment, codes), "seeds": list(experiment.seeds),
        "strategies": [_strategy(name, experiment, several, tables[name], found, codes,
                                 titles[name]) for name, several in candidates.items()],
        "random": None if draws is None or found.random is None else {
            "draws": len(draws), "groupings": [[list(g) for g in one.groups] for one in draws],
            "means": list(found.random.means), "percentile": found.random.percentile,
            "p": found.random.p},
        "dev": {name: float(np.mean([experiment.scores(one, dev, "dev") for one in several]))
                for name, several in candidates.items()} if dev else {},
        "verdict": verdict(found, plan.strategies[0], experiment.metric, titles),
    }


def _left_out(experiment: Experiment, codes: list[str]) -> list[dict[str, str]]:
    record, invalid = experiment.results.record, experiment.results.series.invalid
    rows = []
    for code in record["rows"]:
        if code not in codes:
            reason = ("it has no training rows" if code not in record["sources"] else
                      invalid.get(code, "its similarity is undefined, so it cannot be grouped")
                      if code not in experiment.codes else "it has no test rows")
            rows.append({"code": code, "name": experiment.results.names[code], "reason": reason})
    return rows


def _strategy(name: str, experiment: Experiment, several: Sequence[Candidate], table: np.ndarray,
              found: Comparison, codes: list[str], title: str) -> dict[str, Any]:
    examples = sum(len(group) for one in several for group in one.groups) / len(several)
    return {
        "name": name, "title": title, "how": several[0].how,
        "groups": None if name == "random" else [list(group) for group in several[0].groups],
        "uses_test_scores": name in USES_TEST,
        "scores": table.tolist(),
        "mean": found.strategies[name].mean, "interval": _pair(found.strategies[name].interval),
        "per_language": [{"code": code, "mean": one.mean, "interval": _pair(one.interval)}
                         for code, one in zip(codes, found.per_language[name], strict=True)],
        "gains": {other: _gain(gain) for other, gain in found.gains[name].items()},
        "cost": {"models": len(several[0].groups),  # the same in every random draw
                 "examples": round(examples * experiment.budget.examples),
                 "minutes": round(float(np.mean([experiment.seconds(one)
                                                 for one in several])) / 60, 3)},
    }


def _gain(gain: Gain) -> dict[str, Any]:
    return {"mean": gain.mean, "interval": _pair(gain.interval), "wins": gain.wins, "of": gain.of}


def _pair(interval: Interval) -> list[float] | None:
    return None if interval is None else list(interval)
