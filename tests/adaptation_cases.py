"""Encoders adapted to made-up text, and small masked language models on disk."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
import transformers
from engine_cases import SMALL
from joint_cases import ONE, made_prepared

from gradsim_core.encoder.models import byte_tokenizer
from gradsim_core.prepared import Prepared
from gradsim_core.storage.store import Store
from gradsim_core.training.adaptation import adapted_entry, adapted_weights


def prepared_with(**settings: Any) -> Prepared:
    return made_prepared(**{"learning_rate": 0.003, **settings})


def adapted(prepared: Prepared, store: Store, steps: int = 4,
            batch_size: int = 4) -> tuple[dict[str, torch.Tensor], list[dict[str, Any]]]:
    """Adapted weights and the events told on the way."""
    events: list[dict[str, Any]] = []
    before = torch.get_num_threads()
    try:
        return adapted_weights(prepared, store, steps, batch_size, events.append, 1), events
    finally:
        torch.set_num_threads(before)


def facts_of(prepared: Prepared, store: Store, steps: int = 4,
             batch_size: int = 4) -> dict[str, Any]:
    found = store.read_tensors(ONE, adapted_entry(prepared.study, steps, batch_size))
    assert found is not None
    return found[1]


def same(first: dict[str, torch.Tensor], second: dict[str, torch.Tensor]) -> bool:
    return first.keys() == second.keys() and all(
        torch.equal(tensor, second[name]) for name, tensor in first.items())


def masked_network(kind: str, **more: Any) -> Any:
    """A small random masked language model of a type."""
    torch.manual_seed(3)
    config = transformers.CONFIG_MAPPING[kind](**{**SMALL, **more})
    return transformers.AutoModelForMaskedLM.from_config(config)


def saved(folder: Path, network: Any, tokenizer: Any = None) -> str:
    network.save_pretrained(folder)
    (tokenizer or byte_tokenizer()).save_pretrained(folder)
    return str(folder)


def assert_refused(caught: pytest.ExceptionInfo, *culprits: str) -> None:
    message = str(caught.value)
    assert [culprit for culprit in culprits if culprit not in message] == []
    assert len(message) <= 400
