"""From a model's folder to a network with a head and its tokenizer, read safely.

Weights are read from safetensors only, and code from a folder never runs. A folder that lacks
part of the body is refused; of the head nothing is kept.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
import transformers

from gradsim_core.data.corpus import Task
from gradsim_core.errors import ModelError
from gradsim_core.fingerprints import adapter_base, model_folder

_EMPTY_VOCABULARY = 16
"""Without a vocabulary file transformers makes a tokenizer of a few special tokens alone."""

_LOCAL = {"trust_remote_code": False, "local_files_only": True}


def classifier(task: Task) -> Any:
    """The class of heads that a task needs."""
    return (transformers.AutoModelForSequenceClassification if task == "sequence"
            else transformers.AutoModelForTokenClassification)


def model_folders(model: str, revision: str | None) -> tuple[Path, Path | None]:
    """The folder of the whole model, and that of its saved adapter where it is one."""
    folder = model_folder(model, revision)
    base = adapter_base(folder, model)
    return (base, folder) if base else (folder, None)


def tokenizer_folder(folder: Path, saved: Path | None) -> Path:
    """Where the tokenizer is: an adapter may bring its own."""
    return saved if saved and any(saved.glob("tokenizer*")) else folder


def pretrained(folder: Path, asked: str, task: Task, head: Any, saved: Path | None = None,
               **settings: Any) -> tuple[Any, Any, set[str]]:
    """Model, tokenizer, and the names of the weights that the checkpoint lacks."""
    try:
        tokenizer = pretrained_tokenizer(tokenizer_folder(folder, saved), task)
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


def pretrained_tokenizer(folder: Path, task: Task) -> Any:
    """The tokenizer of a folder, as the task takes words."""
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


def renew_head(network: Any, absent: set[str]) -> None:
    """Draw anew what the checkpoint brought for the head; what was absent is new already."""
    in_body = {id(parameter) for parameter in network.base_model.parameters()}
    brought = {name.rpartition(".")[0] for name, parameter in network.named_parameters()
               if id(parameter) not in in_body and name not in absent}
    for name in sorted(brought):
        module = network.get_submodule(name)
        for parameter in module.parameters(recurse=False):
            parameter._is_hf_initialized = False
        network._init_weights(module)
