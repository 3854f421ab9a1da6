"""Sentences as vectors: mean-pooled states of an encoder at every layer, before any training.

`study_embeddings(prepared)` gives what `measures.embedding.cosine_gap` and `.csls` read;
`text_vectors` gives one layer of any texts (for topics).

Conventions
-----------
A state is the mean, over a text's tokens without the special ones ([CLS], [SEP] …), of what a
layer puts out; float32. Layers bear the names of the blocks they come from: ``embeddings``, then
``layer.0`` … ``layer.N-1``; so layer 0 in the counting of mPLM-Sim is ``embeddings`` here. The
model is the study's own as its training would find it: pretrained, or tiny-bytes' random weights.
Texts are those of the training split, each once, in an order by a seeded hash of the row's id (or
text), so that parallel rows stay parallel; rows by turns make two disjoint halves.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from gradsim_core.data.corpus import Split, Task
from gradsim_core.data.rows import Row, hash_order
from gradsim_core.encoder.encoding import Encoded, encode_split, joined
from gradsim_core.encoder.models import Encoder, load_encoder
from gradsim_core.errors import ModelError, StudyError
from gradsim_core.measures.embedding import FEWEST, SentenceStates
from gradsim_core.prepared import Prepared
from gradsim_core.progress import Observer
from gradsim_core.training.batches import Batch, collate
from gradsim_core.training.evaluation import by_length
from gradsim_core.training.joint import set_threads

ROWS = 200
"""Texts of a language that are embedded unless asked otherwise."""


def study_embeddings(prepared: Prepared, rows: int = ROWS, threads: int | None = None,
                     observe: Observer = lambda _: None) -> SentenceStates:
    """Embed the training text of a study's languages at every layer.

    Parameters
    ----------
    prepared : the study with its data
    rows : at most so many different texts a language
    threads : of torch; None means one for a small model, else torch's choice
    observe : is told each event

    Returns
    -------
    SentenceStates
        Of the languages that have at least four different training texts.

    Raises
    ------
    StudyError
        If fewer than two languages have.
    ModelError
        If the model cannot be loaded, or does not give its layers' states.
    """
    study, corpus = prepared.study, prepared.corpus
    chosen = {code: chosen_rows(corpus.split(code, "train"), rows, study.seed)
              for code in prepared.sources}
    chosen = {code: split for code, split in chosen.items() if len(split) >= FEWEST}
    if len(chosen) < 2:
        raise StudyError(f"Embeddings need two languages with {FEWEST} different training texts "
                         f"each; found: {', '.join(chosen) or 'none'}. Add languages or rows.")
    observe({"kind": "stage", "message": f"Embedding {sum(map(len, chosen.values())):,} texts"})
    encoder = load_encoder(study.model, study.model_revision, corpus.task, corpus.labels,
                           study.seed, study.max_length, **study.encoder_settings)
    set_threads(threads, encoder.n_weights)
    encoded = {code: encode_split(split, corpus.task, corpus.labels, encoder.tokenizer,
                                  study.max_length) for code, split in chosen.items()}
    found = mean_states(encoder, joined(encoded.values()), study.packing == "auto", observe)
    cuts = np.cumsum([len(split) for split in chosen.values()])[:-1]
    few = [code for code in corpus.languages if code not in chosen]
    lacking = f"; {', '.join(few[:10])}: fewer than {FEWEST} training texts" if few else ""
    note = f"At most {rows} texts a language{lacking}."
    return SentenceStates(tuple(chosen), layer_names(encoder),
                          tuple(np.split(found, cuts, axis=1)), note)


def chosen_rows(split: Split, rows: int, seed: int) -> Split:
    """At most so many rows, each text once, in the order of a seeded hash."""
    keys = [Row(text, "", id=name).key
            for text, name in zip(split.texts, split.ids or [""] * len(split), strict=True)]
    order = sorted(range(len(split)), key=lambda i: (hash_order(keys[i], f"texts {seed}"), i))
    first: dict[object, int] = {}
    for i in order:
        first.setdefault(split.texts[i], i)
    chosen = list(first.values())[:rows]
    return Split(tuple(split.texts[i] for i in chosen), tuple(split.labels[i] for i in chosen))


def layer_names(encoder: Encoder) -> tuple[str, ...]:
    """Names of the states of `mean_states`, in depth order."""
    n_layers = encoder.model.config.num_hidden_layers
    return ("embeddings", *(f"layer.{i}" for i in range(n_layers)))


def mean_states(encoder: Encoder, encoded: Encoded, packed: bool = True,
                observe: Observer = lambda _: None, last: bool = False) -> np.ndarray:
    """Mean-pooled states of every row at every layer, or at the last alone.

    Returns
    -------
    numpy.ndarray, shape (n_layers + 1, n_rows, n_dimensions), float32
        In the order of the rows; layers as in `layer_names`. With `last` (1, n_rows, …).

    Raises
    ------
    ModelError
        If the model gives another number of states than it has layers (and embeddings).
    """
    encoder.model.eval()
    n_states, found, done = len(layer_names(encoder)), None, 0
    for rows in by_length(encoded.lengths):
        batch = collate(encoder, encoded, rows, packed)
        with torch.inference_mode():
            states = encoder.model.base_model(
                **batch.inputs, output_hidden_states=True).hidden_states
            if states is None or len(states) != n_states:
                raise ModelError(f"{encoder.model.config.model_type} gives "
                                 f"{len(states or ())} states, but has {n_states - 1} layers and "
                                 "embeddings: they cannot be told apart. Use an encoder such as "
                                 "BERT or XLM-R.")
            pooled = _pooled(encoder, states[-last:], batch, encoded.lengths_of(rows))
        if found is None:
            found = np.empty((len(pooled), len(encoded), pooled.shape[-1]), dtype=np.float32)
        found[:, rows] = pooled.numpy()
        done += len(rows)
        observe({"kind": "progress", "step": done, "steps": len(encoded)})
    assert found is not None
    return found


def _pooled(encoder: Encoder, states: Sequence[torch.Tensor], batch: Batch,
            lengths: np.ndarray) -> torch.Tensor:
    """(n_layers + 1, n_sequences, n_dimensions): means over each sequence's own tokens."""
    sequence = torch.repeat_interleave(torch.arange(len(lengths)), torch.from_numpy(lengths))
    ids = batch.inputs["input_ids"][batch.tokens]
    weight = (~torch.isin(ids, torch.tensor(encoder.tokenizer.all_special_ids))).float()
    counts = torch.zeros(len(lengths)).index_add(0, sequence, weight)
    weight[counts[sequence] == 0] = 1.0  # nothing but special tokens: they are all there is
    counts = torch.zeros(len(lengths)).index_add(0, sequence, weight)
    flat = torch.stack([state[batch.tokens] for state in states])  # (n_states, n_tokens, d)
    sums = flat.new_zeros((len(states), len(lengths), flat.shape[-1]))
    return sums.index_add(1, sequence, flat * weight[:, None]) / counts[:, None]


def text_vectors(model: str, revision: str | None, split: Split, task: Task, max_length: int,
                 threads: int | None = None, observe: Observer = lambda _: None) -> np.ndarray:
    """One vector a text: its mean-pooled state in the last layer of any encoder.

    Parameters
    ----------
    model, revision : as for `load_encoder`
    split : the texts; their labels play no part
    task : whether they are texts or words
    max_length : longest text, in tokens

    Returns
    -------
    numpy.ndarray, shape (n_texts, n_dimensions), float32
    """
    labels = ("", "_")  # two, because a head wants some; it is never asked
    encoder = load_encoder(model, revision, task, labels, 0, max_length)
    set_threads(threads, encoder.n_weights)
    same = ("",) * len(split) if task == "sequence" else tuple(
        ("",) * len(text) for text in split.texts)
    encoded = encode_split(Split(split.texts, same), task, labels, encoder.tokenizer, max_length)
    return mean_states(encoder, encoded, observe=observe, last=True)[0]
