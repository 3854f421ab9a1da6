"""The gradient of a word table, as the rows that a batch's tokens look up.

Autograd makes a table's gradient as large as the table: of 250,000 words a micro-batch of 500
tokens touches 0.2%, yet all of it is zeroed, filled and added to the gradient so far. Here the
gradient of the looked-up vectors is added up by word, handed on, and added to those rows of
``parameter.grad`` alone. The sum is the same to the last bit on a CPU; what reaches the table
another way (an output layer that shares it) comes from autograd as ever.

Conventions
-----------
Only a plain ``torch.nn.Embedding`` that the model says is its input is tapped. A subclass may
compute something else, and stays with autograd. The row of the padding id has no gradient.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import nn
from torch.nn import functional
from torch.utils.hooks import RemovableHandle

from gradsim_core.encoder.models import Encoder

Receive = Callable[[torch.Tensor, torch.Tensor], None]
"""Takes different word ids (n,) and the gradients (n, hidden) of their vectors."""


def word_table(encoder: Encoder) -> nn.Embedding | None:
    """The module whose gradient can be taken as rows; None if the model has none."""
    try:
        module = encoder.model.get_input_embeddings()
    except (AttributeError, NotImplementedError):
        return None
    if type(module) is not nn.Embedding or module.max_norm is not None:
        return None
    if module.sparse or module.scale_grad_by_freq:
        return None
    return module if any(one is module.weight for one in encoder.parameters) else None


class WordRows:
    """The word table of a model while its gradient is taken as rows.

    Attributes
    ----------
    module : the table
    """

    def __init__(self, module: nn.Embedding) -> None:
        self.module = module
        self._buffer: torch.Tensor | None = None

    def begin_step(self) -> None:
        """Forget the last step's gradient; its memory, as large as the table, is kept."""
        if self._buffer is not None:
            self._buffer.zero_()

    def tapped(self, receive: Receive) -> RemovableHandle:
        """Hand the rows on, and add them to the table's gradient, until the handle is removed."""
        def take(ids: torch.Tensor, gradient: torch.Tensor) -> None:
            ids, rows = ids.flatten(), gradient.flatten(0, -2).to(self.module.weight.dtype)
            if self.module.padding_idx is not None:
                rows = rows.masked_fill((ids == self.module.padding_idx)[:, None], 0.0)
            words, places = ids.unique(return_inverse=True)
            rows = rows.new_zeros((len(words), rows.shape[1])).index_add_(0, places, rows)
            self._add(words, rows)
            receive(words, rows)

        def look_up(module: nn.Embedding, inputs: tuple[Any, ...], output: torch.Tensor) -> Any:
            if not output.requires_grad:
                return output
            return _LookUp.apply(inputs[0], module.weight, take)

        return self.module.register_forward_hook(look_up)

    def _add(self, words: torch.Tensor, rows: torch.Tensor) -> None:
        weight = self.module.weight
        if weight.grad is None:
            if self._buffer is None:
                self._buffer = torch.zeros_like(weight)
            weight.grad = self._buffer
        weight.grad.index_add_(0, words, rows)


class _LookUp(torch.autograd.Function):
    """An embedding whose gradient goes to a function, and not to the table."""

    @staticmethod
    def forward(ctx: Any, ids: torch.Tensor, weight: torch.Tensor,
                take: Receive) -> torch.Tensor:
        ctx.save_for_backward(ids)
        ctx.take = take
        return functional.embedding(ids, weight)

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> tuple[None, None, None]:
        (ids,) = ctx.saved_tensors
        ctx.take(ids, gradients[0])
        return None, None, None
