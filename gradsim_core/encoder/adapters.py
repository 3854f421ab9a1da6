"""Low-rank adapters (LoRA) in an encoder: fresh ones, or those of a saved adapter.

Beside a matrix W of a layer stands B·A of a small rank; W is frozen, A and B are trained, and the
encoder puts out what W + scale · B·A would. They are put into the model where it stands, so its
names, packing and hooks are those of the model without them.

Conventions
-----------
*Fresh* adapters stand beside every linear map of the layers (attention and feed-forward, so that
either has a gradient), with a scale of 1 and no dropout; B starts at zero, so that the encoder
starts as it was, and A at random by the seed. *Saved* ones (adapter_config.json and
adapter_model.safetensors, as PEFT writes them) come back as they are, with what else of the body
was saved with them. All of these are trained, and the head with its pooler; nothing else is.

What the adapter's configuration asks for is taken from a list of settings that are known here:
anything else could change numbers in silence, or import code.

Sources: Hu et al. 2021 (arXiv 2106.09685) for LoRA, who adapt W_q and W_v alone; Dettmers et al.
2023 (arXiv 2305.14314) for adapters at all linear maps.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from torch import nn
from transformers.pytorch_utils import Conv1D

from gradsim_core.encoder.blocks import layer_stack
from gradsim_core.errors import ModelError
from gradsim_core.fingerprints import ADAPTER_WEIGHTS, adapter_settings

_LORA = ".lora_"
_SETTINGS = {"lora_alpha", "lora_dropout", "fan_in_fan_out", "bias", "use_rslora", "use_dora",
             "lora_bias"}
"""Settings that are handed on as they are."""

_SETTLED = {"alpha_pattern", "auto_mapping", "base_model_name_or_path", "ensure_weight_tying",
            "exclude_modules", "inference_mode", "init_lora_weights", "layers_pattern",
            "layers_to_transform", "megatron_core", "modules_to_save", "peft_type", "peft_version",
            "qalora_group_size", "r", "rank_pattern", "revision", "runtime_config",
            "target_modules", "task_type"}
"""Settings that the names and shapes of the saved weights settle, or that change no number."""

_CHANGE_THE_BASE = ("pissa", "olora", "corda", "loftq", "lora_ga")
"""Starts of adapters that leave another base behind than the one they name."""


def add_adapters(network: Any, rank: int) -> None:
    """Put fresh adapters beside every linear map of a model's layers, and freeze the rest.

    Parameters
    ----------
    network : a Hugging Face model with a body and a head; changed in place
    rank : of the adapters

    Raises
    ------
    ModelError
        If the layers cannot be told, hold no linear map, or one with no more than ``rank`` rows or
        columns; if PEFT is not installed.
    """
    body, (stack, _) = network.base_model, layer_stack(network)
    maps = {name: min(module.weight.shape) for name, module in body.named_modules()
            if name.startswith(stack + ".") and isinstance(module, nn.Linear | Conv1D)}
    if not maps:
        raise ModelError(f"The layers of {network.config.model_type!r} hold no linear map beside "
                         "which an adapter could stand. Leave out lora_rank, or use an encoder "
                         "such as BERT or XLM-R.")
    smallest = min(maps.values())
    if rank >= smallest:
        raise ModelError(f"lora_rank is {rank}, but the smallest matrix of the layers has "
                         f"{smallest} rows or columns: that would be no low rank. Set lora_rank "
                         f"below {smallest}; 8 is usual.")
    _inject(network, _peft().LoraConfig(r=rank, lora_alpha=rank, lora_dropout=0.0,
                                        target_modules=list(maps)))


def load_adapters(network: Any, folder: Path, asked: str) -> None:
    """Put a saved adapter into the model that it was made for, and freeze the rest.

    Parameters
    ----------
    network : that model with a body and a head; changed in place
    folder : with adapter_config.json and adapter_model.safetensors
    asked : what the user called it

    Raises
    ------
    ModelError
        If the adapter is of a kind that is not known here, or was made for another model.
    """
    settings, body = adapter_settings(folder, asked), network.base_model
    try:
        saved = load_file(folder / ADAPTER_WEIGHTS)
    except Exception as error:  # noqa: BLE001 - any failure of a foreign file is one message
        reason = " ".join(str(error).split())[:80]
        raise ModelError(f"Model {asked!r}: {ADAPTER_WEIGHTS} cannot be read ({reason}). Save the "
                         "adapter again.") from None
    _check_settings(settings, asked)
    prefix = network.base_model_prefix + "."
    full = {name.removeprefix("base_model.model."): tensor for name, tensor in saved.items()}
    of_body = any(name.startswith(prefix) for name in full)
    inside = {name.removeprefix(prefix): tensor for name, tensor in full.items()
              if name.startswith(prefix) or not of_body}
    inside = {name: tensor for name, tensor in inside.items()
              if hasattr(body, name.partition(".")[0])}  # the head is fresh
    targets = list(dict.fromkeys(
        name.partition(_LORA)[0] for name in inside if _LORA in name))
    modules = dict(body.named_modules())
    lost = [name for name in targets if name not in modules]
    if lost or not targets:
        raise ModelError(_other_base(network, asked, lost[0] if lost else "no layer of it"))
    _inject(network, _config(settings, targets, inside, prefix if of_body else ""))
    _fill(network, inside, asked)


def _config(settings: Mapping[str, Any], targets: Sequence[str],
            inside: Mapping[str, torch.Tensor], prefix: str) -> Any:
    """The adapter's settings, spelt out for each place that it has weights for."""
    peft = _peft()
    from peft.utils.other import get_pattern_key

    alphas = settings.get("alpha_pattern") or {}
    alpha_of = {name: alphas.get(get_pattern_key(list(alphas), prefix + name)) for name in targets}
    ranks = {name: len(inside[f"{name}.lora_A.weight"]) for name in targets
             if f"{name}.lora_A.weight" in inside}
    known = {key: settings[key] for key in _SETTINGS if settings.get(key) is not None}
    return peft.LoraConfig(
        r=int(settings.get("r") or 8), target_modules=list(targets), rank_pattern=ranks,
        alpha_pattern={name: alpha for name, alpha in alpha_of.items() if alpha is not None},
        **known)


