"""Measures in several studies: each first, the mean next, and pooling distrusted."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from finding_cases import CODES, measure_of, ranked, transfer_of

from gradsim_core.errors import GradSimError
from gradsim_core.findings.record import save_finding
from gradsim_core.findings.report import finding_report
from gradsim_core.findings.transfer.several_studies import combined_measures, other_contents
from gradsim_core.storage.store import Store

TRANSFER = transfer_of()
DRAWS = {"permutations": 99, "seed": 0}


def content_of(signature: str, transfer: np.ndarray, **measures: np.ndarray) -> dict[str, Any]:
    content = ranked([measure_of(name, values) for name, values in measures.items()], transfer)
    return {**content, "study": {**content["study"], "signature": signature}}


def test_each_study_speaks_for_itself_and_the_mean_is_of_their_values() -> None:
    noise = np.random.default_rng(1).normal(size=TRANSFER.shape)
    contents = [content_of("a" * 16, TRANSFER, gradient=TRANSFER, family=noise),
                content_of("b" * 16, TRANSFER, gradient=noise, topic=noise),
                content_of("c" * 16, transfer_of(seed=4), gradient=noise, family=noise)]
    several = combined_measures(contents, **DRAWS)
    found = {one["name"]: one for one in several["measures"]}
    assert set(found) == {"gradient", "family"}, "topic is of one study alone"
    values = [one["value"] for one in found["gradient"]["values"]]
    assert values == pytest.approx([
        next(measure for measure in one["measures"] if measure["name"] == "gradient")
        ["target_spearman"]["value"] for one in contents])
    assert found["gradient"]["mean"] == pytest.approx(np.mean(values))
    assert len(found["family"]["values"]) == 2
    assert found["family"]["interval"] is None, "two studies have none"
    assert [one["signature"] for one in several["studies"]] == ["a" * 16, "b" * 16, "c" * 16]
    json.dumps(several, allow_nan=False)


def test_the_reversal_of_simpson_is_told() -> None:
    """In each study nearer is better; the study with the higher similarities scores lower."""
    near = 0.1 * TRANSFER
    contents = [content_of("a" * 16, TRANSFER, gradient=near),
                content_of("b" * 16, TRANSFER - 1, gradient=near + 1)]
    (found,) = combined_measures(contents, **DRAWS)["measures"]
    assert [one["sign"] for one in found["values"]] == [1, 1]
    assert found["mean"] == pytest.approx(1)
    assert found["pooled"] < 0
    assert found["reversed"]
    report = finding_report("measures", {**contents[0], "combined": combined_measures(
        contents, **DRAWS)})["report.md"]
    section = report[report.index("## Several studies"):]
    row = next(line for line in section.splitlines() if line.startswith("| Gradient"))
    assert row.endswith("| yes |")
    assert "## Several studies" not in finding_report("measures", contents[0])["report.md"]


def test_a_study_without_a_ranking_is_refused(tmp_path: Path) -> None:
    store, one, other = Store(tmp_path), "a" * 16, "b" * 16
    for signature in (one, other):
        store.write_json(signature, "study.json", {})
    with pytest.raises(GradSimError, match=f"gradsim experiment measures {other}` first"):
        other_contents(store, one, ["bb"])
    with pytest.raises(GradSimError, match="that is the study itself"):
        other_contents(store, one, ["aa"])
    with pytest.raises(GradSimError, match="No study begins"):
        other_contents(store, one, ["cc"])
    content = content_of(other, TRANSFER, gradient=TRANSFER)
    save_finding(store, other, "measures", "f" * 16, content)
    assert other_contents(store, one, ["bb", "bb"]) == [content]
    assert [language["code"] for language in content["languages"]] == list(CODES)
