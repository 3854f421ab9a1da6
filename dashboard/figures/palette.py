"""Colours that people with any colour vision tell apart, on light and on dark pages.

Conventions
-----------
A *palette* is the set of colours of one page theme. Diverging scales have their middle at the
page's own background, so that a similarity of zero recedes in both themes.

Sources: Crameri 2018, "vik" and "berlin" (perceptually uniform, safe for colour-blind readers),
their middles moved to the page;
Okabe and Ito 2008 for branches, whose letters say the same without colour.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

VIK = ("#001261", "#033E7D", "#1E6F9D", "#71A8C4", "#C9DDE7", "#F3F1EE", "#EACEBD", "#D39774",
       "#BE6533", "#8B2706", "#590008")
BERLIN = ("#9EB0FF", "#5BA4DB", "#2D7597", "#1A4A60", "#182B34", "#171614", "#3C1A10", "#642413",
          "#8A3F2A", "#C4756A", "#FFACAC")

OKABE_ITO = ("#E69F00", "#56B4E9", "#009E73", "#F0E442", "#0072B2", "#D55E00", "#CC79A7",
             "#882255")
STRATEGY_COLOURS = {
    "gradient": ("#0072B2", "#56B4E9"), "monolingual": ("#CC7B00", "#F0443B"),
    "all_languages": ("#00A858", "#5BFCB3"), "family": ("#681A60", "#A65CA1"),
    "random": ("#6B6E79", "#A3A6B0"), "oracle": ("#3C3D00", "#E6B422"),
    "hand": ("#2E0F27", "#F4EC7F"), "table": ("#1F37A3", "#7675FE")}
"""Strategy -> its colour on a light and on a dark page: at least 3 : 1 on the page, and at least
20 apart (CIE 1976) for readers with any colour vision, after Machado et al. 2009."""

FONT = ", ".join((*(f'"{family}"' for family in (
    "Source Sans", "Source Sans Pro", "Noto Sans", "Noto Sans Ethiopic", "Noto Sans Arabic",
    "Noto Sans Hebrew", "Noto Sans Devanagari", "Noto Sans Thai", "Noto Sans CJK JP")),
    "sans-serif"))
"""Streamlit's own font, which it serves itself; for signs that it lacks the reader's fonts, those
named here before any other (names of languages in their own scripts)."""

OTHER, UNKNOWN = "Other branches", "Branch unknown"


@dataclass(frozen=True)
class Palette:
    """Colours of a page theme.

    Attributes
    ----------
    page, ink, faint : background, text, and what must recede (lines, axes)
    diverging : (position 0..1, colour) pairs, zero in the middle
    undefined : cells without a value
    hatch : lines over cells that are not to be trusted
    bar, warning : bars, and bars of what is not to be trusted
    mark : what the reader has marked
    """

    page: str
    ink: str
    faint: str
    diverging: tuple[tuple[float, str], ...]
    undefined: str
    hatch: str
    bar: str
    warning: str
    mark: str


def _scale(colours: Sequence[str]) -> tuple[tuple[float, str], ...]:
    return tuple((i / (len(colours) - 1), colour) for i, colour in enumerate(colours))


LIGHT = Palette("#FFFFFF", "#31333F", "#6B6E79", _scale(VIK), "#D5D5DB", "rgba(49,51,63,0.55)",
                "#5B7C99", "#B4540A", "#B5006B")
DARK = Palette("#171614", "#FAFAFA", "#A3A6B0", _scale(BERLIN), "#4A4D57",
               "rgba(250,250,250,0.5)", "#7FA3C2", "#F2A65A", "#FF7AC8")


def palette(dark: bool) -> Palette:
    """The colours of a page."""
    return DARK if dark else LIGHT


def branch_colours(branches: Sequence[str | None]) -> dict[str, tuple[str, str]]:
    """Letter and colour of each branch, the most frequent first.

    Parameters
    ----------
    branches : one a language; None where it is not known

    Returns
    -------
    dict
        Label -> (letter, colour), in the order of a legend; the ninth and later branches share
        OTHER. Letters run from A; OTHER has "·" and UNKNOWN has "?".
    """
    counts = Counter(branch for branch in branches if branch)
    named = sorted(counts, key=lambda branch: (-counts[branch], branch))
    found = {branch: (chr(ord("A") + i), colour)
             for i, (branch, colour) in enumerate(zip(named, OKABE_ITO, strict=False))}
    if len(named) > len(found):
        found[OTHER] = ("·", "#9A9A9A")
    if None in branches or "" in branches:
        found[UNKNOWN] = ("?", "#C4C4C4")
    return found


def strategy_colour(name: str, dark: bool) -> str:
    """The colour of a strategy's marks; of one without its own, that of bars."""
    own = STRATEGY_COLOURS.get(name)
    return own[dark] if own else palette(dark).bar


def branch_label(branch: str | None, colours: Mapping[str, tuple[str, str]]) -> str:
    """The key of `branch_colours` that a branch falls under."""
    if not branch:
        return UNKNOWN
    return branch if branch in colours else OTHER


def readable_on(colour: str) -> str:
    """Black or white, whichever is read more easily on a colour (WCAG relative luminance)."""
    return "#000000" if luminance(colour) > 0.179 else "#FFFFFF"


def colour_at(scale: Sequence[tuple[float, str]], position: float) -> str:
    """The colour of a scale at a position, 0 to 1, as a browser interpolates it."""
    position = min(1.0, max(0.0, position))
    after = next(i for i, (at, _) in enumerate(scale) if at >= position)
    (low, first), (high, second) = scale[max(0, after - 1)], scale[after]
    share = (position - low) / (high - low) if high > low else 0.0
    mixed = [round(int(first[i:i + 2], 16) * (1 - share) + int(second[i:i + 2], 16) * share)
             for i in (1, 3, 5)]
    return "#" + "".join(f"{channel:02X}" for channel in mixed)


def luminance(colour: str) -> float:
    """Relative luminance of "#RRGGBB", 0 (black) to 1 (white), as WCAG 2.2 defines it."""
    channels = [int(colour[i:i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
