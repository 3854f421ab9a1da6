"""Commands that look at runs and steer them: runs, and runs show, log, cancel and resume."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Annotated, Any

import typer

from gradsim_core.cli.options import DEFAULT_CACHE, AsJson, Cache
from gradsim_core.cli.printing import duration, log, print_json, print_table, print_text, visible
from gradsim_core.errors import RunAskedError
from gradsim_core.runs import (
    Run,
    cancel_run,
    ensure_supervisor,
    find_run,
    list_runs,
    resume_run,
    run_log,
)
from gradsim_core.storage.store import Store

runs = typer.Typer(rich_markup_mode="markdown")

RunId = Annotated[str, typer.Argument(help="The run's id or its first digits.",
                                      show_default=False)]


@runs.callback(invoke_without_command=True)
def list_all(context: typer.Context, cache: Cache = DEFAULT_CACHE,
             live: Annotated[bool, typer.Option(
                 "--live", help="Only those that are queued or running.")] = False,
             last: Annotated[int, typer.Option(
                 min=1, help="At most so many, the newest.")] = 50,
             as_json: AsJson = False) -> None:
    """List runs, newest first; or look at, cancel or resume one.

    A run is queued, running, done, failed, cancelled, or interrupted (its process was killed).

    ```
    gradsim runs --live
    gradsim runs log 3f2a --lines 50
    gradsim runs cancel 3f2a            # what has been done is kept
    gradsim runs resume 3f2a            # goes on from there
    ```
    """
    if context.invoked_subcommand is not None:
        given = [name for name in context.params
                 if getattr(context.get_parameter_source(name), "name", "") == "COMMANDLINE"]
        if given:
            raise RunAskedError(
                "Options stand after the command: gradsim runs "
                f"{context.invoked_subcommand} … (given before: {', '.join(given)}).")
        return
    store = Store(cache)
    ensure_supervisor(store)
    found = list_runs(store, live=live)[:last]
    if as_json:
        print_json([_facts(run) for run in found])
    elif not found:
        log("No {}runs in {}. Start one with `gradsim run`.", "live " * live, store.root)
    else:
        print_table(f"Runs in {store.root}", ("id", "kind", "study", "title", "state", "%",
                                              "left", "started"),
                    [(run.id, run.kind, run.signature[:8], run.title, run.state,
                      f"{run.progress:.0%}", _left(run), run.started) for run in found], left=5)


@runs.command("show")
def show_run(run_id: RunId, cache: Cache = DEFAULT_CACHE, as_json: AsJson = False) -> None:
    """Show a run: how far it is, or how it ended."""
    store = Store(cache)
    ensure_supervisor(store)
    run = find_run(store, run_id)
    if as_json:
        print_json(_facts(run))
        return
    log("Run [bold]{}[/] ({} {}, study {}) is {}, {} done: {}", run.id, run.kind, run.title,
        run.signature, run.state, f"{run.progress:.0%}", run.error or run.message)
    where = f"process {run.pid}, " if run.pid else ""
    log("Attempt {}, {}started {}, ended {}; about {} left.", run.attempt, where,
        run.started or "not yet", run.ended or "not yet", _left(run) or "?")
    log("Command: {}", json.dumps(run.argv, ensure_ascii=False))
    if run.live:
        log("Follow it with: gradsim runs log {}; end it with: gradsim runs cancel {}", run.id,
            run.id)
    elif run.state != "done":
        log("Go on with: gradsim runs resume {}", run.id)


@runs.command("log")
def show_log(run_id: RunId, cache: Cache = DEFAULT_CACHE,
             lines: Annotated[int, typer.Option(min=1, help="How many, from the end.")] = 40,
             as_json: AsJson = False) -> None:
    """Print the last lines of a run's log."""
    store = Store(cache)
    run = find_run(store, run_id)
    printed = run_log(store, run.id, lines)
    if as_json:
        print_json({"id": run.id, "log": run.log, "lines": printed.splitlines()})
    elif not run.log:
        log("Run {} was started in a terminal, which has what it printed.", run.id)
    elif printed:
        print_text("\n".join(visible(line) for line in printed.splitlines()))
    else:
        log("Run {} has printed nothing yet.", run.id)


@runs.command("cancel")
def cancel(run_id: RunId, cache: Cache = DEFAULT_CACHE,
           grace: Annotated[float, typer.Option(
               min=0, metavar="SECONDS", help="Time to end by itself; then it is killed.")] = 10.0,
           as_json: AsJson = False) -> None:
    """Cancel a run; what it has done is kept, and it can be resumed."""
    store = Store(cache)
    before = find_run(store, run_id)
    after = cancel_run(store, before.id, grace)
    if as_json:
        print_json(_facts(after))
    elif before.live:
        log("Run {} is {}. Go on with: gradsim runs resume {}", after.id, after.state, after.id)
    else:
        log("Run {} was not live: it is {}.", after.id, after.state)


@runs.command("resume")
def resume(run_id: RunId, cache: Cache = DEFAULT_CACHE, as_json: AsJson = False) -> None:
    """Queue a run again that failed, was cancelled or was interrupted; it goes on where it was."""
    store = Store(cache)
    run = resume_run(store, run_id)
    if as_json:
        print_json(_facts(run))
    else:
        log("Run {} is queued again. Follow it with: gradsim runs log {}", run.id, run.id)


def _facts(run: Run) -> dict[str, Any]:
    return {**asdict(run), "argv": list(run.argv)}


def _left(run: Run) -> str | None:
    return None if run.eta_s is None else duration(run.eta_s)
