"""The measures of a study: computed once, kept, read without torch, and what cannot be had."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from architecture_rules import loaded_by
from made_up_studies import made_up_series
from reference_measures import shared_running
from result_cases import MORE_WORDS, write_data

from gradsim_core.errors import StudyError
from gradsim_core.measures import MEASURES
from gradsim_core.measuring import kept as kept_measures
from gradsim_core.measuring import measured, uriel
from gradsim_core.measuring.files import keep_similarity, read_similarity_files
from gradsim_core.measuring.kept import left_out_measures
from gradsim_core.measuring.measured import load_measures, study_measures
from gradsim_core.prepared import RECORD, Prepared, prepare, study_record
from gradsim_core.results import save_grams
from gradsim_core.storage.store import Store
from gradsim_core.study import Study

LIGHT = ["gradient", "family", "geographic", "typology.featural", "lexical.ngrams",
         "lexical.words", "distribution.labels", "distribution.lengths"]
CODES = ("deu", "ita", "nld", "spa")


def finished(folder: Path, words_of: dict[str, str] = MORE_WORDS,
             **settings: Any) -> tuple[Prepared, Store]:
    """A study over small data, with made-up gradients."""
    prepared = prepare(Study(data=str(write_data(folder / "data", words_of)), task="sequence",
                             steps=4, snapshots=1, **settings))
    store = Store(folder / "cache")
    store.write_json(prepared.signature, RECORD, study_record(prepared))
    save_grams(store, prepared.signature, made_up_series(
        [0, 1, 0, 1][:len(prepared.sources)], codes=prepared.sources), {})
    return prepared, store


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[Prepared, Store, dict, list[str]]:
    """A study with every measure, and what was said on the way."""
    prepared, store = finished(tmp_path_factory.mktemp("study"))
    said: list[str] = []
    found = study_measures(prepared, store, observe=lambda event: said.append(
        f"{event['kind']}: {event.get('message', '')}"))
    return prepared, store, found, said


def test_every_measure_that_can_be_had(whole: tuple[Prepared, Store, dict, list[str]]) -> None:
    prepared, store, found, said = whole
    reasons = left_out_measures(store, prepared.signature)
    assert [*found] == [name for name in MEASURES if name in found]
    assert {*found} | {*reasons} == {*MEASURES}
    assert {*reasons} - {"typology.phonological"} == {"distribution.script", "topic"}
    for name, measure in found.items():
        assert (measure.name, measure.languages) == (name, CODES)
        assert measure.source
        assert measure.title == MEASURES[name]
        assert np.isfinite(measure.values).any()
    assert "note: Without distribution.script: " + reasons["distribution.script"] in said
    assert "It is 1 for every pair" in reasons["distribution.script"]
    assert "Name a column for the role topic" in reasons["topic"]
    assert "stage: Measuring lexical.tokens" in said


def test_what_is_kept_is_read_as_it_was(whole: tuple[Prepared, Store, dict, list[str]]) -> None:
    prepared, store, found, _ = whole
    again = load_measures(store, prepared.signature)
    assert [*again] == [*found]
    for name, measure in found.items():
        for field in ("title", "languages", "source", "note", "layers", "directed"):
            assert getattr(again[name], field) == getattr(measure, field)
        for field in ("values", "by_layer", "halves", "layer_halves"):
            np.testing.assert_array_equal(getattr(again[name], field), getattr(measure, field))
    assert not store.exists(prepared.signature, "measures/gradient.safetensors")
    assert again["embedding.cosine"].layers[0] == "embeddings"


def test_reading_them_needs_neither_torch_nor_the_data() -> None:
    assert loaded_by("import gradsim_core; gradsim_core.load_measures",
                     ("torch", "transformers", "pandas", "sklearn")) == set()


def test_each_is_computed_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    prepared, store = finished(tmp_path)
    made: list[str] = []
    make = measured._made

    def counted(name: str, *rest: Any) -> Any:
        made.append(name)
        return make(name, *rest)

    monkeypatch.setattr(measured, "_made", counted)
    first = study_measures(prepared, store, ["family", "lexical.words"])
    second = study_measures(prepared, store, ["lexical.words", "family", "geographic"])
    assert made == ["family", "lexical.words", "geographic"]
    assert [*second] == ["family", "geographic", "lexical.words"]
    np.testing.assert_array_equal(first["family"].values, second["family"].values)


@pytest.mark.parametrize(("name", "age"), [
    ("typology.featural", lambda patch: patch.setattr(kept_measures, "_VERSION", 99)),
    ("typology.featural", lambda patch: patch.setattr(kept_measures, "uriel_version",
                                                      lambda: "9.9")),
    ("lexical.words", lambda patch: patch.setattr(kept_measures, "_WORDS", "99"))])
def test_what_is_out_of_date_is_computed_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
                                              name: str, age: Callable[[Any], None]) -> None:
    prepared, store = finished(tmp_path)
    study_measures(prepared, store, [name])
    assert name in load_measures(store, prepared.signature)
    age(monkeypatch)
    assert name not in load_measures(store, prepared.signature)
    study_measures(prepared, store, [name])
    assert name in load_measures(store, prepared.signature)


def test_a_measure_of_other_languages_counts_as_absent(tmp_path: Path) -> None:
    prepared, store = finished(tmp_path)
    found = study_measures(prepared, store, ["family"])["family"]
    kept_measures.save_measure(store, prepared.signature, found.among(CODES[::-1]))
    assert "family" not in load_measures(store, prepared.signature)
    again = study_measures(prepared, store, ["family"])["family"]
    np.testing.assert_array_equal(again.values, found.values)
    assert "family" in load_measures(store, prepared.signature)


def test_typology_that_is_kept_is_read_without_the_package(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    prepared, store = finished(tmp_path)
    study_measures(prepared, store, ["typology.featural"])
    monkeypatch.setattr(kept_measures, "uriel_version", lambda: None)
    assert "typology.featural" in load_measures(store, prepared.signature)


def test_a_damaged_entry_is_computed_anew(tmp_path: Path) -> None:
    prepared, store = finished(tmp_path)
    before = study_measures(prepared, store, ["lexical.words"])["lexical.words"]
    path = store.path(prepared.signature, "measures/lexical.words.safetensors")
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    assert "lexical.words" not in load_measures(store, prepared.signature)
    again = study_measures(prepared, store, ["lexical.words"])["lexical.words"]
    np.testing.assert_array_equal(again.values, before.values)


def test_a_reason_goes_when_the_measure_can_be_had(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    prepared, store = finished(tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr(uriel, "uriel_version", lambda: None)
        found = study_measures(prepared, store, ["family", "typology.featural", "topic"])
    assert [*found] == ["family"]
    reasons = left_out_measures(store, prepared.signature)
    assert [*reasons] == ["typology.featural", "topic"]
    assert 'pip install "gradsim[typology]"' in reasons["typology.featural"]
    study_measures(prepared, store, ["typology.featural"])
    assert [*left_out_measures(store, prepared.signature)] == ["topic"]


def test_tokens_are_the_models_own_without_special_ones(tmp_path: Path) -> None:
    """Those of tiny-bytes are the bytes of the text behind a space."""
    prepared, store = finished(tmp_path)
    found = study_measures(prepared, store, ["lexical.tokens"])["lexical.tokens"]
    written = {code: b"".join(f" {text}".encode() for text in
                              prepared.corpus.split(code, "train").texts) for code in CODES}
    for i, one in enumerate(CODES):
        for j, other in enumerate(CODES):
            if i != j:
                assert found.values[i, j] == pytest.approx(
                    shared_running(written[one], written[other]))


def test_without_gradients_all_else_is_there(tmp_path: Path) -> None:
    prepared, store = finished(tmp_path)
    store.remove(prepared.signature, "grams.safetensors")
    assert [*study_measures(prepared, store, ["gradient", "family"])] == ["family"]
    assert "Run it with `gradsim run`" in left_out_measures(store, prepared.signature)["gradient"]
    assert [*load_measures(store, prepared.signature)] == ["family"]


def test_the_order_of_the_rows_changes_nothing(tmp_path: Path) -> None:
    """Not even the halves, which are dealt by the rows' content."""
    one = study_measures(*finished(tmp_path / "a"), LIGHT)
    folder = write_data(tmp_path / "b" / "data", MORE_WORDS)
    for file in folder.rglob("train.tsv"):
        header, *rows = file.read_text().splitlines()
        file.write_text("\n".join([header, *reversed(rows)]) + "\n")
    prepared = prepare(Study(data=str(folder), task="sequence", steps=4, snapshots=1))
    assert prepared.sources == CODES
    other = study_measures(prepared, Store(tmp_path / "b" / "cache"), LIGHT)
    n_halves = 0
    for name, measure in other.items():
        before = one[name]
        np.testing.assert_allclose(measure.values, before.values, atol=1e-12)
        if measure.halves is not None:
            n_halves += 1
            np.testing.assert_allclose(measure.halves, before.halves, atol=1e-12)
            assert not np.allclose(*measure.halves, equal_nan=True)
    assert n_halves >= 2


