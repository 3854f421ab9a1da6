"""Which languages to train together: strategies, constraints, scores and trees."""

from gradsim_core.grouping.by_hand import by_hand
from gradsim_core.grouping.constraints import Constraints
from gradsim_core.grouping.result import Alternative, Grouping, group_scores, objective
from gradsim_core.grouping.strategies import COMPARISONS, STRATEGIES, group, groupings_by_k
from gradsim_core.grouping.trees import LINKAGES, leaf_order, linkage_tree, newick, tree_labels

__all__ = [
    "COMPARISONS",
    "LINKAGES",
    "STRATEGIES",
    "Alternative",
    "Constraints",
    "Grouping",
    "by_hand",
    "group",
    "group_scores",
    "groupings_by_k",
    "leaf_order",
    "linkage_tree",
    "newick",
    "objective",
    "tree_labels",
]
