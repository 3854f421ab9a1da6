"""Padding-free rows: all sequences of a batch in one row, attention in a padded grid.

Every layer but attention treats tokens one by one, so the sequences of a batch can stand one
behind the other in a single row of (1, n_tokens): nothing is computed for padding. Attention
needs to know which tokens belong together: the queries, keys and values are spread into a grid
of (n_sequences, longest), attend there, and are gathered back. When the sequences stand in order of
length, neighbours of about one length share a grid, so grids are both few and tight. A
block-diagonal mask over the whole row would cost the square of its length.

The grid travels as the model's 4-D attention mask, of shape (n_sequences, 1, 1, longest), which
transformers hands on to the attention function untouched. Any other mask gets transformers' own
scaled-dot-product attention, so a model with this function takes padded batches as before.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import torch
from transformers.integrations.sdpa_attention import sdpa_attention_forward
from transformers.masking_utils import ALL_MASK_ATTENTION_FUNCTIONS, sdpa_mask
from transformers.modeling_utils import ALL_ATTENTION_FUNCTIONS

NAME = "gradsim_packed"

GRID_ROWS = 8
"""Sequences that attend in one grid at least: fewer would leave less padding, but make more calls
than that saves."""

GRID_PADDING = 0.2
"""A grid of more sequences than that ends before more than this share of it is padding."""

FIRST_POSITION = {"bert": "zero", "electra": "zero", "ernie": "zero", "roberta": "padding",
                  "xlm-roberta": "padding", "camembert": "padding"}
"""Model types that take position ids and call attention by name: what their positions count
from, zero or the place behind the padding id."""


def packed_attention(module: torch.nn.Module, query: torch.Tensor, key: torch.Tensor,
                     value: torch.Tensor, attention_mask: torch.Tensor | None,
                     **options: Any) -> tuple[torch.Tensor, None]:
    """Attend within each sequence of a packed row.

    Parameters
    ----------
    query, key, value : (1, n_heads, n_tokens, n_dimensions)
    attention_mask : bool (n_sequences, 1, 1, longest), True where the grid holds a token

    Returns
    -------
    tuple of (1, n_tokens, n_heads, n_dimensions) and None
    """
    if attention_mask is None or len(attention_mask) == len(query):
        return sdpa_attention_forward(module, query, key, value, attention_mask, **options)
    lengths = attention_mask.sum(-1).flatten().tolist()
    attended, start = [], 0
    for first, last in pairwise(grid_cuts(lengths)):
        stop = start + sum(lengths[first:last])
        grid = attention_mask[first:last, ..., :max(lengths[first:last])]
        attended.append(_attention_in_grid(
            module, query[0, :, start:stop], key[0, :, start:stop], value[0, :, start:stop],
            grid, options))
        start = stop
    return torch.cat(attended)[None], None


def grid_cuts(lengths: Sequence[int]) -> list[int]:
    """Where a row of sequences is cut into grids: 0, the first sequence of each next one, the end.

    Parameters
    ----------
    lengths : tokens of each sequence, in the row's order
    """
    cuts, n_tokens, longest = [0], 0, 0
    for i, length in enumerate(lengths):
        n_sequences, longest = i + 1 - cuts[-1], max(longest, length)
        n_tokens += length
        if n_sequences > GRID_ROWS and n_tokens < (1 - GRID_PADDING) * n_sequences * longest:
            cuts.append(i)
            n_tokens = longest = length
    return [*cuts, len(lengths)]


def _attention_in_grid(module: torch.nn.Module, query: torch.Tensor, key: torch.Tensor,
                       value: torch.Tensor, mask: torch.Tensor,
                       options: dict[str, Any]) -> torch.Tensor:
    """(n_heads, n_tokens, n_dimensions) each -> (n_tokens, n_heads, n_dimensions)."""
    n_sequences, _, _, longest = mask.shape
    places = mask.flatten().nonzero().squeeze(1)

    def spread(row: torch.Tensor) -> torch.Tensor:
        tokens = row.transpose(0, 1)
        if len(places) == n_sequences * longest:  # all of one length: nothing to leave out
            grid = tokens
        else:
            grid = tokens.new_zeros((n_sequences * longest, *tokens.shape[1:]))
            grid = grid.index_copy(0, places, tokens)
        return grid.reshape(n_sequences, longest, *tokens.shape[1:]).transpose(1, 2)

    full = len(places) == n_sequences * longest
    grid, _ = sdpa_attention_forward(module, spread(query), spread(key), spread(value),
                                     None if full else mask, **options)
    return grid.flatten(0, 1) if full else grid.flatten(0, 1).index_select(0, places)


def make_packable(network: Any) -> int | None:
    """Let a model take packed rows.

    Returns
    -------
    int or None
        The position id of a sequence's first token; None if the model cannot be packed and is
        left as it was.
    """
    config = network.config
    counts_from = FIRST_POSITION.get(config.model_type)
    if counts_from is None or getattr(config, "is_decoder", False):
        return None
    if config._attn_implementation not in ("sdpa", NAME):
        return None
    ALL_ATTENTION_FUNCTIONS.register(NAME, packed_attention)
    ALL_MASK_ATTENTION_FUNCTIONS.register(NAME, sdpa_mask)
    network.set_attn_implementation(NAME)
    return 0 if counts_from == "zero" else config.pad_token_id + 1
