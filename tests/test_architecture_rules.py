"""Each rule of the house can fail, and lets pass what it should."""

from __future__ import annotations

import pytest
from architecture_rules import back_doors, forbidden_imports, loaded_by, unsafe_calls, writes


@pytest.mark.parametrize("source", [
    "import torch", "import torch.nn as nn", "from torch import nn",
    "def late():\n    import torch", "import importlib\nimportlib.import_module('torch.nn')",
    "__import__('torch')", "from .models import torch", "from . import models",
])
def test_import_rule_finds(source: str) -> None:
    assert forbidden_imports(source, ("torch",))


@pytest.mark.parametrize("source", [
    "import torchvision", "from gradsim_core import torch_free", "text = 'import torch'",
    "import numpy as np  # not torch",
])
def test_import_rule_passes(source: str) -> None:
    assert forbidden_imports(source, ("torch",)) == []


@pytest.mark.parametrize("source", [
    "from gradsim_core.storage.store import Store", "import gradsim_core.storage.store",
    "from gradsim_core import secret", "import gradsim_core\ngradsim_core.secret()",
    "from gradsim_core.Store import inner", "from gradsim_core import *",
])
def test_back_door_is_found(source: str) -> None:
    assert back_doors(source, frozenset({"Store"}))


@pytest.mark.parametrize("source", [
    "from gradsim_core import Store", "import gradsim_core\ngradsim_core.Store('cache')",
    "import gradsim_core",
])
def test_front_door_is_open(source: str) -> None:
    assert back_doors(source, frozenset({"Store"})) == []


@pytest.mark.parametrize("source", [
    "open(p, 'w')", "open(p, mode='ab')", "open(p, 'r+')", "open(p, how)", "p.open('xb')",
    "gzip.open(p, 'wt')", "os.open(p, os.O_WRONLY)", "p.write_text('x')", "p.write_bytes(b'')",
    "p.mkdir()", "os.replace(a, b)", "os.remove(a)", "p.replace(q)", "p.rename(q)", "p.unlink()",
    "np.save(p, x)", "torch.save(x, p)", "save_file(x, p)", "frame.to_csv(p)",
    "shutil.rmtree(p)", "tempfile.mkstemp()", "def late():\n    Path('x').touch()",
])
def test_writing_is_found(source: str) -> None:
    assert len(writes(source)) == 1


@pytest.mark.parametrize("source", [
    "open(p)", "open(p, 'rb')", "open(p, encoding='utf-8')", "p.open()", "p.open('rb')",
    "gzip.open(p, 'rt')", "s.replace('a', 'b')", "dataclasses.replace(x, a=1)", "names.remove(x)",
    "frame.to_csv()", "frame.to_csv(index=False)", "json.dumps(x)", "frame.rename(columns=names)",
])
def test_reading_is_no_writing(source: str) -> None:
    assert writes(source) == []


@pytest.mark.parametrize("source", [
    "np.load(p, allow_pickle=True)", "np.load(p, allow_pickle=choice)", "yaml.load(text)",
    "AutoModel.from_pretrained(x, trust_remote_code=True)", "torch.load(p)", "eval('1')",
    "subprocess.run(x, shell=True)",
])
def test_unsafe_call_is_found(source: str) -> None:
    assert unsafe_calls(source)


@pytest.mark.parametrize("source", [
    "np.load(p, allow_pickle=False)", "yaml.safe_load(text)", "model.eval()",
    "AutoModel.from_pretrained(x, trust_remote_code=False)",
])
def test_safe_call_passes(source: str) -> None:
    assert unsafe_calls(source) == []


def test_light_import_is_really_watched() -> None:
    assert loaded_by("import colorsys", ("colorsys", "wave")) == {"colorsys"}
