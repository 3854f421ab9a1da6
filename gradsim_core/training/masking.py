"""Masked-language examples: which tokens are hidden from the model, and behind what.

Conventions
-----------
Of the ordinary tokens of a batch 15% are hidden: 80% of these behind the mask, 10% behind a random
ordinary token, 10% left as they are; the model is to say what stood there. Special tokens, the
unknown one among them, are never hidden and never put in.

Source: Devlin et al. 2019 (arXiv 1810.04805), section 3.1. The number of hidden tokens is exact in
a batch of rows, where BERT's own code rounds in every row, so that short rows are hidden alike.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from gradsim_core.encoder.encoding import IGNORE, Encoded
from gradsim_core.errors import ModelError

HIDDEN, MASKED, RANDOM = 0.15, 0.8, 0.1
"""Share of tokens to predict; of these, shares behind the mask and behind a random token."""


@dataclass(frozen=True)
class Vocabulary:
    """What hiding needs to know of a tokenizer.

    Attributes
    ----------
    mask : id of the mask token
    special : ids that are never hidden
    ordinary : all other ids, sorted: what a random token is drawn from
    """

    mask: int
    special: np.ndarray
    ordinary: np.ndarray


def vocabulary_of(tokenizer: Any, model: str) -> Vocabulary:
    """Read a tokenizer's vocabulary; `model` is what an error calls it."""
    if tokenizer.mask_token_id is None:
        raise ModelError(f"The tokenizer of model {model!r} has no mask token, so the model cannot "
                         "be adapted by masked-language training. Set adaptation_steps to 0, or "
                         "use an encoder such as BERT or XLM-R.")
    special = np.unique(tokenizer.all_special_ids)
    ordinary = np.setdiff1d(list(tokenizer.get_vocab().values()), special)
    return Vocabulary(tokenizer.mask_token_id, special, ordinary)


def hidden_rows(ids: Sequence[np.ndarray], vocabulary: Vocabulary,
                rng: np.random.Generator) -> Encoded:
    """Hide 15% of the ordinary tokens of some rows, at least one where there is one.

    Returns
    -------
    Encoded
        Ids with tokens hidden, and as labels the ids that stood there; ``IGNORE`` elsewhere.
    """
    before = np.concatenate(ids).astype(np.int64)
    places = np.flatnonzero(~np.isin(before, vocabulary.special))
    n_hidden = max(1, round(HIDDEN * len(places)))
    hidden = rng.permutation(places)[:n_hidden]
    fate = rng.random(len(hidden))
    after, labels = before.copy(), np.full(len(before), IGNORE, dtype=np.int64)
    labels[hidden] = before[hidden]
    after[hidden[fate < MASKED]] = vocabulary.mask
    random = hidden[fate >= 1 - RANDOM]
    after[random] = rng.choice(vocabulary.ordinary, len(random))
    ends = np.cumsum([len(row) for row in ids])[:-1]
    return Encoded(tuple(np.split(after.astype(np.int32), ends)), tuple(np.split(labels, ends)))
