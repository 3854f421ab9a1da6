"""Small corpora and encoders that several test files use."""

from __future__ import annotations

import numpy as np
import torch
import transformers

from gradsim_core.data.corpus import Corpus, Split
from gradsim_core.encoder.encoding import encode_split
from gradsim_core.encoder.models import byte_tokenizer, encoder_of
from gradsim_core.languages.resolving import Language

LABELS = ("a", "b", "c")
WORDS = {
    "deu": "der die das und hund katze haus läuft schläft groß".split(),
    "nld": "de het een en hond kat huis loopt slaapt groot".split(),
    "spa": "el la un y perro gato casa corre duerme grande".split(),
    "ita": "il la un e cane gatto casa corre dorme grande".split(),
}


def made_split(code: str, n_rows: int, task: str, seed: int = 0) -> Split:
    """Random sentences of a language's words; the label depends on the words."""
    rng = np.random.default_rng([seed, *code.encode()])
    rows = [tuple(rng.choice(WORDS[code], rng.integers(1, 9))) for _ in range(n_rows)]
    if task == "token":
        labels = tuple(tuple(LABELS[WORDS[code].index(word) % 3] for word in row) for row in rows)
        return Split(tuple(rows), labels)
    labels = tuple(LABELS[WORDS[code].index(row[0]) % 3] for row in rows)
    return Split(tuple(" ".join(row) for row in rows), labels)


def made_corpus(task: str = "sequence", n_rows: int = 24, codes=tuple(WORDS)) -> Corpus:
    splits = {code: {"train": made_split(code, n_rows, task), "dev": made_split(code, 6, task, 1),
                     "test": made_split(code, 6, task, 2)} for code in sorted(codes)}
    languages = {code: Language(code, code) for code in splits}
    return Corpus(task, "accuracy" if task == "token" else "weighted_f1", LABELS, languages,
                  splits, "made for a test")


SMALL = {"vocab_size": 260, "hidden_size": 32, "num_hidden_layers": 3, "num_attention_heads": 2,
         "intermediate_size": 48, "max_position_embeddings": 160, "pad_token_id": 0,
         "num_labels": 3}

SHAPES = {
    "bert": (transformers.BertConfig, {}),
    "xlm-roberta": (transformers.XLMRobertaConfig, {}),
    "distilbert": (transformers.DistilBertConfig, {
        "dim": 32, "n_layers": 3, "n_heads": 2, "hidden_dim": 48}),
    "deberta-v2": (transformers.DebertaV2Config, {
        "relative_attention": True, "pos_att_type": ["p2c", "c2p"], "max_relative_positions": 64}),
    "electra": (transformers.ElectraConfig, {"embedding_size": 16}),
}


def made_encoder(shape: str = "bert", task: str = "sequence", seed: int = 0):
    """A small random encoder of a given architecture over bytes, without dropout."""
    torch.manual_seed(seed)
    config_class, more = SHAPES[shape]
    config = config_class(**{**SMALL, **more})
    head = (transformers.AutoModelForSequenceClassification if task == "sequence"
            else transformers.AutoModelForTokenClassification)
    model = head.from_config(config)
    for module in model.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = 0.0
        for name in ("dropout_prob", "dropout", "dropout_p"):
            if isinstance(getattr(module, name, None), float):
                setattr(module, name, 0.0)
    return encoder_of(model, byte_tokenizer(), 128)


def made_encoded(corpus: Corpus, encoder, max_length: int = 64):
    return {code: encode_split(corpus.split(code, "train"), corpus.task, corpus.labels,
                               encoder.tokenizer, max_length) for code in corpus.languages}
