"""Joint trials on a made-up corpus, for the tests of trials: tiny, and the same every time."""

from __future__ import annotations

from typing import Any

import torch
import transformers
from engine_cases import SMALL, made_corpus

from gradsim_core.encoder.models import Encoder, byte_tokenizer, encoder_of
from gradsim_core.prepared import Prepared
from gradsim_core.storage.store import Store
from gradsim_core.study_text import study_from
from gradsim_core.training.joint import run_joint_trial

ONE = "0123456789abcdef"


class Cut(BaseException):
    """The end of a run that nobody foresaw, like a kill, but within this process."""


def made_prepared(task: str = "sequence", n_rows: int = 24, **settings: Any) -> Prepared:
    """A study on the made-up corpus."""
    settings = {"steps": 6, "snapshots": 3, "batch_size": 4, "max_length": 32,
                "learning_rate": 0.02, **settings}
    return Prepared(study_from(settings), made_corpus(task, n_rows), ONE, "0" * 64)


def trial(prepared: Prepared, store: Store, cut_at: str | int | None = None,
          checkpoint_every_s: float = 0.0) -> list[dict[str, Any]]:
    """Run a trial, cut it at a step or at a message where asked, and give its events."""
    events: list[dict[str, Any]] = []

    def observe(event: dict[str, Any]) -> None:
        events.append(event)
        if cut_at is not None and cut_at in (event.get("step"), event.get("message")):
            raise Cut

    before = torch.get_num_threads()
    try:
        run_joint_trial(prepared, store, observe, 1, checkpoint_every_s)
    except Cut:
        pass
    finally:
        torch.set_num_threads(before)
    return events


def small_encoder(_model: str, _revision: str | None, task: str, labels: tuple[str, ...],
                  seed: int, max_length: int) -> Encoder:
    """A random byte-level BERT of two layers, with dropout, in place of `load_encoder`'s."""
    torch.manual_seed(seed)
    config = transformers.BertConfig(**{**SMALL, "num_hidden_layers": 2, "num_labels": len(labels)})
    head = (transformers.BertForSequenceClassification if task == "sequence"
            else transformers.BertForTokenClassification)
    return encoder_of(head(config), byte_tokenizer(), max_length)
