"""Presets: local clones in their public layouts, and hub data sets through `datasets`."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from data_cases import TSV, refusal, write

from gradsim_core.data import PRESETS, SPLITS, load_corpus
from gradsim_core.data.hub import PARQUET_COPY, hub_parts, language_configs
from gradsim_core.data.presets import clone_folder, hub_spellings, preset_named
from gradsim_core.data.rows import hash_split
from gradsim_core.errors import DataError
from gradsim_core.languages.resolving import languages_of
from gradsim_core.study import Study


@pytest.fixture(scope="module")
def hub_cache(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A cache of `datasets` that goes with the test."""
    import datasets

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path_factory.mktemp("cache"))
        yield datasets


@pytest.fixture(scope="module")
def local_hub(hub_cache: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clone with one configuration a language, class numbers and three splits."""
    root = tmp_path_factory.mktemp("hub")
    features = hub_cache.Features({
        "tweet": hub_cache.Value("string"), "label": hub_cache.ClassLabel(names=["neg", "pos"])})
    configs = []
    for language in ("hau", "swa"):
        for split in ("train", "validation", "test"):
            path = root / language / f"{split}.parquet"
            path.parent.mkdir(exist_ok=True)
            rows = {"tweet": [f"{language} {split} {i}" for i in range(4)],
                    "label": [0, 1, 1, -1]}
            hub_cache.Dataset.from_dict(rows, features=features).to_parquet(path)
        configs.append(f"- config_name: {language}\n  data_files:\n" + "".join(
            f"  - split: {split}\n    path: {language}/{split}.parquet\n"
            for split in ("train", "validation", "test")))
    write(root / "README.md", "---\nconfigs:\n" + "".join(configs) + "---\n")
    return root


def test_a_configuration_a_language(local_hub: Path) -> None:
    corpus = load_corpus(Study(hub=str(local_hub), hub_config="{language}",
                               languages=("swa", "hau"), columns={"text": "tweet"}))
    assert list(corpus.languages) == ["hau", "swh"]
    assert corpus.labels == ("neg", "pos")
    split = corpus.split("swh", "dev")
    assert split.texts == ("swa validation 0", "swa validation 1", "swa validation 2")
    assert split.labels == ("neg", "pos", "pos")
    assert split.dropped == {"empty label": 1}  # class -1: no label


def test_the_same_clone_read_as_a_folder(local_hub: Path) -> None:
    """The readers know a clone's Parquet too, with its class names."""
    through = load_corpus(Study(hub=str(local_hub), hub_config="{language}",
                                languages=("swa", "hau")))
    as_files = load_corpus(Study(preset="afrisenti", data=str(local_hub)))
    assert as_files.fingerprints() == through.fingerprints()


def test_one_configuration_with_a_language_column(hub_cache: Any, tmp_path: Path) -> None:
    write(tmp_path / "train.jsonl", "".join(
        f'{{"tokens": ["a{i}", "b"], "ner_tags": ["B-PER", "O"], "lang": "{language}"}}\n'
        for i in range(3) for language in ("de", "nl")))
    write(tmp_path / "test.jsonl",
          '{"tokens": ["a", "b"], "ner_tags": ["B-PER", "O"], "lang": "de"}\n')
    corpus = load_corpus(Study(hub=str(tmp_path)))
    assert (corpus.task, corpus.metric) == ("token", "entity_f1")
    assert [len(corpus.split("deu", name)) for name in SPLITS] == [3, 0, 1]


def test_words_with_the_tag_of_ranges_are_left_out(hub_cache: Any, tmp_path: Path) -> None:
    write(tmp_path / "test.jsonl", '{"idx": "s1", "tokens": ["della", "di", "la"], '
                                   '"upos": ["_", "ADP", "DET"]}\n')
    part, = hub_parts(str(tmp_path), {"it": None},
                      {"text": "tokens", "label": "upos", "id": "idx"}, untagged="_")
    assert part.rows == [(("di", "la"), ("ADP", "DET"), "", "s1")]


class _Builder:
    """What the hub's library gives for a data set of Parquet files."""

    __module__ = "datasets.packaged_modules.parquet.parquet"

    def __init__(self, data: Any) -> None:
        self.data = data

    def download_and_prepare(self) -> None: ...

    def as_dataset(self) -> Any:
        return self.data


def test_a_loading_script_is_read_from_the_parquet_copy(
        hub_cache: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = hub_cache.Dataset.from_dict({"text": ["a"], "label": ["x"]})
    calls = []

    def builder(path: str, name: str | None = None, **options: Any) -> _Builder:
        calls.append((path, name, options))
        if len(calls) == 1:
            raise RuntimeError("Dataset scripts are no longer supported, but found x.py")
        return _Builder({"train": rows})

    monkeypatch.setattr(hub_cache, "load_dataset_builder", builder)
    parts = hub_parts("owner/name", {"hau": "hau"}, {})
    assert [part.rows[0].text for part in parts] == ["a"]
    assert calls[1] == ("owner/name", None, {"data_dir": "hau", "revision": PARQUET_COPY})
    calls.clear()
    assert "scripts are no longer supported" in refusal(
        lambda: hub_parts("owner/name", {"hau": "hau"}, {}, revision="abc"))


def test_a_reader_that_is_not_plain_rows_is_refused(
        hub_cache: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    class Tar(_Builder):
        __module__ = "datasets.packaged_modules.webdataset.webdataset"

    monkeypatch.setattr(hub_cache, "load_dataset_builder", lambda *a, **k: Tar({}))
    assert "read by 'webdataset', not as plain rows" in refusal(
        lambda: hub_parts("owner/name", {"": None}, {}))


@pytest.mark.parametrize(("values", "message"), [
    ({"preset": "afrisenti"}, r"AfriSenti.*cannot be reached.*--data PATH"),
    ({"hub": "owner/name"}, r"owner/name: the hub cannot be reached.*--data PATH"),
    ({"hub": "parquet"}, r"'parquet' is neither an id of the form owner/name"),
    ({"hub": "../../nowhere"}, r"neither an id"),
    ({"hub": "https://example.org/x"}, r"neither an id"),
    ({"hub": "owner/name", "hub_config": "{language}"}, r"needs languages"),
    ({"preset": "wikiann", "languages": ("a\nb",)}, "control character")])
def test_bad_hub_is_refused(hub_cache: Any, values: dict[str, Any], message: str) -> None:
    assert re.search(message, refusal(lambda: load_corpus(Study(**values))))


def test_unknown_configuration_and_columns_are_refused(local_hub: Path) -> None:
    study = Study(hub=str(local_hub), hub_config="{language}", languages=("xho",))
    assert re.search(r"cannot be loaded.*'xho'", refusal(lambda: load_corpus(study)))
    study = Study(hub=str(local_hub), hub_config="{language}", languages=("hau",),
                  columns={"text": "body"})
    assert re.search(r"'body' is not there.*tweet, label", refusal(lambda: load_corpus(study)))
    study = Study(hub=str(local_hub), hub_config="hau")
    assert "no column for language" in refusal(lambda: load_corpus(study))


def test_configs_of_a_template() -> None:
    assert language_configs("{language}_pud", ["de"]) == {"de": "de_pud"}
    assert language_configs("news", ["de"]) == {"": "news"}
    assert language_configs(None, []) == {"": None}


# the presets themselves

@pytest.mark.parametrize("name", PRESETS)
def test_presets_are_whole(name: str) -> None:
    preset = PRESETS[name]
    assert preset.description
    assert preset.metric in ("weighted_f1", "entity_f1", "accuracy")
    assert (preset.task == "sequence") == (preset.metric == "weighted_f1")
    known = languages_of(preset.languages)
    assert len({language.code for language in known.values()}) == len(preset.languages)
    assert all(language.iso639_3 for language in known.values())
    assert (name == "builtin") == (not preset.hub)


def test_hub_spellings() -> None:
    udpos = preset_named("udpos")
    assert hub_spellings(udpos, ("German", "ces", "xyz")) == ["de", "cs", "xyz"]
    assert hub_spellings(udpos, ()) == list(udpos.languages) == hub_spellings(udpos, ("all",))


def test_unknown_preset_is_refused() -> None:
    with pytest.raises(DataError, match=r"preset 'wikian' is not known.*wikiann"):
        preset_named("wikian")


@pytest.mark.parametrize(("name", "folder"), [
    ("afrisenti", "data"), ("afrisenti", ""), ("masakhaner2", "MasakhaNER2.0/data"),
    ("masakhaner2", "data"), ("masakhaner2", "")])
def test_a_clone_by_its_root_or_its_data_folder(tmp_path: Path, name: str, folder: str) -> None:
    data = tmp_path / folder
    content, ending = (TSV, "tsv") if name == "afrisenti" else ("a O\nb B-PER\n", "txt")
    for split in ("train", "test"):
        write(data / "hau" / f"{split}.{ending}", content)
    assert clone_folder(preset_named(name), tmp_path) == data
    for root in (tmp_path, data):
        corpus = load_corpus(Study(preset=name, data=str(root)))
        assert (list(corpus.languages), corpus.metric) == (["hau"], PRESETS[name].metric)


def test_a_treebank_without_train_is_split_beside_one_with_train(tmp_path: Path) -> None:
    sentences = "".join(f"# sent_id = s{i}\n1\tx{i}\t_\tNOUN" + "\t_" * 6 + "\n\n"
                        for i in range(100))
    for name in ("UD_German-GSD/de_gsd-ud-train", "UD_German-GSD/de_gsd-ud-test",
                 "UD_German-PUD/de_pud-ud-test", "UD_Thai-PUD/th_pud-ud-test"):
        write(tmp_path / f"{name}.conllu", sentences)
    corpus = load_corpus(Study(preset="udpos", data=str(tmp_path)))
    assert [len(corpus.split("deu", name)) for name in SPLITS] == [100, 0, 200]
    assert corpus.split("deu", "test").source.endswith("and 1 more")
    assert sum(len(corpus.split("tha", name)) for name in SPLITS) == 100
    assert len(corpus.split("tha", "train")) > 60
    assert corpus.split("tha", "train").source.endswith("(split 80/10/10 by hash of id)")


# the real data

def test_pud_is_split_by_the_same_sentences_in_every_language(data_root: Path) -> None:
    corpus = load_corpus(Study(preset="udpos", data=str(data_root / "ud-pud")))
    assert (len(corpus.languages), corpus.task, corpus.metric) == (16, "token", "accuracy")
    assert "_" not in corpus.labels
    assert len(corpus.labels) == 17  # all of UPOS
    english = {name: sorted(corpus.split("eng", name).ids) for name in SPLITS}
    assert sum(map(len, english.values())) == 1000
    assert all(hash_split(key) == name for name in SPLITS for key in english[name])
    for code in corpus.languages:  # Icelandic has them in another order
        assert {name: sorted(corpus.split(code, name).ids) for name in SPLITS} == english
        assert not any(corpus.split(code, name).dropped for name in SPLITS)


def test_masakhaner_and_its_rows(data_root: Path) -> None:
    study = Study(preset="masakhaner2", data=str(data_root / "masakhaner2"),
                  languages=("Hausa", "yo"), rows=50)
    corpus = load_corpus(study)
    assert list(corpus.languages) == ["hau", "yor"]
    assert len(corpus.labels) == 9
    assert [len(corpus.split(code, "train")) for code in corpus.languages] == [50, 50]


def test_afrisenti_without_train_rows_in_two_languages(data_root: Path) -> None:
    corpus = load_corpus(Study(preset="afrisenti", data=str(data_root / "afrisenti")))
    assert len(corpus.languages) == 14
    assert set(corpus.languages) - set(corpus.trainable) == {"gaz", "tir"}
    assert len(corpus.split("hau", "train")) == 14172
    assert len(corpus.split("tso", "train")) == 804
    assert corpus.labels == ("negative", "neutral", "positive")
