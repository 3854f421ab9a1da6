"""Statistics of language x language tables: ranking, association, intervals, ceilings."""

from gradsim_core.statistics.association import (
    Association,
    Associations,
    Difference,
    associate,
    associate_all,
    difference,
)
from gradsim_core.statistics.ceiling import Ceiling, ceiling
from gradsim_core.statistics.centring import doubly_centred, target_centred
from gradsim_core.statistics.combining import Combined, combine
from gradsim_core.statistics.depth import DepthTrend, depth_trend
from gradsim_core.statistics.dominance import (
    BlockPart,
    Dominance,
    DominanceProfile,
    dominance,
    dominance_by_depth,
)
from gradsim_core.statistics.incremental import Incremental, incremental_value
from gradsim_core.statistics.jackknife import Interval, each_left_out
from gradsim_core.statistics.pairs import ADJUSTMENTS, ALTERNATIVES, STATISTICS
from gradsim_core.statistics.ranking import TargetRanking, rank_targets

__all__ = [
    "ADJUSTMENTS",
    "ALTERNATIVES",
    "STATISTICS",
    "Association",
    "Associations",
    "BlockPart",
    "Ceiling",
    "Combined",
    "DepthTrend",
    "Difference",
    "Dominance",
    "DominanceProfile",
    "Incremental",
    "Interval",
    "TargetRanking",
    "associate",
    "associate_all",
    "ceiling",
    "combine",
    "depth_trend",
    "difference",
    "dominance",
    "dominance_by_depth",
    "doubly_centred",
    "each_left_out",
    "incremental_value",
    "rank_targets",
    "target_centred",
]
