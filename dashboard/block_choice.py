"""Which blocks are chosen by a range of places and a module, and how that is called.

Conventions
-----------
Pure. A choice is the first and the last place (embeddings, a layer, head) and a module of the
layers between, "" for whole layers; its name is the shortest that `block_indexes` knows.
"""

from __future__ import annotations

from typing import NamedTuple

from dashboard.selection import PRESET_BLOCKS
from gradsim_core import GradSimError, block_indexes, block_module, block_modules, block_place


class BlockChoice(NamedTuple):
    """A range of places, both ends included, and a module; "" for all of what is there."""

    first: str
    last: str
    module: str


def choice_of(spec: str, blocks: tuple[str, ...]) -> BlockChoice:
    """What a selection that the blocks have looks like.

    Examples
    --------
    >>> names = ("embeddings", "layer.0.attention", "layer.0.norms", "layer.1.norms", "head")
    >>> choice_of("norms", names)
    BlockChoice(first='layer.0', last='layer.1', module='norms')
    """
    chosen = [blocks[i] for i in block_indexes(spec, blocks)]
    modules = {block_module(block) for block in chosen}
    return BlockChoice(block_place(chosen[0]), block_place(chosen[-1]),
                       modules.pop() if len(modules) == 1 else "")


def blocks_between(first: str, last: str, blocks: tuple[str, ...], module: str = "") -> str:
    """The shortest name of a range of places, both ends included, or of a module in them.

    Parameters
    ----------
    module : of the layers in the range; where there is none, all that is there is meant
    """
    wanted = block_indexes(f"{first}:{last}", blocks)
    inside = [i for i in wanted if module and block_module(blocks[i]) == module]
    if inside:
        wanted, first, last = inside, blocks[inside[0]], blocks[inside[-1]]
    for name in (*PRESET_BLOCKS, *block_modules(blocks)):
        try:
            if block_indexes(name, blocks) == wanted:
                return name
        except GradSimError:
            continue  # one layer has no higher half
    return first if first == last else f"{first}:{last}"
