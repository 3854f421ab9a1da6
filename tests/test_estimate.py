"""The estimate: what it holds, how it scales, and that it leaves nothing behind."""

from __future__ import annotations

import sys
from dataclasses import replace
from itertools import count
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from joint_cases import made_prepared, small_encoder

from gradsim_core import estimate as module
from gradsim_core.data.corpus import SPLITS
from gradsim_core.estimate import estimate_study


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """A small model."""
    monkeypatch.setattr(module, "load_encoder", small_encoder)


def estimated(**settings: Any) -> dict[str, Any]:
    before = torch.get_num_threads()
    try:
        return estimate_study(made_prepared(**settings), threads=1)
    finally:
        torch.set_num_threads(before)


def test_it_says_what_a_user_must_know() -> None:
    found = estimated()
    assert set(found) == {"train_seconds", "score_seconds", "peak_memory_bytes", "disk_bytes",
                          "checkpoint_bytes", "kept_bytes", "mode", "sketch_size", "packed",
                          "device", "n_languages", "n_parameters"}
    assert (found["mode"], found["packed"], found["n_languages"]) == ("exact", True, 4)
    assert 0 < found["score_seconds"] < found["train_seconds"] < 60
    assert found["peak_memory_bytes"] > 50e6  # Python and PyTorch alone
    parameters = sum(p.numel() for p in small_encoder("", None, "sequence", ("a", "b", "c"), 0, 32)
                     .model.parameters())
    assert found["n_parameters"] == parameters


def test_every_step_takes_what_a_tried_step_took(monkeypatch: pytest.MonkeyPatch) -> None:
    """By a clock on which all that is tried takes a second: three of the four languages are."""
    monkeypatch.setattr(module, "time", SimpleNamespace(perf_counter=count().__next__))
    once, twice = (estimated(steps=steps)["train_seconds"] for steps in (1000, 2000))
    tried = module._SAMPLE_LANGUAGES
    assert tried == 3
    assert twice - once == pytest.approx(1000 * 4 / tried)
    corpus = made_prepared().corpus
    rows = {code: [len(corpus.split(code, name)) for name in SPLITS] for code in corpus.languages}
    prepared = sum(map(sum, rows.values())) / sum(
        rows[code][SPLITS.index("train")] for code in list(corpus.languages)[:tried])
    assert once - 1000 * 4 / tried == pytest.approx(prepared)


@pytest.mark.parametrize(("settings", "mode"), [
    ({"gradients": "exact"}, "exact"), ({"gradients": "sketch"}, "sketch"),
    ({"gradients": "auto"}, "exact")])
def test_the_mode_is_that_of_the_run(settings: dict[str, Any], mode: str) -> None:
    assert estimated(**settings)["mode"] == mode


def test_auto_counts_all_languages_and_not_those_it_tries(
        monkeypatch: pytest.MonkeyPatch) -> None:
    """Three languages would fit whole, but the four of the study do not."""
    n = estimated()["n_parameters"]
    limit = 2 * 2 * 4 * n * 4 - 1
    monkeypatch.setattr("gradsim_core.gradients.tap.EXACT_LIMIT_BYTES", limit)
    assert estimated()["mode"] == "sketch"


def test_disk_is_what_a_run_writes(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from joint_cases import ONE, trial

    from gradsim_core.storage.store import Store
    from gradsim_core.training import joint as joint_module
    from gradsim_core.training.checkpoints import CHECKPOINT

    monkeypatch.setattr(joint_module, "load_encoder", small_encoder)
    found = estimated()
    store = Store(tmp_path)
    trial(made_prepared(), store, cut_at="Scoring every language")
    grams = sum(store.path(ONE, name).stat().st_size
                for name in ("grams.safetensors", "increments.safetensors"))
    checkpoint = store.path(ONE, CHECKPOINT).stat().st_size
    assert found["disk_bytes"] == pytest.approx(grams, rel=0.2)
    assert found["checkpoint_bytes"] == pytest.approx(checkpoint, rel=0.2)


def test_memory_counts_the_rows_that_are_not_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    """By what the tried ones take: ids, labels, and the objects that hold them."""
    corpus = made_prepared().corpus
    tried = module.encode_split(corpus.split("deu", "train"), corpus.task, corpus.labels,
                                small_encoder("", None, "sequence", corpus.labels, 0, 32).tokenizer,
                                32)
    of_row = [sys.getsizeof(ids) + sys.getsizeof(label) for ids, label in
              zip(tried.ids, tried.labels, strict=True)]
    counted = module._row_bytes({"deu": tried})
    assert counted > max(of_row)
    longer = replace(tried, ids=tuple(np.tile(ids, 100) for ids in tried.ids))
    assert module._row_bytes({"deu": longer}) - counted == pytest.approx(
        99 * np.mean([ids.nbytes for ids in tried.ids]), abs=2)
    n_rows = sum(len(corpus.split(code, name)) for code in corpus.languages for name in SPLITS)
    monkeypatch.setattr(module, "peak_memory_bytes", lambda: 2**40)  # whatever was measured
    once = estimated()["peak_memory_bytes"]
    monkeypatch.setattr(module, "_row_bytes", lambda encoded: 2**30)
    assert estimated()["peak_memory_bytes"] - once == pytest.approx(n_rows * 2**30, rel=1e-3)


def test_packing_can_be_off() -> None:
    assert estimated(packing="off")["packed"] is False


def test_memory_is_that_of_rows_of_all_lengths_and_of_scoring_after_training(
        monkeypatch: pytest.MonkeyPatch) -> None:
    """What scoring takes comes when training's own memory is free again, as in a run."""
    tried, events = [], []

    def backward(encoder: Any, rows: Any, at: np.ndarray, study: Any, packed: bool) -> float:
        tried.append(rows.lengths_of(at).max())
        events.append("train")
        return 0.0

    monkeypatch.setattr(module, "half_backward", backward)
    for name in ("release", "predict"):
        monkeypatch.setattr(module, name, lambda *rest, name=name: events.append(name))
    estimated()
    languages = module._SAMPLE_LANGUAGES
    lengths = np.array(tried).reshape(module._LENGTHS, languages)
    assert (np.diff(lengths, axis=0) >= 0).all()
    assert lengths[0].max() < lengths[-1].min()
    assert events[-2:] == ["release", "predict"]
    corpus = made_prepared().corpus
    encoder = small_encoder("", None, "sequence", corpus.labels, 0, 32)
    longest = [module.encode_split(corpus.split(code, "train"), corpus.task, corpus.labels,
                                   encoder.tokenizer, 32).lengths.max()
               for code in made_prepared().sources[:languages]]
    assert lengths[-1].tolist() == longest
