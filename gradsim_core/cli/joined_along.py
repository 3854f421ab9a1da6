"""The option that reads languages along which joined a study later."""

from __future__ import annotations

from typing import Annotated

import typer

from gradsim_core.joining.series import with_joined
from gradsim_core.results import Results, load_results
from gradsim_core.storage.store import Store

JoinedAlong = Annotated[str, typer.Option("--joined", metavar="A,B|all", help=(
    "Languages that joined later (see `gradsim join`), to be read along."))]


def results_along(store: Store, signature: str, joined: str) -> Results:
    """A study's results with the languages that ``--joined`` names."""
    return with_joined(store, load_results(store, signature),
                       [one.strip() for one in joined.split(",") if one.strip()])
