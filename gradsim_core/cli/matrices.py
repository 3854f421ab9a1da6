"""The command about similarities from elsewhere that need no study."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gradsim_core.cli.measures import Columns, Files, name_of
from gradsim_core.cli.options import AsJson, column_names
from gradsim_core.cli.printing import log, print_json, print_table
from gradsim_core.cli.reports import write_report
from gradsim_core.findings.matrices import AGAINST, matrices
from gradsim_core.findings.matrices_report import report_files, summary_rows
from gradsim_core.measuring.files import read_similarity_files, table_files
from gradsim_core.measuring.of_languages import LANGUAGE_MEASURES


def matrices_command(
        files: Files,
        against: Annotated[str, typer.Option(metavar="A,B,…", help=(
            f"What to compare with, of: {', '.join(LANGUAGE_MEASURES)}."))] = ",".join(AGAINST),
        k: Annotated[int, typer.Option(min=1, help="Number of groups in every layer.")] = 8,
        strategy: Annotated[str, typer.Option(
            help="How groups are made, such as local_search, agglomerative or exact."
        )] = "local_search",
        permutations: Annotated[int, typer.Option(
            min=99, max=1_000_000, help="Permutations of languages' labels, for each p."
        )] = 9_999,
        seed: Annotated[int, typer.Option(min=0, help="Seed of permutations and groups.")] = 0,
        name: Annotated[str | None, typer.Option(
            help="What to call it; the folder's or file's name if left out.")] = None,
        columns: Columns = "",
        report: Annotated[Path | None, typer.Option(help=(
            "Folder to write report.md, tables, figures and matrices.json to."))] = None,
        as_json: AsJson = False) -> None:
    """Say what a similarity from elsewhere goes with, layer by layer, and group by it.

    Several tables are the layers of one model, in the order of the number in their names. Every
    layer is correlated with genealogy, place and typology of its languages, and grouped. No study
    is needed; to compare it with a study's transfer, see `import-similarity`.

    ```
    gradsim matrices xlm-roberta-base_flores200 --report xlmr
    gradsim matrices sents_layer*.tsv --against family,typology.syntactic --k 12
    gradsim matrices mine.csv --permutations 99999 --json
    ```
    """
    found = read_similarity_files(name if name is not None else name_of(files),
                                  table_files(files),
                                  columns=column_names(columns, "source=lang1,score=cosine"))
    for sentence in found.sentences:
        log("{}", sentence)
    content = matrices(found, [part.strip() for part in against.split(",") if part.strip()],
                       k=k, strategy=strategy, permutations=permutations, seed=seed,
                       observe=lambda message: log("{}", message))
    for one in content["left_out"]:
        log("Without {}: {}", one["name"], one["reason"])
    if report:
        write_report(report, report_files(content))
    if as_json:
        print_json(content)
        return
    rows = summary_rows(content)
    print_table(f"{content['name']}: {len(content['languages'])} languages, {len(rows)} layers",
                tuple(rows[0]), [tuple(row.values()) for row in rows], left=1)
    log("{}", content["verdict"])
