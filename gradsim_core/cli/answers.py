"""Commands that group the languages of a finished study: group, export, verify."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from gradsim_core.cli.joined_along import JoinedAlong, results_along
from gradsim_core.cli.options import DEFAULT_CACHE, AsJson, Cache, chosen, rule_options
from gradsim_core.cli.printing import log, print_json, print_table, print_text
from gradsim_core.decisions.decision import Reading, Rule, decide, decision_json
from gradsim_core.decisions.verification import check_decision, load_decision
from gradsim_core.errors import StoreError
from gradsim_core.storage.atomic import publish
from gradsim_core.storage.store import Store

Asked = tuple[str, Reading, Rule]

_MOST_SHOWN = 20


@rule_options
def group(asked: Asked, cache: Cache = DEFAULT_CACHE, joined: JoinedAlong = "",
          as_json: AsJson = False) -> None:
    """Group the languages: which to train together, and how sure the choice is.

    A grouping is worth the sum, over languages, of the mean similarity to the others of the
    group. `exact` finds the best one and proves it; `overlapping` lets a language help several
    groups; `local_search` serves hundreds of languages. `family`, `random`, `monolingual` and
    `all_languages` do not look at the similarity: they are there to compare with.

    ```
    gradsim group                                       # newest study, best number of groups
    gradsim group --k 3 --smallest 2 --blocks higher
    gradsim group --must-link deu,nld --cannot-link German,Turkish
    gradsim group --hand mine.json                      # what groups of your own are worth
    ```
    """
    decision = _decision(asked, cache, joined)
    if as_json:
        print_json(decision)
        return
    result, newcomers = decision["result"], {one["code"] for one in decision.get("joined", ())}

    def later(language: dict[str, Any]) -> str:
        return ", joined later" if language["code"] in newcomers else ""

    print_table(
        f"{result['k']} groups by {decision['rule']['strategy']}, study "
        f"{decision['study']['signature']}", ("group", "languages"),
        [(one["name"], ", ".join(f"{language['name']} ({language['code']}{later(language)})"
                                 for language in one["languages"]))
         for one in decision["groups"]], left=2)
    log("{}", _worth(result))
    for one in decision["not_grouped"]:
        log("[yellow]{} is not grouped:[/] {}", one["code"], one["reason"])


def _worth(result: dict[str, Any]) -> str:
    """What a grouping is worth and how sure that is, in one line."""
    if result["objective"] is None:
        worth = "Objective unknown"
    elif result["proved"]:
        worth = f"Objective {result['objective']:.4f}, proved optimal"
    elif result["gap"] is None:
        worth = f"Objective {result['objective']:.4f}, not proved optimal"
    else:
        worth = (f"Objective {result['objective']:.4f}, at most {result['gap']:.4f} below the "
                 "best")
    ties = result["near_ties"]
    near = [] if ties is None else [f"{ties:,} other groupings lie within 1% of it"]
    return ". ".join(part.rstrip(".") for part in (worth, *near, result["note"]) if part) + "."


@rule_options
def export(asked: Asked, cache: Cache = DEFAULT_CACHE, joined: JoinedAlong = "",
           file: Annotated[Path | None, typer.Option("--file", "-o", help=(
               "Where to write; standard output if left out."))] = None) -> None:
    """Write the decision as JSON that anyone can verify: groups, proof, study, versions.

    The options are those of `gradsim group`. The same question gives the same bytes.

    ```
    gradsim export --k 3 -o groups.json
    gradsim export --hand mine.yaml -o groups.json
    gradsim verify groups.json
    ```
    """
    text = decision_json(_decision(asked, cache, joined))
    if file is None or str(file) == "-":
        print_text(text)
        return
    try:
        publish(file.absolute(), [memoryview(text.encode())])
    except OSError as error:
        raise StoreError(f"{str(file)[-200:]}: cannot be written ({error.strerror}). Choose "
                         "another place.") from None
    log("Written to {}. Check it with: gradsim verify {}", file, file)


def verify(file: Annotated[Path, typer.Argument(help="A decision that `export` wrote.")],
           cache: Cache = DEFAULT_CACHE, as_json: AsJson = False) -> None:
    """Derive a decision's groups anew from the cache, and say what differs.

    Ends with 0 if the decision holds, with 1 if anything in it differs from what its own study
    and rule give, and with 2 if it is no decision or its study is not in the cache.

    ```
    gradsim verify groups.json
    ```
    """
    decision = load_decision(file)
    differences = check_decision(decision, Store(cache))
    if as_json:
        print_json({"holds": not differences, "differences": differences})
    elif differences:
        for line in differences[:_MOST_SHOWN]:
            log("[red]differs:[/] {}", line)
        log("{} does not hold: {} difference{}.", file, len(differences),
            "s" * (len(differences) > 1))
    else:
        log("{} holds: the same {} groups follow from study {}.", file,
            len(decision["groups"]), decision["study"]["signature"])
    if differences:
        raise typer.Exit(1)


def _decision(asked: Asked, cache: Path, joined: str) -> dict[str, Any]:
    signature, reading, rule = asked
    store = Store(cache)
    return decide(results_along(store, chosen(store, signature), joined), reading, rule)
