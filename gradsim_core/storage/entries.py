"""Sealed entries: the bytes of a stored file, which prove on reading that they are whole.

Conventions
-----------
An entry is a JSON file or a safetensors file (little-endian, C order). Near its beginning
stands the SHA-256 of the whole file, taken with its own 64 digits as zeros; format, study
signature and entry name follow. One rename therefore publishes data and proof together, and a
truncated, altered or misplaced file is told from a good one. This opening stays the same in
every format to come, so that a newer format is told from damage.

The safetensors bytes are laid out here, because the library's own writer (0.8) either copies
every array or goes through an unnamed temporary file that a kill leaves behind. Its readers
read them; the layout is https://github.com/huggingface/safetensors#format.
"""

from __future__ import annotations

import hashlib
import json
import math
import struct
from collections.abc import Mapping
from typing import Any

import numpy as np

from gradsim_core.errors import StoreError

FORMAT = 1
"""Raised whenever older versions of GradSim could no longer read an entry."""

_DIGITS = 64
_ZEROS = b"0" * _DIGITS
_JSON_START = b'{\n  "sha256": "'
_TENSORS_START = b'{"__metadata__":{"sha256":"'
_LENGTH = struct.Struct("<Q")  # safetensors begins with the length of its header

_DTYPES = {"F64": np.float64, "F32": np.float32, "I64": np.int64, "I32": np.int32,
           "U8": np.uint8, "BOOL": np.bool_}
_NAMES = {np.dtype(dtype): name for name, dtype in _DTYPES.items()}


