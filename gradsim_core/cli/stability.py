"""The command that says how sure groups and branches are."""

from __future__ import annotations

from typing import Annotated, Any

import numpy as np
import typer

from gradsim_core.cli.joined_along import JoinedAlong, names_along, newcomers_of, results_along
from gradsim_core.cli.options import DEFAULT_CACHE, AsJson, Cache, chosen, rule_options
from gradsim_core.cli.printing import log, print_json, print_table
from gradsim_core.decisions.decision import Reading, Rule
from gradsim_core.errors import GradSimError
from gradsim_core.grouping.stability import clades
from gradsim_core.joining.series import joined_increments
from gradsim_core.results import Results
from gradsim_core.similarities.robustness import (
    RESAMPLES,
    Certainty,
    Stability,
    certainty,
    stability,
)
from gradsim_core.similarities.settled import Settling, settling, settling_sentence
from gradsim_core.storage.store import Store


@rule_options
def stability_command(asked: tuple[str, Reading, Rule], cache: Cache = DEFAULT_CACHE,
                      resamples: Annotated[int, typer.Option(
                          min=20, max=100_000, help="Times the steps are drawn anew."
                      )] = RESAMPLES, joined: JoinedAlong = "",
                      as_json: AsJson = False) -> None:
    """Say how sure the groups are: draw the training's steps anew, and group again.

    For every language: in how many resamples it changes group; for every branch of the tree: in
    how many it is found. Also the earliest snapshot from which on the groups stayed the same.

    ```
    gradsim stability                       # newest study, best number of groups
    gradsim stability --k 3 --resamples 1000
    gradsim stability 3f2a --blocks higher --json
    ```
    """
    signature, reading, rule = asked
    store = Store(cache)
    name = chosen(store, signature)
    results = results_along(store, name, joined)
    settled = None if rule.hand else settling(results, reading, rule)
    increments = joined_increments(store, results)
    try:
        sure = certainty(results, increments, reading, resamples)
    except GradSimError:
        if settled:
            log("{}", settling_sentence(settled))  # needs no increments
        raise
    found = stability(results, increments, reading, rule, resamples)
    if as_json:
        print_json({**stability_json(found, sure, settled),
                    **({"joined": later} if (later := newcomers_of(results)) else {})})
        return
    names = names_along(results)
    print_table(f"Groups over {found.resamples} resamples, study {name}",
                ("group", "language", "", "changes group", "most often with"),
                [(f"{group + 1}", names[code], code, f"{100 * change:.0f}%",
                  _companions(found, at)) for at, (code, group, change) in sorted(
                    enumerate(zip(found.languages, found.groups, found.changes, strict=True)),
                    key=lambda item: (item[1][1], item[1][2]))], left=3)
    print_table("Branches of the tree (average linkage), found in so many resamples",
                ("found", "branch"), _branches(sure, results), left=2)
    log("Just these groups came out in {} of {} resamples.",
        round(found.same * found.resamples), f"{found.resamples:,}")
    if found.undefined:
        log("[yellow]{} more resamples[/] left a similarity undefined and were not grouped.",
            f"{found.undefined:,}")
    if settled:
        log("{}", settling_sentence(settled))


def stability_json(found: Stability, sure: Certainty, settled: Settling | None) -> dict[str, Any]:
    """Everything that is known of the stability, for programs; hand-made groups never settle."""
    return {
        "languages": list(found.languages), "groups": found.groups.tolist(),
        "resamples": found.resamples, "undefined": found.undefined, "same": found.same,
        "changes": dict(zip(found.languages, found.changes.tolist(), strict=True)),
        "together": found.together.tolist(), "low": sure.low.tolist(), "high": sure.high.tolist(),
        "branches": [{"languages": sorted(found.languages[i] for i in clade), "support": support}
                     for clade, support in zip(clades(sure.tree), sure.support.tolist(),
                                               strict=True)],
        "settled": settled and {
            "step": settled.step, "saved": settled.saved, "steps": list(settled.steps),
            "agreement": list(settled.agreement)}}


def _companions(found: Stability, at: int) -> str:
    """The languages that most often share its group, with how often."""
    share = found.together[at].copy()
    share[at] = -1
    return ", ".join(f"{found.languages[i]} {100 * share[i]:.0f}%"
                     for i in np.argsort(-share, kind="stable")[:3])


def _branches(sure: Certainty, results: Results) -> list[tuple[str, str]]:
    return [(f"{100 * support:.0f}%", ", ".join(results.names[sure.languages[i]]
                                                for i in sorted(clade)))
            for clade, support in zip(clades(sure.tree)[:-1], sure.support, strict=False)]
