"""Scores by hand, and predictions that reach the rows and words they belong to."""

import numpy as np
import pytest
import torch
from engine_cases import made_corpus, made_encoded, made_encoder
from sklearn.metrics import f1_score

from gradsim_core.data.corpus import Corpus, Split
from gradsim_core.encoder.encoding import IGNORE
from gradsim_core.languages.resolving import Language
from gradsim_core.training import evaluation
from gradsim_core.training.evaluation import encode_corpus, evaluate, predict
from gradsim_core.training.metrics import sequence_scores, token_scores


def test_sequence_scores_by_hand():
    """a: precision 2/3, recall 2/2, F1 0.8; b: 1/1, 1/3, 0.5; c: 0/1, 0/1, 0."""
    scores = sequence_scores(["a", "a", "b", "b", "b", "c"], ["a", "a", "b", "a", "c", "d"])
    assert scores["accuracy"] == pytest.approx(3 / 6)
    # d was predicted and never right: scikit-learn's macro average counts it
    assert scores["macro_f1"] == pytest.approx((0.8 + 0.5 + 0 + 0) / 4)
    assert scores["weighted_f1"] == pytest.approx((2 * 0.8 + 3 * 0.5 + 1 * 0) / 6)


@pytest.mark.parametrize("n_rows", [1, 3, 50])
@pytest.mark.parametrize("seed", range(8))
def test_sequence_scores_are_those_of_scikit_learn(n_rows, seed):
    gold, predicted = np.random.default_rng(seed).choice(list("abcde"), (2, n_rows)).tolist()
    scores = sequence_scores(gold, predicted)
    for average in ("macro", "weighted"):
        assert scores[f"{average}_f1"] == pytest.approx(
            f1_score(gold, predicted, average=average, zero_division=0), abs=1e-12)


@pytest.mark.parametrize(("gold", "predicted", "expected"), [
    (["a", "b"], ["a", "b"], 1.0), (["a", "b"], ["b", "a"], 0.0), (["a"], ["a"], 1.0)])
def test_sequence_scores_at_their_ends(gold, predicted, expected):
    assert set(sequence_scores(gold, predicted).values()) == {expected}


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(("gold", "predicted", "expected"), [
    # two of two entities; a wrong type and a wrong end are both wrong: 1 right of 3 and 3
    (["B-PER I-PER O B-LOC"], ["B-PER I-PER O B-LOC"], 1.0),
    (["B-PER I-PER O B-LOC", "B-ORG O"], ["B-PER O O B-LOC", "B-PER O"], 1 / 3),
    # an entity may begin with I- where none stands before it (the CoNLL evaluation)
    (["B-PER O"], ["I-PER O"], 1.0),
    # two neighbours are two entities
    (["B-LOC B-LOC"], ["B-LOC I-LOC"], 0.0),
    # 1 found of 2, and nothing false: precision 1, recall 1/2
    (["B-LOC O B-LOC"], ["B-LOC O O"], 2 / 3),
    # no entity at all
    (["O O"], ["O O"], 0.0), (["O O"], ["B-LOC O"], 0.0)])
def test_entity_f1_by_hand(gold, predicted, expected):
    scores = token_scores([row.split() for row in gold], [row.split() for row in predicted], True)
    assert scores["entity_f1"] == pytest.approx(expected)


def test_accuracy_counts_words_not_rows():
    scores = token_scores([["N"], ["N", "V", "V"]], [["N"], ["N", "N", "N"]], False)
    assert scores == {"accuracy": pytest.approx(2 / 4)}


def test_gold_and_predictions_of_other_lengths_are_never_cut_to_fit():
    with pytest.raises(ValueError, match="zip"):
        sequence_scores(["a", "b"], ["a"])
    with pytest.raises(ValueError, match="zip"):
        token_scores([["N", "V"]], [["N"]], False)


# predictions


def ref_logits(encoder, encoded):
    encoder.model.eval()
    with torch.no_grad():
        return [encoder.model(input_ids=torch.tensor(ids[None].astype(np.int64))).logits[0]
                for ids in encoded.ids]


def spread_out(encoder, encoded):
    """Shift a random model's biases so that it predicts each label about equally often."""
    bias = encoder.blocks["head"][-1]
    assert bias.shape == (3,)
    with torch.no_grad():
        bias -= torch.cat([row.reshape(-1, 3) for row in ref_logits(encoder, encoded)]).mean(0)


@pytest.mark.parametrize("task", ["sequence", "token"])
@pytest.mark.parametrize(("shape", "packed"), [
    ("bert", True), ("bert", False), ("xlm-roberta", True), ("distilbert", False)])
