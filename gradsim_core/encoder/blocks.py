"""A model's trainable parameters by block: its layers, or the modules that its layers are made of.

Conventions
-----------
Blocks are in depth order: ``embeddings``, ``layer.0`` … ``layer.N-1``, ``head``. The pooler of
BERT-like models sits behind the last layer and is counted with ``head``; what all layers share
(DeBERTa's relative positions) is counted with ``embeddings``; a norm behind the last layer with
that layer. Every trainable parameter is in exactly one block, shared ones where first met; a block
without any is left out.

With the detail ``module`` each layer is three blocks, told by names and structure:

``layer.i.norms``
    the weights of normalising modules, wherever in the layer they stand;
``layer.i.attention``
    what else stands under a name with "attention" or "attn", its output projection included;
``layer.i.feed_forward``
    what stands under a name that encoders give to their feed-forward part (`_FEED_FORWARD`).

A layer's modules are together its layer block, parameter for parameter. What is none of the three
(a convolution, a state-space mixer) is an error, not a guess.
"""

from __future__ import annotations

import re
from typing import Any

from torch import nn

from gradsim_core.errors import ModelError
from gradsim_core.similarities.block_ranges import MODULES

_FEED_FORWARD = re.compile(
    r"(mlp|ffn?\d*|feed_?forward.*|intermediate.*|output.*|c_fc|fc_?\d*|lin(ear)?_?\d*|dense.*"
    r"|(up|gate|down)_proj|w[io]?_?\d*|experts?|router|gate|moe|block_sparse_moe)")
"""Names of parts of a layer, in lower case, as transformers' encoders have them."""

_NORM = re.compile(r".*norm.*|(.*_)?ln(_.*|\d*)")


def parameter_blocks(network: Any, detail: str = "layer") -> dict[str, list[nn.Parameter]]:
    """Assign every trainable parameter to its block.

    Parameters
    ----------
    network : a Hugging Face model with a body and a head
    detail : "layer" or "module"

    Raises
    ------
    ModelError
        If the stack of layers, or a module of a layer, cannot be told; it names parameters.
    """
    body: nn.Module = network.base_model
    stack_name, n_layers = layer_stack(network)
    in_body = {id(parameter) for parameter in body.parameters()}
    named = list(body.named_parameters())
    # Tables beside the stack, in the same module, serve all layers; so do their norms.
    beside = stack_name.rpartition(".")[0] + "."
    shared = any(parameter.ndim > 1 for name, parameter in named
                 if name.startswith(beside) and not name.startswith(stack_name + "."))
    modules = MODULES if detail == "module" else ("",)
    names = ["embeddings", *(f"layer.{i}.{module}".rstrip(".") for i in range(n_layers)
                             for module in modules), "head"]
    blocks: dict[str, list[nn.Parameter]] = {name: [] for name in names}

    passed_stack = False
    for name, parameter in named:
        if name.startswith(stack_name + "."):
            passed_stack = True
            index, _, inside = name[len(stack_name) + 1:].partition(".")
            block = f"layer.{index}"
        elif "pool" in name:
            block = "head"
        elif passed_stack and not (shared and name.startswith(beside)):
            block, inside = f"layer.{n_layers - 1}", name.rpartition(".")[2]
        else:
            block = "embeddings"
        if not parameter.requires_grad:
            continue
        if detail == "module" and block.startswith("layer."):
            owner = body.get_submodule(name.rpartition(".")[0])
            block = f"{block}.{_module(inside, owner, name, network.config.model_type)}"
        blocks[block].append(parameter)
    for parameter in network.parameters():
        if parameter.requires_grad and id(parameter) not in in_body:
            blocks["head"].append(parameter)
    return {name: block for name, block in blocks.items() if block}


def layer_stack(network: Any) -> tuple[str, int]:
    """Name (inside the body) and length of the one list of layers.

    Raises
    ------
    ModelError
        If there is none, or more than one.
    """
    config, body = network.config, network.base_model
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


def _module(inside: str, owner: nn.Module, name: str, model_type: str) -> str:
    """The part of its layer that a parameter belongs to.

    Parameters
    ----------
    inside : its name within the layer
    owner : the module that holds it
    """
    *parents, _ = inside.lower().split(".")
    if _is_norm(owner, name):
        return "norms"
    if "attention" in inside.lower() or "attn" in inside.lower():
        return "attention"
    if any(_FEED_FORWARD.fullmatch(part) for part in parents):
        return "feed_forward"
    raise ModelError(
        f"The modules of {model_type!r}'s layers cannot be told: {name} is no part of an "
        "attention, of a feed-forward network or of a norm that is known here. Set block_detail "
        "to layer.")


def _is_norm(owner: nn.Module, name: str) -> bool:
    held_by = [part for part in name.lower().split(".")[:-1] if not part.isdigit()]
    return bool(re.fullmatch(r".*norm\d*(d)?", type(owner).__name__.lower())
                or _NORM.fullmatch(held_by[-1] if held_by else ""))
