"""Commands about measures: those of a study, and similarities from elsewhere kept beside them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer

from gradsim_core.cli.options import (
    DEFAULT_CACHE,
    AsJson,
    Cache,
    Signature,
    chosen,
    column_names,
)
from gradsim_core.cli.printing import log, print_json, print_table, print_text, shown
from gradsim_core.errors import DataError, StoreError, choice
from gradsim_core.findings.record import number, numbers
from gradsim_core.measures import Measure
from gradsim_core.measuring.files import keep_similarity, read_similarity_files, table_files
from gradsim_core.measuring.kept import IMPORTED, imported_name, left_out_measures
from gradsim_core.measuring.measured import study_measures
from gradsim_core.prepared import Prepared, prepare
from gradsim_core.scores.trained import load_record
from gradsim_core.spreadsheet import csv_text
from gradsim_core.storage.store import Store
from gradsim_core.study import Study

FORMATS = ("table", "csv", "long")

Files = Annotated[list[Path], typer.Argument(
    metavar="FILE", help="Wide or long tables (.csv, .tsv, .txt), one a layer; or a folder of "
                         "them.")]
Columns = Annotated[str, typer.Option(metavar="ROLE=COLUMN,…", help=(
    "Columns of a long table that do not go by their usual names; roles: source, target, score."))]


def measures(signature: Signature = "", cache: Cache = DEFAULT_CACHE,
             names: Annotated[str, typer.Option(metavar="A,B,…", help=(
                 "Measures wanted, such as gradient or typology.syntactic; all if left out. One "
                 "name shows its matrix."))] = "",
             layers: Annotated[bool, typer.Option("--layers", help=(
                 "Every layer too, in the long format."))] = False,
             to: Annotated[str, typer.Option("--format", metavar="|".join(FORMATS), help=(
                 "A table, or CSV with all digits: one row a source, or one a pair."))] = "table",
             as_json: AsJson = False) -> None:
    """Print how similar the study's languages are by every measure: gradients and all others.

    What is not there yet is computed from the study's data and languages, then kept. What cannot
    be had is said with the reason.

    ```
    gradsim measures                                    # newest study, a line a measure
    gradsim measures --names family                     # the matrix of one
    gradsim measures --names gradient --format long --layers > gradient.csv
    ```
    """
    if to not in FORMATS:
        raise DataError(f"--format: {choice('Format', to[:40], FORMATS)}")
    if layers and to != "long":
        raise DataError("--layers goes with --format long, where each layer has rows of its own.")
    wanted = [part.strip() for part in names.split(",") if part.strip()] or None
    if to == "csv" and (wanted is None or len(wanted) > 1):
        raise DataError("A table with one row a source holds one measure. Name it with --names, "
                        "or take --format long.")
    store = Store(cache)
    prepared = _prepared(store, chosen(store, signature, finished=False))
    found = study_measures(prepared, store, wanted,
                           lambda event: log("{}", event["message"])
                           if event["kind"] in ("stage", "note") else None)
    reasons = {name: why for name, why in left_out_measures(store, prepared.signature).items()
               if wanted is None or name in wanted}
    spelled = {code: one.name for code, one in prepared.corpus.languages.items()}
    if as_json:
        print_json({"signature": prepared.signature, "left_out": reasons,
                    "measures": [measure_json(one) for one in found.values()]})
    elif to == "long":
        print_text(csv_text(_long(found.values(), spelled, layers)))
    elif to == "csv":
        print_text(csv_text([row for one in found.values() for row in _wide(one)]))
    elif wanted and len(wanted) == 1:
        for one in found.values():
            print_matrix(one, spelled)
    else:
        _print_summary(prepared, found)


def _prepared(store: Store, signature: str) -> Prepared:
    """A study with its data, which are still what they were."""
    prepared = prepare(Study.model_validate(load_record(store, signature)["study"]))
    if prepared.signature != signature:
        raise StoreError(f"The data or the model of study {signature} are no longer what they "
                         f"were: they now make study {prepared.signature}. Run `gradsim run` "
                         "anew.")
    return prepared


def _print_summary(prepared: Prepared, found: dict[str, Measure]) -> None:
    rows = []
    for name, one in found.items():
        values = one.values[np.isfinite(one.values)]
        rows.append((name, one.title, f"{one.coverage:.0%}",
                     *(f"{value:.3g}" for value in (values.mean(), values.min(), values.max())),
                     shown(halves_agree(one)), len(one.layers) or None))
    print_table(f"Measures of {len(prepared.sources)} languages, study {prepared.signature}",
                ("measure", "what", "pairs", "mean", "least", "most", "halves agree", "layers"),
                rows, left=2)
    for one in found.values():
        if one.coverage < 1:
            log("{} lacks pairs. {}", one.name, one.note)


def halves_agree(measure: Measure) -> float:
    """Pearson's r of a measure's two halves over all pairs; NaN where it has none."""
    if measure.halves is None:
        return float("nan")
    both = np.isfinite(measure.halves).all(axis=0)
    one, other = measure.halves[:, both]
    if both.sum() < 3 or not np.ptp(one) or not np.ptp(other):
        return float("nan")
    return float(np.corrcoef(one, other)[0, 1])


def print_matrix(measure: Measure, spelled: dict[str, str]) -> None:
    """Print one measure as a table, with its source and note."""
    digits = 0 if np.nanmax(np.abs(measure.values), initial=0.0) >= 100 else 2
    print_table(f"{measure.title} ({measure.name})", ("language", "", *measure.languages), [
        (spelled.get(code, code), code,
         *("–" if np.isnan(value) else f"{value:.{digits}f}" for value in row))
        for code, row in zip(measure.languages, measure.values, strict=True)], left=2)
    log("{}. {}", measure.source, measure.note)


def _wide(measure: Measure) -> list[list[object]]:
    return [["language", *measure.languages], *(
        [code, *map(float, row)] for code, row in
        zip(measure.languages, measure.values, strict=True))]


def _long(several: Any, spelled: dict[str, str], layers: bool) -> list[list[object]]:
    rows: list[list[object]] = [["measure", "layer", "source", "source_name", "target",
                                 "target_name", "similarity"]]
    for one in several:
        tables = [("", one.values), *zip(one.layers if layers else (), (
            one.by_layer if one.by_layer is not None else ()), strict=False)]
        for layer, table in tables:
            rows += [[one.name, layer, source, spelled.get(source, source), target,
                      spelled.get(target, target), float(table[i, j])]
                     for i, source in enumerate(one.languages)
                     for j, target in enumerate(one.languages) if i != j]
    return rows


def measure_json(one: Measure) -> dict[str, Any]:
    """A measure as JSON; what is missing is null."""
    return {"name": one.name, "title": one.title, "source": one.source, "note": one.note,
            "directed": one.directed, "coverage": number(one.coverage),
            "languages": list(one.languages), "values": numbers(one.values),
            "layers": list(one.layers),
            "by_layer": [numbers(table) for table in
                         (one.by_layer if one.by_layer is not None else ())]}


def import_similarity(files: Files, study: Annotated[str, typer.Option(
            metavar="SIGNATURE", help=("Study to keep it with; without one the tables are only "
                                       "checked."))] = "",
        name: Annotated[str | None, typer.Option(
            help="What to keep it under; the folder's or file's name if left out.")] = None,
        columns: Columns = "", cache: Cache = DEFAULT_CACHE, as_json: AsJson = False) -> None:
    """Read a similarity that was measured elsewhere, say what was understood, and keep it.

    Several tables are the layers of one model, in the order of the number in their names. A wide
    table names languages in its first column and its header; a long one has columns for source,
    target and similarity. Kept with a study it is a measure of it, `imported.NAME`.

    ```
    gradsim import-similarity sents_layer*.tsv                          # only check
    gradsim import-similarity xlm-roberta-base_flores200 --study 3f2a --name xlmr
    ```
    """
    store = Store(cache)
    record = load_record(store, chosen(store, study, finished=False)) if study else None
    if name and not record:
        raise DataError(f"--name {name[:60]}: a similarity is kept with a study. Name it with "
                        "--study; `gradsim list` shows those there are.")
    kept_as = name if name is not None else name_of(files)
    found = read_similarity_files(kept_as, table_files(files),
                                  columns=column_names(columns, "source=lang1,score=cosine"),
                                  known=record["sources"] if record else ())
    sentences, measure = list(found.sentences), found.measure
    if record:
        measure, said = keep_similarity(store, record["signature"], record["sources"], found)
        sentences += said
    if as_json:
        print_json({**measure_json(measure), "report": sentences,
                    "kept_as": imported_name(kept_as) if record else None,
                    "study": record["signature"] if record else None})
        return
    for sentence in sentences:
        log("{}", sentence)
    if record:
        log("Kept with study {} as {}. Show it with: gradsim measures {} --names {}",
            record["signature"], f"{IMPORTED}{kept_as}", record["signature"],
            f"{IMPORTED}{kept_as}")


def name_of(files: list[Path]) -> str:
    """A name for what stands in some files: the file's own, or the folder's of several."""
    place = files[0] if len(files) == 1 else files[0].absolute().parent
    stem = place.stem if place.is_file() else place.name
    return re.sub("[^A-Za-z0-9_-]+", "-", stem).strip("-_")[:60] or "similarity"
