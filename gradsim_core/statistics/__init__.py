"""Statistics of language x language tables: ranking, association, intervals, ceilings."""

from gradsim_core.statistics.association import (
    Association,
    Associations,
    Difference,
    associate,
    associate_all,
    difference,
)
from gradsim_core.statistics.centring import doubly_centred, target_centred
from gradsim_core.statistics.jackknife import Interval
from gradsim_core.statistics.pairs import ADJUSTMENTS, ALTERNATIVES, STATISTICS
from gradsim_core.statistics.ranking import TargetRanking, rank_targets

__all__ = [
    "ADJUSTMENTS",
    "ALTERNATIVES",
    "STATISTICS",
    "Association",
    "Associations",
    "Difference",
    "Interval",
    "TargetRanking",
    "associate",
    "associate_all",
    "difference",
    "doubly_centred",
    "rank_targets",
    "target_centred",
]
