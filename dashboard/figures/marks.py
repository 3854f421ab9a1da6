"""Marks of languages on maps: the colour and the sign of a heatmap's strip, and a shape.

Conventions
-----------
A *label* is what a legend says: "Germanic", "Latin", "group 2". Colour, sign and shape say the
same, so nothing is lost without any of them. Beside a heatmap whose first strip is the same,
colours and signs are the same too. Texts are plain.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from dashboard.figures.strips import Strip, key_label, keys_of

SYMBOLS = ("circle", "square", "diamond", "triangle-up", "pentagon", "hexagon", "star-square",
           "octagon")


@dataclass(frozen=True)
class Mark:
    """How the languages of one label are drawn; the sign is one or two letters or digits."""

    sign: str
    colour: str
    symbol: str


@dataclass(frozen=True)
class Colouring:
    """What colours the languages of a map.

    Attributes
    ----------
    title : what the labels are, e.g. "Branch"
    label_of : code -> label
    marks : label -> mark, in the order of the legend
    """

    title: str
    label_of: Mapping[str, str]
    marks: Mapping[str, Mark]

    def mark(self, code: str) -> Mark:
        """How a language is drawn."""
        return self.marks[self.label_of[code]]


def colouring(strip: Strip, codes: Sequence[str]) -> Colouring:
    """Give each language the mark of its label.

    Parameters
    ----------
    codes : of the languages, in the order of the strip's labels
    """
    keys = keys_of(strip)
    named = [label for label in keys if label not in (strip.other, strip.unknown)]
    shapes = {label: SYMBOLS[rank % len(SYMBOLS)] for rank, label in enumerate(named)}
    marks = {label: Mark(key.sign, key.colour, shapes.get(label, "circle"))
             for label, key in keys.items()}
    return Colouring(strip.title, {code: key_label(strip, label, keys) for code, label
                                   in zip(codes, strip.labels, strict=True)}, marks)
