"""Encoders: load one, tell its parameters apart by block, and say whether it can be packed.

A model is ``tiny-bytes`` (a byte-level BERT made from a seed, no download), a local folder or
a hub id. Weights are read from safetensors only, and code from a model's folder never runs.

Conventions
-----------
Blocks are in depth order: ``embeddings``, ``layer.0`` … ``layer.N-1``, ``head``. The pooler of
BERT-like models sits behind the last layer and is counted with ``head``; what all layers share
(DeBERTa's relative positions) is counted with ``embeddings``; a norm behind the last layer with
that layer. Every trainable parameter is in exactly one block, shared ones where first met.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import transformers
from torch import nn

from gradsim_core.data.corpus import Task
from gradsim_core.errors import ModelError
from gradsim_core.fingerprints import TINY_BYTES, model_folder
from gradsim_core.packing import make_packable

transformers.logging.set_verbosity_error()
transformers.logging.disable_progress_bar()
logging.getLogger("transformers").setLevel(logging.ERROR)

@dataclass(frozen=True)
class Encoder:
    """A model with its tokenizer and its parameters by block.

    Attributes
    ----------
    model : a Hugging Face sequence or token classifier, float32
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
        return sum(parameter.numel() for parameter in self.parameters)


def load_encoder(model: str, revision: str | None, task: Task, labels: tuple[str, ...],
                 seed: int, max_length: int) -> Encoder:
    """Load a model with a fresh task head.

    Parameters
    ----------
    model, revision : "tiny-bytes", a local folder, or a hub id with its revision
    task, labels : decide the head and its number of outputs
    seed : of the head (and of every weight of tiny-bytes)
    max_length : tokens; must not exceed what the model has positions for

    Raises
    ------
    ModelError
        If it cannot be loaded safely, its layers cannot be told, or it is too short.
    """
    torch.manual_seed(seed)
    if model == TINY_BYTES:
        network, tokenizer = _tiny_bytes(task, len(labels))
    else:
        network, tokenizer = _pretrained(model_folder(model, revision), model, task, len(labels))
    return encoder_of(network, tokenizer, max_length)


def encoder_of(network: Any, tokenizer: Any, max_length: int) -> Encoder:
    """Wrap a classifier that is already in memory."""
    network.config.use_cache = False
    first = make_packable(network)
    positions = getattr(network.config, "max_position_embeddings", None)
    room = positions - (network.config.pad_token_id + 1 if first else 0) if positions else None
    if room is not None and max_length > room:
        raise ModelError(f"max_length is {max_length}, but {network.config.model_type} has "
                         f"positions for {room} tokens. Set max_length to {room} or less.")
    return Encoder(network, tokenizer, parameter_blocks(network), first)


def parameter_blocks(network: nn.Module) -> dict[str, list[nn.Parameter]]:
    """Assign every trainable parameter to its block.

    Raises
    ------
    ModelError
        If the stack of layers cannot be told; the message names parameters.
    """
    body: nn.Module = network.base_model  # type: ignore[assignment]
    stack_name, n_layers = _stack(network, body)
    stack_parent = stack_name.rpartition(".")[0]
    in_body = {id(parameter) for parameter in body.parameters()}
    names = ["embeddings", *(f"layer.{i}" for i in range(n_layers)), "head"]
    blocks: dict[str, list[nn.Parameter]] = {name: [] for name in names}

    passed_stack = False
    for name, parameter in body.named_parameters():
        if name.startswith(stack_name + "."):
            passed_stack = True
            index = name[len(stack_name) + 1:].partition(".")[0]
            block = f"layer.{index}"
        elif "pool" in name:
            block = "head"
        elif passed_stack and not (stack_parent and name.startswith(stack_parent + ".")):
            block = f"layer.{n_layers - 1}"
        else:
            block = "embeddings"
        if parameter.requires_grad:
            blocks[block].append(parameter)
    for parameter in network.parameters():
        if parameter.requires_grad and id(parameter) not in in_body:
            blocks["head"].append(parameter)
    return {name: block for name, block in blocks.items() if block}


def _stack(network: nn.Module, body: nn.Module) -> tuple[str, int]:
    """Name (inside the body) and length of the one list of layers."""
    config: Any = network.config
    n_layers = getattr(config, "num_hidden_layers", 0)
    found = [name for name, module in body.named_modules()
             if isinstance(module, nn.ModuleList) and len(module) == n_layers and n_layers > 0]
    outer = [name for name in found
             if not any(name.startswith(other + ".") for other in found if other != name)]
    if len(outer) != 1 or getattr(config, "is_encoder_decoder", False):
        some = ", ".join(name for name, _ in list(body.named_parameters())[:6])
        raise ModelError(
            f"The layers of {config.model_type!r} cannot be told: {len(outer)} lists of "
            f"{n_layers} layers found (parameters: {some}, …). Use an encoder with one stack of "
            "layers of its own each, such as BERT, XLM-R, DeBERTa or DistilBERT.")
    return outer[0], n_layers


def _classifier(task: Task) -> Any:
    return (transformers.AutoModelForSequenceClassification if task == "sequence"
            else transformers.AutoModelForTokenClassification)


def _pretrained(folder: Path, asked: str, task: Task, n_labels: int) -> tuple[Any, Any]:
    options = {"trust_remote_code": False, "local_files_only": True}
    try:
        tokenizer = transformers.AutoTokenizer.from_pretrained(folder, **options)
        network = _classifier(task).from_pretrained(
            folder, num_labels=n_labels, use_safetensors=True, ignore_mismatched_sizes=True,
            dtype=torch.float32, **options)
    except Exception as error:  # noqa: BLE001 - any failure of a foreign folder is one message
        reason = " ".join(str(error).split())[:160]
        raise ModelError(
            f"Model {asked!r} cannot be loaded as a {task} classifier: {reason} … It needs "
            "config.json, a tokenizer and model.safetensors of a type built into transformers "
            "(own code in the folder is never run).") from None
    return network, tokenizer


def _tiny_bytes(task: Task, n_labels: int) -> tuple[Any, Any]:
    config = transformers.BertConfig(**TINY_BYTES_CONFIG, num_labels=n_labels)
    return _classifier(task).from_config(config), byte_tokenizer()


TINY_BYTES_CONFIG: dict[str, Any] = {
    "vocab_size": 260, "hidden_size": 96, "num_hidden_layers": 4, "num_attention_heads": 4,
    "intermediate_size": 384, "max_position_embeddings": 512, "pad_token_id": 0,
}
"""About 0.5 million parameters: small enough to train in a minute on two cores."""


def byte_tokenizer() -> Any:
    """A fast tokenizer with one token a UTF-8 byte and no vocabulary file."""
    from tokenizers import Tokenizer, models, pre_tokenizers, processors

    special = ["[PAD]", "[CLS]", "[SEP]", "[MASK]"]
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocabulary = {token: i for i, token in enumerate([*special, *alphabet])}
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True, use_regex=False)
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 1), ("[SEP]", 2)])
    return transformers.PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token="[PAD]", cls_token="[CLS]", sep_token="[SEP]",
        mask_token="[MASK]", model_max_length=512)
