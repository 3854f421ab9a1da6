"""The commands ``experiment ...``: each asks one question of a study and ends with a verdict."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Annotated, Any

import typer

from gradsim_core.cli.findings import add_findings
from gradsim_core.cli.options import DEFAULT_CACHE, AsJson, Cache, Threads, plan_options
from gradsim_core.cli.places import placed
from gradsim_core.cli.printing import log, print_json, print_table
from gradsim_core.cli.reports import refuse_early_report, write_report
from gradsim_core.cli.training import (
    Background,
    EstimateOnly,
    Workers,
    attended,
    prepared_study,
    say_estimate,
)
from gradsim_core.experiments.figures import report_figures
from gradsim_core.experiments.group_files import read_groups
from gradsim_core.experiments.plans import GivenGroups, Plan, Table, given_name
from gradsim_core.experiments.record import load_plan, run_experiment
from gradsim_core.experiments.report import report_csv, report_markdown, summary_rows
from gradsim_core.experiments.runs import (
    estimate_experiment,
    experiment_key,
    experiment_title,
    submit_experiment,
)
from gradsim_core.pair_tables import read_similarity_table
from gradsim_core.prepared import Prepared
from gradsim_core.storage.store import Store

experiments = typer.Typer(
    no_args_is_help=True, rich_markup_mode="markdown",
    help="Ask a question of a study and get a verdict, with every number it rests on.\n\n"
         "What is trained or computed already is reused, so an experiment that was cut off goes "
         "on, and a second one costs little.")


@experiments.command("groups")
@plan_options
@placed
def groups_experiment(asked: tuple[str, Plan], cache: Cache = DEFAULT_CACHE,
               groups: Annotated[list[Path] | None, typer.Option(help=(
                   "Hand-made groups to compare: JSON, YAML, or a decision by `export`; may be "
                   "repeated."))] = None,
               table: Annotated[Path | None, typer.Option(help=(
                   "A similarity from elsewhere (CSV or TSV) to group by and compare."))] = None,
               plan: Annotated[str | None, typer.Option(hidden=True)] = None,
               report: Annotated[Path | None, typer.Option(help=(
                   "Folder to write report.md with figures, scores.csv and experiment.json "
                   "to."))] = None,
               estimate: EstimateOnly = False, background: Background = False,
               workers: Workers = None, threads: Threads = None, as_json: AsJson = False) -> None:
    """Train groups at equal budget, and say whether they help.

    Every language gives the same number of its own examples under every strategy. What is trained
    already is reused, so an experiment that was cut off goes on, and a second one costs little.
    Ends with a verdict, gains with 95% intervals, and the rank among random groupings.

    ```
    gradsim experiment groups                          # the newest study; the built-in one if none
    gradsim experiment groups --k 4 --draws 40 --estimate
    gradsim experiment groups --k-min 2 --k-max 5      # the number of groups is chosen on dev
    gradsim experiment groups --groups mine.json --strategies hand,all_languages,random
    gradsim experiment groups --groups mine.json --groups yours.json   # both, and the gradients'
    gradsim experiment groups --table lang2vec.csv --strategies gradient,table,monolingual,random
    ```
    """
    store, (signature, wanted) = Store(cache), asked
    refuse_early_report(report, background, estimate)
    prepared = prepared_study(store, signature, threads, estimate)
    name = prepared.signature
    wanted = load_plan(store, name, plan) if plan else _with_files(prepared, wanted, groups or [],
                                                                   table)
    if estimate:
        say_estimate(estimate_experiment(store, name, wanted, workers, threads), as_json)
        return
    if background:
        run = submit_experiment(store, name, wanted, workers, threads)
        if as_json:
            print_json({"run": run.id, "experiment": wanted.id, "signature": name})
        log("Queued as run [bold]{}[/]. Look at it with: gradsim runs show {}", run.id, run.id)
        return
    with attended(store, name, "experiment", experiment_key(name, wanted),
                  experiment_title(wanted)) as observe:
        content = run_experiment(prepared, store, wanted, observe, workers=workers,
                                 threads=threads)
    if report:
        write_report(report, _report(content))
    if as_json:
        print_json(content)
        return
    rows = summary_rows(content)
    print_table(f"Experiment {content['id']} on study {name}", tuple(rows[0]),
                [tuple(row.values()) for row in rows], left=1)
    log("{}", content["verdict"])


add_findings(experiments)


def _with_files(prepared: Prepared, plan: Plan, groups: list[Path], table: Path | None) -> Plan:
    """The plan with what stands in files; a strategy that a file is for need not be named."""
    changes: dict[str, Any] = {}
    names = list(plan.strategies)
    if groups:
        first, *more = groups
        changes |= {"groups": read_groups(first, prepared.sources),
                    "groups_title": first.name[:200],
                    "given": tuple(GivenGroups(title=file.name[:200], groups=read_groups(
                        file, prepared.sources)) for file in more)}
        names += [name for name in ("hand", *map(given_name, range(len(more))))
                  if name not in names]
    if table:
        found, _ = read_similarity_table(table, known=prepared.sources)
        matrix = found.among(prepared.sources)
        changes["table"] = Table(title=table.name[:200], languages=prepared.sources, matrix=tuple(
            tuple(float(cell) if math.isfinite(cell) else None for cell in row) for row in matrix))
        names += ["table"] if "table" not in names else []
    return Plan.model_validate({**dict(plan), **changes, "strategies": tuple(names)})


def _report(content: dict[str, Any]) -> dict[str, str]:
    figures = report_figures(content)
    return {"report.md": report_markdown(content, figures), "scores.csv": report_csv(content),
            **figures,
            "experiment.json": json.dumps(content, indent=2, ensure_ascii=False) + "\n"}
