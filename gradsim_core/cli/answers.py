"""Commands that answer from a finished study: similarity, group, export, verify."""

from __future__ import annotations

import csv
import io
import os
from pathlib import Path
from typing import Annotated, Any

import typer

from gradsim_core.atomic import publish
from gradsim_core.cli.options import (
    DEFAULT_CACHE,
    AsJson,
    Blocks,
    Cache,
    Correction,
    ReadingName,
    Signature,
    Snapshot,
)
from gradsim_core.cli.printing import log, print_json, print_table, print_text, shown
from gradsim_core.decision import (
    Reading,
    Rule,
    check_decision,
    decide,
    decision_json,
    load_decision,
    placed_languages,
    read_similarity,
)
from gradsim_core.errors import GroupingError, StoreError
from gradsim_core.gram import Similarity
from gradsim_core.grouping import linkage_tree, newick
from gradsim_core.results import Results, find_signature, load_results
from gradsim_core.store import Store

Strategy = Annotated[str, typer.Option(
    help="exact, overlapping, agglomerative, spectral, k_means, local_search, family, random, "
         "monolingual or all_languages.")]
K = Annotated[int | None, typer.Option("--k", help="Number of groups; best value if left out.")]
KMin = Annotated[int | None, typer.Option("--k-min", help="Fewest groups to consider.")]
KMax = Annotated[int | None, typer.Option("--k-max", help="Most groups to consider.")]
Smallest = Annotated[int, typer.Option(help="Fewest languages a group may have.")]
Largest = Annotated[int | None, typer.Option(help="Most languages a group may have.")]
MustLink = Annotated[list[str], typer.Option(help="Two languages to keep together: deu,nld.")]
CannotLink = Annotated[list[str], typer.Option(help="Two languages to keep apart: deu,tur.")]
Alone = Annotated[float, typer.Option(help="What a language alone scores.")]
Seed = Annotated[int, typer.Option(help="Seed of strategies that draw.")]


def newest(store: Store, prefix: str) -> str:
    """The study meant by a prefix; the newest one if the prefix is empty."""
    if prefix:
        return find_signature(store, prefix)
    known = store.signatures()
    if not known:
        raise StoreError(f"No studies in {store.root}. Start one with `gradsim run`.")
    return known[0]


def similarity(signature: Signature = "", cache: Cache = DEFAULT_CACHE,
               blocks: Blocks = "encoder", reading: ReadingName = "cosine_of_mean",
               correction: Correction = "raw", snapshot: Snapshot = -1,
               to: Annotated[str, typer.Option("--format", help="table, csv or newick.")] = "table",
               as_json: AsJson = False) -> None:
    """Print the similarity of the languages, with the reliability of each."""
    store = Store(cache)
    results = load_results(store, newest(store, signature))
    found = read_similarity(results, Reading(blocks=blocks, reading=reading,
                                             correction=correction, snapshot=snapshot))
    if as_json:
        print_json(_similarity_json(results, found))
    elif to == "csv":
        print_text(_matrix_csv(found))
    elif to == "newick":
        placed = placed_languages(found)
        tree = linkage_tree(found.matrix[placed][:, placed])
        print_text(newick(tree, [found.languages[i] for i in placed]))
    elif to == "table":
        print_similarity(results, found)
    else:
        raise GroupingError(f"--format {to!r} is not known. Use table, csv or newick.")


def print_similarity(results: Results, found: Similarity) -> None:
    """Print a similarity as a table, with its one-line method."""
    names = results.names
    title = (f"{found.reading}, {found.correction}, {found.blocks[0]}…{found.blocks[-1]}, step "
             f"{found.step}, study {results.signature}; mean of pairs "
             f"{found.mean_off_diagonal:+.3f}")
    print_table(title, ("language", "", *found.languages, "reliability"), [
        (names[code], code, *(f"{value:+.2f}" if value == value else "–" for value in row),
         shown(float(reliability))) for code, row, reliability in
        zip(found.languages, found.matrix, found.reliability, strict=True)], left=2)


def _similarity_json(results: Results, found: Similarity) -> dict[str, Any]:
    def numbers(row: Any) -> list[float | None]:
        return [float(value) if value == value else None for value in row]

    return {"signature": results.signature, "languages": list(found.languages),
            "names": [results.names[code] for code in found.languages],
            "blocks": list(found.blocks), "reading": found.reading,
            "correction": found.correction, "step": found.step,
            "matrix": [numbers(row) for row in found.matrix],
            "reliability": numbers(found.reliability)}


def _matrix_csv(found: Similarity) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["language", *map(_cell, found.languages), "reliability"])
    for code, row, reliability in zip(found.languages, found.matrix, found.reliability,
                                      strict=True):
        writer.writerow([_cell(code), *(repr(float(v)) if v == v else "" for v in row),
                         repr(float(reliability)) if reliability == reliability else ""])
    return text.getvalue()


