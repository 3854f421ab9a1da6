"""The command that lets a language join a finished study."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Annotated, Any

import typer

from gradsim_core.cli.options import (
    DEFAULT_CACHE,
    AsJson,
    Cache,
    Threads,
    chosen,
    column_names,
    rule_options,
)
from gradsim_core.cli.printing import duration, log, print_json, print_table, shown, size
from gradsim_core.cli.training import attended
from gradsim_core.decisions.decision import Reading, Rule
from gradsim_core.joining.adding import (
    add_language,
    check_joinable,
    estimate_join,
    find_joined,
    newcomer_notes,
)
from gradsim_core.joining.placing import Placement, placement
from gradsim_core.joining.record import Joined, joined_names, load_joined
from gradsim_core.joining.rows import FEW, Newcomer, newcomer_rows
from gradsim_core.joining.runs import JOIN, join_key
from gradsim_core.joining.series import joined_increments, with_joined
from gradsim_core.results import Results, load_results
from gradsim_core.storage.store import Store

_MOST_SHOWN = 8


@rule_options
def join(asked: tuple[str, Reading, Rule], cache: Cache = DEFAULT_CACHE,
         language: Annotated[str, typer.Option(help=(
             "The language that joins, in any spelling; left out: list those that have."))] = "",
         data: Annotated[Path | None, typer.Option(help=(
             "A file or folder with its rows; the study's own source if left out."))] = None,
         columns: Annotated[str, typer.Option(metavar="ROLE=COLUMN,…", help=(
             "Columns of the file; roles: text, label, language, split, topic, id."))] = "",
         estimate: Annotated[bool, typer.Option("--estimate", help=(
             "Say what it would take, and compute nothing."))] = False,
         threads: Threads = None, as_json: AsJson = False) -> None:
    """Let a language join a finished study, without computing the others anew.

    The study must have kept its weights (`gradsim run --keep-weights`). The newcomer's gradients
    are taken there from its training rows, about 100 or more; its reliability says how far its
    place can be trusted. The study's own results and signature stay as they are.

    ```
    gradsim join --language Catalan --estimate                  # built-in data has more languages
    gradsim join --language cat --data catalan.csv --columns text=tweet,label=mood
    gradsim join                                                # those that have joined
    gradsim group --joined all                                  # everyone grouped anew
    ```
    """
    signature, reading, rule = asked
    store = Store(cache)
    results = load_results(store, chosen(store, signature))
    if not language:
        _list(store, results, as_json)
        return
    newcomer = newcomer_rows(results.record, language, data,
                             column_names(columns, "text=tweet,label=mood"))
    kept = check_joinable(store, results)
    there = find_joined(store, results, newcomer)
    if estimate:
        _say_estimate({**estimate_join(results, newcomer, kept), "joined": there is not None},
                      as_json)
        return
    for note in newcomer_notes(store, results, newcomer):
        log("[yellow]{}[/]", note)
    if there is None:
        there = _added(store, results, newcomer, threads)
    else:
        log("{} has joined with these rows already; its entry is reused.", newcomer.language.name)
    both = with_joined(store, results, (there.name,))
    found = placement(results, both, there.code, joined_increments(store, both), reading, rule)
    if as_json:
        print_json(placement_json(there, found))
    else:
        _print_placement(both, there, found)


def placement_json(joined: Joined, found: Placement) -> dict[str, Any]:
    """A newcomer's place, for programs; the last of the gains is that of a group of its own."""
    return {"code": found.code, "id": joined.id, "name": joined.language["name"],
            "facts": dict(joined.facts), "reliability": _number(found.reliability),
            "block_reliability": {block: _number(one)
                                  for block, one in found.block_reliability.items()},
            "similarity": found.similarity, "groups": [list(group) for group in found.groups],
            "gains": list(found.gains), "chosen": found.chosen, "sure": found.sure,
            "halves": list(found.halves)}


def _added(store: Store, results: Results, newcomer: Newcomer, threads: int | None) -> Joined:
    """Compute it as a run of its own."""
    title = f"{newcomer.language.name} joins"
    with attended(store, results.signature, JOIN, join_key(results.signature, newcomer),
                  title) as observe:
        observe({"kind": "stage", "message": "Loading PyTorch"})
        joined = add_language(store, results, newcomer, observe, threads)
        observe({"kind": "done", "message": f"{newcomer.language.name} has joined"})
    return joined


def _say_estimate(found: dict[str, Any], as_json: bool) -> None:
    if as_json:
        print_json(found)
    elif found["joined"]:
        log("Nothing to compute: it has joined with these rows already.")
    else:
        log("{} training rows; gradients of {} examples, about {} and {} of disk.",
            f"{found['rows']:,}", f"{found['examples']:,}", duration(found["seconds"]),
            size(found["disk_bytes"]))


def _print_placement(results: Results, joined: Joined, found: Placement) -> None:
    names, name = results.names, joined.language["name"]
    nearest = list(found.similarity.items())[:_MOST_SHOWN]
    print_table(f"Nearest to {name}, of {len(found.similarity)} languages of study "
                f"{results.signature}", ("language", "", "similarity"),
                [(names[code], code, value) for code, value in nearest], left=2)
    order = sorted(range(len(found.gains)), key=lambda at: -found.gains[at])[:_MOST_SHOWN]
    print_table("Objective gained by entering a group", ("", "group", "gain"),
                [("→" if at == found.chosen else "", _group_words(results, found, at),
                  found.gains[at]) for at in order], left=2)
    print_table("Reliability by block", ("block", "reliability"),
                list(found.block_reliability.items()))
    log("{} would enter: {}. {}", name, _group_words(results, found, found.chosen), _sure(found))
    few = joined.facts["rows"]["train"] < FEW
    log("Reliability {}{}: the cosine of its two halves; near 0 its place tells nothing.",
        shown(found.reliability), f", from {joined.facts['rows']['train']} rows" * few)
    log("The model was not trained on it, as it was on the others: before small differences count, "
        "run the study anew with it. Read it along with: gradsim group {} --joined {}",
        results.signature, found.code)


def _group_words(results: Results, found: Placement, at: int) -> str:
    if at == len(found.groups):
        return "a group of its own"
    members = [results.names[code] for code in found.groups[at]]
    return ", ".join(members[:_MOST_SHOWN]) + (
        f" and {len(members) - _MOST_SHOWN} more" if len(members) > _MOST_SHOWN else "")


def _sure(found: Placement) -> str:
    halves = sum(half == found.chosen for half in found.halves)
    words = ("Neither half of the rows says so", "One half of the rows says so",
             "Both halves of the rows say so")[halves]
    if found.sure is None:
        return f"{words}; the study has nothing to resample."
    return f"{100 * found.sure:.0f}% of resampled trainings say so; {words[0].lower()}{words[1:]}."


def _list(store: Store, results: Results, as_json: bool) -> None:
    found = [one for name in joined_names(store, results.signature)
             if (one := load_joined(store, results.signature, name)) is not None]
    if as_json:
        print_json([{"code": one.code, "id": one.id, "name": one.language["name"],
                     "facts": dict(one.facts)} for one in found])
    elif not found:
        log("No language has joined study {}. Add one with: gradsim join {} --language X",
            results.signature, results.signature)
    else:
        print_table(f"Joined study {results.signature}, the newest first",
                    ("language", "", "id", "rows", "from"),
                    [(one.language["name"], one.code, one.id, one.facts["rows"]["train"],
                      one.facts["source"]) for one in found], left=3)


def _number(value: float) -> float | None:
    return value if math.isfinite(value) else None
