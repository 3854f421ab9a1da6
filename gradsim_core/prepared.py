"""A study with its data read and its signature known: everything up to the first gradient.

Needs no torch, so the dashboard can name a study's results without loading a model.
"""

from __future__ import annotations

import platform
from dataclasses import dataclass
from importlib import metadata
from typing import Any

from gradsim_core.data import load_corpus
from gradsim_core.data.corpus import SPLITS, Corpus
from gradsim_core.errors import StudyError
from gradsim_core.fingerprints import model_fingerprint
from gradsim_core.languages.resolving import Language
from gradsim_core.study import METHOD_VERSION, Study, signature

RECORD = "study.json"
_PACKAGES = ("gradsim", "torch", "transformers", "tokenizers", "numpy", "scipy", "babel")


@dataclass(frozen=True)
class Prepared:
    """A study, its data and the signature of both with the model.

    Attributes
    ----------
    study : as the user wrote it
    corpus : its data
    signature : names its results
    model_fingerprint : of the model's files
    """

    study: Study
    corpus: Corpus
    signature: str
    model_fingerprint: str

    @property
    def sources(self) -> tuple[str, ...]:
        """Codes of the languages that are trained on: two rows or more, one for each half."""
        return tuple(code for code in self.corpus.languages
                     if len(self.corpus.split(code, "train")) >= 2)


def prepare(study: Study, corpus: Corpus | None = None) -> Prepared:
    """Read a study's data and work out its signature.

    Parameters
    ----------
    corpus : what `load_corpus` gives for the study, where it has been read already

    Raises
    ------
    DataError, LanguageError, ModelError
        As raised by the readers and by the model's files.
    StudyError
        If fewer than two languages can be trained on, or there is only one label.
    """
    corpus = corpus or load_corpus(study)
    model = model_fingerprint(study.model, study.model_revision)
    prepared = Prepared(study, corpus, signature(
        study, task=corpus.task, metric=corpus.metric, labels=corpus.labels,
        data=corpus.fingerprints(), model=model), model)
    if len(prepared.sources) < 2:
        found = ", ".join(prepared.sources) or "none"
        raise StudyError(f"At least two languages with two training rows each are needed; found: "
                         f"{found} of {len(corpus.languages)} in {corpus.source}. Add languages "
                         "or training data.")
    if len(corpus.labels) < 2:
        raise StudyError(f"The data has only one label ({', '.join(corpus.labels)!r}, in "
                         f"{corpus.source}): there is nothing to learn. Check the label column.")
    return prepared


def study_record(prepared: Prepared) -> dict[str, Any]:
    """What study.json keeps: the whole question, its fingerprints and the versions used."""
    corpus = prepared.corpus
    return {
        "signature": prepared.signature,
        "method_version": METHOD_VERSION,
        "study": prepared.study.model_dump(mode="json"),
        "task": corpus.task,
        "metric": corpus.metric,
        "labels": list(corpus.labels),
        "source": corpus.source,
        "languages": [language_record(language) for language in corpus.languages.values()],
        "sources": list(prepared.sources),
        "rows": {code: {name: len(corpus.split(code, name)) for name in SPLITS}
                 for code in corpus.languages},
        "data_fingerprints": corpus.fingerprints(),
        "model_fingerprint": prepared.model_fingerprint,
        "versions": versions(),
    }


def language_record(language: Language) -> dict[str, Any]:
    """A language as JSON."""
    return {"code": language.code, "name": language.name, "iso639_3": language.iso639_3,
            "glottocode": language.glottocode, "lineage": list(language.lineage),
            "script": language.script, "latitude": language.latitude,
            "longitude": language.longitude, "note": language.note}


def versions() -> dict[str, str]:
    """Versions of Python and of the packages that numbers depend on."""
    found = {"python": platform.python_version()}
    for name in _PACKAGES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found
