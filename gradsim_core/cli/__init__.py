"""The command line: ``gradsim COMMAND``.

Conventions
-----------
Data go to standard output, everything else to standard error. ``--json`` prints one JSON value
for programs. Exit codes: 0 done; 1 the answer is no, or the run failed; 2 the input is wrong.
Every option that a study file has too bears the same name there.
"""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Callable
from typing import Any

import typer

from gradsim_core.cli.answers import export, group, verify
from gradsim_core.cli.computing import estimate, run
from gradsim_core.cli.experiments import experiments
from gradsim_core.cli.groupings import groupings
from gradsim_core.cli.house import dashboard, doctor, supervise
from gradsim_core.cli.joining import join
from gradsim_core.cli.matrices import matrices_command
from gradsim_core.cli.measures import import_similarity, measures
from gradsim_core.cli.printing import log
from gradsim_core.cli.runs import runs
from gradsim_core.cli.scores import import_scores, scores
from gradsim_core.cli.scripts import script
from gradsim_core.cli.similarities import similarity
from gradsim_core.cli.stability import stability_command
from gradsim_core.cli.studies import list_studies, show
from gradsim_core.cli.topics import topics
from gradsim_core.cli.training import train, transfer
from gradsim_core.cli.uploads import uploads
from gradsim_core.errors import GradSimError, RunAskedError, RunError

app = typer.Typer(
    name="gradsim", no_args_is_help=True, add_completion=False, rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
    help="Measure which languages help each other in multilingual training.\n\n"
         "Start with `gradsim run` (the built-in study, about a minute), then `gradsim similarity`,"
         " `gradsim group` and `gradsim export`. `gradsim dashboard` shows the same in a browser."
         "\n\nData go to standard output, words to standard error. Exit codes: 0 done; 1 the "
         "answer is no, or the run failed; 2 the input is wrong.")

COMMANDS: dict[str, Callable[..., Any]] = {
    "run": run, "estimate": estimate, "list": list_studies, "show": show,
    "join": join, "similarity": similarity, "group": group, "stability": stability_command,
    "export": export, "verify": verify, "groupings": groupings, "script": script,
    "train": train, "transfer": transfer, "scores": scores,
    "import-scores": import_scores, "measures": measures,
    "import-similarity": import_similarity, "matrices": matrices_command,
    "topics": topics, "uploads": uploads, "doctor": doctor, "dashboard": dashboard}
for name, command in COMMANDS.items():
    app.command(name)(command)
app.add_typer(experiments, name="experiment")
app.add_typer(runs, name="runs")
app.command("supervise", hidden=True)(supervise)  # how the supervisor's own process is started


def main() -> None:
    """Run the command line; our own errors end in one sentence, never in a traceback."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # what it cannot encode is spelled out
            stream.reconfigure(errors="backslashreplace")
    try:
        app(prog_name="gradsim")
    except GradSimError as error:
        log("[bold red]gradsim:[/] {}", error)
        sys.exit(1 if isinstance(error, RunError) and not isinstance(error, RunAskedError) else 2)
    except BrokenPipeError:  # the reader of our output, such as `head`, has had enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
