"""The command line: ``gradsim COMMAND``.

Conventions
-----------
Data go to standard output, everything else to standard error. ``--json`` prints one JSON value
for programs. Exit codes: 0 done; 1 the answer is no, or the run failed; 2 the input is wrong.
Every option that a study file has too bears the same name there.
"""

from __future__ import annotations

import sys

import typer

from gradsim_core.cli.answers import export, group, similarity, verify
from gradsim_core.cli.house import dashboard, doctor
from gradsim_core.cli.printing import log
from gradsim_core.cli.studies import estimate, list_studies, run, show
from gradsim_core.errors import GradSimError, RunError

app = typer.Typer(
    name="gradsim", no_args_is_help=True, add_completion=False, rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
    help="Measure which languages help each other in multilingual training.\n\n"
         "Start with `gradsim run` (the built-in study, about a minute), then `gradsim similarity`,"
         " `gradsim group` and `gradsim export`. `gradsim dashboard` shows the same in a browser.")

for name, command in {"run": run, "estimate": estimate, "list": list_studies, "show": show,
                      "similarity": similarity, "group": group, "export": export,
                      "verify": verify, "doctor": doctor, "dashboard": dashboard}.items():
    app.command(name)(command)


def main() -> None:
    """Run the command line; our own errors end in one sentence, never in a traceback."""
    try:
        app()
    except GradSimError as error:
        log("[bold red]gradsim:[/] {}", error)
        sys.exit(1 if isinstance(error, RunError) else 2)
    except BrokenPipeError:  # the reader of our output, such as `head`, has had enough
        sys.stderr.close()
        sys.exit(0)
