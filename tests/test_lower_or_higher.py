"""Lower or higher layers: what must be found in studies whose blocks follow what we chose.

The slow twin regresses one block's pairs with numpy alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from lower_or_higher_cases import (
    CODES,
    FALLING,
    FAMILY,
    LABELS,
    MEASURES,
    PLAN,
    RISING,
    alike,
    results,
)
from made_up_studies import BLOCKS, SIGNATURE

from gradsim_core import Store, load_results
from gradsim_core.findings.layers import lower_or_higher as module
from gradsim_core.findings.layers.lower_or_higher import lower_or_higher
from gradsim_core.statistics.centring import doubly_centred

# what must be found

def test_lower_blocks_that_follow_family_and_higher_ones_labels_are_found(tmp_path: Path) -> None:
    content = lower_or_higher(results(tmp_path, family=FALLING, labels=RISING), MEASURES, PLAN)
    trend, blocks = content["trend"], content["blocks"]
    assert trend["slope"] < -0.5
    assert trend["interval"][1] < 0
    assert trend["p"] <= 0.01
    assert content["verdict"].startswith("The higher the block, the more task and the less "
                                         "language: in embeddings linguistic measures explain ")
    assert len(content["verdict"]) <= 300
    for block, strong, weak in ((blocks[0], "linguistic", "task"),
                                (blocks[-1], "task", "linguistic")):
        assert block[strong]["share"] > 0.7
        assert block[weak]["share"] < 0.1
        assert block[strong]["p"] <= 0.01
        assert block[weak]["p"] > 0.05


def test_the_mirror_image_is_told_the_other_way_round(tmp_path: Path) -> None:
    there = lower_or_higher(results(tmp_path / "a", family=FALLING, labels=RISING), MEASURES, PLAN)
    back = lower_or_higher(results(tmp_path / "b", family=RISING, labels=FALLING), MEASURES, PLAN)
    assert back["trend"]["slope"] > 0.5
    assert back["trend"]["slope"] == pytest.approx(-there["trend"]["slope"], abs=0.4)
    assert back["verdict"].startswith("The higher the block, the more language and the less task")
    swapped = {"family": replace(MEASURES["distribution.labels"], name="family"),
               "distribution.labels": replace(MEASURES["family"], name="distribution.labels")}
    same = lower_or_higher(load_results(Store(tmp_path / "a"), SIGNATURE), swapped, PLAN)
    assert same["trend"]["slope"] == pytest.approx(-there["trend"]["slope"]), "sides change places"


@pytest.mark.parametrize("seed", range(3))
def test_blocks_that_follow_neither_have_no_clear_trend(tmp_path: Path, seed: int) -> None:
    level = (0.0,) * 6
    content = lower_or_higher(results(tmp_path, family=level, labels=level, noise=0.1, seed=seed),
                              MEASURES, PLAN)
    assert content["verdict"].startswith("No clear trend over depth: ")
    assert all(abs(one[side]["share"]) < 0.2 for one in content["blocks"]
               for side in module.SIDES), "chance is taken off"


def test_a_constant_relation_is_no_trend_however_strong(tmp_path: Path) -> None:
    content = lower_or_higher(results(tmp_path, family=(0.4,) * 6, labels=(0.1,) * 6), MEASURES,
                              PLAN)
    assert content["blocks"][2]["linguistic"]["p"] <= 0.01
    assert content["verdict"].startswith("No clear trend")


def test_head_stands_outside_the_trend(tmp_path: Path) -> None:
    plain = lower_or_higher(results(tmp_path / "a", family=FALLING, labels=RISING), MEASURES, PLAN)
    turned = lower_or_higher(results(tmp_path / "b", family=(*FALLING[:5], 0.4),
                                     labels=(*RISING[:5], 0.0)), MEASURES, PLAN)
    assert plain["trend"]["blocks"] == list(BLOCKS[:5])
    assert turned["trend"] == plain["trend"]
    assert turned["blocks"][:5] == plain["blocks"][:5]
    assert turned["blocks"][5] != plain["blocks"][5]
    assert "layer.3" in plain["verdict"]
    assert "head" not in plain["verdict"]


@pytest.mark.parametrize("seed", range(3))
def test_intervals_stay_where_a_part_of_r2_can_be(tmp_path: Path, seed: int) -> None:
    content = lower_or_higher(results(tmp_path, family=(0.3,) * 6, labels=(0.1,) * 6, noise=0.3,
                                      seed=seed), MEASURES, PLAN)
    for one in content["blocks"]:
        for part in (one["linguistic"], one["task"]):
            chance, (low, high) = part["r2"] - part["share"], part["interval"]
            assert -chance - 1e-12 <= low <= part["share"] <= high <= 1 - chance + 1e-12


# against a slow twin

def r_squared(y: np.ndarray, columns: Sequence[np.ndarray]) -> float:
    if not columns:
        return 0.0
    design = np.column_stack([np.ones(len(y)), *columns])
    left = y - design @ np.linalg.lstsq(design, y, rcond=None)[0]
    return float(1 - left @ left / ((y - y.mean()) @ (y - y.mean())))


@pytest.mark.parametrize("centred", [True, False])
def test_parts_of_r2_are_those_of_plain_regressions(tmp_path: Path, centred: bool) -> None:
    found = results(tmp_path, family=(0.2,) * 6, labels=(0.15,) * 6, noise=0.2)
    content = lower_or_higher(found, MEASURES, PLAN.model_copy(update={"centred": centred}))
    off = ~np.eye(len(CODES), dtype=bool)
    treat = doubly_centred if centred else np.array
    gram = found.series.sums[0, 2, ::2, ::2]
    cosine = gram / np.sqrt(np.outer(np.diag(gram), np.diag(gram)))
    y, a, b = (treat(table)[off] for table in (cosine, alike(FAMILY), alike(LABELS)))
    only_a, only_b, both = r_squared(y, [a]), r_squared(y, [b]), r_squared(y, [a, b])
    block = content["blocks"][2]
    assert block["total_r2"] == pytest.approx(both, abs=1e-6)
    assert block["linguistic"]["r2"] == pytest.approx((only_a + both - only_b) / 2, abs=1e-6)
    assert block["task"]["r2"] == pytest.approx((only_b + both - only_a) / 2, abs=1e-6)
    assert block["linguistic"]["share"] < block["linguistic"]["r2"], "chance is taken off"
