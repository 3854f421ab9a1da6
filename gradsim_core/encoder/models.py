"""Encoders: load one with a head, its parameters by block, and say whether it can be packed.

A model is ``tiny-bytes`` (a byte-level BERT made from a seed, no download), a local folder or
a hub id; a folder may hold a saved adapter of another model (see `adapters`). Weights are read
from safetensors only, and code from a model's folder never runs.

Conventions
-----------
Blocks are as in `blocks`. A classifier's head is always fresh, also where the checkpoint brings
one. Of a model with adapters only these are trained, and the head with its pooler.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Any

import torch
import transformers
from torch import nn

from gradsim_core.data.corpus import Task
from gradsim_core.encoder.blocks import parameter_blocks
from gradsim_core.encoder.byte_model import byte_tokenizer, tiny_bytes
from gradsim_core.encoder.packing import make_packable
from gradsim_core.encoder.pretrained import (
    classifier,
    model_folders,
    pretrained,
    pretrained_tokenizer,
    renew_head,
    tokenizer_folder,
)
from gradsim_core.errors import ModelError
from gradsim_core.fingerprints import TINY_BYTES

transformers.logging.set_verbosity_error()
transformers.logging.disable_progress_bar()
logging.getLogger("transformers").setLevel(logging.ERROR)


@dataclass(frozen=True)
class Encoder:
    """A model with its tokenizer and its parameters by block.

    Attributes
    ----------
    model : a Hugging Face sequence or token classifier, or masked language model, float32
    tokenizer : its tokenizer
    blocks : block name -> that block's trainable parameters, in depth order
    first_position : the position id of a sequence's first token; None if it cannot be packed
    """

    model: Any
    tokenizer: Any
    blocks: dict[str, list[nn.Parameter]]
    first_position: int | None

    @property
    def parameters(self) -> list[nn.Parameter]:
        """All trainable parameters, block after block."""
        return [parameter for block in self.blocks.values() for parameter in block]

    @property
    def n_parameters(self) -> int:
        """Number of trainable parameters."""
        return sum(parameter.numel() for parameter in self.parameters)

    @property
    def n_weights(self) -> int:
        """Number of all parameters, the frozen ones of a model with adapters included."""
        return sum(parameter.numel() for parameter in self.model.parameters())


def load_encoder(model: str, revision: str | None, task: Task, labels: tuple[str, ...],
                 seed: int, max_length: int, lora_rank: int | None = None,
                 block_detail: str = "layer") -> Encoder:
    """Load a model with a fresh task head.

    Parameters
    ----------
    model, revision : "tiny-bytes", a local folder, or a hub id with its revision
    task, labels : decide the head and its number of outputs
    seed : of the head and of fresh adapters (and of every weight of tiny-bytes)
    max_length : tokens; must not exceed what the model has positions for
    lora_rank : of fresh adapters beside the frozen encoder; None for none
    block_detail : "layer" or "module" (see `blocks`)

    Raises
    ------
    ModelError
        If it cannot be loaded safely, its layers cannot be told, or it is too short.
    """
    torch.manual_seed(seed)
    if model == TINY_BYTES:
        network, tokenizer = tiny_bytes(classifier(task), len(labels))
        saved = None
    else:
        folder, saved = model_folders(model, revision)
        network, tokenizer, absent = pretrained(folder, model, task, classifier(task), saved,
                                                 num_labels=len(labels))
        renew_head(network, absent)
    if saved and lora_rank:
        raise ModelError(f"Model {model!r} is a saved adapter, which is trained on as it is. Leave "
                         "out lora_rank, or give the model that the adapter was made for.")
    if saved or lora_rank:
        from gradsim_core.encoder.adapters import add_adapters, load_adapters

        if saved:
            load_adapters(network, saved, model)
        elif lora_rank:
            add_adapters(network, lora_rank)
    return encoder_of(network, tokenizer, max_length, block_detail)


def load_tokenizer(model: str, revision: str | None, task: Task) -> Any:
    """Load a model's tokenizer alone.

    Parameters
    ----------
    model, revision, task : as for `load_encoder`

    Raises
    ------
    ModelError
        If the model's folder holds no tokenizer that can be loaded safely.
    """
    if model == TINY_BYTES:
        return byte_tokenizer()
    try:
        return pretrained_tokenizer(tokenizer_folder(*model_folders(model, revision)), task)
    except Exception as error:  # noqa: BLE001 - any failure of a foreign folder is one message
        reason = " ".join(str(error).split())[:120]
        raise ModelError(f"Model {model!r} has no tokenizer that can be loaded: {reason} … Save "
                         "one in its folder with save_pretrained.") from None


def load_masked_lm(model: str, revision: str | None, task: Task, seed: int,
                   max_length: int) -> Encoder:
    """Load a model with its masked-language head, over the body that `load_encoder` gives.

    Parameters
    ----------
    model, revision, max_length : as for `load_encoder`
    task : decides how its tokenizer takes words
    seed : of every weight of tiny-bytes

    Raises
    ------
    ModelError
        As `load_encoder`; also if its type or its checkpoint has no such head.
    """
    torch.manual_seed(seed)
    head = transformers.AutoModelForMaskedLM
    if model == TINY_BYTES:
        network, tokenizer = tiny_bytes(head)
        return encoder_of(network, tokenizer, max_length)
    folder, saved = model_folders(model, revision)
    if saved:
        raise ModelError(f"Model {model!r} is a saved adapter: an encoder is adapted to text as a "
                         "whole. Set adaptation_steps to 0, or give the model that the adapter "
                         "was made for.")
    network, tokenizer, absent = pretrained(folder, model, task, head)
    body = network.base_model_prefix + "."
    if any(tensor.ndim > 1 for name, tensor in network.state_dict().items()
           if name in absent and not name.startswith(body)):
        raise ModelError(f"Model {model!r}: its safetensors hold no masked-language head, and "
                         "through a random one the encoder would unlearn more than it learns. Set "
                         "adaptation_steps to 0, or use the checkpoint that it was made from.")
    return encoder_of(network, tokenizer, max_length)


def encoder_of(network: Any, tokenizer: Any, max_length: int,
               block_detail: str = "layer") -> Encoder:
    """Wrap a classifier that is already in memory."""
    config = network.config
    config.use_cache = False
    if getattr(config, "pad_token_id", None) is None:
        config.pad_token_id = tokenizer.pad_token_id
    if config.pad_token_id is None:
        raise ModelError(f"The {config.model_type} model and its tokenizer name no padding token. "
                         "Add pad_token_id to its config.json.")
    pieces, rows = len(tokenizer), network.get_input_embeddings().num_embeddings
    if pieces > rows:
        raise ModelError(f"The tokenizer has {pieces:,} pieces, but the {config.model_type} model "
                         f"embeds {rows:,}. Give the tokenizer that was saved with the model.")
    room = _positions(network)
    if room is not None and max_length > room:
        raise ModelError(f"max_length is {max_length}, but {config.model_type} has "
                         f"positions for {room} tokens. Set max_length to {room} or less.")
    return Encoder(network, tokenizer, parameter_blocks(network, block_detail),
                   make_packable(network))


def _positions(network: nn.Module) -> int | None:
    """Longest sequence that there are positions for; None where nothing limits it."""
    for name, module in network.named_modules():
        if name.rpartition(".")[2] == "position_embeddings" and isinstance(module, nn.Embedding):
            # RoBERTa-like tables begin behind the padding id
            return module.num_embeddings - (
                0 if module.padding_idx is None else module.padding_idx + 1)
    positions = getattr(network.config, "max_position_embeddings", None)
    return positions if positions and positions > 0 else None
