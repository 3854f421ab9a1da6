"""Commands about score tables: scores of a study's trials, and scores from elsewhere."""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer

from gradsim_core.cli.options import (
    DEFAULT_CACHE,
    AsJson,
    Cache,
    budget_options,
    chosen,
    column_names,
)
from gradsim_core.cli.printing import log, print_json, print_table, print_text
from gradsim_core.errors import DataError, StudyError, choice
from gradsim_core.experiments.plans import Spending
from gradsim_core.pair_tables import (
    TableReport,
    align,
    load_imported,
    read_scores,
    save_imported,
    scores_csv,
)
from gradsim_core.scores.majority import load_majority
from gradsim_core.scores.tables import (
    ALL_LANGUAGES,
    MAJORITY,
    MONOLINGUAL,
    Scores,
    gains_over_all_languages,
    gains_over_majority,
    gains_over_monolingual,
    mean_scores,
    seed_agreement,
)
from gradsim_core.scores.trained import (
    all_languages_scores,
    load_record,
    pair_gains,
    transfer_scores,
)
from gradsim_core.storage.store import Store
from gradsim_core.study import Study
from gradsim_core.trials import Budget

GAINS = ("none", MONOLINGUAL, ALL_LANGUAGES, MAJORITY)
FORMATS = {"table": "", "csv": "wide", "long": "long"}
"""What to print -> layout of the CSV."""


@budget_options
def scores(asked: tuple[str, Spending], cache: Cache = DEFAULT_CACHE,
           gain: Annotated[str, typer.Option(metavar="|".join(GAINS), help=(
               "Print gains over the target's own model, over one model of all languages, or "
               "over the most frequent label."))] = "none",
           pairs: Annotated[bool, typer.Option("--pairs", help=(
               "What a language gains when another is trained with it, instead."))] = False,
           imported: Annotated[str | None, typer.Option(metavar="NAME", help=(
               "Scores that `import-scores` kept under this name, instead."))] = None,
           split: Annotated[str, typer.Option(metavar="dev|test", help="Rows scored.")] = "test",
           metric: Annotated[str | None, typer.Option(
               help="Such as accuracy or macro_f1; the study's own if left out.")] = None,
           to: Annotated[str, typer.Option("--format", metavar="|".join(FORMATS), help=(
               "A table in percent, or CSV in fractions: one row a source, or one a pair."))
               ] = "table",
           as_json: AsJson = False) -> None:
    """Print how well a model trained on each language does on each other one.

    Rows are trained on, columns tested on. Models that have not been trained yet leave a dash.

    ```
    gradsim scores                                  # newest study
    gradsim scores --gain monolingual --format csv > gains.csv
    gradsim scores --pairs --seeds 1
    gradsim scores 3f2a --imported published
    ```
    """
    if gain not in GAINS:
        raise StudyError(f"--gain: {choice('Gain', gain[:40], GAINS)}")
    if to not in FORMATS:
        raise StudyError(f"--format: {choice('Format', to[:40], FORMATS)}")
    store, (signature, spending) = Store(cache), asked
    record = load_record(store, chosen(store, signature, finished=False))
    study = Study.model_validate(record["study"])
    budget, seeds = spending.budget(study), spending.seed_numbers(study)
    if imported is not None:
        if gain == ALL_LANGUAGES or pairs:
            raise StudyError("Imported scores have neither pairs nor a model of all languages of "
                             "their own. Leave out --pairs, or take another --gain.")
        found = load_imported(store, record["signature"], imported)
    else:
        read = pair_gains if pairs else transfer_scores
        found = read(store, record, budget, seeds, split, metric)
    found = _gained(found, gain, store, record, budget)
    names = {one["code"]: one["name"] for one in record["languages"]}
    if as_json:
        print_json(_json(found))
    elif FORMATS[to]:
        print_text(scores_csv(found, FORMATS[to], names))
    else:
        _print(found, names)


def _gained(found: Scores, gain: str, store: Store, record: dict[str, Any],
            budget: Budget) -> Scores:
    if gain == MONOLINGUAL:
        return gains_over_monolingual(found)
    if gain == MAJORITY:
        return gains_over_majority(found, load_majority(store, record["signature"],
                                                        found.split or "test"))
    if gain == ALL_LANGUAGES:
        together = all_languages_scores(store, record, budget, found.seeds,
                                        found.split, found.metric, found.targets)
        return gains_over_all_languages(found, together)
    return found


