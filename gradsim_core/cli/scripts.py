"""The command that writes a decision as a Python script: script."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gradsim_core.cli.printing import log, print_text
from gradsim_core.decisions.group_script import training_script
from gradsim_core.decisions.verification import load_decision


def script(file: Annotated[Path, typer.Argument(help="A decision that `export` wrote.")],
           model: Annotated[str | None, typer.Option(help=(
               "Hub id or folder of the model; the study's if left out."))] = None) -> None:
    """Print a Python script that trains one model for each group of a decision.

    It reads the study's rows, trains with datasets and transformers, and saves a folder a group
    with a table of which language goes to which model.

    ```
    gradsim export --k 3 -o groups.json
    gradsim script groups.json --model FacebookAI/xlm-roberta-base > train_groups.py
    python train_groups.py
    ```
    """
    print_text(training_script(load_decision(file), model))
    log("Read it before you run it: what you may want to change stands at its top.")
