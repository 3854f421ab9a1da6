"""Scores of models that know no more than the most frequent label say nothing of transfer."""

from __future__ import annotations

import numpy as np
import pytest
from experiment_cases import chosen_prepared

from gradsim_core.findings.transfer.transfer_table import with_caution
from gradsim_core.scores.majority import majority_baseline
from gradsim_core.scores.tables import Scores

CODES = ("deu", "spa", "nld", "ita")
CONTENT = {"verdict": "Best of all.", "method": ["As ever."]}
PREPARED = chosen_prepared(CODES)
LEAST = majority_baseline(PREPARED.corpus, "test")["deu"]["weighted_f1"]


def table(own: float, **changes: object) -> Scores:
    values = np.full((1, 4, 4), 0.9)
    values[:, range(4), range(4)] = own
    return Scores(**{"sources": CODES, "targets": CODES, "metric": "weighted_f1", "split": "test",
                     "seeds": (0,), "values": values, "origin": "made up", **changes})


def test_models_that_learned_nothing_are_named_before_any_verdict() -> None:
    found = with_caution(CONTENT, table(LEAST + 0.04), PREPARED)
    assert found["verdict"].startswith("Nothing is said of transfer yet")
    assert f"{100 * (LEAST + 0.04):.1f}%" in found["verdict"]
    assert f"most frequent label gives {100 * LEAST:.1f}%" in found["verdict"]
    assert found["method"][1:] == ["Without that the verdict would be: Best of all.", "As ever."]
    assert CONTENT["verdict"] == "Best of all."


@pytest.mark.parametrize("scores", [
    table(LEAST + 0.06), table(0.0, gain_over="majority"), table(0.0, split="published"),
    table(0.0, metric="another")])
def test_others_are_left_as_they_are(scores: Scores) -> None:
    assert with_caution(CONTENT, scores, PREPARED) is CONTENT
