"""The commands ``experiment measures``, ``topic-or-language``, ``lower-or-higher``, ``readings``.

They differ in what they ask, not in how they are called: each has a plan whose fields are its
options, trains what is missing, keeps its finding beside the study, and writes the same report.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import BaseModel

from gradsim_core.cli.options import DEFAULT_CACHE, AsJson, Cache, Threads, settings_options
from gradsim_core.cli.places import placed
from gradsim_core.cli.printing import log, print_json, print_table
from gradsim_core.cli.reports import refuse_early_report, write_report
from gradsim_core.cli.training import (
    Background,
    EstimateOnly,
    Workers,
    attended,
    prepared_study,
    say_estimate,
)
from gradsim_core.findings.estimates import ESTIMATES
from gradsim_core.findings.layers.lower_or_higher import LowerOrHigherPlan, run_lower_or_higher
from gradsim_core.findings.plans import MeasuresPlan, ReadingsPlan
from gradsim_core.findings.record import load_plan
from gradsim_core.findings.report import finding_report, summary_rows
from gradsim_core.findings.runs import TITLES, finding_key, submit_finding
from gradsim_core.findings.siblings import staying_newest
from gradsim_core.findings.topics.topic_or_language import (
    TopicOrLanguagePlan,
    run_topic_or_language,
)
from gradsim_core.findings.transfer.measures import run_measures
from gradsim_core.findings.transfer.readings import run_readings
from gradsim_core.storage.store import Store


@dataclass(frozen=True)
class Question:
    """What a command asks.

    Attributes
    ----------
    plan : its settings, each an option
    run : carries a plan out: (prepared, store, plan, observe, *, workers, threads) -> content
    words : the command's help
    """

    plan: type[BaseModel]
    run: Callable[..., dict[str, Any]]
    words: str


QUESTIONS: Mapping[str, Question] = {
    "measures": Question(MeasuresPlan, run_measures, """\
Rank every measure by how well it predicts transfer.

One model a language is trained, as by `gradsim transfer`; then the gradient, typology, genealogy,
distance, words, embeddings and what was imported are held against what each model scores on the
other languages, with label permutations, intervals over languages, the ceiling that noise sets,
and what each adds beyond size, words and typology.

```
gradsim experiment measures --estimate              # what it takes, before it starts
gradsim experiment measures --report results/       # JSON, CSV, Markdown with figures
gradsim experiment measures --imported published    # scores from elsewhere: nothing is trained
gradsim experiment measures --measures gradient,typology.syntactic --pairs
gradsim experiment measures 3f2a --beside 77b1,a05e # each study's value, and their mean
```
"""),
    "topic-or-language": Question(TopicOrLanguagePlan, run_topic_or_language, """\
Split every language by topic, and see whether gradients follow the topic or the language.

One joint run learns from every language on every topic at once. Block by block, cells of one
language on different topics are compared with cells of different languages on one topic, with
permutations of the labels and intervals. The built-in data have topics; for other data name a topic
column, or make topics with `gradsim topics`.

```
gradsim experiment topic-or-language --estimate
gradsim experiment topic-or-language --report results/
gradsim experiment topic-or-language --steps 200 --background
```
"""),
    "lower-or-higher": Question(LowerOrHigherPlan, run_lower_or_higher, """\
Say what explains the similarity of each block: the languages, or the task.

Each block's similarity is explained by typology, family and script on the one side, by labels and
topics on the other (general dominance), and the trend over depth is tested. Nothing is trained.

```
gradsim experiment lower-or-higher
gradsim experiment lower-or-higher --linguistic typology.syntactic,family --task topic
gradsim experiment lower-or-higher --report results/
```
"""),
    "readings": Question(ReadingsPlan, run_readings, """\
Try every way of reading the gradients, and say what choosing one is worth.

Plain gradients or scaled as Adam scales them (a second joint run), cosine of the mean or mean of
cosines, four corrections, every block and range of blocks, early or late: each combination is held
against transfer, corrected for having looked at all. A reading is chosen on half of the languages
and scored on the other half, beside the study's default; and each choice is looked at with
everything else equal.

```
gradsim experiment readings --estimate
gradsim experiment readings --report results/
gradsim experiment readings --no-adam --steps 200
```
"""),
}


def add_findings(group: typer.Typer) -> None:
    """Add one command a question to a group of commands."""
    for kind, question in QUESTIONS.items():
        group.command(kind)(_command(kind, question))


def _command(kind: str, question: Question) -> Callable[..., None]:
    def command(asked: tuple[str, Any], cache: Cache = DEFAULT_CACHE,
                plan: Annotated[str | None, typer.Option(hidden=True)] = None,
                report: Annotated[Path | None, typer.Option(help=(
                    "Folder to write report.md with its figures, table.csv and finding.json "
                    "to."))] = None,
                estimate: EstimateOnly = False, background: Background = False,
                workers: Workers = None, threads: Threads = None,
                as_json: AsJson = False) -> None:
        refuse_early_report(report, background, estimate)
        store, (signature, wanted) = Store(cache), asked
        prepared = prepared_study(store, signature, threads, estimate)
        name = prepared.signature
        if plan:
            wanted = load_plan(store, name, plan, question.plan)
        if estimate:
            say_estimate(ESTIMATES[kind](store, name, wanted, workers, threads), as_json)
            return
        if background:
            run = submit_finding(store, name, kind, wanted, workers, threads)
            if as_json:
                print_json({"run": run.id, "finding": wanted.id, "signature": name})
            log("Queued as run [bold]{}[/]. Look at it with: gradsim runs show {}", run.id, run.id)
            return
        with staying_newest(store, name), attended(
                store, name, kind, finding_key(name, kind, wanted), TITLES[kind]) as observe:
            content = question.run(prepared, store, wanted, observe, workers=workers,
                                   threads=threads)
        if report:
            write_report(report, finding_report(kind, content))
        if as_json:
            print_json(content)
        else:
            rows = summary_rows(kind, content)
            print_table(f"{TITLES[kind]}: study {name}, finding {wanted.id}", tuple(rows[0]),
                        [tuple(row.values()) for row in rows], left=1)
            log("{}", content["verdict"])

    command.__doc__ = question.words
    return settings_options(placed(command), question.plan)
