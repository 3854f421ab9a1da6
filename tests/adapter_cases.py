"""Small encoders and adapters on disk, and what of them trains."""

from __future__ import annotations

import json
from pathlib import Path

import peft
import pytest
import torch
import transformers
from engine_cases import LABELS, SMALL

from gradsim_core.encoder.models import byte_tokenizer, load_encoder

KINDS = {"xlm-roberta": {}, "bert": {}, "modernbert": {}, "electra": {"embedding_size": 16},
         "distilbert": {"dim": 32, "n_layers": 3, "n_heads": 2, "hidden_dim": 48},
         "deberta-v2": {}, "gpt2": {}}
IDS = torch.arange(4, 24).reshape(2, 10)


def saved_base(folder: Path, kind: str = "xlm-roberta") -> Path:
    """A folder as save_pretrained leaves it: a small random encoder and a byte tokenizer."""
    torch.manual_seed(5)
    config = transformers.CONFIG_MAPPING[kind](**{**SMALL, **KINDS[kind]})
    transformers.AutoModel.from_config(config).save_pretrained(folder)
    byte_tokenizer().save_pretrained(folder)
    return folder


def saved_adapter(folder: Path, base: Path, *, bare: bool = False, seed: int = 1,
                  **settings) -> tuple[Path, torch.nn.Module]:
    """An adapter with random weights, made with PEFT itself, and the model that it stands in."""
    torch.manual_seed(seed)
    if bare:
        network, task = transformers.AutoModel.from_pretrained(base), None
    else:
        network = transformers.AutoModelForSequenceClassification.from_pretrained(
            base, num_labels=3)
        task = "SEQ_CLS"
    settings = {"r": 4, "lora_alpha": 6, "target_modules": ["query", "value", "output.dense"],
                "task_type": task, **settings}
    wrapped = peft.get_peft_model(network, peft.LoraConfig(**settings))
    for parameter in wrapped.parameters():
        if parameter.requires_grad:
            torch.nn.init.normal_(parameter, std=0.1)
    wrapped.save_pretrained(folder)
    return folder, wrapped.eval()


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    return saved_base(tmp_path_factory.mktemp("base"))


def load(model, seed=0, task="sequence", **more):
    return load_encoder(str(model), None, task, LABELS, seed, 64, **more)


def names_by_block(encoder):
    name_of = {id(parameter): name for name, parameter in encoder.model.named_parameters()}
    return {block: [name_of[id(parameter)] for parameter in parameters]
            for block, parameters in encoder.blocks.items()}


def changed(path: Path, **settings):
    found = json.loads(path.read_text())
    path.write_text(json.dumps({**found, **settings}))


def states(model, ids):
    with torch.no_grad():
        return model(input_ids=ids, attention_mask=torch.ones_like(ids)).last_hidden_state
