"""The pattern of a fold's signs: what it changes of one, and what it is for."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import nn

from gradsim_core.gradients import folding as module
from gradsim_core.gradients.folding import block_signs, fold, fold_along, path_of


def signs_of(gradient: torch.Tensor, size: int, seed: int) -> tuple[torch.Tensor, torch.Tensor]:
    signs, pattern = block_signs({"one": [nn.Parameter(gradient)]}, size, seed)
    return signs[0], pattern


@pytest.mark.parametrize("offset", [0, 7, 31, 5_000])
def test_many_rows_at_once_are_row_by_row(monkeypatch: pytest.MonkeyPatch, offset: int) -> None:
    """As other devices fold and as CPUs do; whole numbers, so that no order rounds."""
    gradient = torch.randint(-9, 10, (97, 53)).float()
    signs, _ = signs_of(torch.zeros(offset + gradient.numel()), 31, 0)
    pattern = block_signs({}, 31, 1)[1][:31 + 20]  # begins anew within the gradient
    expected = torch.zeros(31)
    fold(gradient, offset, signs, expected, pattern)
    for piece in (1, 100, 1000, 2**20):
        monkeypatch.setattr(module, "_PIECE", piece)
        found = torch.zeros(31)
        module._fold_many_rows(gradient, offset, signs, found, pattern)
        assert torch.equal(found, expected)
    assert expected.any()


def test_a_known_path_adds_to_what_is_there() -> None:
    gradient = torch.randint(-9, 10, (40, 30)).float()
    signs, pattern = signs_of(torch.zeros(2_000), 101, 0)
    once, twice = torch.zeros(101), torch.zeros(101)
    fold(gradient, 333, signs, once, pattern)
    path = path_of(gradient.numel(), 333, signs, twice, pattern)
    fold_along(gradient, path)
    fold_along(gradient.T.contiguous().T, path)  # laid out otherwise in memory
    assert torch.equal(twice, 2 * once)


def test_a_block_that_fits_is_kept_whole() -> None:
    gradient = torch.randn(5, 7)
    signs, pattern = signs_of(gradient, 101, 0)
    out = torch.zeros(35)
    fold(gradient, 0, signs, out, pattern)
    assert torch.equal(out.abs(), gradient.flatten().abs())


def test_signs_are_those_of_a_seed() -> None:
    gradient = torch.zeros(300, 200)
    one, again, other = (signs_of(gradient, 499, seed) for seed in (1, 1, 2))
    assert torch.equal(one[0], again[0])
    assert torch.equal(one[1], again[1])
    assert not torch.equal(one[1], other[1])
    assert set(one[1].tolist()) == {-1.0, 1.0}
    assert not torch.equal(one[0], one[1][:len(one[0])])  # drawn after each other


def leaning(generator: torch.Generator, n: int) -> torch.Tensor:
    return 1.0 + 0.5 * torch.randn(n, generator=generator)


def few_long(generator: torch.Generator, n: int) -> torch.Tensor:
    return torch.randn(n, generator=generator) * torch.where(torch.arange(n) % 50 == 0, 10.0, 1.0)


@pytest.mark.parametrize("transposed", [False, True])
@pytest.mark.parametrize("pattern", [leaning, few_long])
def test_products_of_two_vectors_err_as_random_gradients_do(
        pattern: Callable[[torch.Generator, int], torch.Tensor], transposed: bool) -> None:
    """A weight's gradient where one token has one: an outer product, its one side no noise."""
    generator = torch.Generator().manual_seed(3)
    side, size, n = 256, 1021, 8
    common = pattern(generator, side)
    gradients = [torch.outer(torch.randn(side, generator=generator), common) for _ in range(n)]
    if transposed:
        gradients = [one.T.contiguous() for one in gradients]
    exact = cosines([one.flatten() for one in gradients])
    errors: dict[str, list[np.ndarray]] = {"plain": [], "signed": []}
    for seed in range(20):
        signs, along = signs_of(gradients[0], size, seed)
        plain, signed = torch.zeros(n, size), torch.zeros(n, size)
        for gradient, a, b in zip(gradients, plain, signed, strict=True):
            fold(gradient, 0, signs, a)
            fold(gradient, 0, signs, b, along)
        errors["plain"].append(cosines(list(plain)) - exact)
        errors["signed"].append(cosines(list(signed)) - exact)
    rms = {name: math.sqrt(np.mean(np.square(found))) for name, found in errors.items()}
    assert rms["signed"] < 1.2 / math.sqrt(size)
    if pattern is leaning:
        assert rms["plain"] > 1.6 / math.sqrt(size)


def cosines(rows: list[torch.Tensor]) -> np.ndarray:
    whole = torch.stack(rows).double()
    gram = (whole @ whole.T).numpy()
    length = np.sqrt(np.diagonal(gram))
    return (gram / length[:, None] / length)[np.triu_indices(len(rows), 1)]
