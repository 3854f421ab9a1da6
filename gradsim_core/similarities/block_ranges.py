"""Names of blocks: which of a model's blocks a selection means.

Conventions
-----------
A block is ``embeddings``, ``layer.i``, ``head``, or, where layers are taken apart, a module
``layer.i.attention``, ``layer.i.feed_forward``, ``layer.i.norms``. Blocks are in depth order, and
the modules of a layer in this one. Its *place* is the block without its module: ``embeddings``,
``layer.i`` or ``head``.

A selection is
    a name of many: ``all``, ``encoder``, ``layers``, ``lower``, ``higher``;
    a module of all layers: ``attention``, ``feed_forward``, ``norms``;
    one place or block: ``embeddings``, ``layer.3`` (whatever modules it has), ``layer.3.norms``;
    a range with both ends included: from place to place (``embeddings:layer.3``), or one module
    of some layers (``layer.2.attention:layer.5.attention``).
"""

from __future__ import annotations

from collections.abc import Sequence

from gradsim_core.errors import StudyError

MODULES = ("attention", "feed_forward", "norms")
"""What a layer is made of, in the order in which its blocks stand."""

_LAYER = "layer."


def block_place(block: str) -> str:
    """Where in depth a block is: its name without its module.

    Examples
    --------
    >>> block_place("layer.3.attention"), block_place("head")
    ('layer.3', 'head')
    """
    return ".".join(block.split(".")[:2])


def block_module(block: str) -> str:
    """Which part of its layer a block is; "" where it is no part of one.

    Examples
    --------
    >>> block_module("layer.3.attention"), block_module("layer.3")
    ('attention', '')
    """
    return block[len(block_place(block)) + 1:]


def block_places(blocks: Sequence[str]) -> tuple[str, ...]:
    """The places of blocks, each once, in depth order.

    Examples
    --------
    >>> block_places(("embeddings", "layer.0.attention", "layer.0.norms", "head"))
    ('embeddings', 'layer.0', 'head')
    """
    return tuple(dict.fromkeys(block_place(block) for block in blocks))


def block_modules(blocks: Sequence[str]) -> tuple[str, ...]:
    """The modules that layers are taken apart into; none where a layer is one block."""
    there = {block_module(block) for block in blocks}
    return tuple(module for module in MODULES if module in there)


def block_indexes(spec: str, blocks: tuple[str, ...]) -> list[int]:
    """Positions of the blocks that a selection means.

    Parameters
    ----------
    spec : "layers" (neither embeddings nor head; of a model without layers all but the head),
        "encoder" (all but the head), "lower" or "higher" (first or second half of the layers; the
        middle one of an odd number counts as lower), "all", or as the module's Conventions say
    blocks : the names there are, in depth order

    Raises
    ------
    StudyError
        If there are no such blocks; the message names those there are.

    Examples
    --------
    >>> names = ("embeddings", "layer.0", "layer.1", "layer.2", "head")
    >>> block_indexes("lower", names), block_indexes("layer.1:head", names)
    ([1, 2], [2, 3, 4])
    >>> apart = ("layer.0.attention", "layer.0.norms", "layer.1.attention", "layer.1.norms")
    >>> block_indexes("layer.1", apart), block_indexes("attention", apart)
    ([2, 3], [0, 2])
    """
    places = block_places(blocks)
    named = _named(places)
    if spec in named:
        if not named[spec]:
            n_layers = sum(place.startswith(_LAYER) for place in places)
            raise StudyError(f"Blocks {spec!r}: there are none, because the model has {n_layers} "
                             f"layer{'s' * (n_layers != 1)}. Use all, or {_what_there_is(blocks)}.")
        return _within(named[spec], blocks)
    if spec in MODULES:
        found = [i for i, block in enumerate(blocks) if block_module(block) == spec]
        if not found:
            raise StudyError(f"Blocks {spec!r}: this study takes "
                             f"{_listed(block_modules(blocks)) or 'each layer as one block'}. Use "
                             f"{_what_there_is(blocks)}, or make a study with block_detail module.")
        return found
    first, colon, last = spec.partition(":")
    ends = (first, last if colon else first)
    ranged = _range(ends, blocks, places)
    if not ranged:
        mixed = {block_module(end) for end in ends if end in blocks} - {""}
        hint = (" The ends of a range are both whole layers, or the same module of two layers."
                if colon and mixed else "")
        raise StudyError(
            f"Blocks {spec[:80]!r} are not known.{hint} Use layers, encoder, lower, higher, all, "
            f"{_what_there_is(blocks)}.")
    return ranged


def _named(places: Sequence[str]) -> dict[str, list[str]]:
    """Name of many -> its places."""
    layers = [place for place in places if place.startswith(_LAYER)]
    half = (len(layers) + 1) // 2
    encoder = [place for place in places if place != "head"]
    return {"all": list(places), "lower": layers[:half], "higher": layers[half:],
            "encoder": encoder, "layers": layers or encoder}


def _within(places: Sequence[str], blocks: Sequence[str]) -> list[int]:
    return [i for i, block in enumerate(blocks) if block_place(block) in places]


def _range(ends: tuple[str, str], blocks: Sequence[str], places: Sequence[str]) -> list[int]:
    """Blocks between two ends, both included; none where the ends do not make a range."""
    if all(end in places for end in ends):
        first, last = (places.index(end) for end in ends)
        return _within(places[first:last + 1], blocks)
    if any(end not in blocks for end in ends) or len(
            modules := {block_module(end) for end in ends}) > 1:
        return []
    first, last = (blocks.index(end) for end in ends)
    return [i for i in range(first, last + 1) if {block_module(blocks[i])} == modules]


def _what_there_is(blocks: Sequence[str]) -> str:
    """What can be asked for, with the blocks by their first and last."""
    places, modules = block_places(blocks), block_modules(blocks)
    kinds = f"{', '.join(modules)}, " if modules else ""
    one = (f"one of {places[0]} … {places[-1]} ({len(places)} blocks" + (
        ", layers in their modules, such as " + next(b for b in blocks if block_module(b))
        if modules else "") + ")")
    return f"{kinds}{one}, or a range such as {places[0]}:{places[min(3, len(places) - 1)]}"


def _listed(modules: Sequence[str]) -> str:
    return f"only {' and '.join(modules)} of its layers" if modules else ""
