"""Commands that train to compare: experiment, train, transfer."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import combinations
from pathlib import Path
from typing import Annotated, Any

import typer

from gradsim_core.atomic import publish
from gradsim_core.cli.computing import compute_study
from gradsim_core.cli.options import (
    DEFAULT_CACHE,
    AsJson,
    Cache,
    Threads,
    budget_options,
    chosen,
    plan_options,
)
from gradsim_core.cli.printing import (
    duration,
    log,
    print_json,
    print_table,
    progress_shown,
)
from gradsim_core.errors import GroupingError, RunError, StoreError
from gradsim_core.execution import run_trials
from gradsim_core.experiment_record import load_plan, run_experiment
from gradsim_core.experiment_runs import (
    estimate_experiment,
    estimate_trials,
    experiment_key,
    submit_experiment,
)
from gradsim_core.group_files import groups_from, read_groups
from gradsim_core.pair_tables import read_similarity_table
from gradsim_core.plans import Plan, Spending, Table
from gradsim_core.prepared import Prepared, prepare
from gradsim_core.report import report_csv, report_markdown, summary_rows
from gradsim_core.results import SCORES, load_results
from gradsim_core.runs import attend_run
from gradsim_core.store import Store
from gradsim_core.study import Study, study_from
from gradsim_core.trials import Trial, load_trial, trial_of

Workers = Annotated[int | None, typer.Option(
    help="Models trained at a time; as many as cores and memory allow if left out.", min=1)]
Background = Annotated[bool, typer.Option("--background", help=(
    "Queue it and come back at once; see `gradsim runs`."))]
EstimateOnly = Annotated[bool, typer.Option("--estimate", help=(
    "Say what it would take, and train nothing."))]


@plan_options
def experiment(asked: tuple[str, Plan], cache: Cache = DEFAULT_CACHE,
               groups: Annotated[Path | None, typer.Option(help=(
                   "Hand-made groups to compare: JSON, or a decision by `export`."))] = None,
               table: Annotated[Path | None, typer.Option(help=(
                   "A similarity from elsewhere (CSV or TSV) to group by and compare."))] = None,
               plan: Annotated[str | None, typer.Option(hidden=True)] = None,
               report: Annotated[Path | None, typer.Option(help=(
                   "Folder to write report.md, scores.csv and experiment.json to."))] = None,
               estimate: EstimateOnly = False, background: Background = False,
               workers: Workers = None, threads: Threads = None, as_json: AsJson = False) -> None:
    """Train groups at equal budget, and say whether they help.

    Every language gives the same number of its own examples under every strategy. What is trained
    already is reused, so an experiment that was cut off goes on, and a second one costs little.
    Ends with a verdict, gains with 95% intervals, and the rank among random groupings.

    ```
    gradsim experiment                                 # the newest study; the built-in one if none
    gradsim experiment --k 4 --draws 40 --estimate
    gradsim experiment --k-min 2 --k-max 5             # the number of groups is chosen on dev
    gradsim experiment --groups mine.json --strategies hand,all_languages,random
    gradsim experiment --table lang2vec.csv --strategies gradient,table,monolingual,random
    ```
    """
    store, (signature, wanted) = Store(cache), asked
    prepared = _prepared(store, signature, threads)
    name = prepared.signature
    wanted = load_plan(store, name, plan) if plan else _with_files(prepared, wanted, groups, table)
    if estimate:
        _say_estimate(estimate_experiment(store, name, wanted, workers), as_json)
        return
    if background:
        run = submit_experiment(store, name, wanted, workers)
        log("Queued as run [bold]{}[/]. Look at it with: gradsim runs show {}", run.id, run.id)
        return
    with _attended(store, name, "experiment", experiment_key(name, wanted),
                   ", ".join(wanted.strategies[:1])) as observe:
        content = run_experiment(prepared, store, wanted, observe, workers=workers,
                                 threads=threads)
    if report:
        _write_report(report, content)
    if as_json:
        print_json(content)
        return
    rows = summary_rows(content)
    print_table(f"Experiment {content['id']} on study {name}", tuple(rows[0]),
                [tuple(row.values()) for row in rows], left=1)
    log("{}", content["verdict"])


@budget_options
def train(asked: tuple[str, Spending], cache: Cache = DEFAULT_CACHE,
          languages: Annotated[list[str] | None, typer.Option(metavar="A,B,…", help=(
              "Languages to train together; repeat the option for more models."))] = None,
          groups: Annotated[Path | None, typer.Option(help=(
              "Groups to train: JSON, or a decision that `export` wrote."))] = None,
          estimate: EstimateOnly = False, workers: Workers = None, threads: Threads = None,
          as_json: AsJson = False) -> None:
    """Train one model a group of languages, and score each on every language.

    ```
    gradsim train --languages deu,nld,swe,dan
    gradsim export --k 3 -o decision.json; gradsim train --groups decision.json --seeds 5
    ```
    """
    store, (signature, spending) = Store(cache), asked
    prepared = _prepared(store, signature, threads)
    wanted = [*read_groups(groups, prepared.sources)] if groups else []
    if languages:
        wanted += groups_from(list(languages), prepared.sources, "--languages")
    if not wanted:
        raise GroupingError("Nothing to train: name languages with --languages deu,nld, or give a "
                            "file with --groups.")
    trials = _trials(prepared, wanted, spending)
    _run(store, prepared, "train", trials, estimate, workers, threads, as_json)


@budget_options
def transfer(asked: tuple[str, Spending], cache: Cache = DEFAULT_CACHE,
             pairs: Annotated[bool, typer.Option("--pairs", help=(
                 "Train every two languages together as well: L (L − 1) / 2 more models a "
                 "seed."))] = False,
             estimate: EstimateOnly = False, workers: Workers = None, threads: Threads = None,
             as_json: AsJson = False) -> None:
    """Train one model a language and score each on every language: measured transfer.

    ```
    gradsim transfer --estimate --pairs     # what it takes, before it starts
    gradsim transfer --seeds 3; gradsim scores --gain monolingual
    ```
    """
    store, (signature, spending) = Store(cache), asked
    prepared = _prepared(store, signature, threads)
    groups: list[Sequence[str]] = [(code,) for code in prepared.sources]
    if pairs:
        groups += list(combinations(prepared.sources, 2))
    trials = _trials(prepared, groups, spending)
    _run(store, prepared, "transfer", trials, estimate, workers, threads, as_json)


def _trials(prepared: Prepared, groups: Sequence[Sequence[str]],
            spending: Spending) -> list[Trial]:
    budget = spending.budget(prepared.study)
    return [trial_of(group, seed, budget) for group in groups
            for seed in spending.seed_numbers(prepared.study)]


def _run(store: Store, prepared: Prepared, kind: str, trials: list[Trial], estimate: bool,
         workers: int | None, threads: int | None, as_json: bool) -> None:
    """Train trials as a run, and print how each scored."""
    name = prepared.signature
    results = load_results(store, name)
    found = estimate_trials(store, results, trials, workers)
    if estimate:
        _say_estimate(found, as_json)
        return
    log("{}", _in_words(found))
    with _attended(store, name, kind, f"{name}/{kind}", f"{len(trials)} models") as observe:
        run_trials(prepared, store, trials, observe, workers=workers, threads=threads)
        observe({"kind": "done", "message": f"{len(trials)} models are trained and scored"})
    contents = [(trial, load_trial(store, results.record, trial)) for trial in trials]
    if as_json:
        print_json([{"languages": trial.languages, "seed": trial.seed, "entry": trial.entry,
                     **(content or {})} for trial, content in contents])
        return
    metric = results.record["metric"]

    def percent(content: dict[str, Any] | None, codes: Sequence[str]) -> str | None:
        found = [content["scores"]["test"][code][metric] for code in codes
                 if content and code in content["scores"]["test"]]
        return f"{100 * sum(found) / len(found):.1f}" if found else None

    print_table(f"{metric} on test in percent, study {name}",
                ("trained on", "seed", "own languages", "all languages"),
                [(", ".join(trial.languages), trial.seed, percent(content, trial.languages),
                  percent(content, list(results.record["rows"])))
                 for trial, content in contents], left=1)
    log("Each model's scores on each language: gradsim scores {}", name)


def _prepared(store: Store, signature: str, threads: int | None) -> Prepared:
    """The study meant, with its data; its joint run is computed first where it is missing."""
    store.sweep()
    if not signature and not store.signatures():
        log("No study in {}: the built-in one is run first.", store.root)
        prepared = prepare(study_from({"name": "Built-in study"}))
    else:
        name = chosen(store, signature)
        prepared = prepare(Study.model_validate(load_results(store, name).record["study"]))
        if prepared.signature != name:
            raise StoreError(f"The data or the model of study {name} are no longer what they were: "
                             f"they now make study {prepared.signature}. Run `gradsim run` anew.")
    if not store.exists(prepared.signature, SCORES):
        compute_study(prepared, store, threads)
    return prepared


def _with_files(prepared: Prepared, plan: Plan, groups: Path | None, table: Path | None) -> Plan:
    """The plan with what stands in files; a strategy that a file is for need not be named."""
    changes: dict[str, Any] = {}
    names = list(plan.strategies)
    if groups:
        changes |= {"groups": read_groups(groups, prepared.sources), "groups_title": groups.name}
        names += ["hand"] if "hand" not in names else []
    if table:
        found, _ = read_similarity_table(table, known=prepared.sources)
        matrix = found.among(prepared.sources)
        changes["table"] = Table(title=table.name, languages=prepared.sources, matrix=tuple(
            tuple(float(cell) if math.isfinite(cell) else None for cell in row) for row in matrix))
        names += ["table"] if "table" not in names else []
    return plan.model_copy(update={**changes, "strategies": tuple(names)})


@contextmanager
def _attended(store: Store, signature: str, kind: str, key: str,
              title: str) -> Iterator[Callable[[dict[str, Any]], None]]:
    """Be this run, and show it here too."""
    with attend_run(store, signature, kind, key=key, title=title) as record, \
            progress_shown(kind, 0, "example") as show:

        def observe(event: dict[str, Any]) -> None:
            record(event)
            show(event)

        try:
            yield observe
        except KeyboardInterrupt:
            raise RunError("Stopped. The same command goes on: what is trained is kept.") from None


def _say_estimate(found: dict[str, Any], as_json: bool) -> None:
    if as_json:
        print_json(found)
    else:
        log("{}", _in_words(found))


def _in_words(found: dict[str, Any]) -> str:
    models = f"{found['models']:,} model{'s' * (found['models'] != 1)} to train"
    there = f" ({found['cached']:,} are there already)" if found["cached"] else ""
    return (f"{models}{there}: {found['examples']:,} examples, about "
            f"{duration(found['seconds'])} with {found['workers']} at a time.")


def _write_report(folder: Path, content: dict[str, Any]) -> None:
    texts = {"report.md": report_markdown(content), "scores.csv": report_csv(content),
             "experiment.json": json.dumps(content, indent=2, ensure_ascii=False) + "\n"}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in texts.items():
            publish((folder / name).absolute(), [memoryview(text.encode())])
    except OSError as error:
        raise StoreError(f"{str(folder)[-200:]}: cannot be written ({error.strerror}). Choose "
                         "another place; the experiment itself is kept.") from None
    log("Written to {}: {}", folder, ", ".join(texts))