def _cell(text: str) -> str:
    """Text that no spreadsheet takes for a formula."""
    return f"'{text}" if text[:1] in "=+-@\t\r\0" else text


def group(signature: Signature = "", cache: Cache = DEFAULT_CACHE, blocks: Blocks = "encoder",
          reading: ReadingName = "cosine_of_mean", correction: Correction = "raw",
          snapshot: Snapshot = -1, strategy: Strategy = "exact", k: K = None, k_min: KMin = None,
          k_max: KMax = None, smallest: Smallest = 1, largest: Largest = None,
          must_link: MustLink = [], cannot_link: CannotLink = [],  # noqa: B006 - Typer copies
          alone: Alone = 0.0, seed: Seed = 0, as_json: AsJson = False) -> None:
    """Group the languages: which to train together, and how sure the choice is."""
    decision = _decision(**locals())
    if as_json:
        print_json(decision)
        return
    result = decision["result"]
    print_table(
        f"{result['k']} groups by {strategy}, study {decision['study']['signature']}",
        ("group", "languages"),
        [(one["name"], ", ".join(f"{language['name']} ({language['code']})"
                                 for language in one["languages"]))
         for one in decision["groups"]], left=2)
    sure = ("proved optimal" if result["proved"] else "not proved optimal" if result["gap"] is None
            else f"not proved; at most {result['gap']:.4f} below the best")
    log("Objective {:.4f}, {}. {}", *_plain(result["objective"]), sure, result["note"])
    if result["near_ties"] is not None:
        log("{} groupings lie within 1% of the best.", result["near_ties"])
    for one in decision["not_grouped"]:
        log("[yellow]{} is not grouped:[/] {}", one["code"], one["reason"])


def _plain(value: float | None) -> tuple[str]:
    return ("–" if value is None else f"{value:.4f}",)


def export(file: Annotated[Path | None, typer.Option(
        "--file", "-o", help="Where to write; standard output if left out.")] = None,
           signature: Signature = "", cache: Cache = DEFAULT_CACHE, blocks: Blocks = "encoder",
           reading: ReadingName = "cosine_of_mean", correction: Correction = "raw",
           snapshot: Snapshot = -1, strategy: Strategy = "exact", k: K = None,
           k_min: KMin = None, k_max: KMax = None, smallest: Smallest = 1,
           largest: Largest = None, must_link: MustLink = [],  # noqa: B006
           cannot_link: CannotLink = [], alone: Alone = 0.0, seed: Seed = 0) -> None:  # noqa: B006
    """Write the decision as JSON that anyone can verify: groups, proof, study, versions."""
    settings = locals()
    settings.pop("file")
    text = decision_json(_decision(**settings))
    if file is None:
        print_text(text)
        return
    try:
        publish(file.absolute(), [memoryview(text.encode())])
    except OSError as error:
        raise StoreError(f"{file}: cannot be written ({error.strerror}). Choose another "
                         "place.") from None
    log("Written to {}. Check it with: gradsim verify {}", file, file)


def verify(file: Annotated[Path, typer.Argument(help="A decision that `export` wrote.")],
           cache: Cache = DEFAULT_CACHE, as_json: AsJson = False) -> None:
    """Derive a decision's groups anew from the cache, and say what differs."""
    decision = load_decision(file)
    differences = check_decision(decision, Store(cache))
    if as_json:
        print_json({"holds": not differences, "differences": differences})
    elif differences:
        for line in differences[:20]:
            log("[red]differs:[/] {}", line)
        log("{} does not hold: {} differences.", os.fspath(file), len(differences))
    else:
        log("{} holds: the same {} groups follow from study {}.", os.fspath(file),
            len(decision["groups"]), decision["study"]["signature"])
    if differences:
        raise typer.Exit(1)


def _decision(signature: str, cache: Path, blocks: str, reading: str, correction: str,
              snapshot: int, must_link: list[str], cannot_link: list[str],
              as_json: bool = False, **rule: Any) -> dict[str, Any]:
    from pydantic import ValidationError

    store = Store(cache)
    results = load_results(store, newest(store, signature))
    try:
        made = Rule(**rule, must_link=_pairs("--must-link", must_link),
                    cannot_link=_pairs("--cannot-link", cannot_link))
    except ValidationError as error:
        first = error.errors()[0]
        raise GroupingError(f"--{str(first['loc'][0]).replace('_', '-')}: {first['msg']} (given: "
                            f"{first['input']!r}). Change it.") from None
    return decide(results, Reading(blocks=blocks, reading=reading, correction=correction,
                                   snapshot=snapshot), made)


def _pairs(option: str, texts: list[str]) -> tuple[tuple[str, str], ...]:
    pairs = []
    for text in texts:
        parts = [part.strip() for part in text.split(",")]
        if len(parts) != 2 or not all(parts):
            raise GroupingError(f"{option} {text!r}: name two languages with a comma between them, "
                                "such as deu,nld; repeat the option for more pairs.")
        pairs.append((parts[0], parts[1]))
    return tuple(pairs)
