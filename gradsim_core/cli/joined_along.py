"""The option that reads languages along which joined a study later."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from gradsim_core.cli.printing import log
from gradsim_core.joining.series import with_joined
from gradsim_core.results import Results, load_results
from gradsim_core.storage.store import Store

JoinedAlong = Annotated[str, typer.Option("--joined", metavar="A,B|all", help=(
    "Languages that joined later (see `gradsim join`), to be read along."))]


def results_along(store: Store, signature: str, joined: str) -> Results:
    """A study's results with the languages that ``--joined`` names, each told to be a newcomer."""
    found = with_joined(store, load_results(store, signature),
                        [one.strip() for one in joined.split(",") if one.strip()])
    for one in newcomers_of(found):
        log("{} joined the study later; it was not trained on.", one["name"])
    return found


def newcomers_of(results: Results) -> list[dict[str, Any]]:
    """What the record says of the languages that joined later."""
    return list(results.record.get("joined", ()))


def names_along(results: Results) -> dict[str, str]:
    """Code -> name, in which a language that joined later says so."""
    later = {one["code"] for one in newcomers_of(results)}
    return {code: f"{name} (joined later)" if code in later else name
            for code, name in results.names.items()}