def json_entry(signature: str, name: str, content: Mapping[str, Any]) -> list[memoryview]:
    """Lay out a JSON entry, indented for people.

    Returns
    -------
    list of memoryview
        The file's bytes, in order.

    Raises
    ------
    StoreError
        If the content holds NaN, an infinity, or what JSON has no word for; names the key.
    """
    envelope = {"sha256": _ZEROS.decode(), "format": FORMAT, "signature": signature,
                "name": name, "content": json_value(content)}
    text = json.dumps(envelope, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    return _sealed(text.encode(), [], len(_JSON_START))


def json_content(data: memoryview, signature: str, name: str) -> dict[str, Any]:
    """Check a JSON entry and give its content.

    Raises
    ------
    ValueError
        If the entry is damaged or belongs elsewhere; the message is the reason.
    StoreError
        If the entry is whole but of a newer format.
    """
    _check_seal(data, _JSON_START, 0)
    envelope = json.loads(bytes(data))
    _check_identity(envelope, signature, name)
    return dict(envelope["content"])


def tensor_entry(signature: str, name: str, arrays: Mapping[str, np.ndarray],
                 metadata: Mapping[str, Any]) -> list[memoryview]:
    """Lay out a safetensors entry; arrays that are dense and little-endian are not copied.

    Returns
    -------
    list of memoryview
        The file's bytes, in order; the views keep their arrays alive.

    Raises
    ------
    StoreError
        If an array has a dtype that is not stored, or the metadata cannot be JSON.
    """
    dense = {key: _dense(name, key, array) for key, array in arrays.items()}
    order = sorted(dense, key=lambda key: (-dense[key].itemsize, key))  # keeps all aligned
    header: dict[str, Any] = {"__metadata__": {
        "sha256": _ZEROS.decode(), "format": str(FORMAT), "signature": signature, "name": name,
        "metadata": json.dumps(json_value(metadata, "metadata"), allow_nan=False)}}
    offset = 0
    for key in order:
        array = dense[key]
        header[key] = {"dtype": _NAMES[array.dtype], "shape": list(array.shape),
                       "data_offsets": [offset, offset + array.nbytes]}
        offset += array.nbytes
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    body = [dense[key].reshape(-1).view(np.uint8).data for key in order]
    return _sealed(_LENGTH.pack(len(text)) + text, body, _LENGTH.size + len(_TENSORS_START))


def tensor_content(data: memoryview, signature: str,
                   name: str) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """Check a safetensors entry and give its arrays (views of `data`) and its metadata.

    Raises
    ------
    ValueError
        If the entry is damaged or belongs elsewhere; the message is the reason.
    StoreError
        If the entry is whole but of a newer format.
    """
    _check_seal(data, _TENSORS_START, _LENGTH.size)
    start = _LENGTH.size + _LENGTH.unpack(data[:_LENGTH.size])[0]
    header = json.loads(bytes(data[_LENGTH.size:start]))
    own = header.pop("__metadata__")
    _check_identity(own, signature, name)
    arrays: dict[str, np.ndarray] = {}
    for key, spec in header.items():
        first, last = spec["data_offsets"]
        span = np.asarray(data[start + first:start + last])
        arrays[key] = span.view(_DTYPES[spec["dtype"]]).reshape(spec["shape"])
    return arrays, json.loads(own["metadata"])


def json_value(value: Any, where: str = "content") -> Any:
    """The value in JSON's own types; whatever JSON cannot hold is refused with its place.

    Parameters
    ----------
    where : what to call the value in an error

    Raises
    ------
    StoreError
        If a number is NaN or infinite, text is broken, a key is not text, or a type is unknown
        to JSON.
    """
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or isinstance(value, (bool, int)):
        return value
    if isinstance(value, float):
        if math.isfinite(value):
            return value
        raise StoreError(f"{where[-200:]} is {value}, which JSON cannot hold. Store None "
                         f"where a number is undefined.")
    if isinstance(value, str):
        if value.encode(errors="replace").decode() != value:
            raise StoreError(f"{where[-200:]} is not valid Unicode text: {value[:60]!r}. "
                             f"Mend its encoding.")
        return value
    if isinstance(value, Mapping):
        for key in value:
            if not isinstance(key, str):
                raise StoreError(f"{where[-200:]} has the key {key!r:.60}, a "
                                 f"{type(key).__name__}; JSON keys are text. Turn it into text.")
        return {str(key): json_value(item, f"{where}.{key}") for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [json_value(item, f"{where}[{i}]") for i, item in enumerate(value)]
    raise StoreError(f"{where[-200:]} is a {type(value).__name__}, which JSON cannot hold. "
                     f"Turn it into text, numbers, a list or a mapping.")


def _dense(name: str, key: str, array: np.ndarray) -> np.ndarray:
    dtype = array.dtype.newbyteorder("<")
    if dtype not in _NAMES:
        known = ", ".join(sorted(str(known) for known in _NAMES))
        raise StoreError(f"{name}: array {key!r:.80} is {array.dtype}, which is not stored. "
                         f"Turn it into one of: {known}.")
    if key == "__metadata__":
        raise StoreError(f"{name}: an array cannot be called {key!r}. Rename it.")
    return np.asarray(array, dtype=dtype, order="C")


def _sealed(head: bytes, body: list[memoryview], at: int) -> list[memoryview]:
    """The chunks with the digest of all of them written over the zeros at `at`."""
    digest = hashlib.sha256(head)
    for chunk in body:
        digest.update(chunk)
    head = head[:at] + digest.hexdigest().encode() + head[at + _DIGITS:]
    return [memoryview(head), *body]


def _check_seal(data: memoryview, start: bytes, skip: int) -> None:
    at = skip + len(start)
    if bytes(data[skip:at]) != start or len(data) < at + _DIGITS:
        raise ValueError("its beginning is damaged")
    digest = hashlib.sha256(data[:at])
    digest.update(_ZEROS)
    digest.update(data[at + _DIGITS:])
    if bytes(data[at:at + _DIGITS]) != digest.hexdigest().encode():
        raise ValueError("its SHA-256 does not fit")


def _check_identity(found: Mapping[str, Any], signature: str, name: str) -> None:
    if int(found["format"]) > FORMAT:
        raise StoreError(f"{signature}/{name}: written in format {found['format']}, but this "
                         f"GradSim reads up to {FORMAT}. Update GradSim, or use another cache.")
    if (found["signature"], found["name"]) != (signature, name):
        raise ValueError(f"it is the entry {found['signature']}/{found['name']}")
