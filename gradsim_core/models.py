"""Encoders: load one, tell its parameters apart by block, and say whether it can be packed.

A model is ``tiny-bytes`` (a byte-level BERT made from a seed, no download), a local folder or
a hub id. Weights are read from safetensors only, and code from a model's folder never runs.

Conventions
-----------
Blocks are in depth order: ``embeddings``, ``layer.0`` … ``layer.N-1``, ``head``. The pooler of
BERT-like models sits behind the last layer and is counted with ``head``; what all layers share
(DeBERTa's relative positions) is counted with ``embeddings``; a norm behind the last layer with
that layer. Every trainable parameter is in exactly one block, shared ones where first met. A
classifier's head is always fresh, also where the checkpoint brings one.
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
from gradsim_core.fingerprints import TINY_BYTES, TINY_BYTES_CONFIG, model_folder
from gradsim_core.packing import make_packable

transformers.logging.set_verbosity_error()
transformers.logging.disable_progress_bar()
logging.getLogger("transformers").setLevel(logging.ERROR)

_EMPTY_VOCABULARY = 16
"""Without a vocabulary file transformers makes a tokenizer of a few special tokens alone."""

_LOCAL = {"trust_remote_code": False, "local_files_only": True}


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
        network, tokenizer = _tiny_bytes(_classifier(task), len(labels))
    else:
        network, tokenizer, absent = _pretrained(
            model_folder(model, revision), model, task, _classifier(task), num_labels=len(labels))
        _renew_head(network, absent)
    return encoder_of(network, tokenizer, max_length)


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
        return _tokenizer(model_folder(model, revision), task)
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
        network, tokenizer = _tiny_bytes(head)
        return encoder_of(network, tokenizer, max_length)
    network, tokenizer, absent = _pretrained(model_folder(model, revision), model, task, head)
    body = network.base_model_prefix + "."
    if any(tensor.ndim > 1 for name, tensor in network.state_dict().items()
           if name in absent and not name.startswith(body)):
        raise ModelError(f"Model {model!r}: its safetensors hold no masked-language head, and "
                         "through a random one the encoder would unlearn more than it learns. Set "
                         "adaptation_steps to 0, or use the checkpoint that it was made from.")
    return encoder_of(network, tokenizer, max_length)


def encoder_of(network: Any, tokenizer: Any, max_length: int) -> Encoder:
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
    return Encoder(network, tokenizer, parameter_blocks(network), make_packable(network))


def _positions(network: nn.Module) -> int | None:
    """Longest sequence that there are positions for; None where nothing limits it."""
    for name, module in network.named_modules():
        if name.rpartition(".")[2] == "position_embeddings" and isinstance(module, nn.Embedding):
            # RoBERTa-like tables begin behind the padding id
            return module.num_embeddings - (
                0 if module.padding_idx is None else module.padding_idx + 1)
    positions = getattr(network.config, "max_position_embeddings", None)
    return positions if positions and positions > 0 else None


def parameter_blocks(network: nn.Module) -> dict[str, list[nn.Parameter]]:
    """Assign every trainable parameter to its block.

    Raises
    ------
    ModelError
        If the stack of layers cannot be told; the message names parameters.
    """
    body: nn.Module = network.base_model  # type: ignore[assignment]
    stack_name, n_layers = _stack(network, body)
    in_body = {id(parameter) for parameter in body.parameters()}
    named = list(body.named_parameters())
    # Tables beside the stack, in the same module, serve all layers; so do their norms.
    beside = stack_name.rpartition(".")[0] + "."
    shared = any(parameter.ndim > 1 for name, parameter in named
                 if name.startswith(beside) and not name.startswith(stack_name + "."))
    names = ["embeddings", *(f"layer.{i}" for i in range(n_layers)), "head"]
    blocks: dict[str, list[nn.Parameter]] = {name: [] for name in names}

    passed_stack = False
    for name, parameter in named:
        if name.startswith(stack_name + "."):
            passed_stack = True
            index = name[len(stack_name) + 1:].partition(".")[0]
            block = f"layer.{index}"
        elif "pool" in name:
            block = "head"
        elif passed_stack and not (shared and name.startswith(beside)):
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
        some = ", ".join(name for name, _ in list(body.named_parameters())[:3])
        raise ModelError(
            f"The layers of {config.model_type!r} cannot be told (parameters: {some}, …): it is an "
            "encoder-decoder, or does not have one list of layers with weights of their own. Use "
            "an encoder such as BERT, XLM-R, DeBERTa or DistilBERT.")
    return outer[0], n_layers


def _classifier(task: Task) -> Any:
    return (transformers.AutoModelForSequenceClassification if task == "sequence"
            else transformers.AutoModelForTokenClassification)


def _pretrained(folder: Path, asked: str, task: Task, head: Any,
                **settings: Any) -> tuple[Any, Any, set[str]]:
    """Model, tokenizer, and the names of the weights that the checkpoint lacks."""
    try:
        tokenizer = _tokenizer(folder, task)
        network, report = head.from_pretrained(
            folder, use_safetensors=True, ignore_mismatched_sizes=True, dtype=torch.float32,
            output_loading_info=True, **settings, **_LOCAL)
    except Exception as error:  # noqa: BLE001 - any failure of a foreign folder is one message
        reason = " ".join(str(error).split()).replace(f"{folder}/", "")[:120]
        if head is transformers.AutoModelForMaskedLM:
            raise ModelError(
                f"Model {asked!r} cannot be loaded as a masked language model: {reason} … Set "
                "adaptation_steps to 0, or use an encoder such as BERT or XLM-R.") from None
        raise ModelError(
            f"Model {asked!r} cannot be loaded as a {task} classifier: {reason} … It needs "
            "config.json, a tokenizer and model.safetensors of a type built into transformers; "
            "code in the folder is never run.") from None
    if len(tokenizer) <= _EMPTY_VOCABULARY:
        raise ModelError(f"Model {asked!r} has no vocabulary in {folder}. Save its tokenizer there "
                         "with save_pretrained.")
    absent = {*report["missing_keys"], *(key for key, *_ in report["mismatched_keys"])}
    _check_body(network, absent, asked)
    return network, tokenizer, absent


def _tokenizer(folder: Path, task: Task) -> Any:
    # words come one by one in token tasks: byte-level vocabularies need the space before them
    space = {"add_prefix_space": True} if task == "token" else {}
    return transformers.AutoTokenizer.from_pretrained(folder, **space, **_LOCAL)


def _check_body(network: Any, absent: set[str], asked: str) -> None:
    """Refuse a body that would be random in part; a pooler alone may be new."""
    lost = sorted(name for name in absent
                  if name.startswith(network.base_model_prefix + ".") and "pool" not in name)
    if lost:
        raise ModelError(
            f"Model {asked!r}: its safetensors lack {len(lost)} weights that config.json asks for, "
            f"or hold them in another shape, such as {lost[0]}. Use the config.json that the "
            "weights were saved with.")


def _renew_head(network: Any, absent: set[str]) -> None:
    """Draw anew what the checkpoint brought for the head; what was absent is new already."""
    in_body = {id(parameter) for parameter in network.base_model.parameters()}
    brought = {name.rpartition(".")[0] for name, parameter in network.named_parameters()
               if id(parameter) not in in_body and name not in absent}
    for name in sorted(brought):
        module = network.get_submodule(name)
        for parameter in module.parameters(recurse=False):
            parameter._is_hf_initialized = False
        network._init_weights(module)


def _tiny_bytes(head: Any, n_labels: int = 2) -> tuple[Any, Any]:
    config = transformers.BertConfig(**TINY_BYTES_CONFIG | {"num_labels": n_labels})
    network = head.from_config(config)
    # One vector that is added to every token: it carries nothing that positions and biases do not,
    # but its gradient, summed over all tokens, would make up most of the model's.
    network.base_model.embeddings.token_type_embeddings.weight.requires_grad = False
    return network, byte_tokenizer()


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