def test_imported_ones_come_last_and_may_be_out_of_date(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    prepared, store = finished(tmp_path)
    file = tmp_path / "mine.csv"
    file.write_text("l,deu,nld,spa\ndeu,,.9,.1\nnld,.9,,.2\nspa,.1,.2,\n")
    keep_similarity(store, prepared.signature, prepared.sources,
                    read_similarity_files("mine", [file]))
    assert [*study_measures(prepared, store, ["imported.mine", "family"])] == [
        "family", "imported.mine"]
    assert [*load_measures(store, prepared.signature)] == ["gradient", "family", "imported.mine"]
    monkeypatch.setattr(kept_measures, "_VERSION", 99)
    said: list[str] = []
    assert study_measures(prepared, store, ["imported.mine"], lambda event: said.append(
        event["message"])) == {}
    assert said == ["Without imported.mine: It is of other languages than the study's, or of an "
                    "older version. Import it again."]
    assert "imported.mine" in left_out_measures(store, prepared.signature)


def test_unknown_names_are_refused(tmp_path: Path) -> None:
    prepared, store = finished(tmp_path)
    with pytest.raises(StudyError, match=r"Measure 'lexical' is not known\. Use one of: gradient"):
        study_measures(prepared, store, ["lexical"])


def test_words_of_token_tasks(tmp_path: Path, data_root: Path) -> None:
    prepared = prepare(Study(preset="udpos", data=str(data_root / "ud-pud"), rows=120,
                             languages=("de", "sv", "pl", "cs", "hi")))
    store = Store(tmp_path / "cache")
    store.write_json(prepared.signature, RECORD, study_record(prepared))
    found = study_measures(prepared, store, [
        "lexical.ngrams", "lexical.words", "lexical.tokens", "distribution.labels",
        "distribution.lengths", "distribution.script"])
    assert [*found][-1] == "distribution.script"
    at = {code: i for i, code in enumerate(prepared.sources)}
    for name in ("lexical.ngrams", "lexical.words"):
        values = found[name].values
        assert values[at["ces"], at["pol"]] > values[at["ces"], at["hin"]]
    script = found["distribution.script"].values
    assert script[at["hin"], at["deu"]] == 0
    assert script[at["swe"], at["deu"]] == 1
    assert found["distribution.lengths"].note == "Lengths in words."


def test_afrisenti(tmp_path: Path, data_root: Path) -> None:
    prepared = prepare(Study(preset="afrisenti", data=str(data_root / "afrisenti"), rows=400,
                             languages=("amh", "hau", "ibo", "kin", "orm", "swa", "yor")))
    store = Store(tmp_path / "cache")
    store.write_json(prepared.signature, RECORD, study_record(prepared))
    found = study_measures(prepared, store, [name for name in MEASURES
                                             if not name.startswith("embedding.")])
    assert "gaz" not in prepared.sources, "it has no training rows"
    at = {code: i for i, code in enumerate(prepared.sources)}
    assert found["family"].values[at["kin"], at["swh"]] > found["family"].values[
        at["kin"], at["ibo"]] > 0
    assert found["distribution.script"].values[at["amh"], at["hau"]] == 0
    assert found["typology.syntactic"].coverage > 0.5
    halves = found["lexical.ngrams"].halves
    assert halves is not None
    pairs = ~np.eye(len(at), dtype=bool)
    assert np.corrcoef(halves[0][pairs], halves[1][pairs])[0, 1] > 0.9