def test_predictions_come_back_in_row_order(monkeypatch, shape, packed, task):
    monkeypatch.setattr(evaluation, "_BATCH_TOKENS", 150)  # several batches
    encoder = made_encoder(shape, task)
    encoded = made_encoded(made_corpus(task), encoder)["deu"]
    spread_out(encoder, encoded)
    found = predict(encoder, encoded, packed)
    expected = [row.argmax(-1).numpy() for row in ref_logits(encoder, encoded)]
    assert len({len(ids) for ids in encoded.ids}) > 5
    assert len(np.unique(np.concatenate([row.ravel() for row in expected]))) > 1
    assert len(found) == len(expected)
    for ours, theirs in zip(found, expected, strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_the_longest_rows_are_predicted_first(monkeypatch):
    """Or the memory would grow with every batch: what was freed is too small for the next."""
    monkeypatch.setattr(evaluation, "_BATCH_TOKENS", 150)
    encoder, widths = made_encoder(), []
    encoded = made_encoded(made_corpus(), encoder)["deu"]
    batched = evaluation.collate

    def collate(encoder, encoded, rows, packed):
        widths.append(int(encoded.lengths_of(rows).max()))
        return batched(encoder, encoded, rows, packed)

    monkeypatch.setattr(evaluation, "collate", collate)
    predict(encoder, encoded, packed=True)
    assert len(widths) > 4
    assert widths == sorted(widths, reverse=True)


class Oracle:
    """A model that knows every token's label: it is put in place of predictions."""

    def __init__(self, wrong=()):
        self.wrong = wrong

    def __call__(self, _encoder, encoded, _packed):
        rows = [np.where(labels == IGNORE, 1, labels) for labels in encoded.labels]
        for row in self.wrong:
            rows[row] = np.zeros_like(rows[row])
        return rows


def scored(encoder, corpus, max_length, packed):
    texts = encode_corpus(corpus, encoder.tokenizer, max_length, ("dev", "test"))
    return evaluate(encoder, corpus, texts, packed)


def one_language(rows, tags, metric="entity_f1"):
    labels = tuple(sorted({tag for row in tags for tag in row}))
    return Corpus("token", metric, labels, {"deu": Language("deu", "German")},
                  {"deu": {"test": Split(rows, tags)}}, "made for a test")


@pytest.mark.parametrize("tags", [("B-X", "O", "B-X"), ("B-X", "B-Y", "B-X")])
def test_words_behind_a_lost_word_keep_their_predictions(monkeypatch, tags):
    """The word in the middle has no piece in max_length's room; its label counts as O."""
    monkeypatch.setattr(evaluation, "predict", Oracle())
    real = evaluation.encode_split

    def lose_the_middle(*arguments):
        encoded = real(*arguments)
        if not len(encoded):
            return encoded
        place = int(np.flatnonzero(encoded.labels[0] != IGNORE)[1])
        encoded.labels[0][place] = IGNORE
        object.__setattr__(encoded, "words", ((0, 2),))
        return encoded

    monkeypatch.setattr(evaluation, "encode_split", lose_the_middle)
    corpus = one_language((("a", "b", "c"),), (tags,))
    scores = scored(made_encoder("bert", "token"), corpus, 64, False)["scores"]["test"]["deu"]
    right = 3 if tags[1] == "O" else 2
    assert scores["accuracy"] == pytest.approx(right / 3)
    assert scores["entity_f1"] == pytest.approx(1 if tags[1] == "O" else 2 * 1 * (2 / 3) / (5 / 3))


def test_words_cut_off_count_as_not_found(monkeypatch):
    monkeypatch.setattr(evaluation, "predict", Oracle())
    rows, tags = (tuple("abcdefgh"),), (("B-X",) * 8,)
    encoder = made_encoder("bert", "token")
    scores = scored(encoder, one_language(rows, tags), 10, False)["scores"]["test"]["deu"]
    assert scores["accuracy"] == pytest.approx(4 / 8)  # four words of two bytes and two marks
    parts = scored(encoder, one_language(rows, (("NOUN",) * 8,), "accuracy"), 10, False)
    assert parts["scores"]["test"]["deu"] == {"accuracy": pytest.approx(4 / 8)}


def test_every_language_with_rows_is_scored_and_no_other():
    corpus = made_corpus()
    splits = {**corpus.splits, "ita": {"train": corpus.split("ita", "train")}}
    corpus = Corpus(corpus.task, corpus.metric, corpus.labels, corpus.languages, splits, "")
    found = scored(made_encoder(), corpus, 64, True)
    assert found["metric"] == "weighted_f1"
    assert list(found["scores"]) == ["dev", "test"]
    assert list(found["scores"]["test"]) == ["deu", "nld", "spa"]
    for scores in found["scores"]["dev"].values():
        assert set(scores) == {"accuracy", "macro_f1", "weighted_f1"}
        assert all(0 <= value <= 1 for value in scores.values())