def _print(found: Scores, names: dict[str, str]) -> None:
    """Print the mean over seeds in percent, and what to know about it."""
    signed = "+" if found.gain_over else ""
    what = f"gain over {found.gain_over}, points" if found.gain_over else "percent"
    seeds = f"{len(found.seeds)} seed{'s' * (len(found.seeds) != 1)}"
    print_table(
        f"{found.metric or 'score'} {found.split}, {what}, mean of {seeds}; {found.origin}",
        ("trained on", "", *found.targets),
        [(names.get(code, code), code, *(f"{100 * value:{signed}.1f}" if math.isfinite(value)
                                         else "–" for value in row))
         for code, row in zip(found.sources, mean_scores(found), strict=True)], left=2)
    if found.missing:
        log("{} of {} scores are missing: not imported, or not trained with this budget. `gradsim "
            "transfer` trains what is missing.", f"{found.missing:,}", f"{found.values.size:,}")
    agreement = seed_agreement(found)
    if math.isfinite(agreement.correlation):
        log("Halves of the seeds agree at r = {}; reliability of their mean: {}.",
            f"{agreement.correlation:.2f}", f"{agreement.reliability:.2f}")


def import_scores(
        file: Annotated[Path, typer.Argument(help="A wide or long table: .csv, .tsv or .txt.")],
        unit: Annotated[str, typer.Option(metavar="fraction|percent", help=(
            "What the scores are written in; never guessed."))],
        study: Annotated[str, typer.Option(metavar="SIGNATURE", help=(
            "Study to align the table with, and to keep it with; without one it is only "
            "checked."))] = "",
        name: Annotated[str | None, typer.Option(
            help="What to keep it under; the file's name if left out.")] = None,
        columns: Annotated[str, typer.Option(metavar="ROLE=COLUMN,…", help=(
            "Columns of a long table that do not go by their usual names; roles: source, "
            "target, score, seed, metric, split."))] = "",
        metric: Annotated[str | None, typer.Option(
            help="Which to read of several metrics, or what to call the one.")] = None,
        split: Annotated[str | None, typer.Option(
            help="Which to read of several splits, or what to call the one.")] = None,
        cache: Cache = DEFAULT_CACHE, as_json: AsJson = False) -> None:
    """Read scores that were measured elsewhere, say what was understood, and keep them.

    A wide table names the sources (trained on) in its first column and the targets (tested on)
    in its header; a long one has columns for source, target and score. Empty cells are missing.

    ```
    gradsim import-scores transfer.csv --unit percent               # only check
    gradsim import-scores transfer.csv --unit percent --study 3f2a --name published
    gradsim import-scores long.tsv --unit fraction --columns source=train,score=f1
    ```
    """
    store = Store(cache)
    record = load_record(store, chosen(store, study, finished=False)) if study else None
    codes = [one["code"] for one in record["languages"]] if record else []
    found, report = read_scores(file, unit, columns=column_names(columns, "source=train_lang"),
                                metric=metric, split=split, known=codes)
    sentences = [_outline(found, report), *report.sentences()]
    kept = None
    if record:
        found, alignment = align(found, codes)
        kept = name or re.sub("[^A-Za-z0-9_-]+", "-", file.stem).strip("-_")[:60] or "scores"
        save_imported(store, record["signature"], kept, found)
        sentences += alignment.sentences()
    elif name:
        raise DataError(f"--name {name[:60]}: scores are kept with a study. Name it with --study; "
                        "`gradsim list` shows those there are.")
    if as_json:
        print_json({**_json(found), "report": sentences, "kept_as": kept,
                    "study": record["signature"] if record else None})
        return
    _print(found, {one.code: one.name for one in report.languages.values()})
    for sentence in sentences:
        log("{}", sentence)
    if record:
        log("Kept with study {} as {}. Show it with: gradsim scores {} --imported {}",
            record["signature"], kept, record["signature"], kept)


def _outline(found: Scores, report: TableReport) -> str:
    seeds = f", {len(found.seeds)} seeds" * (len(found.seeds) > 1)
    return (f"{report.path}: a {report.layout} table, {len(found.sources)} sources x "
            f"{len(found.targets)} targets{seeds}.")


def _json(found: Scores) -> dict[str, Any]:
    agreement = seed_agreement(found)
    return {"metric": found.metric, "split": found.split, "gain_over": found.gain_over,
            "origin": found.origin, "seeds": list(found.seeds), "sources": list(found.sources),
            "targets": list(found.targets), "mean": _numbers(mean_scores(found)),
            "values": [_numbers(table) for table in found.values],
            "seed_agreement": {name: _number(value) for name, value in
                               agreement._asdict().items()}}


def _numbers(table: np.ndarray) -> list[list[float | None]]:
    return [[_number(value) for value in row] for row in table]


def _number(value: float) -> float | int | None:
    if isinstance(value, int):
        return value
    return float(value) if math.isfinite(value) else None
