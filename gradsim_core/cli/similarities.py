"""The command that reads a similarity from a finished study."""

from __future__ import annotations

import math
from typing import Annotated, Any

import typer

from gradsim_core.cli.joined_along import JoinedAlong, names_along, newcomers_of, results_along
from gradsim_core.cli.options import DEFAULT_CACHE, AsJson, Cache, chosen, reading_options
from gradsim_core.cli.printing import print_json, print_table, print_text, shown
from gradsim_core.decisions.decision import Reading, placed_languages, read_similarity
from gradsim_core.errors import GroupingError, choice
from gradsim_core.grouping import linkage_tree, newick
from gradsim_core.results import Results
from gradsim_core.similarities.gram import Similarity
from gradsim_core.spreadsheet import csv_text
from gradsim_core.storage.store import Store


@reading_options
def similarity(asked: tuple[str, Reading], cache: Cache = DEFAULT_CACHE,
               to: Annotated[str, typer.Option(
                   "--format", metavar="table|csv|newick",
                   help="A table, CSV with all digits, or the tree of average linkage.")] = "table",
               joined: JoinedAlong = "", as_json: AsJson = False) -> None:
    """Print the similarity of the languages, with the reliability of each.

    A similarity is a cosine of gradients: 1 for the same direction, 0 for none in common. The
    reliability of a language is the cosine of its own two halves; near 0 it tells nothing.

    ```
    gradsim similarity                                  # newest study, all layers
    gradsim similarity --blocks lower --correction centred
    gradsim similarity 3f2a --format csv > matrix.csv   # study 3f2a…
    ```

    With --joined, a language that joined later says so: CSV gets a column `note`, and Newick a
    `[&joined=later]` behind its code, a property in FigTree and iTOL.
    """
    signature, reading = asked
    store = Store(cache)
    results = results_along(store, chosen(store, signature), joined)
    found = read_similarity(results, reading)
    if to not in _FORMATS:
        raise GroupingError(f"--format: {choice('Format', to[:60], _FORMATS)}")
    if as_json:
        print_json(_similarity_json(results, found))
    else:
        _FORMATS[to](results, found)


def print_similarity(results: Results, found: Similarity) -> None:
    """Print a similarity as a table, with its one-line method."""
    names = names_along(results)
    title = (f"{found.reading}, {found.correction}, {found.blocks[0]}…{found.blocks[-1]}, step "
             f"{found.step}, study {results.signature}; mean of pairs "
             f"{found.mean_off_diagonal:+.3f}")
    print_table(title, ("language", "", *found.languages, "reliability"), [
        (names[code], code, *(f"{value:+.2f}" if math.isfinite(value) else "–" for value in row),
         shown(float(reliability))) for code, row, reliability in
        zip(found.languages, found.matrix, found.reliability, strict=True)], left=2)


def _print_csv(results: Results, found: Similarity) -> None:
    later = {one["code"] for one in newcomers_of(results)}

    def note(words: str) -> list[str]:
        return [words] if later else []

    rows = [[code, *_numbers([*row, reliability]), *note("joined later" if code in later else "")]
            for code, row, reliability in
            zip(found.languages, found.matrix, found.reliability, strict=True)]
    print_text(csv_text([["language", *found.languages, "reliability", *note("note")], *rows]))


def _print_newick(results: Results, found: Similarity) -> None:
    placed = placed_languages(found)
    if len(placed) < 2:
        raise GroupingError(f"Only {len(placed)} of {len(found.languages)} languages have a "
                            "defined similarity here, and a tree needs two. Take other blocks, or "
                            "the raw correction.")
    tree = linkage_tree(found.matrix[placed][:, placed])
    print_text(newick(tree, [found.languages[i] for i in placed], notes={
        one["code"]: "joined=later" for one in newcomers_of(results)}))


_FORMATS = {"table": print_similarity, "csv": _print_csv, "newick": _print_newick}


def _similarity_json(results: Results, found: Similarity) -> dict[str, Any]:
    return {"signature": results.signature, "languages": list(found.languages),
            "names": [results.names[code] for code in found.languages],
            "blocks": list(found.blocks), "reading": found.reading,
            "correction": found.correction, "step": found.step,
            "matrix": [_numbers(row) for row in found.matrix],
            "reliability": _numbers(found.reliability),
            **({"joined": later} if (later := newcomers_of(results)) else {})}


def _numbers(row: Any) -> list[float | None]:
    return [float(value) if math.isfinite(value) else None for value in row]
