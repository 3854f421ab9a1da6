"""What blocks and selections of blocks are called, as plain text.

Conventions
-----------
Functions are pure and return plain text; who shows it escapes it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from gradsim_core import block_module, block_modules, block_place, block_places

MODULE_WORDS = {"attention": "Attention", "feed_forward": "Feed-forward", "norms": "Norms"}


def block_words(name: str) -> str:
    """A block or a selection of blocks in words.

    Examples
    --------
    >>> block_words("layer.3.feed_forward"), block_words("layer.3"), block_words("higher")
    ('layer 3 feed-forward', 'layer 3', 'higher')
    """
    return name.replace(".", " ").replace("_", "-")


def short_words(name: str) -> str:
    """A block in a table of many: the module before the number of its layer.

    Examples
    --------
    >>> short_words("layer.3.feed_forward"), short_words("layer.3")
    ('feed-forward 3', 'layer 3')
    """
    module = block_module(name)
    return block_words(f"{module}.{block_place(name).split('.')[1]}" if module else name)


def span_words(blocks: Sequence[str]) -> str:
    """The first and the last of blocks, and the module where they are all of one.

    Examples
    --------
    >>> span_words(("layer.0", "layer.1")), span_words(("layer.2.norms",))
    ('layer 0 to layer 1', 'norms of layer 2')
    >>> span_words(("layer.0.attention", "layer.0.norms", "head"))
    'layer 0 to head'
    """
    places, modules = list(map(block_words, block_places(blocks))), block_modules(blocks)
    ends = places[0] if len(places) == 1 else f"{places[0]} to {places[-1]}"
    one = len(modules) == 1 and all(block_module(block) for block in blocks)
    return f"{block_words(modules[0])} of {ends}" if one else ends


def reliability_sentence(found: Mapping[str, float]) -> str:
    """Where a language's two halves agree most and least.

    Parameters
    ----------
    found : module of a layer -> mean reliability there
    """
    known = {block: value for block, value in found.items() if math.isfinite(value)}
    if not known:
        return "No module has a similarity that is defined."
    ranked = sorted(known, key=lambda block: (known[block], block))
    ends = " and ".join(f"{word} in {block_words(block)} ({known[block]:.2f})".replace("-0", "−0")
                        for word, block in (("most", ranked[-1]), ("least", ranked[0])))
    return f"The two halves of a language agree {ends}, on average over languages."
