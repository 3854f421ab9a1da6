"""The rows of a language that is to join a study: read like the study's own, and held against it.

Conventions
-----------
Without a file the rows come from the study's own source, which may have languages that the study
left out. A file that says no language is wholly the newcomer's. Lower-casing, the choice of rows
and the split into train, dev and test are the study's: only training rows are used, so that the
others stay unseen, and the same rows come out as if the study were run anew with this language.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gradsim_core.data import PRESETS, Corpus, Split, load_corpus
from gradsim_core.data.assembly import corpus_from
from gradsim_core.data.columns import USUAL_NAMES
from gradsim_core.data.corpus import SPLITS
from gradsim_core.data.readers import checked_roles, data_places, file_parts
from gradsim_core.data.rows import Part, shown
from gradsim_core.data.tables import TABLES
from gradsim_core.errors import DataError, StudyError
from gradsim_core.languages.resolving import Language, resolve
from gradsim_core.study import Study

FEWEST = 2
"""Training rows of a newcomer, at least: one for each half."""

FEW = 100
"""With fewer training rows a newcomer's place is told with a warning."""

_MOST_TOLD = 5


@dataclass(frozen=True)
class Newcomer:
    """A language with its rows.

    Attributes
    ----------
    language : who it is
    train : the rows that its gradients are taken from
    rows : number of rows of each split
    fingerprint : SHA-256 of all its rows
    source : where they came from, in one line
    """

    language: Language
    train: Split
    rows: Mapping[str, int]
    fingerprint: str
    source: str


def newcomer_rows(record: Mapping[str, Any], language: str, data: str | Path | None = None,
                  columns: Mapping[str, str] | None = None) -> Newcomer:
    """Read a newcomer's rows and make sure that they fit the study.

    Parameters
    ----------
    record : the study's (see `prepared.study_record`)
    language : in any spelling
    data : a file or a folder; None: the study's own source
    columns : role -> column, where they are not the usual ones

    Raises
    ------
    LanguageError
        If the language is not known.
    DataError
        If the rows cannot be read, or the language has too few for training.
    StudyError
        If the study has the language already, or without training rows where no file is given;
        if it splits languages by topic, or has other labels.
    """
    study = Study.model_validate(record["study"])
    known = resolve(language)
    if known.code in record["sources"]:
        raise StudyError(f"{known.name} ({known.code}) is in study {record['signature']} already; "
                         f"it was trained on with {record['rows'][known.code]['train']:,} rows. "
                         "Name another language.")
    if data is None and known.code in record["rows"]:
        raise StudyError(f"{known.name} ({known.code}) has no training rows in the study's data: "
                         "it is only tested on. Give a file of its rows with --data.")
    if study.by_topic:
        raise StudyError("The languages of this study are split by topic, and no language can join "
                         "such a study. Run it anew with the language in its data.")
    corpus = _corpus(record, study, language, data, columns or {})
    code = next(iter(corpus.languages))
    newcomer = Newcomer(corpus.languages[code], corpus.split(code, "train"),
                        {name: len(corpus.split(code, name)) for name in SPLITS},
                        corpus.fingerprints()[code], corpus.source)
    _check(newcomer, corpus.labels, record)
    return newcomer


def _check(newcomer: Newcomer, labels: tuple[str, ...], record: Mapping[str, Any]) -> None:
    others = [label for label in labels if label not in record["labels"]]
    name = newcomer.language.name
    if others:
        raise StudyError(
            f"{name} has labels that the study does not know: {_listed(others)}. The study's are "
            f"{_listed(record['labels'])}. Write them alike, or name the label column with "
            "--columns label=NAME.")
    if len(newcomer.train) < FEWEST:
        raise DataError(f"{newcomer.source}: {name} has {len(newcomer.train)} training rows, and "
                        f"at least {FEWEST} are needed ({FEW} or more to be sure of its place). "
                        "Give more rows.")


def _corpus(record: Mapping[str, Any], study: Study, language: str, data: str | Path | None,
            columns: Mapping[str, str]) -> Corpus:
    if data is None:
        return load_corpus(study.model_copy(update={"languages": (language,), "topics": None}))
    checked_roles(columns)
    name = study.preset or ("" if study.hub or study.data else "builtin")
    preset = PRESETS.get(name)
    return corpus_from(
        _parts(data, columns, language), source=shown(str(data)), languages=(language,),
        task=record["task"], metric=record["metric"],
        lowercase=bool(preset and preset.lowercase) if study.lowercase is None else study.lowercase,
        rows=study.rows, score_rows=study.score_rows, seed=study.seed, split_targets=True)


def _parts(data: str | Path, columns: Mapping[str, str], language: str) -> list[Part]:
    return [part for file, spoken, split in data_places(data)
            for part in file_parts(file, columns, spoken or (
                None if _says_language(file, columns) else language), split)]


def _says_language(file: Path, columns: Mapping[str, str]) -> bool:
    """Whether a table has a column for the language of each row."""
    read = TABLES.get(file.suffix.lower())
    if "language" in columns or read is None:
        return "language" in columns
    return any(name.casefold() in USUAL_NAMES["language"] for name in read(file).columns or ())


def _listed(labels: list[str]) -> str:
    some = ", ".join(repr(label[:40]) for label in labels[:_MOST_TOLD])
    return some if len(labels) <= _MOST_TOLD else f"{some} and {len(labels) - _MOST_TOLD} more"
