"""The measures of a study: each computed once from its data and its Grams, then kept with it.

`study_measures` gives every measure that can be had and computes what is not kept yet;
`load_measures` reads what is kept, without torch and without the data. What cannot be had is told
with its reason, and `left_out_measures` gives the reasons again.

Conventions
-----------
Languages are the study's sources, in the order of its record. Text is that of the training split,
each language's rows in an order by hash of their content, so that halves by turns are disjoint and
depend on nothing else. A measure that is the same for all pairs ranks nothing: it is left out.
The gradients are not kept a second time, because they are read from the Grams in milliseconds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from typing import Any

import numpy as np

from gradsim_core.data.corpus import Split
from gradsim_core.data.rows import hash_order
from gradsim_core.data.scripts import main_script
from gradsim_core.encoder.encoding import encode_split
from gradsim_core.errors import DataError, GradSimError, StudyError
from gradsim_core.measures import MEASURES, Measure, distribution, lexical
from gradsim_core.measures.gradient import gradient
from gradsim_core.measures.topic import topic
from gradsim_core.measuring.kept import (
    IMPORTED,
    imported_measures,
    left_out_measures,
    load_measure,
    save_left_out,
    save_measure,
)
from gradsim_core.measuring.of_languages import LANGUAGE_MEASURES
from gradsim_core.prepared import Prepared
from gradsim_core.progress import Observer
from gradsim_core.results import GRAMS, load_results
from gradsim_core.scores.trained import load_record
from gradsim_core.storage.store import Store

_GRADIENT = "gradient"


def study_measures(prepared: Prepared, store: Store, names: Sequence[str] | None = None,
                   observe: Observer = lambda _: None) -> dict[str, Measure]:
    """Every measure of a study that can be had; what is not kept yet is computed and kept.

    Parameters
    ----------
    prepared : the study with its data
    store : where the measures are kept
    names : of the measures wanted, in MEASURES or imported; all if left out
    observe : is told what is computed, and what cannot be had for which reason

    Returns
    -------
    dict
        Name -> Measure of the study's sources, in the order of MEASURES, imported ones last.

    Raises
    ------
    StudyError
        If a name is not known.
    """
    signature = prepared.signature
    wanted = _wanted(names, imported_measures(store, signature))
    material, found = _Material(prepared, observe), {}
    reasons = {name: why for name, why in left_out_measures(store, signature).items()
               if name not in wanted and name in MEASURES}
    for name in wanted:
        measure = (None if name == _GRADIENT else
                   load_measure(store, signature, name, prepared.sources))
        try:
            if measure is None:
                if name.startswith(IMPORTED):
                    raise DataError("It is of other languages than the study's, or of an older "
                                    "version. Import it again.")
                measure = _made(name, material, store)
                _check_varies(measure)
                if name != _GRADIENT:
                    save_measure(store, signature, measure)
            found[name] = measure
        except GradSimError as error:
            reasons[name] = str(error)
            observe({"kind": "note", "message": f"Without {name}: {error}"})
    save_left_out(store, signature, reasons)
    return found


def load_measures(store: Store, signature: str) -> dict[str, Measure]:
    """The measures of a study that are there already: kept ones, imported ones, the gradients.

    Returns
    -------
    dict
        Name -> Measure, in the order of MEASURES, imported ones last; what is not kept, or out of
        date, is absent.

    Raises
    ------
    StoreError
        If there is no such study.
    """
    sources = load_record(store, signature)["sources"]
    found = {}
    for name in _wanted(None, imported_measures(store, signature)):
        measure = (_gradient(store, signature) if name == _GRADIENT else
                   load_measure(store, signature, name, sources))
        if measure is not None:
            found[name] = measure
    return found


def _wanted(names: Sequence[str] | None, imported: Sequence[str]) -> list[str]:
    known = [*MEASURES, *imported]
    for name in names or ():
        if name not in known:
            raise StudyError(f"Measure {name[:60]!r} is not known. Use one of: "
                             f"{', '.join(known)[:300]}.")
    return [name for name in known if names is None or name in names]


class _Material:
    """What measures are made from, each read when it is first needed."""

    def __init__(self, prepared: Prepared, observe: Observer) -> None:
        self.prepared, self.observe = prepared, observe
        self.corpus, self.sources = prepared.corpus, prepared.sources
        self.languages = [self.corpus.languages[code] for code in self.sources]

    @cached_property
    def rows(self) -> dict[str, Split]:
        """Training rows by code, in an order by hash of their content."""
        return {code: _by_hash(self.corpus.split(code, "train")) for code in self.sources}

    @cached_property
    def texts(self) -> dict[str, tuple]:
        return {code: split.texts for code, split in self.rows.items()}

    @cached_property
    def tokens(self) -> dict[str, list[np.ndarray]]:
        """The model's tokens of every row, as training sees them, without special ones."""
        from gradsim_core.encoder.models import load_tokenizer

        study, task = self.prepared.study, self.corpus.task
        tokenizer = load_tokenizer(study.model, study.model_revision, task)
        special = np.array(tokenizer.all_special_ids)
        return {code: [ids[~np.isin(ids, special)] for ids in encode_split(
            split, task, self.corpus.labels, tokenizer, study.max_length).ids]
            for code, split in self.rows.items()}

    @cached_property
    def states(self) -> Any:
        from gradsim_core.measuring.embeddings import study_embeddings

        return study_embeddings(self.prepared, observe=self.observe)


