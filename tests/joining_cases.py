"""Small finished studies that keep their weights, and languages that join them."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from engine_cases import made_corpus, made_split
from joint_cases import ONE, Cut, trial

from gradsim_core.joining import keeping
from gradsim_core.joining.adding import add_language
from gradsim_core.joining.record import Joined
from gradsim_core.joining.rows import Newcomer
from gradsim_core.languages.resolving import resolve
from gradsim_core.prepared import Prepared
from gradsim_core.progress import silent
from gradsim_core.results import load_results
from gradsim_core.storage.store import Store
from gradsim_core.study_text import study_from
from gradsim_core.training.steps import Training

OWN = ("deu", "nld", "spa")
WHOLE = {"sketch_size": 2**18}
"""A fold of tiny-bytes' blocks to so many numbers keeps every number."""


def prepared(**settings: Any) -> Prepared:
    """A study on three made-up languages that keeps its weights, at every step if not told else."""
    settings = {"steps": 4, "snapshots": 4, "batch_size": 4, "max_length": 32, "keep_weights": True,
                "learning_rate": 0.002, "model": "tiny-bytes", **WHOLE, **settings}
    return Prepared(study_from(settings), made_corpus(codes=OWN), ONE, fingerprint())


@cache
def fingerprint() -> str:
    from gradsim_core.fingerprints import model_fingerprint

    return model_fingerprint("tiny-bytes")


def finished(root: Path, **settings: Any) -> Store:
    """A store with that study, finished."""
    store = Store(root)
    trial(prepared(**settings), store)
    return store


def newcomer(code: str, n_rows: int = 24, words: str = "") -> Newcomer:
    """Made-up rows of a language; ``words`` names the language whose words they are."""
    train = made_split(words or code, n_rows, "sequence")
    return Newcomer(resolve(code), train, {"train": n_rows, "dev": 0, "test": 0}, f"{n_rows:064x}",
                    "made for a test")


def join(store: Store, new: Newcomer) -> Joined:
    return add_language(store, load_results(store, ONE), new, silent, 1)


def close(a: np.ndarray, b: np.ndarray, tolerance: float = 1e-5) -> bool:
    """Whether two arrays differ by no more than rounding, relative to their largest number."""
    return bool(np.abs(a - b).max() <= tolerance * np.abs(b).max())


def cut_off(root: Path, monkeypatch: pytest.MonkeyPatch, step: int = 3) -> Store:
    """A study whose run ended as soon as it had kept what belongs to a step."""
    cut, keep = Store(root), keeping.Keeper.keep

    def keep_and_end(keeper: keeping.Keeper, training: Training) -> None:
        keep(keeper, training)
        if training.step == step:
            raise Cut

    with monkeypatch.context() as patch:
        patch.setattr(keeping.Keeper, "keep", keep_and_end)
        trial(prepared(), cut)
    return cut
