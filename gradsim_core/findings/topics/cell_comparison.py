"""Cells compared: what each block of a study by topic says of language and topic, as JSON.

Conventions
-----------
Blocks are in depth order, a layer as a whole; spans are blocks together (layers, lower, higher; a
module of all layers where layers are taken apart). An effect is
{"value", "interval"}, with "p" where there is one; what is undefined is null.

"corrected" is free of noise (see `cell_similarity`): shares of the cells' mean squared length,
told where the cells' halves agree by at least RELIABLE. Below that it is no better than a guess:
halves of a small cell are drawn without putting back, so what the one has too much of the other
lacks; they disagree more than two samples would, the squared length comes out too small, and the
shares too large.
"""

from __future__ import annotations

from typing import Any, Protocol

from gradsim_core.findings.record import number, pair
from gradsim_core.findings.topics.cell_similarity import (
    Codes,
    cell_similarities,
    noise_free_products,
)
from gradsim_core.similarities.block_ranges import block_modules, block_places
from gradsim_core.similarities.gram import GramSeries
from gradsim_core.statistics.crossed import (
    KINDS,
    Crossed,
    Effect,
    crossed,
    ratio_effects,
    trend_of_difference,
    trend_of_ratios,
)
from gradsim_core.statistics.depth import DepthTrend

RELIABLE = 1 / 3
"""Least reliability of a block for the similarity without noise to be told: half of the squared
length of both halves together is then no noise (2 r / (1 + r); Spearman and Brown)."""


class Reading(Protocol):
    """What of a plan says how cells are read and compared."""

    @property
    def reading(self) -> str:
        """As in `gram`."""

    @property
    def snapshot(self) -> int:
        """Index into the snapshots."""

    @property
    def permutations(self) -> int:
        """For each p."""

    @property
    def seed(self) -> int:
        """Of the permutations."""


def compared(series: GramSeries, codes: Codes, plan: Reading, correction: str
             ) -> dict[str, Any]:
    """Blocks, spans of blocks and trends, as JSON."""
    places = block_places(series.blocks)
    layers = [name for name in places if name.startswith("layer.")]
    spans = ["layers", *(["lower", "higher"] if len(layers) > 1 else []),
             *block_modules(series.blocks)]
    names = [*places, *spans]
    depth = [i for i, name in enumerate(places) if name != "head"]
    similarity = cell_similarities(series, codes, names, plan.reading, correction, plan.snapshot)
    found = [_block(name, one) for name, one in zip(names, crossed(
        similarity, permutations=plan.permutations, seed=plan.seed), strict=True)]
    trend = trend_of_difference(similarity[depth], permutations=plan.permutations, seed=plan.seed)
    corrected_trend = None
    if plan.reading == "cosine_of_mean":
        products, length, reliability = noise_free_products(
            series, codes, names, correction != "raw", plan.snapshot)
        for one, effects, reliable in zip(found, ratio_effects(products, length), reliability,
                                          strict=True):
            one["reliability"] = number(reliable)
            one["corrected"] = _effects(effects) if reliable >= RELIABLE else None
        if (reliability[depth] >= RELIABLE).all():
            corrected_trend = _trend(trend_of_ratios(products[depth], length[depth]))
    return {"blocks": found[:len(places)], "spans": found[len(places):],
            "trend": {"blocks": [places[i] for i in depth], **_trend(trend)},
            "trend_corrected": corrected_trend}


def other_readings(series: GramSeries, codes: Codes, plan: Reading, correction: str
                   ) -> list[dict[str, Any]]:
    """All layers read otherwise: with other corrections, and at other points of the training."""
    last, at = len(series.snapshots) - 1, range(len(series.snapshots))[plan.snapshot]
    asked = [(other, at) for other in ("centred", "all_but_top", "raw") if other != correction]
    asked += [(correction, other) for other in dict.fromkeys((0, last // 2, last)) if other != at]
    found = []
    for other, snapshot in asked:
        cells = cell_similarities(series, codes, ["layers"], plan.reading, other, snapshot)
        one, = crossed(cells, permutations=plan.permutations, seed=plan.seed)
        found.append({"correction": other, "step": series.snapshots[snapshot],
                      **{key: value for key, value in _block("layers", one).items()
                         if key in KINDS or key == "difference"}})
    return found


def _block(name: str, found: Crossed) -> dict[str, Any]:
    effects = _effects(found)
    for kind in ("within_language", "within_topic", "difference"):
        effects[kind]["p"] = number(getattr(found, kind).p)
    return {"block": name, **effects, "reliability": None, "corrected": None}


def _effects(found: Crossed) -> dict[str, Any]:
    def effect(one: Effect) -> dict[str, Any]:
        return {"value": number(one.value), "interval": pair(one.interval)}

    return {kind: effect(getattr(found, kind))
            for kind in (*KINDS, "difference")}


def _trend(found: DepthTrend) -> dict[str, Any]:
    return {"slope": number(found.slope), "interval": pair(found.interval), "p": number(found.p)}