def _inject(network: Any, config: Any) -> None:
    body = network.base_model
    try:
        _peft().inject_adapter_in_model(config, body)
    except (ValueError, TypeError, KeyError, RuntimeError) as error:
        raise ModelError(f"No adapter can be put into the {network.config.model_type} model: "
                         f"{' '.join(str(error).split())[:160]}. Leave out lora_rank, or use "
                         "another adapter.") from None
    for name, parameter in body.named_parameters():
        if "pool" in name:  # counted with the head, which is trained
            parameter.requires_grad = True


def _fill(network: Any, inside: Mapping[str, torch.Tensor], asked: str) -> None:
    """Give the adapters their saved weights; what else of the body was saved is trained on."""
    body = network.base_model
    plain = {name.replace(".default", "").replace(".base_layer", "")
             .replace("lora_magnitude_vector.weight", "lora_magnitude_vector"): parameter
             for name, parameter in body.named_parameters()}
    wanted = {name for name in plain if _LORA in name}
    given = {name.replace(".base_layer", ""): tensor for name, tensor in inside.items()}
    strange = sorted(wanted - given.keys()) or sorted(given.keys() - plain.keys()) or sorted(
        name for name, tensor in given.items() if tensor.shape != plain[name].shape)
    if strange:
        raise ModelError(_other_base(network, asked, strange[0]))
    with torch.no_grad():
        for name, tensor in given.items():
            plain[name].copy_(tensor)
            plain[name].requires_grad = True


def _other_base(network: Any, asked: str, culprit: str) -> str:
    return (f"Model {asked!r}: the adapter's weights do not fit the {network.config.model_type} "
            f"model that it names ({culprit[:100]}). Give the adapter with the model that it was "
            "made for.")


def _check_settings(settings: Mapping[str, Any], asked: str) -> None:
    kind = str(settings.get("peft_type"))
    if kind != "LORA":
        raise ModelError(f"Model {asked!r} is an adapter of the kind {kind[:40]}; only LoRA (with "
                         "its DoRA and rsLoRA forms) can be trained on here.")
    start = str(settings.get("init_lora_weights"))
    strange = sorted(key for key, value in settings.items()
                     if value and key not in _SETTINGS | _SETTLED)
    if strange or start.startswith(_CHANGE_THE_BASE):
        culprit = strange[0] if strange else f"init_lora_weights {start}"
        raise ModelError(f"Model {asked!r}: its adapter_config.json asks for {culprit[:60]}, which "
                         "is not known here. Merge the adapter into its model and give that.")


def _peft() -> Any:
    try:
        import peft
    except ImportError:
        raise ModelError("Adapters need the package peft, which is not installed. Install it with "
                         "`pip install peft`, or leave out lora_rank.") from None
    return peft
