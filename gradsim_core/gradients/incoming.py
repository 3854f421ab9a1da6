"""What a backward pass is about to add to ``parameter.grad``, folded as it comes.

Autograd hands every parameter's new gradient to hooks before it adds it to what is there already.
Folded at that moment, it is still in the cache, belongs to this pass alone, and needs no memory.
Short ones (biases, norms: most of a model's parameters) wait for each other and are folded
together, because it is the operations that they cost and not their numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache

import torch
from torch.utils.hooks import RemovableHandle

from gradsim_core.encoder.models import Encoder
from gradsim_core.gradients.folding import Path, fold, fold_along, fold_table, path_of
from gradsim_core.gradients.word_rows import Receive, WordRows, word_table

_SHORT = 2**12
"""Numbers of the longest parameter that waits for others."""


class Incoming:
    """The fold of the gradients of one or more backward passes.

    Parameters
    ----------
    signs, pattern : of each block, and of all, see `folding`
    columns : of each block in the fold
    """

    def __init__(self, encoder: Encoder, signs: Sequence[torch.Tensor],
                 columns: Sequence[slice], pattern: torch.Tensor) -> None:
        self._folded = signs[0].new_zeros(columns[-1].stop)
        table = word_table(encoder)
        self._parameters = encoder.parameters
        self._pattern = pattern
        self._words = None if table is None else WordRows(table)
        # of each parameter: its offset in the block, the block's signs and fold
        self._places: list[tuple[int, torch.Tensor, torch.Tensor]] = []
        for block, own_signs, part in zip(encoder.blocks.values(), signs, columns, strict=True):
            offset = 0
            for parameter in block:
                self._places.append((offset, own_signs, self._folded[part]))
                offset += parameter.numel()
        self._waiting: list[tuple[int, torch.Tensor]] = []  # number of a parameter, its gradient
        self._goals = lru_cache(maxsize=4)(self._goals_of)
        self._receive = [
            self._keeping(number) if parameter.numel() <= _SHORT else _folding(*place, pattern)
            for number, (parameter, place) in enumerate(zip(self._parameters, self._places,
                                                            strict=True))]
        self._handles: list[RemovableHandle] = []

    @property
    def folded(self) -> torch.Tensor:
        """The fold of all that came since its beginning: (D,) float32, block after block."""
        if self._waiting:
            columns, signs = self._goals(tuple(number for number, _ in self._waiting))
            numbers = torch.cat([gradient.reshape(-1) for _, gradient in self._waiting])
            self._folded.index_add_(0, columns, numbers.mul_(signs))
            self._waiting.clear()
        return self._folded

    def begin_step(self) -> None:
        """Forget all gradients, and fold those that come from now on."""
        self.end_step()
        for parameter, place, receive in zip(self._parameters, self._places, self._receive,
                                             strict=True):
            parameter.grad = None
            self._handles.append(parameter.register_hook(receive))
            if self._words is not None and parameter is self._words.module.weight:
                self._words.begin_step()
                self._handles.append(self._words.tapped(_folding_rows(*place, self._pattern)))

    def begin(self) -> None:
        """Begin a fold of its own."""
        self._waiting.clear()
        self._folded.zero_()

    def end_step(self) -> None:
        """Fold no more."""
        while self._handles:
            self._handles.pop().remove()

    def _keeping(self, number: int) -> Callable[[torch.Tensor | None], None]:
        def take(gradient: torch.Tensor | None) -> None:
            if gradient is not None:
                self._waiting.append((number, gradient))
        return take

    def _goals_of(self, numbers: tuple[int, ...]) -> tuple[torch.Tensor, torch.Tensor]:
        """Columns of the fold, and signs, of all numbers of some parameters."""
        columns, signs = [], []
        for number in numbers:
            offset, own_signs, out = self._places[number]
            place = offset + torch.arange(self._parameters[number].numel(), device=out.device)
            row = torch.div(place, len(out), rounding_mode="floor")
            column, n = place - row * len(out), len(self._pattern) - len(out) + 1
            columns.append(int(out.storage_offset()) + column)  # a part of the fold
            signs.append(own_signs[row] * self._pattern[row % n + column])
        return torch.cat(columns), torch.cat(signs)


def _folding(offset: int, signs: torch.Tensor, out: torch.Tensor,
             pattern: torch.Tensor) -> Callable[[torch.Tensor | None], None]:
    path: Path | None = None

    def take(gradient: torch.Tensor | None) -> None:
        nonlocal path
        if gradient is None:
            return
        if out.device.type != "cpu":
            fold(gradient, offset, signs, out, pattern)
            return
        if path is None:  # some parameters never come this way: a word table, for one
            path = path_of(gradient.numel(), offset, signs, out, pattern)
        fold_along(gradient, path)
    return take


def _folding_rows(offset: int, signs: torch.Tensor, out: torch.Tensor,
                  pattern: torch.Tensor) -> Receive:
    def take(ids: torch.Tensor, rows: torch.Tensor) -> None:
        fold_table(ids, rows, offset, signs, out, pattern)
    return take
