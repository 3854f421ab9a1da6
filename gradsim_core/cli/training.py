"""Commands that train: train and transfer; and what every command that trains shares."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import combinations
from pathlib import Path
from typing import Annotated, Any

import typer

from gradsim_core.backends.place import place_here
from gradsim_core.cli.computing import compute_study
from gradsim_core.cli.options import DEFAULT_CACHE, AsJson, Cache, Threads, budget_options, chosen
from gradsim_core.cli.places import placed
from gradsim_core.cli.printing import duration, log, print_json, print_table, progress_shown
from gradsim_core.errors import GroupingError, RunError, StoreError
from gradsim_core.execution import run_trials
from gradsim_core.experiments.group_files import groups_from, read_groups
from gradsim_core.experiments.plans import Spending
from gradsim_core.experiments.runs import estimate_trials
from gradsim_core.prepared import Prepared, prepare
from gradsim_core.results import SCORES, load_results
from gradsim_core.runs import attend_run
from gradsim_core.storage.store import Store
from gradsim_core.study import Study
from gradsim_core.study_text import study_from
from gradsim_core.trials import Trial, load_trial, trial_of

Workers = Annotated[int | None, typer.Option(
    help="Models trained at a time; as many as cores and memory allow if left out.", min=1)]
EstimateOnly = Annotated[bool, typer.Option("--estimate", help=(
    "Say what it would take, and train nothing."))]
Background = Annotated[bool, typer.Option("--background", help=(
    "Queue it and come back at once; see `gradsim runs`."))]


@budget_options
@placed
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
    prepared = prepared_study(store, signature, threads, estimate)
    wanted = [*read_groups(groups, prepared.sources)] if groups else []
    if languages:
        wanted += groups_from(list(languages), prepared.sources, "--languages")
    if not wanted:
        raise GroupingError("Nothing to train: name languages with --languages deu,nld, or give a "
                            "file with --groups.")
    trials = _trials(prepared, wanted, spending)
    _run(store, prepared, "train", trials, estimate, workers, threads, as_json)


@budget_options
@placed
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
    prepared = prepared_study(store, signature, threads, estimate)
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
    found = estimate_trials(store, results, trials, workers, threads)
    if estimate:
        say_estimate(found, as_json)
        return
    log("{}", _in_words(found))
    title = f"{len(trials)} model{'s' * (len(trials) != 1)}"
    with attended(store, name, kind, f"{name}/{kind}", title) as observe:
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


def prepared_study(store: Store, signature: str, threads: int | None,
                   estimate: bool = False) -> Prepared:
    """The study meant, with its data; its joint run is computed first where it is missing.

    Raises
    ------
    StoreError
        If an estimate alone is asked and it is missing; or the data are no longer what they were.
    """
    store.sweep()
    if not signature and not store.signatures():
        prepared = prepare(study_from({"name": "Built-in study"}))
    else:
        name = chosen(store, signature)
        prepared = prepare(Study.model_validate(load_results(store, name).record["study"]))
        if prepared.signature != name:
            raise StoreError(f"The data or the model of study {name} are no longer what they were: "
                             f"they now make study {prepared.signature}. Run `gradsim run` anew.")
    if store.exists(prepared.signature, SCORES):
        return prepared
    if estimate:
        raise StoreError(f"No finished study in {str(store.root)[-200:]} to estimate from. Run it "
                         "first with `gradsim run`.")
    log("Study {} is run first: {}.", prepared.signature, prepared.corpus.source)
    compute_study(prepared, store, threads)
    return prepared


@contextmanager
def attended(store: Store, signature: str, kind: str, key: str,
             title: str) -> Iterator[Callable[[dict[str, Any]], None]]:
    """Be this run, and show it here too; the last word is the command's."""
    try:
        with attend_run(store, signature, kind, key=key, title=title) as record, \
                progress_shown(kind, 0, "example") as show:

            def observe(event: dict[str, Any]) -> None:
                record(event)
                if event["kind"] != "done":
                    show(event)

            yield observe
    except KeyboardInterrupt:
        raise RunError("Stopped. The same command goes on: what is trained is kept.") from None


def say_estimate(found: dict[str, Any], as_json: bool) -> None:
    """Tell what training would take, as of `estimate_trials`."""
    if as_json:
        print_json(found)
    else:
        log("{}", _in_words(found))


def _in_words(found: dict[str, Any]) -> str:
    if not found["models"] and not found["cached"]:
        return "Nothing to train."
    if not found["models"]:
        return f"Nothing to train: all models ({found['cached']:,}) are there already."
    models = f"{found['models']:,} model{'s' * (found['models'] != 1)} to train"
    there = f" ({found['cached']:,} more are there already)" if found["cached"] else ""
    where = f", on {found['place']}" if place_here().backend == "ray" else ""
    return (f"{models}{there}: {found['examples']:,} examples, about "
            f"{duration(found['seconds'])} with {found['workers']} at a time{where}.")
