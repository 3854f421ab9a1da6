"""The command that lists, keeps and gives groupings that are saved with a study."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from gradsim_core.cli.options import DEFAULT_CACHE, AsJson, Cache, Signature, chosen
from gradsim_core.cli.printing import log, print_json, print_table, print_text
from gradsim_core.decisions.decision import decision_json
from gradsim_core.decisions.kept_groupings import (
    SavedGrouping,
    agreement,
    damaged_groupings,
    load_saved,
    save_grouping,
    saved_groupings,
    serving_groups,
)
from gradsim_core.decisions.verification import check_decision, load_decision
from gradsim_core.errors import GroupingError
from gradsim_core.storage.store import Store

_MOST_COMPARED = 8


def groupings(signature: Signature = "", cache: Cache = DEFAULT_CACHE,
              show: Annotated[str | None, typer.Option(metavar="ID", help=(
                  "Print this one's decision, for `gradsim verify`."))] = None,
              keep: Annotated[Path | None, typer.Option(metavar="FILE", help=(
                  "Save the decision in this file with its study."))] = None,
              name: Annotated[str, typer.Option(help=(
                  "Its name; the file's if left out."))] = "",
              as_json: AsJson = False) -> None:
    """List the groupings that are saved with a study, and how alike they are.

    They are those of the dashboard's Groups page. Likeness is the adjusted Rand index: 1 for the
    same groups, about 0 by chance.

    ```
    gradsim groupings                             # of the newest study
    gradsim groupings --keep mine.json --name "Two models"
    gradsim groupings --show 3f2a > mine.json
    ```
    """
    store = Store(cache)
    if keep is not None:
        decision = load_decision(keep)
        if check_decision(decision, store):
            raise GroupingError(f"{str(keep)[-150:]} does not hold, so it is not kept. See what "
                                "differs with `gradsim verify`.")
        kept = save_grouping(store, decision["study"]["signature"], name or keep.stem, decision)
        log("Kept as {} with study {}.", kept, decision["study"]["signature"])
        return
    study = chosen(store, signature)
    found = saved_groupings(store, study)
    if show is not None:
        print_text(decision_json(dict(_one(store, study, show, found).decision)))
        return
    if as_json:
        print_json([_row(one, found) for one in found])
    elif not found:
        log("Study {} keeps no groupings. Save one on the Groups page of `gradsim dashboard`, or "
            "with --keep.", study)
    else:
        few = found[:_MOST_COMPARED]
        print_table(f"Groupings of study {study}",
                    ("id", "name", "strategy", "K", "objective",
                     *(f"{at}" for at in range(1, len(few) + 1))),
                    [(one.id, f"{at} {one.name}", one.decision["rule"]["strategy"],
                      len(one.decision["groups"]), one.decision["result"].get("objective"),
                      *(_likeness(one, other) for other in few))
                     for at, one in enumerate(found, 1)], left=3)
    for lost in damaged_groupings(store, study):
        log("[yellow]{} was damaged and set aside.[/]", lost)


def _one(store: Store, study: str, prefix: str, found: list[SavedGrouping]) -> SavedGrouping:
    meant = [one for one in found if one.id.startswith(prefix)]
    if len(meant) == 1 and (one := load_saved(store, study, meant[0].id)):
        return one
    there = ", ".join(one.id for one in found[:10]) or "none"
    raise GroupingError(f"{len(meant)} groupings of study {study} begin with {prefix[:40]!r}. "
                        f"There are: {there}.")


def _row(one: SavedGrouping, others: list[SavedGrouping]) -> dict[str, Any]:
    return {"id": one.id, "name": one.name, "strategy": one.decision["rule"]["strategy"],
            "k": len(one.decision["groups"]),
            "objective": one.decision["result"].get("objective"),
            "adjusted_rand_index": {other.id: _likeness(one, other) for other in others}}


def _likeness(one: SavedGrouping, other: SavedGrouping) -> float | None:
    return agreement(serving_groups(one.decision), serving_groups(other.decision)).index
