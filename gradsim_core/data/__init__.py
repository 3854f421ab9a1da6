"""One task's data in many languages, from anywhere: the door to readers, presets and health.

Conventions
-----------
A study names its data by hub id, by preset, by local path, or by preset and the local path of a
clone; by none of them, the built-in data is meant. Whatever the source, the result is the same
`Corpus`: languages by ISO 639-3 code, splits named train, dev and test.
"""

from __future__ import annotations

from collections.abc import Sequence

from gradsim_core.data.assembly import corpus_from
from gradsim_core.data.builtin import builtin_parts
from gradsim_core.data.corpus import EMPTY, SPLITS, Corpus, Split
from gradsim_core.data.health import (
    Health,
    HealthWarning,
    LanguageHealth,
    data_health,
    gathered,
)
from gradsim_core.data.hub import hub_parts, language_configs
from gradsim_core.data.presets import (
    PRESETS,
    Preset,
    clone_folder,
    hub_spellings,
    preset_named,
)
from gradsim_core.data.readers import load_parts
from gradsim_core.data.rows import Part, shown
from gradsim_core.data.topic_languages import split_by_topic
from gradsim_core.data.topics import load_topics, topics_from_ids, with_topics
from gradsim_core.errors import DataError, LanguageError
from gradsim_core.study import Study

__all__ = ["EMPTY", "PRESETS", "SPLITS", "Corpus", "Health", "HealthWarning", "LanguageHealth",
           "Preset", "Split", "data_health", "gathered", "load_corpus"]


def load_corpus(study: Study) -> Corpus:
    """Load the data that a study names.

    Parameters
    ----------
    study : its data settings are read (hub, preset, data, columns, languages, task, rows,
        lowercase, topics, by_topic, seed), no others

    Returns
    -------
    Corpus
        Languages sorted by code; texts lower-cased if the study or the preset says so; at most
        ``study.rows`` training rows a language, chosen by seed; by topic if the study says so.

    Raises
    ------
    DataError
        If the source cannot be read, a row in it is not what it must be (naming file and line),
        a language asked for is not there, or the task is another.
    """
    name = study.preset or ("" if study.hub or study.data else "builtin")
    preset = preset_named(name) if name else None
    try:
        parts = topics_from_ids(_parts(study, preset), preset.topics if preset else {})
        corpus = corpus_from(
            parts, source=_source(study, name), languages=_languages(study, name),
            task=study.task or (preset.task if preset else None),
            metric=preset.metric if preset else None,
            lowercase=bool(preset and preset.lowercase) if study.lowercase is None
            else study.lowercase,
            rows=None if study.by_topic else study.rows,
            score_rows=None if study.by_topic else study.score_rows, seed=study.seed,
            split_targets=bool(preset and preset.split_targets))
    except LanguageError as error:
        raise DataError(f"{_source(study, name)}: {error}"[:400]) from None
    if study.topics:
        corpus = with_topics(corpus, load_topics(study.topics), shown(study.topics))
    if study.by_topic:
        corpus = split_by_topic(corpus, study.rows, study.score_rows, study.seed)
    return corpus


def _parts(study: Study, preset: Preset | None) -> list[Part]:
    """All rows of the study's source, by language and split."""
    if preset and not preset.hub:
        if study.data:
            raise DataError("preset builtin needs no data. Leave out `data`, or leave out `preset` "
                            "to read your own.")
        return builtin_parts(study.languages or preset.languages)
    if study.data:
        folder = clone_folder(preset, study.data) if preset else study.data
        return load_parts(folder, study.columns, study.languages)
    if preset:
        configs = language_configs(study.hub_config or preset.config,
                                   hub_spellings(preset, study.languages))
        return hub_parts(preset.hub, configs, {**preset.columns, **study.columns},
                         study.hub_revision, preset.untagged)
    configs = language_configs(study.hub_config, study.languages)
    return hub_parts(study.hub or "", configs, study.columns, study.hub_revision)


def _languages(study: Study, name: str) -> Sequence[str]:
    """The languages asked for; the built-in data has more than its default list."""
    return study.languages or (PRESETS[name].languages if name == "builtin" else ())


def _source(study: Study, name: str) -> str:
    """Where the data comes from, in one line."""
    if study.data or study.hub:
        place = shown(study.data or study.hub or "")
        return f"{name}, {place}" if name else place
    return f"{name}, {PRESETS[name].hub or 'Unicode CLDR names'}"