def _by_hash(split: Split) -> Split:
    keys = [f"{text}\x1f{label}" for text, label in zip(split.texts, split.labels, strict=True)]
    order = sorted(range(len(split)), key=lambda i: hash_order(keys[i], "halves"))
    return Split(tuple(split.texts[i] for i in order), tuple(split.labels[i] for i in order))


def _made(name: str, material: _Material, store: Store) -> Measure:
    material.observe({"kind": "stage", "message": f"Measuring {name}"})
    if name == _GRADIENT:
        found = _gradient(store, material.prepared.signature)
        if found is None:
            raise DataError("The study has no gradients yet. Run it with `gradsim run`.")
        return found.among(material.sources)
    return _MAKERS[name](material).among(material.sources)


def _gradient(store: Store, signature: str) -> Measure | None:
    if not store.exists(signature, GRAMS):
        return None
    results = load_results(store, signature)
    return gradient(results.series, results.default_correction)


def _of_languages(name: str) -> Callable[[_Material], Measure]:
    return lambda of: LANGUAGE_MEASURES[name](of.languages)


def _lengths(material: _Material) -> Measure:
    unit = "characters" if material.corpus.task == "sequence" else "words"
    return distribution.lengths({code: [len(text) for text in texts]
                                 for code, texts in material.texts.items()}, unit)


def _letters(texts: Sequence[Any]) -> Iterator[str]:
    return (text if isinstance(text, str) else "".join(text) for text in texts)


def _embedding(read: str) -> Callable[[_Material], Measure]:
    def make(material: _Material) -> Measure:
        from gradsim_core.measures import embedding

        return getattr(embedding, read)(material.states)

    return make


_MAKERS: dict[str, Callable[[_Material], Measure]] = {
    **{name: _of_languages(name) for name in LANGUAGE_MEASURES},
    "lexical.ngrams": lambda of: lexical.ngrams(of.texts),
    "lexical.words": lambda of: lexical.words(of.texts),
    "lexical.tokens": lambda of: lexical.tokens(of.tokens),
    "embedding.cosine": _embedding("cosine_gap"),
    "embedding.csls": _embedding("csls"),
    "distribution.labels": lambda of: distribution.labels(
        {code: split.labels for code, split in of.rows.items()}),
    "distribution.lengths": _lengths,
    "distribution.script": lambda of: distribution.script(
        {code: main_script(_letters(texts))[0] for code, texts in of.texts.items()}),
    "distribution.size": lambda of: distribution.size(
        {code: len(texts) for code, texts in of.texts.items()}),
    "topic": lambda of: topic(of.corpus),
}


def _check_varies(measure: Measure) -> None:
    """Refuse what has no value for any pair, or the same for all."""
    values = measure.values[np.isfinite(measure.values)]
    if not len(values):
        raise DataError("It has no value for any pair of the study's languages. " + measure.note)
    if len(values) > 1 and np.ptp(values) < 1e-12:
        raise DataError(f"It is {values[0]:.3g} for every pair of the study's languages, so it "
                        "ranks nothing. " + measure.note)
