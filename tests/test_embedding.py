"""Embedding measures: against obvious twins, cases done by hand, real encoders and real text."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from engine_cases import SHAPES, made_corpus, made_encoder
from joint_cases import made_prepared

from gradsim_core.data.corpus import Split
from gradsim_core.encoder.encoding import encode_split
from gradsim_core.errors import DataError, ModelError, StudyError
from gradsim_core.measures.embedding import NEIGHBOURS, SentenceStates, cosine_gap, csls
from gradsim_core.measuring import embeddings
from gradsim_core.measuring.embeddings import (
    chosen_rows,
    layer_names,
    mean_states,
    study_embeddings,
)
from gradsim_core.prepared import prepare
from gradsim_core.study_text import study_from

DRAW = np.random.default_rng(0)


def made_states(n_languages: int = 4, n_layers: int = 3, n_rows: int = 24) -> SentenceStates:
    """Clouds around centres of their own."""
    centres = DRAW.normal(size=(n_languages, n_layers, 1, 6))
    states = tuple((centre + DRAW.normal(size=(n_layers, n_rows + i, 6)) + 5).astype(np.float32)
                   for i, centre in enumerate(centres))
    return SentenceStates(tuple("abcdefgh"[:n_languages]),
                          tuple(f"layer.{i}" for i in range(n_layers)), states)


# slow, obvious twins

def ref_units(rows: list[np.ndarray]) -> list[list[np.ndarray]]:
    centre = sum(one.mean(axis=0) for one in rows) / len(rows)
    return [[(x - centre) / np.linalg.norm(x - centre) for x in one] for one in rows]


def ref_gap(units: list[list[np.ndarray]], i: int, j: int) -> float:
    def within(one: list[np.ndarray]) -> float:
        return float(np.mean([a @ b for m, a in enumerate(one) for n, b in enumerate(one)
                              if m != n]))

    across = np.mean([a @ b for a in units[i] for b in units[j]])
    return float(across - (within(units[i]) + within(units[j])) / 2)


def ref_csls(units: list[list[np.ndarray]], i: int, j: int) -> float:
    def best(scores: list[float]) -> float:
        return float(np.mean(sorted(scores)[-NEIGHBOURS:]))

    def nearness(x: np.ndarray, own: int) -> float:
        return float(np.mean([best([float(x @ y) for y in other])
                              for n, other in enumerate(units) if n != own]))

    def directed(a: int, b: int) -> float:
        return float(np.mean([best([2 * float(x @ y) - nearness(x, a) - nearness(y, b)
                                    for y in units[b]]) for x in units[a]]))

    return (directed(i, j) + directed(j, i)) / 2


@pytest.mark.parametrize(("measure", "twin"), [(cosine_gap, ref_gap), (csls, ref_csls)])
def test_measure_is_its_obvious_twin(measure: Any, twin: Any) -> None:
    states = made_states()
    found = measure(states)
    assert found.by_layer is not None
    assert found.layer_halves is not None
    assert found.halves is not None
    for layer in (0, 2):
        rows = [array[layer].astype(float) for array in states.states]
        units, odd = ref_units(rows), ref_units([one[1::2] for one in rows])
        for i, j in ((0, 1), (3, 2)):
            assert found.by_layer[layer, i, j] == pytest.approx(twin(units, i, j), abs=1e-5)
            assert found.layer_halves[1, layer, i, j] == pytest.approx(twin(odd, i, j), abs=1e-5)
    np.testing.assert_allclose(found.values, found.by_layer.mean(axis=0), equal_nan=True)
    np.testing.assert_allclose(found.halves, found.layer_halves.mean(axis=1), equal_nan=True)
    np.testing.assert_array_equal(found.values, found.values.T)
    assert np.isnan(np.diagonal(found.values)).all()


def test_gap_of_four_directions_by_hand() -> None:
    """Two languages on opposite sides of the centre, a third of both kinds of sentences."""
    left, right = np.array([-1.0, 0, 0]), np.array([1.0, 0, 0])
    states = SentenceStates(("l", "r", "b"), ("embeddings",), (
        np.stack([left] * 4)[None], np.stack([right] * 4)[None],
        np.stack([left, right, right, left])[None]))
    # within l and r 1; within b (4 pairs alike, 8 opposite, of 12) -1/3; across l r -1, else 0
    expected = [[np.nan, -2, -1 / 3], [-2, np.nan, -1 / 3], [-1 / 3, -1 / 3, np.nan]]
    np.testing.assert_allclose(cosine_gap(states).values, expected)


def test_gap_of_one_cloud_is_about_zero() -> None:
    """The same distribution twice: no gap but chance, on either side of zero."""
    gaps = []
    for _ in range(40):
        cloud = DRAW.normal(size=(2, 1, 30, 5)) + 3
        gaps.append(cosine_gap(SentenceStates(("a", "b"), ("x",), tuple(cloud))).values[0, 1])
    assert abs(np.mean(gaps)) < 3 * np.std(gaps) / np.sqrt(len(gaps))
    assert min(gaps) < 0 < max(gaps)


def test_what_all_share_and_how_far_it_reaches_change_nothing() -> None:
    states = made_states()
    moved = SentenceStates(states.languages, states.layers,
                           tuple(7 * array + 3 for array in states.states))
    for measure in (cosine_gap, csls):
        np.testing.assert_allclose(measure(moved).values, measure(states).values, atol=1e-4)


def test_hubs_are_near_nothing_in_particular() -> None:
    """One language lies between three others: its plain cosines lead, CSLS sees the true pair."""
    around = np.eye(4)[:3] * 4
    centres = {"hub": around.mean(axis=0) * 1.2, "a": around[0], "a2": around[0] + [0, 0.9, 0, 0],
               "b": around[1], "c": around[2]}
    clouds = tuple((centre + DRAW.normal(scale=0.4, size=(30, 4)))[None]
                   for centre in centres.values())
    found = csls(SentenceStates(tuple(centres), ("x",), clouds)).values
    assert np.nanargmax(found) in (1 * 5 + 2, 2 * 5 + 1)


def test_too_few_sentences_are_refused() -> None:
    with pytest.raises(DataError, match=r"'b'.*\(1, 3, 2\).*at least 4"):
        SentenceStates(("a", "b"), ("x",), (np.zeros((1, 4, 2)), np.zeros((1, 3, 2))))


# states of encoders

@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("task", ["sequence", "token"])
def test_states_are_means_over_each_texts_own_tokens(shape: str, task: str) -> None:
    corpus, encoder = made_corpus(task, 9), made_encoder(shape, task)
    encoded = encode_split(corpus.split("deu", "train"), corpus.task, corpus.labels,
                           encoder.tokenizer, 64)
    found = mean_states(encoder, encoded)
    assert found.shape == (4, 9, 32) or shape == "electra"
    assert layer_names(encoder) == ("embeddings", "layer.0", "layer.1", "layer.2")
    special = set(encoder.tokenizer.all_special_ids)
    with torch.inference_mode():
        for row, ids in enumerate(encoded.ids):
            whole = torch.from_numpy(ids.astype(np.int64))[None]
            states = encoder.model.base_model(whole, output_hidden_states=True).hidden_states
            own = [i for i, token in enumerate(ids.tolist()) if token not in special]
            for layer, state in enumerate(states):
                np.testing.assert_allclose(found[layer, row], state[0, own].mean(0), atol=2e-6)


def test_packed_and_padded_rows_give_the_same_states() -> None:
    corpus, encoder = made_corpus(n_rows=12), made_encoder()
    encoded = encode_split(corpus.split("spa", "train"), corpus.task, corpus.labels,
                           encoder.tokenizer, 64)
    np.testing.assert_allclose(mean_states(encoder, encoded, packed=True),
                               mean_states(encoder, encoded, packed=False), atol=2e-6)


def test_a_model_that_hides_its_layers_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    corpus, encoder = made_corpus(n_rows=4), made_encoder()
    encoded = encode_split(corpus.split("spa", "train"), corpus.task, corpus.labels,
                           encoder.tokenizer, 64)
    monkeypatch.setattr(encoder.model.config, "num_hidden_layers", 7)
    with pytest.raises(ModelError, match="bert gives 4 states, but has 7 layers"):
        mean_states(encoder, encoded)


def test_each_text_once_in_an_order_that_parallel_rows_share() -> None:
    split = Split(("eins", "zwei", "eins", "drei"), ("a", "b", "a", "d"), ids=("1", "2", "1", "4"))
    other = Split(("three", "one", "two"), ("d", "a", "b"), ids=("4", "1", "2"))
    chosen, english = chosen_rows(split, 10, 0), chosen_rows(other, 10, 0)
    assert sorted(chosen.texts) == ["drei", "eins", "zwei"]
    english_of = {"eins": "one", "zwei": "two", "drei": "three"}
    assert tuple(english_of[text] for text in chosen.texts) == english.texts
    assert chosen_rows(split, 2, 0).texts == chosen.texts[:2]
    assert len({chosen_rows(split, 10, seed).texts for seed in range(9)}) > 1


def test_study_embeddings_of_a_small_study() -> None:
    prepared = made_prepared()
    events: list[dict[str, Any]] = []
    states = study_embeddings(prepared, rows=10, threads=1, observe=events.append)
    assert states.languages == prepared.sources
    assert {array.shape for array in states.states} == {(5, 10, 96)}
    assert states.note == "At most 10 texts a language."
    assert events[0] == {"kind": "stage", "message": "Embedding 40 texts"}
    assert events[-1]["step"] == events[-1]["steps"] == 40
    again = study_embeddings(prepared, rows=10, threads=1)
    assert all(np.array_equal(a, b) for a, b in zip(states.states, again.states, strict=True))


def test_a_study_without_enough_text_is_refused() -> None:
    with pytest.raises(StudyError, match="two languages with 4 different training texts each"):
        study_embeddings(made_prepared(n_rows=3))


def test_related_languages_lead_on_the_built_in_data(monkeypatch: pytest.MonkeyPatch) -> None:
    prepared = prepare(study_from({"languages": "deu nld swe dan ces slk"}))
    states = study_embeddings(prepared, rows=120)
    for measure in (cosine_gap, csls):
        found = measure(states)
        at = {code: i for i, code in enumerate(found.languages)}
        assert found.values[at["ces"], at["slk"]] == np.nanmax(found.values)
        agreement = np.corrcoef(*(half[np.triu_indices(6, 1)] for half in found.halves))
        assert agreement[0, 1] > 0.5
    assert embeddings.ROWS == 200
