"""Where a model's files are and what they are: the part of models that needs no torch.

The fingerprint is a SHA-256 over the files that decide a model's numbers (configuration,
weights, tokenizer), so a study's signature follows the content, never the path or the id. A folder
may hold a saved adapter (adapter_config.json, adapter_model.safetensors) of another model: its
fingerprint is that of both, whatever the adapter calls the other.
"""

from __future__ import annotations

import hashlib
import json
from functools import lru_cache
from pathlib import Path
from typing import Any

from gradsim_core.errors import ModelError

TINY_BYTES = "tiny-bytes"
TINY_BYTES_CONFIG: dict[str, Any] = {
    "vocab_size": 260, "hidden_size": 96, "num_hidden_layers": 4, "num_attention_heads": 4,
    "intermediate_size": 384, "max_position_embeddings": 512, "pad_token_id": 0,
    "hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0,
}
"""About 0.5 million parameters: small enough to train in a minute on two cores. Without dropout,
which would only add noise to the gradients of so small a model."""

ADAPTER_CONFIG, ADAPTER_WEIGHTS = "adapter_config.json", "adapter_model.safetensors"
_BASE_NAME, _BASE_REVISION = "base_model_name_or_path", "revision"

_FILES = ("config.json", ADAPTER_CONFIG, "*.safetensors", "*.safetensors.index.json", "tokenizer*",
          "vocab*", "merges.txt", "*.model", "special_tokens_map.json", "added_tokens.json",
          "spiece*", "sentencepiece*")


def model_fingerprint(model: str, revision: str | None = None) -> str:
    """Hash the files that decide a model's numbers.

    Raises
    ------
    ModelError
        If the model has no folder, no safetensors weights or no configuration.
    """
    if model == TINY_BYTES:
        return f"{TINY_BYTES}:{hashlib.sha256(repr(TINY_BYTES_CONFIG).encode()).hexdigest()}"
    folder = model_folder(model, revision)
    digest = hashlib.sha256()
    if base := adapter_base(folder, model):
        settings = {key: value for key, value in adapter_settings(folder, model).items()
                    if key not in (_BASE_NAME, _BASE_REVISION)}
        digest.update(f"{json.dumps(settings, sort_keys=True)};".encode())
        digest.update(f"base:{model_fingerprint(str(base))};".encode())
    for path in _decisive_files(folder):
        if path.name == ADAPTER_CONFIG:
            continue
        stat = path.stat()
        digest.update(f"{path.name}:{_file_hash(path, stat.st_size, stat.st_mtime_ns)};".encode())
    return digest.hexdigest()


def model_folder(model: str, revision: str | None = None) -> Path:
    """Find a model's folder: a local one, or the downloaded files of a hub id.

    Raises
    ------
    ModelError
        If there is no such folder, it holds no safetensors, or the hub cannot be reached.
    """
    folder = Path(model).expanduser()
    if not folder.is_dir():
        if folder.is_absolute() or model.startswith((".", "~")) or model.count("/") > 1:
            raise ModelError(f"Model folder {model!r} does not exist. Give a folder with "
                             "config.json and model.safetensors, a hub id, or tiny-bytes.")
        folder = _hub_folder(model, revision)
    if (folder / ADAPTER_CONFIG).is_file():
        if not (folder / ADAPTER_WEIGHTS).is_file():
            raise ModelError(f"Model {model!r} is an adapter without {ADAPTER_WEIGHTS} in "
                             f"{folder}; other weight formats can run code and are not read. "
                             "Save it again with save_pretrained.")
        return folder
    if not (folder / "config.json").is_file():
        raise ModelError(f"Model {model!r} has no config.json in {folder}. Save it with "
                         "save_pretrained and give that folder.")
    if not any(folder.glob("*.safetensors")):
        raise ModelError(f"Model {model!r} has no *.safetensors weights in {folder}; other weight "
                         "formats can run code and are not read. Convert it with "
                         "save_pretrained.")
    return folder


def adapter_settings(folder: Path, asked: str) -> dict[str, Any]:
    """Read a saved adapter's configuration.

    Raises
    ------
    ModelError
        If it is not a JSON object.
    """
    try:
        found = json.loads((folder / ADAPTER_CONFIG).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ModelError(f"Model {asked!r}: {ADAPTER_CONFIG} cannot be read "
                         f"({str(error)[:80]}). Save the adapter again.") from None
    if not isinstance(found, dict):
        raise ModelError(f"Model {asked!r}: {ADAPTER_CONFIG} holds no settings. Save the adapter "
                         "again.")
    return found


def adapter_base(folder: Path, asked: str) -> Path | None:
    """Find the folder of the model that a saved adapter was made for; None for a whole model.

    Parameters
    ----------
    folder : of `model_folder`
    asked : what the user called it

    Raises
    ------
    ModelError
        If the adapter names no model, one that cannot be found, or another adapter.
    """
    if not (folder / ADAPTER_CONFIG).is_file():
        return None
    settings = adapter_settings(folder, asked)
    name, revision = settings.get(_BASE_NAME), settings.get(_BASE_REVISION)
    if not isinstance(name, str) or not name:
        raise ModelError(f"Model {asked!r}: {ADAPTER_CONFIG} does not name the model that it was "
                         f"made for. Write it as {_BASE_NAME} (a folder or a hub id).")
    beside = folder / name
    try:
        base = model_folder(str(beside) if beside.is_dir() else name,
                            revision if isinstance(revision, str) else None)
    except ModelError as error:
        raise ModelError(f"Model {asked!r} is an adapter of {name[:80]!r}. {error}"[:400]) from None
    if (base / ADAPTER_CONFIG).is_file():
        raise ModelError(f"Model {asked!r} is an adapter of {name[:80]!r}, which is an adapter "
                         "itself. Merge the two, and give the merged model.")
    return base


def _hub_folder(model: str, revision: str | None) -> Path:
    import huggingface_hub

    try:
        return Path(huggingface_hub.snapshot_download(
            model, revision=revision, allow_patterns=list(_FILES)))
    except Exception as error:  # noqa: BLE001 - network, name and access all end in one message
        at = f" at revision {revision!r}" if revision else ""
        raise ModelError(
            f"Model {model!r}{at} is neither a local folder nor to be had from the hub "
            f"({type(error).__name__}). Check the name and the connection, give a local folder, "
            "or use tiny-bytes.") from None


def _decisive_files(folder: Path) -> list[Path]:
    return sorted({path for pattern in _FILES for path in folder.glob(pattern) if path.is_file()})


@lru_cache(maxsize=256)
def _file_hash(path: Path, _size: int, _mtime_ns: int) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
