"""Known data sets: hub id, columns, task, metric, and the layout of a local clone.

Conventions
-----------
Without a local path a preset is read from the Hugging Face hub, one configuration a language;
with one, from a clone in its public layout (its root or its data folder). Ids, configurations and
columns follow the hub's pages; a hub id that is a loading script is read from the hub's own
Parquet copy of it.

Sources: Muhammad et al. 2023 (AfriSenti); Pan et al. 2017, Rahimi et al. 2019 (WikiAnn);
Nivre et al. 2020 (UD) and Zeman et al. 2017 (PUD); Adelani et al. 2022 (MasakhaNER 2.0);
Unicode CLDR.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from gradsim_core.data.assembly import ALL
from gradsim_core.data.builtin import DEFAULT_LANGUAGES
from gradsim_core.data.corpus import Task
from gradsim_core.errors import DataError, choice
from gradsim_core.languages.resolving import languages_of


@dataclass(frozen=True)
class Preset:
    """A data set by name.

    Attributes
    ----------
    description : what it is, in one line
    task : "sequence" or "token"
    metric : its headline metric: "weighted_f1", "entity_f1" or "accuracy"
    languages : default languages, in the hub's own spelling
    hub : Hugging Face id; "" for the built-in data
    config : hub configuration; {language} stands for the hub's spelling of a language
    columns : role -> column on the hub; a clone's columns go by their usual names
    folders : data folders of a clone's root, looked for in this order before the root itself
    lowercase : whether text is lower-cased unless the study says otherwise
    split_targets : split a language that has only test rows 80/10/10
    untagged : hub tag of words that are left out (UD's multiword ranges)
    topics : pattern of a row's whole id -> topic of the rows that have none
    correction : how its similarities are read unless the reader says otherwise (see `gram`)
    """

    description: str
    task: Task
    metric: str
    languages: tuple[str, ...]
    hub: str = ""
    config: str = "{language}"
    columns: Mapping[str, str] = field(default_factory=dict)
    folders: tuple[str, ...] = ("data",)
    lowercase: bool = False
    split_targets: bool = False
    untagged: str = ""
    topics: Mapping[str, str] = field(default_factory=dict)
    correction: str = "raw"


PRESETS: dict[str, Preset] = {
    "builtin": Preset(
        "Names of territories, languages, currencies and time zones (Unicode CLDR); no download",
        "sequence", "weighted_f1", DEFAULT_LANGUAGES, lowercase=True,
        # One direction, how hard a language is for the joint model, drowns all others here.
        correction="all_but_top"),
    "afrisenti": Preset(
        "Sentiment of tweets in 14 African languages, 3 labels",
        "sequence", "weighted_f1",
        ("amh", "arq", "ary", "hau", "ibo", "kin", "orm", "pcm", "por", "swa", "tir", "tso",
         "twi", "yor"),
        hub="shmuhammad/AfriSenti-twitter-sentiment", columns={"text": "tweet", "label": "label"}),
    "wikiann": Preset(
        "Named entities (person, place, organisation) in Wikipedia, 176 languages",
        "token", "entity_f1",
        ("de", "nl", "sv", "da", "es", "it", "pt", "fr", "pl", "cs", "ru", "fi", "et", "hu",
         "tr", "az"),
        hub="unimelb-nlp/wikiann", columns={"text": "tokens", "label": "ner_tags"}),
    "udpos": Preset(
        "Part-of-speech tags (UPOS) of the parallel treebanks (PUD) of Universal Dependencies",
        "token", "accuracy",
        ("ar", "cs", "de", "en", "es", "fi", "fr", "hi", "id", "is", "it", "ja", "ko", "pl",
         "pt", "ru", "sv", "th", "tr", "zh"),
        hub="universal-dependencies/universal_dependencies", config="{language}_pud",
        columns={"text": "tokens", "label": "upos", "id": "idx"},
        split_targets=True, untagged="_",
        topics={r"n\d{8}": "news", r"w\d{8}": "Wikipedia"}),  # PUD's ids say the genre
    "masakhaner2": Preset(
        "Named entities in the news of 20 African languages",
        "token", "entity_f1",
        ("bam", "bbj", "ewe", "fon", "hau", "ibo", "kin", "lug", "luo", "mos", "nya", "pcm",
         "sna", "swa", "tsn", "twi", "wol", "xho", "yor", "zul"),
        hub="masakhane/masakhaner2", columns={"text": "tokens", "label": "ner_tags"},
        folders=("MasakhaNER2.0/data", "MasakhaNER2.0", "data")),
}
"""Name -> data set."""


def preset_named(name: str) -> Preset:
    """The preset of a name.

    Raises
    ------
    DataError
        If there is none, listing those there are.
    """
    if name not in PRESETS:
        raise DataError(choice("preset", name, PRESETS))
    return PRESETS[name]


def clone_folder(preset: Preset, root: str | Path) -> Path:
    """The data folder of a local clone: the first of the preset's that is there, else the root."""
    root = Path(root).expanduser()
    return next((root / name for name in preset.folders if (root / name).is_dir()), root)


def hub_spellings(preset: Preset, languages: Sequence[str]) -> list[str]:
    """Languages in the hub's spelling: the preset's for those that it lists, else as written."""
    if not languages or tuple(languages) == ALL:
        return list(preset.languages)
    own = {language.code: spelling
           for spelling, language in languages_of(preset.languages).items()}
    asked = languages_of(languages)
    return list(dict.fromkeys(own.get(asked[name].code, name) for name in languages))
