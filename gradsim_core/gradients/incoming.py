"""What a backward pass is about to add to ``parameter.grad``, folded as it comes.

Autograd hands every parameter's new gradient to hooks before it adds it to what is there already.
Folded at that moment, it is still in the cache, belongs to this pass alone, and needs no memory.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch.utils.hooks import RemovableHandle

from gradsim_core.encoder.models import Encoder
from gradsim_core.gradients.folding import fold, fold_table
from gradsim_core.gradients.word_rows import Receive, WordRows, word_table


class Incoming:
    """The fold of the gradients of one or more backward passes.

    Attributes
    ----------
    folded : (D,) float32, block after block

    Parameters
    ----------
    signs, pattern : of each block, and of all, see `folding`
    columns : of each block in ``folded``
    """

    def __init__(self, encoder: Encoder, signs: Sequence[torch.Tensor],
                 columns: Sequence[slice], pattern: torch.Tensor) -> None:
        self.folded = signs[0].new_zeros(columns[-1].stop)
        table = word_table(encoder)
        self._parameters = encoder.parameters
        self._pattern = pattern
        self._words = None if table is None else WordRows(table)
        # of each parameter: its offset in the block, the block's signs and fold
        self._places: list[tuple[int, torch.Tensor, torch.Tensor]] = []
        for block, own_signs, part in zip(encoder.blocks.values(), signs, columns, strict=True):
            offset = 0
            for parameter in block:
                self._places.append((offset, own_signs, self.folded[part]))
                offset += parameter.numel()
        self._handles: list[RemovableHandle] = []

    def begin_step(self) -> None:
        """Forget all gradients, and fold those that come from now on."""
        self.end_step()
        for parameter, place in zip(self._parameters, self._places, strict=True):
            parameter.grad = None
            self._handles.append(parameter.register_hook(_folding(*place, self._pattern)))
            if self._words is not None and parameter is self._words.module.weight:
                self._words.begin_step()
                self._handles.append(self._words.tapped(_folding_rows(*place, self._pattern)))

    def begin(self) -> None:
        """Begin a fold of its own."""
        self.folded.zero_()

    def end_step(self) -> None:
        """Fold no more."""
        while self._handles:
            self._handles.pop().remove()


def _folding(offset: int, signs: torch.Tensor, out: torch.Tensor,
             pattern: torch.Tensor) -> Callable[[torch.Tensor | None], None]:
    def take(gradient: torch.Tensor | None) -> None:
        if gradient is not None:
            fold(gradient, offset, signs, out, pattern)
    return take


def _folding_rows(offset: int, signs: torch.Tensor, out: torch.Tensor,
                  pattern: torch.Tensor) -> Receive:
    def take(ids: torch.Tensor, rows: torch.Tensor) -> None:
        fold_table(ids, rows, offset, signs, out, pattern)
    return take
